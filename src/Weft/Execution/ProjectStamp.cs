using System.Buffers;
using System.IO.Enumeration;
using System.Runtime.InteropServices;
using System.Text;
using Weft.Platform;
using Weft.Storage;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// The status of every file and folder of a project, and of named files besides, as one fingerprint. Two equal ones mean that nothing of it was changed, added or removed
/// between them, if the first was taken long enough after the last change (<see cref="Changed"/>): within one tick of the file system's clock a second change
/// leaves the same times.
/// </summary>
/// <param name="Changed">When any of it was last changed, in nanoseconds since 1970: the time that no program can set.</param>
internal sealed record ProjectStamp(Fingerprint Print, long Changed)
{
    /// <summary>Looking at more takes longer than it may save.</summary>
    private const int MostEntries = 50_000;

    /// <summary>In a virtual environment, beside tens of thousands of files that count for no result.</summary>
    private const string EnvironmentMark = "pyvenv.cfg";

    private static readonly string[] LeftOut = [StateFolder.Name, ".git", "__pycache__", "mlruns"];

    /// <param name="root">The project's folder, absolute. Its state, folders of git and of tracking tools, byte code and virtual environments are left out.</param>
    /// <param name="others">Files that count besides, absolute or relative to the root; they may be missing.</param>
    /// <returns>Null when not everything can be looked at, or it is too much.</returns>
    public static ProjectStamp? Take(string root, IReadOnlyList<string> others)
    {
        var walk = new Walk(root);
        try
        {
            if (!walk.Everything())
                return null;
            walk.Others(others);
            return new ProjectStamp(Fingerprint.Of(walk.Content), walk.Changed);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether the stamp of a project has a file or folder in it, as far as names tell.</summary>
    public static bool Covers(string root, string path)
    {
        string relative = Path.GetRelativePath(root, path);
        if (relative == ".." || relative.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(relative))
            return false;
        return !Array.Exists(relative.Split('/'), part => LeftOut.Contains(part));
    }

    private sealed class Walk(string root)
    {
        private readonly ArrayBufferWriter<byte> _content = new(4096);
        private readonly Stack<string> _open = new([root]);
        private int _entries;

        public ReadOnlySpan<byte> Content => _content.WrittenSpan;

        public long Changed { get; private set; }

        public bool Everything()
        {
            while (_open.TryPop(out string? folder))
            {
                if (!Folder(folder))
                    return false;
            }
            return true;
        }

        public void Others(IReadOnlyList<string> others)
        {
            foreach (string other in others)
            {
                string path = Path.Combine(root, other);
                FileStatus? status = FileStatus.TryRead(path);
                Write(other, status is { Form: FileForm.Link } ? FileStatus.TryRead(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path) : status);
            }
        }

        private bool Folder(string folder)
        {
            if (FileStatus.TryRead(folder) is not { } own)
                return false;
            Write(folder, own);
            string[] names = [.. new FileSystemEnumerable<string>(folder, (ref FileSystemEntry entry) => entry.FileName.ToString(), new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false })];
            if (folder != root && names.Contains(EnvironmentMark))
                names = [EnvironmentMark];
            Array.Sort(names, StringComparer.Ordinal);
            foreach (string name in names)
            {
                if (LeftOut.Contains(name))
                    continue;
                string path = Path.Combine(folder, name);
                // What is gone again was there a moment ago; a name that is no UTF-8 is not found by what .NET shows of it.
                if (++_entries > MostEntries || FileStatus.TryRead(path) is not { } status)
                    return false;
                if (status.Form == FileForm.Folder)
                    _open.Push(path);
                else
                    Write(path, status);
                if (status.Form == FileForm.Link && !Target(path))
                    return false;
            }
            return true;
        }

        /// <summary>What a link leads to. A folder elsewhere is not looked through.</summary>
        private bool Target(string link)
        {
            string? target = File.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName;
            FileStatus? status = target is null ? null : FileStatus.TryRead(target);
            if (status is { Form: FileForm.Folder })
                return Covers(root, target!);
            Write(link, status);
            return true;
        }

        private void Write(string path, FileStatus? found)
        {
            Span<byte> name = _content.GetSpan(Encoding.UTF8.GetMaxByteCount(path.Length));
            _content.Advance(Encoding.UTF8.GetBytes(path, name));
            FileStatus status = found ?? default;
            ReadOnlySpan<long> numbers = [found is null ? 0 : 1, (long)status.Form, (long)status.Mode, status.Size, status.ModifiedNanoseconds, status.ChangedNanoseconds, (long)status.Inode];
            _content.Write(MemoryMarshal.AsBytes(numbers));
            Changed = Math.Max(Changed, status.ChangedNanoseconds);
        }
    }
}
