using Weft.Server.GraphQl;
using Weft.Server.Http;
using Weft.Server.Otlp;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary>
/// Every path the server answers. A path under <c>api/</c> is answered under <c>ajax-api/</c>, too, which is what web pages call.
/// </summary>
internal static class Routes
{
    /// <summary>The level of MLflow's API that clients may expect. From 3.4 on they send the spans of traces to <c>/v1/traces</c>.</summary>
    public const string ApiLevel = "3.11.0";

    private const string V2 = "api/2.0/mlflow/";
    private const string V3 = "api/3.0/mlflow/";
    private const string Proxy = "api/2.0/mlflow-artifacts/";

    public static readonly Route[] All =
    [
        new("GET", "health", call => call.TextAsync("OK")),
        new("GET", "healthz", call => call.TextAsync("OK")),
        new("GET", "metrics", call => call.SendAsync("text/plain; version=0.0.4; charset=utf-8", call.Application.Counts.Print(), 200)),
        new("GET", "version", call => call.TextAsync(ApiLevel)),
        new("GET", V3 + "server-info", ServerInfoAsync),

        new("POST", V2 + "experiments/create", ExperimentRoutes.CreateAsync),
        new("GET", V2 + "experiments/get", ExperimentRoutes.GetAsync),
        new("GET", V2 + "experiments/get-by-name", ExperimentRoutes.GetByNameAsync),
        new("GET", V2 + "experiments/search", ExperimentRoutes.SearchAsync),
        new("POST", V2 + "experiments/search", ExperimentRoutes.SearchAsync),
        new("POST", V2 + "experiments/update", ExperimentRoutes.UpdateAsync),
        new("POST", V2 + "experiments/delete", ExperimentRoutes.DeleteAsync),
        new("POST", V2 + "experiments/restore", ExperimentRoutes.RestoreAsync),
        new("POST", V2 + "experiments/set-experiment-tag", ExperimentRoutes.SetLabelAsync),
        new("POST", V2 + "experiments/delete-experiment-tag", ExperimentRoutes.DeleteLabelAsync),
        new("POST", V2 + "experiments/search-datasets", ExperimentRoutes.SearchDatasetsAsync),

        new("POST", V2 + "runs/create", RunRoutes.CreateAsync),
        new("GET", V2 + "runs/get", RunRoutes.GetAsync),
        new("POST", V2 + "runs/update", RunRoutes.UpdateAsync),
        new("POST", V2 + "runs/delete", RunRoutes.DeleteAsync),
        new("POST", V2 + "runs/restore", RunRoutes.RestoreAsync),
        new("POST", V2 + "runs/search", RunRoutes.SearchAsync),
        new("POST", V2 + "runs/log-metric", RunRoutes.LogMetricAsync),
        new("POST", V2 + "runs/log-parameter", RunRoutes.LogParamAsync),
        new("POST", V2 + "runs/set-tag", RunRoutes.SetLabelAsync),
        new("POST", V2 + "runs/delete-tag", RunRoutes.DeleteLabelAsync),
        new("POST", V2 + "runs/log-batch", RunRoutes.LogBatchAsync),
        new("POST", V2 + "runs/log-model", RunRoutes.LogModelAsync),
        new("POST", V2 + "runs/log-inputs", RunRoutes.LogInputsAsync),
        new("POST", V2 + "runs/outputs", RunRoutes.LogOutputsAsync),

        new("GET", V2 + "metrics/get-history", MetricRoutes.HistoryAsync),
        new("GET", V2 + "metrics/get-history-bulk", MetricRoutes.BulkAsync),
        new("GET", V2 + "metrics/get-history-bulk-interval", MetricRoutes.IntervalAsync),

        new("GET", V2 + "artifacts/list", ArtifactRoutes.ListAsync),
        new("GET", Proxy + "artifacts", ArtifactRoutes.ProxyListAsync),
        new("GET", Proxy + "artifacts/{*}", ArtifactRoutes.ProxyGetAsync),
        new("PUT", Proxy + "artifacts/{*}", ArtifactRoutes.ProxyPutAsync),
        new("DELETE", Proxy + "artifacts/{*}", ArtifactRoutes.ProxyDeleteAsync),
        new("POST", Proxy + "mpu/create/{*}", NotImplementedAsync),
        new("POST", Proxy + "mpu/complete/{*}", NotImplementedAsync),
        new("POST", Proxy + "mpu/abort/{*}", NotImplementedAsync),
        new("GET", Proxy + "presigned/{*}", NotImplementedAsync),
        new("POST", V2 + "upload-artifact", ArtifactRoutes.UploadAsync),
        new("POST", "graphql", GraphQlRoutes.AnswerAsync),
        new("GET", "get-artifact", ArtifactRoutes.GetRunFileAsync),
        new("GET", "model-versions/get-artifact", RegistryRoutes.GetFileAsync),

        new("POST", V2 + "registered-models/create", RegistryRoutes.CreateAsync),
        new("GET", V2 + "registered-models/get", RegistryRoutes.GetAsync),
        new("PATCH", V2 + "registered-models/update", RegistryRoutes.UpdateAsync),
        new("POST", V2 + "registered-models/rename", RegistryRoutes.RenameAsync),
        new("DELETE", V2 + "registered-models/delete", RegistryRoutes.DeleteAsync),
        new("GET", V2 + "registered-models/search", RegistryRoutes.SearchAsync),
        new("GET", V2 + "registered-models/get-latest-versions", RegistryRoutes.LatestVersionsAsync),
        new("POST", V2 + "registered-models/get-latest-versions", RegistryRoutes.LatestVersionsAsync),
        new("POST", V2 + "registered-models/set-tag", RegistryRoutes.SetLabelAsync),
        new("DELETE", V2 + "registered-models/delete-tag", RegistryRoutes.DeleteLabelAsync),
        new("POST", V2 + "registered-models/alias", RegistryRoutes.SetAliasAsync),
        new("DELETE", V2 + "registered-models/alias", RegistryRoutes.DeleteAliasAsync),
        new("GET", V2 + "registered-models/alias", RegistryRoutes.GetByAliasAsync),
        new("POST", V2 + "model-versions/create", RegistryRoutes.CreateVersionAsync),
        new("GET", V2 + "model-versions/get", RegistryRoutes.GetVersionAsync),
        new("PATCH", V2 + "model-versions/update", RegistryRoutes.UpdateVersionAsync),
        new("DELETE", V2 + "model-versions/delete", RegistryRoutes.DeleteVersionAsync),
        new("GET", V2 + "model-versions/search", RegistryRoutes.SearchVersionsAsync),
        new("GET", V2 + "model-versions/get-download-uri", RegistryRoutes.DownloadUriAsync),
        new("POST", V2 + "model-versions/transition-stage", RegistryRoutes.TransitionAsync),
        new("POST", V2 + "model-versions/set-tag", RegistryRoutes.SetVersionLabelAsync),
        new("DELETE", V2 + "model-versions/delete-tag", RegistryRoutes.DeleteVersionLabelAsync),

        new("POST", V2 + "logged-models", LoggedModelRoutes.CreateAsync),
        new("POST", V2 + "logged-models/search", LoggedModelRoutes.SearchAsync),
        new("GET", V2 + "logged-models/{}", LoggedModelRoutes.GetAsync),
        new("DELETE", V2 + "logged-models/{}", LoggedModelRoutes.DeleteAsync),
        new("PATCH", V2 + "logged-models/{}", LoggedModelRoutes.FinalizeAsync),
        new("PATCH", V2 + "logged-models/{}/tags", LoggedModelRoutes.SetLabelsAsync),
        new("DELETE", V2 + "logged-models/{}/tags/{}", LoggedModelRoutes.DeleteLabelAsync),
        new("POST", V2 + "logged-models/{}/params", LoggedModelRoutes.LogParamsAsync),
        new("GET", V2 + "logged-models/{}/artifacts/directories", LoggedModelRoutes.ListFilesAsync),
        new("GET", V2 + "logged-models/{}/artifacts/files", LoggedModelRoutes.GetFileAsync),

        new("POST", V3 + "traces", TraceRoutes.StartAsync),
        new("POST", V3 + "traces/search", TraceRoutes.SearchAsync),
        new("POST", V3 + "traces/delete-traces", TraceRoutes.DeleteAsync),
        new("GET", V3 + "traces/get", TraceRoutes.GetWholeAsync),
        new("GET", V3 + "traces/batchGet", TraceRoutes.GetBatchAsync),
        new("GET", V3 + "traces/batchGetInfos", TraceRoutes.GetInfosAsync),
        new("POST", V3 + "traces/calculate-filter-correlation", TraceRoutes.CorrelateAsync),
        new("GET", V2 + "get-trace-artifact", TraceRoutes.GetFileAsync),
        new("GET", V3 + "get-trace-artifact", TraceRoutes.GetFileAsync),
        new("POST", "v1/traces", OtlpRoutes.ExportAsync),
        new("POST", V3 + "traces/{}/assessments", AssessmentRoutes.CreateAsync),
        new("GET", V3 + "traces/{}/assessments/{}", AssessmentRoutes.GetAsync),
        new("PATCH", V3 + "traces/{}/assessments/{}", AssessmentRoutes.UpdateAsync),
        new("DELETE", V3 + "traces/{}/assessments/{}", AssessmentRoutes.DeleteAsync),
        new("GET", V3 + "traces/{}", TraceRoutes.GetAsync),
        new("PATCH", V3 + "traces/{}/tags", TraceRoutes.SetLabelAsync),
        new("DELETE", V3 + "traces/{}/tags", TraceRoutes.DeleteLabelAsync),
        new("POST", V2 + "traces", TraceRoutes.StartOldAsync),
        new("GET", V2 + "traces", TraceRoutes.SearchOldAsync),
        new("POST", V2 + "traces/delete-traces", TraceRoutes.DeleteAsync),
        new("POST", V2 + "traces/link-to-run", TraceRoutes.LinkAsync),
        new("POST", V3 + "traces/link-to-run", TraceRoutes.LinkAsync),
        new("POST", V2 + "traces/link-prompts", NotImplementedAsync),
        new("POST", V3 + "traces/metrics", NotImplementedAsync),
        new("GET", V2 + "unified-traces", NotImplementedAsync),
        new("POST", V2 + "get-online-trace-details", NotImplementedAsync),
        new("PATCH", V2 + "traces/{}", TraceRoutes.EndOldAsync),
        new("GET", V2 + "traces/{}/info", TraceRoutes.GetOldAsync),
        new("PATCH", V2 + "traces/{}/tags", TraceRoutes.SetLabelAsync),
        new("DELETE", V2 + "traces/{}/tags", TraceRoutes.DeleteLabelAsync),

        new("POST", V2 + "artifacts/presigned-upload-url", NotImplementedAsync),
        new("POST", V2 + "runs/create-promptlab-run", NotImplementedAsync),
        new("GET", V3 + "ui-telemetry", NotImplementedAsync),
        new("POST", V3 + "ui-telemetry", NotImplementedAsync),
        new("GET", V2 + "gateway-proxy", NoGatewayAsync),
        new("POST", V2 + "gateway-proxy", NoGatewayAsync),
        new("POST", V3 + "artifacts/presigned-upload-url", NotImplementedAsync),
        .. NotImplemented("datasets", "scorers", "issues", "gateway", "workspaces", "webhooks", "jobs", "prompt-optimization"),
    ];

    /// <summary>Whole groups of newer servers that are left out, under every verb.</summary>
    private static IEnumerable<Route> NotImplemented(params IEnumerable<string> groups)
    {
        foreach (string group in groups)
        {
            foreach (string version in new[] { V2, V3 })
            {
                foreach (string verb in new[] { "GET", "POST", "PATCH", "PUT", "DELETE" })
                {
                    yield return new Route(verb, $"{version}{group}", NotImplementedAsync);
                    yield return new Route(verb, $"{version}{group}/{{*}}", NotImplementedAsync);
                }
            }
        }
    }

    private static ValueTask ServerInfoAsync(Call call) => call.AnswerAsync(json =>
    {
        json.WriteString("store_type"u8, "SqlStore"u8);
        json.WriteBoolean("workspaces_enabled"u8, false);
    });

    /// <summary>What MLflow's own server answers when it has no gateway behind it.</summary>
    private static ValueTask NoGatewayAsync(Call call) => call.AnswerAsync(json =>
    {
        json.WriteStartArray("endpoints"u8);
        json.WriteEndArray();
    });

    private static ValueTask NotImplementedAsync(Call call) =>
        throw new TrackingException(TrackingError.NotImplemented, $"{call.Http.Request.Method} {call.Path} is not implemented by this server");
}
