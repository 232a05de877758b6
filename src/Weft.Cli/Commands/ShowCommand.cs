using Weft.Cli.Remote;
using Weft.Cli.CommandLine;
using Weft.Cli.Terminal;
using Weft.Dialects;
using Weft.Execution;
using Weft.Records;
using Weft.Snapshots;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <summary><c>weft show</c>: all that is known of a definition or of an execution, a node, a point.</summary>
internal static class ShowCommand
{
    private static readonly Flag Script = new("script", null, null, "print plain shell that repeats it without Weft");

    private static readonly Flag Environment = new("env", null, null, "print what its programs found: interpreters, packages, ...");

    private static readonly Flag Difference = new("diff", null, null, "print what of the code and environment has changed since");

    public static readonly Command Command = new("show", "show a definition, or an execution with its nodes and points", "[NAME|REF]", [Script, Environment, Difference], Run)
    {
        Count = (0, 1),
        Examples = [("weft show", "every definition"), ("weft show train", "one of them"), ("weft show -", "the newest execution"), ("weft show wet-mongoose-1/7", "one point with its attempts"), ("weft show - --script", "shell that repeats it without Weft"), ("weft show - --env", "interpreters, packages, machine and variables"), ("weft show - --diff", "what has changed since it began")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        using RemoteProject? remote = RemoteProject.Of(session);
        if (remote is not null && arguments.Words is [Source asked])
        {
            return new[] { Script, Environment, Difference }.FirstOrDefault(arguments.Has) is { } flag
                ? throw new DiagnosticException("show/files", $"`--{flag.Name}` reads files of the project's folder, which WEFT_SERVER does not give", arguments.SourceOf(flag)!.Whole, "type it in that folder, without WEFT_SERVER")
                : RemoteCommands.Show(remote, asked, session);
        }
        string root = Launch.FindRoot(arguments, session);
        Project project = Project.Open(root, session.Surroundings.Variables);
        if (arguments.Words is not [Source word])
            return Definitions(project, session);
        bool isOfExecution = arguments.Has(Script) || arguments.Has(Environment) || arguments.Has(Difference);
        if (!isOfExecution && project.Runnables.Any(runnable => runnable.Name == word.Text))
            return Definition(project, word, session);
        if (!ProjectStore.Exists(root))
        {
            var diagnostics = new Diagnostics();
            project.Find(word.Text, diagnostics);
            throw new DiagnosticException(diagnostics);
        }
        using ProjectStore store = ProjectStore.Open(root, session);
        if (arguments.Has(Difference))
            return DiffCommand.Run(store, word, null, session);
        Address address = Address.Find(store, word);
        if (arguments.Has(Environment))
            PrintEnvironment(store, address, session);
        else if (arguments.Has(Script))
            session.Out.Write(ScriptOf(store, address, session));
        else if (address.Path is { } path)
            ExecutionFacts.OfNode(store, address.Execution, path, session).Print(session);
        else
            ExecutionFacts.Of(store, address.Execution, session).Print(session);
        return ExitCodes.Succeeded;
    }

    private static int Definitions(Project project, Session session)
    {
        foreach (Runnable runnable in project.Runnables)
            Definition(runnable, runnable.Prepare(Dialects.Arguments.None, project.Diagnostics), session);
        return project.Diagnostics.HasErrors ? throw new DiagnosticException(project.Diagnostics) : ExitCodes.Succeeded;
    }

    private static int Definition(Project project, Source word, Session session)
    {
        var diagnostics = new Diagnostics();
        Runnable? runnable = project.Find(word.Text, diagnostics);
        Prepared? prepared = runnable?.Prepare(Dialects.Arguments.None, diagnostics);
        if (diagnostics.HasErrors || runnable is null)
            throw new DiagnosticException(diagnostics);
        Definition(runnable, prepared, session);
        return ExitCodes.Succeeded;
    }

    private static void Definition(Runnable runnable, Prepared? prepared, Session session)
    {
        Span at = runnable.At;
        session.Out.WriteLine($"{runnable.Name}: {runnable.Kind}, {at.Source.Name}:{at.Position.Line}");
        if (prepared is not null)
        {
            session.Out.WriteLine($"{Amounts.Count(prepared.Commands, "command")}{Amounts.OfRuns(prepared.InnerRuns, prepared.Commands)}; the first:");
            foreach (string line in prepared.DryRun(Ulid.New(TimeProvider.System)).Take(3))
                session.Out.WriteLine("  " + line);
        }
    }

    /// <summary>What the programs of an execution found, or of a node those of its last attempt.</summary>
    private static void PrintEnvironment(ProjectStore store, Address address, Session session)
    {
        AttemptRow? attempt = address.Path is { } path && store.Records.Attempts(address.Execution.Id, path) is [.., var last] ? last : null;
        EnvironmentSnapshot environment = new EnvironmentFiles(store.Place.FolderOf(address.Execution.Id)).Read(attempt?.Started ?? attempt?.Intended)
            ?? throw new DiagnosticException("show/no-environment", $"the environment of {address.Execution.Name} was not kept", null, "it is written when the first program starts");
        if (session.Json)
        {
            session.WriteJson(environment.Write);
            return;
        }
        var table = new Table("WHAT", "NAME", "VALUE");
        foreach ((string what, IReadOnlyDictionary<string, string> byName) in EnvironmentFiles.Facts(environment))
        {
            foreach ((string name, string value) in byName.OrderBy(one => one.Key, StringComparer.Ordinal))
                table.Add(what, name, value);
        }
        table.Print(session.Out, null, session.ColorsOut);
    }

    /// <summary>The shell of every node that ran or was reused, in their order; of a node that is addressed, of it and those inside it only.</summary>
    private static string ScriptOf(ProjectStore store, Address address, Session session)
    {
        Plan plan = store.PlanOf(address.Execution);
        var states = new Dictionary<NodePath, NodeState>();
        var order = new List<NodePath>();
        store.Records.ReadNodes(address.Execution.Id, row => states[row.Path] = StateRows.FromRow(row, null));
        Dictionary<NodePath, int> positions = plan.Nodes.Select((node, i) => (node.Path, i)).ToDictionary(one => one.Path, one => one.i);
        order.AddRange(states.Values.Where(state => state.Tally is null && state.Phase is Phase.Succeeded or Phase.Reused or Phase.Failed && address.Covers(state.Path))
            .Select(state => state.Path).OrderBy(path => positions.GetValueOrDefault(path.Index is null ? path : path.Parent, int.MaxValue)).ThenBy(path => path.Index ?? 0));
        RunFolder folder = store.Place.FolderOf(address.Execution.Id);
        var script = new ShellScript(store.Root, folder);
        script.Open();
        Facts facts = PlanFacts.Of(store.Root, null, null, CacheMode.Disabled, session, store.Clock) with { Execution = address.Execution.Id, Folder = folder.Work };
        foreach (NodePath path in order)
        {
            if (Decision.StartOf(plan, new AttemptId(address.Execution.Id, path, Math.Max(1, states[path].Attempt)), states.GetValueOrDefault, facts) is { } start)
                script.Add(start.Invocation, states[path].Outputs);
        }
        return script.ToString();
    }
}
