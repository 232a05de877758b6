using System.Buffers.Text;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;

namespace Weft.Execution;

/// <summary>What the wrappers of local attempts wrote: <c>s ATTEMPT PID</c> at the start, <c>e ATTEMPT CODE</c> at the end.</summary>
/// <param name="Attempt">As <see cref="RunFolder.Key"/> writes it.</param>
internal readonly record struct ExitLine(bool IsEnd, string Attempt, int Number);

/// <summary>
/// Reads the <c>exits</c> file of an execution from where the last reading ended. Each line was appended by one write; a line without its end
/// is not there yet, a line that makes no sense (a torn block after a power cut) is passed over.
/// </summary>
internal sealed class ExitsReader(string path) : IDisposable
{
    private SafeFileHandle? _file;
    private long _offset;

    /// <summary>The lines that were added since the last call.</summary>
    public IEnumerable<ExitLine> ReadNew()
    {
        _file ??= RawFile.TryOpenRead(path);
        if (_file is null)
            yield break;
        byte[] buffer = new byte[64 * 1024];
        int kept = 0;
        while (true)
        {
            int count = RandomAccess.Read(_file, buffer.AsSpan(kept), _offset + kept);
            int length = kept + count;
            int start = 0;
            for (int end; (end = buffer.AsSpan(start, length - start).IndexOf((byte)'\n')) >= 0; start += end + 1)
            {
                if (Parse(buffer.AsSpan(start, end)) is { } line)
                    yield return line;
            }
            _offset += start;
            kept = length - start;
            if (count == 0)
                yield break;
            // A line longer than the buffer is no line of ours.
            if (start == 0 && kept == buffer.Length)
                _offset += kept;
            else
                buffer.AsSpan(start, kept).CopyTo(buffer);
            kept = start == 0 && kept == buffer.Length ? 0 : kept;
        }
    }

    public void Dispose() => _file?.Dispose();

    private static ExitLine? Parse(ReadOnlySpan<byte> line)
    {
        if (line.Length < 5 || line[0] is not ((byte)'s' or (byte)'e') || line[1] != ' ')
            return null;
        int last = line.LastIndexOf((byte)' ');
        if (last < 3 || !Utf8Parser.TryParse(line[(last + 1)..], out int number, out int used) || used != line.Length - last - 1)
            return null;
        return new ExitLine(line[0] == 'e', Encoding.UTF8.GetString(line[2..last]), number);
    }
}
