using System.Globalization;
using System.Numerics;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Weft.Platform;

/// <summary>What this machine grants this process.</summary>
public static unsafe class Machine
{
    /// <summary>Files of the system that are read here have a few thousand bytes at most.</summary>
    private const int LongestFile = 1 << 20;

    /// <summary>Changes with every boot: process numbers and locks of another boot mean nothing. "" where the system does not tell.</summary>
    public static string BootId => field ??= ReadFirstLine("/proc/sys/kernel/random/boot_id") ?? "";

    public static string HostName => Environment.MachineName;

    /// <summary>Processors that we may use: the affinity mask, cut by the quota of the control group (at least a hundredth).</summary>
    public static double Processors
    {
        get
        {
            double count = AffinityCount();
            if (ControlGroupFile("cpu.max")?.Split(' ') is [string quota, string period]
                && double.TryParse(quota, CultureInfo.InvariantCulture, out double granted) && double.TryParse(period, CultureInfo.InvariantCulture, out double span) && span > 0)
                count = Math.Min(count, granted / span);
            return Math.Max(count, 0.01);
        }
    }

    /// <summary>Bytes of memory that we may use: the machine's, cut by the limit of the control group.</summary>
    public static long MemoryBytes
    {
        get
        {
            long total = long.MaxValue;
            if (ReadFirstLine("/proc/meminfo") is { } line && line.StartsWith("MemTotal:", StringComparison.Ordinal)
                && long.TryParse(line.AsSpan(9).Trim().TrimEnd("kB").Trim(), out long kilobytes))
                total = kilobytes * 1024;
            return long.TryParse(ControlGroupFile("memory.max"), out long limit) ? Math.Min(total, limit) : total;
        }
    }

    /// <summary>
    /// Where locks of this host live: <c>$XDG_RUNTIME_DIR/weft</c>, else <c>weft-UID</c> in the system's temporary folder. Made with mode 0700;
    /// refused when it belongs to somebody else.
    /// </summary>
    /// <param name="runtimeFolder">The value of <c>XDG_RUNTIME_DIR</c>, or null.</param>
    public static string RuntimeFolder(string? runtimeFolder)
    {
        string path = string.IsNullOrEmpty(runtimeFolder) || !Directory.Exists(runtimeFolder)
            ? Path.Combine(Path.GetTempPath(), $"weft-{Libc.UserId()}")
            : Path.Combine(runtimeFolder, "weft");
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        DirectoryInfo folder = Directory.CreateDirectory(path, ownerOnly);
        if (folder.LinkTarget is not null || (folder.UnixFileMode & ~ownerOnly) != 0)
            throw new IOException($"cannot use {path} for locks: it must be a folder that only you can open (mode 0700)");
        return path;
    }

    private static int AffinityCount()
    {
        const int size = 1024;
        byte* mask = stackalloc byte[size];
        new Span<byte>(mask, size).Clear();
        if (Libc.Affinity(0, size, mask) < 0)
            return Environment.ProcessorCount;
        int count = 0;
        for (int i = 0; i < size; i++)
            count += BitOperations.PopCount(mask[i]);
        return count;
    }

    /// <summary>The first line of a file of our control group (version 2), or null when there is no such limit.</summary>
    private static string? ControlGroupFile(string name)
    {
        string? line = ReadFirstLine("/proc/self/cgroup");
        if (line is null || !line.StartsWith("0::", StringComparison.Ordinal))
            return null;
        string group = "/sys/fs/cgroup" + line[3..];
        for (string? folder = group.TrimEnd('/'); folder is not null && folder.StartsWith("/sys/fs/cgroup", StringComparison.Ordinal); folder = Path.GetDirectoryName(folder))
        {
            if (ReadFirstLine(Path.Combine(folder, name)) is { } value && !value.StartsWith("max", StringComparison.Ordinal))
                return value;
        }
        return null;
    }

    private static string? ReadFirstLine(string path)
    {
        try
        {
            using SafeFileHandle? file = RawFile.TryOpenRead(path);
            if (file is null || RawFile.ReadAll(file, LongestFile) is not { } content)
                return null;
            string text = Encoding.UTF8.GetString(content);
            int end = text.IndexOf('\n', StringComparison.Ordinal);
            return end < 0 ? (text.Length == 0 ? null : text) : text[..end];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
