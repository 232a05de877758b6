using System.Diagnostics;
using Weft.Platform;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>Kept results through the program: processes that want the same, clones, kills, and every switch.</summary>
public sealed class CacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Of_two_runs_of_the_same_one_waits_and_takes_over_when_the_other_is_killed()
    {
        _folder.Write("p/weft.yaml", """
            weft: 1
            tasks: {a: {script: "echo x >> started; while ! test -e go; do sleep 0.05; done; echo x >> ended; echo r=1 > \"$WEFT_RESULTS\"", outputs: {r: {type: int}}}}
            """);
        using Process first = Start("p", "run", "main", "--name", "one");
        WaitUntil(() => Lines("p/started") == 1);
        using Process second = Start("p", "run", "main", "--name", "two", "--fresh");
        WaitUntil(() => Try("p", "why", "two/a").Out.Contains("the same work is being done elsewhere now", StringComparison.Ordinal));
        first.Kill();
        first.WaitForExit();
        WaitUntil(() => Lines("p/started") == 2);
        _folder.Write("p/go", "");
        ProgramResult end = WeftProgram.Finish(second);
        Assert.True(end.ExitCode == 0, end.ToString());
        // The program of the killed one runs on, and is adopted by whoever resumes it.
        Assert.Equal(0, Weft("p", "resume", "one").ExitCode);
        Assert.Equal((2, 2), (Lines("p/started"), Lines("p/ended")));
        Assert.Contains("was reused", WhyAfter("p", "run", "main"));
    }

    [Fact]
    public void Clones_of_a_repository_share_results()
    {
        _folder.Write("one/weft.yaml", """
            weft: 1
            project: shared
            tasks: {a: {script: "echo x >> ran; cp in.txt ${{ outputs.o }}/", outputs: {o: o/}, sources: [in.txt]}}
            """);
        _folder.Write("one/in.txt", "1\n");
        Git("one", "init", "-q");
        Git("one", "add", ".");
        Git("one", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "first");
        Git(".", "clone", "-q", "one", "two");
        Weft("one", "run", "main");
        Assert.Contains("reuse", Weft("two", "plan", "main").Out);
        Assert.False(Directory.Exists(_folder.Path("two/.weft")));
        Weft("two", "run", "main");
        Assert.Equal((1, 0), (Lines("one/ran"), Lines("two/ran")));
        Assert.Contains("in another clone", Weft("two", "why", "-/a").Out);
        // What one clone removes the other keeps.
        Directory.Delete(_folder.Path("one/.weft"), recursive: true);
        Weft("two", "gc");
        Weft("two", "artifacts", "get", "-/a", "o", "-o", "got");
        Assert.Equal("1\n", File.ReadAllText(_folder.Path("two/got/in.txt")));
        // Another content is another result; and sharing can be switched off.
        _folder.Write("two/in.txt", "2\n");
        Weft("two", "run", "main");
        Assert.Equal(1, Lines("two/ran"));
        ProgramResult alone = WeftProgram.Run(_folder.Path("one"), [.. Variables, new("WEFT_CACHE", "off")], "run", "main");
        Assert.True(alone.ExitCode == 0, alone.ToString());
        Assert.Equal(2, Lines("one/ran"));
        Assert.Contains("must be the absolute path of a folder, or `off`", WeftProgram.Run(_folder.Path("one"), [.. Variables, new("WEFT_CACHE", "here")], "run", "main").Error);
    }

    [Fact]
    public void Every_switch_does_what_it_says()
    {
        const string Yaml = """
            weft: 1
            tasks:
              a: {script: "echo a >> ran; date +%s%N > ${{ outputs.o }}", outputs: {o: o.txt}}
              b: {script: "echo b >> ran; cp ${{ inputs.i }} ${{ outputs.p }}", inputs: {i: a.o, note: 1}, outputs: {p: p.txt}, cache: {version: 1, ignore: [note]}}
              c: {script: "echo c >> ran", inputs: {i: b.p}, cache: false}
            """;
        _folder.Write("p/weft.yaml", Yaml);
        Assert.Equal("abc", RanBy("run", "main"));
        Assert.Equal("c", RanBy("run", "main"));
        Assert.Contains("it is not cached", Weft("p", "why", "-/c").Out);
        Assert.Equal("abc", RanBy("run", "main", "--no-cache"));
        Assert.Equal("c", RanBy("run", "main"));
        Assert.Equal("abc", RanBy("run", "main", "--rerun"));
        Assert.Contains("`--rerun`", Weft("p", "why", "-/a").Out);
        Assert.Equal("c", RanBy("run", "main"));
        Assert.Equal(2, Try("p", "run", "main", "--rerun", "--no-cache").ExitCode);
        // What the ignored input says does not count, what the version says does.
        _folder.Write("p/weft.yaml", Yaml.Replace("note: 1", "note: 2").Replace("echo b >> ran;", "echo b >> ran; : ;"));
        Assert.Equal("c", RanBy("run", "main"));
        _folder.Write("p/weft.yaml", Yaml.Replace("version: 1", "version: 2"));
        Assert.Equal("bc", RanBy("run", "main"));
        Assert.Contains("the version changed from 1 to 2", Weft("p", "why", "-/b").Out);
        // What the user does to a file that a task has made changes neither what is kept nor what runs.
        string output = Directory.GetFiles(_folder.Path("p/.weft/executions"), "o.txt", SearchOption.AllDirectories).First();
        File.Delete(output);
        File.WriteAllText(output, "mine");
        Assert.Equal("c", RanBy("run", "main"));
        Weft("p", "artifacts", "get", "-/a", "o", "-o", "got");
        Assert.NotEqual("mine", File.ReadAllText(_folder.Path("p/got")));
    }

    [Fact]
    public void Unchanged_inputs_are_not_read_again()
    {
        const long size = 64 << 20;
        _folder.Write("p/weft.yaml", "weft: 1\ntasks: {a: {script: 'true', inputs: {i: ./large.bin}, outputs: {r: {type: int?}}}}\n");
        using (FileStream large = File.Create(_folder.Path("p/large.bin")))
            large.SetLength(size);
        // A file that was written a moment ago is not trusted to stay as it is: by its time it is an hour old, by the kernel's some seconds.
        WaitUntil(() => DateTime.UtcNow - File.GetLastWriteTimeUtc(_folder.Path("p/large.bin")) > TimeSpan.FromSeconds(2.5));
        Weft("p", "run", "main");
        long read = BytesRead("plan main");
        Assert.True(read < size, $"{read} bytes");
        _folder.Write("p/large.bin", "small\n");
        Assert.Contains("the input `i` changed", Weft("p", "plan", "main").Out);
    }

    [Fact]
    public void A_graph_that_is_killed_again_and_again_ends_as_an_undisturbed_one()
    {
        // Thirty tasks: files made, mapped over, chosen by a condition, joined.
        var yaml = new System.Text.StringBuilder("weft: 1\nproject: kills\ntasks:\n");
        for (int i = 0; i < 9; i++)
            yaml.Append($"  a{i}: {{script: 'echo a{i} >> begun; sleep 0.02; echo {i} > ${{{{ outputs.f }}}}; echo n={i} > \"$WEFT_RESULTS\"; echo a{i} >> ended', outputs: {{f: f.txt, n: {{type: int}}}}}}\n");
        for (int i = 0; i < 8; i++)
            yaml.Append($"  b{i}: {{script: 'echo b{i} >> begun; cat ${{{{ inputs.x }}}} ${{{{ inputs.y }}}} > ${{{{ outputs.d }}}}/both; echo b{i} >> ended', inputs: {{x: a{i}.f, y: a{i + 1}.f}}, outputs: {{d: d/}}}}\n");
        yaml.Append("""
              map: {script: 'echo map${{ item.i }} >> begun; sleep 0.02; cat ${{ inputs.d }}/both > ${{ outputs.m }}; echo ${{ item.i }} >> ${{ outputs.m }}; echo map${{ item.i }} >> ended', inputs: {d: b0.d}, outputs: {m: m.txt}, sweep: {grid: {i: "1:10"}}}
              yes: {script: 'echo yes >> begun; cat ${{ inputs.f }} > ${{ outputs.o }}; echo yes >> ended', inputs: {f: a3.f}, outputs: {o: o.txt}, when: a3.n == 3}
              no: {script: 'echo no >> begun', inputs: {f: a3.f}, when: a3.n == 4}
              join: {script: 'echo join >> begun; cat ${{ inputs.all }} ${{ inputs.o }} ${{ inputs.e }}/both > ${{ outputs.j }}; echo join >> ended', inputs: {all: map.m, o: yes.o, e: b7.d}, outputs: {j: j.txt}}

            """);
        foreach (string project in new[] { "calm", "killed" })
            _folder.Write($"{project}/weft.yaml", yaml.ToString());
        Weft("calm", "run", "main", "-j", "3");
        int seed = int.TryParse(Environment.GetEnvironmentVariable("WEFT_KILL_SEED"), out int given) ? given : 1;
        var random = new Random(seed);
        for (int kills = 0; kills < 12; kills++)
        {
            using Process weft = Start("killed", "run", "main", "-j", "3");
            int until = Lines("killed/begun") + random.Next(0, 3);
            WaitUntil(() => weft.HasExited || (Lines("killed/begun") >= until && random.Next(5) == 0));
            weft.Kill();
            weft.WaitForExit();
            AssertWhole("killed", seed);
        }
        Weft("killed", "run", "main", "-j", "3");
        foreach (string account in new[] { "begun", "ended" })
            Assert.True(File.ReadAllLines(_folder.Path("calm/" + account)).Order().SequenceEqual(File.ReadAllLines(_folder.Path("killed/" + account)).Order()), $"{account} with the seed {seed}: {string.Join(' ', File.ReadAllLines(_folder.Path("killed/" + account)).Order())}");
        foreach (string project in new[] { "calm", "killed" })
            Weft(project, "artifacts", "get", "-/join", "j", "-o", "got");
        Assert.Equal(File.ReadAllText(_folder.Path("calm/got")), File.ReadAllText(_folder.Path("killed/got")));
    }

    /// <summary>Every content under its digest is whole, whoever died when.</summary>
    private void AssertWhole(string project, int seed)
    {
        string blobs = _folder.Path($"{project}/.weft/blobs");
        if (!Directory.Exists(blobs))
            return;
        foreach (string file in Directory.GetFiles(blobs, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(Path.GetDirectoryName(file))!.Length == 2))
        {
            string hex = Path.GetFileName(Path.GetDirectoryName(file)) + Path.GetFileName(file);
            Assert.True(Values.Digest.Of(File.ReadAllBytes(file)).Hex == hex, $"{hex} has another content, seed {seed}");
        }
    }

    private KeyValuePair<string, string?>[] Variables => [new("XDG_CACHE_HOME", _folder.Path("home"))];

    private Process Start(string project, params string[] words)
    {
        Process process = WeftProgram.Start(_folder.Path(project), Variables, words);
        process.StandardInput.Close();
        return process;
    }

    private ProgramResult Weft(string project, params string[] words)
    {
        ProgramResult result = Try(project, words);
        Assert.True(result.ExitCode == 0, $"weft {string.Join(' ', words)}: {result}");
        return result;
    }

    private ProgramResult Try(string project, params string[] words) => WeftProgram.Run(_folder.Path(project), Variables, words);

    private string WhyAfter(string project, params string[] words)
    {
        Weft(project, words);
        return Weft(project, "why", "-/a").Out;
    }

    /// <summary>The names of the tasks that a command of <c>p</c> has run.</summary>
    private string RanBy(params string[] words)
    {
        File.Delete(_folder.Path("p/ran"));
        Weft("p", words);
        return string.Concat(File.ReadAllLines(_folder.Path("p/ran")).Order());
    }

    /// <summary>By the program and what it started, as the kernel counts for a shell around it.</summary>
    private long BytesRead(string words)
    {
        ProgramResult result = WeftProgram.Finish(WeftProgram.StartProgram(_folder.Path("p"), Variables, "bash", "-c", $"'{WeftProgram.Binary}' {words} > shown; cat /proc/$$/io"));
        return long.Parse(result.Out.Split('\n').First(line => line.StartsWith("rchar: ", StringComparison.Ordinal))[7..]);
    }

    private int Lines(string path) => File.Exists(_folder.Path(path)) ? File.ReadAllBytes(_folder.Path(path)).Count(b => b == '\n') : 0;

    private void Git(string folder, params string[] words)
    {
        CommandResult result = Command.Run(["git", .. words], _folder.Path(folder), null, TestContext.Current.CancellationToken);
        Assert.True(result.Succeeded, result.Error);
    }

    private static void WaitUntil(Func<bool> holds)
    {
        using var poller = new Poller();
        long started = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < WeftProgram.Deadline, "waited too long");
            poller.Wait(TimeSpan.FromMilliseconds(2), []);
        }
    }
}
