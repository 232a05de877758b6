using Weft.Dialects;
using Weft.Dialects.HydraFlow;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Dialects.HydraFlow;

public sealed class JobRunnableTests
{
    private const string Execution = "01JABCDEFGHJKMNPQRSTVWXYZ0";

    /// <summary>The three jobs of HydraFlow's page on automating workflows: a job one by one, one in parallel, one submitted.</summary>
    private const string Page = """
        jobs:
          job_sequential:
            run: python example.py
            sets:
              - each: width=100,300
                all: height=100:300:100
          job_parallel:
            run: python example.py
            add: >-
              hydra/launcher=joblib
              hydra.launcher.n_jobs=3
            sets:
              - each: width=200,400
                all: height=100:300:100
          job_submit:
            submit: python submit.py example.py
            sets:
              - each: width=250:350:100
                all: height=100,200
        """;

    [Fact]
    public void The_jobs_of_the_page_make_6_and_6_and_4_runs()
    {
        Assert.Equal(
        [
            "python example.py --multirun width=100 height=100,200,300 hydra.job.name=job_sequential hydra.sweep.dir=multirun/0",
            "python example.py --multirun width=300 height=100,200,300 hydra.job.name=job_sequential hydra.sweep.dir=multirun/1",
        ], DryRun(Page, "job_sequential"));
        Assert.Equal(
        [
            "python submit.py example.py /project/tmpFILE",
            "--multirun width=250 height=100,200 hydra.job.name=job_submit hydra.sweep.dir=multirun/0",
            "--multirun width=350 height=100,200 hydra.job.name=job_submit hydra.sweep.dir=multirun/1",
        ], DryRun(Page, "job_submit"));
        Prepared[] jobs = [Prepare(Page, "job_sequential"), Prepare(Page, "job_parallel"), Prepare(Page, "job_submit")];
        Assert.Equal([2L, 2, 1], jobs.Select(job => job.Commands));
        Assert.Equal([6, 6, 4], jobs.Select(job => (int)job.InnerRuns));
    }

    /// <summary>The example of HydraFlow's overview page, whose four commands it prints: the first key varies fastest, the args belong to the batch.</summary>
    [Theory]
    [InlineData("run: python train.py", "python train.py ")]
    [InlineData("submit: sbatch --partition=gpu --nodes=1 job.sh", "")]
    public void The_steps_of_the_page_give_the_four_commands_that_it_prints(string command, string prefix)
    {
        string yaml = $"""
            jobs:
              train:
                {command}
                steps:
                  # Each combination creates a separate execution
                  - batch: >-
                      model=small,large
                      learning_rate=0.1,0.2

                  # Parameters included in each batch execution
                  - args: optimizer=adam,sgd
            """;
        IEnumerable<string> lines = DryRun(yaml, "train").Where(line => line.Contains("--multirun", StringComparison.Ordinal))
            .Select(line => line.Replace("--multirun ", "", StringComparison.Ordinal).Split(" hydra.job.name=")[0]);
        Assert.Equal(
        [
            prefix + "model=small learning_rate=0.1 optimizer=adam,sgd",
            prefix + "model=large learning_rate=0.1 optimizer=adam,sgd",
            prefix + "model=small learning_rate=0.2 optimizer=adam,sgd",
            prefix + "model=large learning_rate=0.2 optimizer=adam,sgd",
        ], lines);
        Assert.Equal(8, (int)Prepare(yaml, "train").InnerRuns);
    }

    [Theory]
    [InlineData("run: python 'a b.py'\n    add: k=1 l=2\n    sets:\n      - each: a=1,2|3 b=x,y\n        all: c=1:3\n      - each: d=(1,2)k\n        add: k=9 m=3\n      - {}\n")]
    [InlineData("run: x\n    add: same\n    sets:\n      - each: add=1,2\n      - all: add_=1\n        add: other\n")]
    [InlineData("run: x\n    with: w=1\n    steps:\n      - batch: a=1:2:5 b=1,2\n      - args: c=1,2\n        with: w=2\n")]
    public void What_is_started_is_what_the_dry_run_shows(string job)
    {
        StartsWhatItShows(Prepare($"jobs:\n  the/job:\n    {job}", "the/job"));
        StartsWhatItShows(Prepare($"jobs:\n  the/job:\n    {job}", "the/job", new Arguments { ExpandsInner = true }));
    }

    private static void StartsWhatItShows(Prepared prepared)
    {
        var problems = new Diagnostics();
        var facts = new Facts(new ExecutionId(Execution), DateTimeOffset.UnixEpoch);
        Plan? plan = Planner.Plan(new Closure(prepared.Definitions), prepared.Workflow, Value.NoEntries, facts, problems);
        Assert.Equal("", DiagnosticPrinter.Print(problems));
        PlanNode node = Assert.Single(plan!.Nodes);
        var started = new List<string>();
        for (long i = 0; i < prepared.Commands; i++)
        {
            Step.Start? start = Decision.StartOf(plan, new AttemptId(facts.Execution, node.Path.Element(i), 1), _ => null, facts);
            started.Add(ShellWords.Join(((CallBody.Command)start!.Invocation.Body).Words));
        }
        Assert.Equal(prepared.DryRun(Execution), started);
        Assert.Equal(prepared.DryRun(Execution), prepared.Words(Execution).Select(words => ShellWords.Join(words)));
    }

    [Fact]
    public void A_function_is_called_with_the_list_of_the_words()
    {
        Assert.Equal(["pkg.mod.fn(['x', \"it's\", '--multirun', 'a=1', 'hydra.job.name=j', 'hydra.sweep.dir=multirun/0'])"],
            DryRun("jobs:\n  j:\n    call: pkg.mod.fn x\n    sets:\n      - each: a=1\n", "j", new Arguments { Extra = ["it's"] }));
        var diagnostics = new Diagnostics();
        Assert.Null(Runnable("jobs:\n  j:\n    call: print x\n    sets: [{}]\n", "j").Prepare(Arguments.None, diagnostics));
        Assert.Equal("`print` has no module; expected a path such as `package.module.function`", Assert.Single(diagnostics).Message);
    }

    [Fact]
    public void A_parameter_of_the_command_line_replaces_its_sweep_and_says_so()
    {
        const string Yaml = "jobs:\n  j:\n    run: x\n    add: k=1\n    sets:\n      - each: a=1,2 b=3,4\n        all: c=1,2\n      - each: d=1\n";
        Assert.Equal(
        [
            "x --multirun a=7 b=3 c=9 hydra.job.name=j hydra.sweep.dir=multirun/0 k=2 new=1",
            "x --multirun a=7 b=4 c=9 hydra.job.name=j hydra.sweep.dir=multirun/1 k=2 new=1",
            "x --multirun d=1 hydra.job.name=j hydra.sweep.dir=multirun/2 k=2 a=7 c=9 new=1",
        ], DryRun(Yaml, "j", Overrides("a=7", "c=9", "k=2", "new=1")));
        Assert.Equal(["`a=7` replaces the sweep `a=1,2` (hydraflow.yaml:6:15)", "`c=9` replaces the sweep `c=1,2` (hydraflow.yaml:7:14)"],
            Prepare(Yaml, "j", Overrides("a=7", "c=9")).Notes);
        Assert.Equal(
        [
            "x --multirun a=1 b=3 c=1,2 hydra.job.name=j hydra.sweep.dir=multirun/0 k=1",
            "x --multirun a=2 b=3 c=1,2 hydra.job.name=j hydra.sweep.dir=multirun/1 k=1",
            "x --multirun d=1 hydra.job.name=j hydra.sweep.dir=multirun/2 k=1 b=3",
        ], DryRun(Yaml, "j", Overrides("b=3")));
    }

    [Fact]
    public void Inner_sweeps_become_points_for_a_program_that_does_not_sweep_itself()
    {
        const string Yaml = "jobs:\n  j:\n    run: x\n    add: k=1\n    sets:\n      - each: a=1,2|3\n        all: c=1:2 d=p,q\n      - each: a=4\n        add: k=2\n";
        Prepared prepared = Prepare(Yaml, "j", new Arguments { ExpandsInner = true });
        string[] inner = ["c=1 d=p", "c=1 d=q", "c=2 d=p", "c=2 d=q"];
        Assert.Equal([.. from a in new[] { 1, 2, 3 } from rest in inner select $"x a={a} {rest} k=1", "x a=4 k=2"], prepared.DryRun(Execution));
        Assert.Equal((13L, 13), (prepared.Commands, (int)prepared.InnerRuns));
        // The same runs as those that Hydra makes of the sweep as it is written.
        Prepared written = Prepare(Yaml, "j");
        Assert.Equal((3L, 13), (written.Commands, (int)written.InnerRuns));
    }

    [Fact]
    public void Inner_sweeps_of_older_files_become_points_in_the_order_in_which_hydra_would_run_them()
    {
        const string Yaml = "jobs:\n  j:\n    run: x\n    steps:\n      - batch: a=1,2 b=3,4\n      - args: c=5,6\n";
        Assert.Equal(
            ["x a=1 b=3 c=5", "x a=1 b=3 c=6", "x a=2 b=3 c=5", "x a=2 b=3 c=6", "x a=1 b=4 c=5", "x a=1 b=4 c=6", "x a=2 b=4 c=5", "x a=2 b=4 c=6"],
            DryRun(Yaml, "j", new Arguments { ExpandsInner = true }));
    }

    [Fact]
    public void With_m_a_parameter_of_the_command_line_is_a_sweep()
    {
        const string Yaml = "jobs:\n  j:\n    run: x\n    sets:\n      - each: a=1,2\n        all: c=1\n";
        Assert.Equal(
        [
            "x --multirun a=5 new=p c=1,2,3 hydra.job.name=j hydra.sweep.dir=multirun/0",
            "x --multirun a=5 new=q c=1,2,3 hydra.job.name=j hydra.sweep.dir=multirun/1",
            "x --multirun a=6 new=p c=1,2,3 hydra.job.name=j hydra.sweep.dir=multirun/2",
            "x --multirun a=6 new=q c=1,2,3 hydra.job.name=j hydra.sweep.dir=multirun/3",
        ], DryRun(Yaml, "j", Overrides("a=5:6", "c=1:3", "new=p,q") with { IsMultirun = true }));
    }

    [Fact]
    public void A_job_without_command_says_what_it_lacks()
    {
        var diagnostics = new Diagnostics();
        Assert.Null(Runnable("jobs:\n  j:\n    sets:\n      - each: a=1\n", "j").Prepare(Arguments.None, diagnostics));
        Assert.Equal("error: no command in job `j`\n  --> hydraflow.yaml:2:3\n   |\n2  |   j:\n   |   ^\nhint: give it `run`, `call` or `submit`\n", DiagnosticPrinter.Print(diagnostics));
    }

    [Fact]
    public void A_job_without_sets_runs_nothing_and_says_so()
    {
        var diagnostics = new Diagnostics();
        Prepared? prepared = Runnable("jobs:\n  j:\n    run: x\n", "j").Prepare(Arguments.None, diagnostics);
        Assert.Equal(0, prepared!.Commands);
        Assert.Equal("warning: job `j` has no `sets`, so nothing is run\n  --> hydraflow.yaml:2:3\n   |\n2  |   j:\n   |   ^\nhint: for one command without parameters write `sets: [{}]`\n", DiagnosticPrinter.Print(diagnostics));
    }

    [Fact]
    public void A_hundred_thousand_million_commands_are_counted_and_not_made()
    {
        Prepared prepared = Prepare("jobs:\n  j:\n    run: x\n    sets:\n      - each: a=1:100000 b=1:1000000\n        all: c=1:10\n", "j");
        Assert.Equal(100_000_000_000, prepared.Commands);
        Assert.Equal(1_000_000_000_000, (long)prepared.InnerRuns);
        Assert.EndsWith("a=1 b=2 c=1,2,3,4,5,6,7,8,9,10", prepared.DryRun(Execution).ElementAt(1).Split(" hydra.job")[0]);
    }

    private static Arguments Overrides(params string[] words) => new() { Overrides = [.. words.Select((word, i) => Excerpt.OfArgument(i + 1, word))] };

    private static JobRunnable Runnable(string yaml, string job)
    {
        var diagnostics = new Diagnostics();
        HydraFlowFile? file = HydraFlowReader.Read(new Source("hydraflow.yaml", yaml), new Dictionary<string, string>(), diagnostics);
        Assert.Equal("", DiagnosticPrinter.Print(diagnostics));
        return new JobRunnable(file!.Jobs.Single(one => one.Key == job), "/project");
    }

    private static Prepared Prepare(string yaml, string job, Arguments? arguments = null)
    {
        var diagnostics = new Diagnostics();
        Prepared? prepared = Runnable(yaml, job).Prepare(arguments ?? Arguments.None, diagnostics);
        Assert.Equal("", DiagnosticPrinter.Print(diagnostics));
        return prepared!;
    }

    /// <summary>The lines of a dry run, with the ULID of point i written as i.</summary>
    private static List<string> DryRun(string yaml, string job, Arguments? arguments = null)
    {
        List<string> lines = [.. Prepare(yaml, job, arguments).DryRun(Execution)];
        for (int i = 0; i < lines.Count; i++)
        {
            for (int index = 0; index < lines.Count; index++)
                lines[i] = lines[i].Replace(Ulid.Derive(Execution, index), index.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
            int file = lines[i].IndexOf("/project/tmp", StringComparison.Ordinal);
            if (file >= 0)
                lines[i] = lines[i][..(file + 12)] + "FILE";
        }
        return lines;
    }
}
