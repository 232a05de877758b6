using System.Collections.Immutable;
using Weft.Text;

namespace Weft.Tracking.Search;

/// <summary>What a field of a search belongs to.</summary>
public enum FieldKind
{
    Attribute,
    Metric,
    Param,
    Tag,
    Dataset,
    Metadata,
    Span,
    SpanAttribute,
    Feedback,
    Expectation,
    Issue,
    Prompt,
}

public enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    ILike,
    RLike,
    In,
    NotIn,
    IsNull,
    IsNotNull,
}

/// <summary>A field as the store knows it: aliases are resolved, quotes are gone.</summary>
public readonly record struct Field(FieldKind Kind, string Key, Span At);

/// <summary>The right side of a clause.</summary>
public abstract record Operand
{
    private Operand()
    {
    }

    public sealed record Number(double Value) : Operand;

    public sealed record Text(string Content) : Operand;

    public sealed record Texts(ImmutableArray<string> Items) : Operand;

    /// <summary>Of <c>IS NULL</c> and <c>IS NOT NULL</c>.</summary>
    public sealed record None : Operand
    {
        public static readonly None Instance = new();
    }
}

/// <summary>One condition; a filter is the conjunction of its clauses.</summary>
public sealed record Clause(Field Field, Comparison Comparison, Operand Operand, Span At)
{
    public string Text => ((Operand.Text)Operand).Content;

    public double Number => ((Operand.Number)Operand).Value;

    public ImmutableArray<string> Texts => ((Operand.Texts)Operand).Items;
}

/// <summary>One key of an order.</summary>
public readonly record struct OrderKey(Field Field, bool Ascending);
