using Weft.Execution;
using Weft.Support;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>Workflows of <c>weft.yaml</c> through the real loop, with real programs, files and cache.</summary>
public sealed class GraphTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_study_goes_from_data_over_a_sweep_to_a_report()
    {
        using var project = new GraphProject(_folder.Root);
        project.Write("raw.csv", "1,2\n");
        const string Study = """
            weft: 1
            project: study
            params: {day: monday}
            tasks:
              prepare:
                script: cp ${{ inputs.raw }} ${{ outputs.data }}/raw.csv; echo ${{ params.day }} > ${{ outputs.data }}/day; ln -s day ${{ outputs.data }}/link; mkdir ${{ outputs.data }}/empty
                inputs: {raw: ./raw.csv}
                outputs: {data: data/}
              train:
                script: |
                  test -L ${{ inputs.data }}/link -a -d ${{ inputs.data }}/empty || exit 9
                  echo "model of $(cat ${{ inputs.data }}/day) ${{ item.lr }} ${{ item.seed }}" > ${{ outputs.model }}
                  echo "acc=${{ item.lr }}.${{ item.seed }}" >> "$WEFT_RESULTS"
                inputs: {data: prepare.data}
                outputs: {model: model.txt}
                sweep: {grid: {lr: [1, 3, 2], seed: [1, 2]}, select: max(mean(acc) over seed)}
              report:
                script: |
                  cat ${{ inputs.model }} > ${{ outputs.report }}
                  python3 -c 'import json, os, sys; all = json.load(open(sys.argv[1] + "/index.json")); print(len(all), all[-1]["params"]["lr"], open(os.path.join(sys.argv[1], all[-1]["results"]["model"])).read().strip())' ${{ inputs.all }} >> ${{ outputs.report }}
                inputs: {model: train.best.model, all: train.runs}
                outputs: {report: report.html}
                when: train.best.acc > 3
                tag: champion
              never: {run: "false", when: train.best.acc > 100}
            """;
        ExecutionEnd end = project.Run(Study);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        Assert.Equal("prepare=Succeeded train=Succeeded report=Succeeded never=Skipped", project.Phases(end, "prepare", "train", "report", "never"));
        string report = Directory.GetFiles(project.StateFolder, "report.html", SearchOption.AllDirectories).Single();
        Assert.Equal("model of monday 3 1\n6 2 model of monday 2 2\n", File.ReadAllText(report));
        Assert.Equal((end.Id, new NodePath("report")), (project.Catalog.FindTag("champion")!.Execution, project.Catalog.FindTag("champion")!.Path));

        // Again: nothing is started. An input that changed: what depends on it, and no more.
        ExecutionEnd again = project.Run(Study);
        Assert.Equal("prepare=Reused train=Succeeded train[3]=Reused report=Reused", project.Phases(again, "prepare", "train", "train[3]", "report"));
        Assert.Equal(end.Progress.Done, again.Progress.Done);
        ExecutionEnd other = project.Run(Study, "main", "day=tuesday");
        Assert.Equal("prepare=Succeeded train[3]=Succeeded report=Succeeded", project.Phases(other, "prepare", "train[3]", "report"));
        ExecutionEnd more = project.Run(Study, "main", "train.lr=1,4");
        Assert.Equal("prepare=Reused train[0]=Reused train[2]=Succeeded report=Succeeded", project.Phases(more, "prepare", "train[0]", "train[2]", "report"));
    }

    [Fact]
    public void Task_hosts_get_files_and_results_of_earlier_tasks_and_leave_theirs()
    {
        using var project = new GraphProject(_folder.Root) { Hosted = true };
        project.Write("raw.csv", "1,2\n");
        ExecutionEnd end = project.Run("""
            weft: 1
            tasks:
              a: {script: 'cp ${{ inputs.raw }} ${{ outputs.data }}/raw; echo n=7 > "$WEFT_RESULTS"', inputs: {raw: ./raw.csv}, outputs: {data: data/, n: {type: int}}}
              b: {script: 'cat ${{ inputs.data }}/raw > shown; echo ${{ inputs.n }} >> shown', inputs: {data: a.data, n: a.n}}
            """);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        Assert.Equal("1,2\n7\n", project.Read("shown"));
    }

    [Fact]
    public void A_map_over_a_list_of_run_time_gives_lists()
    {
        using var project = new GraphProject(_folder.Root);
        ExecutionEnd end = project.Run("""
            weft: 1
            tasks:
              list: {run: [python3, -c, "import os; open(os.environ['WEFT_RESULTS'], 'w').write('{\"days\": [\"mo\", \"tu\", \"we\"]}')"], outputs: {days: {type: "list<str>"}}}
              each:
                script: echo ${{ inputs.day }} > ${{ outputs.file }}
                foreach: {day: list.days}
                outputs: {file: day.txt}
              all: {script: "cat ${{ inputs.files }} > ${{ outputs.o }}", inputs: {files: each.file}, outputs: {o: all.txt}}
            """);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        Assert.Equal("mo\ntu\nwe\n", File.ReadAllText(Directory.GetFiles(project.StateFolder, "all.txt", SearchOption.AllDirectories).Single()));
    }

    [Theory]
    [InlineData(true, "gate=Succeeded deploy/approve=Succeeded deploy=Succeeded", Phase.Succeeded)]
    [InlineData(false, "gate=Succeeded deploy/approve=Failed deploy=Blocked", Phase.Failed)]
    public void A_question_holds_a_task_up_until_it_is_answered(bool yes, string phases, Phase state)
    {
        using var project = new GraphProject(_folder.Root);
        project.OnEvent = what =>
        {
            if (what is ExecutionEvent.Said { Text: var text } && text.Contains("ship it?", StringComparison.Ordinal))
            {
                using var other = new GraphProject(_folder.Root);
                ExecutionId id = other.Catalog.Newest()!.Id;
                Assert.True(other.Executions.Answer(id, new NodePath("deploy/approve"), Value.Of(yes), "ann"));
                Assert.False(other.Executions.Answer(id, new NodePath("deploy/approve"), Value.Of(yes), "bob"));
            }
        };
        ExecutionEnd end = project.Run("""
            weft: 1
            tasks:
              gate: {run: "true"}
              deploy: {run: touch deployed, needs: [gate], approve: ship it?}
            """);
        Assert.Equal(phases, project.Phases(end, "gate", "deploy/approve", "deploy"));
        Assert.Equal(state, end.State);
        Assert.Equal(yes, File.Exists(_folder.Path("deployed")));
    }

    [Fact]
    public void After_a_failure_the_handler_and_what_is_final_run_and_the_rest_does_not()
    {
        using var project = new GraphProject(_folder.Root);
        ExecutionEnd end = project.Run("""
            weft: 1
            on_failure: tell
            tasks:
              a: {run: "false"}
              b: {run: "true", needs: a}
              clean: {run: touch cleaned, finally: true}
              tell: {script: 'echo ${{ run.failure.node }} ${{ run.failure.message }} > told'}
            """);
        Assert.Equal(Phase.Failed, end.State);
        Assert.Equal("a=Failed b=Blocked clean=Succeeded tell=Succeeded", project.Phases(end, "a", "b", "clean", "tell"));
        Assert.Equal("a exit code 1\n", project.Read("told"));
        Assert.True(File.Exists(_folder.Path("cleaned")));
    }

    [Fact]
    public void Independent_tasks_are_finished_when_the_file_says_so()
    {
        using var project = new GraphProject(_folder.Root);
        ExecutionEnd end = project.Run("""
            weft: 1
            on_failure: continue
            tasks: {a: {run: "false"}, b: {run: "true", needs: a}, c: {run: sleep 0.1}, d: {run: "true", needs: c}}
            """);
        Assert.Equal("a=Failed b=Blocked c=Succeeded d=Succeeded", project.Phases(end, "a", "b", "c", "d"));
    }

    [Fact]
    public void A_program_that_asks_for_it_goes_on_from_its_checkpoint()
    {
        using var project = new GraphProject(_folder.Root);
        ExecutionEnd end = project.Run("""
            weft: 1
            tasks: {a: {script: 'echo $WEFT_ATTEMPT >> "$WEFT_CHECKPOINT/steps"; test $WEFT_ATTEMPT = 3 || exit 75; echo "steps=$(cat "$WEFT_CHECKPOINT/steps" | wc -l)" > "$WEFT_RESULTS"', checkpoint: true}}
            """);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        Assert.Equal(Value.Of(3), project.StateOf(end, "a").Outputs["steps"]);
    }

    [Theory]
    [InlineData("{times: 2, for: [user]}", "Succeeded", 3)]
    [InlineData("{times: 2, for: [oom, time]}", "Failed", 1)]
    [InlineData("1", "Failed", 2)]
    public void Attempts_follow_by_the_kind_of_failure(string retry, string phase, int attempts)
    {
        using var project = new GraphProject(_folder.Root);
        ExecutionEnd end = project.Run($"""
            weft: 1
            tasks:
              a:
                script: test $WEFT_ATTEMPT = 3
                retry: {retry}
            """);
        Assert.Equal($"a={phase}", project.Phases(end, "a"));
        Assert.Equal(attempts, project.Records.Attempts(end.Id, new NodePath("a")).Count);
    }

    [Fact]
    public void A_workflow_is_one_task_of_another_with_inputs_and_outputs()
    {
        using var project = new GraphProject(_folder.Root);
        ExecutionEnd end = project.Run("""
            weft: 1
            tasks:
              one: {uses: half, inputs: {n: 8}}
              two: {uses: half, inputs: {n: one.result}}
              show: {script: 'echo ${{ inputs.x }} > shown', inputs: {x: two.result}}
            workflows:
              half:
                inputs: {n: int}
                outputs: {result: compute.r}
                tasks: {compute: {script: 'echo "r=$((${{ inputs.n }} / 2))" > "$WEFT_RESULTS"', outputs: {r: {type: int}}}}
            """);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        Assert.Equal("2\n", project.Read("shown"));
        Assert.Equal("one/compute=Succeeded two/compute=Succeeded", project.Phases(end, "one/compute", "two/compute"));
    }

    [Fact]
    public void Of_a_condition_with_an_else_one_side_runs_and_is_the_result()
    {
        using var project = new GraphProject(_folder.Root);
        const string Yaml = """
            weft: 1
            params: {n: 1}
            tasks:
              pick: {script: 'echo who=big > "$WEFT_RESULTS"', when: params.n > 2, else: {script: 'echo who=small > "$WEFT_RESULTS"'}, outputs: {who: {type: str}}}
              show: {script: 'echo ${{ inputs.who }} > shown', inputs: {who: pick.who}}
            """;
        Assert.Equal("Succeeded", GraphProject.Verdict(project.Run(Yaml)));
        Assert.Equal("small\n", project.Read("shown"));
        Assert.Equal("Succeeded", GraphProject.Verdict(project.Run(Yaml, "main", "n=5")));
        Assert.Equal("big\n", project.Read("shown"));
    }

    [Fact]
    public void A_function_is_called_with_its_inputs_and_what_it_returns_are_results()
    {
        using var project = new GraphProject(_folder.Root);
        project.Write("work/steps.py", "def double(n, note, out):\n    open(out, 'w').write(note)\n    return {'twice': 2 * n}\n");
        ExecutionEnd end = project.Run("""
            weft: 1
            tasks:
              a: {call: "work.steps:double", inputs: {n: 21, note: "${{ 'it is' }}"}, outputs: {out: note.txt, twice: {type: int}}}
            """);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        Assert.Equal(Value.Of(42), project.StateOf(end, "a").Outputs["twice"]);
    }

    [Fact]
    public void An_output_that_is_missing_fails_its_task_with_the_path_that_was_expected()
    {
        using var project = new GraphProject(_folder.Root);
        ExecutionEnd end = project.Run("weft: 1\ntasks: {a: {run: \"true\", outputs: {m: out/m.pkl}}, b: {run: \"true\", outputs: {d: d/}}}\non_failure: continue");
        Assert.Equal(2, end.Failures.Length);
        Assert.Contains(end.Failures, failure => failure.Reason.StartsWith("it ended without its output `m`: expected ", StringComparison.Ordinal));
    }

    [Fact]
    public void An_output_at_a_fixed_path_is_copied_from_there()
    {
        using var project = new GraphProject(_folder.Root);
        project.Write("keep.sh", "untouched\n");
        ExecutionEnd end = project.Run("""
            weft: 1
            tasks:
              fixed: {script: 'mkdir -p out; echo x${{ item.i }} > out/m.txt; cat keep.sh >> out/m.txt', outputs: {m: {at: out/m.txt}}, sweep: {grid: {i: [1, 2]}}, sources: [keep.sh]}
              join: {script: "cat ${{ inputs.all }} > joined", inputs: {all: fixed.m}}
            """);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        Assert.False(Directory.Exists(_folder.Path("out")));
        Assert.Equal("x1\nx2\n", string.Concat(project.Read("joined").Split('\n').Where(line => line.StartsWith('x')).Select(line => line + "\n")));
    }

    [Fact]
    public void A_metric_that_no_point_reports_is_named_early()
    {
        using var project = new GraphProject(_folder.Root);
        project.Run("""
            weft: 1
            tasks: {a: {script: echo val_acc=1 > "$WEFT_RESULTS", sweep: {grid: {i: "1:3"}, select: max(val_ac)}}}
            """);
        string said = Assert.Single(project.Events.OfType<ExecutionEvent.Said>(), one => one.Text.Contains("val_ac", StringComparison.Ordinal)).Text;
        Assert.Contains("`val_acc`", said);
    }

    [Fact]
    public void A_result_whose_code_changed_meanwhile_is_not_kept()
    {
        using var project = new GraphProject(_folder.Root);
        project.Write("code.sh", "echo '# more' >> code.sh; echo r=1 > \"$WEFT_RESULTS\"\n");
        const string Yaml = "weft: 1\ntasks: {a: {run: sh code.sh, outputs: {r: {type: int}}}}";
        ExecutionEnd end = project.Run(Yaml);
        Assert.Contains(project.Events.OfType<ExecutionEvent.Said>(), said => said.Text.Contains("the file `code.sh` changed while it ran", StringComparison.Ordinal));
        Assert.Equal("a=Succeeded", project.Phases(end, "a"));
        Assert.Empty(Directory.GetFiles(Path.Combine(project.StateFolder, "cache"), "*.json"));
    }

    [Fact]
    public void Equal_work_runs_once_and_a_failure_lets_the_other_try()
    {
        using var project = new GraphProject(_folder.Root) { Parallel = 4 };
        ExecutionEnd end = project.Run("""
            weft: 1
            on_failure: continue
            tasks: {a: {script: 'echo x >> ran; sleep 0.2; echo r=1 > "$WEFT_RESULTS"', outputs: {r: {type: int}}, cache: {version: 1}, foreach: {i: [1, 1, 1]}}}
            """);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        Assert.Equal("x\n", project.Read("ran"));
    }
}
