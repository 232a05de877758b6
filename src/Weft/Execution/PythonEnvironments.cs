using System.Text;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Storage;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// Virtual environments of tasks that name <c>requirements</c>: one for each interpreter and content of the file, kept for the user in <c>environments/KEY</c> and
/// made once. The system's packages are visible in it. Whoever makes one holds the lock beside it alone, and so does every process that it starts: a maker
/// that was killed is waited for, and what it left unfinished is made anew. Whoever uses one shares that lock, the task's own processes too: it is not
/// removed while it is used.
/// What pip says goes to the log of the attempt that waits for it.
/// </summary>
/// <param name="folder">Where they are kept, absolute.</param>
internal sealed class PythonEnvironments(string folder, string projectFolder, EnvironmentBlock environment, TimeProvider clock)
{
    /// <summary>An environment without this file is unfinished.</summary>
    private const string Mark = "weft-environment";

    /// <summary>
    /// Makes the environment $1 with the interpreter $2 from the file $3. The mark is written by the same shell, so that it can finish without us. An
    /// interpreter that has pip of its own saves the seconds of installing another one.
    /// </summary>
    private const string Recipe = """
        set -e
        rm -rf "$1"
        "$2" -m venv --system-site-packages --without-pip "$1"
        "$1/bin/python" -c 'import pip' 2>/dev/null || "$1/bin/python" -m ensurepip --default-pip >/dev/null
        "$1/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off -r "$3"
        cp "$3" "$1/weft-environment"
        """;

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<string, string> _interpreters = new(StringComparer.Ordinal);

    /// <summary>The environment that a call runs in, made first where it is not there yet.</summary>
    /// <param name="log">Of the attempt: gets what is said while it is made.</param>
    /// <exception cref="IOException">It cannot be made; the message says why, the log has the details.</exception>
    public PythonEnvironment Open(Invocation call, string log, CancellationToken cancel)
    {
        string file = Path.GetFullPath(call.Requirements!, projectFolder);
        string interpreter = InterpreterOf(call);
        string made = Path.Combine(folder, KeyOf(IdentityOf(interpreter, cancel), file));
        Directory.CreateDirectory(folder);
        bool isWaiting = false;
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            if (TryUse(made) is { } use)
                return new PythonEnvironment(made, use);
            if (FileLock.TryAcquire(LockOf(made), LockMode.Exclusive) is { } held)
                return Make(made, interpreter, file, held, call, log, cancel);
            if (!isWaiting)
                Say(log, $"weft: another process makes the virtual environment for {call.Requirements}: waiting for it\n");
            isWaiting = true;
            cancel.WaitHandle.WaitOne(LookAgain);
        }
    }

    /// <summary>Removes environments that nobody uses and that were last used before a moment.</summary>
    /// <returns>How many, and how large they were.</returns>
    public static (int Count, long Bytes) Collect(string folder, DateTimeOffset before, bool isDry)
    {
        int count = 0;
        long bytes = 0;
        foreach (string environment in Directory.Exists(folder) ? Directory.GetDirectories(folder) : [])
        {
            string mark = Path.Combine(environment, Mark);
            DateTime used = File.Exists(mark) ? File.GetLastWriteTimeUtc(mark) : Directory.GetLastWriteTimeUtc(environment);
            using FileLock? alone = used < before.UtcDateTime ? FileLock.TryAcquire(LockOf(environment), LockMode.Exclusive) : null;
            if (alone is null)
                continue;
            count++;
            bytes += FolderSize.Of(environment);
            if (isDry)
                continue;
            // Without its mark it is unfinished, should we not get to the end.
            File.Delete(mark);
            Directory.Delete(environment, recursive: true);
        }
        return (count, bytes);
    }

    /// <summary>Notes the use of one that is there; null when it is not, or is being made or removed.</summary>
    private FileLock? TryUse(string made)
    {
        if (!IsMade(made) || FileLock.TryAcquire(LockOf(made), LockMode.Shared) is not { } use)
            return null;
        if (IsMade(made))
        {
            File.SetLastWriteTimeUtc(Path.Combine(made, Mark), clock.GetUtcNow().UtcDateTime);
            return use;
        }
        use.Dispose();
        return null;
    }

    private PythonEnvironment Make(string made, string interpreter, string file, FileLock held, Invocation call, string log, CancellationToken cancel)
    {
        try
        {
            using SafeFileHandle output = RawFile.OpenAppend(log);
            Say(output, $"weft: making a virtual environment for {call.Requirements} with {interpreter}\n");
            using ChildProcess child = ChildProcess.Start(new ProgramStart
            {
                Path = "/bin/sh",
                Arguments = ["sh", "-c", Recipe, "sh", made, interpreter, file],
                Environment = environment.With([.. call.Env]),
                Folder = projectFolder,
                Descriptors = [null, output, output, held.File],
            });
            ExitStatus status;
            using (cancel.Register(() => ProcessGroup.Signal(child.Id, ProcessSignal.Kill)))
                status = child.Reap();
            cancel.ThrowIfCancellationRequested();
            // From the maker's lock to a user's: who removes environments takes none that was used just now.
            if (status.Code == 0 && IsMade(made) && FileLock.TryLock(held.File, LockMode.Shared))
                return new PythonEnvironment(made, held);
            throw new IOException($"the environment of `{call.Requirements}` cannot be made: that ended with exit code {status.Code}");
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private string InterpreterOf(Invocation call)
    {
        if (call.Python is null)
            return Executables.Find("python3", environment["PATH"], projectFolder) ?? throw new IOException("there is no program `python3` in PATH");
        string full = Path.GetFullPath(call.Python, projectFolder);
        return Directory.Exists(full) ? Path.Combine(full, "bin", "python") : full;
    }

    /// <summary>Which Python an interpreter is, asked once: a path may mean another version tomorrow.</summary>
    private string IdentityOf(string interpreter, CancellationToken cancel)
    {
        if (_interpreters.TryGetValue(interpreter, out string? known))
            return known;
        CommandResult answer;
        try
        {
            answer = Command.Run([interpreter, "-c", "import sys; print(sys.base_prefix, sys.version)"], projectFolder, environment, cancel);
        }
        catch (SystemCallException error)
        {
            throw new IOException($"the interpreter `{interpreter}` cannot be started: {error.Message}", error);
        }
        if (!answer.Succeeded)
            throw new IOException($"the interpreter `{interpreter}` does not work: {answer.Error.Trim()}");
        return _interpreters[interpreter] = answer.Text;
    }

    /// <summary>Contents, not paths: clones of a project share an environment, unless it depends on files beside them.</summary>
    private static string KeyOf(string interpreter, string file)
    {
        var text = new StringBuilder("1\n").Append(interpreter);
        bool isLocal = false;
        foreach (string one in Requirements.FilesOf(file))
        {
            string content;
            try
            {
                content = File.ReadAllText(one);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new IOException($"the requirements cannot be read: {error.Message}", error);
            }
            text.Append('\0').Append(content);
            isLocal |= content.Split([' ', '\t', '=', '\n'], StringSplitOptions.RemoveEmptyEntries).Any(word =>
                word is "." or ".." or "-e" or "--editable" or "-f" or "--find-links" || word.StartsWith("./", StringComparison.Ordinal) || word.StartsWith("../", StringComparison.Ordinal));
        }
        if (isLocal)
            text.Append('\0').Append(file);
        return Digest.Of(text.ToString()).Hex[..24];
    }

    private static string LockOf(string environment) => environment + ".lock";

    private static bool IsMade(string environment) => File.Exists(Path.Combine(environment, Mark));

    private static void Say(string log, string text)
    {
        using SafeFileHandle output = RawFile.OpenAppend(log);
        Say(output, text);
    }

    private static void Say(SafeFileHandle output, string text) => RawFile.Write(output, Encoding.UTF8.GetBytes(text));
}

/// <summary>A virtual environment that is in use.</summary>
/// <param name="Folder">Absolute.</param>
/// <param name="Use">Held by whoever runs in it; for the task's processes to inherit.</param>
internal sealed record PythonEnvironment(string Folder, FileLock Use);
