using System.Collections.Immutable;
using Weft.Values;

namespace Weft.Tasks;

/// <summary>
/// What a task asks of a machine. Only what is declared is charged to the machine's ledger or asked of a scheduler; null means nothing
/// is asked.
/// </summary>
/// <param name="Cpu">Processors, 0.5 is half of one; per task of a node.</param>
/// <param name="Shm">Size of /dev/shm in a container.</param>
/// <param name="Nodes">Machines, from 1: more than one makes one attempt with one rank per machine.</param>
/// <param name="TasksPerNode">Processes that the task is started as on each machine, from 1.</param>
/// <param name="Interruptible">It may run where it can be taken away.</param>
public sealed record Resources(
    double? Cpu = null,
    ByteSize? Memory = null,
    GpuRequest? Gpu = null,
    ByteSize? Disk = null,
    ByteSize? Shm = null,
    int Nodes = 1,
    int TasksPerNode = 1,
    bool Interruptible = false)
{
    // One instance, so that two that ask nothing of an engine's own are equal.
    private static readonly ImmutableSortedDictionary<string, string> NoNative = Sorted.None<string>();

    public static Resources None { get; } = new();

    /// <summary>Passed to the engine untouched.</summary>
    public ImmutableSortedDictionary<string, string> Native { get; init; } = NoNative;
}

/// <summary>GPUs by number, with a model or a size of memory when it matters: <c>A100:2</c>.</summary>
/// <param name="Count">Per machine, from 1.</param>
public sealed record GpuRequest(int Count, string? Model = null, ByteSize? Memory = null);

/// <summary>Why an attempt failed, as far as it decides whether another one is worth it.</summary>
[Flags]
public enum ErrorClass
{
    None = 0,

    /// <summary>The program said so: an exit code, a missing output.</summary>
    User = 1,

    /// <summary>The surroundings failed: no such file system, the scheduler refused.</summary>
    System = 2,

    Preempted = 4,
    OutOfMemory = 8,
    Timeout = 16,
    NodeLost = 32,

    /// <summary>All but the program's own failures.</summary>
    Infrastructure = System | Preempted | NodeLost,

    All = User | System | Preempted | OutOfMemory | Timeout | NodeLost,
}

/// <summary>Whether and when a failed attempt is followed by another one.</summary>
/// <param name="Times">Further attempts after the first, from 0.</param>
/// <param name="On">The classes of failure that deserve one.</param>
/// <param name="RaiseMemory">Factor on the memory asked for, after each attempt that ran out of it; 1 leaves it.</param>
public sealed record Retry(int Times = 0, ErrorClass On = ErrorClass.All, Backoff Backoff = default, double RaiseMemory = 1)
{
    public static Retry Never { get; } = new();

    /// <summary>True when attempt number <paramref name="attempt"/> (from 1) that failed so is followed by another.</summary>
    public bool Allows(int attempt, ErrorClass failure) => attempt <= Times && (On & failure) != 0;
}

/// <summary>The pause before a further attempt: <paramref name="First"/>, then each time <paramref name="Factor"/> times as long.</summary>
/// <param name="Factor">At least 1; 0 counts as 1.</param>
/// <param name="Limit">The longest pause; null for one hour.</param>
public readonly record struct Backoff(TimeSpan First, double Factor = 1, TimeSpan? Limit = null)
{
    /// <summary>The pause after attempt number <paramref name="attempt"/>, from 1.</summary>
    public TimeSpan After(int attempt)
    {
        double seconds = First.TotalSeconds * Math.Pow(Math.Max(Factor, 1), attempt - 1);
        return TimeSpan.FromSeconds(Math.Min(seconds, (Limit ?? TimeSpan.FromHours(1)).TotalSeconds));
    }
}

/// <summary>How long a task may take.</summary>
/// <param name="Attempt">One attempt; then it fails with <see cref="ErrorClass.Timeout"/>. Null: for ever.</param>
/// <param name="Total">All attempts together, pauses included: no further attempt starts after it.</param>
/// <param name="Grace">Between asking the program to end and killing it; 10 seconds when null.</param>
/// <param name="Warning">How long before the limit SIGTERM asks for a checkpoint; null for none.</param>
public sealed record Limits(TimeSpan? Attempt = null, TimeSpan? Total = null, TimeSpan? Grace = null, TimeSpan? Warning = null)
{
    public static Limits None { get; } = new();
}
