using Weft.Config.Editing;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Applies the overrides of values to a composed configuration, in order. The configuration is closed: only <c>+</c> and <c>++</c> add keys.
/// All that fail are reported.
/// </summary>
/// <param name="groups">Groups that have a choice, for hints.</param>
internal sealed class OverrideApplier(DictConfig config, Resolution resolution, IEnumerable<string> groups, Diagnostics diagnostics)
{
    private readonly Diagnostics _causes = [];

    public void Apply(Override item)
    {
        if (item.Package is not null)
        {
            diagnostics.Error("compose/not-a-group", $"`{item.KeyWithPackage}` has the form of a group with a package, but there is no group `{item.Key}`", item.KeyAt, Suggest.Hint(item.Key, groups));
            return;
        }
        // A fresh collection would cost an allocation per override; this one is only looked at from its count on.
        int before = _causes.Total;
        switch (item.Kind)
        {
            case OverrideKind.Delete:
                Delete(item);
                break;
            case OverrideKind.Add:
                Add(item);
                break;
            case OverrideKind.ForceAdd:
                Update(item, forceAdd: true);
                break;
            case OverrideKind.ExtendList:
                Extend(item);
                break;
            default:
                WarnOfGroup(item);
                Update(item, forceAdd: false);
                break;
        }
        if (_causes.Total > before)
            Report(item, _causes.Last());
    }

    /// <summary>An option that is given to a group's path with dots takes the place of what the group brought.</summary>
    private void WarnOfGroup(Override item)
    {
        if (item.Value is Element.Text && item.Key.Contains('.') && groups.FirstOrDefault(group => group.Length == item.Key.Length && group.Replace('/', '.') == item.Key) is { } group)
            diagnostics.Warning("compose/group-with-dots", $"`{item.Key}` is replaced by a text; to choose from the group, its name has slashes", item.At, $"write `{group}={ElementPrinter.Print(item.Value)}`");
    }

    private void Update(Override item, bool forceAdd)
    {
        if (ElementNodes.ToNode(item.Value!, _causes) is { } value)
            Put(item, value, forceAdd);
    }

    private void Put(Override item, ConfigNode value, bool forceAdd)
    {
        value.KeyAt = item.KeyAt;
        new ConfigEditor(resolution, _causes).Update(config, item.Key, value, merge: true, forceAdd);
    }

    private void Add(Override item)
    {
        if (Select(item.Key) is not { } selected)
            return;
        if (selected.Node is { IsNull: false, IsMissing: false } present && item.Value is not (Element.Map or Element.List))
        {
            string text = item.Text[1..];
            diagnostics.Error("compose/already-there", $"`+` adds a key, and `{item.Key}` has a value already", item.KeyAt, $"to change it, write `{text}`; to add or change it, `+{item.Text}`");
            return;
        }
        Update(item, forceAdd: true);
    }

    private void Extend(Override item)
    {
        if (Select(item.Key) is not { } selected || ElementNodes.ToNode(item.Value!, _causes) is not ListConfig added)
            return;
        if (selected.Node is not ListConfig { IsSpecial: false } list)
        {
            _causes.Error(ConfigErrors.WrongNode, $"`{item.Key}` is no list: there is nothing to extend", item.KeyAt);
            return;
        }
        var extended = new ListConfig(item.Value!.At);
        foreach (ConfigNode present in list)
            extended.Add(present.Copy());
        foreach (ConfigNode another in added)
            extended.Add(another.Copy());
        Put(item, extended, forceAdd: false);
    }

    private void Delete(Override item)
    {
        if (Select(item.Key) is not { } selected)
            return;
        if (selected.Node is null or { IsNull: true } or { IsMissing: true })
        {
            diagnostics.Error("compose/nothing-to-delete", $"there is no `{item.Key}` to remove", item.KeyAt, Nearest(item.Key, out _));
            return;
        }
        if (item.Value is not (null or Element.Null) && ElementNodes.ToNode(item.Value, _causes) is { } expected && !HasValue(selected.Node, expected))
        {
            diagnostics.Error("compose/other-value", $"`{item.Key}` is `{PythonText.Str(selected.Node)}`, not `{item.Value}`, and is not removed", item.Value.At, $"to remove it whatever it is, write `~{item.Key}`");
            return;
        }
        int dot = item.Key.LastIndexOf('.');
        ConfigNode? container = dot < 0 ? config : Select(item.Key[..dot])?.Node;
        bool? isStruct = config.Struct;
        config.Struct = false;
        new ConfigEditor(resolution, _causes).Remove(container!, Scalar.Of(item.Key[(dot + 1)..]));
        config.Struct = isStruct;
    }

    private Selected? Select(string key)
    {
        Selected selected = resolution.Select(config, key);
        if (selected.Error is null)
            return selected;
        _causes.Add(selected.Error);
        return null;
    }

    private static bool HasValue(ConfigNode node, ConfigNode expected) => (node, expected) switch
    {
        (ValueNode a, ValueNode b) => Scalar.KeyComparer.Equals(a.Content, b.Content),
        (ListConfig a, ListConfig b) => a.Count == b.Count && a.Zip(b).All(pair => HasValue(pair.First, pair.Second)),
        (DictConfig a, DictConfig b) => a.Count == b.Count && a.All(child => b.Find(child.Key) is { } other && HasValue(child, other)),
        _ => false,
    };

    /// <summary>What failed, with the argument as its place and the declaration or file behind it as a note.</summary>
    private void Report(Override item, Diagnostic cause)
    {
        bool isUnknown = item.Kind is OverrideKind.Change or OverrideKind.ExtendList && cause.Id is ConfigErrors.UnknownKey or ConfigErrors.UnknownAttribute;
        if (isUnknown)
        {
            string message = item.Key.Contains('/') ? $"there is no group `{item.Key}`" : cause.Message;
            diagnostics.Error("compose/unknown-key", message, item.KeyAt, UnknownHint(item));
            return;
        }
        bool isOwn = cause.At is { } at && ReferenceEquals(at.Source, item.At.Source);
        var problem = new Diagnostic("compose/override", cause.Message, isOwn ? cause.At : item.At) { Hint = cause.Hint, Notes = cause.Notes };
        diagnostics.Add(isOwn || cause.At is null ? problem : problem.WithNote("it is set here", cause.At));
    }

    private string UnknownHint(Override item)
    {
        string name = item.Key[(item.Key.LastIndexOf('/') + 1)..];
        string? group = groups.FirstOrDefault(group => group.Replace('/', '.') == item.Key || group[(group.LastIndexOf('/') + 1)..] == name);
        if (group is not null && item.Value is Element.Text)
            return $"a group of that name exists: use `{group}={ElementPrinter.Print(item.Value)}`";
        if (item.Key.Contains('/'))
            return Suggest.HintOrList(item.Key, [.. groups.Where(group => !group.StartsWith("hydra/", StringComparison.Ordinal))], "groups") ?? "there are no groups";
        string? near = Nearest(item.Key, out bool isClosed);
        string add = $"to add it, write `+{item.Text}`";
        return isClosed ? near ?? "its type has no such key" : near is null ? add : $"{near} {add}";
    }

    /// <summary>The known key nearest to the first one of a path that is not there.</summary>
    /// <param name="isClosed">A type says which keys are there: none can be added.</param>
    private string? Nearest(string key, out bool isClosed)
    {
        isClosed = false;
        List<string> path = ConfigPath.Split(key);
        ConfigNode? container = config;
        for (int i = 0; i < path.Count; i++)
        {
            if (container is not DictConfig { IsSpecial: false } dict)
                return null;
            if (dict[path[i]] is not { } child)
            {
                isClosed = dict.Schema is not null;
                string[] names = [.. dict.TextKeys];
                string? name = Suggest.Nearest(path[i], names);
                if (name is null)
                    return isClosed ? Suggest.HintOrList(path[i], names, "keys there") : null;
                return $"did you mean `{string.Join('.', [.. path.Take(i), name, .. path.Skip(i + 1)])}`?";
            }
            container = resolution.Dereference(child, out _);
        }
        return null;
    }
}
