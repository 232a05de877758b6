using System.Text;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;

namespace Weft.Text;

/// <summary>Reads a user's text file: strict UTF-8 (a byte-order mark is dropped), size-limited, every failure a diagnostic.</summary>
public static class TextFile
{
    /// <summary>Largest text file that is read as configuration: 32 MiB.</summary>
    public const int MaxBytes = 32 << 20;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <param name="path">The file.</param>
    /// <param name="name">Name to print, usually the path relative to the working directory.</param>
    /// <param name="diagnostics">Receives <c>file/missing</c>, <c>file/unreadable</c>, <c>file/too-large</c> or <c>file/not-utf8</c>.</param>
    /// <returns>The source, or null after a diagnostic.</returns>
    public static Source? Read(string path, string name, Diagnostics diagnostics)
    {
        byte[] bytes;
        try
        {
            using SafeFileHandle? file = RawFile.TryOpenRead(path);
            if (file is null)
            {
                diagnostics.Error("file/missing", $"no file `{name}`");
                return null;
            }
            if (RawFile.ReadAll(file, MaxBytes) is not { } read)
            {
                diagnostics.Error("file/too-large", $"`{name}` has more than the {MaxBytes >> 20} MiB that a configuration file may have");
                return null;
            }
            bytes = read;
        }
        catch (IOException e)
        {
            diagnostics.Error("file/unreadable", $"cannot read `{name}`: {e.Message}");
            return null;
        }
        return Decode(bytes, name, diagnostics);
    }

    public static Source? Decode(ReadOnlySpan<byte> bytes, string name, Diagnostics diagnostics)
    {
        if (bytes.StartsWith("\uFEFF"u8))
            bytes = bytes[3..];
        try
        {
            return new Source(name, Strict.GetString(bytes));
        }
        catch (DecoderFallbackException)
        {
            int bad = FirstInvalid(bytes);
            string before = Encoding.UTF8.GetString(bytes[..bad]);
            var source = new Source(name, Encoding.UTF8.GetString(bytes));
            diagnostics.Error("file/not-utf8", $"byte 0x{bytes[bad]:X2} at offset {bad} is not UTF-8", source.At(before.Length, 1), "save the file as UTF-8");
            return null;
        }
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length && Rune.DecodeFromUtf8(bytes[at..], out _, out int used) == System.Buffers.OperationStatus.Done)
            at += used;
        return Math.Min(at, bytes.Length - 1);
    }
}
