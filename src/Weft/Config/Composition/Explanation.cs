using System.Collections.Immutable;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Where a value comes from: the value, every place that set it (the last counts), who chose those files, and the same for what its
/// interpolation refers to.
/// </summary>
/// <param name="Key">Full key: <c>db.host</c>.</param>
/// <param name="Value">As it is kept, interpolations as written.</param>
/// <param name="Settings">Who set it, in the order in which they were merged; the last one counts.</param>
/// <param name="References">What the interpolations in it refer to.</param>
public sealed record Explanation(string Key, ConfigNode Value, ImmutableArray<Setting> Settings, ImmutableArray<Explanation> References)
{
    /// <summary>How far references of references are followed.</summary>
    private const int MaxDepth = 20;

    /// <summary>Explains a value of a composition; null when there is none under the key.</summary>
    public static Explanation? Of(Composition composition, string key) => Of(composition, ConfigPath.Split(key), 0);

    /// <summary>The lines of <c>weft config explain</c>: each a statement with its place.</summary>
    public IEnumerable<Note> Lines() => Lines(0);

    private static Explanation? Of(Composition composition, IReadOnlyList<string> path, int depth)
    {
        if (Find(composition.Config, path) is not { } node)
            return null;
        var settings = ImmutableArray.CreateBuilder<Setting>();
        foreach (ResultDefault entry in composition.Defaults.Entries)
        {
            if (composition.ContentOf(entry) is { } content && Below(path, entry.Package) is { } inside && Find(content, inside) is { } set)
                settings.Add(new Setting(set, PlaceOf(set), entry, null));
        }
        foreach (Override item in composition.Overrides)
        {
            bool isOfGroup = item.Package is not null || composition.Defaults.Choices.ContainsKey(item.Key);
            if (item.Value is null || item.IsSweep || isOfGroup || item.Kind == OverrideKind.Delete || Below(path, item.Key) is not { } inside)
                continue;
            if (ElementNodes.ToNode(item.Value, []) is { } value && Find(value, inside) is { } set)
                settings.Add(new Setting(set, item.At, null, item));
        }
        var references = ImmutableArray.CreateBuilder<Explanation>();
        if (node.IsInterpolation && depth < MaxDepth)
        {
            foreach (IReadOnlyList<string> target in Targets(node))
            {
                if (Of(composition, target, depth + 1) is { } explained)
                    references.Add(explained);
            }
        }
        return new Explanation(string.Join('.', path), node, settings.ToImmutable(), references.ToImmutable());
    }

    private IEnumerable<Note> Lines(int depth)
    {
        string indent = new(' ', 2 * depth);
        yield return new Note($"{indent}{Key} = {PythonText.Str(Value)}", PlaceOf(Value));
        for (int i = Settings.Length - 1; i >= 0; i--)
        {
            Setting setting = Settings[i];
            string verb = i == Settings.Length - 1 ? "set by" : $"over {PythonText.Str(setting.Value)} of";
            yield return new Note($"{indent}  {verb} {(setting.Override is { } argument ? $"the argument `{argument.Text}`" : $"`{setting.Entry!.Path}`")}", setting.At);
            for (DefaultsNode? chosen = setting.Entry?.Node; chosen is not null; chosen = chosen.Parent)
            {
                if (chosen.Kind == DefaultsNodeKind.Group)
                    yield return new Note($"{indent}    chosen by `{chosen}`", chosen.ChosenAt);
                else if (chosen.Kind == DefaultsNodeKind.Config && chosen.ChosenAt is { } at)
                    yield return new Note($"{indent}    brought by the defaults list of `{chosen.Parent?.ConfigPath}`", at);
            }
        }
        foreach (Explanation reference in References)
        {
            foreach (Note line in reference.Lines(depth + 1))
                yield return line;
        }
    }

    /// <summary>The rest of a path below a package; null when it does not lead there.</summary>
    private static IReadOnlyList<string>? Below(IReadOnlyList<string> path, string package)
    {
        if (package.Length == 0)
            return path;
        string[] keys = package.Split('.');
        return keys.Length <= path.Count && keys.SequenceEqual(path.Take(keys.Length)) ? [.. path.Skip(keys.Length)] : null;
    }

    private static ConfigNode? Find(ConfigNode node, IReadOnlyList<string> path)
    {
        ConfigNode? current = node;
        foreach (string key in path)
        {
            current = current is DictConfig or ListConfig && !current.IsSpecial ? Access.ByText(current, key, out _) : null;
            if (current is null)
                return null;
        }
        return current;
    }

    /// <summary>Paths that the interpolations of a value name outright; those made by other interpolations are left out.</summary>
    private static IEnumerable<IReadOnlyList<string>> Targets(ConfigNode node)
    {
        var place = new List<string>();
        for (ConfigNode current = node; current.Parent is { } parent; current = parent)
            place.Insert(0, current.Key.ToString());
        foreach (InterpolationTree.Node reference in References(node.Content.Interpolation.Tree))
        {
            if (reference.Keys is { } keys && reference.Dots <= place.Count)
                yield return reference.Dots == 0 ? keys : [.. place.Take(place.Count - reference.Dots), .. keys];
        }

        static IEnumerable<InterpolationTree.Node> References(InterpolationTree tree) => tree switch
        {
            InterpolationTree.Node reference => [reference],
            InterpolationTree.Joined joined => joined.Parts.SelectMany(References),
            InterpolationTree.Call call => call.Arguments.SelectMany(References),
            InterpolationTree.List list => list.Items.SelectMany(References),
            InterpolationTree.Dict dict => dict.Entries.SelectMany(entry => References(entry.Value)),
            _ => [],
        };
    }

    private static Span? PlaceOf(ConfigNode node) => node.At.Source is null ? null : node.At;
}

/// <summary>One place that set a value: a configuration of the defaults list, or an argument.</summary>
public sealed record Setting(ConfigNode Value, Span? At, ResultDefault? Entry, Override? Override);
