using System.Text.Json;

namespace Weft.Server.Tests;

/// <summary>The queries of MLflow's web pages.</summary>
public sealed class GraphQlTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task An_experiment_is_asked_for_by_its_fields()
    {
        Assert.Equal(
            """{"data":{"e":{"experiment":{"name":"Default","experimentId":"0","lifecycleStage":"active","tags":[]},"apiError":null}},"errors":null}""",
            await Ask("query q { e: mlflowGetExperiment(input: {experimentId: \"0\"}) { experiment { name experimentId, lifecycleStage tags { key } } apiError { code message } } }"));
    }

    [Fact]
    public async Task A_run_holds_its_experiment_its_versions_and_its_values_as_protobuf_has_them()
    {
        string run = await _server.NewRun();
        await _server.Post("runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":1.5,"timestamp":7,"step":3}""");
        await _server.Post("runs/log-metric", $$"""{"run_id":"{{run}}","key":"n","value":"NaN","timestamp":7}""");
        await _server.Post("registered-models/create", """{"name":"reg"}""");
        await _server.Post("model-versions/create", $$"""{"name":"reg","source":"mlflow-artifacts:/x","run_id":"{{run}}"}""");
        Assert.Equal(
            """{"data":{"mlflowGetRun":{"run":{"info":{"status":"RUNNING","startTime":"1","endTime":"0","userId":""},"experiment":{"name":"Default"},"modelVersions":[{"name":"reg","version":"1","status":"READY"}],"data":{"metrics":[{"key":"m","value":1.5,"timestamp":"7","step":"3"},{"key":"n","value":null,"timestamp":"7","step":"0"}],"params":[]},"inputs":{"datasetInputs":[]},"outputs":{"modelOutputs":[]}}}},"errors":null}""",
            await Ask("""
                query GetRun($id: String!) @component(name: "Page") {
                  mlflowGetRun(input: {runId: $id}) {
                    run {
                      info { status startTime endTime userId }
                      experiment { name }
                      modelVersions { ...version }
                      data { metrics { key value timestamp step } params { key } }   # a comment
                      ... on MlflowRun { inputs { datasetInputs { dataset { name } } } outputs { modelOutputs { modelId } } }
                    }
                  }
                }
                fragment version on MlflowModelVersion { name version status }
                """, $$"""{"id":"{{run}}"}"""));
    }

    [Fact]
    public async Task Runs_files_and_points_are_searched()
    {
        string run = await _server.NewRun();
        await _server.Post("runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":2,"timestamp":7,"step":3}""");
        await _server.Send("PUT", $"/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/d/a.txt", "abc");
        Assert.Equal($$$"""{"data":{"mlflowSearchRuns":{"runs":[{"info":{"runId":"{{{run}}}"}}]}},"errors":null}""",
            await Ask("mutation m { mlflowSearchRuns(input: {experimentIds: [\"0\"], maxResults: 5, runViewType: ACTIVE_ONLY, orderBy: null}) { runs { info { runId } } } }"));
        Assert.Equal("""{"data":{"mlflowListArtifacts":{"files":[{"path":"d","isDir":true,"fileSize":"0"}]}},"errors":null}""",
            await Ask($$"""{ mlflowListArtifacts(input: {runId: "{{run}}"}) { files { path isDir fileSize } } }"""));
        Assert.Equal("""{"data":{"mlflowGetMetricHistoryBulkInterval":{"metrics":[{"key":"m","value":2.0,"step":"3"}]}},"errors":null}""",
            await Ask($$"""{ mlflowGetMetricHistoryBulkInterval(input: {runIds: ["{{run}}"], metricKey: "m"}) { metrics { key value step } } }"""));
        Assert.Equal("""{"data":{"mlflowSearchDatasets":{"datasetSummaries":[]}},"errors":null}""",
            await Ask("mutation { mlflowSearchDatasets(input: {experimentIds: [\"0\"]}) { datasetSummaries { name } } }"));
    }

    [Fact]
    public async Task What_fails_is_told_beside_null()
    {
        Assert.Equal("""{"data":{"mlflowGetRun":null},"errors":["Run with id=nope not found"]}""", await Ask("{ mlflowGetRun(input: {runId: \"nope\"}) { run { info { runId } } } }"));
        Assert.Equal("""{"data":null,"errors":["Cannot query field 'nope' on type 'MlflowExperiment'."]}""", await Ask("{ mlflowGetExperiment(input: {experimentId: \"0\"}) { experiment { nope } } }"));
        Assert.Equal("""{"data":null,"errors":["Cannot query field 'nope' on type 'Query'."]}""", await Ask("{ nope { x } }"));
        Assert.Contains("Syntax Error", await Ask("{ mlflowGetRun(input: "));
        Assert.Contains("Syntax Error", await Ask(new string('{', 100_000)));
        Assert.Contains("circle", await Ask("{ ...a } fragment a on Query { ...a }"));
    }

    [Theory]
    [InlineData("at most 10 root fields", 11, "{0}: test(inputString: \"a\") { output } ", "{ * }")]
    [InlineData("at most 10 aliases", 11, "{0}: experiment { name } ", "{ mlflowGetExperiment(input: {experimentId: \"0\"}) { * } }")]
    [InlineData("maximum total selections of 1000", 1002, "{0} ", "{ mlflowGetExperiment(input: {experimentId: \"0\"}) { experiment { * } } }")]
    public async Task A_query_that_costs_much_is_refused(string message, int count, string field, string query)
    {
        string fields = string.Concat(Enumerable.Range(0, count).Select(i => field.Replace("{0}", $"f{i}", StringComparison.Ordinal)));
        Assert.Contains(message, await Ask(query.Replace("*", fields, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_deep_query_is_refused() =>
        Assert.Contains("maximum depth of 10", await Ask("{ a " + string.Concat(Enumerable.Repeat("{ a ", 12)) + new string('}', 13)));

    private async Task<string> Ask(string query, string variables = "null")
    {
        Answer answer = await _server.Post("/graphql", $$"""{"query":{{JsonSerializer.Serialize(query)}},"variables":{{variables}}}""");
        Assert.Equal(200, answer.Status);
        return answer.Body;
    }
}
