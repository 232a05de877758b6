using System.Collections.Immutable;
using System.Text;

namespace Weft.Values;

/// <summary>
/// The type of a port: what a task takes or gives. Types are structural and compare by content. <see cref="ToString"/> is the one text
/// form, the form that is read back and that cache keys hash: <c>int</c>, <c>list&lt;str&gt;</c>, <c>float?</c>,
/// <c>enum:small|large</c>, <c>record{lr:float,name:str}</c>, <c>file:csv</c>, <c>dir</c>, <c>dataset:parquet[a:int]</c>.
/// </summary>
public abstract record TypeExpr
{
    private TypeExpr()
    {
    }

    /// <summary>Nothing is known: a result that no file declares. It is checked where it is used.</summary>
    public static readonly TypeExpr Any = new Simple("any");

    public static readonly TypeExpr None = new Simple("none");

    public static readonly TypeExpr Bool = new Simple("bool");

    /// <summary>An integer of any size.</summary>
    public static readonly TypeExpr Int = new Simple("int");

    public static readonly TypeExpr Float = new Simple("float");

    public static readonly TypeExpr Text = new Simple("str");

    /// <summary>An instant in UTC.</summary>
    public static readonly TypeExpr Time = new Simple("datetime");

    public static readonly TypeExpr Duration = new Simple("duration");

    public static readonly TypeExpr Binary = new Simple("binary");

    /// <summary>A map of any values: a configuration without a schema.</summary>
    public static readonly TypeExpr Struct = new Simple("struct");

    /// <summary>The types that have no parts, by their word.</summary>
    internal static readonly ImmutableArray<TypeExpr> Words = [Any, None, Bool, Int, Float, Text, Time, Duration, Binary, Struct];

    /// <summary>A type without parts; only the ones named above exist.</summary>
    public sealed record Simple : TypeExpr
    {
        internal Simple(string word) => Word = word;

        public string Word { get; }

        public override string ToString() => Word;
    }

    /// <summary>One of a few texts, in the order declared.</summary>
    public sealed record Enum(ImmutableArray<string> Members) : TypeExpr
    {
        public bool Equals(Enum? other) => other is not null && Members.AsSpan().SequenceEqual(other.Members.AsSpan());

        public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

        public override string ToString() => "enum:" + string.Join('|', Members);
    }

    public sealed record List(TypeExpr Of) : TypeExpr
    {
        public override string ToString() => $"list<{Of}>";
    }

    /// <summary>Text keys, values of one type.</summary>
    public sealed record Map(TypeExpr Of) : TypeExpr
    {
        public override string ToString() => $"map<{Of}>";
    }

    /// <summary>A value or none.</summary>
    public sealed record Optional(TypeExpr Of) : TypeExpr
    {
        public override string ToString() => $"{Of}?";
    }

    public sealed record Union(ImmutableArray<TypeExpr> Variants) : TypeExpr
    {
        public bool Equals(Union? other) => other is not null && Variants.AsSpan().SequenceEqual(other.Variants.AsSpan());

        public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

        public override string ToString() => $"union<{string.Join(',', Variants)}>";
    }

    /// <summary>Named fields, each with its type; the order of declaration does not count.</summary>
    public sealed record Record(ImmutableSortedDictionary<string, TypeExpr> Fields) : TypeExpr
    {
        public bool Equals(Record? other) => other is not null && Fields.SequenceEqual(other.Fields);

        public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

        public override string ToString() => $"record{{{Fieldwise(Fields)}}}";
    }

    /// <param name="Format">Ending without dot, for example <c>csv</c>; empty when any will do.</param>
    public sealed record File(string Format = "") : TypeExpr
    {
        public override string ToString() => Format.Length == 0 ? "file" : $"file:{Format}";
    }

    /// <param name="Format">As of a file.</param>
    public sealed record Folder(string Format = "") : TypeExpr
    {
        public override string ToString() => Format.Length == 0 ? "dir" : $"dir:{Format}";
    }

    /// <summary>A data set with columns; no columns means that any will do.</summary>
    public sealed record Table(string Format, ImmutableSortedDictionary<string, TypeExpr> Columns) : TypeExpr
    {
        public bool Equals(Table? other) => other is not null && Format == other.Format && Columns.SequenceEqual(other.Columns);

        public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

        public override string ToString()
        {
            var text = new StringBuilder("dataset");
            if (Format.Length > 0)
                text.Append(':').Append(Format);
            if (!Columns.IsEmpty)
                text.Append('[').Append(Fieldwise(Columns)).Append(']');
            return text.ToString();
        }
    }

    /// <summary>The type that also takes none; of one that does already, itself.</summary>
    public static TypeExpr Optionally(TypeExpr type) => type is Optional || type == Any ? type : new Optional(type);

    /// <summary>True for what lies in files: it is staged as a path, and hashed by content.</summary>
    public bool IsBlob => this is File or Folder or Table;

    /// <summary>True when a port of this type may be left unbound: it takes none.</summary>
    public bool TakesNone => this is Optional || this == None || this == Any || (this is Union union && union.Variants.Any(variant => variant.TakesNone));

    private static string Fieldwise(ImmutableSortedDictionary<string, TypeExpr> columns) =>
        string.Join(',', columns.Select(column => $"{column.Key}:{column.Value}"));
}
