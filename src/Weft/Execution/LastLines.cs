using System.Collections.Immutable;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;

namespace Weft.Execution;

/// <summary>The last lines of a log, for the reason of a failure: read from the end, whatever the log's size.</summary>
internal static class LastLines
{
    private const int Window = 8 * 1024, LongestLine = 500;

    /// <summary>What Hydra prints behind every failure: it would hide the line that says what went wrong.</summary>
    private const string HydraAdvice = "Set the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace.";

    /// <summary>
    /// Up to <paramref name="count"/> lines that are not blank, the last one last; Hydra's advice after a failure is none. Bytes that are no UTF-8 become U+FFFD; of a line redrawn with
    /// carriage returns the last state counts; a line longer than 500 characters keeps its end.
    /// </summary>
    public static ImmutableArray<string> Read(string path, int count)
    {
        using SafeFileHandle? file = RawFile.TryOpenRead(path);
        if (file is null)
            return [];
        long length = RandomAccess.GetLength(file);
        byte[] bytes = new byte[Math.Min(Window, length)];
        int read = RandomAccess.Read(file, bytes, length - bytes.Length);
        string text = Encoding.UTF8.GetString(bytes, 0, read);
        var lines = ImmutableArray.CreateBuilder<string>();
        foreach (string raw in text.Split('\n'))
        {
            string line = raw.TrimEnd();
            line = line[(line.LastIndexOf('\r') + 1)..].TrimEnd();
            if (line.Length > 0 && line != HydraAdvice)
                lines.Add(line.Length > LongestLine ? "…" + line[^LongestLine..] : line);
        }
        return lines.Count <= count ? lines.ToImmutable() : [.. lines.Skip(lines.Count - count)];
    }
}
