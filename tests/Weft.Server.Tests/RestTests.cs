using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Weft.Execution;
using Weft.Records;
using Weft.Secrets;
using Weft.Server.Rest;
using Weft.Storage;
using Weft.Support;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Server.Tests;

/// <summary>Weft's own REST: executions of a project, their logs and histories, tags, labels, secrets, series.</summary>
public sealed class RestTests : IAsyncLifetime
{
    private const string Api = "/api/weft/v1/";
    private static readonly NodePath s_train = new("train[7]");

    private TestServer _server = null!;
    private ProjectRecords _opened = null!;
    private ExecutionRecords _records = null!;
    private ExecutionRow _row = null!;
    private string _log = null!;

    public async ValueTask InitializeAsync()
    {
        string state = Directory.CreateTempSubdirectory("weft-rest-").FullName;
        string runtime = Directory.CreateDirectory(Path.Combine(state, "locks")).FullName;
        _opened = ProjectRecords.Open(new StateFolder(state), toWrite: true, runtime, TimeProvider.System, _ => false, CancellationToken.None);
        _records = new ExecutionRecords(_opened.Database, TimeProvider.System);
        var attempt = new AttemptId(new ExecutionId("01JZZZ0000000000000000TEST"), s_train, 1);
        using (Transaction write = _opened.Database.BeginWrite(CancellationToken.None))
        {
            _row = _records.Create(new NewExecution(attempt.Execution, "iris", "key", Digest.Of("no plan"), null, "Running", "wet-mongoose-1"));
            _records.SetNode(_row.Id, new NodeRow(s_train, "Running", Attempt: 1, Key: "abc", Outputs: """{"model":"m"}"""));
            _records.SetNode(_row.Id, new NodeRow(new NodePath("prepare"), "Succeeded", Attempt: 1, Outputs: StateRows.WriteValues(Put(state))));
            _records.Intend(attempt, null, "local", "Submitted");
            _records.Append(_row.Id, new EventRow(1, TimeProvider.System.GetUtcNow(), "started", "me", s_train, """{"attempt":1}"""));
            write.Commit();
        }
        var folder = new ExecutionPlace(state, runtime).FolderOf(_row.Id);
        folder.Create();
        _log = folder.Log(attempt);
        await File.WriteAllTextAsync(_log, "one\ntwö\n");
        _server = await TestServer.StartAsync(options => options with { Database = new StateFolder(state).Database, StateFolder = state, RuntimeFolder = runtime });
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        string state = Path.GetDirectoryName(_opened.Database.Location)!;
        _opened.Dispose();
        Directory.Delete(state, recursive: true);
    }

    [Theory]
    [InlineData("wet-mongoose-1")]
    [InlineData("iris")]
    [InlineData("-")]
    [InlineData("01jzzz")]
    public async Task An_execution_has_several_addresses(string address)
    {
        JsonElement execution = (await _server.Get($"{Api}executions/{address}")).Json;
        Assert.Equal(("wet-mongoose-1", "iris", "interrupted"), (
            execution.GetProperty("execution").GetString(), execution.GetProperty("definition").GetString(), execution.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task Executions_nodes_and_attempts_are_listed()
    {
        Assert.Equal("wet-mongoose-1", (await _server.Get(Api + "executions")).Json.GetProperty("executions")[0].GetProperty("execution").GetString());
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get(Api + "executions/nope")).Error);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get(Api + "executions/-/plan")).Error);
        JsonElement nodes = (await _server.Get(Api + "executions/-/nodes?limit=1")).Json;
        Assert.Equal(("prepare", "prepare"), (nodes.GetProperty("nodes")[0].GetProperty("path").GetString(), nodes.GetProperty("next").GetString()));
        nodes = (await _server.Get(Api + "executions/-/nodes?after=prepare")).Json;
        Assert.Equal("""{"path":"train[7]","phase":"running","attempt":1,"cacheKey":"abc","outputs":{"model":"m"}}""", nodes.GetProperty("nodes")[0].GetRawText());
        Assert.Equal("local", (await _server.Get(Api + "executions/-/attempts?path=train%5B7%5D")).Json.GetProperty("attempts")[0].GetProperty("engine").GetString());
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Get(Api + "executions?limit=1001")).Error);
    }

    [Theory]
    [InlineData("bytes=0-2", 206, "one", "bytes 0-2/9")]
    [InlineData("bytes=4-", 206, "twö\n", "bytes 4-8/9")]
    [InlineData("bytes=-5", 206, "twö\n", "bytes 4-8/9")]
    [InlineData("bytes=4-100", 206, "twö\n", "bytes 4-8/9")]
    [InlineData("bytes=9-", 416, "", "bytes */9")]
    [InlineData("lines=1-2", 200, "one\ntwö\n", null)]
    public async Task A_log_is_read_in_ranges(string range, int status, string text, string? answered)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Api + "executions/-/logs?path=train%5B7%5D");
        request.Headers.TryAddWithoutValidation("Range", range);
        Answer answer = await _server.Send(request);
        Assert.Equal((status, text, answered), (answer.Status, answer.Body, answer.Headers.GetValueOrDefault("Content-Range")));
    }

    [Fact]
    public async Task A_log_is_followed_from_a_cursor_to_its_end_and_no_character_is_cut()
    {
        using HttpResponseMessage response = await Follow("executions/-/logs?path=train%5B7%5D", "4");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal(("output", "9", """{"text":"twö\n"}"""), await Next(reader));
        await using (var log = new FileStream(_log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
        {
            log.Write([(byte)'x', 0xE2, 0x82]);
            log.Flush();
            Assert.Equal(("output", "10", """{"text":"x"}"""), await Next(reader));
            log.WriteByte(0xAC);
        }
        Assert.Equal(("output", "13", """{"text":"€"}"""), await Next(reader));
        EndAttempt();
        Assert.Equal(("end", "13", "{}"), await Next(reader));
        Assert.Equal("", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task A_history_is_followed_from_a_cursor()
    {
        using HttpResponseMessage response = await Follow("executions/-/events", null);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        (string kind, string id, string data) = await Next(reader);
        Assert.Equal(("history", "1"), (kind, id));
        Assert.Contains("""kind":"started","actor":"me","path":"train[7]","body":{"attempt":1}""", data, StringComparison.Ordinal);
        Assert.Equal(("end", "1", """{"state":"interrupted"}"""), await Next(reader));
        using HttpResponseMessage again = await Follow("executions/-/events", "1");
        using var rest = new StreamReader(await again.Content.ReadAsStreamAsync());
        Assert.Equal("end", (await Next(rest)).Kind);
        Assert.Equal(1, (await _server.Get(Api + "executions/-/events")).Json.GetProperty("events").GetArrayLength());
        Assert.Equal(0, (await _server.Get(Api + "executions/-/events?after=1")).Json.GetProperty("events").GetArrayLength());
    }

    [Fact]
    public async Task A_stop_is_recorded_with_who_asked()
    {
        // Nobody runs it, so there is nobody who would see the wish; it is recorded all the same.
        Assert.Equal("400 BAD_REQUEST", (await _server.Post(Api + "executions/-/stop", """{"by":"ann"}""")).Error);
        Assert.Equal("ann", _records.ReadStop(_row.Id));
    }

    [Fact]
    public async Task Tags_move_and_go()
    {
        Assert.Equal("{}", (await _server.Send("PUT", Api + "tags/champion", """{"execution":"-","path":"train[7]"}""")).Body);
        JsonElement tag = (await _server.Get(Api + "tags")).Json.GetProperty("tags")[0];
        Assert.Equal(("champion", "wet-mongoose-1", "train[7]"), (tag.GetProperty("name").GetString(), tag.GetProperty("execution").GetString(), tag.GetProperty("path").GetString()));
        Assert.Equal(200, (await _server.Get(Api + "executions/@champion")).Status);
        Assert.Equal("{}", (await _server.Send("DELETE", Api + "tags/champion")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Send("DELETE", Api + "tags/champion")).Error);
        // It has not ended, so that it may still change; and `@` would be read as a tag of a tag.
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Send("PUT", Api + "tags/champion", """{"execution":"-"}""")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Send("PUT", Api + "tags/%40x", """{"execution":"-","path":"train[7]"}""")).Error);
    }

    [Fact]
    public async Task Artifacts_are_listed_and_fetched()
    {
        JsonElement artifacts = (await _server.Get(Api + "executions/-/artifacts?path=prepare")).Json.GetProperty("artifacts");
        Assert.Equal(["prepare data folder data", "prepare model file model"], artifacts.EnumerateArray()
            .Select(one => $"{one.GetProperty("node")} {one.GetProperty("name")} {one.GetProperty("kind")} {one.GetProperty("file")}"));
        Answer model = await _server.Get(Api + "executions/-/artifacts/model?path=prepare");
        Assert.Equal(("<script>", "attachment; filename=model", "sandbox"), (model.Body, model.Headers["Content-Disposition"], model.Headers["Content-Security-Policy"]));
        JsonElement files = (await _server.Get(Api + "executions/-/artifacts/data")).Json.GetProperty("files");
        Assert.Equal("sub/ü.txt", files[0].GetProperty("path").GetString());
        Assert.Equal("inside", (await _server.Get(Api + "executions/-/artifacts/data?inside=sub%2F%C3%BC.txt")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get(Api + "executions/-/artifacts/data?inside=..%2F..%2Fweft.db")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Get(Api + "executions/-/artifacts/model?inside=x")).Error);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get(Api + "executions/-/artifacts/nope")).Error);
    }

    [Fact]
    public async Task Kept_results_are_listed_and_read()
    {
        var cache = new CacheObjects(new StateFolder(Path.GetDirectoryName(_opened.Database.Location)!).Cache);
        foreach (string key in new[] { "k2", "k1", "k3" })
            cache.TrySave(key, Encoding.UTF8.GetBytes($$"""{"key":"{{key}}"}"""));
        Assert.Equal("""{"keys":["k1","k2"],"next":"k2"}""", (await _server.Get(Api + "cache?limit=2")).Body);
        Assert.Equal("""{"keys":["k3"]}""", (await _server.Get(Api + "cache?limit=2&after=k2")).Body);
        Assert.Equal("""{"key":"k2"}""", (await _server.Get(Api + "cache/k2")).Body);
        foreach (string key in new[] { "nope", "..%2Fsecrets", ".k1" })
            Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get(Api + "cache/" + key)).Error);
        // The web server itself refuses such a path.
        Assert.Equal(400, (await _server.Get(Api + "cache/k1%00")).Status);
    }

    [Fact]
    public async Task Runs_are_found_by_the_address_of_their_node_or_the_start_of_their_id()
    {
        Run run = await _server.Server.Store.Runs.CreateAsync(new NewRun(0, "fold", "u", 1) { Node = (_row.Id, s_train) });
        string found = $$"""{"runs":[{"run":"{{run.Info.Id}}","name":"fold"}]}""";
        foreach (string address in new[] { "-", "wet-mongoose-1", "-/train%5B7%5D", run.Info.Id.Value[..8] })
            Assert.Equal(found, (await _server.Get(Api + "runs?of=" + address)).Body);
        Assert.Equal("""{"runs":[]}""", (await _server.Get(Api + "runs?of=-/prepare")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get(Api + "runs?of=nope")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Get(Api + "runs")).Error);
    }

    /// <summary>What a program gave: a file that looks like a page, and a folder.</summary>
    private static ImmutableSortedDictionary<string, Value> Put(string state)
    {
        string folder = Directory.CreateDirectory(Path.Combine(state, "given", "sub")).Parent!.FullName;
        File.WriteAllText(Path.Combine(folder, "sub", "ü.txt"), "inside");
        var blobs = new FolderBlobStore(new StateFolder(state).Blobs, new FileHashes(null, TimeProvider.System), TimeProvider.System);
        StoredBlob file = blobs.Put("<script>"u8), tree = new Trees(blobs).Put(folder, Intake.Copy, CancellationToken.None);
        return Value.NoEntries.Add("model", new Value.Blob(file.Digest, file.Size, BlobKind.File)).Add("data", new Value.Blob(tree.Digest, tree.Size, BlobKind.Folder));
    }

    [Fact]
    public async Task Secrets_are_named_and_never_told()
    {
        string state = Path.GetDirectoryName(_opened.Database.Location)!;
        Assert.Equal("""{"secrets":[]}""", (await _server.Get(Api + "secrets")).Body);
        new SecretStore(SecretStore.FileIn(state), Path.Combine(state, "key")).Set("api-key", "top secret");
        Assert.Equal("""{"secrets":["api-key"]}""", (await _server.Get(Api + "secrets")).Body);
        Assert.Equal(404, (await _server.Get(Api + "secrets/api-key")).Status);
    }

    [Fact]
    public async Task Labels_of_a_run_are_set_and_removed()
    {
        string run = await _server.NewRun();
        Assert.Equal("{}", (await _server.Send("PUT", $"{Api}runs/{run}/labels/a%2Fb", """{"value":"ü"}""")).Body);
        Assert.Equal("ü", (await _server.Get($"{Api}runs/{run}/labels")).Json.GetProperty("labels").GetProperty("a/b").GetString());
        Assert.Equal("{}", (await _server.Send("DELETE", $"{Api}runs/{run}/labels/a%2Fb")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Send("DELETE", $"{Api}runs/{run}/labels/a%2Fb")).Error);
    }

    [Fact]
    public async Task A_series_is_columns_and_keeps_spikes_and_ends()
    {
        string run = await _server.NewRun();
        for (int batch = 0; batch < 5; batch++)
            await _server.Post("runs/log-batch", $$"""{"run_id":"{{run}}","metrics":[{{string.Join(',', Enumerable.Range(batch * 1000, 1000).Select(i => $$"""{"key":"m","value":{{(i == 2345 ? 99 : i % 10)}},"timestamp":{{i}},"step":{{i}}}"""))}}]}""");
        JsonElement series = (await _server.Get($"{Api}series?run={run}&key=m&points=100")).Json.GetProperty("series")[0];
        long[] steps = [.. series.GetProperty("steps").EnumerateArray().Select(step => step.GetInt64())];
        double[] values = [.. series.GetProperty("values").EnumerateArray().Select(value => value.GetDouble())];
        Assert.Equal(5000, series.GetProperty("count").GetInt32());
        Assert.InRange(steps.Length, 50, 102);
        Assert.Equal((0, 4999, values.Length), (steps[0], steps[^1], steps.Length));
        Assert.Equal(99, values[Array.IndexOf(steps, 2345)]);
        Assert.Equal(steps.Order(), steps);
        JsonElement two = (await _server.Get($"{Api}series?run={run}&run={await _server.NewRun()}&key=m&points=2")).Json.GetProperty("series");
        Assert.InRange(two[0].GetProperty("steps").GetArrayLength(), 2, 4);
        Assert.Equal(0, two[1].GetProperty("count").GetInt32());
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Get($"{Api}series?key=m")).Error);
    }

    /// <summary>The document is made from the table that the server routes by; here each of its calls is made.</summary>
    [Fact]
    public async Task The_openapi_document_tells_the_routes_that_are_there()
    {
        JsonElement document = (await _server.Get(Api + "openapi.json")).Json;
        Assert.Equal("3.1.0", document.GetProperty("openapi").GetString());
        var told = new List<(string, string)>();
        foreach (JsonProperty path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (JsonProperty verb in path.Value.EnumerateObject())
            {
                told.Add((verb.Name.ToUpperInvariant(), path.Name));
                Assert.NotEqual("", verb.Value.GetProperty("summary").GetString());
                string[] parts = [.. path.Name.Split('/').Where(part => part.StartsWith('{')).Select(part => part[1..^1])];
                Assert.Equal(parts, verb.Value.GetProperty("parameters").EnumerateArray().Where(one => one.GetProperty("in").GetString() == "path").Select(one => one.GetProperty("name").GetString()!));
                Answer answer = await _server.Send(verb.Name.ToUpperInvariant(), path.Name.Replace("{execution}", "-", StringComparison.Ordinal).Replace("{run}", "r", StringComparison.Ordinal).Replace("{tag}", "t", StringComparison.Ordinal).Replace("{label}", "l", StringComparison.Ordinal), verb.Name == "get" ? null : "{}");
                Assert.True(answer.Status is not 405 && answer.Body is not "Not Found", $"{verb.Name} {path.Name}: {answer.Status} {answer.Body}");
            }
        }
        Assert.Equal(RestRoutes.All.Select(route => (route.Verb, $"/{RestRoutes.Prefix}{route.Path}")).Order(), told.Order());
        Assert.Equal(405, (await _server.Send("DELETE", Api + "executions")).Status);
    }

    /// <summary>The page is written with UPDATE_SNAPSHOTS=1; its text stands before the first heading of a call.</summary>
    [Fact]
    public void The_reference_tells_the_same()
    {
        string page = Repository.Path("docs/reference/rest.md");
        string before = File.ReadAllText(page).Split("\n## ")[0];
        var text = new StringBuilder(before.TrimEnd('\n') + "\n");
        foreach (RestRoute route in RestRoutes.All)
        {
            text.Append($"\n## {route.Verb} {route.Path}\n\n{char.ToUpperInvariant(route.Summary[0])}{route.Summary[1..]}.\n");
            if (route.Parameters.Length == 0)
                continue;
            text.Append("\n| parameter | type | what |\n| --- | --- | --- |\n");
            foreach (RestParameter parameter in route.Parameters)
                text.Append($"| `{parameter.Name}`{(parameter.IsRequired ? " (required)" : "")} | {parameter.Type} | {parameter.Summary} |\n");
        }
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
            File.WriteAllText(page, text.ToString());
        Assert.Equal(text.ToString(), File.ReadAllText(page));
    }

    private void EndAttempt()
    {
        using Transaction write = _opened.Database.BeginWrite(CancellationToken.None);
        _records.End(new AttemptId(_row.Id, s_train, 1), new AttemptEnd("Succeeded"), null, TimeProvider.System.GetUtcNow());
        write.Commit();
    }

    private async Task<HttpResponseMessage> Follow(string path, string? after)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Api + path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (after is not null)
            request.Headers.Add("Last-Event-ID", after);
        HttpResponseMessage response = await _server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return response;
    }

    private static async Task<(string Kind, string Id, string Data)> Next(StreamReader reader)
    {
        string id = "", kind = "", data = "";
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
                id = line[4..];
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
                kind = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
                data = line[6..];
            else if (line.Length == 0 && kind.Length > 0)
                return (kind, id, data);
        }
        return (kind, id, data);
    }
}
