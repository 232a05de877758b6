using System.Text.Json;

namespace Weft.Conformance.Areas;

internal static class HydraFlowArea
{
    public static readonly IReadOnlyDictionary<string, Func<JsonElement, IEnumerable<CaseResult>>> Files =
        new Dictionary<string, Func<JsonElement, IEnumerable<CaseResult>>>
        {
            ["analysis"] = HydraFlowAnalysis.Judge,
            ["values"] = HydraFlowSyntax.Judge,
            ["lines"] = HydraFlowSyntax.Judge,
            ["multiline"] = HydraFlowSyntax.Judge,
            ["sets"] = HydraFlowSyntax.Judge,
            ["helpers"] = HydraFlowSyntax.Judge,
            ["errors"] = HydraFlowSyntax.Judge,
            ["cli"] = HydraFlowCli.Judge,
            ["jobs"] = HydraFlowJobs.Judge,
            ["legacy-jobs-0.10"] = HydraFlowJobs.Judge,
            ["legacy-jobs-0.11"] = HydraFlowJobs.Judge,
            ["legacy-jobs-0.15"] = HydraFlowJobs.Judge,
            ["legacy-syntax-0.15"] = HydraFlowSyntax.JudgeLegacy,
        };
}
