using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary><c>weft server</c> as a process: reached by the command line of another folder, killed, and not loaded where nobody asks for it.</summary>
public sealed class ServerTests : IDisposable
{
    private const string WebServer = "Microsoft.AspNetCore";

    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _started = [];

    public void Dispose()
    {
        foreach (Process process in _started)
        {
            if (!process.HasExited)
                process.Kill();
            process.Dispose();
        }
        _folder.Dispose();
    }

    [Fact]
    public async Task Executions_behind_a_server_are_read_followed_and_stopped_from_another_folder()
    {
        string project = Directory.CreateDirectory(_folder.Path("project")).FullName;
        string elsewhere = Directory.CreateDirectory(_folder.Path("elsewhere")).FullName;
        Process run = Start(project, "run", "--", "sh", "-c", "echo begun; until [ -e go ]; do sleep 0.05; done; echo done; until [ -e never ]; do sleep 0.05; done");
        Process server = Start(project, "server", "--port", "0");
        string address = (await server.StandardOutput.ReadLineAsync())!;
        string token = await Eventually(() => File.Exists(Path.Combine(project, ".weft/server-token")) ? File.ReadAllText(Path.Combine(project, ".weft/server-token")).Trim() : "", text => text.Length > 0);
        ProgramResult Remote(params string[] words) => WeftProgram.Run(elsewhere, [new("WEFT_SERVER", address), new("WEFT_SERVER_TOKEN", token)], words);

        Assert.Contains("running", await Eventually(() => Remote("ps").Out, text => text.Contains("running", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal("begun\n", await Eventually(() => Remote("logs", "-").Out, text => text.Length > 0));
        Process follower = WeftProgram.Start(elsewhere, [new("WEFT_SERVER", address), new("WEFT_SERVER_TOKEN", token)], "logs", "-f", "-/sh");
        _started.Add(follower);
        Assert.Equal("begun", await follower.StandardOutput.ReadLineAsync());
        await File.WriteAllTextAsync(Path.Combine(project, "go"), "");
        Assert.Equal("done", await follower.StandardOutput.ReadLineAsync());
        Assert.Equal(0, Remote("stop", "-").ExitCode);
        Assert.Null(await follower.StandardOutput.ReadLineAsync());
        ProgramResult attached = Remote("attach", "-");
        Assert.Equal(1, attached.ExitCode);
        Assert.Contains("sh cancelled", attached.Out, StringComparison.Ordinal);
        await run.WaitForExitAsync();

        ProgramResult stranger = WeftProgram.Run(elsewhere, [new("WEFT_SERVER", address)], "ps");
        Assert.Equal(2, stranger.ExitCode);
        Assert.Contains("does not know who asks", stranger.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_differs_behind_a_server_is_told_as_beside_it()
    {
        string project = Directory.CreateDirectory(_folder.Path("project")).FullName;
        string elsewhere = Directory.CreateDirectory(_folder.Path("elsewhere")).FullName;
        Assert.Equal(0, WeftProgram.Run(project, "run", "--", "echo", "eins").ExitCode);
        WeftProgram.Run(project, "tag", "first", "-");
        Assert.Equal(1, WeftProgram.Run(project, "run", "--", "false").ExitCode);
        Process server = Start(project, "server", "--open", "--port", "0");
        string address = (await server.StandardOutput.ReadLineAsync())!;
        ProgramResult Remote(params string[] words) => WeftProgram.Run(elsewhere, [new("WEFT_SERVER", address)], words);

        ProgramResult there = Remote("diff", "@first", "-");
        Assert.Equal((0, WeftProgram.Run(project, "diff", "@first", "-").Out), (there.ExitCode, there.Out));
        Assert.Contains("failed", there.Out, StringComparison.Ordinal);
        Assert.Contains("differ in nothing", Remote("diff", "-", "-").Error, StringComparison.Ordinal);
        Assert.Equal(2, Remote("diff", "-", "nothing-like-it").ExitCode);
    }

    [Fact]
    public async Task Lists_behind_a_server_are_whole()
    {
        const int points = 1100;
        string project = Directory.CreateDirectory(_folder.Path("project")).FullName;
        string elsewhere = Directory.CreateDirectory(_folder.Path("elsewhere")).FullName;
        Assert.Equal(0, WeftProgram.Run(project, "run", "-m", "-q", "-j", "2", "--", "echo", $"i=1:{points}").ExitCode);
        Process server = Start(project, "server", "--open", "--port", "0");
        string address = (await server.StandardOutput.ReadLineAsync())!;
        ProgramResult Remote(params string[] words) => WeftProgram.Run(elsewhere, [new("WEFT_SERVER", address)], words);

        Assert.Equal(points, Regex.Count(Remote("show", "-").Out, @"^echo\[\d+\] +succeeded", RegexOptions.Multiline));
        Assert.Equal(points, Regex.Count(Remote("logs", "-").Out, @"^i=\d+$", RegexOptions.Multiline));
        Assert.Contains("\"definition\"", Remote("ps", "-a", "--json").Out, StringComparison.Ordinal);
        ProgramResult files = Remote("show", "-", "--env");
        Assert.Equal(2, files.ExitCode);
        Assert.Contains("`--env` reads files of the project's folder", files.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_behind_a_server_is_explained_answered_marked_and_fetched_from_another_folder()
    {
        string project = Directory.CreateDirectory(_folder.Path("böse name")).FullName;
        string elsewhere = Directory.CreateDirectory(_folder.Path("elsewhere")).FullName;
        await File.WriteAllTextAsync(Path.Combine(project, "weft.yaml"), """
            weft: 1
            project: iris
            tasks:
              make:
                script: |
                  mkdir out
                  echo inside > "out/ü x.txt"
                  echo model > model.bin
                outputs: {data: {at: out/}, model: {at: model.bin}}
              deploy:
                run: echo deployed
                inputs: {data: make.data}
                approve: really?
            """);
        Process run = Start(project, "run", "main");
        Process server = Start(project, "server", "--open", "--port", "0");
        string address = (await server.StandardOutput.ReadLineAsync())!;
        ProgramResult Remote(params string[] words) => WeftProgram.Run(elsewhere, [new("WEFT_SERVER", address)], words);

        Assert.Contains("for an answer to `really?`", await Eventually(() => Remote("why", "-").Out, text => text.Contains("for an answer", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("model.bin", Remote("artifacts", "get", "-/make", "model").Out, StringComparison.Ordinal);
        Assert.Equal("model\n", await File.ReadAllTextAsync(Path.Combine(elsewhere, "model.bin")));
        Assert.Equal(0, Remote("artifacts", "get", "-", "data", "-o", "copy").ExitCode);
        Assert.Equal("inside\n", await File.ReadAllTextAsync(Path.Combine(elsewhere, "copy", "ü x.txt")));
        Assert.Contains("model", Remote("artifacts", "list", "-/make").Out, StringComparison.Ordinal);
        Assert.Contains("approved", Remote("approve", "-/deploy").Error, StringComparison.Ordinal);
        await run.WaitForExitAsync();
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(0, Remote("tag", "champion", "-").ExitCode);
        Assert.Contains("champion", Remote("tag").Out, StringComparison.Ordinal);
        Assert.Contains("ran", Remote("why", "@champion/deploy").Out, StringComparison.Ordinal);
        Assert.Contains("labelled", Remote("label", "@champion", "paper=fig ü").Error, StringComparison.Ordinal);
        Assert.Contains("fig ü", Remote("label", "@champion/deploy").Out, StringComparison.Ordinal);
        Assert.Contains("labelled", Remote("label", "@champion", "--remove", "paper").Error, StringComparison.Ordinal);
        Assert.DoesNotContain("fig", Remote("label", "@champion").Out, StringComparison.Ordinal);
        Assert.Equal(0, Remote("tag", "champion", "--delete").ExitCode);
        ProgramResult gone = Remote("show", "@champion");
        Assert.Equal(2, gone.ExitCode);
    }

    [Fact]
    public async Task What_was_acknowledged_survives_kill_9()
    {
        const int clients = 8;
        string project = Directory.CreateDirectory(_folder.Path("project")).FullName;
        Process server = Start(project, "server", "--open", "--port", "0");
        string address = await server.StandardOutput.ReadLineAsync() + "/";
        var runs = new List<string>();
        using (var client = new HttpClient { BaseAddress = new Uri(address) })
        {
            for (int i = 0; i < clients; i++)
                runs.Add((await Post(client, "runs/create", """{"experiment_id":"0"}"""))!.Value.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!);
        }
        int acknowledged = 0;
        Task<(string Run, int Count)>[] logging = [.. runs.Select(run => Task.Run(async () =>
        {
            using var client = new HttpClient { BaseAddress = new Uri(address) };
            int count = 0;
            while (await Post(client, "runs/log-batch", $$"""{"run_id":"{{run}}","metrics":[{"key":"m","value":1,"timestamp":1,"step":{{count}}},{"key":"n","value":{{count}},"timestamp":1}]}""") is not null)
            {
                count++;
                if (Interlocked.Increment(ref acknowledged) == clients * 25)
                    server.Kill();
            }
            return (run, count);
        }))];
        (string Run, int Count)[] logged = await Task.WhenAll(logging);

        Process heir = Start(project, "server", "--open", "--port", "0");
        using HttpClient again = await ClientOf(heir);
        foreach ((string run, int count) in logged)
        {
            JsonElement history = JsonElement.Parse(await again.GetStringAsync($"api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=m&max_results=25000"));
            long[] steps = history.TryGetProperty("metrics", out JsonElement points) ? [.. points.EnumerateArray().Select(point => point.GetProperty("step").GetInt64())] : [];
            // One more may have been kept whose answer was lost.
            Assert.InRange(steps.Length, count, count + 1);
            Assert.Equal(Enumerable.Range(0, steps.Length).Select(step => (long)step), steps.Order());
            string text = await again.GetStringAsync($"api/2.0/mlflow/runs/get?run_id={run}");
            if (steps.Length > 0)
                Assert.Contains($$"""{"key":"n","value":{{steps.Length - 1}}.0""", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("check")]
    [InlineData("ls")]
    [InlineData("plan", "job")]
    [InlineData("run", "job", "--dry-run")]
    [InlineData("run", "job")]
    public void No_command_but_the_server_loads_a_web_server(params string[] words)
    {
        string project = ProjectOf("true");
        Assert.DoesNotContain(WebServer, LoadedBy(project, words), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_loads_the_web_server_when_a_program_connects()
    {
        string project = ProjectOf("""exec 3<>/dev/tcp/127.0.0.1/${MLFLOW_TRACKING_URI##*:}; printf 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3; cat <&3 > answer""");
        string loaded = LoadedBy(project, "run", "job");
        Assert.StartsWith("HTTP/1.1 200 ", File.ReadAllText(Path.Combine(project, "answer")), StringComparison.Ordinal);
        Assert.Contains(WebServer, loaded, StringComparison.Ordinal);
    }

    private string ProjectOf(string command)
    {
        string project = Directory.CreateDirectory(_folder.Path("project")).FullName;
        File.WriteAllText(Path.Combine(project, "weft.yaml"), $"weft: 1\ntasks:\n  job:\n    script: |\n      {command}\n");
        return project;
    }

    /// <summary>
    /// The names of what a command loads, as the runtime notes them down. A program that carries its libraries in one file opens no others, by which they
    /// could be told.
    /// </summary>
    private string LoadedBy(string project, params string[] words)
    {
        string trace = _folder.Path("trace");
        ProgramResult result = WeftProgram.Run(project, new Dictionary<string, string?>
        {
            ["DOTNET_EnableEventPipe"] = "1",
            // The events of the loader: keyword 8.
            ["DOTNET_EventPipeConfig"] = "Microsoft-Windows-DotNETRuntime:0x8:4",
            ["DOTNET_EventPipeOutputPath"] = trace,
        }, words);
        Assert.True(result.ExitCode == 0, result.ToString());
        // Names begin at even and at odd places.
        byte[] bytes = File.ReadAllBytes(trace);
        string names = Encoding.Unicode.GetString(bytes) + Encoding.Unicode.GetString(bytes.AsSpan(1));
        Assert.Contains("System.Private.CoreLib", names, StringComparison.Ordinal);
        return names;
    }

    private Process Start(string folder, params string[] words)
    {
        Process process = WeftProgram.Start(folder, [], words);
        _started.Add(process);
        return process;
    }

    private static async Task<HttpClient> ClientOf(Process server) => new() { BaseAddress = new Uri(await server.StandardOutput.ReadLineAsync() + "/") };

    /// <summary>The answer; null when the server is gone.</summary>
    private static async Task<JsonElement?> Post(HttpClient client, string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        try
        {
            using HttpResponseMessage response = await client.PostAsync("api/2.0/mlflow/" + path, content);
            string body = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, body);
            return JsonElement.Parse(body);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static async Task<T> Eventually<T>(Func<T> look, Func<T, bool> isWanted)
    {
        using var deadline = new CancellationTokenSource(WeftProgram.Deadline);
        while (true)
        {
            T found = look();
            if (isWanted(found))
                return found;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
        }
    }
}
