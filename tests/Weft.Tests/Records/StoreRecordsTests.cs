using Weft.Platform;
using Weft.Records;
using Weft.Storage;
using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Records;

/// <summary>What the tables know of the store: digests of unchanged files, and who holds which content.</summary>
public sealed class StoreRecordsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_unchanged_file_is_not_read_again_not_even_by_the_next_process()
    {
        string path = _folder.Write("in.txt", "content");
        using (var stats = new FileStatTable(Open(), _folder.Root))
        {
            // Seen three seconds later, the file has settled.
            Assert.Equal(Digest.Of("content"), new FileHashes(stats, new LaterClock(TimeSpan.FromSeconds(3))).Of(path));
            stats.Save(default);
        }
        FileStatus status = FileStatus.TryRead(path)!.Value;
        using var next = new FileStatTable(Open(), _folder.Root);
        Assert.Equal(Digest.Of("content"), next.Find(path, status));
        Assert.Null(next.Find(path, status with { Size = 8 }));
        Assert.Null(next.Find(path, status with { ModifiedNanoseconds = 1 }));
        Assert.Null(next.Find(path, status with { ChangedNanoseconds = 1 }));
        Assert.Null(next.Find(path, status with { Inode = 1 }));
        Assert.Null(next.Find(_folder.Path("other"), status));
    }

    [Fact]
    public void A_file_that_was_written_just_now_is_hashed_but_not_remembered()
    {
        string path = _folder.Write("in.txt", "content");
        using var stats = new FileStatTable(Open(), _folder.Root);
        Assert.Equal(Digest.Of("content"), new FileHashes(stats, TimeProvider.System).Of(path));
        Assert.Null(stats.Find(path, FileStatus.TryRead(path)!.Value));
    }

    [Fact]
    public void Many_files_are_hashed_in_their_order()
    {
        string[] paths = [.. Enumerable.Range(0, 100).Select(i => _folder.Write($"{i}", $"{i}"))];
        Assert.Equal(Enumerable.Range(0, 100).Select(i => Digest.Of($"{i}")), new FileHashes(null, TimeProvider.System).OfAll(paths, default));
    }

    [Fact]
    public void Clean_up_removes_what_nobody_holds_and_keeps_what_is_in_a_held_folder()
    {
        var clock = new LaterClock(TimeSpan.FromDays(2));
        using Database db = Open();
        var store = new FolderBlobStore(_folder.Path("blobs"), new FileHashes(null, TimeProvider.System), TimeProvider.System);
        var retention = new Retention(db, clock);
        _folder.Write("tree/a", "in the folder");
        StoredBlob tree = new Trees(store).Put(_folder.Path("tree"), Intake.Copy, default);
        StoredBlob held = store.Put("held"u8);
        StoredBlob loose = store.Put("loose"u8);
        using (Transaction change = db.BeginWrite(default))
        {
            retention.Hold(tree, "tag:champion");
            retention.Hold(held, "01A");
            retention.Hold(held, "01B");
            change.Commit();
        }
        Assert.Equal(new Removal(0, 0), new Retention(db, TimeProvider.System).Collect(store, new HashSet<Digest>(), isDry: false, default));
        Assert.Equal(new Removal(1, 5), retention.Collect(store, new HashSet<Digest>(), isDry: true, default));
        Assert.True(store.Contains(loose.Digest));
        Assert.Equal(new Removal(1, 5), retention.Collect(store, new HashSet<Digest>(), isDry: false, default));
        Assert.False(store.Contains(loose.Digest));
        Release("01A");
        Assert.Equal(new Removal(0, 0), retention.Collect(store, new HashSet<Digest>(), isDry: false, default));
        Release("01B");
        Release("tag:champion");
        Assert.Equal(3, retention.Collect(store, new HashSet<Digest>(), isDry: false, default).Blobs);
        Assert.Empty(store.List());
        Assert.Equal(0, db.Prepare("SELECT count(*) FROM blob").QueryLong());

        void Release(string holder)
        {
            using Transaction change = db.BeginWrite(default);
            retention.Release(holder);
            change.Commit();
        }
    }

    [Fact]
    public void What_results_and_plans_name_is_kept_without_a_holder()
    {
        var clock = new LaterClock(TimeSpan.FromDays(2));
        using Database db = Open();
        var store = new FolderBlobStore(_folder.Path("blobs"), new FileHashes(null, TimeProvider.System), TimeProvider.System);
        var records = new ExecutionRecords(db, TimeProvider.System);
        var retention = new Retention(db, clock);
        StoredBlob result = store.Put("result"u8);
        StoredBlob planned = store.Put("planned"u8);
        StoredBlob loose = store.Put("loose"u8);
        using (Transaction change = db.BeginWrite(default))
        {
            records.SetNode(new ExecutionId("01A"), new NodeRow(new NodePath("a"), "Succeeded", 1, Outputs: $"{{\"model\":{{\"$blob\":\"sha256:{result.Digest.Hex}\"}}}}"));
            records.SavePlan(Digest.Of("plan"), System.Text.Encoding.UTF8.GetBytes($"{{\"inputs\":\"{planned.Digest.Hex}\"}}"));
            change.Commit();
        }
        Assert.Equal(new HashSet<Digest> { result.Digest, planned.Digest }, retention.Named());
        Assert.Equal(new Removal(1, 5), retention.Collect(store, retention.Named(), isDry: false, default));
        Assert.True(store.Contains(result.Digest) && store.Contains(planned.Digest) && !store.Contains(loose.Digest));
    }

    private Database Open() => TestRecords.Open(_folder);

    private sealed class LaterClock(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + ahead;
    }
}
