using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Server.Http;

namespace Weft.Server.Rest;

/// <summary>
/// A file that may still grow, whole or one range of it (RFC 9110, section 14: one range, in bytes). Logs are locked by who writes them, so they are opened
/// past .NET's own locks.
/// </summary>
internal static class ByteRange
{
    /// <summary>Reads at an offset; nothing when the file is not there yet or ends before it.</summary>
    public static int ReadAt(string file, long offset, byte[] buffer)
    {
        if (!File.Exists(file))
            return 0;
        using SafeFileHandle handle = RawFile.OpenRead(file);
        return RandomAccess.Read(handle, buffer, offset);
    }

    public static async Task SendAsync(Call call, string file)
    {
        HttpResponse response = call.Http.Response;
        response.ContentType = "text/plain; charset=utf-8";
        response.Headers.ContentSecurityPolicy = "sandbox";
        response.Headers.AcceptRanges = "bytes";
        if (!File.Exists(file))
        {
            response.ContentLength = 0;
            return;
        }
        using SafeFileHandle handle = RawFile.OpenRead(file);
        long length = RandomAccess.GetLength(handle);
        (long from, long to) = (0, length);
        if (call.Http.Request.Headers.Range.FirstOrDefault() is { } asked && Read(asked, length) is { } range)
        {
            (from, to) = range;
            if (from >= to)
            {
                response.StatusCode = 416;
                response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{length}");
                return;
            }
            response.StatusCode = 206;
            response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{to - 1}/{length}");
        }
        response.ContentLength = to - from;
        byte[] buffer = new byte[64 * 1024];
        while (from < to)
        {
            int count = RandomAccess.Read(handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, to - from)), from);
            if (count == 0)
                return;
            await response.Body.WriteAsync(buffer.AsMemory(0, count), call.Http.RequestAborted);
            from += count;
        }
    }

    /// <summary>The bytes of <c>bytes=a-b</c>, <c>bytes=a-</c> or <c>bytes=-n</c>; null when it is another form, which is answered with the whole.</summary>
    internal static (long From, long To)? Read(string header, long length)
    {
        if (!header.StartsWith("bytes=", StringComparison.Ordinal) || header.Contains(',', StringComparison.Ordinal))
            return null;
        string[] ends = header["bytes=".Length..].Split('-');
        if (ends.Length != 2)
            return null;
        bool hasFirst = long.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out long first);
        bool hasLast = long.TryParse(ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out long last);
        return (hasFirst, hasLast) switch
        {
            (true, true) when first <= last => (first, Math.Min(last + 1, length)),
            (true, false) when ends[1].Length == 0 => (first, length),
            (false, true) when ends[0].Length == 0 => (Math.Max(0, length - last), length),
            _ => null,
        };
    }
}
