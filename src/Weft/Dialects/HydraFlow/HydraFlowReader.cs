using System.Collections.Immutable;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Resolvers;
using Weft.Config.Yaml;
using Weft.Text;

namespace Weft.Dialects.HydraFlow;

/// <summary>
/// Reads <c>hydraflow.yaml</c> of any generation and reports all that is wrong with its shape at once. Scalars become texts by OmegaConf's
/// rules (<c>1e3</c> is <c>1000.0</c>), so that the same words reach the program as under HydraFlow.
/// </summary>
public sealed class HydraFlowReader
{
    private static readonly string[] JobKeys = ["name", "run", "call", "submit", "add", "sets"];
    private static readonly string[] SetKeys = ["each", "all", "add"];
    private static readonly string[] OlderJobKeys = ["name", "run", "call", "submit", "with", "with_", "configs", "options", "steps"];
    private static readonly string[] OlderSetKeys = ["batch", "args", "with", "with_", "configs", "options"];

    /// <summary>What a key of one generation is called in the other.</summary>
    private static readonly Dictionary<string, string> Renamed = new(StringComparer.Ordinal)
    {
        ["steps"] = "sets", ["batch"] = "each", ["args"] = "all", ["with"] = "add", ["with_"] = "add", ["configs"] = "add", ["options"] = "add",
        ["sets"] = "steps", ["each"] = "batch", ["all"] = "args", ["add"] = "with",
    };

    private readonly Resolution _resolution;
    private readonly Diagnostics _diagnostics;

    /// <summary>Interpolations of the job that is being read which lead nowhere.</summary>
    private readonly List<Diagnostic> _unresolved = [];

    private HydraFlowReader(Resolution resolution, Diagnostics diagnostics)
    {
        _resolution = resolution;
        _diagnostics = diagnostics;
    }

    /// <param name="environment">What <c>${oc.env:NAME}</c> reads.</param>
    /// <returns>Null when anything is wrong: a file is used as a whole or not at all.</returns>
    public static HydraFlowFile? Read(Source source, IReadOnlyDictionary<string, string> environment, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        if (ConfigReader.ReadSound(source, diagnostics) is not { } root)
            return null;
        var resolution = new Resolution(Resolvers.Standard(environment));
        ImmutableArray<HydraFlowJob> jobs = new HydraFlowReader(resolution, diagnostics).ReadRoot(root);
        if (diagnostics.Errors == before)
            return new HydraFlowFile(source, jobs);
        // All problems at once: those of sweeps too, which else are found when a job is used. Warnings may only follow from what was left out.
        var sweeps = new Diagnostics();
        foreach (HydraFlowJob job in jobs.Where(job => job.Kind is not null))
            JobSweepReader.Read(job, Arguments.None, sweeps);
        foreach (Diagnostic problem in sweeps.Where(problem => problem.Severity == Severity.Error))
            diagnostics.Add(problem);
        return null;
    }

    private ImmutableArray<HydraFlowJob> ReadRoot(ConfigNode root)
    {
        var jobs = ImmutableArray.CreateBuilder<HydraFlowJob>();
        if (MapOf(root, "the file") is not { } top)
            return [];
        foreach (ConfigNode child in top)
        {
            if (KeyOf(child, "the file", ["jobs"]) is null || MapOf(child, "`jobs`") is not { } all)
                continue;
            foreach (ConfigNode job in all)
            {
                if (ReadJob(job) is { } one)
                    jobs.Add(one);
            }
        }
        return jobs.ToImmutable();
    }

    private HydraFlowJob? ReadJob(ConfigNode node)
    {
        if (node.Key.AsString is not { } key)
        {
            _diagnostics.Error("hydraflow/job-name", $"the name of a job must be text, found {Describe(node.Key)}", node.KeyAt, $"write `\"{node.KeyAt.Text}\":`");
            return null;
        }
        string label = $"job `{key}`";
        if (MapOf(node, label) is not { } entries)
            return null;
        _unresolved.Clear();
        Generation generation = GenerationOf(entries);
        var job = new HydraFlowJob(key, generation, node.KeyAt);
        foreach (ConfigNode entry in entries)
        {
            switch (KeyOf(entry, label, generation == Generation.Sets ? JobKeys : OlderJobKeys))
            {
                case "name":
                    job = job with { Name = TextOf(entry) is { Text.Length: > 0 } name ? name.Text : key };
                    break;
                case "run":
                    job = job with { Run = CommandOf(entry) };
                    break;
                case "call":
                    job = job with { Call = CommandOf(entry) };
                    break;
                case "submit":
                    job = job with { Submit = CommandOf(entry) };
                    break;
                case "sets" or "steps":
                    job = job with { Sets = ReadSets(entry, label, generation) };
                    break;
                case { }:
                    job = job with { Add = TextOf(entry) };
                    break;
            }
        }
        return job with { Unresolved = [.. _unresolved] };
    }

    /// <summary>Told by the keys: what only one generation has.</summary>
    private static Generation GenerationOf(DictConfig job)
    {
        bool isOlder = OlderJobKeys.Except(JobKeys).Any(job.Contains);
        return isOlder && !job.Contains("sets") ? Generation.Steps : Generation.Sets;
    }

    private ImmutableArray<HydraFlowSet> ReadSets(ConfigNode node, string label, Generation generation)
    {
        string name = generation == Generation.Sets ? "sets" : "steps";
        if (Resolve(node) is not { } resolved)
            return [];
        if (resolved is not ListConfig { IsSpecial: false } list)
        {
            WrongKind(node, $"`{name}` of {label}", "a list", node is DictConfig ? "put `- ` before its first key" : null);
            return [];
        }
        var sets = ImmutableArray.CreateBuilder<HydraFlowSet>();
        int number = 0;
        foreach (ConfigNode item in list)
        {
            number++;
            if (ReadSet(item, $"item {number} of `{name}` of {label}", generation) is not { } set)
                continue;
            if (generation == Generation.Steps && set.Each is null && set is { All: [_, ..] } or { Add: not null } && sets is [.., { Each: not null } before])
                sets[^1] = before with { All = before.All.AddRange(set.All), Add = set.Add ?? before.Add };
            else
                sets.Add(set);
        }
        return sets.ToImmutable();
    }

    private HydraFlowSet? ReadSet(ConfigNode node, string label, Generation generation)
    {
        if (MapOf(node, label) is not { } entries)
            return null;
        Excerpt? each = null, all = null, add = null;
        foreach (ConfigNode entry in entries)
        {
            switch (KeyOf(entry, label, generation == Generation.Sets ? SetKeys : OlderSetKeys))
            {
                case "each" or "batch":
                    each = TextOf(entry);
                    break;
                case "all" or "args":
                    all = TextOf(entry);
                    break;
                case { }:
                    add = TextOf(entry);
                    break;
            }
        }
        return new HydraFlowSet(each, all is null ? [] : [all], add, node.At);
    }

    /// <summary>The key of an entry when it is one of the known; else a diagnostic names the nearest.</summary>
    private string? KeyOf(ConfigNode entry, string place, string[] known)
    {
        string key = entry.Key.ToString();
        if (entry.Key.AsString is not null && known.Contains(key))
            return key;
        string? hint = Renamed.TryGetValue(key, out string? other) && known.Contains(other)
            ? $"`{key}` belongs to {(known.Contains("add") ? "older files, which have `steps`" : "newer files, which have `sets`")}; here it is `{other}`"
            : Suggest.HintOrList(key, known, "known keys");
        _diagnostics.Error("hydraflow/unknown-key", $"unknown key `{key}` in {place}", entry.KeyAt.Source is null ? entry.At : entry.KeyAt, hint);
        return null;
    }

    private DictConfig? MapOf(ConfigNode node, string label)
    {
        ConfigNode? resolved = Resolve(node);
        if (resolved is DictConfig { IsSpecial: false } map)
            return map;
        if (resolved is not null)
            WrongKind(node, label, "a map", null);
        return null;
    }

    private void WrongKind(ConfigNode node, string label, string expected, string? hint) =>
        _diagnostics.Error("hydraflow/wrong-type", $"expected {label} to be {expected}, found {Describe(node)}", Place(node), hint);

    /// <summary>A command; null when there is none: empty or still missing.</summary>
    private Excerpt? CommandOf(ConfigNode node)
    {
        if (node.IsMissing || TextOf(node) is not { Text.Length: > 0 } text)
            return null;
        if (text.Text.AsSpan().Trim(" \t\r\n").Length > 0)
            return text;
        _diagnostics.Error("hydraflow/blank-command", $"`{node.Key}` holds only blanks", Place(node));
        return null;
    }

    /// <summary>The text of a scalar; null when it is empty.</summary>
    private Excerpt? TextOf(ConfigNode node)
    {
        ConfigNode? resolved = Resolve(node);
        if (resolved is null)
            return null;
        if (resolved is not ValueNode || resolved.IsNull)
        {
            string? hint = resolved.IsNull ? "write `''` for an empty text, or leave the key out" : resolved is ListConfig ? "write the words in one text, separated by blanks" : null;
            WrongKind(node, $"`{node.Key}`", "a text", hint);
            return null;
        }
        if (resolved.IsMissing)
        {
            _diagnostics.Error("hydraflow/missing-value", $"`{node.Key}` is `???`, a value that is still to be given", Place(node));
            return null;
        }
        string text = resolved.Content.ToString();
        if (text.Length == 0)
            return null;
        return ReferenceEquals(resolved, node) ? ScalarExcerpt.Of(text, node.At) : Excerpt.Computed(text, node.At);
    }

    /// <summary>
    /// The node itself, or what its interpolation leads to. Null when it leads nowhere, which is the fault of this job only and is reported when
    /// the job is used: a variable of the cluster need not be set here.
    /// </summary>
    private ConfigNode? Resolve(ConfigNode node)
    {
        ConfigNode? resolved = _resolution.Dereference(node, out Diagnostic? error);
        if (error is not null)
            _unresolved.Add(error);
        return resolved;
    }

    private static string Describe(ConfigNode node) => node switch
    {
        { IsNull: true } => "nothing",
        DictConfig => "a map",
        ListConfig => "a list",
        _ => Describe(node.Content),
    };

    private static string Describe(Scalar scalar) => scalar.Kind switch
    {
        ScalarKind.Null => "nothing",
        ScalarKind.Bool => $"the boolean `{scalar}`",
        ScalarKind.Int or ScalarKind.Float => $"the number `{scalar}`",
        _ => $"the text `{scalar}`",
    };

    /// <summary>The value, or the key when nothing is written behind it.</summary>
    private static Span Place(ConfigNode node) => node.At.Length > 0 || node.KeyAt.Source is null ? node.At : node.KeyAt;
}
