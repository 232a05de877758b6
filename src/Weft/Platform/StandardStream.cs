using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Weft.Platform;

/// <summary>
/// Standard output or error, written without a buffer. .NET's <see cref="Console"/> makes itself master of the terminal first, with a thread and handlers
/// for the ends of child processes: 4 ms of a start, for nothing that is wanted here. As there, bytes for a reader that is gone are dropped.
/// </summary>
public sealed class StandardStream : Stream
{
    private const int Input = 0, Output = 1, Error = 2;
    private const int BrokenPipe = 32;
    private const nuint WindowSize = 0x5413;
    private const short CanTake = 4;

    private readonly SafeFileHandle _file;

    private StandardStream(int descriptor) => _file = new SafeFileHandle(descriptor, ownsHandle: false);

    public static bool InputIsTerminal => Libc.IsTerminal(Input) == 1;

    public static bool OutputIsTerminal => Libc.IsTerminal(Output) == 1;

    public static bool ErrorIsTerminal => Libc.IsTerminal(Error) == 1;

    /// <summary>Columns of the terminal behind standard output or error; null when neither is one or it does not say.</summary>
    public static unsafe int? Columns
    {
        get
        {
            ushort* size = stackalloc ushort[4];
            foreach (int descriptor in (ReadOnlySpan<int>)[Output, Error])
            {
                using var file = new SafeFileHandle(descriptor, ownsHandle: false);
                if (Libc.Ioctl(file, WindowSize, (nint)size) == 0 && size[1] > 0)
                    return size[1];
            }
            return null;
        }
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public static StandardStream OpenOutput() => new(Output);

    public static StandardStream OpenError() => new(Error);

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <exception cref="SystemCallException">The terminal is gone, the disk is full.</exception>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            nint written;
            fixed (byte* start = buffer)
                written = Libc.Write(_file, start, buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }
            switch (Marshal.GetLastPInvokeError())
            {
                case BrokenPipe:
                    return;
                case Libc.Interrupted:
                    break;
                case Libc.WouldBlock:
                    var entry = new Libc.PollEntry { Descriptor = (int)_file.DangerousGetHandle(), Wanted = CanTake };
                    _ = Libc.Poll(&entry, 1, -1);
                    break;
                default:
                    throw SystemCallException.Last("write output");
            }
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
