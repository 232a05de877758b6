using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Weft.Platform;

/// <summary>A program to start: everything the child gets; nothing else is inherited.</summary>
public sealed record ProgramStart
{
    /// <summary>The executable's path; <see cref="Executables.Find"/> looks names up.</summary>
    public required string Path { get; init; }

    /// <summary>All words, the program's own name first.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    public required EnvironmentBlock Environment { get; init; }

    /// <summary>The working folder; null keeps ours.</summary>
    public string? Folder { get; init; }

    /// <summary>What stands behind the child's descriptors 0, 1, 2, …; null is <c>/dev/null</c>.</summary>
    public ImmutableArray<SafeFileHandle?> Descriptors { get; init; } = [null, null, null];

    /// <summary>Whether the child leads a session and process group of its own, which <see cref="ProcessGroup"/> then signals as a whole.</summary>
    public bool NewSession { get; init; } = true;
}

/// <summary>A started child of this process. Its end is seen on <see cref="Ended"/>; <see cref="Reap"/> must be called once to free its number.</summary>
public sealed unsafe class ChildProcess : IDisposable
{
    private const int ProcessKind = 1, PeekOnly = 0x01000000, OnlyEnded = 4, NoWait = 1;

    private ChildProcess(int id, SafeFileHandle ended)
    {
        Id = id;
        Ended = ended;
    }

    public int Id { get; }

    /// <summary>A process descriptor: readable once the child has ended. For <see cref="Poller.Add"/>.</summary>
    public SafeFileHandle Ended { get; }

    /// <summary>Starts the program.</summary>
    /// <exception cref="SystemCallException">The program or the folder does not exist, may not be executed, or the system is out of processes.</exception>
    public static ChildProcess Start(ProgramStart program)
    {
        int id = Spawn(program);
        int ended = (int)Libc.SystemCall(ProcessDescriptors.Open, id, 0);
        if (ended < 0)
            throw SystemCallException.Last($"watch process {id}");
        return new ChildProcess(id, new SafeFileHandle(ended, ownsHandle: true));
    }

    /// <summary>Blocks until the child has ended, frees its number and says how it ended.</summary>
    public ExitStatus Reap() => Wait(OnlyEnded) ?? new ExitStatus(0, Unknown: true);

    /// <summary>How the child ended, or null while it runs. Its number stays taken, so that its group can still be signalled safely.</summary>
    public ExitStatus? Peek() => Wait(OnlyEnded | PeekOnly | NoWait);

    public void Dispose() => Ended.Dispose();

    private ExitStatus? Wait(int options)
    {
        const int exited = 1;
        byte* result = stackalloc byte[128];
        new Span<byte>(result, 128).Clear();
        while (Libc.WaitId(ProcessKind, Id, result, options) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            // Whoever started us may ignore SIGCHLD: then the system keeps no exit codes.
            if (error == Libc.NoChild)
                return new ExitStatus(0, Unknown: true);
            if (error != Libc.Interrupted)
                throw new SystemCallException($"wait for process {Id}", error);
        }
        // siginfo_t: code at byte 8, process at 16, status at 24.
        if (*(int*)(result + 16) == 0)
            return null;
        int status = *(int*)(result + 24);
        return *(int*)(result + 8) == exited ? new ExitStatus(status) : new ExitStatus(128 + status, Signal: status);
    }

    private static int Spawn(ProgramStart program)
    {
        const int opaqueSize = 512;
        const short setSignalDefaults = 0x04, setSignalMask = 0x08, setSession = 0x80;
        byte* actions = stackalloc byte[opaqueSize];
        byte* attributes = stackalloc byte[opaqueSize];
        byte* signals = stackalloc byte[128];
        new Span<byte>(signals, 128).Clear();
        _ = Libc.ActionsInit(actions);
        _ = Libc.AttributesInit(attributes);
        var raised = new List<SafeFileHandle>();
        try
        {
            _ = Libc.AttributesSignalMask(attributes, signals);
            // .NET ignores SIGPIPE; a shell ignores SIGINT and SIGQUIT for what it starts with `&`. A task starts with all as usual.
            foreach (int signal in (ReadOnlySpan<int>)[1, 2, 3, 13, 15, 17])
                signals[(signal - 1) / 8] |= (byte)(1 << (signal - 1) % 8);
            _ = Libc.AttributesSignalDefault(attributes, signals);
            _ = Libc.AttributesFlags(attributes, (short)(setSignalDefaults | setSignalMask | (program.NewSession ? setSession : 0)));
            AddDescriptors(actions, program.Descriptors, raised);
            if (program.Folder is not null)
                _ = Libc.ActionsChangeFolder(actions, program.Folder);

            using var arguments = new TextBlock(program.Arguments);
            int id;
            int error;
            fixed (byte* environment = program.Environment.Bytes)
                error = SpawnWith(&id, program.Path, actions, attributes, arguments.Pointers, environment, program.Environment);
            return error == 0 ? id : throw new SystemCallException($"start {program.Path}{(program.Folder is null ? "" : $" in {program.Folder}")}", error);
        }
        finally
        {
            foreach (SafeFileHandle handle in raised)
                handle.Dispose();
            _ = Libc.ActionsDestroy(actions);
            _ = Libc.AttributesDestroy(attributes);
        }
    }

    private static int SpawnWith(int* id, string path, byte* actions, byte* attributes, byte** arguments, byte* bytes, EnvironmentBlock environment)
    {
        ReadOnlySpan<int> starts = environment.Starts;
        byte** pointers = stackalloc byte*[starts.Length + 1];
        for (int i = 0; i < starts.Length; i++)
            pointers[i] = bytes + starts[i];
        pointers[starts.Length] = null;
        return Libc.Spawn(id, path, actions, attributes, arguments, pointers);
    }

    /// <summary>Puts each handle behind its number. Sources are first lifted above all targets, so that no target overwrites a source still needed.</summary>
    private static void AddDescriptors(byte* actions, ImmutableArray<SafeFileHandle?> descriptors, List<SafeFileHandle> raised)
    {
        const int aboveTargets = 64;
        for (int target = 0; target < descriptors.Length; target++)
        {
            if (descriptors[target] is not { } handle)
            {
                _ = Libc.ActionsOpen(actions, target, "/dev/null", Libc.ReadWrite, 0);
                continue;
            }
            int source = (int)handle.DangerousGetHandle();
            if (source < aboveTargets)
            {
                raised.Add(RawFile.Duplicate(handle, aboveTargets));
                source = (int)raised[^1].DangerousGetHandle();
            }
            _ = Libc.ActionsDuplicate(actions, source, target);
        }
        _ = Libc.ActionsCloseFrom(actions, descriptors.Length);
    }

    /// <summary>A zero-ended array of zero-ended UTF-8 texts in one piece of native memory.</summary>
    private readonly ref struct TextBlock
    {
        private readonly void* _memory;

        public TextBlock(IReadOnlyList<string> texts)
        {
            nuint size = (nuint)((texts.Count + 1) * sizeof(byte*));
            foreach (string text in texts)
                size += (nuint)Encoding.UTF8.GetByteCount(text) + 1;
            _memory = NativeMemory.Alloc(size);
            byte* next = (byte*)_memory + (texts.Count + 1) * sizeof(byte*);
            byte* end = (byte*)_memory + size;
            for (int i = 0; i < texts.Count; i++)
            {
                Pointers[i] = next;
                next += Encoding.UTF8.GetBytes(texts[i], new Span<byte>(next, (int)(end - next)));
                *next++ = 0;
            }
            Pointers[texts.Count] = null;
        }

        public byte** Pointers => (byte**)_memory;

        public void Dispose() => NativeMemory.Free(_memory);
    }
}

/// <summary>How a process ended.</summary>
/// <param name="Code">Its exit code; 128 + N when signal N ended it, as shells write it.</param>
/// <param name="Signal">The signal that ended it, else 0.</param>
/// <param name="Unknown">The system kept no record of the end.</param>
public readonly record struct ExitStatus(int Code, int Signal = 0, bool Unknown = false);
