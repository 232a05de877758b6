using System.Collections.Immutable;
using Weft.Config.Nodes;
using Weft.Text;
using Weft.Tracking;

namespace Weft.Analysis;

/// <summary>Where a run is read from, each part when it is first asked for: the project's store, or the folder of MLflow's file store.</summary>
internal abstract class RunSource
{
    /// <summary>The configuration that Hydra composed, below the artifacts.</summary>
    public const string ConfigFile = ".hydra/config.yaml";

    public const string OverridesFile = ".hydra/overrides.yaml";

    public abstract string Id { get; }

    public abstract string Experiment { get; }

    /// <summary>The folder of its artifacts on this machine, absolute; null when they lie elsewhere.</summary>
    public abstract string? ArtifactFolder { get; }

    /// <summary>False when only artifacts are known of it: then its name, times and status are not.</summary>
    public virtual bool HasFacts => true;

    /// <summary>Name, times, params and metrics. Labels may be left out, see <see cref="ReadLabels"/>.</summary>
    public abstract Tracking.Run ReadFacts();

    public abstract ImmutableArray<Label> ReadLabels();

    /// <summary>The composed configuration, empty when there is none.</summary>
    /// <exception cref="DiagnosticException">The file is no configuration.</exception>
    public virtual DictConfig ReadConfig() => ReadArtifact(ConfigFile) switch
    {
        null => new DictConfig(),
        DictConfig config => config,
        ConfigNode other => throw new DiagnosticException("runs/config", $"the configuration of the run {Id} is no map", other.At),
    };

    /// <summary>All leaves of the configuration, with interpolations followed; null when they must be read from <see cref="ReadConfig"/>.</summary>
    public virtual ImmutableArray<Leaf>? KnownLeaves => null;

    /// <summary>Whether the leaves of the configuration are among the params, so that lists need not look for them.</summary>
    public virtual bool HasLeavesInParams => false;

    /// <summary>A name is looked for among params and metrics before the configuration, which then need not be read for tables: only lists differ, as params are texts.</summary>
    public bool PrefersFacts { get; init; }

    /// <summary>A YAML file of the artifacts; null when there is none.</summary>
    public ConfigNode? ReadArtifact(string relative)
    {
        if (ArtifactFolder is not { } folder)
            return null;
        string path = Path.Combine(folder, relative);
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        var problems = new Diagnostics();
        return ConfigReader.Read(new Source(path, text), problems) ?? throw new DiagnosticException(problems);
    }
}

/// <summary>A run that was read whole: from the project's store, or made in memory.</summary>
internal sealed class StoredRun(Tracking.Run run, string experiment) : RunSource
{
    public override string Id => run.Info.Id.Value;

    public override string Experiment => experiment;

    public override string? ArtifactFolder { get; } = Locations.PathOf(run.Info.ArtifactUri) is { } path && Path.IsPathRooted(path) ? path : null;

    public override bool HasLeavesInParams => true;

    public override Tracking.Run ReadFacts() => run;

    public override ImmutableArray<Label> ReadLabels() => run.Labels;
}
