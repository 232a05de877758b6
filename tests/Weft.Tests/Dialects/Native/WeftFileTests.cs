using System.Collections.Immutable;
using System.Text.Json;
using Weft.Dialects;
using Weft.Dialects.Native;
using Weft.Expressions;
using Weft.Support;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Dialects.Native;

public sealed class WeftFileTests
{
    /// <summary>The sample that shows the whole language.</summary>
    private const string Sample = """
        weft: 1
        project: iris
        config: conf/main.yaml
        params: {day: {type: str, default: "2026-11-01", doc: snapshot}}
        env: {python: .venv, vars: {OMP_NUM_THREADS: "4"}, secrets: [WANDB_API_KEY]}
        tasks:
          prepare:
            run: python prepare.py --day ${{ params.day }} --out ${{ outputs.data }}
            inputs: {raw: ./raw.csv}
            outputs: {data: data/}
          train:
            run: python train.py
            config: train
            args: hydra
            inputs: {data: prepare.data}
            outputs: {model: model.pkl}
            sweep:
              grid: {model: [small, large], lr: "1:3:m", seed: "1:3"}
              where: not (model == 'large' and lr > 0.002)
              select: max(mean(val_acc) over seed)
              need: 90%
              parallel: 8
            resources: {cpu: 2, memory: 4GB, gpu: "A100:1", nodes: 1, time: 4h}
            checkpoint: 2m
            retry: {times: 3, for: [system, preempted, time]}
            engine: {use: hpc, sbatch: [--qos=long]}
          evaluate:
            run: python evaluate.py ${{ inputs.model }} --lr ${{ inputs.lr }} --report ${{ outputs.report }}
            inputs: {model: train.best.model, lr: train.best.params.lr, all: train.runs}
            outputs: {report: report.html}
            when: train.best.val_acc > 0.9
            tag: champion
        engines: {hpc: {kind: slurm, partition: gpu, account: abc123, setup: module load cuda/12.2}}
        schedules: {nightly: {run: main, with: {day: "2026-11-02"}, cron: "0 3 * * *", timezone: Europe/Berlin}}
        """;

    [Fact]
    public void The_sample_means_what_it_says()
    {
        using var folder = new TemporaryFolder();
        (Prepared? prepared, Diagnostics problems) = PrepareSample(folder);
        Assert.Empty(problems);
        var closure = new Closure(prepared!.Definitions);
        Assert.Empty(new GraphCheck(closure).Check("main"));
        Assert.Equal(("iris", true, "weft/engine-not-yet"), (closure.Workflows["main"].Project, prepared.RunsAgain, prepared.Obstacle?.Id));

        TaskDefinition train = closure.Tasks["train"];
        Assert.Equal(new Resources(2, new ByteSize(4_000_000_000), new GpuRequest(1, "A100")), train.Needs);
        Assert.Equal(new Limits(TimeSpan.FromHours(4), Warning: TimeSpan.FromMinutes(2)), train.Limits);
        Assert.Equal(new Retry(3, ErrorClass.System | ErrorClass.Preempted | ErrorClass.Timeout), train.Retry);
        Assert.Equal((".venv", true), (train.Python, train.KeepsCheckpoints));
        Assert.Equal(["WANDB_API_KEY"], train.Secrets);
        Assert.Equal(["config", "data", "lr", "model", "seed"], train.In.Keys);

        WorkflowDefinition main = closure.Workflows["main"];
        var sweep = (Node.Each)main.Nodes[1];
        Assert.Equal(15, ((Elements.Known)sweep.Over).Space.Points().Count());
        Assert.Equal((Sense.Max, "val_acc", "seed"), (sweep.Best!.Sense, sweep.Best.Result, string.Join(',', sweep.Best.Over)));
        Assert.Equal((8, 0.9), (sweep.Parallel, sweep.Budget.MinSuccess));
        Node evaluate = main.Nodes[2];
        Assert.Equal("train.best.val_acc > 0.9", ExprPrinter.Print(evaluate.When!));
        Assert.Equal("champion", evaluate.Tag);
        Assert.Equal("train.best.params.lr", ExprPrinter.Print(evaluate.Bind["lr"]));
        // What a program's words name of the workflow's parameters is an input of the task, and so part of its key.
        Assert.Equal("inputs.day", ExprPrinter.Print(main.Nodes[0].Bind["day"]));
    }

    [Fact]
    public void Definitions_survive_being_stored()
    {
        using var folder = new TemporaryFolder();
        Prepared prepared = PrepareSample(folder).Prepared!;
        var facts = new Facts(new ExecutionId("01"), DateTimeOffset.UnixEpoch) { Outside = reference => new Evaluated.Is(new Value.Blob(Digest.Of("x"), 1, BlobKind.File, "raw.csv")) };
        Plan plan = Planner.Plan(new Closure(prepared.Definitions), "main", prepared.Inputs, facts, [])!;
        ReadOnlyMemory<byte> body = PlanJson.Write(plan);
        Assert.Equal(body.ToArray(), PlanJson.Write(PlanJson.Read(body)).ToArray());
    }

    [Theory]
    [InlineData("tasks: {a: {rnu: x}}", "weft/missing-key", "1:1", "the file has no `weft`")]
    [InlineData("weft: 1\ntasks: {a: {rnu: x, run: y}}", "weft/unknown-key", "2:13", "unknown key `rnu` in task `a`")]
    [InlineData("weft: 1\ntasks: {a: {run: x, retry: many}}", "weft/wrong-type", "2:28", "`retry` of task `a` must be a whole number from 0 to 1000 or a map with the keys of retry, found the text `many`")]
    [InlineData("weft: 1\ntasks: {a: {run: x, finally: yes}}", "weft/wrong-type", "2:30", "`finally` of task `a` must be true or false, found the text `yes`")]
    [InlineData("weft: 1\ntasks: {a: {run: x, script: y}}", "weft/one-of", "2:21", "`run` and `script` both stand in task `a`: one of `run`, `script`, `call` or `uses` is expected")]
    [InlineData("weft: 1\ntasks: {a: {run: x, resources: {memory: 4XB}}}", "weft/wrong-value", "2:41", "`memory` of `resources` of task `a` must be a size: `4XB` is none (`500MB`, `4GB`, `4GiB`)")]
    [InlineData("weft: 1\ntasks: {a/b: {run: x}}", "weft/name", "2:9", "`a/b` cannot be the name of a task: names have letters, digits, `_` and `-` only, and do not begin with `-`")]
    [InlineData("weft: 1\ntasks: {a: {doc: x}}", "weft/no-body", "2:9", "task `a` says nothing to run")]
    [InlineData("weft: 1\ntasks: {a: {run: 'x ${{ inputs. }}'}}", "expression/syntax", "2:33", null)]
    [InlineData("weft: 1\ntasks: {a: {uses: b}}", "weft/uses", "2:19", "there is no workflow `b` in this file")]
    [InlineData("weft: 1\ntasks: {a: {run: x, else: {run: y}}}", "weft/else", "2:27", "task `a` has `else` without `when`")]
    [InlineData("weft: 1\ntasks: {a: {run: x, sweep: {grid: {p: [1]}}, outputs: {m: {at: m.txt}}, workspace: project}}", "weft/shared-output", "2:55", null)]
    [InlineData("weft: 1\non_failure: clean\ntasks: {a: {run: x}}", "weft/on-failure", "2:13", "`clean` is no task of `main`")]
    [InlineData("weft: 1\nparams: {n: {type: int, default: x}}\ntasks: {a: {run: x}}", "weft/default", "2:34", "the default of `n` must be int, found the text `x`")]
    [InlineData("- a", "weft/wrong-type", "1:1", null)]
    public void What_is_wrong_is_said_where_it_stands(string yaml, string id, string place, string? message)
    {
        using var folder = new TemporaryFolder();
        (Prepared? prepared, Diagnostics problems) = Prepare(folder, yaml, "main");
        Assert.Null(prepared);
        Diagnostic found = Assert.Single(problems, problem => problem.Id == id || (id == "expression/syntax" && problem.Id.StartsWith("expression/", StringComparison.Ordinal)));
        Assert.Equal(place, found.At!.Value.Position.ToString());
        if (message is not null)
            Assert.Equal(message, found.Message);
    }

    [Fact]
    public void All_problems_of_a_file_are_reported_at_once()
    {
        using var folder = new TemporaryFolder();
        Diagnostics problems = Prepare(folder, "weft: 2\nprojekt: x\ntasks:\n  a: {run: 1, retry: -1}\n  b: {scrpt: x}\n", "main").Problems;
        Assert.Equal(["weft/wrong-value", "weft/unknown-key", "weft/wrong-type", "weft/wrong-value", "weft/unknown-key"], problems.Select(problem => problem.Id).Take(5));
        Assert.Equal("did you mean `project`?", problems.ElementAt(1).Hint);
    }

    [Theory]
    [InlineData("30", 1800)]
    [InlineData("30:15", 1815)]
    [InlineData("4:00:00", 14400)]
    [InlineData("1-12", 129600)]
    [InlineData("1-12:30", 131400)]
    [InlineData("2-0:0:1", 172801)]
    [InlineData("90s", 90)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("2d", 172800)]
    [InlineData("0", null)]
    [InlineData("1m1h", null)]
    [InlineData("4 hours", null)]
    [InlineData("-5", null)]
    public void Times_are_written_as_Slurm_does_or_with_units(string text, int? seconds) => Assert.Equal(seconds, Quantities.Time(text)?.TotalSeconds);

    [Fact]
    public void Words_of_the_command_line_replace_parameters_and_swept_values()
    {
        using var folder = new TemporaryFolder();
        const string yaml = """
            weft: 1
            params: {n: 3, rate: {type: float, default: 1}}
            tasks:
              train:
                run: [echo, "${{ params.n }}", "${{ params.rate }}"]
                args: flags
                sweep: {grid: {lr: [1, 2], seed: "1:3"}}
            """;
        (Prepared? prepared, Diagnostics problems) = Prepare(folder, yaml, "main", "n=5", "rate=2", "train.lr=7", "seed=1,2");
        Assert.Empty(problems);
        Assert.Equal(["echo 5 2.0 --lr 7 --seed 1", "echo 5 2.0 --lr 7 --seed 2"], prepared!.DryRun("0"));
        Assert.Equal(2, prepared.Commands);
        Assert.Equal(2, prepared.Notes.Length);

        Diagnostic wrong = Assert.Single(Prepare(folder, yaml, "main", "n=five").Problems);
        Assert.Equal(("weft/parameter", "`n` must be int, found `five`"), (wrong.Id, wrong.Message));
        Assert.Equal("did you mean `seed`?", Assert.Single(Prepare(folder, yaml, "main", "sed=1").Problems).Hint);
    }

    [Fact]
    public void A_condition_with_an_else_is_two_nodes_of_which_one_runs()
    {
        using var folder = new TemporaryFolder();
        Prepared prepared = Prepare(folder, """
            weft: 1
            params: {n: 1}
            tasks:
              a: {run: "echo big", when: params.n > 2, else: {run: echo small}, outputs: {o: {type: int}}}
              b: {run: "echo ${{ inputs.x }}", inputs: {x: a.o}, needs: [a]}
            """, "main").Prepared!;
        WorkflowDefinition main = new Closure(prepared.Definitions).Workflows["main"];
        Assert.Equal(["a/case0", "a/else", "b"], main.Nodes.Select(node => node.Id.Text));
        Assert.IsType<Expr.First>(main.Nodes[2].Bind["x"]);
        Assert.Empty(new GraphCheck(new Closure(prepared.Definitions)).Check("main"));
    }

    [Fact]
    public void One_task_is_run_with_all_that_it_depends_on()
    {
        using var folder = new TemporaryFolder();
        Prepared prepared = Prepare(folder, """
            weft: 1
            tasks:
              a: {run: echo a, outputs: {o: o.txt}}
              b: {run: echo b, inputs: {x: a.o}}
              c: {run: echo c}
              d: {run: echo d, needs: [b, c]}
            """, "b").Prepared!;
        Assert.Equal(["a", "b"], new Closure(prepared.Definitions).Workflows["main"].Nodes.Select(node => node.Id.Text));
    }

    [Fact]
    public void Files_that_a_command_names_and_their_imports_count()
    {
        using var folder = new TemporaryFolder();
        folder.Write("src/train.py", "import os, lib.a\nfrom helper import thing\n");
        folder.Write("src/helper.py", "from . import deep\n");
        folder.Write("src/deep.py", "");
        folder.Write("lib/a.py", "");
        folder.Write("lib/other.py", "");
        Assert.Equal(["lib/a.py", "src/deep.py", "src/helper.py", "src/train.py"], PythonSources.Of(folder.Root, null, ["python", "src/train.py", "--x", "nothing.py"]));
    }

    [Fact]
    public void A_point_has_its_values_in_its_part_of_the_configuration()
    {
        using var folder = new TemporaryFolder();
        folder.Write("conf/main.yaml", "defaults: [train/model: small, _self_]\ntrain:\n  opt: {lr: 0.1}\n  name: ${train.model.size}-${train.tag}\n  tag: y\n");
        folder.Write("conf/train/model/small.yaml", "size: 10\n");
        folder.Write("conf/train/model/large.yaml", "size: 99\n");
        Prepared prepared = Prepare(folder, """
            weft: 1
            config: conf/main.yaml
            tasks: {train: {run: echo, config: train, sweep: {grid: {model: [small, large], opt.lr: [0.5]}}}}
            """, "main", "train.opt.lr=0.2", "train.tag=x").Prepared!;
        var each = (Node.Each)new Closure(prepared.Definitions).Workflows["main"].Nodes[0];
        Point point = ((Elements.Known)each.Over).Space.PointAt(1)!;
        Evaluated config = Evaluator.Evaluate(each.Bind["config"], reference => Evaluator.Follow(reference, 0, new Value.Map(point.Values)));
        Assert.Equal("""{"model":{"size":99},"name":"99-x","opt":{"lr":0.2},"tag":"x"}""", CanonicalJson.Write(((Evaluated.Is)config).Value));
    }

    [Fact]
    public void What_follows_from_a_swept_value_by_interpolation_follows_it()
    {
        using var folder = new TemporaryFolder();
        folder.Write("conf/main.yaml", "train:\n  lr: 0.1\n  epochs: 3\n  name: run-${train.lr}\n");
        Prepared prepared = Prepare(folder, """
            weft: 1
            config: conf/main.yaml
            tasks: {train: {run: echo, config: train, sweep: {grid: {lr: [0.5, 1], epochs: [1, 2], other: [x]}}}}
            """, "main").Prepared!;
        var each = (Node.Each)new Closure(prepared.Definitions).Workflows["main"].Nodes[0];
        IEnumerable<string> configs = ((Elements.Known)each.Over).Space.Points().Select(point => CanonicalJson.Write(((Evaluated.Is)Evaluator.Evaluate(each.Bind["config"], reference => Evaluator.Follow(reference, 0, new Value.Map(point.Values)))).Value));
        Assert.Equal(
            [
                """{"epochs":1,"lr":0.5,"name":"run-0.5","other":"x"}""", """{"epochs":2,"lr":0.5,"name":"run-0.5","other":"x"}""",
                """{"epochs":1,"lr":1,"name":"run-1","other":"x"}""", """{"epochs":2,"lr":1,"name":"run-1","other":"x"}""",
            ],
            configs);
    }

    [Fact]
    public void The_schema_is_JSON_and_names_every_section()
    {
        using var buffer = new MemoryStream();
        JsonSchema.Write(buffer);
        using JsonDocument schema = JsonDocument.Parse(buffer.ToArray());
        JsonElement sections = schema.RootElement.GetProperty("$defs");
        foreach (JsonElement reference in References(schema.RootElement))
            Assert.True(sections.TryGetProperty(reference.GetString()!["#/$defs/".Length..], out _), reference.GetString());
    }

    [Fact]
    public void The_reference_page_is_made_from_the_table()
    {
        string page = Repository.Path("docs/reference/weft-yaml.md");
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
            File.WriteAllText(page, KeyReference.Write());
        Assert.Equal(KeyReference.Write(), File.ReadAllText(page));
    }

    private static IEnumerable<JsonElement> References(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(property => property.Name == "$ref" ? [property.Value] : References(property.Value)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(References),
        _ => [],
    };

    private static (Prepared? Prepared, Diagnostics Problems) PrepareSample(TemporaryFolder folder)
    {
        folder.Write("conf/main.yaml", "train:\n  lr: 0.1\n  model: small\n");
        foreach (string file in new[] { "prepare.py", "train.py", "evaluate.py", ".venv/bin/python" })
            folder.Write(file, "");
        return Prepare(folder, Sample, "main");
    }

    private static (Prepared? Prepared, Diagnostics Problems) Prepare(TemporaryFolder folder, string yaml, string name, params string[] words)
    {
        folder.Write("weft.yaml", yaml);
        Project project = Project.Open(folder.Root, ImmutableDictionary<string, string>.Empty);
        var problems = new Diagnostics();
        Runnable? runnable = project.Find(name, problems);
        var arguments = new Arguments { Overrides = [.. words.Select((word, i) => Excerpt.OfArgument(i + 1, word))] };
        return (runnable?.Prepare(arguments, problems), problems);
    }
}
