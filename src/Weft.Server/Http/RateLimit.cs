using System.Collections.Concurrent;

namespace Weft.Server.Http;

/// <summary>Lets each address send so many requests a second, and save up as many for a burst.</summary>
internal sealed class RateLimit(int perSecond, TimeProvider clock)
{
    /// <summary>Beyond this many addresses the accounts start afresh.</summary>
    private const int MostAddresses = 10_000;

    private readonly ConcurrentDictionary<string, Bucket> _buckets = new();

    /// <summary>Takes one from what the address has left; false when there is nothing.</summary>
    public bool TryTake(string address)
    {
        if (_buckets.Count > MostAddresses)
            _buckets.Clear();
        long now = clock.GetTimestamp();
        Bucket bucket = _buckets.GetOrAdd(address, _ => new Bucket { Left = perSecond, At = now });
        lock (bucket)
        {
            bucket.Left = Math.Min(perSecond, bucket.Left + clock.GetElapsedTime(bucket.At, now).TotalSeconds * perSecond);
            bucket.At = now;
            if (bucket.Left < 1)
                return false;
            bucket.Left--;
            return true;
        }
    }

    private sealed class Bucket
    {
        public double Left;
        public long At;
    }
}
