using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>The part of a composition that somebody wants to see.</summary>
/// <param name="Node">What is shown.</param>
/// <param name="Package">The package that it was cut out of; null for the whole.</param>
internal sealed record ConfigView(ConfigNode Node, string? Package)
{
    /// <summary>
    /// The <c>job</c>'s configuration, the <c>hydra</c> node without its help texts, or <c>all</c>; from one package on.
    /// </summary>
    /// <param name="isResolved">Values in place of interpolations. Those that fail are diagnosed, all of them.</param>
    /// <returns>Null when there is no such package, or an interpolation fails; diagnostics say why.</returns>
    public static ConfigView? Of(Composition composition, string part, string? package, bool isResolved, Diagnostics diagnostics)
    {
        DictConfig whole = part switch
        {
            "job" => composition.Job,
            "hydra" => HydraOnly(composition),
            _ => composition.Config,
        };
        if (package is "" or "_global_")
            package = null;
        ConfigNode? shown = package is null ? whole : Below(whole, package, composition, diagnostics);
        if (shown is null)
            return null;
        if (isResolved)
            shown = composition.JobResolution.Resolve(shown, diagnostics);
        return shown is null ? null : new ConfigView(shown, package);
    }

    /// <summary>The <c>hydra</c> node under its key, without the parts that only help uses.</summary>
    internal static DictConfig HydraOnly(Composition composition)
    {
        var hydra = (DictConfig)composition.Hydra.Copy();
        hydra.Remove(Scalar.Of("hydra_help"));
        hydra.Remove(Scalar.Of("help"));
        var root = new DictConfig();
        root.Put("hydra", hydra);
        return root;
    }

    /// <summary>As Hydra's <c>--cfg</c> prints it: YAML behind a header that names the package; a single value alone.</summary>
    public string ToYaml()
    {
        if (Package is null)
            return ConfigWriter.ToYaml(Node);
        return Node is ValueNode ? PythonText.Str(Node) + "\n" : $"# @package {Package}\n{ConfigWriter.ToYaml(Node)}";
    }

    private static ConfigNode? Below(DictConfig whole, string package, Composition composition, Diagnostics diagnostics)
    {
        Selected selected = composition.JobResolution.Select(whole, package);
        if (selected is { Error: null, Node: { } node })
            return node;
        string? hint = selected is { Container: DictConfig container, Key: { } key } ? Suggest.HintOrList(key, [.. container.Keys.Select(other => other.ToString())], "keys there") : null;
        diagnostics.Add(selected.Error ?? new Diagnostic("arguments/package", $"there is no package `{package}` in the configuration") { Hint = hint });
        return null;
    }
}
