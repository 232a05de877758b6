using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Text;

namespace Weft.Sweeps;

/// <summary>One factor of a sweep: parameters whose values move together.</summary>
/// <param name="At">Where its first parameter is named.</param>
public sealed record Dimension(ImmutableArray<string> Parameters, Space Space, Span At)
{
    public static Dimension Of(Space space, Span at) => new([.. space.Parameters.Distinct()], space, at);
}

/// <summary>
/// Puts the dimensions of a sweep together, whatever text they come from: all combinations in the order in which they were added, the last
/// varying fastest. Some may go together (<see cref="Zip"/>), one may exist only where a condition holds (<see cref="When"/>).
/// </summary>
public sealed class SpaceBuilder(Diagnostics diagnostics)
{
    private readonly List<Part> _parts = [];
    private readonly Dictionary<string, Span> _places = new(StringComparer.Ordinal);

    /// <summary>Adds a dimension; a parameter that another one has already is diagnosed.</summary>
    public void Add(Dimension dimension)
    {
        foreach (string parameter in dimension.Parameters)
        {
            if (!_places.TryAdd(parameter, dimension.At))
                diagnostics.Add(new Diagnostic("sweep/repeated-parameter", $"`{parameter}` is swept twice", dimension.At).WithNote("first here", _places[parameter]));
        }
        _parts.Add(new Part(dimension));
    }

    /// <summary>Makes dimensions go together: the first point of each, then the second. They take the place of the first of them.</summary>
    /// <param name="names">A parameter of each.</param>
    public void Zip(IReadOnlyList<Excerpt> names)
    {
        var found = new List<Part>();
        foreach (Excerpt name in names)
        {
            if (Find(name) is { } part && !found.Contains(part))
                found.Add(part);
        }
        found.Sort((one, other) => _parts.IndexOf(one) - _parts.IndexOf(other));
        if (found.Count < 2 || Together([.. found.Select(part => part.Dimension)], names[0].At, diagnostics) is not { } zip)
            return;
        _parts[_parts.IndexOf(found[0])] = new Part(zip);
        foreach (Part part in found.Skip(1))
            _parts.Remove(part);
    }

    /// <summary>Dimensions that go together as one; null when they have different numbers of points, which is diagnosed.</summary>
    public static Dimension? Together(ImmutableArray<Dimension> dimensions, Span at, Diagnostics diagnostics)
    {
        Dimension first = dimensions[0];
        if (dimensions.FirstOrDefault(other => other.Space.Size != first.Space.Size) is { } other)
        {
            diagnostics.Add(new Diagnostic("sweep/unequal-lengths", $"`{first.Parameters[0]}` has {Values(first)}, `{other.Parameters[0]}` has {Values(other)}: what goes together has equally many", other.At)
                .WithNote($"`{first.Parameters[0]}` is here", first.At));
            return null;
        }
        return new Dimension([.. dimensions.SelectMany(dimension => dimension.Parameters)], new Zip([.. dimensions.Select(dimension => dimension.Space)], at), first.At);
    }

    /// <summary>Lets the dimension of a parameter exist only where a condition over the dimensions before it holds.</summary>
    public void When(Excerpt name, Expr condition)
    {
        if (Find(name) is not { } part)
            return;
        if (part.Condition is not null)
            diagnostics.Add(new Diagnostic("sweep/repeated-condition", $"`{name.Text}` has two conditions", condition.At).WithNote("first here", part.Condition.At));
        part.Condition = condition;
    }

    /// <summary>The space; null when something is wrong with it, which is diagnosed.</summary>
    /// <param name="at">Where the sweep is written.</param>
    public Space? Build(Span at)
    {
        int before = diagnostics.Errors;
        var factors = new List<Space>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (Part part in _parts)
        {
            if (part.Dimension.Space.Size == 0)
                diagnostics.Error("sweep/no-values", $"`{part.Dimension.Parameters.FirstOrDefault() ?? "this"}` has no values, so nothing would be run", part.Dimension.At);
            if (part.Condition is { } condition)
                factors = [Conditional(factors, condition, part.Dimension, seen, at)];
            else
                factors.Add(part.Dimension.Space);
            seen.UnionWith(part.Dimension.Parameters);
        }
        Space space = Product(factors, at);
        if (space.Size > Space.MaxSize)
            diagnostics.Error("sweep/too-many-points", $"this sweep has more than {Space.MaxSize:N0} points", at);
        return diagnostics.Errors > before ? null : space;
    }

    private static Space Product(List<Space> factors, Span at) => factors is [var only] ? only : new Product([.. factors], Fastest.Last, at);

    private Given Conditional(List<Space> before, Expr condition, Dimension dimension, HashSet<string> seen, Span at)
    {
        var given = new Given(Product(before, at), condition, dimension.Space, dimension.At);
        Expr.Ref? late = Evaluator.References(condition).FirstOrDefault(reference => reference.Path.Length > 0 && _places.ContainsKey(string.Join('.', reference.Path)) && !seen.Contains(string.Join('.', reference.Path)));
        if (late is not null)
            diagnostics.Error("sweep/condition-order", $"`{string.Join('.', late.Path)}` stands after `{dimension.Parameters[0]}`, whose values depend on it", late.At, $"write it before `{dimension.Parameters[0]}`");
        else
            given.Check(diagnostics);
        return given;
    }

    private Part? Find(Excerpt name)
    {
        Part? found = _parts.Find(part => part.Dimension.Parameters.Contains(name.Text));
        if (found is null)
            diagnostics.Error("sweep/unknown-parameter", $"`{name.Text}` is no parameter of this sweep", name.At, Suggest.HintOrList(name.Text, _places.Keys, "its parameters"));
        return found;
    }

    private static string Values(Dimension dimension) => dimension.Space.Size == 1 ? "1 value" : $"{dimension.Space.Size:N0} values";

    private sealed class Part(Dimension dimension)
    {
        public Dimension Dimension { get; } = dimension;

        public Expr? Condition { get; set; }
    }
}
