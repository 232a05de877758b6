using System.Collections.Immutable;
using Weft.Config.Yaml;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Dialects.Native;

/// <summary>Makes the nodes and definitions of one task of a workflow.</summary>
internal sealed class TaskReader(WeftFile file, WorkflowScope scope, Changes changes, Diagnostics problems)
{
    private readonly References _references = new(scope.Names, file.Naming, problems);
    private readonly TaskFiles _files = new(file, problems);

    /// <summary>What came of a task: nodes, the definitions that they use, and what stands for the outputs of a task of two sides.</summary>
    public sealed record Made(ImmutableArray<Node> Nodes, ImmutableArray<Definition> Definitions, Branch? Branch);

    public Made? Read(string name, YamlMapping task, Span at)
    {
        int before = problems.Errors;
        var inputs = Expr.NoBindings.ToBuilder();
        foreach ((string input, YamlNode value, _) in task.EntriesOf("inputs"))
        {
            if (_references.Read(value) is { } bound)
                inputs[input] = bound;
        }
        Elements? over = OverOf(name, task, inputs);
        ImmutableArray<Edge> after = NeedsOf(task);
        Expr? when = ExpressionOf(task, "when");
        string? question = task.TextOf("approve") ?? task.MapOf("approve").TextOf("message");
        bool isAsked = task["approve"] is not null;
        TimeSpan? patience = task.MapOf("approve").TextOf("limit") is { } limit ? Quantities.Time(limit) : null;
        bool hasBody = task["run"] is not null || task["script"] is not null || task["call"] is not null || task["uses"] is not null;
        if (!hasBody && !isAsked && task.Entries.All(entry => entry.Key is YamlScalar key && Vocabulary.Task.Keys.Any(known => known.Name == key.Text)))
        {
            problems.Error("weft/no-body", $"task `{name}` says nothing to run", at, "one of `run`, `script`, `call` or `uses`; or `approve` for a question alone");
            return null;
        }
        var nodes = ImmutableArray.CreateBuilder<Node>();
        if (isAsked)
        {
            var gate = new Node.Gate(new NodeId(hasBody ? name + "/approve" : name), GateKind.Approve, at)
            {
                Message = question, Limit = patience, When = when, After = [.. after, .. Before(inputs.Values)],
            };
            nodes.Add(gate);
            if (!hasBody)
                return new Made(nodes.ToImmutable(), [], null);
            after = after.Add(new Edge(gate.Id, EdgeRule.Succeeded));
        }
        var definitions = ImmutableArray.CreateBuilder<Definition>();
        Branch? branch = null;
        if (Callee(name, task, inputs, over, definitions, at) is not { } callee)
            return null;
        Node node = Placed(new NodeId(name), callee, over, task, at) with { Bind = inputs.ToImmutable(), After = after, Tag = task.TextOf("tag") };
        if (task.MapOf("else") is { } otherwise && when is not null)
        {
            branch = BranchOf(name, task, otherwise, when, node, definitions, at);
            (ImmutableArray<Node> arms, ImmutableArray<Definition> fails) = branch.Expand();
            nodes.AddRange(arms);
            definitions.AddRange(fails);
        }
        else
        {
            if (task["else"] is { } alone && when is null)
                problems.Error("weft/else", $"task `{name}` has `else` without `when`", alone.At);
            nodes.Add(node with { When = when });
        }
        return problems.Errors > before ? null : new Made(nodes.ToImmutable(), definitions.ToImmutable(), branch);
    }

    private ImmutableArray<Edge> NeedsOf(YamlMapping task)
    {
        var edges = ImmutableArray.CreateBuilder<Edge>();
        foreach (YamlNode item in task["needs"] is YamlSequence list ? list.Items : [.. new[] { task["needs"] }.OfType<YamlNode>()])
        {
            if (item is not YamlScalar { Text: var need })
                continue;
            if (!scope.Names.Contains(need))
                problems.Error("weft/needs", $"`{scope.Name}` has no task `{need}`", item.At, Suggest.HintOrList(need, [.. scope.Names], "it has"));
            edges.Add(new Edge(new NodeId(need), EdgeRule.Succeeded));
        }
        return edges.ToImmutable();
    }

    /// <summary>The nodes that expressions wait for.</summary>
    private static IEnumerable<Edge> Before(IEnumerable<Expr> expressions) => expressions.SelectMany(Evaluator.References)
        .Where(reference => reference.Root == Root.Node).Select(reference => new Edge(reference.Node, EdgeRule.Succeeded)).Distinct();

    private Callee? Callee(string name, YamlMapping task, ImmutableSortedDictionary<string, Expr>.Builder inputs, Elements? over, ImmutableArray<Definition>.Builder definitions, Span at)
    {
        if (task.TextOf("uses") is { } used)
        {
            if (scope.Workflows.Contains(used))
                return new Callee(CalleeKind.Workflow, used, task["uses"]!.At);
            bool isElsewhere = used.Contains("://", StringComparison.Ordinal) || used.StartsWith("csharp:", StringComparison.Ordinal);
            problems.Error("weft/uses", isElsewhere ? $"`{used}` cannot be used yet: only workflows of this file can" : $"there is no workflow `{used}` in this file", task["uses"]!.At,
                Suggest.HintOrList(used, [.. scope.Workflows], "workflows"));
            return null;
        }
        ImmutableSortedDictionary<string, Port> outputs = OutputsOf(name, task, over);
        if (TaskBodies.Of(task, outputs.Keys, file.Naming, problems) is not { } body)
            return null;
        definitions.Add(new Definition.OfTask(Definition(name, task, task, WithArguments(body, task, over), inputs, outputs, over, at)));
        return new Callee(CalleeKind.Task, scope.TaskName(name), at);
    }

    /// <param name="where">Where the body stands: the task, or its <c>else</c>.</param>
    private TaskDefinition Definition(
        string name, YamlMapping task, YamlMapping where, TaskBody body, ImmutableSortedDictionary<string, Expr>.Builder inputs, ImmutableSortedDictionary<string, Port> outputs, Elements? over, Span at)
    {
        YamlMapping? all = file.Root.MapOf("env");
        YamlMapping? own = task.MapOf("env");
        var env = Expr.NoBindings.ToBuilder();
        AddVariables(all, env);
        AddVariables(own, env);
        AddParameters(body, env.Values, inputs, over);
        AddConfig(task, inputs, over);
        bool isFixed = outputs.Values.Any(port => port.IsFixed);
        Workspace workspace = task.TextOf("workspace") switch
        {
            "private" => Workspace.Private,
            null when isFixed && over is not null => Workspace.Private,
            _ => Workspace.Project,
        };
        if (isFixed && over is not null && workspace == Workspace.Project)
            problems.Error("weft/shared-output", $"the points of `{name}` would all write the same path in the project's folder", task["outputs"]!.At, "write `workspace: private`, or give the output a path of its own run");
        string? warning = task["checkpoint"] is YamlScalar { Text: var text2 } && task.FlagOf("checkpoint") is null ? text2 : null;
        YamlMapping? fileResources = file.Root.MapOf("resources");
        _files.Check(task, where, body);
        CacheRule cache = Settings.CacheOf(file.Root, task, !outputs.IsEmpty);
        YamlNode? requirements = own?["requirements"] ?? all?["requirements"];
        ImmutableArray<string> required = [.. _files.RequirementsOf(requirements)];
        return new TaskDefinition(scope.TaskName(name), body, at)
        {
            In = Ports(inputs, over),
            Out = outputs,
            Needs = Settings.ResourcesOf(fileResources, task.MapOf("resources")),
            Limits = Settings.LimitsOf(fileResources, task.MapOf("resources"), warning),
            Retry = Settings.RetryOf(task),
            Cache = cache.On && cache.Version is null ? cache with { Code = new FileSet([.. _files.SourcesOf(task, where, body), .. required]) } : cache,
            Workspace = workspace,
            WorkingFolder = task.TextOf("working_dir"),
            Env = env.ToImmutable(),
            Secrets = Together(all.TextsOf("secrets"), own.TextsOf("secrets")),
            Python = own.TextOf("python") ?? all.TextOf("python"),
            Requirements = (requirements as YamlScalar)?.Text,
            Modules = Together(all.TextsOf("modules"), own.TextsOf("modules")),
            Setup = own.TextOf("setup") ?? all.TextOf("setup"),
            Image = own.TextOf("image") ?? all.TextOf("image"),
            Notice = task.MapOf("notify") is { } notify && notify.TextsOf("url") is { IsEmpty: false } urls ? new Notice(notify.TextsOf("on"), urls) : null,
            Keep = task.TextOf("keep") is { } keep ? Quantities.Time(keep) : null,
            KeepsCheckpoints = task["checkpoint"] is not null && task.FlagOf("checkpoint") != false,
        };
    }

    private void AddVariables(YamlMapping? where, ImmutableSortedDictionary<string, Expr>.Builder env)
    {
        foreach ((string variable, YamlNode value, _) in where.EntriesOf("vars"))
        {
            if (value is YamlScalar scalar && Template.Parse(scalar.Text, scalar.At, problems, file.Naming) is { } text)
                env[variable] = text;
        }
    }

    private static ImmutableArray<string> Together(ImmutableArray<string> all, ImmutableArray<string> own) => all.IsEmpty && own.IsEmpty ? [] : [.. all.Concat(own).Distinct()];

    /// <summary>Every input, and every parameter of a point, whose values are taken from the point.</summary>
    private static ImmutableSortedDictionary<string, Port> Ports(ImmutableSortedDictionary<string, Expr>.Builder inputs, Elements? over)
    {
        var ports = Port.None.ToBuilder();
        foreach ((string input, Expr bound) in inputs)
            ports[input] = new Port(bound is Expr.Ref { Root: Root.Node, Path: [_, { Name: "runs" }] } ? new TypeExpr.Table(Calls.RunsFormat, ImmutableSortedDictionary<string, TypeExpr>.Empty) : TypeExpr.Any);
        foreach (string parameter in NativeSweep.ParametersOf(over))
            ports.TryAdd(parameter, new Port(TypeExpr.Any));
        return ports.ToImmutable();
    }

    /// <summary>A parameter of the workflow that the task's own words name becomes an input of the task, and so part of its cache key.</summary>
    private void AddParameters(TaskBody body, IEnumerable<Expr> env, ImmutableSortedDictionary<string, Expr>.Builder inputs, Elements? over)
    {
        IEnumerable<Expr> expressions = body switch
        {
            TaskBody.Command command => command.Words,
            TaskBody.Shell shell => [shell.Script],
            TaskBody.Fail fail => [fail.Message],
            _ => [],
        };
        var own = NativeSweep.ParametersOf(over).ToHashSet(StringComparer.Ordinal);
        foreach (Expr.Ref reference in expressions.Concat(env).SelectMany(Evaluator.References))
        {
            if (reference is not { Root: Root.Input, Path: [{ Name: { } name }, ..] } || inputs.ContainsKey(name) || own.Contains(name))
                continue;
            if (scope.In.ContainsKey(name))
                inputs[name] = new Expr.Ref(Root.Input, [new Segment(name)], reference.At);
            else if (reference.At.Text.StartsWith("params."))
                problems.Error("weft/unknown-parameter", $"`{scope.Name}` has no parameter `{name}`", reference.At, Suggest.HintOrList(name, [.. scope.In.Keys], "it has"));
        }
    }

    private void AddConfig(YamlMapping task, ImmutableSortedDictionary<string, Expr>.Builder inputs, Elements? over)
    {
        if (task.TextOf("config") is not { } key)
            return;
        if (file.Root.TextOf("config") is null)
            problems.Error("weft/config", "a task can be handed a part of the configuration only where the file names one", task["config"]!.At, "write `config: conf/main.yaml` at the top of the file");
        else if (inputs.ContainsKey("config"))
            problems.Error("weft/config", "the part of the configuration is an input named `config`, and the task has another one of that name", task["config"]!.At);
        else if (changes.Config?.Part(key, task["config"]!.At, NativeSweep.SpaceOf(over), problems) is { } part)
            inputs["config"] = part;
    }

    private ImmutableSortedDictionary<string, Port> OutputsOf(string name, YamlMapping task, Elements? over)
    {
        var ports = Port.None.ToBuilder();
        foreach ((string output, YamlNode value, Span at) in task.EntriesOf("outputs"))
        {
            var map = value as YamlMapping;
            string? path = map is null ? (value as YamlScalar)?.Text : map.TextOf("path") ?? map.TextOf("at");
            TypeExpr type = map.TextOf("type") is { } typed && TypeParser.Parse(typed, out _) is { } known ? known
                : path is null ? TypeExpr.Any : path.EndsWith('/') ? new TypeExpr.Folder() : new TypeExpr.File();
            if (path is not null && map?["at"] is null && path.Split('/')[0] is "inputs" or "project" or "params.json")
                problems.Error("weft/output-path", $"`{path.Split('/')[0]}` is where a run has its own things", value.At, "give the output another path");
            if (path is not null && !IsInside(path))
                problems.Error("weft/output-path", $"the path of the output `{output}` leads out of its folder", value.At, "write a relative path without `..`");
            if (over is not null && output is "best" or "runs")
                problems.Error("weft/output-name", $"`{output}` cannot be an output of `{name}`: a sweep gives that itself", at);
            if (path is not null && TwinOf(output, ports) is { } twin)
                problems.Error("weft/output-name", $"`{twin}` and `{output}` would share the variable `WEFT_OUTPUT_{Declared.InVariables(output)}`, in which the program finds their paths", at, "give one of them another name");
            ports[output] = new Port(map.FlagOf("optional") == true ? TypeExpr.Optionally(type) : type, null, path?.TrimEnd('/'), map.TextOf("doc")) { IsFixed = map?["at"] is not null };
        }
        return ports.ToImmutable();
    }

    /// <summary>Another output with a path whose variable has the same name.</summary>
    private static string? TwinOf(string output, ImmutableSortedDictionary<string, Port>.Builder ports)
    {
        foreach ((string other, Port port) in ports)
        {
            if (port.Path is not null && Declared.InVariables(other) == Declared.InVariables(output))
                return other;
        }
        return null;
    }

    private static bool IsInside(string path) => path.Length > 0 && !path.StartsWith('/') && !path.Split('/').Contains("..");

    /// <summary>The values of a point behind the command, as the task wants them.</summary>
    private TaskBody WithArguments(TaskBody body, YamlMapping task, Elements? over)
    {
        if (task.TextOf("args") is not ("hydra" or "flags"))
            return body;
        if (task["run"] is null || body is not TaskBody.Command command)
        {
            problems.Error("weft/args", "`args` goes with `run` only", task["args"]!.At, "a script takes `${{ item.NAME }}`, a function its arguments by name");
            return body;
        }
        var words = command.Words.ToBuilder();
        if (task.TextOf("args") == "hydra")
        {
            words.AddRange(changes.WordsFor(task.TextOf("config")).Select(Expr.Of));
            if (over is Elements.Known)
                words.Add(new Expr.Ref(Root.Words, [], task["args"]!.At));
        }
        else
        {
            if (over is Elements.Known)
                words.Add(new Expr.Ref(Root.Words, [new Segment("flags")], task["args"]!.At));
            foreach (string list in over is Elements.Listed listed ? listed.Zip.Keys : [])
            {
                words.Add(Expr.Of("--" + list));
                words.Add(new Expr.Ref(Root.Input, [new Segment(list)], task["args"]!.At));
            }
        }
        return new TaskBody.Command(words.ToImmutable());
    }

    private Elements? OverOf(string name, YamlMapping task, ImmutableSortedDictionary<string, Expr>.Builder inputs)
    {
        if (task.MapOf("sweep") is { } sweep)
        {
            if (task["foreach"] is { } both)
                problems.Error("weft/one-of", $"`sweep` and `foreach` both stand in task `{name}`", both.At);
            return new NativeSweep(changes, file.Naming, problems).Read(scope.TaskName(name), sweep) is { } space ? new Elements.Known(space) : null;
        }
        if (task.MapOf("foreach") is null)
            return null;
        var zip = Expr.NoBindings.ToBuilder();
        foreach ((string list, YamlNode value, Span at) in task.EntriesOf("foreach"))
        {
            if (inputs.ContainsKey(list))
                problems.Error("weft/foreach", $"`{list}` is a list of `foreach` and an input of task `{name}`", at);
            else if (_references.Read(value) is { } bound)
                zip[list] = bound;
        }
        return new Elements.Listed(zip.ToImmutable());
    }

    private Node Placed(NodeId id, Callee callee, Elements? over, YamlMapping task, Span at)
    {
        string? engine = task.TextOf("engine") ?? task.MapOf("engine").TextOf("use");
        Overrides with = engine is null ? Overrides.None : Overrides.None with { Engine = engine };
        if (over is null)
            return new Node.Use(id, callee, at) { With = with };
        YamlMapping where = task.MapOf("sweep") ?? task;
        return new Node.Each(id, over, callee, at)
        {
            With = with,
            Parallel = (int?)where.WholeOf("parallel"),
            Budget = Settings.BudgetOf(where),
            Best = where.TextOf("select") is { } text && ExprParser.Parse(text, where["select"]!.At, problems, file.Naming with { Bare = Root.Item }) is { } select ? Selection.Of(select, problems) : null,
            Stop = ExpressionOf(where, "stop") ?? ExpressionOf(task, "stop"),
        };
    }

    private Branch BranchOf(string name, YamlMapping task, YamlMapping otherwise, Expr when, Node node, ImmutableArray<Definition>.Builder definitions, Span at)
    {
        Arm other;
        if (otherwise["fail"] is YamlScalar fail)
        {
            other = new Arm.Fail(Template.Parse(fail.Text, fail.At, problems, file.Naming) ?? Expr.Of(fail.Text));
        }
        else
        {
            var inputs = node.Bind.ToBuilder();
            Elements? over = (node as Node.Each)?.Over;
            ImmutableSortedDictionary<string, Port> outputs = OutputsOf(name, task, over);
            TaskBody body = TaskBodies.Of(otherwise, outputs.Keys, file.Naming, problems) ?? new TaskBody.Fail(Expr.Of("nothing to run"));
            TaskDefinition definition = Definition(name, task, otherwise, body, inputs, outputs, over, at) with { Name = scope.TaskName(name) + "/else" };
            definitions.Add(new Definition.OfTask(definition));
            var callee = new Callee(CalleeKind.Task, definition.Name, at);
            Node second = node switch
            {
                Node.Each each => each with { Body = callee },
                Node.Use use => use with { Body = callee },
                _ => node,
            };
            other = new Arm.OfNode(second with { Bind = inputs.ToImmutable() });
        }
        return new Branch(new NodeId(name), [new BranchCase(when, new Arm.OfNode(node))], other, at);
    }

    private Expr? ExpressionOf(YamlMapping where, string key) =>
        where[key] is YamlScalar scalar && where.TextOf(key) is { } text ? ExprParser.Parse(text, scalar.At, problems, file.Naming) : null;
}
