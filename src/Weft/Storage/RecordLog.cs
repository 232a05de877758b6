using System.Buffers;
using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Weft.Storage;

/// <summary>
/// A file of records that one process appends to and any number read, now or after it died: the journal that a task host keeps in the run
/// folder. The file is <c>weftlog1</c> and then, per record, the length of its body (4 bytes, little endian), the CRC-32C of length and body
/// (4 bytes), the body: JSON. What a dying writer leaves half written ends the file for readers; the next writer cuts it off.
/// </summary>
internal static class RecordLog
{
    /// <summary>The largest body, 64 MB: a larger length is damage, not data.</summary>
    public const int LargestBody = 64 << 20;

    internal const int HeaderLength = 8;
    internal const int FrameLength = 8;

    internal static ReadOnlySpan<byte> Header => "weftlog1"u8;

    internal static uint Checksum(ReadOnlySpan<byte> lengthBytes, ReadOnlySpan<byte> body) => Crc32C.Of(lengthBytes, body);
}

/// <summary>
/// Appends records to a log. Records gather in memory until <see cref="Flush"/> writes them in one call, so that a reader nearly always sees
/// them together. There must be one writer per file at a time.
/// </summary>
internal sealed class RecordLogWriter : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly ArrayBufferWriter<byte> _pending = new(4096);
    private long _end;

    /// <summary>Opens or makes the file, and cuts off what an earlier writer left half written.</summary>
    /// <exception cref="InvalidDataException">The file is something else.</exception>
    public RecordLogWriter(string path)
    {
        using (RecordLogReader? reader = RecordLogReader.Open(path, 0))
        {
            while (reader?.Next() == true)
            {
            }
            _end = reader?.Offset ?? 0;
        }
        _file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (RandomAccess.GetLength(_file) > _end)
            RandomAccess.SetLength(_file, _end);
        if (_end == 0)
            _pending.Write(RecordLog.Header);
    }

    public void Append(ReadOnlySpan<byte> body)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, RecordLog.LargestBody);
        Span<byte> frame = _pending.GetSpan(RecordLog.FrameLength + body.Length);
        BinaryPrimitives.WriteInt32LittleEndian(frame, body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], RecordLog.Checksum(frame[..4], body));
        body.CopyTo(frame[RecordLog.FrameLength..]);
        _pending.Advance(RecordLog.FrameLength + body.Length);
    }

    /// <summary>Writes what was appended: from here on it survives the end of this process.</summary>
    /// <param name="toDisk">Also waits until it would survive a power cut.</param>
    /// <exception cref="IOException">The disk is full, say. What was appended is kept and written by the next call.</exception>
    public void Flush(bool toDisk)
    {
        if (_pending.WrittenCount > 0)
        {
            RandomAccess.Write(_file, _pending.WrittenSpan, _end);
            _end += _pending.WrittenCount;
            _pending.ResetWrittenCount();
        }
        if (toDisk)
            RandomAccess.FlushToDisk(_file);
    }

    /// <summary>Closes the file; what was not flushed is lost.</summary>
    public void Dispose() => _file.Dispose();
}

/// <summary>Reads whole records from an offset on, as far as there are any now.</summary>
internal sealed class RecordLogReader : IDisposable
{
    private readonly SafeFileHandle _file;
    private byte[] _buffer = new byte[64 * 1024];
    private long _bufferStart;
    private int _filled;
    private Range _body;

    private RecordLogReader(SafeFileHandle file, long offset)
    {
        _file = file;
        Offset = offset;
        _bufferStart = offset;
    }

    /// <summary>The end of the last whole record that was read: where to go on.</summary>
    public long Offset { get; private set; }

    /// <summary>The record that <see cref="Next"/> moved to; valid until the next call.</summary>
    public ReadOnlySpan<byte> Body => _buffer.AsSpan(_body);

    /// <summary>Whether bytes follow that are no whole record (yet): a write on its way, or what a dead writer left.</summary>
    public bool HasTornTail => RandomAccess.GetLength(_file) > Offset;

    /// <summary>Opens the log to read on after <paramref name="offset"/>, 0 or a former <see cref="Offset"/>; null when there is no file.</summary>
    /// <exception cref="InvalidDataException">The file is something else.</exception>
    public static RecordLogReader? Open(string path, long offset)
    {
        SafeFileHandle file;
        try
        {
            file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        var reader = new RecordLogReader(file, offset);
        try
        {
            if (offset == 0)
                reader.ReadHeader(path);
            return reader;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Moves to the next whole record; false when there is none now.</summary>
    public bool Next()
    {
        if (Offset < RecordLog.HeaderLength || !Fill(RecordLog.FrameLength))
            return false;
        Span<byte> frame = _buffer.AsSpan((int)(Offset - _bufferStart));
        int length = BinaryPrimitives.ReadInt32LittleEndian(frame);
        if (length is < 0 or > RecordLog.LargestBody || !Fill(RecordLog.FrameLength + length))
            return false;
        int start = (int)(Offset - _bufferStart);
        frame = _buffer.AsSpan(start, RecordLog.FrameLength + length);
        if (BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]) != RecordLog.Checksum(frame[..4], frame[RecordLog.FrameLength..]))
            return false;
        _body = (start + RecordLog.FrameLength)..(start + frame.Length);
        Offset += frame.Length;
        return true;
    }

    public void Dispose() => _file.Dispose();

    private void ReadHeader(string path)
    {
        if (!Fill(RecordLog.HeaderLength))
            return;
        if (!_buffer.AsSpan(0, RecordLog.HeaderLength).SequenceEqual(RecordLog.Header))
            throw new InvalidDataException($"{path} is no record log of this version of weft");
        Offset = RecordLog.HeaderLength;
    }

    /// <summary>Makes the buffer hold <paramref name="count"/> bytes from <see cref="Offset"/> on; false when the file ends before.</summary>
    private bool Fill(int count)
    {
        int start = (int)(Offset - _bufferStart);
        if (_filled - start >= count)
            return true;
        if (count > _buffer.Length - start)
        {
            byte[] target = count > _buffer.Length ? new byte[Math.Max(count, _buffer.Length * 2)] : _buffer;
            Buffer.BlockCopy(_buffer, start, target, 0, _filled - start);
            _buffer = target;
            _bufferStart = Offset;
            _filled -= start;
            start = 0;
        }
        while (_filled - start < count)
        {
            int read = RandomAccess.Read(_file, _buffer.AsSpan(_filled), _bufferStart + _filled);
            if (read == 0)
                return false;
            _filled += read;
        }
        return true;
    }
}
