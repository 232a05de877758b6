using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Secrets;

namespace Weft.Execution;

/// <summary>
/// Stands between a program and its log and puts <c>***</c> in place of secrets. A thread copies; memory is bounded by the buffer and the longest
/// secret. A value of fewer than four characters is not masked: it would take every such run of letters out of the log.
/// </summary>
internal sealed class MaskedOutput : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Mask _mask;
    private SafeFileHandle? _writer;
    private Thread? _copier;

    /// <param name="mask">A log has one of its own, as it remembers what it was given last.</param>
    public MaskedOutput(Mask mask) => _mask = mask;

    /// <summary>What the program gets in place of its log.</summary>
    public SafeFileHandle Into(SafeFileHandle log)
    {
        (SafeFileHandle reader, SafeFileHandle writer) = RawFile.Pipe();
        SafeFileHandle target = RawFile.Duplicate(log);
        _writer = writer;
        _copier = new Thread(() => Copy(reader, target)) { IsBackground = true, Name = "mask" };
        _copier.Start();
        return writer;
    }

    /// <summary>Waits until all that was written stands in the log; a process that was left running does not hold this up for long.</summary>
    public void Finish()
    {
        _writer?.Dispose();
        _copier?.Join(Patience);
    }

    public void Dispose() => Finish();

    private void Copy(SafeFileHandle reader, SafeFileHandle target)
    {
        using (reader)
        using (target)
        {
            byte[] buffer = new byte[64 * 1024];
            var masked = new List<byte>(buffer.Length);
            int count;
            while ((count = RawFile.Read(reader, buffer)) > 0)
            {
                _mask.Push(buffer.AsSpan(0, count), masked);
                RawFile.Write(target, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(masked));
                masked.Clear();
            }
            _mask.End(masked);
            RawFile.Write(target, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(masked));
        }
    }
}
