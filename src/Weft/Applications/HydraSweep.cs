using System.Collections.Immutable;
using Weft.Config.Composition;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Text;

namespace Weft.Applications;

/// <summary>
/// A sweep of jobs of a Hydra application, decided and not yet run. Jobs are composed when they are asked for. The number of a job is the raw
/// index of its point: a filter leaves gaps, so that a job keeps its number when the filter changes.
/// </summary>
internal sealed class HydraSweep
{
    private readonly Composer _composer;
    private readonly HydraProgram _program;
    private readonly string? _configName;
    private readonly long? _maxBatchSize;

    private HydraSweep(Composer composer, HydraProgram program, string? configName, long? maxBatchSize)
    {
        _composer = composer;
        _program = program;
        _configName = configName;
        _maxBatchSize = maxBatchSize;
    }

    /// <summary>The composition outside of the jobs; what is saved as <c>multirun.yaml</c>.</summary>
    public required Composition Frame { get; init; }

    public required Space Points { get; init; }

    /// <summary>Folder of all jobs, as the configuration names it.</summary>
    public required string Folder { get; init; }

    /// <summary>The text of <c>multirun.yaml</c>.</summary>
    public string Record => ConfigWriter.ToYaml(Frame.Config);

    internal static HydraSweep? Of(Composer composer, Composition frame, string? configName, HydraArguments arguments, HydraProgram program, Diagnostics diagnostics)
    {
        List<Override> given = [.. Parameters(frame, diagnostics), .. frame.Overrides.Where(item => !item.IsHydra)];
        if (PointsOf(composer, frame, configName, given, arguments.Shape, diagnostics) is not { } points)
            return null;
        if (points.Size > Space.MaxSize)
        {
            diagnostics.Error("sweep/too-many-points", $"this sweep has more than {Space.MaxSize:N0} jobs");
            return null;
        }
        long? maxSize = Sweeper(frame, "max_batch_size") is { } size && size.Content.TryGetInt64(out long number) ? number : null;
        if (!BasicSweep.IsBatchSize(maxSize, diagnostics))
            return null;
        var folder = frame.JobResolution.Select(frame.Config, "hydra.sweep.dir", throwOnMissing: true);
        if (folder.Node is null)
        {
            diagnostics.Add(folder.Error ?? new Diagnostic("compose/no-folder", "`hydra.sweep.dir` names no folder"));
            return null;
        }
        return new HydraSweep(composer, program, configName, maxSize) { Frame = frame, Points = points, Folder = PythonText.Str(folder.Node) };
    }

    /// <summary>What <c>hydra.sweeper.params</c> of a composition sweeps.</summary>
    internal static IReadOnlyList<Override> Parameters(Composition frame, Diagnostics diagnostics) => Sweeper(frame, "params") is DictConfig { IsSpecial: false } parameters
        ? BasicSweep.ReadParams(parameters.Select(entry => KeyValuePair.Create(entry.Key.ToString(), PythonText.Str(entry))), diagnostics)
        : [];

    /// <summary>The batches in which jobs are launched; a later one starts when all jobs of the one before succeeded.</summary>
    public IEnumerable<HydraBatch> Batches()
    {
        if (_maxBatchSize is null)
        {
            yield return new HydraBatch(this, 0, Points.Size, Points.HasHoles ? Points.Points().LongCount() : Points.Size);
            yield break;
        }
        long first = 0, count = 0;
        for (long number = 0; number < Points.Size; number++)
        {
            if (Points.HasHoles && Points.PointAt(number) is null)
                continue;
            if (++count < _maxBatchSize)
                continue;
            yield return new HydraBatch(this, first, number + 1, count);
            (first, count) = (number + 1, 0);
        }
        if (count > 0)
            yield return new HydraBatch(this, first, Points.Size, count);
    }

    /// <summary>The overrides of a job that are its own.</summary>
    public ImmutableArray<string> Words(long number) => [.. Points.PointAt(number)!.Words.Select(word => word.Text)];

    /// <summary>A job of the sweep. Hydra's overrides of the frame hold for it too, and so do the results of cached resolvers, such as the time.</summary>
    /// <returns>Null when its words do not compose; diagnostics say why.</returns>
    public HydraJob? Job(long number, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        IReadOnlyList<Override> overrides = Override.ParseAll([.. Frame.HydraOverrides, .. Words(number)], diagnostics);
        if (diagnostics.Errors > before || _composer.Compose(_configName, overrides, RunMode.Run, diagnostics) is not { } composition)
            return null;
        composition.JobResolution.CopyCacheFrom(Frame.JobResolution);
        return _program.JobOf(composition, number, diagnostics);
    }

    private static Space? PointsOf(Composer composer, Composition frame, string? configName, List<Override> given, SweepShape shape, Diagnostics diagnostics)
    {
        if (shape.IsPlain)
            return Sweep(given) is { } plain ? HydraAxis.Of(plain) : null;
        Span at = given.Count > 0 ? given[0].At : Expr.Nowhere;
        return shape.Build(replacing => Sweep([.. given, .. Replacing(given, replacing, diagnostics)]) is { } sweep ? HydraAxis.Dimensions(sweep) : null, at, diagnostics);

        // A later override of a key takes the place of an earlier one: that is what replaces words too.
        BasicSweep? Sweep(List<Override> overrides) => BasicSweep.Of(overrides, group => composer.Options(group, configName, frame.Overrides), diagnostics);
    }

    private static List<Override> Replacing(List<Override> given, ImmutableArray<Excerpt> words, Diagnostics diagnostics)
    {
        var parsed = new List<Override>();
        foreach (Excerpt word in words)
        {
            if (Override.Parse(new Source(word.At.Source.Name, word.Text), diagnostics) is not { } one)
                continue;
            if (one.IsHydra)
                diagnostics.Error("compose/hydra-sweep", "Hydra's own configuration is the same for all jobs of a sweep", word.At);
            // Without a prefix of its own the word replaces the one of its key, whatever prefix that has.
            else if (one.Kind == OverrideKind.Change && given.FirstOrDefault(other => other.KeyWithPackage == one.KeyWithPackage) is { Kind: not OverrideKind.Change } other)
                parsed.Add(one with { Kind = other.Kind });
            else
                parsed.Add(one);
        }
        return parsed;
    }

    /// <summary>The value of a key of the sweeper; null when it has none.</summary>
    private static ConfigNode? Sweeper(Composition frame, string key) => frame.JobResolution.Select(frame.Config, "hydra.sweeper." + key).Node;
}

/// <summary>Jobs that are launched together.</summary>
/// <param name="First">The number from which on.</param>
/// <param name="End">The number up to which, not included.</param>
/// <param name="Count">How many of these numbers are jobs.</param>
internal sealed record HydraBatch(HydraSweep Sweep, long First, long End, long Count)
{
    public IEnumerable<long> Numbers()
    {
        for (long number = First; number < End; number++)
        {
            if (Sweep.Points.PointAt(number) is not null)
                yield return number;
        }
    }
}
