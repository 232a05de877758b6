using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Text;

namespace Weft.Sweeps;

/// <summary>
/// How the swept words of a command line are put together, when that is not the plain product:
/// <code>
/// --zip lr,batch                          the values of these keys go together
/// --when "momentum: optimizer == 'sgd'"   the key has its values only where the condition holds
/// --then "model=large lr=0.01"            afterwards the same sweep with these words in place of those of the same keys
/// --where "lr * batch &lt; 10"              takes points out, of all parts
/// </code>
/// </summary>
public sealed record SweepShape
{
    public ImmutableArray<Excerpt> Zip { get; init; } = [];

    public ImmutableArray<Excerpt> When { get; init; } = [];

    public ImmutableArray<Excerpt> Then { get; init; } = [];

    public Excerpt? Where { get; init; }

    /// <summary>Nothing is asked for: the sweep is the product of its words.</summary>
    public bool IsPlain => Zip.IsEmpty && When.IsEmpty && Then.IsEmpty && Where is null;

    /// <summary>The space of a sweep.</summary>
    /// <param name="dimensions">Those of the words, with the words of one <c>--then</c> in place of those of the same keys; null when they are wrong, which is diagnosed.</param>
    /// <returns>Null when something is wrong; diagnostics say what.</returns>
    public Space? Build(Func<ImmutableArray<Excerpt>, IEnumerable<Dimension>?> dimensions, Span at, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        var parts = new List<Space>();
        foreach (ImmutableArray<Excerpt> replacing in Then.Select(words => ShellWords.Split(words, diagnostics)).Prepend([]))
        {
            if (!replacing.IsDefault && dimensions(replacing) is { } found && BuildOne(found, at, diagnostics) is { } part)
                parts.Add(part);
        }
        if (diagnostics.Errors > before)
            return null;
        Space space = parts is [var only] ? only : new Concat([.. parts], at);
        if (Where is { } filter && ExprParser.Parse(filter.Text, filter.At, diagnostics, Root.Item) is { } condition)
        {
            var where = new Where(space, condition, filter.At);
            where.Check(diagnostics);
            space = where;
        }
        if (space.Size > Space.MaxSize)
            diagnostics.Error("sweep/too-many-points", $"this sweep has more than {Space.MaxSize:N0} points", at);
        return diagnostics.Errors > before ? null : space;
    }

    private Space? BuildOne(IEnumerable<Dimension> dimensions, Span at, Diagnostics diagnostics)
    {
        var builder = new SpaceBuilder(diagnostics);
        foreach (Dimension dimension in dimensions)
            builder.Add(dimension);
        foreach (Excerpt keys in Zip)
            builder.Zip(Split(keys, ','));
        foreach (Excerpt rule in When)
        {
            int colon = rule.Text.IndexOf(": ", StringComparison.Ordinal);
            if (colon < 0)
                diagnostics.Error("sweep/when", "expected `KEY: CONDITION`", rule.At, "write `--when \"momentum: optimizer == 'sgd'\"`");
            else if (ExprParser.Parse(rule.Text[(colon + 2)..], rule.SpanOf(colon + 2, rule.Text.Length - colon - 2), diagnostics, Root.Item) is { } condition)
                builder.When(rule.Part(0, colon), condition);
        }
        return builder.Build(at);
    }

    private static List<Excerpt> Split(Excerpt text, char separator)
    {
        var parts = new List<Excerpt>();
        for (int start = 0; start <= text.Text.Length;)
        {
            int end = text.Text.IndexOf(separator, start);
            if (end < 0)
                end = text.Text.Length;
            parts.Add(text.Part(start, end - start));
            start = end + 1;
        }
        return parts;
    }
}
