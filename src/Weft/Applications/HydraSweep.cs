using System.Collections.Immutable;
using System.Numerics;
using Weft.Config.Composition;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Applications;

/// <summary>A sweep of jobs of a Hydra application, decided and not yet run. Jobs are composed when they are asked for.</summary>
public sealed class HydraSweep
{
    private readonly Composer _composer;
    private readonly string? _configName;
    private readonly string _workingFolder;

    private HydraSweep(Composer composer, string? configName, string workingFolder)
    {
        _composer = composer;
        _configName = configName;
        _workingFolder = workingFolder;
    }

    /// <summary>The composition outside of the jobs; what is saved as <c>multirun.yaml</c>.</summary>
    public required Composition Frame { get; init; }

    public required BasicSweep Points { get; init; }

    /// <summary>Folder of all jobs, as the configuration names it.</summary>
    public required string Folder { get; init; }

    /// <summary>First number and size of each batch; a later batch starts when all jobs of the one before succeeded.</summary>
    public required ImmutableArray<(BigInteger First, BigInteger Size)> Batches { get; init; }

    /// <summary>The text of <c>multirun.yaml</c>.</summary>
    public string Record => ConfigWriter.ToYaml(Frame.Config);

    internal static HydraSweep? Of(Composer composer, Composition frame, string? configName, string workingFolder, Diagnostics diagnostics)
    {
        var overrides = new List<Override>();
        if (Sweeper(frame, "params") is DictConfig { IsSpecial: false } given)
            overrides.AddRange(BasicSweep.ReadParams(given.Select(entry => KeyValuePair.Create(entry.Key.ToString(), PythonText.Str(entry))), diagnostics));
        overrides.AddRange(frame.Overrides.Where(item => !item.IsHydra));
        if (BasicSweep.Of(overrides, group => composer.Options(group, configName, frame.Overrides), diagnostics) is not { } points)
            return null;
        long? maxSize = Sweeper(frame, "max_batch_size") is { } size && size.Content.TryGetInt64(out long number) ? number : null;
        if (points.Batches(maxSize, diagnostics) is not { } batches)
            return null;
        var folder = frame.JobResolution.Select(frame.Config, "hydra.sweep.dir", throwOnMissing: true);
        if (folder.Node is null)
        {
            diagnostics.Add(folder.Error ?? new Diagnostic("compose/no-folder", "`hydra.sweep.dir` names no folder"));
            return null;
        }
        return new HydraSweep(composer, configName, workingFolder)
        {
            Frame = frame,
            Points = points,
            Folder = PythonText.Str(folder.Node),
            Batches = [.. batches],
        };
    }

    /// <summary>A job of the sweep. Hydra's overrides of the frame hold for it too, and so do the results of cached resolvers, such as the time.</summary>
    /// <returns>Null when its words do not compose; diagnostics say why.</returns>
    public HydraJob? Job(BigInteger number, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        IReadOnlyList<Override> overrides = Override.ParseAll([.. Frame.HydraOverrides, .. Points.Job(number)], diagnostics);
        if (diagnostics.Errors > before || _composer.Compose(_configName, overrides, RunMode.Run, diagnostics) is not { } composition)
            return null;
        composition.JobResolution.CopyCacheFrom(Frame.JobResolution);
        return HydraJob.Of(composition, number, _workingFolder, diagnostics);
    }

    /// <summary>The value of a key of the sweeper; null when it has none.</summary>
    private static ConfigNode? Sweeper(Composition frame, string key) => frame.JobResolution.Select(frame.Config, "hydra.sweeper." + key).Node;
}
