using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Weft.Records;
using Weft.Text;
using Weft.Tracking.Search;

namespace Weft.Tracking;

/// <summary>
/// Searches traces. The database tests what it can; regular expressions and attributes of spans, which it cannot look into, are tested on the
/// traces that it leaves, one after the other until the page is full. All clauses on spans must hold for the same span.
/// </summary>
internal sealed class TraceSearch
{
    private const int MostFound = 500;

    /// <summary>A pattern that works longer than this on one text is refused.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly ImmutableArray<Clause> _onTrace;
    private readonly ImmutableArray<Clause> _onSpan;
    private readonly ImmutableArray<Clause> _slow;
    private readonly bool _spansAreSlow;
    private readonly Dictionary<Clause, Regex> _patterns = [];

    private TraceSearch(ImmutableArray<Clause> clauses)
    {
        _onSpan = [.. clauses.Where(IsOnSpan)];
        _spansAreSlow = _onSpan.Any(clause => clause.Comparison == Comparison.RLike || clause.Field.Kind == FieldKind.SpanAttribute);
        _slow = [.. clauses.Where(clause => clause.Comparison == Comparison.RLike && !IsOnSpan(clause))];
        _onTrace = [.. clauses.Where(clause => clause.Comparison != Comparison.RLike && !IsOnSpan(clause))];
        foreach (Clause clause in clauses.Where(clause => clause.Comparison == Comparison.RLike))
            _patterns.Add(clause, Pattern(clause.Text));
    }

    /// <summary>The ids of a page of traces, and whether there are more.</summary>
    public static (List<string> Ids, string? NextToken) Find(Reader reader, IReadOnlyList<long> experiments, string filter, IReadOnlyList<string> orders, int most, string? token)
    {
        if (most is < 1 or > MostFound)
            throw TrackingException.Invalid($"Invalid value {most} for parameter 'max_results' supplied: It must be at least 1 and at most {MostFound}");
        var diagnostics = new Diagnostics();
        TraceSearch search = Parse(filter);
        ImmutableArray<OrderKey> keys = SearchParser.Orders(SearchSchema.Traces, orders, diagnostics);
        TrackingException.ThrowIfAny(diagnostics, "order_by");
        long offset = PageToken.Read(token);
        SqlText sql = search.Select(experiments).Add(" ORDER BY ");
        foreach (OrderKey key in keys)
            sql.Add($"{Column(key.Field.Key)} {(key.Ascending ? "ASC" : "DESC")}, ");
        sql.Add("t.started DESC, t.id");
        List<string> ids;
        if (search._slow.IsEmpty && !search._spansAreSlow)
            ids = Ids(reader.Database, sql.Add(" LIMIT ").Value(most + 1L).Add(" OFFSET ").Value(offset));
        else
            ids = [.. Ids(reader.Database, sql).Where(id => search.Matches(reader.Database, id)).Skip((int)Math.Min(offset, int.MaxValue)).Take(most + 1)];
        bool isMore = ids.Count > most;
        if (isMore)
            ids.RemoveAt(most);
        return (ids, isMore ? PageToken.Write(offset + most) : null);
    }

    /// <summary>All ids that a filter leaves.</summary>
    public static HashSet<string> All(Reader reader, IReadOnlyList<long> experiments, string filter)
    {
        TraceSearch search = Parse(filter);
        List<string> ids = Ids(reader.Database, search.Select(experiments));
        return [.. ids.Where(id => search.Matches(reader.Database, id))];
    }

    private static TraceSearch Parse(string filter)
    {
        var diagnostics = new Diagnostics();
        ImmutableArray<Clause> clauses = SearchParser.Filter(SearchSchema.Traces, new Source("<filter>", filter), diagnostics);
        TrackingException.ThrowIfAny(diagnostics, "filter");
        return new TraceSearch(clauses);
    }

    private static bool IsOnSpan(Clause clause) => clause.Field.Kind is FieldKind.Span or FieldKind.SpanAttribute;

    private SqlText Select(IReadOnlyList<long> experiments)
    {
        SqlText sql = new SqlText().Add("SELECT t.id FROM trace t WHERE t.experiment IN ").Values(experiments);
        foreach (Clause clause in _onTrace)
            AddClause(sql.Add(" AND "), clause);
        if (_onSpan.IsEmpty)
            return sql;
        sql.Add(" AND EXISTS (SELECT 1 FROM span s WHERE s.trace = t.id");
        foreach (Clause clause in _onSpan.Where(clause => clause.Comparison != Comparison.RLike && clause.Field.Kind == FieldKind.Span))
            Conditions.Compare(sql.Add(" AND "), "s." + clause.Field.Key, clause);
        return sql.Add(")");
    }

    private static void AddClause(SqlText sql, Clause clause)
    {
        Field field = clause.Field;
        switch (field.Kind)
        {
            case FieldKind.Tag or FieldKind.Metadata:
                string table = field.Kind == FieldKind.Tag ? "trace_label" : "trace_metadata";
                Conditions.Mark(sql, clause, s => s.Add($"FROM {table} c WHERE c.trace = t.id AND c.key = ").Value(field.Key), "c.value");
                break;
            case FieldKind.Feedback or FieldKind.Expectation or FieldKind.Issue:
                AddAssessment(sql, clause);
                break;
            case FieldKind.Prompt:
                Conditions.Mark(sql, clause with { Comparison = Comparison.Like, Operand = new Operand.Text($"%{PromptEntry(clause.Text)}%") },
                    s => s.Add("FROM trace_label c WHERE c.trace = t.id AND c.key = 'mlflow.linkedPrompts'"), "c.value");
                break;
            case FieldKind.Attribute when field.Key == "text":
                Conditions.Mark(sql, clause, s => s.Add("FROM span c WHERE c.trace = t.id"), "c.content");
                break;
            case FieldKind.Attribute when field.Key == "run_id" && clause.Comparison is Comparison.Equal or Comparison.In:
                Conditions.Compare(sql.Add("("), Column("run_id"), clause).Add(" OR ");
                Conditions.Mark(sql, clause, s => s.Add("FROM trace_run c WHERE c.trace = t.id"), "c.run").Add(")");
                break;
            default:
                Conditions.Compare(sql, Column(field.Key), clause);
                break;
        }
    }

    /// <summary>There is a valid assessment of that name whose value compares so.</summary>
    private static void AddAssessment(SqlText sql, Clause clause)
    {
        string kind = clause.Field.Kind switch
        {
            FieldKind.Feedback => "feedback",
            FieldKind.Expectation => "expectation",
            _ => "issue",
        };
        string column = kind == "issue" ? "c.name" : clause.Operand is Operand.Number ? "c.number" : "c.value";
        Conditions.Mark(sql, clause, s =>
        {
            s.Add($"FROM assessment c WHERE c.trace = t.id AND c.valid = 1 AND c.kind = '{kind}'");
            if (kind != "issue")
                s.Add(" AND c.name = ").Value(clause.Field.Key);
        }, column);
    }

    /// <summary>Tests what the database could not.</summary>
    private bool Matches(Database database, string id)
    {
        foreach (Clause clause in _slow)
        {
            if (!ValuesOf(database, id, clause).Any(value => IsMatch(clause, value)))
                return false;
        }
        return !_spansAreSlow || SpanStore.Of(database, id).Any(span => _onSpan.All(clause => Holds(clause, span)));
    }

    private static IEnumerable<string> ValuesOf(Database database, string id, Clause clause)
    {
        SqlText sql = new SqlText();
        string key = clause.Field.Key;
        switch (clause.Field.Kind)
        {
            case FieldKind.Tag:
                sql.Add("SELECT value FROM trace_label WHERE key = ").Value(key).Add(" AND trace = ").Value(id);
                break;
            case FieldKind.Metadata:
                sql.Add("SELECT value FROM trace_metadata WHERE key = ").Value(key).Add(" AND trace = ").Value(id);
                break;
            case FieldKind.Attribute when key == "text":
                sql.Add("SELECT content FROM span WHERE trace = ").Value(id);
                break;
            case FieldKind.Attribute:
                sql.Add($"SELECT {Column(key)} FROM trace t WHERE t.id = ").Value(id);
                break;
            default:
                sql.Add("SELECT value FROM assessment WHERE valid = 1 AND name = ").Value(key).Add(" AND trace = ").Value(id);
                break;
        }
        return Ids(database, sql);
    }

    private bool Holds(Clause clause, TraceSpan span)
    {
        string? value = clause.Field switch
        {
            { Kind: FieldKind.SpanAttribute, Key: string key } => Attribute(span, key),
            { Key: "name" } => span.Name,
            { Key: "type" } => span.Type,
            { Key: "status" } => span.Status,
            _ => span.Content,
        };
        if (clause.Comparison is Comparison.IsNull or Comparison.IsNotNull)
            return value is null == (clause.Comparison == Comparison.IsNull);
        if (value is null)
            return false;
        switch (clause.Comparison)
        {
            case Comparison.RLike:
                return IsMatch(clause, value);
            case Comparison.In:
                return clause.Texts.Contains(value);
            case Comparison.NotIn:
                return !clause.Texts.Contains(value);
            case Comparison.Like or Comparison.ILike:
                return IsLike(value, clause.Text, clause.Comparison == Comparison.ILike);
        }
        if (clause.Operand is Operand.Number number)
            return double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double given) && Compares(clause.Comparison, given.CompareTo(number.Value));
        return Compares(clause.Comparison, string.CompareOrdinal(value, clause.Text));
    }

    private static bool Compares(Comparison comparison, int sign) => comparison switch
    {
        Comparison.Equal => sign == 0,
        Comparison.NotEqual => sign != 0,
        Comparison.Less => sign < 0,
        Comparison.LessOrEqual => sign <= 0,
        Comparison.Greater => sign > 0,
        _ => sign >= 0,
    };

    /// <summary>An attribute as text: strings as they are, other values as JSON.</summary>
    private static string? Attribute(TraceSpan span, string key)
    {
        using JsonDocument content = JsonDocument.Parse(span.Content);
        if (!content.RootElement.TryGetProperty("attributes"u8, out JsonElement attributes) || !attributes.TryGetProperty(key, out JsonElement text))
            return null;
        string json = text.GetString() ?? "";
        using JsonDocument value = JsonDocument.Parse(json);
        return value.RootElement.ValueKind == JsonValueKind.String ? value.RootElement.GetString() : json;
    }

    private bool IsMatch(Clause clause, string value)
    {
        try
        {
            return _patterns[clause].IsMatch(value);
        }
        catch (RegexMatchTimeoutException)
        {
            throw TrackingException.Invalid($"The regular expression '{clause.Text}' takes too long");
        }
    }

    private static Regex Pattern(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.CultureInvariant, s_patience);
        }
        catch (ArgumentException e)
        {
            throw TrackingException.Invalid($"Invalid filter: '{pattern}' is not a regular expression: {e.Message}");
        }
    }

    /// <summary><c>%</c> is any run of characters, <c>_</c> one.</summary>
    private static bool IsLike(ReadOnlySpan<char> text, ReadOnlySpan<char> pattern, bool ignoresCase)
    {
        int t = 0, p = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '%')
            {
                star = p++;
                mark = t;
            }
            else if (p < pattern.Length && (pattern[p] == '_' || pattern[p] == text[t] || (ignoresCase && char.ToLowerInvariant(pattern[p]) == char.ToLowerInvariant(text[t]))))
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }
        return pattern[p..].TrimStart('%').IsEmpty;
    }

    /// <summary>A prompt is asked for as <c>name/version</c>; a trace lists its prompts as JSON.</summary>
    private static string PromptEntry(string prompt)
    {
        int slash = prompt.LastIndexOf('/');
        return slash > 0
            ? $"\"name\": \"{prompt[..slash]}\", \"version\": \"{prompt[(slash + 1)..]}\""
            : throw TrackingException.Invalid($"Invalid filter: a prompt is named 'name/version', found '{prompt}'");
    }

    private static string Column(string key) => key switch
    {
        "status" => "t.state",
        "timestamp_ms" => "t.started",
        "execution_time_ms" => "t.duration",
        "end_time_ms" => "(t.started + t.duration)",
        "name" => $"(SELECT value FROM trace_label WHERE trace = t.id AND key = '{TraceStore.NameLabel}')",
        "run_id" => $"(SELECT value FROM trace_metadata WHERE trace = t.id AND key = '{TraceStore.SourceRun}')",
        "client_request_id" => "t.client_id",
        "experiment_id" => "t.experiment",
        _ => "t.id",
    };

    internal static List<string> Ids(Database db, SqlText sql)
    {
        var ids = new List<string>();
        using Statement statement = sql.Prepare(db);
        foreach (Row row in statement.Query())
        {
            if (row.TextOrNull(0) is { } text)
                ids.Add(text);
        }
        return ids;
    }
}
