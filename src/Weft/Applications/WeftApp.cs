using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using Weft.Config.Composition;
using Weft.Config.Structured;
using Weft.Platform;
using Weft.Text;

namespace Weft.Applications;

/// <summary>
/// Runs a C# program as <c>@hydra.main</c> runs a Python one: it composes the configuration, understands overrides and every flag of Hydra, sweeps
/// with <c>-m</c>, gives each job its folder and its log, and hands the job its configuration as a record.
/// </summary>
/// <example>
/// <code>
/// [Config]
/// public sealed partial record TrainConfig(double Lr, int Epochs = 10);
///
/// return WeftApp.Run&lt;TrainConfig&gt;(args, (config, job) => job.Log.Info($"training with {config.Lr}"));
/// </code>
/// </example>
public static class WeftApp
{
    /// <summary>Runs a program with a typed configuration.</summary>
    /// <param name="task">Runs one job. What it throws fails the job.</param>
    /// <param name="source">The calling file; given by the compiler.</param>
    /// <returns>The exit code: 0; 1 when something failed or did not compose; 2 for wrong flags; 130 when cancelled.</returns>
    public static int Run<TConfig>(string[] args, Action<TConfig, AppJob> task, WeftAppOptions? options = null, [CallerFilePath] string source = "")
        where TConfig : class, IConfigRecord<TConfig> =>
        RunAsync<TConfig>(args, (config, job, _) => { task(config, job); return Task.CompletedTask; }, options, source).GetAwaiter().GetResult();

    /// <summary>As <see cref="Run{TConfig}"/>, for a task that waits. Ctrl+C cancels the token; the second one ends the process.</summary>
    public static Task<int> RunAsync<TConfig>(string[] args, Func<TConfig, AppJob, CancellationToken, Task> task, WeftAppOptions? options = null, [CallerFilePath] string source = "")
        where TConfig : class, IConfigRecord<TConfig>
    {
        ArgumentNullException.ThrowIfNull(task);
        return RunAsync(args, ConfigRecord.SchemaOf<TConfig>(), (composition, diagnostics) => Read<TConfig>(composition, diagnostics), (job, cancel) =>
        {
            var diagnostics = new Diagnostics();
            return task(Read<TConfig>(job.Composition, diagnostics) ?? throw new DiagnosticException(diagnostics), job, cancel);
        }, options ?? new(), source);
    }

    /// <summary>Runs a program with a configuration of any shape: <see cref="AppJob.Config"/>.</summary>
    public static int Run(string[] args, Action<AppJob> task, WeftAppOptions? options = null, [CallerFilePath] string source = "")
    {
        ArgumentNullException.ThrowIfNull(task);
        return RunAsync(args, null, null, (job, _) => { task(job); return Task.CompletedTask; }, options ?? new(), source).GetAwaiter().GetResult();
    }

    private static T? Read<T>(Composition composition, Diagnostics diagnostics) where T : class, IConfigRecord<T> =>
        ConfigRecord.Read<T>(composition.Config, composition.JobResolution, diagnostics);

    private static async Task<int> RunAsync(
        string[] args, ConfigSchema? schema, Action<Composition, Diagnostics>? check, Func<AppJob, CancellationToken, Task> task, WeftAppOptions options, string source)
    {
        ArgumentNullException.ThrowIfNull(args);
        IReadOnlyDictionary<string, string> environment = options.Environment ?? ReadEnvironment();
        string folder = options.WorkingFolder ?? Environment.CurrentDirectory;
        TextWriter output = options.Output ?? Console.Out, error = options.Error ?? Console.Error;
        HydraProgram program = ProgramOf(options, schema, check, environment, folder, source);
        var runner = new HydraRunner(folder, output, error, options.Time)
        {
            Callbacks = options.Callbacks,
            ShowsFullErrors = environment.GetValueOrDefault(HydraRunner.FullErrorVariable) is { Length: > 0 } full && full != "0",
        };
        using var cancel = new CancellationTokenSource();
        void OnCancel(object? sender, ConsoleCancelEventArgs pressed)
        {
            pressed.Cancel = !cancel.IsCancellationRequested;
            cancel.Cancel();
        }
        Console.CancelKeyPress += OnCancel;
        try
        {
            return await runner.RunAsync(DecideInOwnFolder(program, args), async (decided, stop) =>
            {
                string own = Path.GetFullPath(decided.Folder, folder);
                using ProcessState state = ProcessState.Enter(decided, own);
                string name = decided.Composition.JobResolution.Select(decided.Composition.Config, "hydra.job.name").Node?.Content.ToString() ?? program.Command;
                var log = new JobLog(decided.Composition, name, decided.ChangesFolder ? own : folder, output, error, options.Time);
                var job = new AppJob(decided, own, log, environment.GetValueOrDefault("WEFT_RESULTS"));
                await task(job, stop);
                return job.Result;
            }, cancel.Token);
        }
        finally
        {
            Console.CancelKeyPress -= OnCancel;
            output.Flush();
        }
    }

    /// <summary>
    /// What the words ask for, in a folder of its own. Hydra's folders are named by the second, and of two programs that start in the same one, the later writes
    /// over the files of the other: it takes the name of the next free second instead. A folder that is not named by the time is shared on purpose.
    /// </summary>
    private static HydraAction DecideInOwnFolder(HydraProgram program, string[] args)
    {
        HydraAction action = program.Decide(args);
        for (int seconds = 1; FolderOf(action) is { } folder && !RawFile.TryCreateFolder(Path.GetFullPath(folder, program.WorkingFolder)); seconds++)
        {
            HydraAction later = (program with { Options = program.Options with { Time = new LaterTime(program.Options.Time, TimeSpan.FromSeconds(seconds)) } }).Decide(args);
            if (FolderOf(later) is not { } other || other == folder)
                return action;
            action = later;
        }
        return action;

        static string? FolderOf(HydraAction action) => action switch
        {
            HydraAction.Run { Job.Folder: var folder } => folder,
            HydraAction.MultiRun { Sweep.Folder: var folder } => folder,
            _ => null,
        };
    }

    private static HydraProgram ProgramOf(
        WeftAppOptions options, ConfigSchema? schema, Action<Composition, Diagnostics>? check, IReadOnlyDictionary<string, string> environment, string folder, string source)
    {
        string name = options.Name ?? AppDomain.CurrentDomain.FriendlyName;
        (string? path, string baseFolder) = FindConfigs(options.ConfigPath, source);
        Assembly? program = options.Resources ?? Assembly.GetEntryAssembly();
        return new HydraProgram
        {
            ConfigPath = path,
            ConfigName = options.ConfigName ?? (path is not null || options.Store.HasConfig("config") ? "config" : null),
            BaseFolder = baseFolder,
            WorkingFolder = folder,
            Store = options.Store,
            Package = (provider, package) => program is null ? null : TextConfigSource.OfResources(provider, program, package.Replace('.', '/')),
            Check = check,
            Command = name,
            Version = options.Version ?? $"{name} {Assembly.GetEntryAssembly()?.GetName().Version?.ToString(3)}".TrimEnd(),
            Options = new ComposerOptions
            {
                VersionBase = options.VersionBase,
                JobName = name,
                Environment = environment,
                Time = options.Time,
                AddResolvers = options.AddResolvers,
                Schema = schema,
            },
        };
    }

    /// <summary>The folder of configurations and what it is relative to: the program's folder, else the folder of its sources.</summary>
    private static (string? Path, string BaseFolder) FindConfigs(string? given, string source)
    {
        string path = given ?? "conf";
        string program = AppContext.BaseDirectory;
        if (path.Contains("://", StringComparison.Ordinal) || Path.IsPathRooted(path) || Directory.Exists(Path.Combine(program, path)))
            return (path, program);
        if (Path.GetDirectoryName(source) is { Length: > 0 } sources && Directory.Exists(Path.Combine(sources, path)))
            return (path, sources);
        return (given, program);
    }

    private static Dictionary<string, string> ReadEnvironment()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        return variables;
    }

    private sealed class LaterTime(TimeProvider time, TimeSpan by) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + by;
    }

    /// <summary>What a job changes in the process, put back at its end: the variables of <c>hydra.job.env_set</c>, and the folder.</summary>
    private sealed class ProcessState : IDisposable
    {
        private readonly List<(string Name, string? Value)> _variables = [];
        private string? _folder;

        public static ProcessState Enter(HydraJob job, string folder)
        {
            var state = new ProcessState();
            foreach ((string name, string value) in job.Environment)
            {
                state._variables.Add((name, Environment.GetEnvironmentVariable(name)));
                Environment.SetEnvironmentVariable(name, value);
            }
            if (job.ChangesFolder)
            {
                state._folder = Environment.CurrentDirectory;
                Environment.CurrentDirectory = folder;
            }
            return state;
        }

        public void Dispose()
        {
            foreach ((string name, string? value) in Enumerable.Reverse(_variables))
                Environment.SetEnvironmentVariable(name, value);
            if (_folder is not null)
                Environment.CurrentDirectory = _folder;
        }
    }
}
