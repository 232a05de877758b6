using System.Collections.Concurrent;
using Weft.Tracking;

namespace Weft.Server.Http;

/// <summary>Counts wrong passwords and tokens by the address they come from: after <see cref="Most"/> within a minute the address is refused for the rest of it.</summary>
internal sealed class FailedLogins(TimeProvider clock)
{
    public const int Most = 20;

    /// <summary>Beyond this many addresses the counts start afresh.</summary>
    private const int MostAddresses = 10_000;

    private static readonly TimeSpan s_window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (long Since, int Count)> _counts = new();

    /// <exception cref="TrackingException">REQUEST_LIMIT_EXCEEDED</exception>
    public void Check(string address)
    {
        if (_counts.TryGetValue(address, out (long Since, int Count) failed) && failed.Count >= Most && clock.GetElapsedTime(failed.Since) < s_window)
            throw new TrackingException(TrackingError.RequestLimitExceeded, "Too many wrong passwords or tokens from this address; wait a minute");
    }

    public void Note(string address)
    {
        if (_counts.Count > MostAddresses)
            _counts.Clear();
        long now = clock.GetTimestamp();
        _counts.AddOrUpdate(address, (now, 1), (_, failed) => clock.GetElapsedTime(failed.Since, now) < s_window ? (failed.Since, failed.Count + 1) : (now, 1));
    }
}
