using System.Collections.Immutable;
using System.Text;
using Weft.Cli.CommandLine;
using Weft.Cli.Commands;
using Weft.Cli.Terminal;
using Weft.Dialects.Hydra;
using Weft.Execution;
using Weft.Expressions;
using Weft.Platform;
using Weft.Storage;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>
/// The short way of <c>weft run</c> when nothing is left to do. A run that found all its results in the cache leaves a <see cref="Receipt"/> of what it relied on; as
/// long as that holds, the same words are answered by repeating its record. The ordinary way is gone whenever there is the least doubt: this one may save time, and
/// must not change anything else.
/// </summary>
internal sealed class Repetition(Arguments arguments, Session session, TimeProvider clock)
{
    /// <summary>Flags that change nothing about a run in which nothing starts.</summary>
    private static readonly Flag[] Harmless = [RunFlags.Parallel, RunFlags.IgnoreResources, GlobalFlags.Quiet, GlobalFlags.Json, GlobalFlags.Color, GlobalFlags.Directory];

    /// <summary>Variables that git goes by, which is asked for the state of the code.</summary>
    private static readonly string[] GitVariables = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"];

    private readonly DateTimeOffset _began = clock.GetUtcNow();

    /// <summary>The exit code; null when the ordinary way must be gone.</summary>
    public int? TryRun()
    {
        if (!IsPlain())
            return null;
        string root = Launch.FindRoot(arguments, session);
        var state = new StateFolder(ProjectStore.FolderOf(root));
        if (!state.Exists || Receipt.Find(state, RequestOf(root)) is not { } receipt || state.IsShared)
            return null;
        var blobs = new FolderBlobStore(state.Blobs, new FileHashes(null, clock), clock);
        if (!receipt.Holds(root, session.Surroundings.Variables, blobs))
            return null;
        using ProjectStore store = ProjectStore.Open(root, session, toWrite: true);
        if (store.Executions.Repeat(receipt) is not { } execution)
            return null;
        RunCommand.SayWhatStarts(execution.Name, receipt.Announced, store, session);
        TrackingDoor.SayWhere(session);
        (long total, long done, long reused, long other) = receipt.Counts;
        var counts = new ExecutionProgress(total, done, Failed: 0, Running: 0, other, clock.GetUtcNow() - _began) { Reused = reused };
        return Closing.Print(new ExecutionEnd(execution.Id, execution.Name, Phase.Succeeded, counts, []), session);
    }

    /// <summary>Leaves a receipt, if everything was there and all that this depends on is known.</summary>
    public void Keep(Launch launch, Plan plan, ExecutionStart start, ExecutionEnd end, ProjectStore store)
    {
        bool isWhole = start.Kind is StartKind.New && end is { State: Phase.Succeeded, Progress: { Failed: 0 } counts } && counts.Runs == counts.Total && counts.RunsDone == counts.Done;
        if (!isWhole || !IsPlain() || store.Place.IsShared || !launch.IsSilent || launch.Store is not null || !IsSettled(launch, plan))
            return;
        if (session.Surroundings.Variables is not NotedVariables { Asked: { } asked } || FilesBeside(launch, plan) is not { } files || !TryReadRecord(store, start.Execution.Id, files, out ImmutableArray<string> contents))
            return;
        var receipt = new Receipt
        {
            Execution = start.Execution.Id,
            Announced = launch.Amount,
            Counts = (end.Progress.Total, end.Progress.Done, end.Progress.Reused, end.Progress.Other),
            Variables = [.. asked.Union(GitVariables)],
            Files = [.. files],
            Contents = contents,
            Tags = [.. plan.Nodes.Where(node => node.Node.Tag is not null && node.Forecast is not Forecast.Skip).SelectMany(node => new[] { node.Node.Tag!, node.Path.Text })],
        };
        receipt.Seal(launch.Root, session.Surroundings.Variables, _began)?.Save(new StateFolder(store.Place.StateFolder), RequestOf(launch.Root));
    }

    /// <summary>Only a name, with words that change it: every flag that says how to run is for the ordinary way.</summary>
    private bool IsPlain() => arguments.Words.Count > 0 && arguments.Rest is null && arguments.HasOnly(Harmless);

    /// <summary>What was typed, and where. Which version of Weft reads it is told by its own file.</summary>
    private string RequestOf(string root)
    {
        var request = new StringBuilder(root).Append('\0').Append(Launch.WorkingFolder(arguments, session));
        foreach (Source word in arguments.Words)
            request.Append('\0').Append(word.Text);
        return request.ToString();
    }

    /// <summary>Whether what is planned depends on nothing but files and variables: no clock, no person, no earlier execution.</summary>
    private bool IsSettled(Launch launch, Plan plan)
    {
        if (launch.Prepared.PythonFunction is not null || launch.Configurations.Any(one => !one.IsWhole) || plan.Inputs.Values.Any(value => value is Value.Blob))
            return false;
        if (!launch.Prepared.Points.All(points => IsOfProject(launch.Root, points)) || !ConfigurationFiles.AreSettled(launch, arguments.Words.Select(word => word.Text)))
            return false;
        foreach (PlanNode node in plan.Nodes)
        {
            bool isKnown = node.Node switch
            {
                Node.Use { Body.Kind: CalleeKind.Task } or Node.Each { Body.Kind: CalleeKind.Task } => node.Forecast is Forecast.Reuse or Forecast.Skip,
                Node.Use { Body.Kind: CalleeKind.Workflow } => true,
                _ => false,
            };
            if (!isKnown || !WorkflowShape.Expressions(node.Node).SelectMany(Evaluator.References).All(reference => IsOfProject(launch.Root, reference)))
                return false;
        }
        return plan.Closure.Tasks.Values.All(task => task.Cache.MaxAge is null && task.Cache.Code.Patterns.All(pattern => ProjectStamp.Covers(launch.Root, Path.GetFullPath(pattern.TrimStart('!'), launch.Root))));
    }

    private static bool IsOfProject(string root, Expr.Ref reference) =>
        reference.Root != Root.Outside || (reference.Path is [{ Name: Outside.File }, { Name: { } path }, ..] && path[0] != '~' && ProjectStamp.Covers(root, Path.GetFullPath(path, root)));

    private static bool IsOfProject(string root, CommandPoints points) => ProgramConfiguration.Of(points) is not { } program
        || (ProjectStamp.Covers(root, program.Script) && ProjectStamp.Covers(root, program.Folder) && (program.AddedFolder is not { } added || ProjectStamp.Covers(root, added)));

    /// <summary>Files outside of what is looked through that decide too: our own program, those that tasks start, the names of secrets, where git stands. Null when git cannot be told so.</summary>
    private List<string>? FilesBeside(Launch launch, Plan plan)
    {
        if (Environment.ProcessPath is not { } own || GitFiles.Of(launch.Root) is not { } git)
            return null;
        var files = new SortedSet<string>(StringComparer.Ordinal) { own, Path.Combine(StateFolder.Name, "secrets.json") };
        files.UnionWith(git);
        var looked = new HashSet<string>(StringComparer.Ordinal);
        foreach (TaskDefinition task in plan.Closure.Tasks.Values)
        {
            if (task.Python is { } python)
                files.Add(Path.GetFullPath(python, launch.Root));
            if (task.Body is TaskBody.Command { Words: [Expr.Literal { Value: Value.Text program }, ..] } && looked.Add(program.Content) && Executables.Find(program.Content, session.Surroundings.Variable("PATH"), launch.Root) is { } path)
                files.Add(path);
        }
        return [.. files];
    }

    /// <summary>The cache entries behind the results, added to the files, and the contents that these consist of; false when something was not there but made.</summary>
    private static bool TryReadRecord(ProjectStore store, ExecutionId id, List<string> files, out ImmutableArray<string> contents)
    {
        contents = [];
        var keys = new SortedSet<string>(StringComparer.Ordinal);
        var outputs = new HashSet<string>(StringComparer.Ordinal);
        bool isReused = !store.Records.Events(id, 0, int.MaxValue).Any(entry => !History.IsQuiet(entry.Kind));
        store.Records.ReadNodes(id, row =>
        {
            isReused &= row.Attempt == 0;
            if (row.Phase != nameof(Phase.Reused))
                return;
            keys.Add(row.Key!);
            if (row.Outputs is { } text)
                outputs.Add(text);
        });
        if (!isReused)
            return false;
        var found = new HashSet<Digest>();
        foreach (string text in outputs)
        {
            foreach (Value value in StateRows.ReadValues(text).Values)
                found.UnionWith(Contents.Of(store.Blobs, value));
        }
        string cache = Path.Combine(StateFolder.Name, Path.GetFileName(new StateFolder(store.Place.StateFolder).Cache));
        files.AddRange(keys.Select(key => Path.Combine(cache, key + ".json")));
        contents = [.. found.Select(digest => digest.Hex)];
        return found.All(store.Blobs.Contains);
    }
}
