using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Weft.Platform;

/// <summary>What the file system under a path is and can do.</summary>
public static unsafe class FileSystems
{
    private const nuint CloneRequest = 0x40049409;

    /// <summary>Types of <c>/proc/self/mountinfo</c> whose files other hosts may write too. Those of FUSE carry their program's name after a point; without one, it could be any.</summary>
    private static readonly string[] NetworkTypes =
    [
        "9p", "afs", "beegfs", "ceph", "cifs", "fuse", "fuse.bindfs", "fuse.ceph-fuse", "fuse.glusterfs", "fuse.juicefs", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs",
        "lustre", "ncpfs", "nfs", "nfs4", "orangefs", "smb3", "smbfs", "wekafs",
    ];

    /// <summary>Magic numbers of <c>statfs</c> for the same: NFS, SMB, CIFS, SMB2, Lustre, GPFS, Ceph, AFS, 9p, BeeGFS, OrangeFS.</summary>
    private static readonly uint[] NetworkMagic =
    [
        0x6969, 0x517B, 0xFF534D42, 0xFE534D42, 0x0BD00BD0, 0x47504653, 0x00C36400, 0x5346414F, 0x01021997, 0x19830326, 0x20030528,
    ];

    /// <summary>Whether files here may be written by other hosts, by which locks and shared memory of this host mean nothing to them.</summary>
    public static bool IsNetwork(string path)
    {
        uint magic = MagicOf(path);
        if (Array.IndexOf(NetworkMagic, magic) >= 0)
            return true;
        const uint fuse = 0x65735546;
        return magic == fuse && Array.IndexOf(NetworkTypes, TypeOf(path)) >= 0;
    }

    /// <summary>The type of the mount that holds <paramref name="path"/>, as <c>mount</c> prints it: <c>ext4</c>, <c>fuse.sshfs</c>; "" when unknown.</summary>
    public static string TypeOf(string path) => Mounts.TypeOf(Path.GetFullPath(path), File.ReadLines("/proc/self/mountinfo"));

    /// <summary>Bytes that an unprivileged user may still write under <paramref name="path"/>.</summary>
    public static long FreeBytes(string path)
    {
        // struct statfs: block size at byte 8, blocks available to users at 32.
        byte* result = stackalloc byte[256];
        return Libc.StatFileSystem(path, result) == 0 ? *(long*)(result + 8) * *(long*)(result + 32) : throw SystemCallException.Last($"ask the file system of {path}");
    }

    /// <summary>
    /// Makes <paramref name="target"/>, which must not exist, share the blocks of <paramref name="source"/> (a reflink: a copy that costs nothing
    /// until one of them is written). False where the file system cannot; then there is no target.
    /// </summary>
    public static bool TryClone(string source, string target)
    {
        using SafeFileHandle from = RawFile.OpenRead(source);
        SafeFileHandle to = RawFile.TryCreate(target) ?? throw new SystemCallException($"create {target}", Libc.Exists);
        using (to)
        {
            if (Libc.Ioctl(to, CloneRequest, from.DangerousGetHandle()) == 0)
                return true;
        }
        File.Delete(target);
        return false;
    }

    /// <summary>Gives a file a second name on the same file system; false when <paramref name="added"/> exists, the claim that others win.</summary>
    public static bool TryLink(string existing, string added)
    {
        if (Libc.Link(existing, added) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        return error == Libc.Exists ? false : throw new SystemCallException($"link {added} to {existing}", error);
    }

    /// <summary>Waits until everything that was written to the file system of <paramref name="path"/> is on its disk.</summary>
    public static void Flush(string path)
    {
        using SafeFileHandle folder = RawFile.OpenRead(path);
        if (Libc.SyncFileSystem(folder) != 0)
            throw SystemCallException.Last($"flush the file system of {path}");
    }

    private static uint MagicOf(string path)
    {
        byte* result = stackalloc byte[256];
        return Libc.StatFileSystem(path, result) == 0 ? (uint)*(long*)result : throw SystemCallException.Last($"ask the file system of {path}");
    }
}

/// <summary>Reads the mount table of Linux.</summary>
internal static class Mounts
{
    /// <summary>The type of the last mount whose point holds <paramref name="path"/>, by the lines of <c>mountinfo</c> (proc(5)).</summary>
    public static string TypeOf(string path, IEnumerable<string> lines)
    {
        string best = "";
        string type = "";
        foreach (string line in lines)
        {
            // ID PARENT DEVICE ROOT POINT OPTIONS [TAG…] - TYPE SOURCE OPTIONS
            string[] fields = line.Split(' ');
            int dash = Array.IndexOf(fields, "-");
            if (dash < 5 || dash + 1 >= fields.Length)
                continue;
            string point = Unescape(fields[4]);
            if (Holds(point, path) && point.Length >= best.Length)
                (best, type) = (point, fields[dash + 1]);
        }
        return type;
    }

    private static bool Holds(string point, string path) =>
        point == "/" || path == point || (path.StartsWith(point, StringComparison.Ordinal) && path[point.Length] == '/');

    /// <summary>Blank, tab, line end and backslash are written as three octal digits.</summary>
    private static string Unescape(string text) =>
        text.Replace(@"\040", " ").Replace(@"\011", "\t").Replace(@"\012", "\n").Replace(@"\134", @"\");
}
