using System.Globalization;
using Weft.Execution;
using Weft.Records;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>
/// What a REF means: <c>wet-mongoose-1</c> an execution, <c>train</c> the newest of a definition, <c>-</c> the newest of all, <c>@champion</c> a tag, the start of
/// an execution's id; then <c>/train</c> a node of it, <c>/7</c> a point of its only sweep, <c>#2</c> an attempt.
/// </summary>
internal sealed record Address(ExecutionRow Execution, NodePath? Path, int? Attempt)
{
    /// <summary>Whether a node is meant: any of an execution, one by its own address, or a point by that of its sweep.</summary>
    public bool Covers(NodePath node) => Path is not { } wanted || wanted == node || wanted == node.Parent;

    /// <exception cref="DiagnosticException">Nothing, or more than one thing, has this address.</exception>
    public static Address Find(ProjectStore store, Source word)
    {
        string text = word.Text;
        int? attempt = null;
        int hash = text.LastIndexOf('#');
        if (hash >= 0 && int.TryParse(text.AsSpan(hash + 1), CultureInfo.InvariantCulture, out int number))
        {
            attempt = number;
            text = text[..hash];
        }
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        string name = slash < 0 ? text : text[..slash];
        (ExecutionRow execution, NodePath? tagged) = FindExecution(store, name, word);
        NodePath? path = slash < 0 ? tagged : FindPath(store, execution, text[(slash + 1)..], word);
        return new Address(execution, path, attempt);
    }

    private static (ExecutionRow, NodePath?) FindExecution(ProjectStore store, string name, Source word)
    {
        if (name.StartsWith('@'))
        {
            TagRow tag = store.Catalog.FindTag(name[1..]) ?? throw new DiagnosticException("address/no-tag", $"no tag `{name}`", word.Whole, Suggest.Hint(name[1..], store.Catalog.Tags().Select(tag => tag.Name)));
            return (store.Records.Find(tag.Execution) ?? throw new DiagnosticException("address/gone", $"what the tag `{name}` named is deleted", word.Whole), tag.Path);
        }
        ExecutionRow? found = name == "-" ? store.Catalog.Newest() : store.Catalog.ByName(name) ?? store.Catalog.Newest(name);
        if (found is not null)
            return (found, null);
        IReadOnlyList<ExecutionRow> byId = name.Length >= 4 ? store.Catalog.ByIdPrefix(name) : [];
        return byId.Count switch
        {
            1 => (byId[0], null),
            > 1 => throw new DiagnosticException("address/ambiguous", $"several executions have an id that begins with `{name}`", word.Whole, "type more of it"),
            _ => throw new DiagnosticException("address/unknown", name == "-" ? "nothing has run here yet" : $"no execution `{name}`", word.Whole,
                Suggest.Hint(name, store.Catalog.List(unfinishedOnly: false, null, 200).SelectMany(row => new[] { row.Name, row.Definition }).Distinct()) ?? "`weft ps -a` lists them"),
        };
    }

    private static NodePath FindPath(ProjectStore store, ExecutionRow execution, string text, Source word)
    {
        Plan plan = store.PlanOf(execution);
        return NodeAddress.Find(store.Records, execution, plan, text)
            ?? throw new DiagnosticException("address/no-node", $"{execution.Name} has no node `{text}`", word.Whole, Suggest.HintOrList(text, [.. plan.Nodes.Select(node => node.Path.Text)], "its nodes"));
    }
}
