using System.Text.Json;
using Weft.Analysis;
using Weft.Cli.Terminal;
using Weft.Text;
using Weft.Values;

namespace Weft.Cli.Commands;

/// <summary>What <c>weft runs --group</c> shows: a row for each group of runs, with its aggregates.</summary>
internal sealed class RunsGrouping
{
    private RunsGrouping(Frame frame) => Frame = frame;

    public Frame Frame { get; private set; }

    /// <param name="keys">Fields to group by, separated by commas; null: one group of all.</param>
    /// <param name="functions">Null: how many, and the mean of every metric.</param>
    /// <param name="columns">The fields of which the mean is shown when there are no <paramref name="functions"/>.</param>
    /// <exception cref="DiagnosticException">A function is unknown, or no run has a field.</exception>
    public static RunsGrouping Read(RunCollection runs, Source? keys, Source? functions, Source? columns)
    {
        var problems = new Diagnostics();
        // Only messages name all fields.
        var known = new Lazy<string[]>(() => [.. runs.AllFields(), "status", "run_name", "job_name", "user_id"]);
        List<(string Name, Span At)> groups = keys is null ? [] : Split(keys);
        foreach ((string name, Span at) in groups)
            CheckField(runs, name, at, known, problems);
        var aggregations = functions is null
            ? [Aggregation.Count, .. (columns is null ? [.. Metrics(runs)] : Split(columns).Select(column => column.Name)).Select(Aggregation.Mean)]
            : Split(functions).Select(function => ReadFunction(runs, function.Name, function.At, known, problems)).ToList();
        if (problems.HasErrors)
            throw new DiagnosticException(problems);
        return new RunsGrouping(runs.GroupBy(groups.Select(group => FrameField.Named(group.Name, Value.None))).Aggregate(aggregations.Where(one => one is not null).Select(one => one!)));
    }

    /// <summary>The rows by a column: one named so, else the first aggregate of that field. What is null comes last.</summary>
    public Frame SortedBy(Span at, string name, bool isDescending)
    {
        Column? column = Frame.Columns.FirstOrDefault(one => one.Name == name) ?? Frame.Columns.FirstOrDefault(one => one.Name.EndsWith($"({name})", StringComparison.Ordinal));
        if (column is null)
            throw new DiagnosticException("runs/no-column", $"the table has no column `{name}`", at, Suggest.HintOrList(name, [.. Frame.Columns.Select(one => one.Name)], "there are"));
        int[] order = [.. Enumerable.Range(0, Frame.Rows).OrderBy(row => column[row], FieldSorting.Of(column, isDescending))];
        return Frame = new Frame([.. Frame.Columns.Select(one => new Column(one.Name, [.. order.Select(row => one[row])]))]);
    }

    public static Table ToTable(Frame frame)
    {
        var table = new Table([.. frame.Columns.Select(column => column.Name)]);
        for (int row = 0; row < frame.Rows; row++)
            table.Add([.. frame.Columns.Select(column => Cell(column[row]))]);
        return table;
    }

    public static void WriteJson(Utf8JsonWriter json, Frame frame)
    {
        json.WriteStartArray();
        for (int row = 0; row < frame.Rows; row++)
        {
            json.WriteStartObject();
            foreach (Column column in frame.Columns)
            {
                json.WritePropertyName(column.Name);
                Frame.WriteJson(json, column[row]);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static string Cell(Value value) => value switch
    {
        Value.Null => "",
        Value.Float number => Amounts.Number(number.Number),
        _ => ConfigFields.TextOf(value),
    };

    private static IEnumerable<string> Metrics(RunCollection runs) => runs.SelectMany(run => run.Facts.Metrics).Select(metric => metric.Last.Key).Distinct();

    private static Aggregation? ReadFunction(RunCollection runs, string text, Span at, Lazy<string[]> known, Diagnostics problems)
    {
        if (text == "count")
            return Aggregation.Count;
        int open = text.IndexOf('(', StringComparison.Ordinal);
        if (open < 0 || text[^1] != ')')
        {
            problems.Error("runs/aggregate", $"`{text}` is no function of a field: expected `mean({(text.Length > 0 ? text : "accuracy")})`", at, $"the functions are {Suggest.List(Aggregation.Functions, "and")}");
            return null;
        }
        string field = text[(open + 1)..^1].Trim();
        CheckField(runs, field, at, known, problems);
        if (Aggregation.Named(text[..open], field) is { } found)
            return found;
        problems.Error("runs/aggregate", $"no function `{text[..open]}`", at, Suggest.HintOrList(text[..open], Aggregation.Functions, "there are"));
        return null;
    }

    private static void CheckField(RunCollection runs, string name, Span at, Lazy<string[]> known, Diagnostics problems)
    {
        if (runs.Count > 0 && !runs.Any(run => run.TryGet(name, out _)) && !known.Value.Contains(name))
            problems.Error("runs/no-column", $"no run has a param or metric `{name}`", at, Suggest.HintOrList(name, known.Value, "there are"));
    }

    /// <summary>The parts between commas, each with its place; commas in parentheses do not part.</summary>
    private static List<(string Name, Span At)> Split(Source list)
    {
        var parts = new List<(string, Span)>();
        int start = 0;
        int depth = 0;
        for (int i = 0; i <= list.Text.Length; i++)
        {
            if (i < list.Text.Length && list.Text[i] is '(' or ')')
                depth += list.Text[i] == '(' ? 1 : -1;
            if (i < list.Text.Length && (list.Text[i] != ',' || depth > 0))
                continue;
            parts.Add((list.Text[start..i].Trim(), list.At(start, i - start)));
            start = i + 1;
        }
        return parts;
    }
}
