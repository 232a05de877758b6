using System.Text.Json;

namespace Weft.Conformance.Areas;

internal static class HydraArea
{
    public static readonly IReadOnlyDictionary<string, Func<JsonElement, IEnumerable<CaseResult>>> Files =
        new Dictionary<string, Func<JsonElement, IEnumerable<CaseResult>>>
        {
            ["cli"] = HydraCli.Judge,
            ["compose"] = HydraCompose.Judge,
            ["omegaconf"] = HydraOmegaConf.Judge,
            ["overrides"] = HydraOverrides.Judge,
            ["sweeps"] = HydraSweeps.Judge,
        };
}
