using System.Collections;
using System.Collections.Immutable;
using Weft.Values;

namespace Weft.Analysis;

/// <summary>Runs that have the same values in the fields they were grouped by.</summary>
/// <param name="Key">One value for each of the fields.</param>
/// <param name="Runs">In the order of the collection.</param>
public sealed record RunGroup(ImmutableArray<Value> Key, RunCollection Runs);

/// <summary>Runs in groups, in the order in which the groups first appeared.</summary>
public sealed class RunGroups : IReadOnlyList<RunGroup>
{
    private readonly ImmutableArray<RunGroup> _groups;

    private RunGroups(ImmutableArray<string> keys, ImmutableArray<RunGroup> groups)
    {
        Keys = keys;
        _groups = groups;
    }

    /// <summary>The fields that they are grouped by.</summary>
    public ImmutableArray<string> Keys { get; }

    /// <summary>Number of groups.</summary>
    public int Count => _groups.Length;

    /// <summary>The group at a place, from 0.</summary>
    public RunGroup this[int index] => _groups[index];

    /// <summary>The runs of a group.</summary>
    /// <param name="key">One value for each field.</param>
    /// <exception cref="KeyNotFoundException">There is no such group.</exception>
    public RunCollection this[params Value[] key] =>
        _groups.FirstOrDefault(group => group.Key.AsSpan().SequenceEqual(key, FieldOrder.Instance))?.Runs
        ?? throw new KeyNotFoundException($"no group of {string.Join(", ", Keys)} has the key {string.Join(", ", key.Select(ConfigFields.TextOf))}");

    /// <summary>A frame with a row for each group: a column for each field they are grouped by, then one for each aggregation.</summary>
    public Frame Aggregate(params IEnumerable<Aggregation> aggregations) => new(
    [
        .. Keys.Select((key, i) => new Column(key, [.. _groups.Select(group => group.Key[i])])),
        .. aggregations.Select(one => new Column(one.Name, [.. _groups.Select(group => one.Of(group.Runs))])),
    ]);

    /// <summary>The groups in order.</summary>
    public IEnumerator<RunGroup> GetEnumerator() => ((IEnumerable<RunGroup>)_groups).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static RunGroups Of(RunCollection runs, ImmutableArray<FrameField> fields)
    {
        var groups = new OrderedDictionary<Value, (ImmutableArray<Value> Key, List<Run> Runs)>(FieldOrder.Instance);
        foreach (Run run in runs)
        {
            ImmutableArray<Value> key = [.. fields.Select(field => field.Of(run))];
            var whole = new Value.List(key);
            if (!groups.TryGetValue(whole, out (ImmutableArray<Value>, List<Run> Runs) group))
                groups.Add(whole, group = (key, []));
            group.Runs.Add(run);
        }
        return new RunGroups([.. fields.Select(field => field.Name)], [.. groups.Values.Select(group => new RunGroup(group.Key, new RunCollection(group.Runs)))]);
    }
}

/// <summary>What is made of a group of runs. Runs without the field, and fields that are no numbers, count for nothing; of no numbers at all the result is null.</summary>
public sealed class Aggregation
{
    private Aggregation(string name, Func<RunCollection, Value> of)
    {
        Name = name;
        Of = of;
    }

    /// <summary>The name of its column: <c>mean(accuracy)</c>.</summary>
    public string Name { get; }

    internal Func<RunCollection, Value> Of { get; }

    /// <summary>How many runs there are.</summary>
    public static Aggregation Count { get; } = new("count", runs => Value.Of(runs.Count));

    /// <summary>The arithmetic mean of a field.</summary>
    public static Aggregation Mean(string key) => OfNumbers("mean", key, numbers => numbers.Average());

    /// <summary>The sum of a field.</summary>
    public static Aggregation Sum(string key) => OfNumbers("sum", key, numbers => numbers.Sum());

    /// <summary>The least number of a field.</summary>
    public static Aggregation Min(string key) => OfNumbers("min", key, numbers => numbers.Min());

    /// <summary>The greatest number of a field.</summary>
    public static Aggregation Max(string key) => OfNumbers("max", key, numbers => numbers.Max());

    /// <summary>The middle number of a field; of an even count the mean of the two in the middle.</summary>
    public static Aggregation Median(string key) => OfNumbers("median", key, Middle);

    /// <summary>The standard deviation of a sample (divided by n − 1); of a single number 0.</summary>
    public static Aggregation Deviation(string key) => OfNumbers("std", key, Spread);

    /// <summary>The field of the first run that has it.</summary>
    public static Aggregation First(string key) => new($"first({key})", runs => runs.Map(run => run.Get(key, Value.None)).FirstOrDefault(value => value is not Value.Null) ?? Value.None);

    /// <summary>The fields of all runs as a list, null where one is missing.</summary>
    public static Aggregation List(string key) => new(key, runs => Value.ListOf(runs.Map(run => run.Get(key, Value.None))));

    /// <summary>Whatever the function makes of the group.</summary>
    public static Aggregation Computed(string name, Func<RunCollection, Value> make) => new(name, make);

    /// <summary>The aggregation of a name: count, mean, sum, min, max, median, std, first; null for any other.</summary>
    internal static Aggregation? Named(string function, string key) => function switch
    {
        "count" => new($"count({key})", runs => Value.Of(runs.Map(run => run.Get(key, Value.None)).Count(value => value is not Value.Null))),
        "mean" => Mean(key),
        "sum" => Sum(key),
        "min" => Min(key),
        "max" => Max(key),
        "median" => Median(key),
        "std" => Deviation(key),
        "first" => First(key),
        _ => null,
    };

    internal static readonly string[] Functions = ["count", "mean", "sum", "min", "max", "median", "std", "first"];

    private static Aggregation OfNumbers(string function, string key, Func<double[], double> make) => new($"{function}({key})", runs =>
    {
        double[] numbers = [.. Fields.Numbers(runs.Map(run => run.Get(key, Value.None)))];
        return numbers.Length == 0 ? Value.None : Value.Of(make(numbers));
    });

    private static double Middle(double[] numbers)
    {
        Array.Sort(numbers);
        return (numbers[(numbers.Length - 1) / 2] + numbers[numbers.Length / 2]) / 2;
    }

    private static double Spread(double[] numbers)
    {
        if (numbers.Length == 1)
            return 0;
        double mean = numbers.Average();
        return Math.Sqrt(numbers.Sum(number => (number - mean) * (number - mean)) / (numbers.Length - 1));
    }
}
