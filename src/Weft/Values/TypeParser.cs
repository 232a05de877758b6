using System.Collections.Immutable;
using Weft.Text;

namespace Weft.Values;

/// <summary>Reads the text form of a type: <c>list&lt;int&gt;</c>, <c>enum:a|b</c>, <c>record{x:int,y:str?}</c>, <c>dataset:parquet[a:int]</c>.</summary>
public ref struct TypeParser
{
    private const int MaxDepth = 50;

    private readonly ReadOnlySpan<char> _text;
    private int _position;
    private int _depth;
    private string? _problem;

    private TypeParser(string text) => _text = text;

    /// <returns>Null when the text is no type; then <paramref name="problem"/> says what was expected.</returns>
    public static TypeExpr? Parse(string text, out string? problem)
    {
        var parser = new TypeParser(text);
        TypeExpr type = parser.Type();
        parser.Blanks();
        if (parser._problem is null && parser._position < text.Length)
            parser.Expected("the end of the type");
        problem = parser._problem;
        return problem is null ? type : null;
    }

    /// <exception cref="FormatException">The text is no type.</exception>
    public static TypeExpr Parse(string text) => Parse(text, out string? problem) ?? throw new FormatException($"`{text}` is not a type: {problem}");

    // type = plain { "?" }
    private TypeExpr Type()
    {
        if (++_depth > MaxDepth)
            _problem ??= $"a type is nested at most {MaxDepth} deep";
        TypeExpr type = _problem is null ? Plain() : TypeExpr.Any;
        while (Take('?'))
            type = TypeExpr.Optionally(type);
        _depth--;
        return type;
    }

    // plain = word | "list<" type ">" | "map<" type ">" | "union<" type { "," type } ">" | "record{" fields "}" | "enum:" members
    //       | ("file" | "dir") [":" format] | "dataset" [":" format] ["[" fields "]"]
    private TypeExpr Plain()
    {
        Blanks();
        int start = _position;
        string word = Word();
        switch (word)
        {
            case "list":
                return Inside('<', '>') is { } item ? new TypeExpr.List(item) : TypeExpr.Any;
            case "map":
                return Inside('<', '>') is { } value ? new TypeExpr.Map(value) : TypeExpr.Any;
            case "union":
                return Union();
            case "record":
                return Need('{') ? new TypeExpr.Record(Fields('}')) : TypeExpr.Any;
            case "enum":
                return Enum();
            case "file":
                return new TypeExpr.File(Take(':') ? Word() : "");
            case "dir":
                return new TypeExpr.Folder(Take(':') ? Word() : "");
            case "dataset":
                string format = Take(':') ? Word() : "";
                return new TypeExpr.Table(format, Take('[') ? Fields(']') : NoFields);
        }
        foreach (TypeExpr known in TypeExpr.Words)
        {
            if (known.ToString() == word)
                return known;
        }
        _position = start;
        return word.Length == 0 ? Expected("a type") : Unknown(word);
    }

    private static ImmutableSortedDictionary<string, TypeExpr> NoFields { get; } = Sorted.None<TypeExpr>();

    private TypeExpr Unknown(string word)
    {
        string[] words = [.. TypeExpr.Words.Select(type => type.ToString()), "list", "map", "union", "record", "enum", "file", "dir", "dataset"];
        _problem ??= $"there is no type `{word}`" + (Suggest.Hint(word, words) is { } hint ? $", {hint}" : "");
        return TypeExpr.Any;
    }

    private TypeExpr? Inside(char open, char close)
    {
        if (!Need(open))
            return null;
        TypeExpr type = Type();
        return Need(close) ? type : null;
    }

    private TypeExpr Union()
    {
        if (!Need('<'))
            return TypeExpr.Any;
        var variants = ImmutableArray.CreateBuilder<TypeExpr>();
        do
            variants.Add(Type());
        while (_problem is null && Take(','));
        return Need('>') ? new TypeExpr.Union(variants.ToImmutable()) : TypeExpr.Any;
    }

    private TypeExpr Enum()
    {
        if (!Need(':'))
            return TypeExpr.Any;
        var members = ImmutableArray.CreateBuilder<string>();
        do
        {
            int length = _text[_position..].IndexOfAny("|,<>{}[]?");
            string member = _text.Slice(_position, length < 0 ? _text.Length - _position : length).ToString();
            if (member.Length == 0)
                return Expected("a member");
            members.Add(member);
            _position += member.Length;
        }
        while (Take('|'));
        return new TypeExpr.Enum(members.ToImmutable());
    }

    // fields = [ name ":" type { "," name ":" type } ]
    private ImmutableSortedDictionary<string, TypeExpr> Fields(char close)
    {
        var fields = NoFields.ToBuilder();
        while (_problem is null && !Take(close))
        {
            if (fields.Count > 0 && !Need(','))
                break;
            Blanks();
            int length = _text[_position..].IndexOfAny(":,{}[]<>");
            string name = length < 0 ? "" : _text.Slice(_position, length).Trim().ToString();
            if (name.Length == 0)
            {
                Expected("a field name");
                break;
            }
            _position += length;
            if (!Need(':'))
                break;
            if (!fields.TryAdd(name, Type()))
                _problem ??= $"the field `{name}` stands twice";
        }
        return fields.ToImmutable();
    }

    private string Word()
    {
        int start = _position;
        while (_position < _text.Length && (char.IsLetterOrDigit(_text[_position]) || _text[_position] is '_' or '.' or '-' or '+'))
            _position++;
        return _text[start.._position].ToString();
    }

    private void Blanks()
    {
        while (_position < _text.Length && _text[_position] == ' ')
            _position++;
    }

    private bool Take(char sign)
    {
        Blanks();
        if (_problem is not null || _position >= _text.Length || _text[_position] != sign)
            return false;
        _position++;
        return true;
    }

    private bool Need(char sign)
    {
        if (Take(sign))
            return true;
        Expected($"`{sign}`");
        return false;
    }

    private TypeExpr Expected(string what)
    {
        Blanks();
        _problem ??= _position < _text.Length ? $"found `{_text[_position]}` where {what} was expected" : $"it ends where {what} was expected";
        return TypeExpr.Any;
    }
}
