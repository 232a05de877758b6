using Weft.Records;
using Weft.Records.Sqlite;
using Weft.Storage;
using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Execution;

/// <summary>Files that did not change are not read again, by this process or the next; files that may have changed are.</summary>
public sealed class FileStatTests : IDisposable
{
    private const int Size = 8 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly string _file;

    public FileStatTests()
    {
        _file = _folder.Path("large.bin");
        File.WriteAllBytes(_file, new byte[Size]);
        // A minute after the file was written, by its own times.
        _clock.Pass(DateTimeOffset.UtcNow - _clock.GetUtcNow() + TimeSpan.FromMinutes(1));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_did_not_change_is_not_read_again()
    {
        Digest zeros = Digest.Of(new byte[Size]);
        Assert.InRange(Hash(_clock, zeros), Size, 2 * Size);
        Assert.InRange(Hash(_clock, zeros), 0, Size / 4);
    }

    [Fact]
    public void A_change_that_leaves_size_and_time_is_seen()
    {
        Hash(_clock, Digest.Of(new byte[Size]));
        DateTime time = File.GetLastWriteTimeUtc(_file);
        byte[] changed = new byte[Size];
        changed[Size / 2] = 1;
        File.WriteAllBytes(_file, changed);
        File.SetLastWriteTimeUtc(_file, time);
        Assert.InRange(Hash(_clock, Digest.Of(changed)), Size, 2 * Size);
    }

    [Fact]
    public void What_was_written_a_moment_ago_is_not_trusted_to_stay()
    {
        var now = new ManualTimeProvider();
        now.Pass(File.GetLastWriteTimeUtc(_file) - now.GetUtcNow().UtcDateTime + TimeSpan.FromSeconds(1));
        Digest zeros = Digest.Of(new byte[Size]);
        Assert.InRange(Hash(now, zeros), Size, 2 * Size);
        Assert.InRange(Hash(now, zeros), Size, 2 * Size);
    }

    /// <summary>Hashes the file as a process of its own would.</summary>
    /// <returns>The bytes that were read for it.</returns>
    private long Hash(TimeProvider clock, Digest expected)
    {
        using var table = new FileStatTable(SqliteDatabase.Open(_folder.Path("weft.db"), new SqliteOptions(), TimeProvider.System, CancellationToken.None), _folder.Root);
        long before = BytesRead();
        Assert.Equal(expected, new FileHashes(table, clock).Of(_file));
        long read = BytesRead() - before;
        table.Save(CancellationToken.None);
        return read;
    }

    /// <summary>By this thread, as the kernel counts.</summary>
    private static long BytesRead() =>
        long.Parse(File.ReadLines("/proc/thread-self/io").First(line => line.StartsWith("rchar: ", StringComparison.Ordinal))[7..]);
}
