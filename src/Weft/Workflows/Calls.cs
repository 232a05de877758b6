using System.Collections.Immutable;
using System.Text;
using Weft.Expressions;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>Decides about one use of a task: the cache first, then an attempt, then whether another one follows.</summary>
internal static class Calls
{
    /// <summary>The format of an input that is all points of a sweep: the program gets a folder with an index.</summary>
    public const string RunsFormat = "runs";

    /// <summary>After so many attempts, those of its retries left out, a lost one counts as failed.</summary>
    private const int MostLost = 10;

    /// <summary>The exit code by which a program that keeps checkpoints asks to be started again.</summary>
    public const int RequeueCode = 75;

    /// <summary>The reason of an attempt that ended so and has a folder of checkpoints to go on from.</summary>
    public const string Requeue = "task/requeue";

    /// <summary>A program that asks so often goes in circles.</summary>
    private const int MostRequeued = 1000;

    private static readonly ImmutableSortedDictionary<string, string> NoVariables = Sorted.None<string>();

    private static readonly ImmutableSortedDictionary<string, TypeExpr> NoTypes = Sorted.None<TypeExpr>();

    public static Step Start(Surroundings around, PlanNode node, NodePath path, NodeState state, Callee callee)
    {
        TaskDefinition task = TaskOf(around, node, callee);
        (ImmutableSortedDictionary<string, Value> inputs, Evaluated? missing) = around.Inputs(node, path, task.In);
        if (missing is not null)
            return Decision.Refuse(missing);
        CacheDocument? document = DocumentOf(around.Facts, task, inputs);
        if (document is not null && around.Facts.CacheMode == CacheMode.Enabled)
        {
            string key = document.Key();
            switch (around.Facts.Cache(key))
            {
                // What grew is cached as a whole: its entry has the results of the graph, not the graph.
                case CacheAnswer.Hit hit when hit.IsYoungEnough(task.Cache, around.Facts.Now) && (node.Node is Node.Grow || FirstMissing(task, hit.Outputs) is null):
                    return new Step.Reuse(key, hit.Outputs);
                case CacheAnswer.Reserved reserved when task.Cache.SingleFlight:
                    return new Step.Wait(reserved.Until);
            }
        }
        return Attempt(around, node, path, state.Attempt + 1, task, inputs, document);
    }

    /// <summary>The attempt of this number, whatever is known of its node.</summary>
    public static Step.Start? Repeat(Surroundings around, PlanNode node, NodePath path, int number, Callee callee)
    {
        TaskDefinition task = TaskOf(around, node, callee);
        (ImmutableSortedDictionary<string, Value> inputs, Evaluated? missing) = around.Inputs(node, path, task.In);
        return missing is null ? Attempt(around, node, path, number, task, inputs, DocumentOf(around.Facts, task, inputs)) as Step.Start : null;
    }

    /// <summary>An attempt runs or has ended.</summary>
    /// <param name="cause">The failure that stops everything around it; null when there is none.</param>
    public static Step Continue(Surroundings around, PlanNode node, NodePath path, NodeState state, Callee callee, Failure? cause)
    {
        string? stop = around.Facts.StopAskedBy ?? (cause is null ? null : $"the failure of {cause.Path}");
        if (state.End is null)
            return stop is null ? new Step.Wait() : new Step.Stop(stop);
        if (callee.Kind == CalleeKind.LaunchPlan)
        {
            return state.End switch
            {
                Outcome.Succeeded => new Step.Finish(state.Outputs),
                // The node that failed there is no node of this execution.
                Outcome.Failed failed => new Step.Fail(failed with { Cause = null }),
                Outcome.Cancelled cancelled => new Step.Cancel(cancelled.By),
                _ => Decision.Fail(ErrorClass.NodeLost, "execution/lost", "nothing is known of the end of the execution"),
            };
        }
        TaskDefinition task = TaskOf(around, node, callee);
        switch (state.End)
        {
            case Outcome.Succeeded when FirstMissing(task, state.Outputs) is { } lacking:
                return Again(around, node, path, state, task, stop, new Outcome.Failed(ErrorClass.User, "task/output", lacking));
            case Outcome.Succeeded when node.Node is Node.Grow:
                return Fragment.Grow(around.Plan.ClosureAt(node.Scope), state.Outputs, out Fragment? fragment) is { } wrong ? new Step.Fail(wrong) : new Step.Graft(fragment!);
            case Outcome.Succeeded:
                return new Step.Finish(state.Outputs);
            case Outcome.Cancelled cancelled:
                return new Step.Cancel(cancelled.By);
            // The program asked for another attempt, to go on from its checkpoint: that is no failure.
            case Outcome.Failed { ExitCode: RequeueCode } asked when (task.KeepsCheckpoints || asked.Code == Requeue) && stop is null && state.Attempt < MostRequeued:
                return Again(around, node, path, state, task with { Retry = task.Retry with { Times = state.Attempt, On = ErrorClass.All, Backoff = default } }, stop, asked);
            case Outcome.Failed failed:
                return Again(around, node, path, state, task, stop, failed);
            default:
                // A lost attempt says nothing about the task: it is not one of its retries, until too many are lost for chance.
                if (state.Attempt < MostLost + task.Retry.Times)
                    task = task with { Retry = task.Retry with { Times = state.Attempt, On = ErrorClass.NodeLost, Backoff = default } };
                return Again(around, node, path, state, task, stop, new Outcome.Failed(ErrorClass.NodeLost, "task/lost", "the machine that ran it is gone, its end is not known"));
        }
    }

    private static Step Again(Surroundings around, PlanNode node, NodePath path, NodeState state, TaskDefinition task, string? stop, Outcome.Failed failed)
    {
        if (stop is not null)
            return new Step.Fail(failed);
        DateTimeOffset due = state.Since + task.Retry.Backoff.After(state.Attempt);
        bool isLate = task.Limits.Total is { } total && state.Started is { } started && due >= started + total;
        if (!task.Retry.Allows(state.Attempt, failed.Class) || isLate)
            return new Step.Fail(failed);
        if (around.Facts.Now < due)
            return new Step.Wait(due);
        if (failed.Class == ErrorClass.OutOfMemory && task.Needs.Memory is { } memory)
            task = task with { Needs = task.Needs with { Memory = new ByteSize((long)(memory.Bytes * Math.Pow(task.Retry.RaiseMemory, state.Attempt))) } };
        (ImmutableSortedDictionary<string, Value> inputs, Evaluated? missing) = around.Inputs(node, path, task.In);
        return missing is not null
            ? Decision.Refuse(missing)
            : Attempt(around, node, path, state.Attempt + 1, task, inputs, DocumentOf(around.Facts, task, inputs));
    }

    public static TaskDefinition TaskOf(Surroundings around, PlanNode node, Callee callee) => node.Node.With.ApplyTo(around.Plan.ClosureAt(node.Scope).Tasks[callee.Name]);

    /// <summary>What a call is known by in the cache; null when it is not cached, or when a file that counts is missing.</summary>
    public static CacheDocument? DocumentOf(Facts facts, TaskDefinition task, ImmutableSortedDictionary<string, Value> inputs)
    {
        if (!task.Cache.On || facts.CacheMode == CacheMode.Disabled)
            return null;
        VersionDocument? computed = null;
        if (task.Cache.Version is null)
        {
            FileDigests? code = task.Cache.Code.IsEmpty ? null : facts.Files(task.Cache.Code);
            if (code is null && !task.Cache.Code.IsEmpty)
                return null;
            computed = new VersionDocument(
                TaskText.Of(task.Body), code?.Whole, Sorted.Map(task.Env, NoVariables, expression => ExprPrinter.Print(expression)), task.Image, task.Cache.Salt)
            {
                Files = code,
                Python = task.Python,
                Setup = task.Modules.IsEmpty ? task.Setup : $"{string.Join(' ', task.Modules)}\n{task.Setup}",
            };
        }
        return new CacheDocument(
            facts.CacheScope,
            task.Name,
            computed?.Digest().ToString() ?? task.Cache.Version!.Trim(),
            Types(task.In),
            Types(task.Out),
            task.Cache.Ignore.IsEmpty ? inputs : inputs.RemoveRange(task.Cache.Ignore)) { Computed = computed, IsExclusive = task.Cache.SingleFlight };
    }

    private static ImmutableSortedDictionary<string, TypeExpr> Types(ImmutableSortedDictionary<string, Port> ports) => Sorted.Map(ports, NoTypes, port => port.Type);

    private static string? FirstMissing(TaskDefinition task, ImmutableSortedDictionary<string, Value> outputs)
    {
        foreach ((string name, Port port) in task.Out)
        {
            if (!outputs.TryGetValue(name, out Value? value))
            {
                if (!port.Type.TakesNone)
                    return $"the task ended without its output `{name}`";
            }
            else if (!Casting.Accepts(port.Type, value))
            {
                return $"the output `{name}` must be {port.Type}, this is {Operators.Describe(value)}";
            }
        }
        return null;
    }

    private static Step Attempt(
        Surroundings around, PlanNode node, NodePath path, int number, TaskDefinition task, ImmutableSortedDictionary<string, Value> inputs, CacheDocument? document)
    {
        var id = new AttemptId(around.Facts.Execution, path, number);
        string folder = around.Facts.Folder(id);
        ImmutableArray<Staged> staged = StagedOf(task, inputs, folder);
        ImmutableArray<Declared> outputs = OutputsOf(around.Facts, task, folder);
        Lookup outside = around.For(node.Scope, path);
        Lookup inside = reference => reference.Root switch
        {
            Root.Input => Given(reference, inputs, staged),
            Root.Output => Target(reference, outputs),
            Root.Run when reference.Path is [{ Name: "attempt" }] => new Evaluated.Is(Value.Of((long)number)),
            Root.Node => Evaluator.Wrong(reference, "task/node", $"a task sees its inputs, not the node `{reference.Node}`", "bind it to an input"),
            _ => outside(reference),
        };
        if (Body(task.Body, inside, out CallBody? body) is { } problem)
            return problem;
        var env = NoVariables.ToBuilder();
        foreach ((string name, Expr expression) in task.Env)
        {
            if (Evaluator.Evaluate(expression, inside) is not Evaluated.Is known)
                return Decision.Refuse(Evaluator.Evaluate(expression, inside));
            if (known.Value is not Value.Null)
                env[name] = Rendering.Write(known.Value);
        }
        LineFile? lines = null;
        if (task.Lines is not null && (lines = LineFiles.Of(task.Lines, id, inside, out Evaluated? lacking)) is null)
            return Decision.Refuse(lacking!);
        return new Step.Start(
            new Invocation(id, task.Name, body!, folder)
            {
                Env = env.ToImmutable(),
                Secrets = task.Secrets,
                Inputs = inputs,
                Words = around.PointAt(path)?.Words ?? [],
                Staged = staged,
                Outputs = outputs,
                Lines = lines,
                Needs = task.Needs,
                Limits = task.Limits,
                Workspace = task.Workspace,
                WorkingFolder = task.WorkingFolder,
                Python = task.Python,
                Requirements = task.Requirements,
                Modules = task.Modules,
                Setup = task.Setup,
                KeepsCheckpoints = task.KeepsCheckpoints,
            },
            document);
    }

    private static ImmutableArray<Staged> StagedOf(TaskDefinition task, ImmutableSortedDictionary<string, Value> inputs, string folder)
    {
        var staged = ImmutableArray.CreateBuilder<Staged>();
        foreach ((string name, Value value) in inputs)
        {
            if (Staged.Of(name, value, folder + "/inputs", task.In[name].Type is TypeExpr.Table { Format: RunsFormat }) is { } files)
                staged.Add(files);
        }
        return staged.DrainToImmutable();
    }

    private static ImmutableArray<Declared> OutputsOf(Facts facts, TaskDefinition task, string folder)
    {
        var outputs = ImmutableArray.CreateBuilder<Declared>();
        foreach ((string name, Port port) in task.Out)
            outputs.Add(new Declared(name, port.Type, PathOf(facts, task, folder, name, port), port.IsFixed));
        return outputs.DrainToImmutable();
    }

    /// <summary>Where an output is written; null for a value.</summary>
    private static string? PathOf(Facts facts, TaskDefinition task, string folder, string name, Port port)
    {
        TypeExpr type = port.Type is TypeExpr.Optional optional ? optional.Of : port.Type;
        if (!type.IsBlob)
            return null;
        if (!port.IsFixed)
            return $"{folder}/{port.Path ?? "outputs/" + name}";
        string workspace = task.Workspace == Workspace.Private ? $"{folder}/{Invocation.PrivateFolder}" : facts.ProjectFolder;
        return task.WorkingFolder is { } inside ? $"{workspace}/{inside}/{port.Path}" : $"{workspace}/{port.Path}";
    }

    /// <summary>Everything that is run with its values filled in; or the step that says why it cannot be.</summary>
    private static Step? Body(TaskBody declared, Lookup lookup, out CallBody? body)
    {
        body = null;
        switch (declared)
        {
            case TaskBody.Command command:
                var words = ImmutableArray.CreateBuilder<string>(command.Words.Length);
                foreach (Expr word in command.Words)
                {
                    Evaluated value = Evaluator.Evaluate(word, lookup);
                    if (value is not Evaluated.Is known)
                        return Decision.Refuse(value);
                    words.AddRange(Template.Fill(word, known.Value));
                }
                if (words.Count == 0)
                    return Decision.Fail(ErrorClass.User, "task/empty", "the command has no words");
                body = new CallBody.Command(words.ToImmutable());
                return null;
            case TaskBody.Shell shell:
                if (Script(shell.Script, lookup, out string script) is { } problem)
                    return problem;
                body = new CallBody.Shell(script);
                return null;
            case TaskBody.Python python:
                body = new CallBody.Python(python.File, python.Handler);
                return null;
            case TaskBody.Managed managed:
                body = new CallBody.Managed(managed.Symbol);
                return null;
            case TaskBody.Fail fail:
                return Evaluator.Evaluate(fail.Message, lookup) is Evaluated.Is message
                    ? Decision.Fail(ErrorClass.User, "workflow/fail", Rendering.Write(message.Value))
                    : Decision.Refuse(Evaluator.Evaluate(fail.Message, lookup));
            default:
                throw new InvalidOperationException($"no start for {declared.GetType().Name}");
        }
    }

    /// <summary>The literal parts of a script as they are, every value quoted for bash; the items of a list one by one.</summary>
    private static Step? Script(Expr script, Lookup lookup, out string text)
    {
        var whole = new StringBuilder();
        text = "";
        foreach (Expr part in script is Expr.Concat concat ? concat.Parts : [script])
        {
            if (part is Expr.Literal { Value: Value.Text literal })
            {
                whole.Append(literal.Content);
                continue;
            }
            Evaluated value = Evaluator.Evaluate(part, lookup);
            if (value is not Evaluated.Is known)
                return Decision.Refuse(value);
            whole.AppendJoin(' ', Template.Fill(part, known.Value).Select(Template.Quote));
        }
        text = whole.ToString();
        return null;
    }

    private static Evaluated Given(Expr.Ref reference, ImmutableSortedDictionary<string, Value> inputs, ImmutableArray<Staged> staged)
    {
        if (reference.Path is [{ Name: { } name }, ..] && staged.FirstOrDefault(one => one.Name == name) is { } files)
            return Evaluator.Follow(reference, 1, files.Given);
        return Evaluator.Follow(reference, 0, new Value.Map(inputs));
    }

    private static Evaluated Target(Expr.Ref reference, ImmutableArray<Declared> outputs) =>
        reference.Path is [{ Name: { } name }] && outputs.FirstOrDefault(one => one.Name == name) is { Path: { } path }
            ? new Evaluated.Is(Value.Of(path))
            : Evaluator.Wrong(reference, "task/output-path", $"the task declares no file or folder `{reference}`", Weft.Text.Suggest.HintOrList(reference.Path is [{ Name: { } one }] ? one : "", [.. outputs.Where(output => output.Path is not null).Select(output => output.Name)], "it declares"));
}
