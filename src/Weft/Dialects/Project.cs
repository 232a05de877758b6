using System.Collections.Immutable;
using Weft.Dialects.HydraFlow;
using Weft.Dialects.Native;
using Weft.Text;

namespace Weft.Dialects;

/// <summary>
/// A folder with definitions, whatever kinds of files they stand in: what can be run here, by name. Each file is used as a whole or not at
/// all; what is wrong with one does not hide the others.
/// </summary>
public sealed class Project
{
    private const string StateFolder = ".weft";

    /// <summary>The second one was read by releases up to 0.20, when the first is absent.</summary>
    private static readonly string[] HydraFlowFiles = ["hydraflow.yaml", "hydraflow.yml"];

    /// <summary>Files that are known but not read, and what is said of them.</summary>
    private static readonly (string Path, string Words)[] Unsupported =
    [
        (".dstack/workflows.yaml", "is a dstack file; dstack is not supported yet"),
        (".dstack/workflows", "is a dstack folder; dstack is not supported yet"),
        ("project.yaml", "is an MLRun file; MLRun is not supported yet"),
    ];

    /// <summary>Files and folders that make a folder a project, relative to it.</summary>
    private static readonly string[] Marks = [StateFolder, WeftFile.Name, .. HydraFlowFiles, .. Array.ConvertAll(Unsupported, file => file.Path), "conf"];

    private Project(string root, string? store, ImmutableArray<Runnable> runnables, ImmutableArray<string> files, ImmutableArray<Diagnostic> unread, Diagnostics diagnostics)
    {
        Root = root;
        Store = store;
        Runnables = runnables;
        Files = files;
        Unread = unread;
        Diagnostics = diagnostics;
    }

    /// <summary>The project's folder, absolute.</summary>
    public string Root { get; }

    /// <summary>Where outputs are kept, such as <c>s3://bucket/folder</c>; null for the project's state.</summary>
    public string? Store { get; }

    /// <summary>What can be run, file by file in the order of each file.</summary>
    public ImmutableArray<Runnable> Runnables { get; }

    /// <summary>The files that were read, relative to the root.</summary>
    public ImmutableArray<string> Files { get; }

    /// <summary>One warning for each file of a dialect that is not supported.</summary>
    public ImmutableArray<Diagnostic> Unread { get; }

    /// <summary>What is wrong with the files.</summary>
    public Diagnostics Diagnostics { get; }

    /// <summary>The nearest folder, from the given one upward, that holds a definition file or the state of a project; null when there is none.</summary>
    public static string? FindRoot(string folder)
    {
        for (DirectoryInfo? one = new(folder); one is not null; one = one.Parent)
        {
            if (Array.Exists(Marks, mark => Path.Exists(Path.Combine(one.FullName, mark))))
                return one.FullName;
        }
        return null;
    }

    /// <summary>Reads every definition file of a folder.</summary>
    /// <param name="environment">What interpolations such as <c>${oc.env:NAME}</c> read.</param>
    public static Project Open(string root, IReadOnlyDictionary<string, string> environment)
    {
        root = Path.GetFullPath(root);
        var diagnostics = new Diagnostics();
        var runnables = ImmutableArray.CreateBuilder<Runnable>();
        var files = ImmutableArray.CreateBuilder<string>();
        string? store = null;
        if (File.Exists(Path.Combine(root, WeftFile.Name)))
        {
            files.Add(WeftFile.Name);
            int before = diagnostics.Errors;
            if (TextFile.Read(Path.Combine(root, WeftFile.Name), WeftFile.Name, diagnostics) is { } source && WeftFile.Read(source, root, diagnostics) is { } file)
            {
                runnables.AddRange(Native(file, isRight: diagnostics.Errors == before, environment, diagnostics));
                store = file.Store;
            }
        }
        bool hasHydraFlow = false;
        foreach (string name in HydraFlowFiles)
        {
            if (hasHydraFlow || !File.Exists(Path.Combine(root, name)))
                continue;
            hasHydraFlow = true;
            files.Add(name);
            if (TextFile.Read(Path.Combine(root, name), name, diagnostics) is { } source && HydraFlowReader.Read(source, environment, diagnostics) is { } file)
                runnables.AddRange(file.Jobs.Select(job => new JobRunnable(job, root)));
        }
        var unread = ImmutableArray.CreateBuilder<Diagnostic>();
        foreach ((string path, string words) in Unsupported)
        {
            if (Path.Exists(Path.Combine(root, path)))
                unread.Add(new Diagnostic("project/unsupported", $"`{path}` {words}") { Severity = Severity.Warning });
        }
        return new Project(root, store, runnables.ToImmutable(), files.ToImmutable(), unread.ToImmutable(), diagnostics);
    }

    /// <summary>The workflows of a native file, then the tasks of its main one; none when something is wrong with the file.</summary>
    private static IEnumerable<Runnable> Native(WeftFile file, bool isRight, IReadOnlyDictionary<string, string> environment, Diagnostics diagnostics)
    {
        if (!isRight)
        {
            // All problems at once: those of expressions too, which else are found when a workflow is used.
            foreach ((string name, Span at) in file.Workflows)
                new WorkflowRunnable(file, name, null, at, environment, []).Prepare(Arguments.None, diagnostics);
            return [];
        }
        ImmutableArray<Diagnostic> warnings = [.. diagnostics.Where(problem => problem.Severity == Severity.Warning)];
        var runnables = new List<Runnable>();
        var workflows = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, Span at) in file.Workflows)
        {
            runnables.Add(new WorkflowRunnable(file, name, null, at, environment, warnings));
            workflows.Add(name);
        }
        foreach ((string name, Span at) in file.Tasks)
        {
            if (!workflows.Contains(name))
                runnables.Add(new WorkflowRunnable(file, WeftFile.Main, name, at, environment, warnings));
        }
        return runnables;
    }

    /// <summary>
    /// What a name means: a name, or <c>FILE:NAME</c> where two files have it. Null when nothing or several things have it; the diagnostics then
    /// say so, with the problems of files that could not be read, as it may stand there.
    /// </summary>
    public Runnable? Find(string name, Diagnostics diagnostics)
    {
        Runnable[] found = [.. Runnables.Where(one => one.Name == name)];
        if (found.Length == 0 && name.Split(':', 2) is [var file, var rest] && Files.Contains(file))
            found = [.. Runnables.Where(one => one.Name == rest && one.At.Source.Name == file)];
        if (found.Length == 1)
            return found[0];
        if (found.Length > 1)
        {
            Diagnostic clash = new("project/ambiguous-name", $"`{name}` is defined in {found.Length} files")
            {
                Hint = $"say which one: {Suggest.List(found.Select(one => $"{one.At.Source.Name}:{name}"))}",
            };
            diagnostics.Add(found.Aggregate(clash, (known, one) => known.WithNote($"a {one.Kind} job is here", one.At)));
            return null;
        }
        diagnostics.AddRange(Diagnostics);
        if (Diagnostics.HasErrors)
            return null;
        Diagnostic unknown = new("project/unknown-name", $"nothing named `{name}` in this project")
        {
            Hint = Suggest.HintOrList(name, [.. Runnables.Select(one => one.Name)], "it has"),
        };
        diagnostics.Add(Unread.Aggregate(unknown, (known, file) => known.WithNote(file.Message, null)));
        return null;
    }
}
