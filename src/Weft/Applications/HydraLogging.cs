using Weft.Config.Composition;
using Weft.Config.Nodes;

namespace Weft.Applications;

/// <summary>What the logging dictionaries of the <c>hydra</c> node (<c>job_logging</c>, <c>hydra_logging</c>) ask for.</summary>
internal static class HydraLogging
{
    /// <summary>Files of the handlers of the root logger.</summary>
    public static IEnumerable<string> Files(Composition composition, string node)
    {
        foreach (DictConfig handler in Handlers(composition, node))
        {
            if (handler["filename"] is { } name && composition.JobResolution.Dereference(name, out _) is { IsNull: false } file)
                yield return file.Content.ToString();
        }
    }

    /// <summary>Whether messages of level INFO go to the console.</summary>
    public static bool IsTold(Composition composition, string node)
    {
        string level = composition.JobResolution.Select(composition.Config, $"hydra.{node}.root.level").Node?.Content.ToString() ?? "";
        return level is "INFO" or "DEBUG" or "NOTSET" && Handlers(composition, node).Any(handler => handler["filename"] is null);
    }

    private static IEnumerable<DictConfig> Handlers(Composition composition, string node)
    {
        if (composition.JobResolution.Select(composition.Config, $"hydra.{node}.root.handlers").Node is not ListConfig { IsSpecial: false } names)
            yield break;
        foreach (ConfigNode name in names)
        {
            if (composition.JobResolution.Select(composition.Config, $"hydra.{node}.handlers.{name.Content}").Node is DictConfig { IsSpecial: false } handler)
                yield return handler;
        }
    }
}
