using Weft.Cli.CommandLine;
using Weft.Config.Composition;
using Weft.Config.Overrides;
using Weft.Dialects;
using Weft.Dialects.Hydra;
using Weft.Text;

namespace Weft.Cli.Commands;

/// <summary>The configuration that a command is about: a Hydra folder, its primary configuration, and the typed overrides.</summary>
/// <param name="Folder">Absolute.</param>
/// <param name="ConfigName">Null when nobody says which, and the folder has several.</param>
/// <param name="Words">The overrides in the order typed; each knows its number on the command line.</param>
internal sealed record ConfigTarget(Composer Composer, string Folder, string? ConfigName, IReadOnlyList<Source> Words)
{
    public static readonly Flag Path = new("config-path", null, "DIR", "folder of configurations (the nearest conf/)");

    public static readonly Flag Name = new("config-name", null, "NAME", "primary configuration (config)");

    public static readonly Flag Dir = new("config-dir", null, "DIR", "one more folder on the search path");

    public static readonly Flag Job = new("job", null, "JOB", "the configuration that the program of JOB composes");

    public static readonly Flag[] Flags = [Path, Name, Dir, Job];

    /// <param name="words">The overrides.</param>
    /// <exception cref="DiagnosticException">There is no such folder.</exception>
    public static ConfigTarget Find(Arguments arguments, IEnumerable<Source> words, Session session)
    {
        string working = Launch.WorkingFolder(arguments, session);
        ProgramConfiguration? program = arguments.SourceOf(Job) is { } job ? OfJob(job, arguments, session) : null;
        string folder = program?.Folder ?? FolderOf(arguments, working);
        string? addedFolder = arguments.SourceOf(Dir) is { } dir ? Existing(dir, working) : program?.AddedFolder;
        var main = new FileConfigSource("main", folder, Shown(folder, working));
        var composer = new Composer(
            new SearchPath { Main = main, CommandLine = addedFolder is null ? [] : [new FileConfigSource("command-line", addedFolder, Shown(addedFolder, working))] },
            new ComposerOptions { WorkingFolder = working, Environment = session.Surroundings.Variables, VersionBase = program?.VersionBase ?? "1.3" });
        return new ConfigTarget(composer, folder, arguments.Value(Name) ?? program?.Name ?? ConfigFolder.PrimaryOf([.. main.Options("")]), [.. words]);
    }

    /// <exception cref="DiagnosticException">Some cannot be read.</exception>
    public IReadOnlyList<Override> ReadOverrides()
    {
        var diagnostics = new Diagnostics();
        Override[] overrides = [.. Words.Select(word => Override.Parse(word, diagnostics)).OfType<Override>()];
        return diagnostics.HasErrors ? throw new DiagnosticException(diagnostics) : overrides;
    }

    /// <summary>Composes it, and says what it warns of.</summary>
    /// <exception cref="DiagnosticException">All that keeps it from composing.</exception>
    public Composition Compose(Session session)
    {
        var diagnostics = new Diagnostics();
        if (ConfigName is null)
            throw NoPrimary();
        Composition? composition = Composer.Compose(ConfigName, Words, RunMode.Run, diagnostics);
        if (composition is null)
            throw new DiagnosticException(diagnostics);
        if (diagnostics.Count > 0 && !session.Json)
            session.Report(diagnostics);
        return composition;
    }

    private DiagnosticException NoPrimary()
    {
        IReadOnlyList<string> names = Composer.Options("", null, []);
        return names.Count == 0
            ? new DiagnosticException("config/no-primary", $"there is no configuration directly in `{Folder}`", null, "name the folder with `--config-path DIR`")
            : new DiagnosticException("config/no-primary", $"`{Folder}` has no `config.yaml`, and several others", null, $"choose one with `--config-name NAME`: {Suggest.List(names)}");
    }

    private static string FolderOf(Arguments arguments, string working)
    {
        if (arguments.SourceOf(Path) is { } given)
            return Existing(given, working);
        return ConfigFolder.FindNearest(working) ?? throw new DiagnosticException("config/no-folder", $"no folder `{ConfigFolder.Name}` in `{working}` or above it", null,
            $"name the folder of configurations: `--config-path {ConfigFolder.FindOther(working) ?? "DIR"}`");
    }

    private static ProgramConfiguration OfJob(Source job, Arguments arguments, Session session)
    {
        var diagnostics = new Diagnostics();
        Prepared? prepared = Project.Open(Launch.FindRoot(arguments, session), session.Surroundings.Variables).Find(job.Text, diagnostics)?.Prepare(Dialects.Arguments.None, diagnostics);
        if (prepared is null || diagnostics.HasErrors)
            throw new DiagnosticException(diagnostics);
        return prepared.Points.Select(ProgramConfiguration.Of).FirstOrDefault(found => found is not null)
            ?? throw new DiagnosticException("config/no-program", $"the program of `{job.Text}` names no configuration", job.Whole, "a Python program names it by `@hydra.main(config_path=…, config_name=…)` or `--config-path`");
    }

    private static string Existing(Source given, string working)
    {
        string folder = System.IO.Path.GetFullPath(given.Text, working);
        return Directory.Exists(folder) ? folder : throw new DiagnosticException("cli/no-folder", $"no folder `{given.Text}`", given.Whole);
    }

    /// <summary>Relative where that is shorter to read.</summary>
    private static string Shown(string folder, string working)
    {
        string relative = System.IO.Path.GetRelativePath(working, folder);
        return relative == "." ? "" : relative.StartsWith("../../..", StringComparison.Ordinal) ? folder : relative;
    }
}
