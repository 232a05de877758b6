using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Weft.Platform;

/// <summary>The signals we send.</summary>
public enum ProcessSignal
{
    Terminate = 15,
    Kill = 9,
}

/// <summary>A process group: a session leader that we started and everything it started that made no group of its own.</summary>
public static class ProcessGroup
{
    /// <summary>Signals every process of the group; false when none is left.</summary>
    public static bool Signal(int leader, ProcessSignal signal) => Send(-leader, (int)signal);

    /// <summary>Whether any process of the group is left, ended ones that nobody has reaped included.</summary>
    public static bool Exists(int leader) => Send(-leader, 0);

    /// <summary>
    /// Whether a process of this group writes to <paramref name="log"/>: the proof that a group number written down earlier still means the
    /// group it meant then.
    /// </summary>
    public static bool Holds(int leader, FileIdentity log)
    {
        if (RawFile.IdentityOf(leader, 1) == log)
            return true;
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), out int process) && GroupOf(process) == leader
                && (RawFile.IdentityOf(process, 1) == log || RawFile.IdentityOf(process, 2) == log))
                return true;
        }
        return false;
    }

    private static int GroupOf(int process)
    {
        try
        {
            // PID (NAME) STATE PARENT GROUP …; the name may hold blanks and parentheses.
            string line = File.ReadAllText($"/proc/{process}/stat");
            string[] fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            return int.Parse(fields[2]);
        }
        catch (IOException)
        {
            return -1;
        }
        catch (UnauthorizedAccessException)
        {
            return -1;
        }
    }

    private static bool Send(int target, int signal)
    {
        if (target == -1)
            throw new ArgumentOutOfRangeException(nameof(target), "-1 means every process of the machine");
        if (Libc.Kill(target, signal) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        if (error != Libc.NoSuchProcess && signal != 0)
            throw new SystemCallException($"signal process {target}", error);
        return error != Libc.NoSuchProcess;
    }
}

/// <summary>Process descriptors: they name a process for good, where a number may come to mean another one.</summary>
public static class ProcessDescriptors
{
    /// <summary>The number of <c>pidfd_open</c>, the same on every architecture.</summary>
    internal const int Open = 434;

    /// <summary>A descriptor that becomes readable when the process ends, also for one that is not our child; null when it is gone.</summary>
    public static SafeFileHandle? TryOpen(int process)
    {
        int descriptor = (int)Libc.SystemCall(Open, process, 0);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Signals one process by number; false when it is gone.</summary>
    public static bool Signal(int process, ProcessSignal signal) => process > 1 && Libc.Kill(process, (int)signal) == 0;
}

/// <summary>Looks programs up as <c>execvp</c> does.</summary>
public static class Executables
{
    private const int Executable = 1;

    /// <summary>
    /// The path of <paramref name="program"/>: itself when it holds a slash (read from <paramref name="folder"/>), else the first executable file
    /// of that name in <paramref name="searchPath"/>. Null when there is none.
    /// </summary>
    public static string? Find(string program, string? searchPath, string folder)
    {
        if (program.Length == 0)
            return null;
        if (program.Contains('/'))
            return IsExecutable(Path.Combine(folder, program)) ? program : null;
        foreach (string place in (searchPath ?? "/usr/local/bin:/usr/bin:/bin").Split(':'))
        {
            string candidate = Path.Combine(folder, place, program);
            if (IsExecutable(candidate))
                return candidate;
        }
        return null;
    }

    internal static bool IsExecutable(string path) => Libc.Access(path, Executable) == 0 && !Directory.Exists(path);
}

/// <summary>As <see cref="Executables"/>, for one program after another: the one found last is only looked at, not searched for again.</summary>
internal sealed class ProgramSearch
{
    private (string Program, string? SearchPath, string Folder) _sought;
    private string? _found;

    public string? Find(string program, string? searchPath, string folder)
    {
        if (_found is null || _sought != (program, searchPath, folder) || !Executables.IsExecutable(Path.Combine(folder, _found)))
            _found = Executables.Find(program, searchPath, folder);
        _sought = (program, searchPath, folder);
        return _found;
    }
}
