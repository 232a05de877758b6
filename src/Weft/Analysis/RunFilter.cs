using System.Collections.Immutable;
using Weft.Text;
using Weft.Tracking;
using Weft.Tracking.Search;

namespace Weft.Analysis;

/// <summary>
/// MLflow's search language over runs in memory, with the meaning that it has in the store: a comparison with a field that a run lacks does not hold, not even
/// <c>!=</c>. Leaves of the configuration count as params that were not logged. Beyond MLflow's language params are compared with numbers too, <c>params.lr &lt; 0.01</c>;
/// one that is no number differs from all.
/// </summary>
internal static class RunFilter
{
    /// <exception cref="TrackingException">The filter or an order is wrong.</exception>
    public static RunCollection Apply(RunCollection runs, string filter, IReadOnlyList<string> orders)
    {
        var problems = new Diagnostics();
        ImmutableArray<Clause> clauses = SearchParser.Filter(SearchSchema.RunsInMemory, new Source("<filter>", filter), problems);
        TrackingException.ThrowIfAny(problems, "filter");
        ImmutableArray<OrderKey> keys = SearchParser.Orders(SearchSchema.Runs, orders, problems);
        TrackingException.ThrowIfAny(problems, "order_by");
        IEnumerable<Run> found = clauses.IsEmpty ? runs : runs.Where(run => clauses.All(clause => Holds(clause, run)));
        return new RunCollection(keys.IsEmpty ? found : Sorted([.. found], keys));
    }

    /// <summary>The clauses of a filter that MLflow's servers understand, and those that only <see cref="Apply"/> does; each as a filter.</summary>
    /// <exception cref="TrackingException">The filter is wrong.</exception>
    public static (string Theirs, string Ours) Split(string filter)
    {
        var problems = new Diagnostics();
        ImmutableArray<Clause> clauses = SearchParser.Filter(SearchSchema.RunsInMemory, new Source("<filter>", filter), problems);
        TrackingException.ThrowIfAny(problems, "filter");
        return (Join(clause => !SettingComparison.Is(clause)), Join(SettingComparison.Is));

        string Join(Func<Clause, bool> belongs) => string.Join(" AND ", clauses.Where(belongs).Select(clause => clause.At.Text.ToString()));
    }

    private static IEnumerable<Run> Sorted(Run[] runs, ImmutableArray<OrderKey> keys)
    {
        var values = new (double? Number, string? Text)[keys.Length][];
        for (int k = 0; k < keys.Length; k++)
            values[k] = [.. runs.Select(run => Read(keys[k].Field, run))];
        int[] order = [.. Enumerable.Range(0, runs.Length)];
        // The place decides at last, so that equal runs keep their order.
        Array.Sort(order, (a, b) =>
        {
            for (int k = 0; k < keys.Length; k++)
            {
                int difference = Compare(values[k][a], values[k][b], keys[k].Ascending);
                if (difference != 0)
                    return difference;
            }
            return a.CompareTo(b);
        });
        return order.Select(i => runs[i]);
    }

    /// <summary>Params that are numbers are ordered as numbers, before all texts; what is missing, and NaN, comes last.</summary>
    private static int Compare((double? Number, string? Text) x, (double? Number, string? Text) y, bool isAscending)
    {
        int difference = Rank(x) - Rank(y);
        if (difference != 0)
            return difference;
        int order = x.Number is { } number ? number.CompareTo(y.Number!.Value) : string.CompareOrdinal(x.Text, y.Text);
        return isAscending ? order : -order;
    }

    private static int Rank((double? Number, string? Text) value) => value switch
    {
        { Number: double.NaN } => 2,
        { Number: not null } => 0,
        { Text: not null } => 1,
        _ => 3,
    };

    private static (double? Number, string? Text) Read(Field field, Run run)
    {
        if (field.Kind == FieldKind.Metric)
            return (Metric(run, field.Key), null);
        if (field.Kind == FieldKind.Attribute && SearchSchema.Runs.Attributes[field.Key].IsNumber)
            return (AttributeNumber(run, field.Key), null);
        string? text = Text(field, run);
        return field.Kind == FieldKind.Param && text is not null && SettingComparison.NumberOf(text) is { } number ? (number, text) : (null, text);
    }

    private static bool Holds(Clause clause, Run run)
    {
        if (SettingComparison.Is(clause))
            return Text(clause.Field, run) is { } written && SettingComparison.Holds(clause, written);
        if (clause.Operand is Operand.Number number)
        {
            double? found = clause.Field.Kind == FieldKind.Metric ? Metric(run, clause.Field.Key) : AttributeNumber(run, clause.Field.Key);
            return found is { } value && SettingComparison.Holds(clause.Comparison, value.CompareTo(number.Value), double.IsNaN(value));
        }
        string? text = Text(clause.Field, run);
        return clause.Comparison switch
        {
            Comparison.IsNull => text is null,
            Comparison.IsNotNull => text is not null,
            _ when text is null => false,
            Comparison.Like => IsLike(text, clause.Text, StringComparison.Ordinal),
            Comparison.ILike => IsLike(text, clause.Text, StringComparison.OrdinalIgnoreCase),
            Comparison.In => clause.Texts.Contains(text),
            Comparison.NotIn => !clause.Texts.Contains(text),
            var comparison => SettingComparison.Holds(comparison, string.CompareOrdinal(text, clause.Text), isNaN: false),
        };
    }

    private static double? Metric(Run run, string key)
    {
        foreach (MetricSummary metric in run.Facts.Metrics)
        {
            if (metric.Last.Key == key)
                return metric.Last.Value;
        }
        return null;
    }

    private static double? AttributeNumber(Run run, string key) => key == "end_time" ? run.Facts.Info.Ended : run.Facts.Info.Started;

    private static string? Text(Field field, Run run)
    {
        switch (field.Kind)
        {
            case FieldKind.Param:
                return Find(run.Facts.Params.AsSpan(), field.Key) ?? (run.FindInConfig(field.Key) is { } setting and not Values.Value.Map ? ConfigFields.TextOf(setting) : null);
            case FieldKind.Tag:
                return run.Labels.GetValueOrDefault(field.Key);
            case FieldKind.Attribute:
                return field.Key switch
                {
                    "run_id" => run.Id,
                    "run_name" => run.Name,
                    "status" => run.Status is { } status ? Words.Of(status) : null,
                    "artifact_uri" => run.Facts.Info.ArtifactUri,
                    _ => run.User,
                };
            default:
                return null;
        }
    }

    private static string? Find(ReadOnlySpan<Param> all, string key)
    {
        foreach (ref readonly Param param in all)
        {
            if (param.Key == key)
                return param.Value;
        }
        return null;
    }

    /// <summary><c>%</c> stands for any text, <c>_</c> for one character.</summary>
    private static bool IsLike(ReadOnlySpan<char> text, ReadOnlySpan<char> pattern, StringComparison comparison)
    {
        int t = 0;
        int p = 0;
        int star = -1;
        int taken = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '%')
            {
                star = p++;
                taken = t;
            }
            else if (p < pattern.Length && (pattern[p] == '_' || text.Slice(t, 1).Equals(pattern.Slice(p, 1), comparison)))
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++taken;
            }
            else
            {
                return false;
            }
        }
        return pattern[p..].TrimStart('%').IsEmpty;
    }
}
