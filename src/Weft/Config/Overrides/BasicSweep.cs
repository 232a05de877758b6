using System.Collections.Immutable;
using System.Numerics;
using Weft.Text;

namespace Weft.Config.Overrides;

/// <summary>
/// Hydra's basic sweeper: every combination of the values of all overrides, the last key varying fastest, numbered from 0. Jobs are made when
/// they are asked for; a sweep of any size takes no more memory than its overrides.
/// </summary>
public sealed class BasicSweep
{
    private BasicSweep(ImmutableArray<SweepAxis> axes)
    {
        Axes = axes;
        Count = axes.Aggregate(BigInteger.One, (count, axis) => count * axis.Count);
    }

    /// <summary>One per override, in the order of the words of a job.</summary>
    public ImmutableArray<SweepAxis> Axes { get; }

    /// <summary>Number of jobs; none when some override has no value.</summary>
    public BigInteger Count { get; }

    /// <param name="overrides">A later one of the same key takes the place of an earlier one.</param>
    /// <param name="options">The options of a group, for glob sweeps.</param>
    /// <returns>Null when the values of an override cannot be listed; diagnostics say why.</returns>
    public static BasicSweep? Of(IEnumerable<Override> overrides, Func<string, IReadOnlyList<string>> options, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        var byKey = new OrderedDictionary<string, SweepAxis>(StringComparer.Ordinal);
        foreach (Override item in overrides)
        {
            if (SweepAxis.Of(item, options, diagnostics) is { } axis)
                byKey[item.KeyElement] = axis;
        }
        return diagnostics.Errors > before ? null : new BasicSweep([.. byKey.Values]);
    }

    /// <summary>The overrides that <c>hydra.sweeper.params</c> gives, before those of the command line.</summary>
    public static IReadOnlyList<Override> ReadParams(IEnumerable<KeyValuePair<string, string>> parameters, Diagnostics diagnostics)
    {
        var overrides = new List<Override>();
        foreach ((string key, string value) in parameters)
        {
            if (Override.Parse(new Source("hydra.sweeper.params", $"{key}={value}"), diagnostics) is { } parsed)
                overrides.Add(parsed);
        }
        return overrides;
    }

    /// <summary>The words of a job.</summary>
    /// <param name="number">From 0 up to <see cref="Count"/>.</param>
    public ImmutableArray<string> Job(BigInteger number)
    {
        string[] words = new string[Axes.Length];
        for (int i = Axes.Length - 1; i >= 0; i--)
        {
            number = BigInteger.DivRem(number, Axes[i].Count, out BigInteger index);
            words[i] = Axes[i].Word(index);
        }
        return ImmutableArray.Create(words);
    }

    /// <summary>The jobs in order, made while they are read.</summary>
    public IEnumerable<ImmutableArray<string>> Jobs()
    {
        for (BigInteger number = 0; number < Count; number++)
            yield return Job(number);
    }

    /// <summary>
    /// The batches in which jobs are launched, each by its first job's number and its size; one, possibly empty, when <paramref name="maxSize"/> is null.
    /// </summary>
    /// <returns>Null when the size is not positive; a diagnostic says so.</returns>
    public IEnumerable<(BigInteger First, BigInteger Size)>? Batches(long? maxSize, Diagnostics diagnostics)
    {
        if (!IsBatchSize(maxSize, diagnostics))
            return null;
        return maxSize is { } size ? Batches(size) : [(BigInteger.Zero, Count)];
    }

    /// <summary>Whether <c>hydra.sweeper.max_batch_size</c> can be this; if not, a diagnostic says so.</summary>
    internal static bool IsBatchSize(long? maxSize, Diagnostics diagnostics)
    {
        if (maxSize is null or > 0)
            return true;
        diagnostics.Error("sweep/batch-size", $"`hydra.sweeper.max_batch_size` is a positive number or null, found {maxSize}");
        return false;
    }

    private IEnumerable<(BigInteger First, BigInteger Size)> Batches(long size)
    {
        for (BigInteger first = 0; first < Count; first += size)
            yield return (first, BigInteger.Min(size, Count - first));
    }
}
