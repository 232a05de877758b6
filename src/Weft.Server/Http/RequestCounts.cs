using System.Globalization;
using System.Text;

namespace Weft.Server.Http;

/// <summary>How many requests were answered how, and how long they took, in the text form that Prometheus reads.</summary>
internal sealed class RequestCounts
{
    /// <summary>Upper bounds of the histogram, in milliseconds.</summary>
    private static readonly int[] s_bounds = [1, 2, 5, 10, 25, 50, 100, 250, 1000, 10_000];

    private readonly long[] _byClass = new long[6];
    private readonly long[] _byTime = new long[s_bounds.Length + 1];
    private long _microseconds;

    public void Add(int status, TimeSpan took)
    {
        Interlocked.Increment(ref _byClass[Math.Clamp(status / 100, 0, 5)]);
        int place = 0;
        while (place < s_bounds.Length && took.TotalMilliseconds > s_bounds[place])
            place++;
        Interlocked.Increment(ref _byTime[place]);
        Interlocked.Add(ref _microseconds, (long)took.TotalMicroseconds);
    }

    /// <param name="uptime">How long the server has been answering.</param>
    public byte[] Print(TimeSpan uptime)
    {
        var text = new StringBuilder("# HELP weft_http_requests_total Requests that were answered.\n# TYPE weft_http_requests_total counter\n");
        for (int i = 1; i < _byClass.Length; i++)
            text.Append(CultureInfo.InvariantCulture, $"weft_http_requests_total{{status=\"{i}xx\"}} {Volatile.Read(ref _byClass[i])}\n");
        text.Append("# HELP weft_http_request_seconds Time from request to answer.\n# TYPE weft_http_request_seconds histogram\n");
        long sum = 0;
        for (int i = 0; i < s_bounds.Length; i++)
        {
            sum += Volatile.Read(ref _byTime[i]);
            text.Append(CultureInfo.InvariantCulture, $"weft_http_request_seconds_bucket{{le=\"{s_bounds[i] / 1000.0}\"}} {sum}\n");
        }
        sum += Volatile.Read(ref _byTime[^1]);
        text.Append(CultureInfo.InvariantCulture, $"weft_http_request_seconds_bucket{{le=\"+Inf\"}} {sum}\nweft_http_request_seconds_sum {Volatile.Read(ref _microseconds) / 1e6}\nweft_http_request_seconds_count {sum}\n");
        text.Append(CultureInfo.InvariantCulture, $"# HELP process_resident_memory_bytes Memory in use.\n# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {Environment.WorkingSet}\n");
        text.Append(CultureInfo.InvariantCulture, $"# HELP weft_uptime_seconds Time since the start.\n# TYPE weft_uptime_seconds gauge\nweft_uptime_seconds {uptime.TotalSeconds:0.###}\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
