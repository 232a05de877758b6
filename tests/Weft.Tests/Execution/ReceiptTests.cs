using Weft.Execution;
using Weft.Storage;
using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Execution;

/// <summary>When a run may be taken for the one before it: never after a change, however small and however its traces were covered.</summary>
public sealed class ReceiptTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _root;

    public ReceiptTests()
    {
        _root = _folder.Path("p");
        _folder.Write("p/weft.yaml", "weft: 1\n");
        _folder.Write("p/lib/one.py", "1\n");
        _folder.Write("beside", "outside\n");
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a file of the same length", true)]
    [InlineData("a file whose time is set back", true)]
    [InlineData("a new file", true)]
    [InlineData("a new empty folder", true)]
    [InlineData("a removed file", true)]
    [InlineData("a renamed file", true)]
    [InlineData("another mode", true)]
    [InlineData("a file behind a link", true)]
    [InlineData("a link that leads elsewhere", true)]
    [InlineData("a named file beside", true)]
    [InlineData("a named file that was missing", true)]
    [InlineData("state of our own", false)]
    [InlineData("byte code", false)]
    [InlineData("a virtual environment", false)]
    [InlineData("nothing", false)]
    public void A_stamp_tells_every_change_that_counts(string what, bool isSeen)
    {
        File.CreateSymbolicLink(_folder.Path("p/link"), _folder.Path("beside"));
        _folder.Write("p/lib/__pycache__/one.pyc", "1");
        _folder.Write("p/.weft/weft.db", "1");
        _folder.Write("p/.venv/pyvenv.cfg", "home = /usr/bin\n");
        _folder.Write("p/.venv/lib/site.py", "1");
        _folder.Write("named", "1");
        string[] others = [_folder.Path("named"), ".weft/cache/key.json"];
        ProjectStamp before = ProjectStamp.Take(_root, others)!;
        Change(what);
        Assert.Equal(isSeen, before.Print != ProjectStamp.Take(_root, others)!.Print);
    }

    private void Change(string what)
    {
        string file = _folder.Path("p/lib/one.py");
        switch (what)
        {
            case "a file of the same length":
                WaitForTick(() => File.WriteAllText(file, "2\n"));
                break;
            case "a file whose time is set back":
                DateTime time = File.GetLastWriteTimeUtc(file);
                WaitForTick(() => File.WriteAllText(file, "2\n"));
                File.SetLastWriteTimeUtc(file, time);
                break;
            case "a new file":
                _folder.Write("p/lib/two.py", "");
                break;
            case "a new empty folder":
                Directory.CreateDirectory(_folder.Path("p/empty"));
                break;
            case "a removed file":
                File.Delete(file);
                break;
            case "a renamed file":
                File.Move(file, _folder.Path("p/lib/two.py"));
                break;
            case "another mode":
                File.SetUnixFileMode(file, UnixFileMode.UserRead);
                break;
            case "a file behind a link":
                WaitForTick(() => File.WriteAllText(_folder.Path("beside"), "outsidE\n"));
                break;
            case "a link that leads elsewhere":
                File.Delete(_folder.Path("p/link"));
                File.CreateSymbolicLink(_folder.Path("p/link"), _folder.Path("named"));
                break;
            case "a named file beside":
                _folder.Write("named", "12");
                break;
            case "a named file that was missing":
                _folder.Write("p/.weft/cache/key.json", "");
                break;
            case "state of our own":
                _folder.Write("p/.weft/weft.db", "12");
                break;
            case "byte code":
                _folder.Write("p/lib/__pycache__/one.pyc", "12");
                break;
            case "a virtual environment":
                _folder.Write("p/.venv/lib/other.py", "12");
                break;
        }
    }

    [Fact]
    public void A_project_that_cannot_be_looked_through_has_no_stamp()
    {
        _folder.Write("data/big.bin", "1");
        File.CreateSymbolicLink(_folder.Path("p/data"), _folder.Path("data"));
        Assert.Null(ProjectStamp.Take(_root, []));
        File.Delete(_folder.Path("p/data"));
        File.CreateSymbolicLink(_folder.Path("p/code"), _folder.Path("p/lib"));
        Assert.NotNull(ProjectStamp.Take(_root, []));
        File.CreateSymbolicLink(_folder.Path("p/round"), _folder.Path("p/round"));
        Assert.Null(ProjectStamp.Take(_root, []));
    }

    [Fact]
    public void What_is_covered_lies_in_the_project_and_is_looked_at()
    {
        Assert.True(ProjectStamp.Covers("/p", "/p/raw.csv"));
        Assert.True(ProjectStamp.Covers("/p", "/p/..data/x"));
        Assert.False(ProjectStamp.Covers("/p", "/p2/raw.csv"));
        Assert.False(ProjectStamp.Covers("/p", "/"));
        Assert.False(ProjectStamp.Covers("/p", "/p/mlruns/0/meta.yaml"));
        Assert.False(ProjectStamp.Covers("/p", "/p/.weft/weft.db"));
    }

    /// <summary>The problem that git calls racy: a file that is written twice within one tick of the clock has the same times after both.</summary>
    [Fact]
    public void What_changed_just_before_the_run_is_not_trusted()
    {
        Receipt receipt = Made();
        long changed = ProjectStamp.Take(_root, [])!.Changed / 1_000_000;
        DateTimeOffset last = DateTimeOffset.FromUnixTimeMilliseconds(changed);
        var variables = new Dictionary<string, string>();
        // A file system that counts whole seconds may show a change as much as two seconds early.
        TimeSpan enough = ProjectStamp.Take(_root, [])!.Changed % 1_000_000_000 == 0 ? TimeSpan.FromSeconds(3) : TimeSpan.FromMilliseconds(30);
        Assert.Null(receipt.Seal(_root, variables, last - TimeSpan.FromHours(1)));
        Assert.Null(receipt.Seal(_root, variables, last));
        Assert.Null(receipt.Seal(_root, variables, last + TimeSpan.FromMilliseconds(10)));
        Assert.NotNull(receipt.Seal(_root, variables, last + enough));
    }

    [Fact]
    public void A_receipt_holds_until_a_file_a_variable_or_a_content_is_another()
    {
        var state = new StateFolder(_folder.Path("p/.weft"));
        var blobs = new FolderBlobStore(state.Blobs, new FileHashes(null, TimeProvider.System), TimeProvider.System);
        StoredBlob kept = blobs.Put("result"u8);
        var variables = new Dictionary<string, string> { ["DAY"] = "monday" };
        DateTimeOffset later = TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1);
        const string request = "run main";
        (Made() with { Variables = ["DAY", "UNSET"], Contents = [kept.Digest.Hex], Tags = ["champion", "train"] }).Seal(_root, variables, later)!.Save(state, request);

        Receipt found = Receipt.Find(state, request)!;
        Assert.Equal(("01A", "1 command", (3, 2, 2, 1)), (found.Execution.Value, found.Announced, found.Counts));
        Assert.Equal(["champion", "train"], found.Tags);
        Assert.True(found.Holds(_root, variables, blobs));
        Assert.False(found.Holds(_root, new Dictionary<string, string> { ["DAY"] = "tuesday" }, blobs));
        Assert.False(found.Holds(_root, new Dictionary<string, string>(), blobs));
        Assert.False(found.Holds(_root, new Dictionary<string, string>(variables) { ["UNSET"] = "" }, blobs));
        Assert.True(found.Holds(_root, new Dictionary<string, string>(variables) { ["OTHER"] = "1" }, blobs));
        blobs.TryRemove(kept.Digest, later);
        Assert.False(found.Holds(_root, variables, blobs));
        blobs.Put("result"u8);
        Assert.True(found.Holds(_root, variables, blobs));
        _folder.Write("p/weft.yaml", "weft: 1\n\n");
        Assert.False(found.Holds(_root, variables, blobs));
    }

    [Fact]
    public void A_receipt_that_is_damaged_is_none()
    {
        var state = new StateFolder(_folder.Path("p/.weft"));
        Receipt made = Made() with { Files = ["a\nb", "é"], Tags = ["t", "n"] };
        made.Save(state, "run main");
        string path = Directory.GetFiles(_folder.Path("p/.weft/receipts")).Single();
        byte[] whole = File.ReadAllBytes(path);
        Assert.Equal(made.Files, Receipt.Find(state, "run main")!.Files);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Null(Receipt.Find(state, "run main"));
        }
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] other = [.. whole];
            other[i] ^= 0x10;
            File.WriteAllBytes(path, other);
            Assert.Null(Receipt.Find(state, "run main"));
        }
        Assert.Null(Receipt.Find(state, "run other"));
    }

    [Fact]
    public void Old_receipts_make_room()
    {
        var state = new StateFolder(_folder.Path("p/.weft"));
        Receipt receipt = Made().Seal(_root, new Dictionary<string, string>(), TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1))!;
        for (int i = 0; i < 70; i++)
            receipt.Save(state, $"run {i}");
        Assert.Equal(64, Directory.GetFiles(_folder.Path("p/.weft/receipts")).Length);
        Assert.NotNull(Receipt.Find(state, "run 69"));
    }

    /// <summary>Repeats a change until the file system's clock has gone on, so that it can be seen at all.</summary>
    private void WaitForTick(Action change)
    {
        long before = ProjectStamp.Take(_root, [_folder.Path("beside")])!.Changed;
        do
            change();
        while (ProjectStamp.Take(_root, [_folder.Path("beside")])!.Changed == before);
    }

    private static Receipt Made() => new()
    {
        Execution = new ExecutionId("01A"),
        Announced = "1 command",
        Counts = (3, 2, 2, 1),
        Variables = [],
        Files = [],
        Contents = [],
        Tags = [],
    };
}
