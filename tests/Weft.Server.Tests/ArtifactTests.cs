using System.Net.Http.Headers;
using System.Text;
using Weft.Server.Mlflow;

namespace Weft.Server.Tests;

public sealed class ArtifactTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private const string Proxy = "/api/2.0/mlflow-artifacts/artifacts";

    [Fact]
    public async Task Files_are_sent_listed_fetched_and_deleted_through_the_server()
    {
        string run = await _server.NewRun();
        Assert.Equal("{}", (await Put($"{Proxy}/0/{run}/artifacts/dir/a%20%C3%BC.json", "{\"a\":1}")).Body);
        Assert.Equal("{}", (await Put($"{Proxy}/0/{run}/artifacts/empty", "")).Body);
        Assert.Equal(
            $$"""{"root_uri":"mlflow-artifacts:/0/{{run}}/artifacts","files":[{"path":"dir","is_dir":true},{"path":"empty","is_dir":false}]}""",
            (await _server.Get("artifacts/list?run_id=" + run)).Body);
        Assert.EndsWith(""","files":[{"path":"dir/a ü.json","is_dir":false,"file_size":7}]}""", (await _server.Get($"artifacts/list?run_id={run}&path=dir")).Body, StringComparison.Ordinal);
        Assert.Equal("""{"files":[{"path":"a ü.json","is_dir":false,"file_size":7}]}""", (await _server.Get($"{Proxy}?path=0/{run}/artifacts/dir")).Body);
        Answer file = await _server.Get($"{Proxy}/0/{run}/artifacts/dir/a%20%C3%BC.json");
        Assert.Equal(("{\"a\":1}", "text/plain", "nosniff"), (file.Body, file.Headers["Content-Type"], file.Headers["X-Content-Type-Options"]));
        Assert.Equal("attachment; filename=\"a _.json\"; filename*=UTF-8''a%20%C3%BC.json", file.Headers["Content-Disposition"]);
        Assert.Equal("{\"a\":1}", (await _server.Get($"/get-artifact?run_uuid={run}&path=dir/a%20%C3%BC.json")).Body);
        Assert.Equal("{}", (await _server.Send("DELETE", $"{Proxy}/0/{run}/artifacts/dir")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get($"{Proxy}/0/{run}/artifacts/dir/a%20%C3%BC.json")).Error);
        Assert.DoesNotContain("files", (await _server.Get($"artifacts/list?run_id={run}&path=dir")).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("files", (await _server.Get($"artifacts/list?run_id={run}&path=empty")).Body, StringComparison.Ordinal);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get("artifacts/list?run_id=nobody")).Error);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("%2e%2e/x")]
    [InlineData("%252e%252e/x")]
    [InlineData("a/%2e%2e%2f%2e%2e%2fx")]
    [InlineData("..%5cx")]
    [InlineData("/etc/passwd")]
    [InlineData("%2fetc/passwd")]
    [InlineData("C:/x")]
    [InlineData("a%23b")]
    [InlineData("file:///etc/passwd")]
    [InlineData("a%00b")]
    public async Task No_path_leads_out(string path)
    {
        string run = await _server.NewRun();
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Get($"artifacts/list?run_id={run}&path={path}")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Get($"/get-artifact?run_id={run}&path={path}")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Get($"{Proxy}?path={path}")).Error);
        foreach (string verb in new[] { "GET", "PUT", "DELETE" })
            Assert.StartsWith("HTTP/1.1 400", await Raw(verb, $"{Proxy}/{path}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_local_location_is_listed_and_read()
    {
        string folder = Path.Combine(_server.Root, "local");
        await _server.Post("experiments/create", $$"""{"name":"local","artifact_location":"{{folder}}"}""");
        string run = await _server.NewRun("""{"experiment_id":"1"}""");
        Directory.CreateDirectory($"{folder}/{run}/artifacts");
        await File.WriteAllTextAsync($"{folder}/{run}/artifacts/x.html", "<script>");
        Assert.Equal($$"""{"root_uri":"{{folder}}/{{run}}/artifacts","files":[{"path":"x.html","is_dir":false,"file_size":8}]}""", (await _server.Get("artifacts/list?run_id=" + run)).Body);
        Answer page = await _server.Get($"/get-artifact?run_id={run}&path=x.html");
        Assert.Equal("attachment; filename=x.html", page.Headers["Content-Disposition"]);
        Assert.Equal("sandbox", page.Headers["Content-Security-Policy"]);
    }

    [Fact]
    public async Task Stores_elsewhere_and_parts_are_not_implemented()
    {
        await _server.Post("experiments/create", """{"name":"s3","artifact_location":"s3://bucket/p?x=1"}""");
        string run = await _server.NewRun("""{"experiment_id":"1"}""");
        Answer info = await _server.Get("runs/get?run_id=" + run);
        Assert.Contains($"s3://bucket/p/{run}/artifacts?x=1", info.Body, StringComparison.Ordinal);
        Assert.Equal("501 NOT_IMPLEMENTED", (await _server.Get("artifacts/list?run_id=" + run)).Error);
        Assert.Equal("501 NOT_IMPLEMENTED", (await _server.Post("/api/2.0/mlflow-artifacts/mpu/create/a/b", """{"path":"b","num_parts":2}""")).Error);
        Assert.Equal("501 NOT_IMPLEMENTED", (await _server.Post("artifacts/presigned-upload-url", $$"""{"run_id":"{{run}}","path":"a"}""")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("artifacts/presigned-upload-url", $$"""{"run_id":"{{await _server.NewRun()}}","path":"a"}""")).Error);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Post("artifacts/presigned-upload-url", """{"run_id":"nope","path":"a"}""")).Error);
    }

    [Fact]
    public async Task Web_pages_upload_small_files()
    {
        string run = await _server.NewRun();
        string path = $"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=p/x.txt";
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Send("POST", path, "")).Error);
        Assert.Equal("{}", (await Send("POST", path, "abc")).Body);
        Assert.Equal("abc", (await _server.Get($"/get-artifact?run_id={run}&path=p/x.txt")).Body);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Send("POST", path, new string('x', 11 * 1024 * 1024))).Error);
    }

    [Fact]
    public async Task A_file_below_a_file_is_refused()
    {
        await Put($"{Proxy}/a", "1");
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Put($"{Proxy}/a/b", "2")).Error);
        await Put($"{Proxy}/d/e", "1");
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Put($"{Proxy}/d", "2")).Error);
        Assert.Equal("1", (await _server.Get($"{Proxy}/a")).Body);
    }

    [Fact]
    public async Task With_the_proxy_off_its_routes_are_unavailable()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { ServesArtifacts = false });
        Assert.Equal("503 TEMPORARILY_UNAVAILABLE", (await server.Get(Proxy + "?path=a")).Error);
    }

    [Theory]
    [InlineData("a.txt", "attachment; filename=a.txt")]
    [InlineData("a b.txt", "attachment; filename=\"a b.txt\"")]
    [InlineData("a\"b", "attachment; filename=\"a_b\"; filename*=UTF-8''a%22b")]
    public void Names_of_attachments_are_quoted(string name, string header) => Assert.Equal(header, ArtifactRoutes.Disposition(name));

    private Task<Answer> Put(string path, string content) => Send("PUT", path, content);

    private async Task<Answer> Send(string verb, string path, string content)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(content)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return await _server.Send(request);
    }

    /// <summary>The first bytes of an answer to a path that no client library would send as it is.</summary>
    private async Task<string> Raw(string verb, string path)
    {
        using var client = new System.Net.Sockets.TcpClient(_server.Address.Host, _server.Address.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{verb} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    [Fact]
    public async Task A_location_that_names_this_server_itself_is_its_own_proxy()
    {
        string root = $"{_server.Address.ToString().TrimEnd('/')}/api/2.0/mlflow-artifacts/artifacts";
        string experiment = (await _server.Post("experiments/create", $$"""{"name":"self","artifact_location":"{{root}}/here"}""")).Json.GetProperty("experiment_id").GetString()!;
        string run = await _server.NewRun($$"""{"experiment_id":"{{experiment}}"}""");
        Assert.Equal(200, (await _server.Send("PUT", $"{new Uri(root).AbsolutePath}/here/{run}/artifacts/MLproject", "abc")).Status);
        Answer got = await _server.Get($"/get-artifact?run_id={run}&path=MLproject");
        Assert.Equal((200, "abc", "text/plain"), (got.Status, got.Body, got.Headers["Content-Type"]));
        Assert.Contains("MLproject", (await _server.Get($"artifacts/list?run_id={run}")).Body);
        Assert.Equal("Invalid path", (await _server.Get($"{_server.Address}/get-artifact?run_id={run}&path=../x")).Message);
    }
}
