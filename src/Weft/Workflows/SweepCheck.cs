using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;

namespace Weft.Workflows;

/// <summary>What can be known to be wrong with selections: by what a sweep selects, and what others take of its best point.</summary>
internal static class SweepCheck
{
    /// <summary>What is wrong with how a sweep selects; null when nothing is.</summary>
    /// <param name="outputs">What each of its points declares to give.</param>
    public static Diagnostic? OfSelection(Node.Each each, ImmutableSortedDictionary<string, Port> outputs)
    {
        if (each.Best is not { } best)
            return null;
        if (outputs.TryGetValue(best.Result, out Port? port) && port.Type.IsBlob)
            return new Diagnostic("sweep/select", $"`{each.Id}` selects by `{best.Result}`, which is its {port.Type} and no number", each.At) { Hint = "give the file or the result another name" };
        ImmutableHashSet<string> parameters = ParametersOf(each);
        string? stranger = best.Over.FirstOrDefault(name => !parameters.Contains(name));
        return stranger is null ? null
            : new Diagnostic("sweep/select", $"`{each.Id}` takes the mean over `{stranger}`, which is no parameter of its sweep", each.At) { Hint = Suggest.HintOrList(stranger, parameters, "it has") };
    }

    /// <summary>What is wrong with a reference to <c>TASK.best…</c>; null when nothing is, as far as it can be known.</summary>
    public static Diagnostic? OfBest(Node.Each each, Expr.Ref reference)
    {
        if (each.Best is null)
            return new Diagnostic("sweep/no-best", $"`{each.Id}` has no best point, as nothing says by what to select it") { Hint = "write `select: max(RESULT)` in its sweep" };
        if (reference.Path is not [_, _, { Name: "params" }, { Name: { } name }, ..] || ParametersOf(each) is not { IsEmpty: false } parameters || parameters.Contains(name))
            return null;
        return new Diagnostic("workflow/unknown-field", $"the points of `{each.Id}` have no parameter `{name}`") { Hint = Suggest.HintOrList(name, parameters, "they have") };
    }

    private static ImmutableHashSet<string> ParametersOf(Node.Each each) => each.Over switch
    {
        Elements.Known known => [.. known.Space.Parameters],
        Elements.Listed listed => [.. listed.Zip.Keys],
        _ => [],
    };
}
