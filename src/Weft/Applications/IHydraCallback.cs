using Weft.Config.Composition;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Applications;

/// <summary>
/// Is told what happens around jobs. Callbacks are called in the order in which <c>hydra.callbacks</c> names them, at the end of something in
/// reverse order. What one throws becomes a warning; the jobs go on.
/// </summary>
public interface IHydraCallback
{
    /// <summary>A job, or the frame of a sweep, was composed.</summary>
    void OnComposeConfig(Composition composition, string? configName, IReadOnlyList<Override> overrides)
    {
    }

    /// <summary>Before a single job.</summary>
    void OnRunStart(Composition composition, string? configName)
    {
    }

    /// <summary>After a single job.</summary>
    void OnRunEnd(Composition composition, string? configName, JobReturn job)
    {
    }

    /// <summary>Before the first job of a sweep.</summary>
    void OnMultirunStart(Composition composition, string? configName)
    {
    }

    /// <summary>After the last job of a sweep, also when some failed.</summary>
    void OnMultirunEnd(Composition composition, string? configName)
    {
    }

    /// <summary>Before a job, single or of a sweep; its folder is there.</summary>
    void OnJobStart(HydraJob job)
    {
    }

    /// <summary>After a job, single or of a sweep.</summary>
    void OnJobEnd(JobReturn job)
    {
    }
}

/// <summary>How a job ended.</summary>
/// <param name="Job">The job.</param>
/// <param name="Value">What it gave back; null for nothing.</param>
/// <param name="Failure">What it threw; null when it succeeded.</param>
public sealed record JobReturn(HydraJob Job, object? Value, Exception? Failure)
{
    /// <summary>It threw nothing.</summary>
    public bool HasSucceeded => Failure is null;
}

/// <summary>The callbacks of an application, by the name that <c>hydra.callbacks.NAME._target_</c> gives.</summary>
public sealed class CallbackRegistry
{
    /// <summary>Reports how each job ended; Hydra has one of this name.</summary>
    public const string LogJobReturn = "hydra.experimental.callbacks.LogJobReturnCallback";

    private readonly Dictionary<string, Func<DictConfig, IHydraCallback>> _byTarget = new(StringComparer.Ordinal);
    private readonly List<IHydraCallback> _always = [];

    /// <summary>Registers a callback under a name; a later one of the same name replaces it.</summary>
    /// <param name="make">Gets the entry of <c>hydra.callbacks</c>, interpolations resolved.</param>
    public CallbackRegistry Add(string target, Func<DictConfig, IHydraCallback> make)
    {
        _byTarget[target] = make;
        return this;
    }

    /// <summary>Adds a callback that is called whatever the configuration says, after those that it names.</summary>
    public CallbackRegistry Always(IHydraCallback callback)
    {
        _always.Add(callback);
        return this;
    }

    /// <summary>Those of a composition, in order; a target that is not known is diagnosed.</summary>
    internal IReadOnlyList<IHydraCallback> Of(Composition composition, TextWriter log, Diagnostics diagnostics)
    {
        var callbacks = new List<IHydraCallback>();
        if (composition.JobResolution.Select(composition.Config, "hydra.callbacks").Node is DictConfig { IsSpecial: false } named)
        {
            foreach (ConfigNode node in named)
            {
                if (composition.JobResolution.Dereference(node, out _) is not DictConfig { IsSpecial: false } found || composition.JobResolution.Resolve(found, diagnostics) is not DictConfig entry)
                    continue;
                if (Make(entry, node, log, diagnostics) is { } callback)
                    callbacks.Add(callback);
            }
        }
        return [.. callbacks, .. _always];
    }

    private IHydraCallback? Make(DictConfig entry, ConfigNode node, TextWriter log, Diagnostics diagnostics)
    {
        string target = entry["_target_"]?.Content.ToString() ?? "";
        if (_byTarget.TryGetValue(target, out Func<DictConfig, IHydraCallback>? make))
            return make(entry);
        if (target == LogJobReturn)
            return new JobReturnLog(log);
        diagnostics.Error("compose/unknown-callback", target.Length == 0 ? $"the callback `{node.Key}` has no `_target_`" : $"no callback is registered as `{target}`",
            (entry["_target_"] ?? node).At is { Source: not null } at ? at : null, Suggest.HintOrList(target, [.. _byTarget.Keys, LogJobReturn], "registered"));
        return null;
    }

    private sealed class JobReturnLog(TextWriter log) : IHydraCallback
    {
        public void OnJobEnd(JobReturn job) =>
            log.Write(job.Failure is { } failure ? $"Job failed: {failure.GetType().Name}: {failure.Message}\n" : $"Succeeded with return value: {job.Value ?? "null"}\n");
    }
}
