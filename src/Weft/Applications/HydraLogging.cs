using Weft.Config.Composition;
using Weft.Config.Nodes;

namespace Weft.Applications;

/// <summary>What the logging dictionaries of the <c>hydra</c> node (<c>job_logging</c>, <c>hydra_logging</c>) ask for.</summary>
internal static class HydraLogging
{
    /// <summary>Files of the handlers of the root logger.</summary>
    public static IEnumerable<string> Files(Composition composition, string node) => Sinks(composition, node).Select(sink => sink.File).OfType<string>();

    /// <summary>Whether messages of level INFO go to the console.</summary>
    public static bool IsTold(Composition composition, string node) =>
        Level(Read(composition, $"hydra.{node}.root.level")) is <= LogLevel.Info && Sinks(composition, node).Any(sink => sink.File is null);

    /// <summary>The level of the root logger, which <c>hydra.verbose</c> may lower.</summary>
    public static LogLevel RootLevel(Composition composition) =>
        composition.JobResolution.Select(composition.Config, "hydra.verbose").Node is { Content.Kind: ScalarKind.Bool } verbose && verbose.Content.Bool
            ? LogLevel.Debug
            : Level(Read(composition, "hydra.job_logging.root.level")) ?? LogLevel.Warning;

    /// <summary>Loggers that <c>hydra.verbose</c> names: they tell everything.</summary>
    public static IReadOnlySet<string> Verbose(Composition composition) => composition.JobResolution.Select(composition.Config, "hydra.verbose").Node switch
    {
        ListConfig { IsSpecial: false } names => names.Select(name => name.Content.ToString()).ToHashSet(StringComparer.Ordinal),
        ValueNode { Content.Kind: ScalarKind.Str } name => new HashSet<string>(StringComparer.Ordinal) { name.Content.Text },
        _ => new HashSet<string>(),
    };

    /// <summary>Where the messages of the root logger go.</summary>
    public static IEnumerable<LogSink> Sinks(Composition composition, string node)
    {
        if (composition.JobResolution.Select(composition.Config, $"hydra.{node}.root.handlers").Node is not ListConfig { IsSpecial: false } names)
            yield break;
        foreach (ConfigNode name in names)
        {
            string handler = $"hydra.{node}.handlers.{name.Content}";
            if (composition.JobResolution.Select(composition.Config, handler).Node is not DictConfig { IsSpecial: false })
                continue;
            string? formatter = Read(composition, handler + ".formatter");
            string format = (formatter is null ? null : Read(composition, $"hydra.{node}.formatters.{formatter}.format")) ?? "%(message)s";
            yield return new LogSink(Read(composition, handler + ".filename"), format, Read(composition, handler + ".stream") == "ext://sys.stdout")
            {
                Level = Level(Read(composition, handler + ".level")) ?? LogLevel.Debug,
            };
        }
    }

    private static string? Read(Composition composition, string path) =>
        composition.JobResolution.Select(composition.Config, path).Node is ValueNode { IsSpecial: false } value ? value.Content.ToString() : null;

    private static LogLevel? Level(string? name) => name switch
    {
        "NOTSET" or "DEBUG" => LogLevel.Debug,
        "INFO" => LogLevel.Info,
        "WARN" or "WARNING" => LogLevel.Warning,
        "ERROR" => LogLevel.Error,
        "CRITICAL" or "FATAL" => LogLevel.Critical,
        _ => null,
    };
}

/// <summary>One handler of a logging dictionary.</summary>
/// <param name="File">The file that it appends to; null for a stream.</param>
/// <param name="Format">In the <c>%(name)s</c> form of Python's logging.</param>
/// <param name="IsOutput">Standard output, else standard error.</param>
internal sealed record LogSink(string? File, string Format, bool IsOutput)
{
    public required LogLevel Level { get; init; }
}
