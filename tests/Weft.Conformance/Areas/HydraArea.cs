using System.Text.Json;

namespace Weft.Conformance.Areas;

internal static class HydraArea
{
    public static readonly IReadOnlyDictionary<string, Func<JsonElement, IEnumerable<CaseResult>>> Files =
        new Dictionary<string, Func<JsonElement, IEnumerable<CaseResult>>>
        {
            ["omegaconf"] = HydraOmegaConf.Judge,
            ["overrides"] = HydraOverrides.Judge,
        };
}
