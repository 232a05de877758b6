using System.Collections.Immutable;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Tasks;

namespace Weft.Execution;

/// <summary>What this process may hand out to tasks: the machine, bounded by affinity, control group and allocation.</summary>
/// <param name="Gpus">The names that CUDA_VISIBLE_DEVICES takes, in order.</param>
internal sealed record OwnedResources(double Cpu, long Memory, ImmutableArray<string> Gpus)
{
    /// <param name="visibleGpus">The value of CUDA_VISIBLE_DEVICES, or null when it is not set.</param>
    public static OwnedResources Find(string? visibleGpus) => new(Machine.Processors, Machine.MemoryBytes, visibleGpus is null
        ? [.. Directory.EnumerateFiles("/dev", "nvidia*").Select(path => path["/dev/nvidia".Length..]).Where(number => number.Length > 0 && number.All(char.IsAsciiDigit)).Order()]
        : [.. visibleGpus.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(name => name != "-1" && name != "NoDevFiles")]);
}

/// <summary>
/// The machine-wide account of what running tasks hold, without a daemon: one file of this user whose bytes stand for hundredths of
/// processors, mebibytes of memory and GPUs. A task holds locks on the bytes it was granted. The locks belong to an open file that the task's
/// processes inherit: they outlive us, and no death or reboot leaves one behind. Only declared needs are charged.
/// </summary>
internal sealed class Ledger(string folder, OwnedResources owned)
{
    private const long CpuStart = 0, MemoryStart = 1L << 40, GpuStart = 1L << 50, CpuUnits = 100, MemoryUnit = 1 << 20;

    private readonly string _path = Path.Combine(folder, "ledger");

    /// <summary>Why a task could never run here, or null when it could.</summary>
    public string? WhyNever(Resources needs)
    {
        if (needs.Cpu > owned.Cpu)
            return $"it asks for {needs.Cpu} processors, this machine grants {owned.Cpu}";
        if (needs.Memory is { } memory && memory.Bytes > owned.Memory)
            return $"it asks for {memory} of memory, this machine grants {new Values.ByteSize(owned.Memory)}";
        if (needs.Gpu is { } gpu && gpu.Count > owned.Gpus.Length)
            return $"it asks for {gpu.Count} GPUs, this machine grants {owned.Gpus.Length}";
        return null;
    }

    /// <summary>Takes what a task declares, or returns null when other tasks hold too much of it now.</summary>
    public Grant? TryTake(Resources needs)
    {
        if (needs is { Cpu: null, Memory: null, Gpu: null })
            return Grant.Nothing;
        // One taker at a time, so that two do not each get half of what either needs.
        using FileLock gate = FileLock.Acquire(_path + ".gate", LockMode.Exclusive);
        SafeFileHandle file = RawFile.OpenPrivate(_path);
        try
        {
            bool granted = needs.Cpu is not { } cpu || Take(file, CpuStart, (long)(owned.Cpu * CpuUnits), (long)Math.Ceiling(cpu * CpuUnits));
            granted = granted && (needs.Memory is not { } memory || Take(file, MemoryStart, owned.Memory / MemoryUnit, (memory.Bytes + MemoryUnit - 1) / MemoryUnit));
            ImmutableArray<string> gpus = [];
            if (granted && needs.Gpu is { } gpu)
            {
                gpus = TakeGpus(file, gpu.Count);
                granted = gpus.Length == gpu.Count;
            }
            if (granted)
                return new Grant(file, gpus);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        file.Dispose();
        return null;
    }

    /// <summary>Locks <paramref name="amount"/> bytes that nobody holds, in as many pieces as it takes; false when there are not so many.</summary>
    private static bool Take(SafeFileHandle file, long start, long total, long amount)
    {
        for (long at = start, end = start + total; amount > 0 && at < end;)
        {
            (long heldFrom, long heldTo) = RangeLocks.FirstHeld(file, at, end) ?? (end, end);
            long piece = Math.Min(heldFrom - at, amount);
            if (piece > 0)
            {
                if (!RangeLocks.TryLock(file, at, piece))
                    return false;
                amount -= piece;
            }
            at = heldTo;
        }
        return amount <= 0;
    }

    private ImmutableArray<string> TakeGpus(SafeFileHandle file, int count)
    {
        var taken = ImmutableArray.CreateBuilder<string>();
        foreach (string gpu in owned.Gpus)
        {
            if (taken.Count < count && RangeLocks.TryLock(file, GpuStart + Slot(gpu), 1))
                taken.Add(gpu);
        }
        return taken.ToImmutable();
    }

    /// <summary>A number for a GPU that all processes of the machine agree on: its index, or a hash of its UUID.</summary>
    private static long Slot(string gpu) =>
        int.TryParse(gpu, out int index) ? index : 1 << 20 | Convert.ToInt64(Values.Digest.Of(gpu).Hex[..12], 16) << 1;
}

/// <summary>What one task holds of the machine.</summary>
/// <param name="File">The open file that carries the locks, for the task to inherit; null when nothing was declared.</param>
internal sealed record Grant(SafeFileHandle? File, ImmutableArray<string> Gpus) : IDisposable
{
    public static Grant Nothing { get; } = new(null, []);

    /// <summary>The virtual environment that it runs in, to be kept as long; null when it needs none.</summary>
    public FileLock? Environment { get; init; }

    /// <summary>The open files whose locks a task inherits.</summary>
    public IEnumerable<SafeFileHandle> Held => new[] { File, Environment?.File }.OfType<SafeFileHandle>();

    /// <summary>Gives up our share; a task that inherited the file keeps the locks until its last process ends.</summary>
    public void Dispose()
    {
        File?.Dispose();
        Environment?.Dispose();
    }
}
