using System.Collections.Immutable;
using Weft.Config.Yaml;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Dialects.Native;

/// <summary>The settings of a task that are no graph: resources, retries, limits, cache, failure budgets.</summary>
internal static class Settings
{
    /// <summary>Kinds of failure by the word that <c>retry.for</c> has for them.</summary>
    public static readonly ImmutableSortedDictionary<string, ErrorClass> Failures = new Dictionary<string, ErrorClass>
    {
        ["user"] = ErrorClass.User,
        ["system"] = ErrorClass.System,
        ["preempted"] = ErrorClass.Preempted,
        ["oom"] = ErrorClass.OutOfMemory,
        ["time"] = ErrorClass.Timeout,
        ["node"] = ErrorClass.NodeLost,
    }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <param name="own">Goes over <paramref name="all"/>, key by key.</param>
    public static Resources ResourcesOf(YamlMapping? all, YamlMapping? own)
    {
        YamlNode? gpu = own?["gpu"] ?? all?["gpu"];
        return new Resources(
            own.NumberOf("cpu") ?? all.NumberOf("cpu"),
            SizeOf("memory"),
            GpuOf(gpu),
            SizeOf("disk"),
            SizeOf("shm"),
            (int)(own.WholeOf("nodes") ?? all.WholeOf("nodes") ?? 1),
            (int)(own.WholeOf("tasks_per_node") ?? all.WholeOf("tasks_per_node") ?? 1),
            own.FlagOf("interruptible") ?? all.FlagOf("interruptible") ?? false);

        ByteSize? SizeOf(string key) => (own.TextOf(key) ?? all.TextOf(key)) is { } text && ByteSize.TryParse(text, out ByteSize size) ? size : null;
    }

    public static Limits LimitsOf(YamlMapping? all, YamlMapping? own, string? warning)
    {
        TimeSpan? time = (own.TextOf("time") ?? all.TextOf("time")) is { } text ? Quantities.Time(text) : null;
        TimeSpan? before = warning is null ? null : Quantities.Time(warning);
        return time is null && before is null ? Limits.None : new Limits(time, Warning: before);
    }

    public static Retry RetryOf(YamlMapping task)
    {
        if (task.WholeOf("retry") is { } times)
            return times == 0 ? Retry.Never : new Retry((int)times);
        if (task.MapOf("retry") is not { } map)
            return Retry.Never;
        ErrorClass on = map["for"] is null ? ErrorClass.All : ErrorClass.None;
        foreach (string word in map.TextsOf("for"))
            on |= Failures.GetValueOrDefault(word);
        return new Retry((int)(map.WholeOf("times") ?? 0), on, BackoffOf(map), map.NumberOf("raise_memory") ?? 1);
    }

    /// <summary>The rule of a task: its own, else the file's, else on where files or values are declared as outputs.</summary>
    public static CacheRule CacheOf(YamlMapping file, YamlMapping task, bool hasOutputs)
    {
        YamlNode? rule = task["cache"] ?? file["cache"];
        bool? flag = task.FlagOf("cache") ?? (task["cache"] is null ? file.FlagOf("cache") : null);
        YamlMapping? map = rule as YamlMapping;
        bool isOn = flag ?? (map is not null || hasOutputs);
        if (!isOn)
            return CacheRule.Off;
        return new CacheRule(true, map.TextOf("version"), map.FlagOf("exclusive") ?? true, map.TextOf("max_age") is { } age ? Quantities.Time(age) : null)
        {
            Ignore = map.TextsOf("ignore"),
            Salt = map.TextOf("salt") ?? "",
        };
    }

    /// <param name="where">The map in which <c>need</c> and <c>max_failures</c> stand.</param>
    public static FailureBudget BudgetOf(YamlMapping? where)
    {
        FailureBudget budget = FailureBudget.Default;
        if (where.WholeOf("max_failures") is { } most)
            budget = budget with { StopAfter = most };
        if (where.TextOf("need") is not { } text || text == "all" || Quantities.Need(text) is not { } need)
            return budget;
        return need.Share is { } share ? budget with { MinSuccess = share } : budget with { MinCount = need.Count };
    }

    private static Backoff BackoffOf(YamlMapping retry)
    {
        if (retry.TextOf("backoff") is { } text)
            return new Backoff(Quantities.Time(text) ?? TimeSpan.Zero);
        if (retry.MapOf("backoff") is not { } map)
            return default;
        return new Backoff(
            map.TextOf("first") is { } first ? Quantities.Time(first) ?? TimeSpan.Zero : TimeSpan.Zero,
            map.NumberOf("factor") ?? 1,
            map.TextOf("limit") is { } limit ? Quantities.Time(limit) : null);
    }

    private static GpuRequest? GpuOf(YamlNode? node) => node switch
    {
        YamlScalar scalar => Quantities.Gpu(scalar.Text),
        YamlMapping map => new GpuRequest((int)(map.WholeOf("count") ?? 1), map.TextOf("model"), map.TextOf("memory") is { } text && ByteSize.TryParse(text, out ByteSize size) ? size : null),
        _ => null,
    };
}
