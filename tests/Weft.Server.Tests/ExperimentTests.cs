using System.Text.Json;

namespace Weft.Server.Tests;

public sealed class ExperimentTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task An_experiment_is_made_read_renamed_and_marked()
    {
        Assert.Equal("""{"experiment_id":"1"}""", (await _server.Post("experiments/create", """{"name":"ä b","tags":[{"key":"k","value":"v"}]}""")).Body);
        JsonElement made = (await _server.Get("experiments/get?experiment_id=1")).Json.GetProperty("experiment");
        Assert.Equal("mlflow-artifacts:/1", made.GetProperty("artifact_location").GetString());
        Assert.Equal("active", made.GetProperty("lifecycle_stage").GetString());
        Assert.Equal(JsonValueKind.Number, made.GetProperty("creation_time").ValueKind);
        Assert.Equal("""[{"key":"k","value":"v"}]""", made.GetProperty("tags").GetRawText());
        Assert.Equal("{}", (await _server.Post("experiments/update", """{"experiment_id":"1","new_name":"c"}""")).Body);
        Assert.Equal("{}", (await _server.Post("experiments/set-experiment-tag", """{"experiment_id":"1","key":"k","value":"w"}""")).Body);
        made = (await _server.Get("experiments/get-by-name?experiment_name=c")).Json.GetProperty("experiment");
        Assert.Equal("""[{"key":"k","value":"w"}]""", made.GetProperty("tags").GetRawText());
        Assert.Equal("{}", (await _server.Post("experiments/delete-experiment-tag", """{"experiment_id":"1","key":"k"}""")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Post("experiments/delete-experiment-tag", """{"experiment_id":"1","key":"k"}""")).Error);
        Assert.False((await _server.Get("experiments/get?experiment_id=1")).Json.GetProperty("experiment").TryGetProperty("tags", out _));
    }

    [Theory]
    [InlineData("""{"name":"Default"}""", "400 RESOURCE_ALREADY_EXISTS")]
    [InlineData("""{"name":"x","artifact_location":"s3://b/p#f"}""", "400 INVALID_PARAMETER_VALUE")]
    [InlineData("""{"name":"x","artifact_location":"s3://b/p;a=b"}""", "400 INVALID_PARAMETER_VALUE")]
    [InlineData("""{"name":"x","artifact_location":"s3://b/p?a=../c"}""", "400 INVALID_PARAMETER_VALUE")]
    [InlineData("""{"name":"x","artifact_location":"runs:/abc/p"}""", "400 INVALID_PARAMETER_VALUE")]
    [InlineData("""{"name":"x","tags":[{"key":"a//b","value":""}]}""", "400 INVALID_PARAMETER_VALUE")]
    public async Task What_cannot_be_made_is_refused(string body, string error) => Assert.Equal(error, (await _server.Post("experiments/create", body)).Error);

    [Fact]
    public async Task A_name_has_at_most_five_hundred_characters()
    {
        Assert.Equal(200, (await _server.Post("experiments/create", $$"""{"name":"{{new string('ü', 500)}}"}""")).Status);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("experiments/create", $$"""{"name":"{{new string('a', 501)}}"}""")).Error);
    }

    [Theory]
    [InlineData("GET", "experiments/get?experiment_id=77", null, "404 RESOURCE_DOES_NOT_EXIST")]
    [InlineData("GET", "experiments/get?experiment_id=abc", null, "404 RESOURCE_DOES_NOT_EXIST")]
    [InlineData("GET", "experiments/get-by-name?experiment_name=nobody", null, "404 RESOURCE_DOES_NOT_EXIST")]
    [InlineData("POST", "experiments/delete", """{"experiment_id":"77"}""", "404 RESOURCE_DOES_NOT_EXIST")]
    [InlineData("POST", "experiments/restore", """{"experiment_id":"0"}""", "404 RESOURCE_DOES_NOT_EXIST")]
    [InlineData("POST", "experiments/update", """{"experiment_id":"77","new_name":"x"}""", "404 RESOURCE_DOES_NOT_EXIST")]
    public async Task What_is_not_there_is_told(string verb, string path, string? body, string error) => Assert.Equal(error, (await _server.Send(verb, path, body)).Error);

    [Fact]
    public async Task A_deleted_experiment_takes_its_runs_along_and_brings_all_back()
    {
        await _server.Post("experiments/create", """{"name":"a"}""");
        string kept = await _server.NewRun("""{"experiment_id":"1"}"""), gone = await _server.NewRun("""{"experiment_id":"1"}""");
        await _server.Post("runs/delete", $$"""{"run_id":"{{gone}}"}""");
        Assert.Equal("{}", (await _server.Post("experiments/delete", """{"experiment_id":"1"}""")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Post("experiments/delete", """{"experiment_id":"1"}""")).Error);
        Assert.Equal("deleted", await Stage(kept));
        Assert.Equal("400 RESOURCE_ALREADY_EXISTS", (await _server.Post("experiments/create", """{"name":"a"}""")).Error);
        Assert.Equal("500 INVALID_STATE", (await _server.Post("experiments/update", """{"experiment_id":"1","new_name":"b"}""")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("experiments/set-experiment-tag", """{"experiment_id":"1","key":"k","value":"v"}""")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("runs/create", """{"experiment_id":"1"}""")).Error);
        Assert.Equal("deleted", (await _server.Get("experiments/get-by-name?experiment_name=a")).Json.GetProperty("experiment").GetProperty("lifecycle_stage").GetString());
        Assert.Equal("{}", (await _server.Post("experiments/restore", """{"experiment_id":"1"}""")).Body);
        Assert.Equal(("active", "active"), (await Stage(kept), await Stage(gone)));
    }

    [Fact]
    public async Task A_taken_name_is_refused_on_renaming()
    {
        await _server.Post("experiments/create", """{"name":"a"}""");
        Assert.Equal("400 RESOURCE_ALREADY_EXISTS", (await _server.Post("experiments/update", """{"experiment_id":"1","new_name":"Default"}""")).Error);
    }

    [Theory]
    [InlineData("""{"max_results":10}""", "c b a Default")]
    [InlineData("""{"max_results":10,"order_by":["name"]}""", "Default a b c")]
    [InlineData("""{"max_results":10,"order_by":["experiment_id ASC"]}""", "Default a b c")]
    [InlineData("""{"max_results":10,"filter":"name LIKE '_'","order_by":["name DESC"]}""", "c b a")]
    [InlineData("""{"max_results":10,"filter":"attribute.name ILIKE 'DEF%'"}""", "Default")]
    [InlineData("""{"max_results":10,"filter":"tags.kind = 'b'"}""", "b")]
    [InlineData("""{"max_results":10,"filter":"tag.kind != 'b'"}""", "c a")]
    [InlineData("""{"max_results":10,"filter":"tag.kind IS NULL"}""", "Default")]
    [InlineData("""{"max_results":10,"filter":"creation_time > 0 AND name = 'a'"}""", "a")]
    [InlineData("""{"max_results":10,"view_type":"DELETED_ONLY"}""", "")]
    [InlineData("""{"max_results":10,"view_type":"ALL"}""", "c b a Default")]
    [InlineData("""{"max_results":2,"order_by":["name"]}""", "Default a")]
    public async Task Experiments_are_searched(string query, string names)
    {
        foreach (string name in new[] { "a", "b", "c" })
            await _server.Post("experiments/create", $$"""{"name":"{{name}}","tags":[{"key":"kind","value":"{{name}}"}]}""");
        Answer answer = await _server.Post("experiments/search", query);
        string found = answer.Json.TryGetProperty("experiments", out JsonElement list)
            ? string.Join(' ', list.EnumerateArray().Select(experiment => experiment.GetProperty("name").GetString()))
            : "";
        Assert.Equal(names.Split(' ').Order(), found.Split(' ').Order());
        if (query.Contains("order_by", StringComparison.Ordinal))
            Assert.Equal(names, found);
        Assert.Equal(query.Contains("\":2,", StringComparison.Ordinal), answer.Json.TryGetProperty("next_page_token", out _));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"max_results":0}""")]
    [InlineData("""{"max_results":50001}""")]
    [InlineData("""{"max_results":1,"filter":"metrics.a > 1"}""")]
    [InlineData("""{"max_results":1,"order_by":["tags.a"]}""")]
    [InlineData("""{"max_results":1,"page_token":"x"}""")]
    [InlineData("""{"max_results":1,"view_type":"SOME"}""")]
    public async Task A_wrong_search_is_refused(string query) => Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("experiments/search", query)).Error);

    [Fact]
    public async Task A_search_may_be_a_query() =>
        Assert.Equal("Default", (await _server.Get("experiments/search?max_results=5&order_by=name&order_by=experiment_id")).Json.GetProperty("experiments")[0].GetProperty("name").GetString());

    private async Task<string?> Stage(string run) =>
        (await _server.Get("runs/get?run_id=" + run)).Json.GetProperty("run").GetProperty("info").GetProperty("lifecycle_stage").GetString();
}
