using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// The overrides of one composition that change the defaults list: from the command line, and from <c>override</c> items of the lists
/// themselves, where the first visited counts.
/// </summary>
internal sealed class GroupOverrides
{
    private readonly Dictionary<string, ChoiceOverride> _choices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Deletion> _deletions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _keysByGroup = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, string?> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Span?> _knownAt = new(StringComparer.Ordinal);

    /// <summary><c>+group=option</c>: appended to the primary configuration's list.</summary>
    public List<DefaultsEntry.Group> Appended { get; } = [];

    /// <summary>The same as <see cref="Known"/>, as the variables of interpolations in defaults lists.</summary>
    public DictConfig Variables { get; } = new();

    /// <summary>The final choice of each group that was met.</summary>
    public OrderedDictionary<string, string?> Known => _known;

    /// <summary>Whether an override chooses an option. One that gives a map to a group's name sets values.</summary>
    public static bool IsOfGroup(Override item, ConfigRepository repository) => item.Value is not Element.Map && repository.HasGroup(item.Key);

    public void Take(IEnumerable<Override> overrides, Diagnostics diagnostics)
    {
        foreach (Override item in overrides)
            Take(item, diagnostics);
    }

    private void Take(Override item, Diagnostics diagnostics)
    {
        string key = item.KeyWithPackage;
        switch (item.Kind)
        {
            case OverrideKind.ForceAdd:
                diagnostics.Error("compose/force-add-group", $"`{item.Key}` is a group, and `++` is for values", item.At, $"use `{key}=…` to change its option, `+{key}=…` to add it");
                return;
            case OverrideKind.Delete when item.Value is null or Element.Null or Element.Text:
                _deletions[key] = new Deletion(item, (item.Value as Element.Text)?.Content);
                return;
        }
        Choice? choice = item.Value switch
        {
            Element.Text text when item.Kind != OverrideKind.Delete => Choice.Of(text.Content),
            Element.List list when item.Kind != OverrideKind.Delete && list.Items.All(option => option is Element.Text) => Choice.Of([.. list.Items.Select(option => ((Element.Text)option).Content)]),
            _ => null,
        };
        if (choice is not { } chosen)
        {
            string? hint = item.Value is Element.Null ? $"to remove it, write `~{key}`" : item.Value is Element.Int or Element.Float or Element.Bool ? $"for an option of this name, write `{key}='{item.Value.At.Text}'`" : null;
            Element wrong = item.Value is Element.List options ? options.Items.First(option => option is not Element.Text) : item.Value!;
            diagnostics.Error("compose/group-value", $"`{item.Key}` is a group; its option is a text or a list of texts, found {wrong.Kind}{(wrong == item.Value ? "" : " in the list")}", wrong.At, hint);
            return;
        }
        if (item.Kind == OverrideKind.Add)
            Appended.Add(new DefaultsEntry.Group(item.Key, item.Package, chosen, item.At));
        else
            _choices[key] = new ChoiceOverride(chosen, item, null, item.At);
    }

    /// <summary>An <c>override</c> item of a defaults list; an earlier one, or the command line, wins.</summary>
    public void Add(DefaultsNode node, string containing) =>
        _choices.TryAdd(node.OverrideKey, new ChoiceOverride(node.Choice, null, containing, node.Entry!.At));

    /// <summary>Puts the overriding choice into a node, if there is one.</summary>
    public void Apply(DefaultsNode node)
    {
        if (!_choices.TryGetValue(node.OverrideKey, out ChoiceOverride? found))
            return;
        node.Choice = found.Choice;
        node.ChosenAt = found.At;
        found.IsUsed = true;
    }

    /// <summary>Whether a choice is deleted; marks the deletion as used.</summary>
    public bool Delete(DefaultsNode node)
    {
        if (!_deletions.TryGetValue(node.OverrideKey, out Deletion? deletion) || (deletion.Option is not null && deletion.Option != node.Name))
            return false;
        deletion.IsUsed = true;
        return true;
    }

    /// <returns>False when the group already has another option (a diagnostic says so).</returns>
    public bool Know(DefaultsNode node, Diagnostics diagnostics)
    {
        string key = node.OverrideKey;
        if (_known.TryGetValue(key, out string? earlier) && earlier != node.Name)
        {
            bool isArgument = Appended.Exists(entry => entry.At == _knownAt[key] || entry.At == node.ChosenAt);
            diagnostics.Add(new Diagnostic("compose/several-options", $"`{key}` is set to `{node.Name}` and to `{earlier}`", node.ChosenAt)
            {
                Hint = isArgument ? $"to replace the option, write `{key}={earlier}` without `+`" : $"to replace the option, write `override {key}: {earlier}`",
            }.WithNote("the other option is here", _knownAt[key]));
            return false;
        }
        _known[key] = node.Name;
        _knownAt[key] = node.ChosenAt;
        Variables.Put(key, new ValueNode(node.Name is null ? Scalar.Null : Scalar.Of(node.Name)));
        if (!_keysByGroup.TryGetValue(node.GroupPath, out SortedSet<string>? keys))
            _keysByGroup.Add(node.GroupPath, keys = new SortedSet<string>(StringComparer.Ordinal));
        keys.Add(key);
        return true;
    }

    /// <summary>Reports the overrides and deletions that met no group.</summary>
    public void ReportUnused(Diagnostics diagnostics)
    {
        foreach ((string key, ChoiceOverride item) in _choices)
        {
            if (item.IsUsed)
                continue;
            string group = key.Split('@')[0];
            string where = item.Containing is null ? "" : $" (overridden in `{item.Containing}`)";
            string? hint = _keysByGroup.TryGetValue(group, out SortedSet<string>? keys)
                ? $"did you mean {Suggest.List(keys)}?"
                : Suggest.Hint(group, _keysByGroup.Keys);
            if (item.Override is null)
                hint ??= $"to choose it here, write `{key}: {item.Choice}` without `override`";
            else
                hint = $"{(hint is null ? "" : hint + " ")}to append it to the defaults list, write `+{key}={item.Choice}`";
            diagnostics.Error("compose/unused-override", $"nothing in the defaults list has the group `{key}`{where}", item.At, hint);
        }
        foreach ((string key, Deletion item) in _deletions)
        {
            if (item.IsUsed)
                continue;
            string? hint = item.Option is not null && _known.TryGetValue(key, out string? other) ? $"its option is `{other ?? "null"}`" : Suggest.Hint(key, _known.Keys);
            string what = item.Option is null ? key : $"{key}={item.Option}";
            diagnostics.Error("compose/unused-deletion", $"nothing in the defaults list is `{what}`", item.Override.At, hint);
        }
    }

    /// <param name="Override">The argument; null for an item of a defaults list.</param>
    /// <param name="Containing">The configuration whose list holds the item.</param>
    private sealed record ChoiceOverride(Choice Choice, Override? Override, string? Containing, Span At)
    {
        public bool IsUsed { get; set; }
    }

    private sealed record Deletion(Override Override, string? Option)
    {
        public bool IsUsed { get; set; }
    }
}
