using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Weft.Server.Http;

namespace Weft.Server.Tests;

public sealed class SecurityTests
{
    [Theory]
    [InlineData("localhost:5000", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("[::1]:80", true)]
    [InlineData("0.0.0.0:1", true)]
    [InlineData("192.168.7.7:5000", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("172.16.0.1", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("[fd00::1]:5000", true)]
    [InlineData("8.8.8.8", false)]
    [InlineData("evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("10.evil.example", false)]
    [InlineData("ml.corp.example:5000", true)]
    [InlineData("a.wild.example", true)]
    [InlineData("", false)]
    public void A_host_is_local_private_or_named(string host, bool isAllowed) => Assert.Equal(isAllowed, Rules().AllowsHost(host));

    [Theory]
    [InlineData("http://localhost:3000", true)]
    [InlineData("http://127.0.0.1", true)]
    [InlineData("http://[::1]:8080", true)]
    [InlineData("https://ui.example", true)]
    [InlineData("https://evil.example", false)]
    [InlineData("http://localhost.evil.example", false)]
    [InlineData("null", false)]
    public void An_origin_is_local_or_named(string origin, bool isAllowed) => Assert.Equal(isAllowed, Rules().AllowsOrigin(origin));

    [Fact]
    public async Task A_page_that_resolves_its_name_to_us_gets_nothing()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal(403, (await Get(server, "/api/2.0/mlflow/experiments/get?experiment_id=0", request => request.Headers.Host = "evil.example")).Status);
        Assert.Equal(200, (await Get(server, "/health", request => request.Headers.Host = "evil.example")).Status);
        Assert.Equal(200, (await Get(server, "/version", request => request.Headers.Host = "evil.example")).Status);
    }

    [Fact]
    public async Task A_page_of_another_site_changes_nothing()
    {
        await using TestServer server = await TestServer.StartAsync();
        Answer forged = await Post(server, "https://evil.example");
        Assert.Equal((403, "text/plain; charset=utf-8"), (forged.Status, forged.Headers["Content-Type"]));
        Answer local = await Post(server, "http://localhost:3000");
        Assert.Equal(200, local.Status);
        Assert.Equal("http://localhost:3000", local.Headers["Access-Control-Allow-Origin"]);
        Assert.Equal("true", local.Headers["Access-Control-Allow-Credentials"]);
        Answer preflight = await server.Send(With(new HttpRequestMessage(HttpMethod.Options, "/api/2.0/mlflow/runs/create"), "http://localhost:3000"));
        Assert.Equal("600", preflight.Headers["Access-Control-Max-Age"]);
        Assert.Contains("PATCH", preflight.Headers["Access-Control-Allow-Methods"], StringComparison.Ordinal);

        static Task<Answer> Post(TestServer server, string origin) => server.Send(With(
            new HttpRequestMessage(HttpMethod.Post, "/api/2.0/mlflow/runs/create") { Content = new StringContent("{}", Encoding.UTF8, "application/json") }, origin));

        static HttpRequestMessage With(HttpRequestMessage request, string origin)
        {
            request.Headers.Add("Origin", origin);
            return request;
        }
    }

    [Fact]
    public async Task The_checks_can_be_switched_off()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { ChecksHosts = false, FrameOptions = null });
        Answer answer = await Get(server, "/api/2.0/mlflow/experiments/get?experiment_id=0", request => request.Headers.Host = "evil.example");
        Assert.Equal(200, answer.Status);
        Assert.False(answer.Headers.ContainsKey("X-Frame-Options"));
    }

    [Fact]
    public async Task A_token_is_asked_for_as_clients_send_it()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { Access = new Access.Token("s3cret") });
        const string Path = "/api/2.0/mlflow/experiments/get?experiment_id=0";
        Answer refused = await server.Get(Path);
        Assert.Equal((401, "Basic realm=\"mlflow\""), (refused.Status, refused.Headers["WWW-Authenticate"]));
        Assert.Equal(401, (await Get(server, Path, request => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "other"))).Status);
        Assert.Equal(401, (await Get(server, Path, request => request.Headers.TryAddWithoutValidation("Authorization", "Basic !!!"))).Status);
        Assert.Equal(200, (await Get(server, Path, request => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "s3cret"))).Status);
        string pair = Convert.ToBase64String("anyone:s3cret"u8);
        Assert.Equal(200, (await Get(server, Path, request => request.Headers.Authorization = new AuthenticationHeaderValue("Basic", pair))).Status);
        Assert.Equal(200, (await server.Get("/health")).Status);
    }

    [Fact]
    public void Beyond_loopback_a_server_asks_who_calls_and_hides_it_on_the_wire()
    {
        var options = new ServerOptions { Database = "x", ArtifactFolder = "y", Listen = new IPEndPoint(IPAddress.Any, 5000) };
        Assert.Equal(["server/open-beyond-loopback", "server/plain-http"], options.Check().Select(diagnostic => diagnostic.Id));
        Assert.Empty((options with { Access = new Access.Token("t"), AllowsPlainHttp = true }).Check());
        Assert.Empty((options with { Listen = new IPEndPoint(IPAddress.Loopback, 0) }).Check());
    }

    [Fact]
    public async Task A_path_prefix_stands_before_everything()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { PathPrefix = "/ml" });
        Assert.EndsWith("/ml", server.Address.ToString(), StringComparison.Ordinal);
        Assert.Equal(200, (await server.Get("/ml/api/2.0/mlflow/experiments/get?experiment_id=0")).Status);
        Assert.Equal(200, (await server.Get("/health")).Status);
    }

    [Fact]
    public async Task An_address_that_asks_too_often_is_told_to_wait()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MostPerSecond = 3 });
        Answer answer;
        int count = 0;
        do
            answer = await server.Get("experiments/get?experiment_id=0");
        while (answer.Status == 200 && ++count < 1000);
        Assert.Equal("429 REQUEST_LIMIT_EXCEEDED", answer.Error);
        Assert.Equal("1", answer.Headers["Retry-After"]);
        Assert.Equal(200, (await server.Get("/health")).Status);
    }

    [Theory]
    [InlineData("runs/create")]
    [InlineData("runs/log-batch")]
    [InlineData("runs/search")]
    [InlineData("/graphql")]
    public async Task Deep_json_is_refused(string path)
    {
        await using TestServer server = await TestServer.StartAsync();
        string deep = string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) + "1" + new string('}', 100_000);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await server.Post(path, deep)).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await server.Post(path, new string('[', 1_000_000))).Error);
    }

    [Fact]
    public async Task Oversized_json_is_refused_before_it_is_read()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        await client.GetStream().WriteAsync("POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"u8.ToArray());
        Assert.StartsWith("HTTP/1.1 400 ", await ReadAll(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused_and_leaves_nothing()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { LongestBody = 1000 });
        Assert.Equal(413, (await server.Send("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/big", new string('x', 2000))).Status);
        Assert.Equal("{}", (await server.Get("/api/2.0/mlflow-artifacts/artifacts?path=0")).Body);
        Assert.Equal(200, (await server.Send("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/small", new string('x', 1000))).Status);
    }

    [Fact]
    public async Task Who_sends_headers_slowly_is_cut_off()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { HeadersTimeout = TimeSpan.FromSeconds(1) });
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        await client.GetStream().WriteAsync("GET /health HTTP/1.1\r\nHost: loc"u8.ToArray());
        Assert.StartsWith("HTTP/1.1 408 ", await ReadAll(client), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x.html", "<script>alert(1)</script>")]
    [InlineData("x.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")]
    public async Task A_logged_page_cannot_act_as_who_opens_it(string name, string content)
    {
        await using TestServer server = await TestServer.StartAsync();
        string run = await server.NewRun();
        await server.Send("PUT", $"/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/{name}", content);
        foreach (string path in new[] { $"/get-artifact?run_id={run}&path={name}", $"/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/{name}" })
        {
            Answer answer = await server.Get(path);
            Assert.Equal((200, content), (answer.Status, answer.Body));
            Assert.StartsWith("attachment", answer.Headers["Content-Disposition"], StringComparison.Ordinal);
            Assert.Equal("sandbox", answer.Headers["Content-Security-Policy"]);
            Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
        }
    }

    /// <summary>Archives are kept as they are: nothing is ever unpacked, so no entry of one can be written outside.</summary>
    [Theory]
    [InlineData("../../evil")]
    [InlineData("%2e%2e/evil")]
    [InlineData("%252e%252e/evil")]
    [InlineData("a/..%5cevil")]
    [InlineData("a/%2e%2e/%2e%2e/evil")]
    [InlineData("%00")]
    [InlineData("file:%2F%2F%2Fetc%2Fpasswd")]
    [InlineData("C:%5cevil")]
    public async Task No_path_leads_out_of_the_artifacts(string path)
    {
        await using TestServer server = await TestServer.StartAsync();
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        // By hand, because clients tidy paths up.
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"PUT /api/2.0/mlflow-artifacts/artifacts/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"));
        Assert.StartsWith("HTTP/1.1 400 ", await ReadAll(client), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFiles(server.Root, "*", SearchOption.AllDirectories), file => file.Contains("evil", StringComparison.Ordinal));
    }

    /// <summary>Programs write into a run's folder themselves, also links.</summary>
    [Fact]
    public async Task No_link_leads_out_of_the_artifacts()
    {
        await using TestServer server = await TestServer.StartAsync();
        string run = await server.NewRun(), folder = $"{server.Root}/mlartifacts/0/{run}/artifacts", secret = $"{server.Root}/secret";
        Directory.CreateDirectory(folder);
        Directory.CreateDirectory(secret);
        await File.WriteAllTextAsync($"{secret}/key", "secret");
        await File.WriteAllTextAsync($"{folder}/real", "mine");
        Directory.CreateSymbolicLink($"{folder}/out", secret);
        Directory.CreateSymbolicLink($"{folder}/outer", "out");
        File.CreateSymbolicLink($"{folder}/file", $"{secret}/key");
        File.CreateSymbolicLink($"{folder}/near", "real");
        File.CreateSymbolicLink($"{folder}/loop", "loop");
        foreach (string path in new[] { "out/key", "outer/key", "file", "out/new", "loop" })
        {
            Assert.Equal("400 INVALID_PARAMETER_VALUE", (await server.Get($"/get-artifact?run_id={run}&path={path}")).Error);
            Assert.Equal("400 INVALID_PARAMETER_VALUE", (await server.Send("PUT", $"/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/{path}", "x")).Error);
            Assert.Equal("400 INVALID_PARAMETER_VALUE", (await server.Send("DELETE", $"/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/{path}")).Error);
        }
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await server.Get($"artifacts/list?run_id={run}&path=out")).Error);
        Assert.Equal("mine", (await server.Get($"/get-artifact?run_id={run}&path=near")).Body);
        Assert.Equal("{}", (await server.Send("DELETE", $"/api/2.0/mlflow-artifacts/artifacts/0/{run}")).Body);
        Assert.Equal("secret", await File.ReadAllTextAsync($"{secret}/key"));
    }

    /// <summary>A folder that a client names is opened to it: only the server of one user goes anywhere.</summary>
    [Theory]
    [InlineData("127.0.0.1", "/etc", 200)]
    [InlineData("0.0.0.0", "/etc", 400)]
    [InlineData("0.0.0.0", "file:///etc", 400)]
    [InlineData("0.0.0.0", "FILE:/etc", 400)]
    [InlineData("0.0.0.0", "etc", 400)]
    [InlineData("0.0.0.0", "ROOT/mlartifacts/../x", 400)]
    [InlineData("0.0.0.0", "file://ROOT/mlartifacts/%2e%2e/x", 400)]
    [InlineData("0.0.0.0", "file://ROOT/mlartifacts/x", 200)]
    [InlineData("0.0.0.0", "ROOT/mlartifacts", 200)]
    [InlineData("0.0.0.0", "gs://bucket/x", 200)]
    public async Task A_client_names_folders_of_the_servers_own_only(string listen, string location, int status)
    {
        await using TestServer server = await TestServer.StartAsync(options => options with
        {
            Listen = new IPEndPoint(IPAddress.Parse(listen), 0),
            AllowsPlainHttp = true,
            Access = new Access.Token("t"),
        });
        server.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "t");
        string place = location.Replace("ROOT", server.Root, StringComparison.Ordinal);
        string url = $"http://127.0.0.1:{server.Address.Port}/api/2.0/mlflow/experiments/create";
        Assert.Equal(status, (await server.Post(url, $$"""{"name":"x","artifact_location":"{{place}}"}""")).Status);
    }

    private static async Task<string> ReadAll(System.Net.Sockets.TcpClient client)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        try
        {
            while (await client.GetStream().ReadAsync(buffer) is > 0 and int read)
            {
                text.Append(Encoding.Latin1.GetString(buffer, 0, read));
                if (text.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
                    break;
            }
        }
        catch (IOException)
        {
            // It was cut off after what it was told.
        }
        return text.ToString();
    }

    [Fact]
    public async Task Nothing_in_the_database_logs_anybody_in()
    {
        const string Password = "correct horse";
        await using TestServer server = await TestServer.StartAsync();
        server.Server.Store.Accounts.Rounds = 1000;
        await server.Server.Store.Accounts.CreateAsync("ann", Password, isAdmin: false);
        string token = await server.Server.Store.Accounts.NewTokenAsync("ann");
        await server.StopAsync();
        byte[] bytes = await File.ReadAllBytesAsync(System.IO.Path.Combine(server.Root, "weft.db"));
        string database = Encoding.Latin1.GetString(bytes);
        Assert.DoesNotContain(Password, database, StringComparison.Ordinal);
        Assert.DoesNotContain(token, database, StringComparison.Ordinal);
        Assert.Contains("pbkdf2-sha256$1000$", database, StringComparison.Ordinal);
    }

    private static HostRules Rules() => new(new ServerOptions
    {
        Database = "",
        ArtifactFolder = "",
        AllowedHosts = ["ml.corp.example", "*.wild.example"],
        AllowedOrigins = ["https://ui.example/"],
    });

    private static Task<Answer> Get(TestServer server, string path, Action<HttpRequestMessage> change)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        change(request);
        return server.Send(request);
    }
}
