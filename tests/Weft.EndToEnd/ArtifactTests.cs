using System.Diagnostics;
using System.Text.Json;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>Outputs through the program: listed, copied in part, of running nodes, after interruptions, in a project that was moved; and what <c>gc</c> leaves.</summary>
public sealed class ArtifactTests : IDisposable
{
    private const UnixFileMode Execute = UnixFileMode.UserExecute;

    private readonly TemporaryFolder _folder = new();

    private string _root;

    public ArtifactTests() => _root = Directory.CreateDirectory(_folder.Path("mein projekt")).FullName;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Executions_with_outputs_to_be_kept_outlive_their_age()
    {
        Write("weft.yaml", """
            weft: 1
            tasks:
              short: {script: "echo s > ${{ outputs.o }}", outputs: {o: s.txt}}
            workflows:
              long:
                tasks:
                  l: {script: "echo l > ${{ outputs.o }}", outputs: {o: l.txt}, keep: 30d}
            """);
        Weft("run", "main");
        Weft("run", "long");
        Weft("gc", "--older", "0h");
        using JsonDocument left = JsonDocument.Parse(Weft("ps", "-a", "--json").Out);
        Assert.Equal("long", Assert.Single(left.RootElement.EnumerateArray()).GetProperty("definition").GetString());
    }

    [Fact]
    public void Awkward_folders_come_back_as_they_were_in_a_project_that_was_moved()
    {
        Write("make.sh", """
            mkdir -p "$1/größe und maß" "$1/empty folder"
            printf 'tä\n' > "$1/größe und maß/ä b.txt"; : > "$1/empty file"
            printf '#!/bin/sh\necho runs\n' > "$1/tool.sh"; chmod +x "$1/tool.sh"
            ln -s 'größe und maß/ä b.txt' "$1/inside"; ln -s nowhere "$1/dangling"; ln -s /etc "$1/outside"
            """);
        Write("weft.yaml", "weft: 1\nproject: p\ntasks: {make: {run: 'sh make.sh ${{ outputs.all }}', outputs: {all: all/}}}\n");
        Weft("run", "main");
        string moved = _folder.Path("anderswo");
        Directory.Move(_root, moved);
        _root = moved;

        using JsonDocument listed = JsonDocument.Parse(Weft("artifacts", "list", "-", "all", "--json").Out);
        Assert.Equal(
            ["dangling link", "empty file file", "empty folder empty folder", "größe und maß/ä b.txt file", "inside link", "outside link", "tool.sh program"],
            listed.RootElement.EnumerateArray().Select(entry => $"{entry.GetProperty("path")} {entry.GetProperty("kind")}"));
        Weft("artifacts", "get", "-", "all", "-o", "back");
        Assert.Equal("tä\n", Read("back/größe und maß/ä b.txt"));
        Assert.Equal("", Read("back/empty file"));
        Assert.Empty(Directory.GetFileSystemEntries(At("back/empty folder")));
        Assert.True(File.GetUnixFileMode(At("back/tool.sh")).HasFlag(Execute));
        Assert.Equal(("größe und maß/ä b.txt", "nowhere", "/etc"), (Target("back/inside"), Target("back/dangling"), Target("back/outside")));

        Assert.Equal("ä b.txt\n", Weft("artifacts", "get", "-", "all/größe und maß/ä b.txt").Out);
        Weft("artifacts", "get", "-", "all/größe und maß", "-o", "part");
        Assert.Equal("tä\n", Read("part/ä b.txt"));
        Weft("artifacts", "get", "-", "all/dangling", "-o", "link");
        Assert.Equal("nowhere", Target("link"));
        ProgramResult none = WeftProgram.Run(_root, "artifacts", "get", "-", "all/danglin");
        Assert.Equal((2, true), (none.ExitCode, none.Error.Contains("did you mean `dangling`?", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_copy_goes_on_after_an_interruption_and_what_is_damaged_is_refused()
    {
        Write("weft.yaml", "weft: 1\ntasks: {make: {run: 'sh make.sh ${{ outputs.all }}', outputs: {all: all/}}}\n");
        Write("make.sh", "seq 1 200000 > \"$1/a\"; seq 2 9 > \"$1/b\"\n");
        Weft("run", "main");
        string a = string.Concat(Enumerable.Range(1, 200_000).Select(i => $"{i}\n"));
        // What a process that was killed left: one file half copied, another one to which something else was written.
        Write("back/a.weft-part", a[..500_000]);
        Write("back/b", "not it");
        Weft("artifacts", "get", "-", "all", "-o", "back");
        Assert.Equal((a, "2\n3\n4\n5\n6\n7\n8\n9\n"), (Read("back/a"), Read("back/b")));
        Write("back/a.weft-part", "begins otherwise");
        File.Delete(At("back/a"));
        Weft("artifacts", "get", "-", "all", "-o", "back");
        Assert.Equal(a, Read("back/a"));
        Assert.Equal(["a", "b"], Directory.GetFiles(At("back")).Select(Path.GetFileName).Order());

        foreach (string blob in Blobs().Where(blob => new FileInfo(blob).Length > 1_000_000))
        {
            File.SetUnixFileMode(blob, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.AppendAllText(blob, "damage");
        }
        ProgramResult damaged = WeftProgram.Run(_root, "artifacts", "get", "-", "all/a", "-o", "fresh");
        Assert.Equal((1, true), (damaged.ExitCode, damaged.Error.Contains("is not what it was", StringComparison.Ordinal)));
        Assert.Empty(Directory.GetFiles(_root, "fresh*"));
    }

    [Fact]
    public void A_running_node_shows_how_far_it_came_and_a_program_is_handed_on_as_one()
    {
        Write("weft.yaml", """
            weft: 1
            tasks:
              make:
                script: |
                  echo one > ${{ outputs.all }}/one
                  printf '#!/bin/sh\necho it runs > "$1"\n' > ${{ outputs.tool }}; chmod +x ${{ outputs.tool }}
                  until [ -e go ]; do sleep 0.05; done
                  echo two > ${{ outputs.all }}/two
                outputs: {all: all/, tool: tool.sh}
              use: {run: "${{ inputs.tool }} ${{ outputs.said }}", inputs: {tool: make.tool}, outputs: {said: said.txt}}
            """);
        using Process run = WeftProgram.Start(_root, [], "run", "main");
        Until(() => WeftProgram.Run(_root, "artifacts", "list", "-", "--json").Out.Contains("\"tool\"", StringComparison.Ordinal));
        Until(() => WeftProgram.Run(_root, "artifacts", "list", "-/make", "all").Out.Contains("one", StringComparison.Ordinal));
        Assert.Contains("so far", Weft("artifacts", "list", "-").Out, StringComparison.Ordinal);
        Assert.Contains("this is how far it came", Weft("artifacts", "get", "-", "all", "-o", "early").Error, StringComparison.Ordinal);
        Assert.Equal(["one"], Directory.GetFiles(At("early")).Select(Path.GetFileName));
        Write("go", "");
        ProgramResult end = WeftProgram.Finish(run);
        Assert.True(end.ExitCode == 0, end.ToString());
        Weft("artifacts", "get", "-", "all", "-o", "early");
        Assert.Equal(["one", "two"], Directory.GetFiles(At("early")).Select(Path.GetFileName).Order());
        Assert.Equal("tool.sh\n", Weft("artifacts", "get", "-", "tool").Out);
        Assert.True(File.GetUnixFileMode(At("tool.sh")).HasFlag(Execute));
        Weft("artifacts", "get", "-", "said");
        Assert.Equal("it runs\n", Read("said.txt"));
    }

    [Fact]
    public void Collecting_takes_neither_what_a_tag_names_nor_what_a_live_execution_needs()
    {
        Write("weft.yaml", """
            weft: 1
            params: {wait: {default: "no"}}
            tasks:
              make: {script: "seq 1 1000 > ${{ outputs.data }}", outputs: {data: data.txt}, tag: kept}
              hold: {script: "if [ ${{ params.wait }} = yes ]; then echo holds; until [ -e go ]; do sleep 0.05; done; fi", inputs: {data: make.data}, cache: false}
              use: {script: "wc -l < ${{ inputs.data }} > ${{ outputs.lines }}", inputs: {data: make.data}, needs: hold, outputs: {lines: lines.txt}, cache: false}
            """);
        Weft("run", "main");
        Write("orphan", new string('x', 4096));
        Weft("artifacts", "put", "orphan");
        using Process live = WeftProgram.Start(_root, [], "run", "main", "wait=yes");
        Until(() => WeftProgram.Run(_root, "logs", "-/hold").Out.Contains("holds", StringComparison.Ordinal));
        // All of it was stored long ago, as far as its times say.
        foreach (string blob in Blobs())
            File.SetLastWriteTimeUtc(blob, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-3));

        using JsonDocument dry = JsonDocument.Parse(Weft("gc", "--dry-run", "--older", "0h", "--json").Out);
        Assert.Contains(Blobs(), blob => new FileInfo(blob).Length == 4096);
        using JsonDocument done = JsonDocument.Parse(Weft("gc", "--older", "0h", "--json").Out);
        // What was put by hand, and the five bytes that only the first execution had made, which is old enough to go.
        Assert.Equal(4096 + 5, Bytes(dry, "stored content"));
        Assert.Equal(4096 + 5, Bytes(done, "stored content"));
        Assert.DoesNotContain(Blobs(), blob => new FileInfo(blob).Length == 4096);

        Write("go", "");
        ProgramResult end = WeftProgram.Finish(live);
        Assert.True(end.ExitCode == 0, end.ToString());
        Weft("artifacts", "get", "-/use", "lines");
        Assert.Equal("1000\n", Read("lines.txt"));
        Weft("artifacts", "get", "@kept", "data", "-o", "tagged");
        Assert.Equal(1000, File.ReadAllLines(At("tagged")).Length);

        static long Bytes(JsonDocument answer, string what) =>
            answer.RootElement.GetProperty("removed").EnumerateArray().Single(one => one.GetProperty("what").GetString() == what).GetProperty("bytes").GetInt64();
    }

    private string[] Blobs() => [.. Directory.GetFiles(At(".weft/blobs"), "*", SearchOption.AllDirectories)];

    private ProgramResult Weft(params string[] arguments)
    {
        ProgramResult result = WeftProgram.Run(_root, arguments);
        Assert.True(result.ExitCode == 0, $"weft {string.Join(' ', arguments)}: {result}");
        return result;
    }

    private string At(string path) => Path.Combine(_root, path);

    private string Read(string path) => File.ReadAllText(At(path));

    private string? Target(string path) => new FileInfo(At(path)).LinkTarget;

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
    }

    private static void Until(Func<bool> holds)
    {
        var patience = Stopwatch.StartNew();
        while (!holds())
            Assert.True(patience.Elapsed < WeftProgram.Deadline, "what was waited for did not come");
    }
}
