using System.Collections.Immutable;
using Weft.Config.Composition;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Applications;

/// <summary>
/// An application that takes its configuration as Hydra's applications do: <c>app db=postgres lr=0.1 -m</c>, <c>app --cfg job --resolve</c>,
/// <c>app --info defaults</c>. From the words of a command line it decides what is to be done; doing it is the caller's.
/// </summary>
internal sealed record HydraProgram
{
    /// <summary>Folder of the application's configurations: absolute, or relative to <see cref="BaseFolder"/>; null for none.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>Path of the primary configuration; null for none.</summary>
    public string? ConfigName { get; init; }

    /// <summary>The folder that the application itself is in; absolute.</summary>
    public required string BaseFolder { get; init; }

    /// <summary>The folder in which it was started; absolute.</summary>
    public required string WorkingFolder { get; init; }

    /// <summary>What the program declares.</summary>
    public ConfigStore Store { get; init; } = new();

    public ComposerOptions Options { get; init; } = new();

    /// <summary>The sources of <c>pkg://NAME</c>, from who asks and the name; null for a name that is not known.</summary>
    public Func<string, string, IConfigSource?> Package { get; init; } = (_, _) => null;

    /// <summary>Looks at the composition of a job before anything runs; what it reports stops the start.</summary>
    public Action<Composition, Diagnostics>? Check { get; init; }

    /// <summary>What <c>--version</c> prints.</summary>
    public string Version { get; init; } = $"Hydra {Composer.HydraVersion}";

    /// <summary>The command under which shells know the application; completion is installed for it.</summary>
    public string Command { get; init; } = "app";

    public HydraAction Decide(IReadOnlyList<string> words)
    {
        var diagnostics = new Diagnostics();
        if (HydraArguments.Parse(words, diagnostics) is not { } arguments)
            return new HydraAction.Refuse(diagnostics, 2);
        if (arguments.IsVersion)
            return new HydraAction.Print($"{Version}\n");
        CheckCombination(arguments, diagnostics);
        SearchPath searchPath = PathOf(arguments, diagnostics);
        if (diagnostics.HasErrors)
            return new HydraAction.Refuse(diagnostics, 1);
        var composer = new Composer(searchPath, Options with { WorkingFolder = WorkingFolder });
        return Decide(arguments, composer, diagnostics) ?? new HydraAction.Refuse(diagnostics, 1);
    }

    private HydraAction? Decide(HydraArguments arguments, Composer composer, Diagnostics diagnostics)
    {
        string? configName = arguments.ConfigName ?? ConfigName;
        if (arguments.IsShellCompletion)
            return new ShellCompletion(this, composer, configName).Decide(arguments.Overrides, diagnostics);
        if (arguments.Rerun is { } saved)
            return Rerun(arguments, saved, composer, diagnostics);
        IReadOnlyList<Override> overrides = Override.ParseAll(arguments.Words, diagnostics);
        if (diagnostics.HasErrors)
            return null;
        bool isTold = arguments.IsHelp || arguments.IsHydraHelp || arguments.Cfg is not null || arguments.Info is not null;
        if (!isTold)
            return arguments.IsMultiRun || ModeOf(composer, configName, overrides) == "MULTIRUN" ? Sweep(arguments, composer, configName, overrides, diagnostics) : Single(composer, configName, overrides, diagnostics);
        if (composer.Compose(arguments.IsHydraHelp && !arguments.IsHelp ? null : configName, overrides, RunMode.Run, diagnostics) is not { } composition)
            return null;
        var reports = new HydraReports(composer, composition, configName);
        string? text = arguments switch
        {
            { IsHelp: true } => reports.Help("help", composition.Job, arguments.IsResolve, diagnostics),
            { IsHydraHelp: true } => reports.Help("hydra_help", ConfigView.HydraOnly(composition), isResolved: false, diagnostics),
            { Cfg: { } part } => ConfigView.Of(composition, part, arguments.Package, arguments.IsResolve, diagnostics)?.ToYaml(),
            _ => reports.Info(arguments.Info!),
        };
        return text is null ? null : new HydraAction.Print(text);
    }

    private HydraAction.Run? Single(Composer composer, string? configName, IReadOnlyList<Override> overrides, Diagnostics diagnostics)
    {
        overrides = WithMode(overrides, "RUN");
        return composer.Compose(configName, overrides, RunMode.Run, diagnostics) is { } composition && JobOf(composition, null, diagnostics) is { } job
            ? new HydraAction.Run(job, diagnostics)
            : null;
    }

    /// <summary>The job of a composition, checked; null when something is wrong with it.</summary>
    /// <param name="folder">Where it runs; null for where its configuration says.</param>
    internal HydraJob? JobOf(Composition composition, long? number, Diagnostics diagnostics, string? folder = null)
    {
        int before = diagnostics.Errors;
        HydraJob? job = HydraJob.Of(composition, number, folder, WorkingFolder, diagnostics);
        if (job is not null)
            Check?.Invoke(composition, diagnostics);
        return diagnostics.Errors > before ? null : job;
    }

    /// <summary>The job whose files a folder holds, as it was, in that folder; its saved configuration is not written again.</summary>
    private HydraAction.Run? Rerun(HydraArguments arguments, string saved, Composer composer, Diagnostics diagnostics)
    {
        if (!arguments.Overrides.IsEmpty)
            diagnostics.Warning("arguments/rerun", "`--experimental-rerun` runs a job as it was: the overrides given here are not looked at");
        return SavedJob.Read(Path.GetFullPath(saved, WorkingFolder), composer, diagnostics) is { } job && JobOf(job.Composition, job.Number, diagnostics, job.Folder) is { } again
            ? new HydraAction.Run(again with { Files = [] }, diagnostics)
            : null;
    }

    private HydraAction.MultiRun? Sweep(HydraArguments arguments, Composer composer, string? configName, IReadOnlyList<Override> overrides, Diagnostics diagnostics)
    {
        if (arguments.IsMultiRun && ModeOf(composer, configName, overrides) == "RUN")
            diagnostics.Warning("arguments/multirun-wins", "`--multirun` is given, and `hydra.mode` is RUN: it is a sweep");
        overrides = WithMode(overrides, "MULTIRUN");
        return composer.Compose(configName, overrides, RunMode.MultiRun, diagnostics) is { } frame && HydraSweep.Of(composer, frame, configName, arguments, this, diagnostics) is { } sweep
            ? new HydraAction.MultiRun(sweep, diagnostics)
            : null;
    }

    /// <summary>The mode that the configuration or an argument asks for; null when neither does, or when it does not compose.</summary>
    private static string? ModeOf(Composer composer, string? configName, IReadOnlyList<Override> overrides)
    {
        IReadOnlyList<Override> plain = [.. overrides.Where(item => !item.IsSweep)];
        return composer.Compose(configName, plain, RunMode.MultiRun, []) is { } composition && composition.Resolution.Select(composition.Config, "hydra.mode").Node is { IsNull: false } mode
            ? mode.Content.Enum.Name
            : null;
    }

    /// <summary>The mode in effect is an override of every job.</summary>
    private static IReadOnlyList<Override> WithMode(IReadOnlyList<Override> overrides, string mode) =>
        overrides.Any(item => item.KeyElement == "hydra.mode" && item.Value?.ToString() == mode)
            ? overrides
            : [.. overrides, Override.Parse(new Source("<mode>", $"hydra.mode={mode}"), [])!];

    private static void CheckCombination(HydraArguments arguments, Diagnostics diagnostics)
    {
        if (arguments.IsResolve && arguments.Cfg is null && !arguments.IsHelp)
            diagnostics.Error("arguments/combination", "`--resolve` needs `--cfg` or `--help`");
        if (!arguments.Shape.IsPlain && !arguments.IsMultiRun)
            diagnostics.Error("arguments/combination", "`--zip`, `--when`, `--then` and `--where` need `--multirun`");
        bool[] modes = [arguments.IsRun, arguments.IsMultiRun, arguments.Cfg is not null, arguments.Info is not null, arguments.IsShellCompletion];
        if (modes.Count(isGiven => isGiven) > 1)
            diagnostics.Error("arguments/combination", "`--run`, `--multirun`, `--cfg`, `--info` and `--shell-completion` exclude one another");
    }

    private SearchPath PathOf(HydraArguments arguments, Diagnostics diagnostics)
    {
        ImmutableArray<IConfigSource> added = [];
        if (arguments.ConfigDir is { } folder)
        {
            string path = Path.GetFullPath(folder, WorkingFolder);
            if (!Directory.Exists(path))
                diagnostics.Error("arguments/config-dir", $"there is no folder `{path}` of configurations");
            added = [new FileConfigSource("command-line", path)];
        }
        return new SearchPath
        {
            Main = (arguments.ConfigPath ?? ConfigPath) is { } main ? MainSource(main) : null,
            CommandLine = added,
            Store = Store,
            Package = Package,
        };
    }

    private IConfigSource MainSource(string path) => path.StartsWith("pkg://", StringComparison.Ordinal)
        ? Package("main", path["pkg://".Length..]) ?? new TextConfigSource("main", path, [])
        : new FileConfigSource("main", Path.GetFullPath(path, BaseFolder));
}
