using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>Twenty edits of a study, each followed by a run: what it touches runs, and <c>weft why</c> names it. The two hundred are in the unit tests.</summary>
public sealed class EditTests : IDisposable
{
    private const string Yaml = """
        weft: 1
        project: edits
        params: {day: {type: str, default: monday}}
        env: {vars: {THREADS: "4"}}
        tasks:
          prepare: {run: "sh prepare.sh ${{ inputs.raw }} ${{ outputs.data }} ${{ params.day }}", inputs: {raw: ./raw.csv}, outputs: {data: data.csv}}
          train: {run: "sh train.sh ${{ inputs.data }} ${{ outputs.model }} ${{ item.lr }}", inputs: {data: prepare.data}, outputs: {model: model.txt}, sweep: {grid: {lr: [1, 2]}, select: max(acc)}}
          page: {run: "sh page.sh ${{ inputs.model }} ${{ outputs.page }}", inputs: {model: train.best.model, note: 1}, outputs: {page: page.html}, cache: {version: 1, ignore: [note]}}
          count: {run: "sh count.sh ${{ inputs.data }}", inputs: {data: prepare.data}, outputs: {n: {type: int}}, sources: [count.sh, "lib/*.sh"]}
        """;

    private readonly TemporaryFolder _folder = new();
    private string _yaml = Yaml;

    public EditTests()
    {
        _folder.Write("raw.csv", "1,2,3\n");
        _folder.Write("prepare.sh", "echo prepare >> ran\ncat \"$1\" > \"$2\"; echo $3 >> \"$2\"\n");
        _folder.Write("train.sh", "echo train$3 >> ran\necho \"model $3 of $(cat \"$1\")\" > \"$2\"; echo acc=$3 > \"$WEFT_RESULTS\"\n");
        _folder.Write("page.sh", "echo page >> ran\ncat \"$1\" > \"$2\"\n");
        _folder.Write("count.sh", "echo count >> ran\n. lib/one.sh\necho n=$(wc -l < \"$1\") > \"$WEFT_RESULTS\"\n");
        _folder.Write("lib/one.sh", "true\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Each_of_twenty_edits_runs_what_it_touches_and_is_named()
    {
        Assert.Equal("count page prepare train1 train2", Run());
        After(() => Edit("raw.csv", "1,2,4\n"), "count page prepare train1 train2", "prepare", "the input `raw` changed from raw.csv (6 B, ");
        Assert.Contains("the input `data` changed from data.csv", Why("count"));
        After(() => Write("monday", "tuesday"), "count page prepare train1 train2", "prepare", "the input `day` changed from \"monday\" to \"tuesday\"");
        After(() => Append("prepare.sh"), "prepare", "prepare", "the file `prepare.sh` changed from ");
        After(() => Append("train.sh"), "train1 train2", "train/1", "the file `train.sh` changed from ");
        After(() => Append("count.sh"), "count", "count", "the file `count.sh` changed from ");
        After(() => Append("lib/one.sh"), "count", "count", "the file `lib/one.sh` changed from ");
        After(() => Edit("lib/two.sh", "true\n"), "count", "count", "the file `lib/two.sh` is new");
        After(() => File.Delete(_folder.Path("lib/two.sh")), "", "count", "was reused");
        After(() => Write("THREADS: \"4\"", "THREADS: \"8\""), "count prepare train1 train2", "prepare", "the variable `THREADS` changed from \"4\" to \"8\"");
        After(() => Write("THREADS: \"8\"", "THREADS: \"8\", SEED: \"1\""), "count prepare train1 train2", "count", "the variable `SEED` is new: \"1\"");
        After(() => Write("lr: [1, 2]", "lr: [1, 2, 3]"), "page train3", "train/2", "nothing like it had been done before");
        After(() => Write("version: 1", "version: 2"), "page", "page", "the version changed from 1 to 2");
        After(() => Write("sh count.sh ${{ inputs.data }}", "sh count.sh ${{ inputs.data }} x"), "count", "count", "the command changed from sh count.sh ${{ inputs.data }} to ");
        After(() => Write("outputs: {n: {type: int}}", "outputs: {n: {type: int?}}"), "count", "count", "the type of the output `n` changed from int to int?");
        After(() => Write("project: edits", "project: other"), "count page prepare train1 train2 train3", "count", "the project changed from edits");
        // What does not count.
        After(() => Append("page.sh"), "", "page", "was reused");
        After(() => Write("note: 1", "note: 2"), "", "page", "was reused");
        After(() => Edit("notes.txt", "nothing\n"), "", "count", "was reused");
        After(() => File.SetLastWriteTimeUtc(_folder.Path("raw.csv"), DateTime.UtcNow.AddHours(-1)), "", "prepare", "was reused");
        After(() => Write("select: max(acc)}", "select: max(acc), parallel: 2}, doc: trains, resources: {cpu: 1}"), "", "train/0", "was reused");
    }

    private void After(Action edit, string ran, string node, string because)
    {
        edit();
        string found = Run();
        Assert.True(ran == found, $"{because}: expected to run `{ran}`, ran `{found}`");
        Assert.Contains(because, Why(node), StringComparison.Ordinal);
    }

    private string Run()
    {
        _folder.Write("weft.yaml", _yaml);
        File.Delete(_folder.Path("ran"));
        Weft("run", "main", "-j", "2");
        return File.Exists(_folder.Path("ran")) ? string.Join(' ', File.ReadAllLines(_folder.Path("ran")).Order()) : "";
    }

    private string Why(string node) => Weft("why", "-/" + node);

    private void Write(string before, string after)
    {
        Assert.Contains(before, _yaml, StringComparison.Ordinal);
        _yaml = _yaml.Replace(before, after);
    }

    private void Edit(string file, string text) => _folder.Write(file, text);

    private void Append(string file) => File.AppendAllText(_folder.Path(file), "# edited\n");

    private string Weft(params string[] words)
    {
        ProgramResult result = WeftProgram.Run(_folder.Root, words);
        Assert.True(result.ExitCode == 0, $"weft {string.Join(' ', words)}: {result}");
        return result.Out;
    }
}
