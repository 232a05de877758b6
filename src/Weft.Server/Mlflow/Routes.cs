using Weft.Records;
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
        new("GET", "health", call => call.TextAsync("OK"), Guards.Anyone),
        new("GET", "healthz", ReadyAsync, Guards.Anyone),
        new("GET", "metrics", call => call.SendAsync("text/plain; version=0.0.4; charset=utf-8", call.Application.Counts.Print(call.Application.Uptime), 200)),
        new("GET", "version", call => call.TextAsync(ApiLevel), Guards.Anyone),
        new("GET", V3 + "server-info", ServerInfoAsync, Guards.Anyone),

        new("POST", V2 + "experiments/create", ExperimentRoutes.CreateAsync, Guards.Anyone),
        new("GET", V2 + "experiments/get", ExperimentRoutes.GetAsync, Guards.Experiment(Permission.Read)),
        new("GET", V2 + "experiments/get-by-name", ExperimentRoutes.GetByNameAsync, Guards.ExperimentByName(Permission.Read)),
        new("GET", V2 + "experiments/search", ExperimentRoutes.SearchAsync, Guards.Anyone),
        new("POST", V2 + "experiments/search", ExperimentRoutes.SearchAsync, Guards.Anyone),
        new("POST", V2 + "experiments/update", ExperimentRoutes.UpdateAsync, Guards.Experiment(Permission.Edit)),
        new("POST", V2 + "experiments/delete", ExperimentRoutes.DeleteAsync, Guards.Experiment(Permission.Manage)),
        new("POST", V2 + "experiments/restore", ExperimentRoutes.RestoreAsync, Guards.Experiment(Permission.Manage)),
        new("POST", V2 + "experiments/set-experiment-tag", ExperimentRoutes.SetLabelAsync, Guards.Experiment(Permission.Edit)),
        new("POST", V2 + "experiments/delete-experiment-tag", ExperimentRoutes.DeleteLabelAsync, Guards.Experiment(Permission.Edit)),
        new("POST", V2 + "experiments/search-datasets", ExperimentRoutes.SearchDatasetsAsync, Guards.Anyone),

        new("POST", V2 + "runs/create", RunRoutes.CreateAsync, Guards.Experiment(Permission.Edit)),
        new("GET", V2 + "runs/get", RunRoutes.GetAsync, Guards.Run(Permission.Read)),
        new("POST", V2 + "runs/update", RunRoutes.UpdateAsync, Guards.Run(Permission.Edit)),
        new("POST", V2 + "runs/delete", RunRoutes.DeleteAsync, Guards.Run(Permission.Manage)),
        new("POST", V2 + "runs/restore", RunRoutes.RestoreAsync, Guards.Run(Permission.Manage)),
        new("POST", V2 + "runs/search", RunRoutes.SearchAsync, Guards.Anyone),
        new("POST", V2 + "runs/log-metric", RunRoutes.LogMetricAsync, Guards.Run(Permission.Edit)),
        new("POST", V2 + "runs/log-parameter", RunRoutes.LogParamAsync, Guards.Run(Permission.Edit)),
        new("POST", V2 + "runs/set-tag", RunRoutes.SetLabelAsync, Guards.Run(Permission.Edit)),
        new("POST", V2 + "runs/delete-tag", RunRoutes.DeleteLabelAsync, Guards.Run(Permission.Edit)),
        new("POST", V2 + "runs/log-batch", RunRoutes.LogBatchAsync, Guards.Run(Permission.Edit)),
        new("POST", V2 + "runs/log-model", RunRoutes.LogModelAsync, Guards.Run(Permission.Edit)),
        new("POST", V2 + "runs/log-inputs", RunRoutes.LogInputsAsync, Guards.Run(Permission.Edit)),
        new("POST", V2 + "runs/outputs", RunRoutes.LogOutputsAsync, Guards.Run(Permission.Edit)),

        new("GET", V2 + "metrics/get-history", MetricRoutes.HistoryAsync, Guards.Run(Permission.Read)),
        new("GET", V2 + "metrics/get-history-bulk", MetricRoutes.BulkAsync, Guards.Runs("run_id", Permission.Read)),
        new("GET", V2 + "metrics/get-history-bulk-interval", MetricRoutes.IntervalAsync, Guards.Runs("run_ids", Permission.Read)),

        new("GET", V2 + "artifacts/list", ArtifactRoutes.ListAsync, Guards.Run(Permission.Read)),
        new("GET", Proxy + "artifacts", ArtifactRoutes.ProxyListAsync, Guards.Files(Permission.Read)),
        new("GET", Proxy + "artifacts/{*}", ArtifactRoutes.ProxyGetAsync, Guards.Files(Permission.Read)),
        new("PUT", Proxy + "artifacts/{*}", ArtifactRoutes.ProxyPutAsync, Guards.Files(Permission.Edit)),
        new("DELETE", Proxy + "artifacts/{*}", ArtifactRoutes.ProxyDeleteAsync, Guards.Files(Permission.Manage)),
        new("POST", Proxy + "mpu/create/{*}", DirectRoutes.BeginAsync, Guards.Files(Permission.Edit)),
        new("POST", Proxy + "mpu/complete/{*}", DirectRoutes.CompleteAsync, Guards.Files(Permission.Edit)),
        new("POST", Proxy + "mpu/abort/{*}", DirectRoutes.AbortAsync, Guards.Files(Permission.Edit)),
        new("GET", Proxy + "presigned/{*}", DirectRoutes.ReadLinkAsync, Guards.Files(Permission.Read)),
        new("POST", V2 + "upload-artifact", ArtifactRoutes.UploadAsync, Guards.RunOfQuery(Permission.Edit)),
        new("POST", "graphql", GraphQlRoutes.AnswerAsync, Guards.Anyone),
        new("GET", "get-artifact", ArtifactRoutes.GetRunFileAsync, Guards.Run(Permission.Read)),
        new("GET", "model-versions/get-artifact", RegistryRoutes.GetFileAsync, Guards.Model(Permission.Read)),

        new("POST", V2 + "registered-models/create", RegistryRoutes.CreateAsync, Guards.Anyone),
        new("GET", V2 + "registered-models/get", RegistryRoutes.GetAsync, Guards.Model(Permission.Read)),
        new("PATCH", V2 + "registered-models/update", RegistryRoutes.UpdateAsync, Guards.Model(Permission.Edit)),
        new("POST", V2 + "registered-models/rename", RegistryRoutes.RenameAsync, Guards.Model(Permission.Edit)),
        new("DELETE", V2 + "registered-models/delete", RegistryRoutes.DeleteAsync, Guards.Model(Permission.Manage)),
        new("GET", V2 + "registered-models/search", RegistryRoutes.SearchAsync, Guards.Anyone),
        new("GET", V2 + "registered-models/get-latest-versions", RegistryRoutes.LatestVersionsAsync, Guards.Model(Permission.Read)),
        new("POST", V2 + "registered-models/get-latest-versions", RegistryRoutes.LatestVersionsAsync, Guards.Model(Permission.Read)),
        new("POST", V2 + "registered-models/set-tag", RegistryRoutes.SetLabelAsync, Guards.Model(Permission.Edit)),
        new("DELETE", V2 + "registered-models/delete-tag", RegistryRoutes.DeleteLabelAsync, Guards.Model(Permission.Edit)),
        new("POST", V2 + "registered-models/alias", RegistryRoutes.SetAliasAsync, Guards.Model(Permission.Edit)),
        new("DELETE", V2 + "registered-models/alias", RegistryRoutes.DeleteAliasAsync, Guards.Model(Permission.Edit)),
        new("GET", V2 + "registered-models/alias", RegistryRoutes.GetByAliasAsync, Guards.Model(Permission.Read)),
        new("POST", V2 + "model-versions/create", RegistryRoutes.CreateVersionAsync, Guards.Model(Permission.Edit)),
        new("GET", V2 + "model-versions/get", RegistryRoutes.GetVersionAsync, Guards.Model(Permission.Read)),
        new("PATCH", V2 + "model-versions/update", RegistryRoutes.UpdateVersionAsync, Guards.Model(Permission.Edit)),
        new("DELETE", V2 + "model-versions/delete", RegistryRoutes.DeleteVersionAsync, Guards.Model(Permission.Manage)),
        new("GET", V2 + "model-versions/search", RegistryRoutes.SearchVersionsAsync, Guards.Anyone),
        new("GET", V2 + "model-versions/get-download-uri", RegistryRoutes.DownloadUriAsync, Guards.Model(Permission.Read)),
        new("POST", V2 + "model-versions/transition-stage", RegistryRoutes.TransitionAsync, Guards.Model(Permission.Edit)),
        new("POST", V2 + "model-versions/set-tag", RegistryRoutes.SetVersionLabelAsync, Guards.Model(Permission.Edit)),
        new("DELETE", V2 + "model-versions/delete-tag", RegistryRoutes.DeleteVersionLabelAsync, Guards.Model(Permission.Edit)),

        new("POST", V2 + "logged-models", LoggedModelRoutes.CreateAsync, Guards.Experiment(Permission.Edit)),
        new("POST", V2 + "logged-models/search", LoggedModelRoutes.SearchAsync, Guards.Anyone),
        new("GET", V2 + "logged-models/{}", LoggedModelRoutes.GetAsync, Guards.LoggedModel(Permission.Read)),
        new("DELETE", V2 + "logged-models/{}", LoggedModelRoutes.DeleteAsync, Guards.LoggedModel(Permission.Manage)),
        new("PATCH", V2 + "logged-models/{}", LoggedModelRoutes.FinalizeAsync, Guards.LoggedModel(Permission.Edit)),
        new("PATCH", V2 + "logged-models/{}/tags", LoggedModelRoutes.SetLabelsAsync, Guards.LoggedModel(Permission.Edit)),
        new("DELETE", V2 + "logged-models/{}/tags/{}", LoggedModelRoutes.DeleteLabelAsync, Guards.LoggedModel(Permission.Edit)),
        new("POST", V2 + "logged-models/{}/params", LoggedModelRoutes.LogParamsAsync, Guards.LoggedModel(Permission.Edit)),
        new("GET", V2 + "logged-models/{}/artifacts/directories", LoggedModelRoutes.ListFilesAsync, Guards.LoggedModel(Permission.Read)),
        new("GET", V2 + "logged-models/{}/artifacts/files", LoggedModelRoutes.GetFileAsync, Guards.LoggedModel(Permission.Read)),

        new("POST", V3 + "traces", TraceRoutes.StartAsync, Guards.NewTrace),
        new("POST", V3 + "traces/search", TraceRoutes.SearchAsync, Guards.Anyone),
        new("POST", V3 + "traces/delete-traces", TraceRoutes.DeleteAsync, Guards.Experiment(Permission.Manage)),
        new("GET", V3 + "traces/get", TraceRoutes.GetWholeAsync, Guards.Traces(Permission.Read, "trace_id")),
        new("GET", V3 + "traces/batchGet", TraceRoutes.GetBatchAsync, Guards.Traces(Permission.Read, "trace_ids")),
        new("GET", V3 + "traces/batchGetInfos", TraceRoutes.GetInfosAsync, Guards.Traces(Permission.Read, "trace_ids")),
        new("POST", V3 + "traces/batchGetInfos", TraceRoutes.GetInfosAsync, Guards.Traces(Permission.Read, "trace_ids")),
        new("POST", V3 + "traces/calculate-filter-correlation", TraceRoutes.CorrelateAsync, Guards.Anyone),
        new("GET", V2 + "get-trace-artifact", TraceRoutes.GetFileAsync, Guards.Traces(Permission.Read, "request_id", "trace_id")),
        new("GET", V3 + "get-trace-artifact", TraceRoutes.GetFileAsync, Guards.Traces(Permission.Read, "request_id", "trace_id")),
        new("POST", "v1/traces", OtlpRoutes.ExportAsync, Guards.Spans),
        new("POST", V3 + "traces/{}/assessments", AssessmentRoutes.CreateAsync, Guards.Trace(Permission.Edit)),
        new("GET", V3 + "traces/{}/assessments/{}", AssessmentRoutes.GetAsync, Guards.Trace(Permission.Read)),
        new("PATCH", V3 + "traces/{}/assessments/{}", AssessmentRoutes.UpdateAsync, Guards.Trace(Permission.Edit)),
        new("DELETE", V3 + "traces/{}/assessments/{}", AssessmentRoutes.DeleteAsync, Guards.Trace(Permission.Edit)),
        new("GET", V3 + "traces/{}", TraceRoutes.GetAsync, Guards.Trace(Permission.Read)),
        new("PATCH", V3 + "traces/{}/tags", TraceRoutes.SetLabelAsync, Guards.Trace(Permission.Edit)),
        new("DELETE", V3 + "traces/{}/tags", TraceRoutes.DeleteLabelAsync, Guards.Trace(Permission.Edit)),
        new("POST", V2 + "traces", TraceRoutes.StartOldAsync, Guards.Experiment(Permission.Edit)),
        new("GET", V2 + "traces", TraceRoutes.SearchOldAsync, Guards.Anyone),
        new("POST", V2 + "traces/delete-traces", TraceRoutes.DeleteAsync, Guards.Experiment(Permission.Manage)),
        new("POST", V2 + "traces/link-to-run", TraceRoutes.LinkAsync, Guards.Run(Permission.Edit)),
        new("POST", V3 + "traces/link-to-run", TraceRoutes.LinkAsync, Guards.Run(Permission.Edit)),
        new("POST", V2 + "traces/link-prompts", TraceRoutes.LinkPromptsAsync, Guards.Traces(Permission.Edit, "trace_id")),
        new("POST", V3 + "traces/link-prompts", TraceRoutes.LinkPromptsAsync, Guards.Traces(Permission.Edit, "trace_id")),
        new("POST", V3 + "traces/metrics", NotImplementedAsync, Guards.Anyone),
        new("GET", V2 + "unified-traces", NotImplementedAsync, Guards.Anyone),
        new("GET", V2 + "get-online-trace-details", NotImplementedAsync, Guards.Anyone),
        new("POST", V2 + "get-online-trace-details", NotImplementedAsync, Guards.Anyone),
        new("PATCH", V2 + "traces/{}", TraceRoutes.EndOldAsync, Guards.Trace(Permission.Edit)),
        new("GET", V2 + "traces/{}/info", TraceRoutes.GetOldAsync, Guards.Trace(Permission.Read)),
        new("PATCH", V2 + "traces/{}/tags", TraceRoutes.SetLabelAsync, Guards.Trace(Permission.Edit)),
        new("DELETE", V2 + "traces/{}/tags", TraceRoutes.DeleteLabelAsync, Guards.Trace(Permission.Edit)),

        new("POST", V2 + "artifacts/presigned-upload-url", DirectRoutes.WriteLinkAsync, Guards.Run(Permission.Edit)),
        new("POST", V3 + "artifacts/presigned-upload-url", DirectRoutes.WriteLinkAsync, Guards.Run(Permission.Edit)),
        new("POST", V2 + "runs/create-promptlab-run", NotImplementedAsync, Guards.Anyone),
        new("GET", V3 + "ui-telemetry", NotImplementedAsync, Guards.Anyone),
        new("POST", V3 + "ui-telemetry", NotImplementedAsync, Guards.Anyone),
        new("GET", V2 + "gateway-proxy", NoGatewayAsync, Guards.Anyone),
        new("POST", V2 + "gateway-proxy", NoGatewayAsync, Guards.Anyone),
        new("POST", V2 + "users/create", AccountRoutes.CreateAsync),
        new("GET", V2 + "users/get", AccountRoutes.GetAsync, Guards.Anyone),
        new("GET", V2 + "users/current", AccountRoutes.GetCurrentAsync, Guards.Anyone),
        new("GET", V2 + "users/list", AccountRoutes.ListAsync),
        new("PATCH", V2 + "users/update-password", AccountRoutes.SetPasswordAsync, Guards.Anyone),
        new("PATCH", V2 + "users/update-admin", AccountRoutes.SetAdminAsync),
        new("DELETE", V2 + "users/delete", AccountRoutes.DeleteAsync),
        .. Permissions("experiments/permissions/", "experiment", Guards.Experiment(Permission.Manage)),
        .. Permissions("registered-models/permissions/", "model", Guards.Model(Permission.Manage)),
        .. NotImplemented(V2 + "webhooks"),
        .. NotImplemented([.. LeftOut.Select(group => V3 + group)]),
        .. NotImplemented("api/3.0/jobs"),
    ];

    /// <summary>Groups of newer servers that are left out, below <see cref="V3"/>.</summary>
    private static IEnumerable<string> LeftOut =>
        ["datasets", "demo", "gateway", "genai", "issues", "jobs", "prompt-optimization", "roles", "scorer", "scorers", "workspaces"];

    /// <summary>What the route of a handler asks of its callers.</summary>
    public static Guard? GuardOf(Handler handler) => All.FirstOrDefault(route => route.Handle == handler)?.Guard;

    private static IEnumerable<Route> Permissions(string path, string kind, Guard guard) =>
    [
        new("POST", V2 + path + "create", AccountRoutes.Grant(kind, isNew: true), guard),
        new("GET", V2 + path + "get", AccountRoutes.Get(kind), guard),
        new("PATCH", V2 + path + "update", AccountRoutes.Grant(kind, isNew: false), guard),
        new("DELETE", V2 + path + "delete", AccountRoutes.Revoke(kind), guard),
    ];

    /// <summary>Whole groups of paths, under every verb.</summary>
    private static IEnumerable<Route> NotImplemented(params IEnumerable<string> groups)
    {
        foreach (string group in groups)
        {
            foreach (string verb in new[] { "GET", "POST", "PATCH", "PUT", "DELETE" })
            {
                yield return new Route(verb, group, NotImplementedAsync, Guards.Anyone);
                yield return new Route(verb, group + "/{*}", NotImplementedAsync, Guards.Anyone);
            }
        }
    }

    /// <summary>Whether the records can be read.</summary>
    private static ValueTask ReadyAsync(Call call)
    {
        try
        {
            call.Store.Experiments.Find(0);
            return call.TextAsync("OK");
        }
        catch (DatabaseException unusable)
        {
            return call.TextAsync(unusable.Message, 503);
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
