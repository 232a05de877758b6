using System.Collections.Immutable;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>One job, or the frame of a sweep of jobs.</summary>
internal enum RunMode
{
    Run,
    MultiRun,
}

/// <summary>
/// A composed configuration, with what it was made of. Every node knows its file, line and column, or the argument that set it.
/// </summary>
public sealed class Composition
{
    private readonly ConfigRepository _repository;
    private readonly Resolvers.Resolvers _resolvers;
    private DictConfig? _job;
    private Resolution? _jobResolution;

    internal Composition(DictConfig config, Resolution resolution, DefaultsList defaults, IReadOnlyList<Override> overrides, ConfigRepository repository, Resolvers.Resolvers resolvers)
    {
        _resolvers = resolvers;
        _repository = repository;
        Config = config;
        Resolution = resolution;
        Defaults = defaults;
        Overrides = overrides;
    }

    /// <summary>The whole, with the <c>hydra</c> node.</summary>
    public DictConfig Config { get; }

    /// <summary>What the application gets: the whole without the <c>hydra</c> node. A copy, made on first use.</summary>
    public DictConfig Job => _job ??= WithoutHydra();

    /// <summary>The <c>hydra</c> node.</summary>
    public DictConfig Hydra => (DictConfig)Config["hydra"]!;

    /// <summary>Evaluates interpolations as long as no job is known: <c>${hydra:…}</c> fails.</summary>
    public Resolution Resolution { get; }

    /// <summary>Evaluates interpolations for a job: <c>${hydra:…}</c> reads the <c>hydra</c> node.</summary>
    public Resolution JobResolution => _jobResolution ??= MakeJobResolution();

    /// <summary>Which configurations were merged, in order, and who chose them.</summary>
    public DefaultsList Defaults { get; }

    /// <summary>In the order given.</summary>
    public IReadOnlyList<Override> Overrides { get; }

    /// <summary>The search path in effect.</summary>
    public ImmutableArray<IConfigSource> Sources => _repository.Sources;

    /// <summary>Overrides that are not about Hydra itself, as typed.</summary>
    public IEnumerable<string> TaskOverrides => Overrides.Where(item => !item.IsHydra).Select(item => item.Text);

    /// <summary>Overrides of <c>hydra.…</c> and <c>hydra/…</c>, as typed.</summary>
    public IEnumerable<string> HydraOverrides => Overrides.Where(item => item.IsHydra).Select(item => item.Text);

    /// <summary>What a configuration of the defaults list holds, before anything is merged; not to be changed.</summary>
    internal ConfigNode? ContentOf(ResultDefault entry) => _repository.Load(entry.Path, [])?.Root;

    /// <summary>Whether an override chose an option of a group; the others set values.</summary>
    internal bool IsChoice(Override item) => item.Package is not null || GroupOverrides.IsOfGroup(item, _repository);

    /// <summary>The value at a path of the job (<c>db.hosts[0]</c>), interpolations evaluated; null when there is none.</summary>
    /// <exception cref="DiagnosticException">It is missing (<c>???</c>), or an interpolation fails.</exception>
    public ConfigNode? Select(string path)
    {
        Selected selected = JobResolution.Select(Job, path, throwOnMissing: true);
        return selected.Error is { } error ? throw new DiagnosticException(error) : selected.Node;
    }

    /// <summary>The job with every interpolation replaced by its value.</summary>
    /// <exception cref="DiagnosticException">All interpolations that fail.</exception>
    public DictConfig Resolved()
    {
        var diagnostics = new Diagnostics();
        return JobResolution.Resolve(Job, diagnostics) as DictConfig ?? throw new DiagnosticException(diagnostics);
    }

    /// <summary>The job as a record of the program's own.</summary>
    /// <exception cref="DiagnosticException">All values that do not fit, each with its place.</exception>
    public T To<T>() where T : class, IConfigRecord<T>
    {
        var diagnostics = new Diagnostics();
        return ConfigRecord.Read<T>(Job, JobResolution, diagnostics) ?? throw new DiagnosticException(diagnostics);
    }

    private Resolution MakeJobResolution()
    {
        var resolution = new Resolution(_resolvers.WithHydra(Config));
        resolution.CopyCacheFrom(Resolution);
        return resolution;
    }

    private DictConfig WithoutHydra()
    {
        var job = (DictConfig)Config.Copy();
        job.Remove(Scalar.Of("hydra"));
        return job;
    }
}
