using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Weft.Text;

namespace Weft.Tracking.Search;

/// <summary>
/// Reads filters and orders of MLflow's search language:
/// <code>
/// filter     := clause (AND clause)*
/// clause     := identifier op value | identifier [NOT] IN '(' string (',' string)* ')' | identifier IS [NOT] NULL
/// identifier := [entity '.'] key            split at the first dot; no dot: an attribute
/// key        := bare | `…` | "…" | '…'
/// value      := number | 'string' | "string"
/// order      := identifier [ASC | DESC]
/// </code>
/// There is no OR and there are no parentheses around clauses. The first mistake ends the reading: what follows it in a filter
/// without structure would only be noise.
/// </summary>
internal ref struct SearchParser
{
    private readonly SearchSchema _schema;
    private readonly Source _source;
    private readonly Diagnostics _diagnostics;
    private readonly bool _isOrder;
    private int _at;

    private SearchParser(SearchSchema schema, Source source, Diagnostics diagnostics, bool isOrder)
    {
        _schema = schema;
        _source = source;
        _diagnostics = diagnostics;
        _isOrder = isOrder;
    }

    /// <summary>The clauses of a filter; empty when it is blank or when a diagnostic was added.</summary>
    public static ImmutableArray<Clause> Filter(SearchSchema schema, Source source, Diagnostics diagnostics)
    {
        var parser = new SearchParser(schema, source, diagnostics, isOrder: false);
        return parser.ReadFilter();
    }

    /// <summary>One key of an order, or null when a diagnostic was added.</summary>
    public static OrderKey? Order(SearchSchema schema, Source source, Diagnostics diagnostics)
    {
        var parser = new SearchParser(schema, source, diagnostics, isOrder: true);
        return parser.ReadOrder();
    }

    /// <summary>A whole order; a field that stands in it twice is a mistake.</summary>
    public static ImmutableArray<OrderKey> Orders(SearchSchema schema, IReadOnlyList<string> orders, Diagnostics diagnostics)
    {
        var keys = ImmutableArray.CreateBuilder<OrderKey>(orders.Count);
        for (int i = 0; i < orders.Count; i++)
        {
            if (Order(schema, new Source($"<order {i + 1}>", orders[i]), diagnostics) is not { } key)
                continue;
            foreach (OrderKey other in keys)
            {
                if (other.Field.Kind == key.Field.Kind && other.Field.Key == key.Field.Key)
                    diagnostics.Error("search/duplicate-order", $"`{key.Field.Key}` stands twice in the order", key.Field.At);
            }
            keys.Add(key);
        }
        return keys.DrainToImmutable();
    }

    private readonly string Text => _source.Text;

    private readonly char Current => _at < Text.Length ? Text[_at] : '\0';

    /// <summary>filter := clause (AND clause)*</summary>
    private ImmutableArray<Clause> ReadFilter()
    {
        var clauses = ImmutableArray.CreateBuilder<Clause>();
        SkipSpace();
        if (_at == Text.Length)
            return [];
        while (true)
        {
            if (ReadClause() is not { } clause)
                return [];
            clauses.Add(clause);
            SkipSpace();
            if (_at == Text.Length)
                return clauses.DrainToImmutable();
            int start = _at;
            string word = Word();
            if (!Is(word, "AND"))
            {
                string found = word.Length > 0 ? word : Text[start..(start + 1)];
                string? hint = Is(word, "OR") ? "clauses can only be joined with AND; ask twice, or use IN" : null;
                _diagnostics.Error("search/expected-and", $"found `{found}` after a clause, expected AND or the end", _source.At(start, found.Length), hint);
                return [];
            }
            SkipSpace();
        }
    }

    /// <summary>clause := identifier op value | identifier [NOT] IN list | identifier IS [NOT] NULL</summary>
    private Clause? ReadClause()
    {
        int start = _at;
        if (ReadIdentifier() is not { } field)
            return null;
        SkipSpace();
        int operatorStart = _at;
        if (ReadComparison() is not { } comparison)
            return null;
        Span operatorSpan = _source.At(operatorStart, _at - operatorStart);
        if (!_schema.ComparisonsOf(field).Contains(comparison))
        {
            _diagnostics.Error("search/operator", $"`{operatorSpan.Text}` cannot be asked of `{field.Key}`, expected one of {Spell(_schema.ComparisonsOf(field))}", operatorSpan);
            return null;
        }
        SkipSpace();
        Operand? operand = comparison switch
        {
            Comparison.IsNull or Comparison.IsNotNull => Operand.None.Instance,
            Comparison.In or Comparison.NotIn => ReadList(),
            _ => ReadValue(field),
        };
        return operand is null ? null : new Clause(field, comparison, operand, _source.At(start, _at - start));
    }

    /// <summary>identifier := [entity '.'] key</summary>
    private Field? ReadIdentifier()
    {
        int start = _at;
        if (ReadPart(stopAtDot: true) is not { } first)
            return null;
        string? entity = null;
        string key = first;
        if (Current == '.')
        {
            _at++;
            if (ReadPart(stopAtDot: false) is not { } rest)
                return null;
            (entity, key) = (first, rest);
        }
        if (Is(key, "run") && TrySecondWordOfRunName() is { } name)
            key = key + " " + name;
        return Resolve(entity, key, _source.At(start, _at - start));
    }

    /// <summary><c>run name</c> is an alias of <c>run_name</c> that needs no quotes.</summary>
    private string? TrySecondWordOfRunName()
    {
        int back = _at;
        SkipSpace();
        string word = Word();
        if (word is "name" or "Name")
            return word;
        _at = back;
        return null;
    }

    private readonly Field? Resolve(string? entity, string key, Span at)
    {
        FieldKind kind = FieldKind.Attribute;
        if (entity is not null && !_schema.Entities.TryGetValue(entity, out kind))
        {
            _diagnostics.Error("search/unknown-entity", $"`{entity}` is not something {_schema.Subject} are searched by, expected one of {string.Join(", ", _schema.Entities.Keys.Order())}", at);
            return null;
        }
        if (_isOrder && kind != FieldKind.Attribute && _schema.OrderAttributes is not null)
        {
            _diagnostics.Error("search/order", $"{_schema.Subject} are ordered by attributes, not by `{entity}`", at);
            return null;
        }
        switch (kind)
        {
            case FieldKind.Attribute:
                var attributes = _isOrder && _schema.OrderAttributes is { } only ? only : _schema.Attributes;
                if (attributes.TryGetValue(key, out AttributeType? type))
                    return type.Canonical == "prompt" ? new Field(FieldKind.Prompt, key, at) : new Field(kind, type.Canonical, at);
                string message = $"`{key}` is not an attribute of {_schema.Subject}, expected one of {string.Join(", ", attributes.Keys.Order())}";
                _diagnostics.Error("search/unknown-attribute", message, at, entity is null && _schema.Entities.ContainsKey("tag") ? $"a tag is written `tags.{key}`" : null);
                return null;
            case FieldKind.Dataset when _isOrder || key is not ("name" or "digest" or "context"):
                _diagnostics.Error("search/unknown-attribute", $"`{key}` is not an attribute of datasets, expected one of context, digest, name", at);
                return null;
            case FieldKind.Span when key.StartsWith("attributes.", StringComparison.Ordinal):
                return new Field(FieldKind.SpanAttribute, key["attributes.".Length..], at);
            case FieldKind.Span when key is not ("name" or "type" or "status" or "content"):
                _diagnostics.Error("search/unknown-attribute", $"`{key}` is not an attribute of spans, expected content, name, status, type or attributes.KEY", at);
                return null;
            default:
                return new Field(kind, key, at);
        }
    }

    /// <summary>key := bare | `…` | "…" | '…'; of an entity the bare part ends at the first dot.</summary>
    private string? ReadPart(bool stopAtDot)
    {
        int start = _at;
        if (Current is '`' or '"' or '\'')
        {
            char quote = Current;
            int end = Text.IndexOf(quote, _at + 1);
            if (end < 0)
            {
                _diagnostics.Error("search/open-quote", $"the quote `{quote}` is not closed", _source.At(start, Text.Length - start));
                return null;
            }
            _at = end + 1;
            if (end == start + 1)
            {
                _diagnostics.Error("search/empty-key", "found an empty key", _source.At(start, 2));
                return null;
            }
            return Text[(start + 1)..end];
        }
        while (_at < Text.Length && !char.IsWhiteSpace(Current) && Current is not ('=' or '!' or '<' or '>' or '(' or ')' or ',' or ';' or '\'' or '"' or '`')
            && !(stopAtDot && Current == '.'))
        {
            _at++;
        }
        if (_at > start)
            return Text[start.._at];
        string found = _at < Text.Length ? $"`{Current}`" : "the end";
        _diagnostics.Error("search/expected-identifier", $"found {found}, expected a field such as `metrics.loss`", _source.At(start, _at < Text.Length ? 1 : 0));
        return null;
    }

    private Comparison? ReadComparison()
    {
        int start = _at;
        switch (Current)
        {
            case '=':
                _at++;
                return Comparison.Equal;
            case '!' when Follows('='):
                _at += 2;
                return Comparison.NotEqual;
            case '<' when Follows('='):
                _at += 2;
                return Comparison.LessOrEqual;
            case '<':
                _at++;
                return Comparison.Less;
            case '>' when Follows('='):
                _at += 2;
                return Comparison.GreaterOrEqual;
            case '>':
                _at++;
                return Comparison.Greater;
        }
        string word = Word();
        bool isNegated = Is(word, "NOT");
        if (isNegated)
        {
            SkipSpace();
            word = Word();
        }
        if (Is(word, "IN"))
            return isNegated ? Comparison.NotIn : Comparison.In;
        if (!isNegated && Is(word, "IS"))
        {
            SkipSpace();
            word = Word();
            bool isNot = Is(word, "NOT");
            if (isNot)
            {
                SkipSpace();
                word = Word();
            }
            if (Is(word, "NULL"))
                return isNot ? Comparison.IsNotNull : Comparison.IsNull;
        }
        else if (!isNegated && Is(word, "LIKE"))
        {
            return Comparison.Like;
        }
        else if (!isNegated && Is(word, "ILIKE"))
        {
            return Comparison.ILike;
        }
        else if (!isNegated && Is(word, "RLIKE"))
        {
            return Comparison.RLike;
        }
        int length = Math.Max(_at - start, Math.Min(1, Text.Length - start));
        string found = length > 0 ? $"`{Text.Substring(start, length)}`" : "the end";
        _diagnostics.Error("search/expected-operator", $"found {found}, expected a comparison such as `=`, `>` or `LIKE`", _source.At(start, length));
        return null;
    }

    private Operand? ReadValue(in Field field)
    {
        int start = _at;
        if (Current is '\'' or '"')
        {
            if (ReadString() is not { } text)
                return null;
            if (!_schema.IsNumber(field))
                return new Operand.Text(text);
            _diagnostics.Error("search/expected-number", $"`{field.Key}` is compared with a number, found {_source.At(start, _at - start).Text}", _source.At(start, _at - start));
            return null;
        }
        while (_at < Text.Length && !char.IsWhiteSpace(Current) && Current is not (',' or ')' or ';' or '(' or '=' or '<' or '>' or '!' or '\'' or '"'))
            _at++;
        Span at = _source.At(start, _at - start);
        bool takesNumbers = _schema.TakesNumbers(field);
        if (takesNumbers && IsNumber(at.Text) && double.TryParse(at.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
            return new Operand.Number(number);
        string expected = takesNumbers ? "a number" : "a quoted string";
        string found = at.Length > 0 ? $"`{at.Text}`" : "nothing";
        _diagnostics.Error(takesNumbers ? "search/expected-number" : "search/expected-string", $"`{field.Key}` is compared with {expected}, found {found}", at,
            takesNumbers || at.Length == 0 ? null : $"write '{at.Text}'");
        return null;
    }

    /// <summary>Digits, a sign, a point and an exponent; not the words that <see cref="double.Parse(string)"/> takes as well.</summary>
    private static bool IsNumber(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExcept("0123456789+-.eE");

    private Operand? ReadList()
    {
        int start = _at;
        if (Current != '(')
        {
            _diagnostics.Error("search/expected-list", "expected a list such as `('a', 'b')`", _source.At(start, Math.Min(1, Text.Length - start)));
            return null;
        }
        _at++;
        var items = ImmutableArray.CreateBuilder<string>();
        while (true)
        {
            SkipSpace();
            if (Current == ')' && items.Count > 0)
                break;
            if (Current is not ('\'' or '"'))
            {
                _diagnostics.Error("search/expected-string", "a list holds quoted strings, at least one", _source.At(_at, Math.Min(1, Text.Length - _at)));
                return null;
            }
            if (ReadString() is not { } item)
                return null;
            items.Add(item);
            SkipSpace();
            if (Current == ',')
                _at++;
            else if (Current != ')')
            {
                _diagnostics.Error("search/expected-list", "expected `,` or `)` after an item", _source.At(_at, Math.Min(1, Text.Length - _at)));
                return null;
            }
        }
        _at++;
        return new Operand.Texts(items.DrainToImmutable());
    }

    /// <summary>A quoted string; its own quote is written twice.</summary>
    private string? ReadString()
    {
        char quote = Current;
        int start = _at++;
        var content = new StringBuilder();
        while (_at < Text.Length)
        {
            if (Current != quote)
            {
                content.Append(Text[_at++]);
            }
            else if (Follows(quote))
            {
                content.Append(quote);
                _at += 2;
            }
            else
            {
                _at++;
                return content.ToString();
            }
        }
        _diagnostics.Error("search/open-quote", $"the quote `{quote}` is not closed", _source.At(start, Text.Length - start));
        return null;
    }

    /// <summary>order := identifier [ASC | DESC]</summary>
    private OrderKey? ReadOrder()
    {
        SkipSpace();
        if (ReadIdentifier() is not { } field)
            return null;
        SkipSpace();
        int start = _at;
        string word = Word();
        bool isDescending = Is(word, "DESC");
        if (word.Length == 0 || Is(word, "ASC") || isDescending)
        {
            SkipSpace();
            if (_at == Text.Length)
                return new OrderKey(field, !isDescending);
            start = _at;
        }
        _diagnostics.Error("search/order", $"found `{Text[start..]}` after the field of an order, expected ASC, DESC or the end", _source.At(start, Text.Length - start));
        return null;
    }

    private readonly bool Follows(char c) => _at + 1 < Text.Length && Text[_at + 1] == c;

    private string Word()
    {
        int start = _at;
        while (_at < Text.Length && (char.IsLetterOrDigit(Current) || Current == '_'))
            _at++;
        return Text[start.._at];
    }

    private void SkipSpace()
    {
        while (_at < Text.Length && char.IsWhiteSpace(Current))
            _at++;
    }

    private static bool Is(string word, string keyword) => word.Equals(keyword, StringComparison.OrdinalIgnoreCase);

    private static string Spell(ReadOnlySpan<Comparison> comparisons)
    {
        var text = new StringBuilder();
        foreach (Comparison comparison in comparisons)
        {
            text.Append(text.Length == 0 ? "" : ", ").Append(comparison switch
            {
                Comparison.Equal => "=",
                Comparison.NotEqual => "!=",
                Comparison.Less => "<",
                Comparison.LessOrEqual => "<=",
                Comparison.Greater => ">",
                Comparison.GreaterOrEqual => ">=",
                Comparison.NotIn => "NOT IN",
                Comparison.IsNull => "IS NULL",
                Comparison.IsNotNull => "IS NOT NULL",
                _ => comparison.ToString().ToUpperInvariant(),
            });
        }
        return text.ToString();
    }
}
