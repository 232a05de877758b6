using System.Collections.Immutable;
using Weft.Config.Composition;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Applications;

/// <summary>One job of a Hydra application, decided and not yet run.</summary>
/// <param name="Composition">What it was composed of.</param>
/// <param name="Folder">Where its files go, as the configuration names it: relative to the working folder unless it is absolute.</param>
/// <param name="Files">What is written before it runs: path below <paramref name="Folder"/>, and text.</param>
/// <param name="ChangesFolder">It runs in <paramref name="Folder"/>.</param>
/// <param name="Environment">Variables that are set while it runs.</param>
public sealed record HydraJob(
    Composition Composition, string Folder, ImmutableArray<KeyValuePair<string, string>> Files, bool ChangesFolder, ImmutableArray<KeyValuePair<string, string>> Environment)
{
    /// <summary>Files that the logging of jobs writes to; absolute, or relative to the folder in which the job runs.</summary>
    public ImmutableArray<string> LogFiles { get; } = [.. HydraLogging.Files(Composition, "job_logging")];

    /// <summary>Of a job in a sweep; null for a single run.</summary>
    public long? Number { get; init; }

    /// <summary>The overrides that are the job's own, as typed.</summary>
    public ImmutableArray<string> Overrides { get; } = [.. Composition.TaskOverrides];

    /// <summary>The job of a composition. Its folder becomes known to <c>${hydra:runtime.output_dir}</c>.</summary>
    /// <param name="number">Of a job in a sweep; null for a single run.</param>
    /// <param name="folder">Its folder; null for the one that the configuration names.</param>
    /// <returns>Null when its folder cannot be told; diagnostics say why.</returns>
    internal static HydraJob? Of(Composition composition, long? number, string? folder, string workingFolder, Diagnostics diagnostics)
    {
        DictConfig hydra = composition.Hydra;
        var job = (DictConfig)hydra["job"]!;
        if (number is { } given)
        {
            job.Put("id", new ValueNode(Scalar.Of($"{given}")));
            job.Put("num", new ValueNode(Scalar.Of(given)));
        }
        folder ??= number is null ? Read(composition, "hydra.run.dir", diagnostics) : FolderInSweep(composition, diagnostics);
        if (folder is null)
            return null;
        ((DictConfig)hydra["runtime"]!).Put("output_dir", new ValueNode(Scalar.Of(Path.GetFullPath(folder, workingFolder))));

        var environment = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        foreach (ConfigNode variable in (DictConfig)job["env_set"]!)
        {
            if (composition.JobResolution.Dereference(variable, out Diagnostic? error) is { } value)
                environment.Add(new(variable.Key.ToString(), value.Content.ToString()));
            else
                diagnostics.Add(error!);
        }
        bool changesFolder = composition.JobResolution.Select(composition.Config, "hydra.job.chdir").Node is { Content.Kind: ScalarKind.Bool } chdir && chdir.Content.Bool;
        return new HydraJob(composition, folder, Record(composition), changesFolder, environment.ToImmutable()) { Number = number };
    }

    /// <summary>The configuration, Hydra's part of it and the overrides, as YAML with interpolations as written.</summary>
    private static ImmutableArray<KeyValuePair<string, string>> Record(Composition composition)
    {
        if (composition.JobResolution.Select(composition.Config, "hydra.output_subdir").Node is not { IsNull: false } folder)
            return [];
        string below = folder.Content.ToString();
        var hydra = new DictConfig();
        hydra.Put("hydra", composition.Hydra.Copy());
        var overrides = (DictConfig)composition.Hydra["overrides"]!;
        return
        [
            new(Path.Combine(below, "config.yaml"), ConfigWriter.ToYaml(composition.Job)),
            new(Path.Combine(below, "hydra.yaml"), ConfigWriter.ToYaml(hydra)),
            new(Path.Combine(below, "overrides.yaml"), ConfigWriter.ToYaml(overrides["task"]!)),
        ];
    }

    private static string? FolderInSweep(Composition composition, Diagnostics diagnostics) =>
        Read(composition, "hydra.sweep.dir", diagnostics) is { } folder && Read(composition, "hydra.sweep.subdir", diagnostics) is { } below ? Path.Combine(folder, below) : null;

    private static string? Read(Composition composition, string path, Diagnostics diagnostics)
    {
        Selected selected = composition.JobResolution.Select(composition.Config, path, throwOnMissing: true);
        if (selected.Error is { } error)
            diagnostics.Add(error);
        else if (selected.Node is null)
            diagnostics.Error("compose/no-folder", $"`{path}` names no folder");
        return selected.Node is { } node ? PythonText.Str(node) : null;
    }
}
