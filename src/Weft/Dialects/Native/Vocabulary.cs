using Weft.Values;

namespace Weft.Dialects.Native;

/// <summary>
/// All keys of <c>weft.yaml</c>: the one table from which files are checked, the JSON Schema is written (<see cref="JsonSchema"/>) and the reference is
/// made (<see cref="KeyReference"/>).
/// </summary>
internal static class Vocabulary
{
    private static readonly Form Text = new Form.Text();
    private static readonly Form Expression = new Form.Scalar("an expression such as `train.best.acc > 0.9`");
    private static readonly Form Scalar = new Form.Scalar("a text, a number or a boolean");
    private static readonly Form Name = new Form.Text("a name", WrongName);
    private static readonly Form Names = new Form.Many(new Form.Text("a name"), "a list of names");
    private static readonly Form Texts = new Form.Many(Text, "a list of texts");
    private static readonly Form Address = new Form.Text("an address", WrongAddress);
    private static readonly Form Addresses = new Form.Many(Address, "a list of addresses");
    private static readonly Form Time = new Form.Scalar("a time", Quantities.WrongTime);
    private static readonly Form Port = new Form.Whole(1, 65_535);
    private static readonly Form Size = new Form.Scalar("a size", Quantities.WrongSize);

    private static Form Keys(Func<Section> of) => new Form.Keys(of);

    private static Form Either(params ReadOnlySpan<Form> options) => new Form.Either([.. options]);

    private static Form Map(string entry, Form item, string what) => new Form.Named(entry, item, what, WrongName);

    /// <summary>Names stand in paths and expressions.</summary>
    private static string? WrongName(string name) => name.All(c => char.IsLetterOrDigit(c) || c is '_' or '-') && name[0] != '-'
        ? null
        : "names have letters, digits, `_` and `-` only, and do not begin with `-`";

    private static string? WrongPlace(string place) => place.StartsWith("s3://", StringComparison.Ordinal) && place.Length > "s3://".Length ? null : "`s3://` and a bucket are expected";

    private static string? WrongAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" ? null : "`http://…` or `https://…` is expected";

    private static string? WrongVariable(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(name[0])
        ? null
        : "names of variables have letters, digits and `_` only, and do not begin with a digit";

    public static Section File => field ??= new("file", "The whole file.",
    [
        new("weft", new Form.Whole(1, 1), "The version of this language.") { IsRequired = true },
        new("project", Name, "The project's name: experiments are PROJECT/TASK, and results of equal work are shared by all clones of a project of this name.") { Default = "the name of the folder" },
        new("doc", Text, "What this file is for."),
        new("store", new Form.Text("a place such as `s3://BUCKET/FOLDER`", WrongPlace), "Where the outputs of tasks are kept, for all machines and clones; what is used on this machine is kept in `.weft/blobs` too. The keys come from the environment, as for Amazon's programs.") { Default = "`.weft/blobs`" },
        new("config", new Form.Text("a path"), "The primary configuration of a Hydra tree. `KEY=VALUE` words of the command line then override it in Hydra's grammar."),
        new("params", Map("parameter", Either(Keys(() => Param), new Form.Anything("a default value")), "a map of parameters"), "Typed arguments of the workflow `main`: `weft run main day=2026-11-02`. A value alone is a default."),
        new("env", Keys(() => Env), "The environment of all tasks; a task's own `env` goes over it."),
        new("resources", Keys(() => Resources), "What every task asks for unless it says otherwise."),
        new("cache", Either(new Form.Flag(), Keys(() => Cache)), "The cache rule of all tasks that have none of their own."),
        new("tasks", Map("task", Keys(() => Task), "a map of tasks"), "The tasks of the workflow `main`."),
        new("workflows", Map("workflow", Keys(() => Workflow), "a map of workflows"), "Further workflows: run by name, or used as one task by `uses`."),
        new("on_failure", Either(new Form.Text("`stop`, `continue` or the name of a task"), Keys(() => OnFailure)), "What happens to the rest of `main` when a task fails: nothing more is started (`stop`), or what does not depend on it is finished (`continue`). The name of a task: it runs when something failed, after everything else.") { Default = "stop" },
        new("parallel", new Form.Whole(1), "Nodes of `main` that run at one time; `-j` bounds it too."),
        new("engines", Map("engine", Keys(() => Engine), "a map of engines"), "Where tasks may run, by name, besides `local`."),
        new("schedules", Map("schedule", Keys(() => Schedule), "a map of schedules"), "When workflows are to be run by themselves.") { Later = "they are checked, and nothing is run by itself" },
    ])
    {
        AnyOf = ["tasks", "workflows"],
    };

    public static Section Workflow => field ??= new("workflow", "A graph of tasks with inputs and outputs of its own.",
    [
        new("doc", Text, "What it does."),
        new("inputs", Map("input", Either(Keys(() => Param), new Form.Text("a type", WrongType)), "a map of inputs"), "What it takes, by name: a type, or `type`, `default` and `doc`."),
        new("outputs", Map("output", Expression, "a map of outputs"), "What it gives, by name: an expression over its tasks, such as `train.best.model`."),
        new("tasks", Map("task", Keys(() => Task), "a map of tasks"), "Its tasks.") { IsRequired = true },
        new("on_failure", Either(new Form.Text("`stop`, `continue` or the name of a task"), Keys(() => OnFailure)), "As for `main`.") { Default = "stop" },
        new("parallel", new Form.Whole(1), "Nodes that run at one time."),
    ]);

    public static Section Param => field ??= new("parameter", "A parameter or a workflow's input.",
    [
        new("type", new Form.Text("a type", WrongType), "`str`, `int`, `float`, `bool`, `datetime`, `list<int>`, `enum:a|b`, `file`, `dir`, …; `?` behind it lets it be none.") { Default = "that of the default" },
        new("default", new Form.Anything(), "The value when none is given; without it one must be given."),
        new("doc", Text, "What it means."),
    ]);

    public static Section Task => field ??= new("task", "A unit of work: one program, a sweep of it, or a map over lists.",
    [
        new("doc", Text, "What it does."),
        new("run", Either(new Form.Text("a command"), Texts), "A command, split into words first, then filled: a value of `${{ }}` never becomes two words, except that a list fills several where it is a whole word. No shell."),
        new("script", new Form.Text("a script"), "A bash script; values of `${{ }}` are inserted quoted."),
        new("call", new Form.Text("a function as `package.module:function`", WrongCall), "A Python function, called with the task's inputs by name. What it returns are results: a map by its names, else one named `result`."),
        new("uses", new Form.Text("the name of a workflow"), "A workflow of this file, as one task."),
        new("config", new Form.Text("a key of the configuration"), "The sub-tree of the file's `config` that the task is handed (in `$WEFT_PARAMS` under `config`), and by which it is cached."),
        new("args", new Form.Word("hydra", "flags", "none"), "Whether the values of a sweep's point are put behind the command: as `key=value`, as `--key value`, or not at all.") { Default = "none" },
        new("inputs", Map("input", Either(Keys(() => Input), new Form.Anything("a reference or a value")), "a map of inputs"), "What it takes, by name: `./path`, `scheme://…`, `task.output`, `task@last.output`, `\"@tag/output\"`, `params.NAME`, any text with `${{ }}`, or a value."),
        new("outputs", Map("output", Either(Keys(() => Output), new Form.Text("a path or a type")), "a map of outputs"), "What it gives, by name: a path in the run's own folder (with `/` at its end a folder), `{at: path}` where the program has a fixed one, `{type: float}` for a value it writes to `$WEFT_RESULTS`."),
        new("needs", Either(Names, Name), "Tasks that must have ended well before this one starts, where no data flows."),
        new("when", Expression, "The task is skipped unless this holds."),
        new("else", Keys(() => Else), "What is done instead when `when` does not hold; it has the same inputs and outputs."),
        new("sweep", Keys(() => Sweep), "The task for each point of a space of parameters."),
        new("foreach", Map("list", new Form.Anything("a reference to a list, or a list"), "a map of lists"), "The task for each item of lists that are known when it is reached, by the names of its inputs; several lists are taken together."),
        new("parallel", new Form.Whole(1), "Points of `foreach` that run at one time."),
        new("need", new Form.Scalar("a share or a number", Quantities.WrongNeed), "How many points of `foreach` must succeed.") { Default = "all" },
        new("max_failures", new Form.Whole(0), "So many points of `foreach` may fail; after the next failure no more start."),
        new("approve", Either(new Form.Text("a question"), Keys(() => Approve)), "A person must agree before the task starts: `weft approve REF`."),
        new("finally", new Form.Flag(), "It runs after all others have ended, however they did.") { Default = "false" },
        new("retry", Either(new Form.Whole(0, 1000), Keys(() => Retry)), "How often a failed attempt is followed by another one.") { Default = "0" },
        new("resources", Keys(() => Resources), "What it asks of a machine."),
        new("checkpoint", Either(new Form.Flag(), new Form.Scalar("a time", Quantities.WrongTime)), "The task keeps checkpoints in `$WEFT_CHECKPOINT`, a folder that outlives attempts; with a time, it gets SIGTERM so long before its limit. Exit code 75 asks for another attempt, which is not counted as a retry."),
        new("engine", Either(Name, Keys(() => EngineChoice)), "Where it runs.") { Default = "local" },
        new("env", Keys(() => Env), "Over the file's `env`."),
        new("workspace", new Form.Word("project", "private"), "Where it runs: in the project's folder, or in a folder of its own that is filled from the project's files.") { Default = "project, private where a fixed output path would be shared" },
        new("working_dir", new Form.Text("a path"), "The folder in which it starts, relative to its workspace."),
        new("sources", Either(Text, Texts), "Files whose content is part of the cache key, as patterns: `src/**/*.py`.") { Default = "the files that the command names, and what they import" },
        new("cache", Either(new Form.Flag(), Keys(() => Cache)), "Whether equal work is looked up instead of done again.") { Default = "true where outputs are declared" },
        new("tag", Name, "A name that is moved to this task's execution when it succeeds."),
        new("stop", Expression, "No more points start once this holds; it sees `best`."),
        new("notify", Keys(() => Notify), "Whom to tell of the end; of a sweep when all of it has ended."),
        new("ports", Either(Port, new Form.Many(Port, "a list of ports")), "Ports on which the program serves something while it runs.") { Later = "they are reached on this machine only, at their own numbers" },
        new("app", Keys(() => App), "An application that the program serves while it runs.") { Later = "its page is reached on this machine only, at the port that the program takes" },
        new("isolate", new Form.Flag(), "Runs a C# task in a process of its own; programs have one anyway."),
        new("keep", Time, "How long `weft gc --older AGE` leaves an execution with this task, and so its outputs, at least."),
    ],
    ["run", "script", "call", "uses"]);

    public static Section Notify => field ??= new("notify", "Messages at the end of a task.",
    [
        new("on", new Form.Many(new Form.Word("succeeded", "failed", "cancelled"), "a list of ends"), "The ends that are told.") { Default = "all" },
        new("email", Either(Texts, Text), "Addresses.") { Later = "nothing is mailed; `url` is told" },
        new("slack", Either(Texts, Text), "Channels.") { Later = "nothing is sent there; `url` is told" },
        new("url", Either(Addresses, Address), "Addresses that get the end as JSON by POST: `execution`, `node`, `state`, `reason`, `at`."),
    ])
    {
        AnyOf = ["email", "slack", "url"],
    };

    public static Section App => field ??= new("app", "An application that a program serves while it runs.",
    [
        new("name", Name, "What it is called.") { Default = "the task's name" },
        new("port", Port, "The port that the program listens on.") { IsRequired = true },
        new("path", Text, "The path of its page.") { Default = "/" },
    ]);

    public static Section Else => field ??= new("else", "The other side of a condition.",
    [
        new("run", Either(new Form.Text("a command"), Texts), "As of a task."),
        new("script", new Form.Text("a script"), "As of a task."),
        new("call", new Form.Text("a function as `package.module:function`", WrongCall), "As of a task."),
        new("fail", new Form.Text("a message"), "The task fails with this message."),
    ],
    ["run", "script", "call", "fail"]);

    public static Section Input => field ??= new("input", "An input with more to say than where it comes from.",
    [
        new("path", new Form.Text("a path"), "A file or folder outside the store.") { IsRequired = true },
        new("digest", new Form.Word("content", "stat", "none"), "By what a change is noticed: its content, its size and time of change, or not at all.") { Default = "content" },
    ]);

    public static Section Output => field ??= new("output", "An output with more to say than its path.",
    [
        new("path", new Form.Text("a path"), "In the run's own folder."),
        new("at", new Form.Text("a path"), "Where a program with a fixed path writes it, relative to the folder in which it runs; it is copied from there."),
        new("type", new Form.Text("a type", WrongType), "Of a value that the program writes to `$WEFT_RESULTS`."),
        new("optional", new Form.Flag(), "The program may leave it out; it is none then.") { Default = "false" },
        new("doc", Text, "What it is."),
    ],
    ["path", "at", "type"]);

    public static Section Sweep => field ??= new("sweep", "A space of parameters, and how its points are run.",
    [
        new("grid", new Form.Anything("a map of parameters"), "Every value with every other: lists, or texts in HydraFlow's grammar (`1:3:m`, `a,b`). The last parameter varies fastest."),
        new("zip", new Form.Anything("a map of parameters"), "The first values together, then the second ones, and so on; a list of such maps for several."),
        new("list", new Form.Anything("a list of points"), "Points one by one."),
        new("each", new Form.Anything("words"), "Words as HydraFlow's `each`: `lr=1:3:m seed=1:3`."),
        new("inner", new Form.Anything("words"), "Words as HydraFlow's `all`: each run gets all their values, joined by commas, and sweeps them itself: `seed=1:3`."),
        new("concat", new Form.Anything("a list of spaces"), "Spaces with these same keys, one after the other."),
        new("when", new Form.Anything("a map of conditions"), "A parameter has its values only where its condition holds, and is left out elsewhere."),
        new("where", new Form.Anything("a condition"), "Points for which this does not hold are left out."),
        new("random", new Form.Anything("a number of points, or `n` and `seed`"), "So many points only, drawn by a seed."),
        new("select", new Form.Text("a selection"), "Which point `best` is: `max(RESULT)`, `min(RESULT)`, `max(mean(RESULT) over PARAMETER)`."),
        new("need", new Form.Scalar("a share or a number", Quantities.WrongNeed), "How many points must succeed.") { Default = "all" },
        new("max_failures", new Form.Whole(0), "So many points may fail; after the next failure no more start.") { Default = "3" },
        new("parallel", new Form.Whole(1), "Points that run at one time."),
        new("stop", Expression, "No more points start once this holds; it sees `best`."),
    ])
    {
        AnyOf = ["grid", "zip", "list", "each", "inner", "concat"],
    };

    public static Section Resources => field ??= new("resources", "What a task asks of a machine. Only what is asked for is counted.",
    [
        new("cpu", new Form.Number(0), "Processors; 0.5 is half of one."),
        new("memory", Size, "Memory: `500MB`, `4GB`, `4GiB`."),
        new("gpu", Either(new Form.Scalar("a number or a model of GPUs", Quantities.WrongGpu), Keys(() => Gpu)), "GPUs: `1`, `A100`, `A100:2`."),
        new("disk", Size, "Local disk."),
        new("shm", Size, "Size of /dev/shm in a container."),
        new("nodes", new Form.Whole(1, 100_000), "Machines.") { Default = "1" },
        new("tasks_per_node", new Form.Whole(1, 10_000), "Processes on each machine.") { Default = "1" },
        new("time", Time, "The limit of one attempt, as Slurm writes it (minutes, `4:00:00`, `1-12:00`) or with units (`90s`, `4h`)."),
        new("interruptible", new Form.Flag(), "It may run where it can be taken away.") { Default = "false" },
    ]);

    public static Section Gpu => field ??= new("gpu", "GPUs in detail.",
    [
        new("count", new Form.Whole(1, 1024), "How many.") { Default = "1" },
        new("model", Text, "Which model."),
        new("memory", Size, "Memory of each, at least."),
    ]);

    public static Section Retry => field ??= new("retry", "Further attempts after a failure.",
    [
        new("times", new Form.Whole(0, 1000), "Attempts after the first.") { IsRequired = true },
        new("for", new Form.Many(new Form.Word([.. Settings.Failures.Keys]), "a list of kinds of failure"), "The kinds of failure that deserve another attempt.") { Default = "all" },
        new("backoff", Either(Time, Keys(() => Backoff)), "The pause before a further attempt.") { Default = "none" },
        new("raise_memory", new Form.Number(1), "Factor on `memory` after each attempt that ran out of it.") { Default = "1" },
    ]);

    public static Section Backoff => field ??= new("backoff", "A pause that grows.",
    [
        new("first", Time, "The first pause.") { IsRequired = true },
        new("factor", new Form.Number(1), "Each pause is so many times the one before.") { Default = "1" },
        new("limit", Time, "The longest pause.") { Default = "1h" },
    ]);

    public static Section Cache => field ??= new("cache", "When results are taken from the cache.",
    [
        new("version", Scalar, "The author says when the code has changed; then neither command nor files count."),
        new("ignore", Names, "Inputs that do not count."),
        new("exclusive", new Form.Flag(), "Of several equal calls at one time one runs, and the others wait for its result.") { Default = "true" },
        new("max_age", Time, "Older results are made again."),
        new("salt", Text, "Another text gives other keys to the same work."),
    ]);

    public static Section Approve => field ??= new("approve", "A question to a person.",
    [
        new("message", Text, "The question."),
        new("limit", Time, "Without an answer in this time the task fails."),
    ]);

    public static Section OnFailure => field ??= new("on_failure", "What happens when a task fails.",
    [
        new("then", new Form.Word("stop", "continue"), "What becomes of the other tasks.") { Default = "stop" },
        new("run", Name, "The task that runs when something failed, after everything else."),
    ]);

    public static Section Env => field ??= new("env", "The environment of a program. A task's own goes over the file's: single values replace it, lists and maps are added to it.",
    [
        new("python", new Form.Text("a path"), "A virtual environment or an interpreter: `.venv`, `/usr/bin/python3.12`."),
        new("requirements", new Form.Text("a path"), "A list of packages for pip: they are installed once per content of the file, into an environment that also sees the system's packages and is shared by all projects of the user."),
        new("vars", new Form.Named("variable", Scalar, "a map of variables", WrongVariable), "Environment variables; `${{ }}` may stand in them."),
        new("secrets", Names, "Secrets that the program gets as variables of the same name; `weft secret set NAME` keeps them."),
        new("image", Text, "A container image, where an engine has containers.") { Later = "the local engine runs the programs of this machine" },
        new("modules", Either(Texts, Text), "Environment modules that are loaded before the program: `cuda/12.2`."),
        new("setup", new Form.Text("a script"), "Shell lines before the program, after its modules; one that fails ends the task."),
    ]);

    public static Section EngineChoice => field ??= new("engine choice", "An engine with words for its scheduler.",
    [
        new("use", Name, "The engine's name.") { IsRequired = true },
        new("sbatch", Texts, "Words for `sbatch`, passed on untouched."),
    ]);

    public static Section Engine => field ??= new("engine", "Where tasks may run.",
    [
        new("kind", new Form.Word("local", "slurm", "sge", "kubernetes"), "What it is.") { IsRequired = true },
        new("partition", Text, "The partition."),
        new("account", Text, "The account that is charged."),
        new("queue", Text, "The queue."),
        new("namespace", Text, "The namespace."),
        new("setup", new Form.Text("a script"), "Shell lines before every program."),
        new("sbatch", Texts, "Words for `sbatch`, passed on untouched."),
    ]);

    public static Section Schedule => field ??= new("schedule", "When a workflow is to be run.",
    [
        new("run", Name, "The workflow.") { IsRequired = true },
        new("with", new Form.Named("parameter", Scalar, "a map of values"), "Its parameters."),
        new("cron", new Form.Text("a cron expression", Quantities.WrongCron), "When: minute, hour, day of the month, month, day of the week.") { IsRequired = true },
        new("timezone", new Form.Text("a time zone", Quantities.WrongTimeZone), "Of the cron expression.") { Default = "UTC" },
    ]);

    /// <summary>Every section, the file first.</summary>
    public static IEnumerable<Section> All =>
    [
        File, Workflow, Param, Task, Else, Notify, App, Input, Output, Sweep, Resources, Gpu, Retry, Backoff, Cache, Approve, OnFailure, Env, EngineChoice, Engine, Schedule,
    ];

    private static string? WrongType(string text) => TypeParser.Parse(text, out string? problem) is null ? problem : null;

    private static string? WrongCall(string text) => text.Split(':') is [{ Length: > 0 }, { Length: > 0 }] ? null : $"`{text}` has no `module:function`";
}
