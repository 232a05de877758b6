using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>
/// A run that finds nothing to do repeats the record of the one before it, without reading definitions or results; after any change it looks at everything anew. Which
/// of the two happened shows in the run folder: one that is only repeated was never locked.
/// </summary>
public sealed class RepetitionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>The names of all executions, the newest last.</summary>
    private readonly List<string> _names = [];

    public RepetitionTests()
    {
        _folder.Write("p/weft.yaml", """
            weft: 1
            project: again
            params: {day: {type: str, default: monday}}
            tasks:
              prepare: {run: "sh prepare.sh ${{ inputs.raw }} ${{ outputs.data }} ${{ params.day }}", inputs: {raw: ./raw.csv}, outputs: {data: data/}}
              train: {run: "sh train.sh ${{ outputs.model }} ${{ item.lr }}", inputs: {data: prepare.data}, outputs: {model: model.txt}, sweep: {grid: {lr: [1, 2]}, select: max(acc)}, tag: champion}
              count: {run: "sh count.sh", inputs: {data: prepare.data}, outputs: {n: {type: int}}, sources: [count.sh, "lib/*.sh"]}
              rest: {run: "sh count.sh", outputs: {n: {type: int}}, when: "false"}
            """);
        _folder.Write("p/raw.csv", "1,2,3\n");
        _folder.Write("p/prepare.sh", "echo prepare >> ../ran\ncat \"$1\" > \"$2/data.csv\"; echo $3 >> \"$2/data.csv\"\n");
        _folder.Write("p/train.sh", "echo train$2 >> ../ran\necho \"model $2\" > \"$1\"; echo acc=$2 > \"$WEFT_RESULTS\"\n");
        _folder.Write("p/count.sh", "echo count >> ../ran\necho n=3 > \"$WEFT_RESULTS\"\n");
        _folder.Write("p/lib/one.sh", "true\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_record_of_a_repeated_run_is_that_of_one_that_looked_at_everything()
    {
        Settle();
        string looked = Facts();
        ProgramResult before = Weft("run", "main", "--fresh");
        Assert.False(IsRepeated());
        ProgramResult again = Weft("run", "main", "-j", "3");
        Assert.True(IsRepeated());
        Assert.Equal(Words(before.Error), Words(again.Error));
        Assert.Equal("", again.Out);
        Assert.Equal(looked, Facts());
        Assert.Contains("was reused", Weft("why", "-/train/1").Out);
        Assert.Contains(_names[^1], Weft("tag").Out);
        Assert.Contains("\"done\": 4", Weft("run", "main", "--json").Out);
        Assert.True(IsRepeated());
        Weft("artifacts", "get", "-/prepare", "data", "-o", "../got");
        Assert.Equal("1,2,3\nmonday\n", File.ReadAllText(_folder.Path("got/data.csv")));
        // What runs after it looks at everything, and at every repeated one as at any other.
        Weft("gc");
        Weft("tag", "champion", "--delete");
        Weft("rm", _names[^1]);
        Assert.Equal("", Ran(() => Weft("run", "main", "--fresh")));
    }

    [Theory]
    [InlineData("an input", "prepare train1 train2 count")]
    [InlineData("a file of code", "count")]
    [InlineData("a new file of code", "count")]
    [InlineData("a kept result", "count")]
    [InlineData("a content", "prepare")]
    [InlineData("a damaged entry", "count")]
    [InlineData("the execution", "")]
    [InlineData("the time of a file", "")]
    [InlineData("a commit", "")]
    public void A_change_is_seen(string what, string ran)
    {
        if (what == "a commit")
            Git("init", "-q");
        Settle();
        switch (what)
        {
            case "an input":
                // As long as before, and as old.
                DateTime time = File.GetLastWriteTimeUtc(_folder.Path("p/raw.csv"));
                _folder.Write("p/raw.csv", "1,2,4\n");
                File.SetLastWriteTimeUtc(_folder.Path("p/raw.csv"), time);
                break;
            case "a file of code":
                File.AppendAllText(_folder.Path("p/lib/one.sh"), "#\n");
                break;
            case "a new file of code":
                _folder.Write("p/lib/two.sh", "true\n");
                break;
            case "a kept result":
                File.Delete(EntryOf("count"));
                break;
            case "a damaged entry":
                File.WriteAllText(EntryOf("count"), "{");
                break;
            case "a content":
                string hex = Values.Digest.Of("1,2,3\nmonday\n").Hex;
                File.Delete(_folder.Path($"p/.weft/blobs/{hex[..2]}/{hex[2..]}"));
                break;
            case "the execution":
                Weft("tag", "champion", "--delete");
                foreach (string name in _names.ToList())
                    Weft("rm", name);
                break;
            case "the time of a file":
                File.SetLastWriteTimeUtc(_folder.Path("p/raw.csv"), DateTime.UtcNow.AddHours(-1));
                break;
            case "a commit":
                Git("add", ".");
                Git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "first");
                break;
        }
        Assert.Equal(ran.Split(' ').Order(), Ran(() => Weft("run", "main", "-j", "2")).Split(' ').Order());
        Assert.False(IsRepeated());
        // And found to be settled again, without being told.
        Settle();
    }

    [Fact]
    public void Flags_and_words_that_ask_for_something_else_get_it()
    {
        Settle();
        Assert.Equal("count prepare train1 train2", Ran(() => Weft("run", "main", "--rerun")));
        Assert.Equal("count prepare train1 train2", Ran(() => Weft("run", "main", "--no-cache")));
        Assert.Equal("count prepare train1 train2", Ran(() => Weft("run", "main", "day=tuesday")));
        Assert.Equal("count prepare", Ran(() => Weft("run", "count", "day=tuesday", "--rerun")));
        Settle();
        Weft("run", "main", "--name", "mine");
        Assert.Contains("mine", Weft("ps", "-a").Out);
        Weft("run", "main", "--dry-run");
        Weft("run", "main");
        Assert.True(IsRepeated());
        ProgramResult elsewhere = WeftProgram.Run(_folder.Path("p"), [new("XDG_CACHE_HOME", _folder.Path("other"))], "run", "main");
        Assert.True(elsewhere.ExitCode == 0, elsewhere.ToString());
        Assert.False(IsRepeated());
        // A removed program is an error, as before.
        ProgramResult without = WeftProgram.Run(_folder.Path("p"), [new("PATH", _folder.Path("nothing"))], "run", "main");
        Assert.Equal(2, without.ExitCode);
        Assert.Contains("which is no program of this machine", without.Error);
    }

    [Theory]
    [InlineData("{script: echo x >> ../ran, outputs: {r: {type: int?}}, cache: false}")]
    [InlineData("{run: \"cp ${{ inputs.i }} ${{ outputs.o }}\", inputs: {i: ../outside.txt}, outputs: {o: o.txt}}")]
    public void What_cannot_be_watched_is_looked_at_every_time(string task)
    {
        _folder.Write("outside.txt", "1\n");
        _folder.Write("q/weft.yaml", $"weft: 1\ntasks:\n  a: {task}\n");
        for (int i = 0; i < 4; i++)
        {
            ProgramResult result = WeftProgram.Run(_folder.Path("q"), Variables, "run", "main");
            Assert.True(result.ExitCode == 0, result.ToString());
        }
        Assert.False(Directory.Exists(_folder.Path("q/.weft/receipts")));
    }

    private KeyValuePair<string, string?>[] Variables => [new("XDG_CACHE_HOME", _folder.Path("home"))];

    /// <summary>Runs until nothing is left to do, and what the last run saw is old enough to be trusted.</summary>
    private void Settle()
    {
        for (int i = 0; i < 20; i++)
        {
            Weft("run", "main", "-j", "2");
            if (IsRepeated())
                return;
        }
        Assert.Fail("twenty runs that found nothing to do left no receipt that holds");
    }

    private bool IsRepeated() => !File.Exists(_folder.Path($"p/.weft/executions/{NewestId()}/lock"));

    private string NewestId() => Path.GetFileName(Directory.GetDirectories(_folder.Path("p/.weft/executions")).Order(StringComparer.Ordinal).Last());

    /// <summary>All that is recorded of the newest execution, but its name and its times.</summary>
    private string Facts()
    {
        string text = Weft("show", "-", "--json").Out.Replace(_names[^1], "NAME").Replace(NewestId(), "ID");
        return System.Text.RegularExpressions.Regex.Replace(text, "\"(created|started|ended|took)\": [^\n]*", "T");
    }

    /// <summary>A line without the name in front and the time at its end.</summary>
    private static IEnumerable<string> Words(string text) => text.Split('\n').Select(line => string.Join(' ', line.Split(' ').Skip(1).TakeWhile(word => word != "in" || !line.EndsWith(" s", StringComparison.Ordinal))));

    private string EntryOf(string task) => Directory.GetFiles(_folder.Path("p/.weft/cache"), "*.json").Single(file => File.ReadAllText(file).Contains($"\"path\":\"{task}\"", StringComparison.Ordinal));

    private string Ran(Action act)
    {
        File.Delete(_folder.Path("ran"));
        act();
        return File.Exists(_folder.Path("ran")) ? string.Join(' ', File.ReadAllLines(_folder.Path("ran")).Order()) : "";
    }

    private ProgramResult Weft(params string[] words)
    {
        ProgramResult result = WeftProgram.Run(_folder.Path("p"), Variables, words);
        Assert.True(result.ExitCode == 0, $"weft {string.Join(' ', words)}: {result}");
        if (words[0] == "run" && result.Error.IndexOf(": ", StringComparison.Ordinal) is > 0 and var colon)
            _names.Add(result.Error[..colon]);
        return result;
    }

    private void Git(params string[] words) => WeftProgram.Finish(WeftProgram.StartProgram(_folder.Path("p"), [], "git", words));
}
