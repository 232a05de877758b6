using System.Text;
using Weft.Storage;
using Weft.Support;

namespace Weft.Tests.Storage;

public sealed class RecordLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _path;

    public RecordLogTests() => _path = _folder.Path("journal");

    public void Dispose() => _folder.Dispose();

    /// <summary>RFC 3720, appendix B.4: CRC-32C of 32 bytes of zeroes, of ones, counting up.</summary>
    [Fact]
    public void The_checksum_is_the_one_of_rfc_3720()
    {
        Assert.Equal(0x8A9136AAu, Crc32C.Of(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Of(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        byte[] counting = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        Assert.Equal(0x46DD794Eu, Crc32C.Of(counting));
        for (int cut = 0; cut <= 32; cut++)
            Assert.Equal(0x46DD794Eu, Crc32C.Of(counting.AsSpan(0, cut), counting.AsSpan(cut)));
    }

    [Fact]
    public void Records_come_back_in_order_and_reading_goes_on_from_any_record()
    {
        string[] written = Write(["{}", "", """{"a":"ü"}""", new string('x', 200_000), "last"]);
        Assert.Equal(written, Read(0).Records);
        (List<string> first, long offset) = Read(0, limit: 2);
        Assert.Equal(written[..2], first);
        Assert.Equal(written[2..], Read(offset).Records);
        Assert.Empty(Read(new FileInfo(_path).Length).Records);
    }

    [Fact]
    public void Nothing_is_seen_before_it_is_flushed()
    {
        using var writer = new RecordLogWriter(_path);
        writer.Append("a"u8);
        Assert.Empty(Read(0).Records);
        writer.Flush(toDisk: false);
        Assert.Equal(["a"], Read(0).Records);
    }

    [Fact]
    public void A_missing_file_and_a_foreign_one_are_told_apart()
    {
        Assert.Null(RecordLogReader.Open(_folder.Path("none/journal"), 0));
        _folder.Write("journal", "something else");
        Assert.Throws<InvalidDataException>(() => RecordLogReader.Open(_path, 0));
        Assert.Throws<InvalidDataException>(() => new RecordLogWriter(_path));
    }

    [Fact]
    public void Cut_at_any_byte_the_whole_records_before_are_read_and_a_new_writer_goes_on_behind_them()
    {
        string[] written = Write(["one", "", "three", "{\"four\":4}"]);
        byte[] whole = File.ReadAllBytes(_path);
        long[] ends = EndsOf(written);
        for (int cut = 0; cut <= whole.Length; cut++)
        {
            File.WriteAllBytes(_path, whole[..cut]);
            int expected = ends.Count(end => end <= cut);
            (List<string> records, long offset) = Read(0);
            Assert.Equal(written[..expected], records);
            using (RecordLogReader reader = RecordLogReader.Open(_path, offset)!)
                Assert.Equal(cut > offset, reader.HasTornTail);
            Assert.Equal([.. written[..expected], "next"], Write(["next"], keep: written[..expected]));
            Assert.Equal([.. written[..expected], "next"], Read(0).Records);
        }
    }

    [Fact]
    public void A_changed_byte_ends_the_reading_before_its_record()
    {
        string[] written = Write(["one", "two", "three"]);
        byte[] whole = File.ReadAllBytes(_path);
        long[] ends = EndsOf(written);
        for (int at = 8; at < whole.Length; at++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 0x10;
            File.WriteAllBytes(_path, damaged);
            Assert.Equal(written[..ends.Count(end => end <= at)], Read(0).Records);
        }
    }

    [Fact]
    public void A_reader_sees_what_is_appended_while_it_reads()
    {
        using var writer = new RecordLogWriter(_path);
        writer.Append("a"u8);
        writer.Flush(toDisk: false);
        using RecordLogReader reader = RecordLogReader.Open(_path, 0)!;
        Assert.True(reader.Next());
        Assert.False(reader.Next());
        writer.Append("b"u8);
        writer.Flush(toDisk: false);
        Assert.True(reader.Next());
        Assert.Equal("b"u8.ToArray(), reader.Body.ToArray());
    }

    private string[] Write(string[] records, string[]? keep = null)
    {
        using var writer = new RecordLogWriter(_path);
        foreach (string record in records)
            writer.Append(Encoding.UTF8.GetBytes(record));
        writer.Flush(toDisk: true);
        return [.. keep ?? [], .. records];
    }

    private (List<string> Records, long Offset) Read(long from, int limit = int.MaxValue)
    {
        var records = new List<string>();
        using RecordLogReader? reader = RecordLogReader.Open(_path, from);
        while (records.Count < limit && reader?.Next() == true)
            records.Add(Encoding.UTF8.GetString(reader.Body));
        return (records, reader?.Offset ?? 0);
    }

    /// <summary>Where each record ends: a header of 8 bytes, then 8 bytes before each body.</summary>
    private static long[] EndsOf(string[] records)
    {
        long end = 8;
        return [.. records.Select(record => end += 8 + Encoding.UTF8.GetByteCount(record))];
    }
}
