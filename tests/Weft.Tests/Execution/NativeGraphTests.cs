using Weft.Execution;
using Weft.Support;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>What <c>weft.yaml</c> can say of graphs, with names in other alphabets and folders with blanks, through the real loop.</summary>
public sealed class NativeGraphTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly GraphProject _project;

    public NativeGraphTests() => _project = new GraphProject(_folder.Path("mein Projekt ü"));

    public void Dispose()
    {
        _project.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Values_of_an_inner_sweep_stay_one_word_for_a_program_that_sweeps_itself()
    {
        ExecutionEnd end = _project.Run("""
            weft: 1
            tasks:
              train:
                run: [sh, -c, 'echo "$@" >> lines', x, --multirun]
                args: hydra
                sweep: {grid: {lr: [1, 2]}, inner: "seed=1:3 m=a,b"}
            """);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        Assert.Equal(["--multirun lr=1 seed=1,2,3 m=a,b", "--multirun lr=2 seed=1,2,3 m=a,b"], _project.Read("lines").Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Fact]
    public void Names_with_dashes_stand_in_expressions_and_blanks_subtract()
    {
        ExecutionEnd end = _project.Run("""
            weft: 1
            params: {erste-zahl: 5, x: 7, y-2: 1}
            tasks:
              bereite-vor:
                script: 'echo ${{ params.erste-zahl }} > ${{ outputs.meine-daten }}; echo "val-acc=0.5" > "$WEFT_RESULTS"'
                outputs: {meine-daten: daten.txt, val-acc: {type: float}}
              lerne-an:
                script: 'echo "$(cat ${{ inputs.die-daten }}) ${{ item.lern-rate - 1 }} ${{ inputs.x - params.y-2 }}" > ${{ outputs.modell }}; echo "f-1=${{ item.lern-rate }}" > "$WEFT_RESULTS"'
                inputs: {die-daten: "${{ bereite-vor.meine-daten }}", x: params.x}
                outputs: {modell: m.txt, f-1: {type: float}}
                sweep: {grid: {lern-rate: [2, 3]}, where: lern-rate - 1 > 0, select: max(f-1)}
                when: bereite-vor.val-acc - 0.25 > 0
              zeige: {script: 'cat ${{ inputs.bestes }} > gezeigt', inputs: {bestes: lerne-an.best.modell}, when: lerne-an.best.f-1 > 2}
            """);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        Assert.Equal("5 2 6\n", _project.Read("gezeigt"));
    }

    [Fact]
    public void A_map_gives_a_list_for_each_output_and_conditions_choose_sides()
    {
        const string Yaml = """
            weft: 1
            params: {n: {type: int, default: 3}, go: {type: bool, default: true}}
            workflows:
              zählen:
                inputs: {start: int, name: {type: str, default: "ä b"}}
                outputs: {total: add.sum, greeting: hello.text}
                tasks:
                  add: {script: 'echo "sum=$((${{ inputs.start }} + 10))" >> "$WEFT_RESULTS"', outputs: {sum: {type: int}}}
                  hello: {script: 'echo "text=hi "${{ inputs.name }} >> "$WEFT_RESULTS"', outputs: {text: {type: str}}}
            tasks:
              liste: {script: 'echo "{\"tage\": [$(seq -s, ${{ params.n }})]}" > "$WEFT_RESULTS"', outputs: {tage: {type: "list<int>"}}}
              jeder:
                script: 'echo "wert=$(( ${{ inputs.tag }} * ${{ inputs.tag }} ))" >> "$WEFT_RESULTS"; echo "tag ${{ inputs.tag }}" > ${{ outputs.datei }}'
                foreach: {tag: liste.tage}
                outputs: {wert: {type: int}, datei: "datei ü.txt"}
              lesen: {script: "cat ${{ inputs.dateien }} > gelesen; echo ${{ inputs.werte }} >> gelesen", inputs: {dateien: jeder.datei, werte: jeder.wert}}
              sub: {uses: zählen, inputs: {start: params.n}}
              zeige: {script: "echo ${{ inputs.t }} ${{ inputs.g }} > gezeigt", inputs: {t: sub.total, g: sub.greeting}}
              wenn: {script: echo JA > seite, when: params.go, else: {script: echo NEIN > seite}}
              danach: {run: "true", needs: [wenn]}
              übersprungen: {run: echo never, when: params.n > 100, outputs: {x: x.txt}}
              abhängig: {run: "cat ${{ inputs.x }}", inputs: {x: übersprungen.x}}
              zuletzt: {run: "true", finally: true}
            """;
        ExecutionEnd end = _project.Run(Yaml);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        Assert.Equal("tag 1\ntag 2\ntag 3\n1 4 9\n", _project.Read("gelesen"));
        Assert.Equal("13 hi ä b\n", _project.Read("gezeigt"));
        Assert.Equal("JA\n", _project.Read("seite"));
        Assert.Equal("danach=Succeeded übersprungen=Skipped abhängig=Skipped zuletzt=Succeeded", _project.Phases(end, "danach", "übersprungen", "abhängig", "zuletzt"));

        ExecutionEnd other = _project.Run(Yaml, "main", "go=false", "n=1");
        Assert.Equal("Succeeded", GraphProject.Verdict(other));
        Assert.Equal("NEIN\n", _project.Read("seite"));
        Assert.Equal("danach=Succeeded", _project.Phases(other, "danach"));
    }

    [Fact]
    public void A_sweep_that_cannot_begin_says_why()
    {
        ExecutionEnd end = _project.Run("""
            weft: 1
            tasks:
              one: {script: 'echo "{\"a\": [1, 2], \"b\": [1]}" > "$WEFT_RESULTS"', outputs: {a: {type: "list<int>"}, b: {type: "list<int>"}}}
              both: {run: "echo ${{ inputs.x }} ${{ inputs.y }}", foreach: {x: one.a, y: one.b}}
            """);
        Assert.Equal(Phase.Failed, end.State);
        Assert.Equal("the lists must have one length: `x` has 2, `y` has 1", Assert.Single(end.Failures).Reason);
    }

    [Fact]
    public void Lines_before_a_program_change_its_environment_and_count_for_its_key()
    {
        const string Yaml = """
            weft: 1
            env: {vars: {A: file}}
            tasks: {a: {script: 'echo "$A $B" > ${{ outputs.o }}', outputs: {o: o.txt}, env: {vars: {A: task}, setup: "export B=SETUP"}}}
            """;
        ExecutionEnd end = _project.Run(Yaml);
        Assert.Equal("task SETUP\n", _project.ResultOf(end, "o.txt"));
        Assert.Equal("a=Reused", _project.Phases(_project.Run(Yaml), "a"));
        ExecutionEnd changed = _project.Run(Yaml.Replace("SETUP", "other", StringComparison.Ordinal));
        Assert.Equal("task other\n", _project.ResultOf(changed, "o.txt"));
        ExecutionEnd failed = _project.Run(Yaml.Replace("export B=SETUP", "false", StringComparison.Ordinal));
        Assert.Equal("a=Failed", _project.Phases(failed, "a"));
    }
}
