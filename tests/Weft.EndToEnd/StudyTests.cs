using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>A study in a <c>weft.yaml</c> through the program: plan, run, edit, why, and what tasks gave.</summary>
public sealed class StudyTests : IDisposable
{
    private const string Study = """
        weft: 1
        project: study
        tasks:
          prepare: {script: "cp ${{ inputs.raw }} ${{ outputs.data }}", inputs: {raw: ./raw.csv}, outputs: {data: data.csv}}
          train:
            run: sh train.sh ${{ inputs.data }} ${{ outputs.model }}
            args: flags
            inputs: {data: prepare.data}
            outputs: {model: model.txt}
            sweep: {grid: {lr: [1, 2]}, select: max(acc)}
          report: {script: "cat ${{ inputs.model }} > ${{ outputs.page }}", inputs: {model: train.best.model}, outputs: {page: page.html}, tag: best}
        """;

    private readonly TemporaryFolder _folder = new();

    public StudyTests()
    {
        _folder.Write("weft.yaml", Study);
        _folder.Write("raw.csv", "1\n");
        _folder.Write("train.sh", "echo \"model $4 of $(cat \"$1\")\" > \"$2\"\necho \"acc=$4\" > \"$WEFT_RESULTS\"\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_study_is_planned_run_edited_and_explained()
    {
        Assert.Equal("", Weft("check").Out);
        Weft("run", "main");
        ProgramResult plan = Weft("plan", "main");
        Assert.Contains("reuse 2 results", plan.Out);
        // What the best of points that are all there gives is known, so the report is looked up too.
        Assert.Contains("\n3 reused\n", plan.Out);
        Weft("plan", "main", "-o", "plan.json");
        Assert.Contains("4 done (4 reused)", Weft("run", "--plan", "plan.json").Error);
        Assert.Contains("2 done (2 reused)", Weft("show", "-").Out);

        _folder.Write("train.sh", File.ReadAllText(_folder.Path("train.sh")) + "# edited\n");
        ProgramResult refused = WeftProgram.Run(_folder.Root, "run", "--plan", "plan.json");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("`train` was to be reused (2 results), now it would run", refused.Error);
        Assert.Contains("the file `train.sh` changed since", Weft("plan", "main").Out);
        Weft("run", "main");
        Assert.Contains("the file `train.sh` changed from", Weft("why", "-/train/1").Out);
        Assert.Contains("was reused", Weft("why", "-/prepare").Out);

        Weft("artifacts", "get", "@best", "page", "-o", "page.html");
        Assert.Equal("model 2 of 1\n", File.ReadAllText(_folder.Path("page.html")));
        File.WriteAllText(_folder.Path("again.sh"), Weft("show", "-", "--script").Out);
        ProgramResult script = WeftProgram.Finish(WeftProgram.StartProgram(_folder.Root, [], "bash", "again.sh"));
        Assert.True(script.ExitCode == 0, script.ToString());
    }

    [Fact]
    public async Task An_address_is_told_of_the_ends_that_it_wants_to_know()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        _folder.Write("weft.yaml", $$"""
            weft: 1
            on_failure: continue
            tasks:
              good: {run: "true", notify: {on: [failed], url: "http://{{listener.LocalEndpoint}}/never"} }
              bad: {run: "false", notify: {on: [failed], url: "http://{{listener.LocalEndpoint}}/told"} }
              gone: {run: "true", notify: {url: "http://127.0.0.1:1/x"} }
            """);
        Task<string> told = Task.Run(async () =>
        {
            using System.Net.Sockets.TcpClient client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
            using var reader = new StreamReader(client.GetStream());
            var request = new System.Text.StringBuilder();
            while (!request.ToString().Contains("\"at\":", StringComparison.Ordinal))
                request.Append((char)reader.Read());
            await client.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
            return request.ToString();
        }, TestContext.Current.CancellationToken);
        ProgramResult run = WeftProgram.Run(_folder.Root, "run", "main");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("127.0.0.1 was not told of an end", run.Error);
        string request = await told;
        Assert.StartsWith("POST /told ", request);
        Assert.Contains("\"node\":\"bad\",\"state\":\"failed\",\"reason\":\"exit code 1\"", request);
    }

    [Fact]
    public void Results_of_earlier_executions_are_taken_by_task_and_by_tag()
    {
        Weft("run", "main");
        _folder.Write("weft.yaml", Study + "\n  later: {script: \"cat ${{ inputs.a }} ${{ inputs.b }} > later\", inputs: {a: train@last.best.model, b: '@best/page'}}\n");
        Weft("run", "later");
        Assert.Equal("model 2 of 1\nmodel 2 of 1\n", File.ReadAllText(_folder.Path("later")));
    }

    /// <summary>The program shows its secret wherever a program can: output in pieces and other forms, results, a parameter and a tag of its run. It looks at the processes, too.</summary>
    private const string Talkative = """
        import base64, json, os, urllib.parse, urllib.request
        token = os.environ["TOKEN"]
        assert len(token) == 15, token
        print("token is", token, base64.b64encode(token.encode()).decode(), urllib.parse.quote(token), json.dumps({"t": token}), flush=True)
        os.write(1, token[:7].encode()); os.write(1, token[7:].encode() + b"\\n")
        open(os.environ["WEFT_RESULTS"], "w").write("word=%s\\nnumber=0.5\\n" % token)
        def post(path, body):
            headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}
            request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/" + path, json.dumps(body).encode(), headers)
            return json.load(urllib.request.urlopen(request))
        run = post("runs/create", {"experiment_id": "0", "run_name": token})["run"]["info"]["run_id"]
        post("runs/log-parameter", {"run_id": run, "key": "token", "value": token})
        post("runs/set-tag", {"run_id": run, "key": "note", "value": "it is " + token})
        post("runs/log-batch", {"run_id": run, "params": [{"key": "more", "value": token}], "metrics": [{"key": "m", "value": 7, "timestamp": 1, "step": 0}]})
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                assert token not in open("/proc/%s/cmdline" % process, errors="replace").read(), "process " + process
            except OSError:
                pass
        """;

    [Fact]
    public void A_secret_reaches_its_program_and_nothing_else()
    {
        const string Secret = "hunter2-hünt/\"2";
        var variables = new KeyValuePair<string, string?>[] { new("XDG_CONFIG_HOME", _folder.Path("home")) };
        string project = _folder.Path("ein Projekt ü");
        _folder.Write("ein Projekt ü/weft.yaml", "weft: 1\nenv: {secrets: [TOKEN]}\ntasks:\n  a: {run: python3 talk.py, outputs: {word: {type: str}}}\n  b: {run: 'echo ${{ inputs.w }}', inputs: {w: a.word}}\n");
        _folder.Write("ein Projekt ü/talk.py", Talkative);
        Assert.Contains("there is no secret `TOKEN`", WeftProgram.Run(project, variables, "run", "main").Error);
        using (System.Diagnostics.Process set = WeftProgram.Start(project, variables, "secret", "set", "TOKEN"))
        {
            set.StandardInput.Write(Secret);
            set.StandardInput.Close();
            Assert.Equal(0, WeftProgram.Finish(set).ExitCode);
        }
        ProgramResult run = Say("run", "main", "-j", "1");
        Assert.Contains("token is *** ***", run.Out);
        Assert.Contains("a secret stood in its results", run.Error);
        foreach (string[] words in (string[][])[["logs", "-/a"], ["logs", "-/b"], ["show", "-/a"], ["show", "-", "--script"], ["why", "-"], ["runs", "--columns", "token,more,m"], ["plan", "main"], ["plan", "main", "--json"], ["diff", "-", "-"], ["ps", "-a", "--json"], ["reproduce", "-"]])
            Say(words);
        Assert.Contains("***", Say("runs", "--columns", "token,more,m").Out);
        Assert.Contains("***", Say("logs", "-/b").Out);
        foreach (string file in Directory.EnumerateFiles(_folder.Root, "*", SearchOption.AllDirectories))
        {
            string content = File.ReadAllText(file);
            Assert.DoesNotContain("hunter2", content);
            Assert.DoesNotContain(Convert.ToBase64String("hunter2-hün"u8)[..12], content);
        }

        ProgramResult Say(params string[] words)
        {
            ProgramResult result = WeftProgram.Run(project, variables, words);
            Assert.True(result.ExitCode == 0, $"weft {string.Join(' ', words)}: {result}");
            Assert.DoesNotContain("hunter2", result.Out + result.Error);
            return result;
        }
    }

    private ProgramResult Weft(params string[] words)
    {
        ProgramResult result = WeftProgram.Run(_folder.Root, words);
        Assert.True(result.ExitCode == 0, $"weft {string.Join(' ', words)}: {result}");
        return result;
    }
}
