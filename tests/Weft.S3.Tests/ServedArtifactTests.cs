using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Weft.Server;
using Weft.Support;

namespace Weft.S3.Tests;

/// <summary>A tracking server whose artifacts lie on S3, spoken to in bare HTTP.</summary>
public sealed class ServedArtifactTests : IAsyncLifetime
{
    private const string Proxy = "/api/2.0/mlflow-artifacts/";

    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = new();
    private readonly string _root = $"s3://{S3Server.Bucket}/s-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
    private WeftServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        var options = new ServerOptions
        {
            Database = _folder.Path("weft.db"),
            ArtifactFolder = _root,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Variable = S3Server.Shared.Variable,
        };
        _server = await WeftServer.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, None);
        _client.BaseAddress = _server.Address;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Files_go_through_the_server_and_back()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(S3Folder.PartLength + 100);
        Assert.Equal(HttpStatusCode.OK, (await _client.PutAsync(Proxy + "artifacts/0/r/artifacts/model/w%20%C3%A4.bin", new ByteArrayContent(bytes), None)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _client.PutAsync(Proxy + "artifacts/0/r/artifacts/a.txt", new ByteArrayContent([]), None)).StatusCode);
        using HttpResponseMessage got = await _client.GetAsync(Proxy + "artifacts/0/r/artifacts/model/w%20%C3%A4.bin", None);
        Assert.Equal(bytes, await got.Content.ReadAsByteArrayAsync(None));
        Assert.Equal(bytes.Length, got.Content.Headers.ContentLength);
        Assert.StartsWith("attachment", got.Content.Headers.ContentDisposition!.ToString(), StringComparison.Ordinal);
        Assert.Equal("""{"files":[{"path":"a.txt","is_dir":false},{"path":"model","is_dir":true}]}""", await _client.GetStringAsync(Proxy + "artifacts?path=0/r/artifacts", None));
        Assert.Equal(HttpStatusCode.OK, (await _client.DeleteAsync(Proxy + "artifacts/0/r/artifacts/model", None)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync(Proxy + "artifacts/0/r/artifacts/model/w%20%C3%A4.bin", None)).StatusCode);
    }

    [Fact]
    public async Task A_large_file_goes_past_the_server_in_parts()
    {
        JsonElement made = await Post("mpu/create/0/r/artifacts/model", new { path = "/home/anna/weights.bin", num_parts = 2 });
        string upload = made.GetProperty("upload_id").GetString()!;
        byte[] first = RandomNumberGenerator.GetBytes(5 << 20);
        var parts = new List<object>();
        using var bare = new HttpClient();
        foreach (JsonElement part in made.GetProperty("credentials").EnumerateArray())
        {
            int number = part.GetProperty("part_number").GetInt32();
            using HttpResponseMessage put = await bare.PutAsync(part.GetProperty("url").GetString(), new ByteArrayContent(number == 1 ? first : [1, 2]), None);
            put.EnsureSuccessStatusCode();
            parts.Add(new { part_number = number, etag = put.Headers.ETag!.Tag, url = part.GetProperty("url").GetString() });
        }
        await Post("mpu/complete/0/r/artifacts/model", new { path = "/home/anna/weights.bin", upload_id = upload, parts });
        Assert.Equal([.. first, 1, 2], await _client.GetByteArrayAsync(Proxy + "artifacts/0/r/artifacts/model/weights.bin", None));
        JsonElement link = await _client.GetFromJsonAsync<JsonElement>(Proxy + "presigned/0/r/artifacts/model/weights.bin", None);
        Assert.Equal(first.Length + 2, link.GetProperty("file_size").GetInt64());
        Assert.Equal([.. first, 1, 2], await bare.GetByteArrayAsync(link.GetProperty("url").GetString(), None));
        JsonElement other = await Post("mpu/create/0/r/artifacts", new { path = "dropped.bin", num_parts = 1 });
        await Post("mpu/abort/0/r/artifacts", new { path = "dropped.bin", upload_id = other.GetProperty("upload_id").GetString() });
        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync(Proxy + "artifacts/0/r/artifacts/dropped.bin", None)).StatusCode);
    }

    [Fact]
    public async Task A_location_in_the_servers_bucket_is_read_and_another_bucket_is_not()
    {
        await _server.Store.Experiments.CreateAsync("ours", _root + "/elsewhere", []);
        await _server.Store.Experiments.CreateAsync("theirs", "s3://somebody-else/data", []);
        string ours = (await _server.Store.Runs.CreateAsync(new Tracking.NewRun(1))).Info.Id.Value;
        string theirs = (await _server.Store.Runs.CreateAsync(new Tracking.NewRun(2))).Info.Id.Value;
        Assert.Equal(HttpStatusCode.OK, (await _client.PostAsync($"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={ours}&path=notes/n.txt", new ByteArrayContent([1, 2, 3]), None)).StatusCode);
        JsonElement list = await _client.GetFromJsonAsync<JsonElement>($"/api/2.0/mlflow/artifacts/list?run_id={ours}&path=notes", None);
        Assert.Equal($"{_root}/elsewhere/{ours}/artifacts", list.GetProperty("root_uri").GetString());
        Assert.Equal("""[{"path":"notes/n.txt","is_dir":false,"file_size":3}]""", list.GetProperty("files").GetRawText());
        Assert.Equal([1, 2, 3], await _client.GetByteArrayAsync($"/get-artifact?run_uuid={ours}&path=notes/n.txt", None));
        using HttpResponseMessage refused = await _client.GetAsync($"/api/2.0/mlflow/artifacts/list?run_id={theirs}", None);
        Assert.Equal(HttpStatusCode.NotImplemented, refused.StatusCode);
    }

    [Theory]
    [InlineData("../../other")]
    [InlineData("%2e%2e/%2e%2e/other")]
    public async Task No_path_leads_out_of_the_servers_folder(string path) =>
        Assert.Equal(HttpStatusCode.BadRequest, (await _client.GetAsync(Proxy + "artifacts?path=0/" + path, None)).StatusCode);

    private async Task<JsonElement> Post(string path, object body)
    {
        using HttpResponseMessage answer = await _client.PostAsJsonAsync(Proxy + path, body, None);
        string text = await answer.Content.ReadAsStringAsync(None);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonElement.Parse(text);
    }
}
