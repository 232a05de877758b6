using System.Text.Json;

namespace Weft.Server.Tests;

public sealed class RegistryTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_model_is_made_changed_renamed_and_deleted()
    {
        JsonElement made = (await _server.Post("registered-models/create", """{"name":"m","description":"d","tags":[{"key":"k","value":"v"}]}""")).Json.GetProperty("registered_model");
        Assert.Equal(("m", "d"), (made.GetProperty("name").GetString(), made.GetProperty("description").GetString()));
        Assert.Equal("400 RESOURCE_ALREADY_EXISTS", (await _server.Post("registered-models/create", """{"name":"m"}""")).Error);
        Assert.Equal("e", (await _server.Send("PATCH", "registered-models/update", """{"name":"m","description":"e"}""")).Json.GetProperty("registered_model").GetProperty("description").GetString());
        await _server.Post("registered-models/create", """{"name":"other"}""");
        Assert.Equal("400 RESOURCE_ALREADY_EXISTS", (await _server.Post("registered-models/rename", """{"name":"m","new_name":"other"}""")).Error);
        await NewVersion("m");
        await _server.Post("registered-models/alias", """{"name":"m","alias":"best","version":"1"}""");
        Assert.Equal(200, (await _server.Post("registered-models/rename", """{"name":"m","new_name":"n"}""")).Status);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get("registered-models/get?name=m")).Error);
        JsonElement renamed = (await _server.Get("registered-models/get?name=n")).Json.GetProperty("registered_model");
        Assert.Equal("""[{"alias":"best","version":"1"}]""", renamed.GetProperty("aliases").GetRawText());
        Assert.Equal("n", renamed.GetProperty("latest_versions")[0].GetProperty("name").GetString());
        Assert.Equal("{}", (await _server.Send("DELETE", "registered-models/delete", """{"name":"n"}""")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get("model-versions/get?name=n&version=1")).Error);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Send("DELETE", "registered-models/delete", """{"name":"n"}""")).Error);
    }

    [Theory]
    [InlineData("""{"name":"a/b"}""")]
    [InlineData("""{"name":"a:b"}""")]
    [InlineData("""{"name":""}""")]
    [InlineData("""{"name":"x","tags":[{"key":"","value":"v"}]}""")]
    public async Task A_wrong_model_is_refused(string body) => Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("registered-models/create", body)).Error);

    [Fact]
    public async Task The_number_of_a_version_is_never_given_twice()
    {
        await _server.Post("registered-models/create", """{"name":"m"}""");
        JsonElement first = await NewVersion("m");
        Assert.Equal(("1", "None", "READY"), (first.GetProperty("version").GetString(), first.GetProperty("current_stage").GetString(), first.GetProperty("status").GetString()));
        Assert.Equal("2", (await NewVersion("m")).GetProperty("version").GetString());
        Assert.Equal("{}", (await _server.Send("DELETE", "model-versions/delete", """{"name":"m","version":"2"}""")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get("model-versions/get?name=m&version=2")).Error);
        Assert.Equal("3", (await NewVersion("m")).GetProperty("version").GetString());
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Post("model-versions/create", """{"name":"nobody","source":"s3://b/m"}""")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Get("model-versions/get?name=m&version=x")).Error);
        Assert.Equal("""{"artifact_uri":"s3://bucket/m"}""", (await _server.Get("model-versions/get-download-uri?name=m&version=1")).Body);
    }

    [Fact]
    public async Task An_alias_moves_and_goes_with_its_version()
    {
        await _server.Post("registered-models/create", """{"name":"m"}""");
        await NewVersion("m");
        await NewVersion("m");
        Assert.Equal("{}", (await _server.Post("registered-models/alias", """{"name":"m","alias":"best","version":"1"}""")).Body);
        Assert.Equal("{}", (await _server.Post("registered-models/alias", """{"name":"m","alias":"best","version":"2"}""")).Body);
        Assert.Equal("2", (await _server.Get("registered-models/alias?name=m&alias=best")).Json.GetProperty("model_version").GetProperty("version").GetString());
        Assert.Equal("2", (await _server.Get("registered-models/alias?name=m&alias=latest")).Json.GetProperty("model_version").GetProperty("version").GetString());
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Post("registered-models/alias", """{"name":"m","alias":"best","version":"9"}""")).Error);
        foreach (string alias in new[] { "latest", "LATEST", "v1", "a b" })
            Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("registered-models/alias", $$"""{"name":"m","alias":"{{alias}}","version":"1"}""")).Error);
        await _server.Send("DELETE", "model-versions/delete", """{"name":"m","version":"2"}""");
        Answer gone = await _server.Get("registered-models/alias?name=m&alias=best");
        Assert.Equal("400 INVALID_PARAMETER_VALUE", gone.Error);
        Assert.Equal("Registered model alias best not found.", gone.Message);
        Assert.Equal("{}", (await _server.Send("DELETE", "registered-models/alias", """{"name":"m","alias":"best"}""")).Body);
    }

    [Fact]
    public async Task Stages_are_moved_and_others_archived()
    {
        await _server.Post("registered-models/create", """{"name":"m"}""");
        await NewVersion("m");
        await NewVersion("m");
        Answer moved = await Transition("""{"name":"m","version":"1","stage":"production","archive_existing_versions":false}""");
        Assert.Equal("Production", moved.Json.GetProperty("model_version").GetProperty("current_stage").GetString());
        await Transition("""{"name":"m","version":"2","stage":"Production","archive_existing_versions":true}""");
        Assert.Equal("Archived", (await _server.Get("model-versions/get?name=m&version=1")).Json.GetProperty("model_version").GetProperty("current_stage").GetString());
        Assert.Equal("2", (await _server.Post("registered-models/get-latest-versions", """{"name":"m","stages":["Production"]}""")).Json.GetProperty("model_versions")[0].GetProperty("version").GetString());
        Assert.Equal(2, (await _server.Get("registered-models/get-latest-versions?name=m")).Json.GetProperty("model_versions").GetArrayLength());
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Transition("""{"name":"m","version":"2","stage":"Best","archive_existing_versions":false}""")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Transition("""{"name":"m","version":"2","stage":"Staging"}""")).Error);
    }

    [Fact]
    public async Task Models_and_versions_are_searched()
    {
        foreach (string name in new[] { "b", "a", "prompt" })
            await _server.Post("registered-models/create", $$"""{"name":"{{name}}"}""");
        await _server.Post("registered-models/set-tag", """{"name":"prompt","key":"mlflow.prompt.is_prompt","value":"true"}""");
        await _server.Post("registered-models/set-tag", """{"name":"a","key":"k","value":"v"}""");
        Assert.Equal("a b", await Models("registered-models/search"));
        Assert.Equal("b a", await Models("registered-models/search?order_by=name%20DESC"));
        Assert.Equal("a", await Models("registered-models/search?filter=tags.k%3D'v'"));
        Assert.Equal("prompt", await Models("registered-models/search?filter=tags.`mlflow.prompt.is_prompt`%3D'true'"));
        Assert.Equal("b", await Models("registered-models/search?filter=name%20ILIKE%20'B%25'"));
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Get("registered-models/search?max_results=1001")).Error);
        await NewVersion("a");
        await NewVersion("a");
        await NewVersion("b", "r1");
        Assert.Equal("a2 a1 b1", await Versions("?order_by=name"));
        Assert.Equal("a1 a2", await Versions("?filter=name%3D'a'&order_by=version_number"));
        Assert.Equal("b1", await Versions("?filter=run_id%20IN%20('r1')"));
        Assert.Equal("a2", await Versions("?filter=version_number%20%3E%201"));
        await _server.Post("model-versions/set-tag", """{"name":"a","version":"1","key":"k","value":"v"}""");
        Assert.Equal("a1", await Versions("?filter=tags.k%20LIKE%20'v'"));
        Assert.Equal("{}", (await _server.Send("DELETE", "model-versions/delete-tag", """{"name":"a","version":"1","key":"k"}""")).Body);
        Assert.Equal("", await Versions("?filter=tags.k%20LIKE%20'v'"));
    }

    [Theory]
    [InlineData("/etc/passwd", 400)]
    [InlineData("file:///etc/passwd", 400)]
    [InlineData("./relative", 400)]
    [InlineData("s3://b/../c", 400)]
    [InlineData("s3://b/%2e%2e/c", 400)]
    [InlineData("http://h/%252e%252e/c", 400)]
    [InlineData("s3://b/c\u0000d", 400)]
    [InlineData("s3://b//c/", 200)]
    [InlineData("mlflow-artifacts:/0/r/artifacts/model", 200)]
    [InlineData("models:/nobody/1", 404)]
    public async Task A_source_leads_nowhere_else(string source, int status)
    {
        await _server.Post("registered-models/create", """{"name":"m"}""");
        Answer answer = await _server.Post("model-versions/create", $$"""{"name":"m","source":{{JsonSerializer.Serialize(source)}}}""");
        Assert.Equal(status, answer.Status);
    }

    [Fact]
    public async Task A_local_source_lies_in_its_run()
    {
        await _server.Post("registered-models/create", """{"name":"m"}""");
        string folder = Path.Combine(_server.Root, "local");
        await _server.Post("experiments/create", $$"""{"name":"local","artifact_location":"{{folder}}"}""");
        string run = await _server.NewRun("""{"experiment_id":"1"}""");
        Assert.Equal(200, (await _server.Post("model-versions/create", $$"""{"name":"m","source":"{{folder}}/{{run}}/artifacts/model","run_id":"{{run}}"}""")).Status);
        Assert.Equal(400, (await _server.Post("model-versions/create", $$"""{"name":"m","source":"{{folder}}/{{run}}/artifacts/../../x","run_id":"{{run}}"}""")).Status);
        Assert.Equal(400, (await _server.Post("model-versions/create", $$"""{"name":"m","source":"{{folder}}/{{run}}/artifacts/model"}""")).Status);
    }

    private async Task<JsonElement> NewVersion(string name, string run = "") =>
        (await _server.Post("model-versions/create", $$"""{"name":"{{name}}","source":"s3://bucket/m","run_id":"{{run}}"}""")).Json.GetProperty("model_version");

    private Task<Answer> Transition(string body) => _server.Post("model-versions/transition-stage", body);

    private async Task<string> Models(string path) => Names(await _server.Get(path), "registered_models", model => model.GetProperty("name").GetString()!);

    private async Task<string> Versions(string query) =>
        Names(await _server.Get("model-versions/search" + query), "model_versions", version => version.GetProperty("name").GetString() + version.GetProperty("version").GetString());

    private static string Names(Answer answer, string list, Func<JsonElement, string> name)
    {
        Assert.Equal(200, answer.Status);
        return answer.Json.TryGetProperty(list, out JsonElement items) ? string.Join(' ', items.EnumerateArray().Select(name)) : "";
    }

    [Fact]
    public async Task Versions_come_with_the_last_changed_first_unless_ordered()
    {
        foreach (string name in new[] { "a", "b" })
        {
            await _server.Post("registered-models/create", $$"""{"name":"{{name}}"}""");
            await _server.Post("model-versions/create", $$"""{"name":"{{name}}","source":"s3://x/y"}""");
        }
        long before = await Updated("b");
        while (await Updated("a") <= before)
            await _server.Send("PATCH", "model-versions/update", """{"name":"a","version":"1","description":"d"}""");
        Assert.Equal("a b", await Names(""));
        Assert.Equal("b a", await Names("?order_by=name%20DESC"));

        async Task<long> Updated(string name) => (await _server.Get($"model-versions/get?name={name}&version=1")).Json.GetProperty("model_version").GetProperty("last_updated_timestamp").GetInt64();
        async Task<string> Names(string query) =>
            string.Join(' ', (await _server.Get("model-versions/search" + query)).Json.GetProperty("model_versions").EnumerateArray().Select(version => version.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData("", "model")]
    [InlineData("tags.`mlflow.prompt.is_prompt` != 'true'", "model")]
    [InlineData("tags.`mlflow.prompt.is_prompt` = 'false'", "model")]
    [InlineData("tags.`mlflow.prompt.is_prompt` = 'true'", "prompt")]
    [InlineData("name LIKE '%' AND tags.`mlflow.prompt.is_prompt` != 'true'", "model")]
    public async Task Prompts_are_found_only_when_asked_for(string filter, string found)
    {
        await _server.Post("registered-models/create", """{"name":"model"}""");
        await _server.Post("registered-models/create", """{"name":"prompt","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]}""");
        Answer answer = await _server.Get("registered-models/search?filter=" + Uri.EscapeDataString(filter));
        Assert.Equal(found, string.Join(' ', answer.Json.GetProperty("registered_models").EnumerateArray().Select(model => model.GetProperty("name").GetString())));
    }

    /// <summary>A prompt has no files: its source is a word of the client's.</summary>
    [Theory]
    [InlineData("dummy-source", 200)]
    [InlineData("/etc/passwd", 400)]
    [InlineData("file:///etc", 400)]
    [InlineData("file:etc", 400)]
    [InlineData("http://host/../x", 400)]
    public async Task A_version_of_a_prompt_needs_no_source(string source, int status)
    {
        await _server.Post("registered-models/create", """{"name":"greet","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]}""");
        Answer made = await _server.Post("model-versions/create", $$"""{"name":"greet","source":"{{source}}","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"},{"key":"mlflow.prompt.text","value":"Hi, {x}"}]}""");
        Assert.Equal(status, made.Status);
        Assert.Equal(400, (await _server.Post("model-versions/create", $$"""{"name":"greet","source":"{{source}}"}""")).Status);
        if (status == 200)
            Assert.Equal("501 NOT_IMPLEMENTED", (await _server.Get("/model-versions/get-artifact?name=greet&version=1&path=x")).Error);
    }

    [Fact]
    public async Task A_logged_model_tells_the_versions_made_from_it()
    {
        string model = (await _server.Post("logged-models", """{"experiment_id":"0"}""")).Json.GetProperty("model").GetProperty("info").GetProperty("model_id").GetString()!;
        await _server.Post("registered-models/create", """{"name":"r"}""");
        for (int i = 0; i < 2; i++)
            Assert.Equal(200, (await _server.Post("model-versions/create", $$"""{"name":"r","source":"models:/{{model}}","model_id":"{{model}}"}""")).Status);
        Assert.Contains("""[{\"name\": \"r\", \"version\": 1}, {\"name\": \"r\", \"version\": 2}]""", (await _server.Get("logged-models/" + model)).Body);
    }
}
