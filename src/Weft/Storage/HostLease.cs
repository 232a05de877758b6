using System.Globalization;
using System.Text;

namespace Weft.Storage;

/// <summary>The host that a lease names, and whether it gave the lease up.</summary>
/// <param name="Boot">Changes with every boot: a lease of an earlier boot of one's own host is nobody's.</param>
/// <param name="Beat">Changes with every renewal.</param>
internal sealed record LeaseHolder(string Host, string Boot, string Beat, bool IsReleased)
{
    public byte[] Write() => Encoding.UTF8.GetBytes($"{Host}\n{Boot}\n{Beat}\n{(IsReleased ? "released" : "held")}\n");

    public static LeaseHolder? Read(byte[]? text) => text is not null && Encoding.UTF8.GetString(text).Split('\n') is [var host, var boot, var beat, var state, ..]
        ? new LeaseHolder(host, boot, beat, state == "released")
        : null;
}

/// <summary>
/// Which host may write in a folder on a network file system, where locks of one host mean nothing, or little, to another. Generations of the
/// lease are files <c>1</c>, <c>2</c>, … that are created exclusively: the highest one names the owner. The owner rewrites its file at least every
/// <see cref="RenewalTime"/> while it writes; when the file has stayed the same for <see cref="ExpiryTime"/>, by the watcher's own clock, the next
/// generation may be made. All processes of the owning host share the lease. Thread-safe.
/// </summary>
internal sealed class HostLease
{
    public static readonly TimeSpan RenewalTime = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan ExpiryTime = TimeSpan.FromSeconds(30);

    private readonly string _folder;
    private readonly string _host;
    private readonly string _boot;
    private readonly TimeProvider _clock;
    private readonly Lock _turn = new();
    private long _generation;
    private long _renewed;
    private int _beats;

    private HostLease(string folder, string host, string boot, TimeProvider clock, long generation)
    {
        _folder = folder;
        _host = host;
        _boot = boot;
        _clock = clock;
        _generation = generation;
        _renewed = clock.GetTimestamp();
    }

    /// <summary>Takes the lease when it is free, or ours, or its owner is gone; else says who has it.</summary>
    /// <param name="wait">
    /// Called with the time to let pass before looking again, when an owner may be gone: blocks so long. Returns false to give up.
    /// </param>
    public static (HostLease? Lease, LeaseHolder? Holder) TryTake(string folder, string host, string boot, TimeProvider clock, Func<TimeSpan, bool> wait)
    {
        Directory.CreateDirectory(folder);
        long since = clock.GetTimestamp();
        (long generation, LeaseHolder? holder) = Newest(folder);
        while (true)
        {
            if (holder is { IsReleased: false } && holder.Host == host && holder.Boot == boot)
                return (new HostLease(folder, host, boot, clock, generation), null);
            bool isFree = holder is null || holder.IsReleased || holder.Host == host || clock.GetElapsedTime(since) >= ExpiryTime;
            if (isFree)
            {
                var lease = new HostLease(folder, host, boot, clock, generation + 1);
                if (AtomicFile.TryCreate(PathOf(folder, generation + 1), lease.Holder(isReleased: false).Write()))
                {
                    lease.RemoveOlder();
                    return (lease, null);
                }
            }
            else if (!wait(TimeSpan.FromSeconds(1)))
            {
                return (null, holder);
            }
            (long newer, LeaseHolder? now) = Newest(folder);
            if (!isFree && (newer != generation || now != holder) && now is { IsReleased: false })
                return (null, now);
            (generation, holder) = (newer, now);
        }
    }

    /// <summary>A lease that is taken with the first <see cref="Renew"/>, if it is free then: for who may not write at all.</summary>
    public static HostLease Later(string folder, string host, string boot, TimeProvider clock) => new(folder, host, boot, clock, generation: 0);

    /// <summary>The other host that has the lease, as far as is known without watching it; null when it is free or ours.</summary>
    public static LeaseHolder? Other(string folder, string host) =>
        Newest(folder).Holder is { IsReleased: false } holder && holder.Host != host ? holder : null;

    /// <summary>Before writing: says that we live, when the last time is long enough ago. The host that has taken over meanwhile; null when none has.</summary>
    public LeaseHolder? Renew()
    {
        lock (_turn)
            return RenewAlone();
    }

    /// <summary>Gives the lease up: the next host need not wait. For the last process of this host.</summary>
    public void Release()
    {
        if (_generation > 0 && Newest(_folder).Generation == _generation)
            AtomicFile.Write(PathOf(_folder, _generation), Holder(isReleased: true).Write());
    }

    private LeaseHolder? RenewAlone()
    {
        if (_beats > 0 && _clock.GetElapsedTime(_renewed) < RenewalTime)
            return null;
        if (_generation == 0)
        {
            (HostLease? taken, LeaseHolder? other) = TryTake(_folder, _host, _boot, _clock, _ => false);
            if (taken is null)
                return other;
            _generation = taken._generation;
        }
        (long generation, LeaseHolder? holder) = Newest(_folder);
        if (generation != _generation || holder is { IsReleased: true })
        {
            if (holder is { IsReleased: false })
                return holder;
            if (!AtomicFile.TryCreate(PathOf(_folder, generation + 1), Holder(isReleased: false).Write()))
                return Newest(_folder).Holder;
            _generation = generation + 1;
        }
        _beats++;
        AtomicFile.Write(PathOf(_folder, _generation), Holder(isReleased: false).Write());
        _renewed = _clock.GetTimestamp();
        return null;
    }

    private LeaseHolder Holder(bool isReleased) =>
        new(_host, _boot, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}.{_clock.GetUtcNow().ToUnixTimeMilliseconds()}.{_beats}"), isReleased);

    private void RemoveOlder()
    {
        for (long older = _generation - 1; older > 0 && File.Exists(PathOf(_folder, older)); older--)
            File.Delete(PathOf(_folder, older));
    }

    private static (long Generation, LeaseHolder? Holder) Newest(string folder)
    {
        long newest = 0;
        if (!Directory.Exists(folder))
            return (0, null);
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            if (long.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out long generation))
                newest = Math.Max(newest, generation);
        }
        return (newest, newest == 0 ? null : LeaseHolder.Read(AtomicFile.TryRead(PathOf(folder, newest))));
    }

    private static string PathOf(string folder, long generation) => Path.Combine(folder, generation.ToString(CultureInfo.InvariantCulture));
}
