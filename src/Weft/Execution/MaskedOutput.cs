using System.Collections.Immutable;
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

    public MaskedOutput(ImmutableArray<string> secrets) =>
        _mask = new Mask([.. secrets.SelectMany(SecretForms.Of)]);

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

/// <summary>Replaces secrets in a stream of bytes, also where one lies across two pieces of it.</summary>
internal sealed class Mask(ImmutableArray<byte[]> secrets)
{
    private readonly ImmutableArray<byte[]> _secrets = [.. secrets.OrderByDescending(secret => secret.Length)];
    private readonly List<byte> _held = [];

    /// <summary>Takes a piece and hands out what can no longer be part of a secret.</summary>
    public void Push(ReadOnlySpan<byte> piece, List<byte> output)
    {
        _held.AddRange(piece);
        Release(output, isLast: false);
    }

    public void End(List<byte> output) => Release(output, isLast: true);

    private void Release(List<byte> output, bool isLast)
    {
        ReadOnlySpan<byte> held = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_held);
        int at = 0;
        while (at < held.Length)
        {
            ReadOnlySpan<byte> rest = held[at..];
            int length = MatchAt(rest);
            if (length > 0)
            {
                output.AddRange("***"u8);
                at += length;
            }
            else if (!isLast && MayBegin(rest))
            {
                break;
            }
            else
            {
                output.Add(held[at++]);
            }
        }
        _held.RemoveRange(0, at);
    }

    private int MatchAt(ReadOnlySpan<byte> rest)
    {
        foreach (byte[] secret in _secrets)
        {
            if (rest.StartsWith(secret))
                return secret.Length;
        }
        return 0;
    }

    /// <summary>Whether all that is left could be the beginning of a secret whose end has not come yet.</summary>
    private bool MayBegin(ReadOnlySpan<byte> rest)
    {
        foreach (byte[] secret in _secrets)
        {
            if (rest.Length < secret.Length && secret.AsSpan().StartsWith(rest))
                return true;
        }
        return false;
    }
}
