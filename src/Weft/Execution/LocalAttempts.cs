using System.Collections.Immutable;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>What local attempts start with, read once at the edge.</summary>
internal sealed record LocalSurroundings(string ProjectFolder, EnvironmentBlock Environment)
{
    /// <summary>What stands behind descriptor 0; null is <c>/dev/null</c>. The terminal, when one attempt runs at a time.</summary>
    public SafeFileHandle? Input { get; init; }

    /// <summary>What a program writes to in place of its log: something that passes it on. Null: the log itself.</summary>
    public Func<SafeFileHandle, SafeFileHandle>? Output { get; init; }

    /// <summary>Variables that others add to an attempt, such as the address of a tracking server.</summary>
    public Func<Invocation, IEnumerable<KeyValuePair<string, string>>> Additional { get; init; } = _ => [];
}

/// <summary>
/// Runs attempts on this machine and sees their ends, so that none depends on this process: each has its log as standard output and error, and the
/// lock of that log lives exactly as long as any of its processes; a one-line shell around it appends its start and its exit code to the
/// execution's <c>exits</c> file. Whoever comes after us finds out from lock and file what became of it (<see cref="Adopt"/>).
/// Belongs to the one thread that runs the execution.
/// </summary>
internal sealed class LocalAttempts : IAttempts
{
    /// <summary>
    /// The shell's own words ("Killed") go to its descriptor 2, which is <c>/dev/null</c>; the program's go to the log. The subshell becomes the program,
    /// so no word of it can be taken for a builtin, and has the signals' usual meaning back. Descriptor 3 is <c>exits</c>.
    /// </summary>
    private const string Wrapper = """trap : TERM INT HUP; echo "s $0 $$" >&3; (exec "$@") 2>&1 3>&-; c=$?; echo "e $0 $c" >&3; exit $c""";

    /// <summary>How long what a program left behind may take to end by itself before it is told to.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    private readonly RunFolder _folder;
    private readonly Poller _poller;
    private readonly TimeProvider _clock;
    private readonly LocalSurroundings _surroundings;
    private readonly ExitsReader _reader;
    private readonly SafeFileHandle _exits;
    private readonly Dictionary<AttemptId, LocalAttempt> _running = [];
    private readonly Dictionary<string, LocalAttempt> _adopted = new(StringComparer.Ordinal);
    private readonly List<EndedAttempt> _ended = [];
    private readonly ProgramSearch _programs = new();

    public LocalAttempts(RunFolder folder, Poller poller, TimeProvider clock, LocalSurroundings surroundings)
    {
        _folder = folder;
        _poller = poller;
        _clock = clock;
        _surroundings = surroundings;
        _exits = RawFile.OpenAppend(folder.Exits);
        _reader = new ExitsReader(folder.Exits);
    }

    /// <summary>Those that only leave processes behind are counted too.</summary>
    public int Count => _running.Count;

    public IEnumerable<AttemptId> Running => _running.Keys;

    public void Start(Invocation call, Grant grant)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        HostContract.MakeFolders(call, _folder);
        using SafeFileHandle log = RawFile.OpenAppend(_folder.Log(call.Id));
        using SafeFileHandle? apart = _folder.LocksApart ? RawFile.OpenPrivate(_folder.LockOf(call.Id)) : null;
        if (!FileLock.TryLock(apart ?? log, LockMode.Exclusive))
            throw new IOException($"the log {_folder.Log(call.Id)} is in use: this attempt runs already");
        try
        {
            EnvironmentBlock environment = _surroundings.Environment.With(
            [
                .. HostContract.PythonVariables(call, _surroundings.ProjectFolder, _surroundings.Environment["PATH"]),
                .. HostContract.Variables(call, _folder, grant),
                .. _surroundings.Additional(call),
            ]);
            string folder = HostContract.FolderOf(call, _surroundings.ProjectFolder);
            ImmutableArray<string> words = HostContract.Words(call, folder);
            if (_programs.Find(words[0], environment["PATH"], folder) is null)
            {
                CannotStart(call, grant, now, ErrorClass.User, "task/no-program", $"there is no program `{words[0]}`{(words[0].Contains('/') ? "" : " in PATH")}");
                return;
            }
            HostContract.WriteLines(call, folder);
            ImmutableArray<SafeFileHandle?> descriptors = [_surroundings.Input, _surroundings.Output?.Invoke(log) ?? log, null, _exits];
            ChildProcess child = ChildProcess.Start(new ProgramStart
            {
                Path = "/bin/sh",
                Arguments = ["sh", "-c", Wrapper, RunFolder.Key(call.Id), .. words],
                Environment = environment,
                Folder = folder,
                // The locks stay open in the program and in all it starts.
                Descriptors = [.. descriptors, .. apart is null ? [] : new[] { apart }, .. grant.Held],
            });
            var attempt = new LocalAttempt(call, grant, now) { Child = child, Group = child.Id, Watch = child.Ended };
            Watch(attempt);
        }
        catch (IOException error)
        {
            CannotStart(call, grant, now, ErrorClass.System, "task/start", error.Message);
        }
    }

    public List<Invocation> Adopt(IReadOnlyList<(Invocation Call, DateTimeOffset Started)> open)
    {
        // The lock first, then the file: whatever was written before a lock was freed is then seen.
        var held = new List<bool>(open.Count);
        foreach ((Invocation call, _) in open)
            held.Add(FileLock.IsHeld(_folder.LockOf(call.Id)));
        var written = new Dictionary<string, (int? Group, int? Code)>(StringComparer.Ordinal);
        foreach ((Invocation call, _) in open)
            written[RunFolder.Key(call.Id)] = default;
        foreach (ExitLine line in _reader.ReadNew())
        {
            if (written.TryGetValue(line.Attempt, out (int? Group, int? Code) known))
                written[line.Attempt] = line.IsEnd ? (known.Group, line.Number) : (line.Number, null);
        }
        var never = new List<Invocation>();
        for (int i = 0; i < open.Count; i++)
        {
            (int? group, int? code) = written[RunFolder.Key(open[i].Call.Id)];
            if (!held[i] && group is null)
            {
                never.Add(open[i].Call);
                continue;
            }
            var attempt = new LocalAttempt(open[i].Call, Grant.Nothing, open[i].Started)
            {
                Group = group,
                Status = code is { } number ? new ExitStatus(number) : null,
            };
            if (held[i])
                WatchAdopted(attempt);
            else
                Finish(attempt, warning: null);
        }
        return never;
    }

    /// <summary>SIGTERM to its group, SIGKILL after its grace time.</summary>
    public void Stop(AttemptId id, StopCause cause)
    {
        if (!_running.TryGetValue(id, out LocalAttempt? attempt) || attempt.Cause is not null)
            return;
        attempt.Cause = cause;
        if (attempt.WrapperEnded is not null)
            return;
        Signal(attempt, ProcessSignal.Terminate);
        attempt.Terminated = true;
        attempt.Due = _clock.GetUtcNow() + attempt.Grace;
    }

    public void KillAll()
    {
        foreach (LocalAttempt attempt in _running.Values)
        {
            attempt.Cause ??= new StopCause.Asked("the user");
            attempt.Killed = true;
            Signal(attempt, ProcessSignal.Kill);
        }
    }

    public List<EndedAttempt> Collect(IReadOnlyList<object> ready)
    {
        foreach (object state in ready)
        {
            if (state is LocalAttempt attempt)
                SeeWrapperEnd(attempt);
        }
        if (_running.Count > 0)
        {
            DateTimeOffset now = _clock.GetUtcNow();
            ReadExits();
            foreach (LocalAttempt attempt in DueAt(now))
                ActByClock(attempt, now);
        }
        List<EndedAttempt> ended = [.. _ended];
        _ended.Clear();
        return ended;
    }

    public DateTimeOffset? NextDue
    {
        get
        {
            if (_ended.Count > 0)
                return DateTimeOffset.MinValue;
            DateTimeOffset? next = null;
            foreach ((_, LocalAttempt attempt) in _running)
            {
                if (attempt.Due is { } due && !(next <= due))
                    next = due;
            }
            return next;
        }
    }

    public void Dispose()
    {
        foreach (LocalAttempt attempt in _running.Values)
            attempt.Release();
        _reader.Dispose();
        _exits.Dispose();
    }

    private List<LocalAttempt> DueAt(DateTimeOffset now)
    {
        var due = new List<LocalAttempt>();
        foreach ((_, LocalAttempt attempt) in _running)
        {
            if (attempt.Due <= now)
                due.Add(attempt);
        }
        return due;
    }

    private void CannotStart(Invocation call, Grant grant, DateTimeOffset now, ErrorClass kind, string code, string reason)
    {
        grant.Dispose();
        _ended.Add(new EndedAttempt(call.Id, new Outcome.Failed(kind, code, reason) { ExitCode = code == "task/no-program" ? 127 : null }, now, now));
    }

    private void Watch(LocalAttempt attempt)
    {
        _running.Add(attempt.Call.Id, attempt);
        if (attempt.Watch is not null)
            _poller.Add(attempt.Watch, attempt);
        attempt.Due = LimitOf(attempt);
    }

    /// <summary>An attempt whose lock is held: by its wrapper, which then can be watched, or only by processes that it left.</summary>
    private void WatchAdopted(LocalAttempt attempt)
    {
        _running.Add(attempt.Call.Id, attempt);
        _adopted[RunFolder.Key(attempt.Call.Id)] = attempt;
        if (attempt.Status is not null)
            SeeWrapperEnd(attempt);
        else
            FindWrapper(attempt);
    }

    private void FindWrapper(LocalAttempt attempt)
    {
        if (attempt.Group is { } group && ProcessDescriptors.TryOpen(group) is { } watch)
        {
            // The number may have been given to another process meanwhile: the wrapper's descriptor 1 is the log.
            if (RawFile.IdentityOf(group, 1) is { } identity && identity == RawFile.IdentityOf(_folder.Log(attempt.Call.Id)))
            {
                attempt.Watch = watch;
                _poller.Add(watch, attempt);
                attempt.Due = LimitOf(attempt);
                return;
            }
            watch.Dispose();
        }
        attempt.Due = _clock.GetUtcNow() + LookAgain;
    }

    private void ReadExits()
    {
        if (_adopted.Count == 0)
            return;
        foreach (ExitLine line in _reader.ReadNew())
        {
            if (!_adopted.TryGetValue(line.Attempt, out LocalAttempt? attempt))
                continue;
            if (line.IsEnd)
                attempt.Status = new ExitStatus(line.Number);
            else
                attempt.Group = line.Number;
        }
    }

    private void SeeWrapperEnd(LocalAttempt attempt)
    {
        if (attempt.Watch is not null)
            _poller.Remove(attempt.Watch);
        if (attempt.Child is { } child)
            attempt.Status = child.Peek();
        else
            ReadExits();
        attempt.WrapperEnded = _clock.GetUtcNow();
        if (!FileLock.IsHeld(_folder.LockOf(attempt.Call.Id)))
        {
            Finish(attempt, warning: null);
            return;
        }
        attempt.Terminated = attempt.Killed = false;
        attempt.Due = attempt.WrapperEnded + LookAgain;
    }

    private void ActByClock(LocalAttempt attempt, DateTimeOffset now)
    {
        if (attempt.WrapperEnded is not null)
            EndLeftOvers(attempt, now);
        else if (attempt.Watch is null)
            LookForWrapper(attempt);
        else
            EnforceLimit(attempt, now);
    }

    /// <summary>What a program left running after its end: first time to end by itself, then SIGTERM, SIGKILL after the grace time.</summary>
    private void EndLeftOvers(LocalAttempt attempt, DateTimeOffset now)
    {
        if (!FileLock.IsHeld(_folder.LockOf(attempt.Call.Id)))
        {
            Finish(attempt, warning: null);
            return;
        }
        TimeSpan since = now - attempt.WrapperEnded!.Value;
        attempt.Due = now + LookAgain;
        if (since >= Linger && !attempt.Terminated)
        {
            attempt.Terminated = true;
            Signal(attempt, ProcessSignal.Terminate);
        }
        else if (since >= Linger + attempt.Grace && !attempt.Killed)
        {
            attempt.Killed = true;
            Signal(attempt, ProcessSignal.Kill);
        }
        else if (since >= Linger + attempt.Grace + TimeSpan.FromSeconds(1))
        {
            Finish(attempt, "it left a process of another session running, which still holds its log");
        }
    }

    private void LookForWrapper(LocalAttempt attempt)
    {
        if (attempt.Status is not null)
            SeeWrapperEnd(attempt);
        else if (!FileLock.IsHeld(_folder.LockOf(attempt.Call.Id)))
        {
            ReadExits();
            Finish(attempt, warning: null);
        }
        else
            FindWrapper(attempt);
    }

    private void EnforceLimit(LocalAttempt attempt, DateTimeOffset now)
    {
        if (attempt.Cause is not null)
        {
            attempt.Killed = true;
            Signal(attempt, ProcessSignal.Kill);
            attempt.Due = null;
        }
        else if (attempt.Call.Limits.Attempt is { } limit && now >= attempt.Started + limit)
        {
            Stop(attempt.Call.Id, new StopCause.TimeIsUp(limit));
        }
        else
        {
            attempt.Warned = true;
            Signal(attempt, ProcessSignal.Terminate);
            attempt.Due = LimitOf(attempt);
        }
    }

    /// <summary>When the attempt's time limit asks for something: first the warning, if one is wanted, then the end.</summary>
    private static DateTimeOffset? LimitOf(LocalAttempt attempt)
    {
        if (attempt.Call.Limits.Attempt is not { } limit)
            return null;
        DateTimeOffset end = attempt.Started + limit;
        return attempt.Call.Limits.Warning is { } warning && !attempt.Warned ? end - warning : end;
    }

    private void Signal(LocalAttempt attempt, ProcessSignal signal)
    {
        // The number of our own child stays taken until it is reaped; that of an adopted one is only trusted if a process of the group has the log open.
        if (attempt.Group is { } group
            && (attempt.Child is not null || (RawFile.IdentityOf(_folder.Log(attempt.Call.Id)) is { } log && ProcessGroup.Holds(group, log))))
            ProcessGroup.Signal(group, signal);
    }

    private void Finish(LocalAttempt attempt, string? warning)
    {
        attempt.Child?.Reap();
        attempt.Release();
        _running.Remove(attempt.Call.Id);
        _adopted.Remove(RunFolder.Key(attempt.Call.Id));
        DateTimeOffset now = _clock.GetUtcNow();
        EndedAttempt end = Verdict.Of(attempt.Call, attempt.Status, attempt.Cause, _folder, attempt.Started, attempt.WrapperEnded ?? now);
        _ended.Add(warning is null ? end : end with { Warnings = end.Warnings.Add(warning) });
    }
}
