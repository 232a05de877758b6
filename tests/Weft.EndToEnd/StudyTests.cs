using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>A study in a <c>weft.yaml</c> through the program: plan, run, edit, why, and what tasks gave.</summary>
public sealed class StudyTests : IDisposable
{
    private const string Study = """
        weft: 1
        project: study
        tasks:
          prepare: {script: "cp ${{ inputs.raw }} ${{ outputs.data }}", inputs: {raw: ./raw.csv}, outputs: {data: data.csv}}
          train:
            run: sh train.sh ${{ inputs.data }} ${{ outputs.model }}
            args: flags
            inputs: {data: prepare.data}
            outputs: {model: model.txt}
            sweep: {grid: {lr: [1, 2]}, select: max(acc)}
          report: {script: "cat ${{ inputs.model }} > ${{ outputs.page }}", inputs: {model: train.best.model}, outputs: {page: page.html}, tag: best}
        """;

    private readonly TemporaryFolder _folder = new();

    public StudyTests()
    {
        _folder.Write("weft.yaml", Study);
        _folder.Write("raw.csv", "1\n");
        _folder.Write("train.sh", "echo \"model $4 of $(cat \"$1\")\" > \"$2\"\necho \"acc=$4\" > \"$WEFT_RESULTS\"\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_study_is_planned_run_edited_and_explained()
    {
        Assert.Equal("", Weft("check").Out);
        Weft("run", "main");
        ProgramResult plan = Weft("plan", "main");
        Assert.Contains("reuse 2 results", plan.Out);
        Weft("plan", "main", "-o", "plan.json");
        Assert.Contains("4 done (4 reused)", Weft("run", "--plan", "plan.json").Error);
        Assert.Contains("2 done (2 reused)", Weft("show", "-").Out);

        _folder.Write("train.sh", File.ReadAllText(_folder.Path("train.sh")) + "# edited\n");
        ProgramResult refused = WeftProgram.Run(_folder.Root, "run", "--plan", "plan.json");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("`train` was to be reused (2 results), now it would run", refused.Error);
        Assert.Contains("the file `train.sh` changed since", Weft("plan", "main").Out);
        Weft("run", "main");
        Assert.Contains("the file `train.sh` changed from", Weft("why", "-/train/1").Out);
        Assert.Contains("was reused", Weft("why", "-/prepare").Out);

        Weft("artifacts", "get", "@best", "page", "-o", "page.html");
        Assert.Equal("model 2 of 1\n", File.ReadAllText(_folder.Path("page.html")));
        File.WriteAllText(_folder.Path("again.sh"), Weft("show", "-", "--script").Out);
        ProgramResult script = WeftProgram.Finish(WeftProgram.StartProgram(_folder.Root, [], "bash", "again.sh"));
        Assert.True(script.ExitCode == 0, script.ToString());
    }

    [Fact]
    public void Results_of_earlier_executions_are_taken_by_task_and_by_tag()
    {
        Weft("run", "main");
        _folder.Write("weft.yaml", Study + "\n  later: {script: \"cat ${{ inputs.a }} ${{ inputs.b }} > later\", inputs: {a: train@last.best.model, b: '@best/page'}}\n");
        Weft("run", "later");
        Assert.Equal("model 2 of 1\nmodel 2 of 1\n", File.ReadAllText(_folder.Path("later")));
    }

    [Fact]
    public void A_secret_reaches_its_program_and_nothing_else()
    {
        var variables = new KeyValuePair<string, string?>[] { new("XDG_CONFIG_HOME", _folder.Path("home")) };
        _folder.Write("weft.yaml", "weft: 1\nenv: {secrets: [TOKEN]}\ntasks: {a: {script: 'echo \"token is $TOKEN\"; test ${#TOKEN} = 15'}}\n");
        Assert.Contains("there is no secret `TOKEN`", WeftProgram.Run(_folder.Root, variables, "run", "main").Error);
        ProgramResult set = WeftProgram.Run(_folder.Root, variables, "secret", "set", "TOKEN", "hunter2-hunter2");
        Assert.True(set.ExitCode == 0, set.ToString());
        ProgramResult run = WeftProgram.Run(_folder.Root, variables, "run", "main");
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Contains("token is ***", run.Out);
        foreach (string file in Directory.EnumerateFiles(_folder.Path(".weft"), "*", SearchOption.AllDirectories))
            Assert.DoesNotContain("hunter2", File.ReadAllText(file));
    }

    private ProgramResult Weft(params string[] words)
    {
        ProgramResult result = WeftProgram.Run(_folder.Root, words);
        Assert.True(result.ExitCode == 0, $"weft {string.Join(' ', words)}: {result}");
        return result;
    }
}
