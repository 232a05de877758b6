using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;
using Weft.Config.Nodes;
using Weft.Config.Resolvers;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Config.Interpolation;

/// <summary>
/// Evaluates the interpolations of one configuration: follows references, calls resolvers, keeps the results of cached ones. Nothing is stored in
/// the tree: a value is evaluated whenever it is read, as OmegaConf does. Cycles and more than <see cref="MaxDepth"/> nested steps are diagnosed.
/// For one thread at a time.
/// </summary>
public sealed class Resolution
{
    /// <summary>How many interpolations may lead to one another before this is called endless.</summary>
    public const int MaxDepth = 1000;

    private readonly Resolvers.Resolvers _resolvers;
    private readonly Dictionary<string, ConfigNode> _cache = new(StringComparer.Ordinal);
    private readonly HashSet<ConfigNode> _active = new(ReferenceEqualityComparer.Instance);
    private readonly List<ConfigNode> _chain = [];
    private Dictionary<ConfigNode, ConfigNode>? _known;

    public Resolution(Resolvers.Resolvers resolvers) => _resolvers = resolvers;

    /// <summary>What evaluation warned of, such as deprecated keys.</summary>
    public Diagnostics Warnings { get; } = [];

    /// <summary>How many interpolations were evaluated: the measure of work in tests.</summary>
    public long Evaluations { get; private set; }

    /// <summary>Told of every reference that is followed: the node in which it stands, and the node that it leads to.</summary>
    internal Action<ConfigNode, ConfigNode>? Followed { get; set; }

    /// <summary>Takes over the results of cached resolvers: every job of one sweep sees the same <c>${now:…}</c>.</summary>
    public void CopyCacheFrom(Resolution other)
    {
        foreach ((string call, ConfigNode value) in other._cache)
            _cache[call] = value;
    }

    /// <summary>The node itself, or what its interpolation evaluates to: an existing node, or a new one for a computed value.</summary>
    /// <returns>Null with an error.</returns>
    public ConfigNode? Dereference(ConfigNode node, out Diagnostic? error)
    {
        error = null;
        if (!node.IsInterpolation)
            return node;
        if (node.Parent is not { } parent)
        {
            error = new Diagnostic(ConfigErrors.Interpolation, "an interpolation is evaluated where it stands; this one stands nowhere", SpanOf(node));
            return null;
        }
        if (_known is not null && _known.TryGetValue(node, out ConfigNode? known))
            return known;
        if (_active.Count >= MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            error = new Diagnostic(ConfigErrors.Interpolation, $"more than {_active.Count} interpolations lead to one another", SpanOf(node));
            return null;
        }
        if (!_active.Add(node))
        {
            error = Recursive(_chain[_chain.IndexOf(node)..]);
            return null;
        }
        _chain.Add(node);
        Evaluations++;
        ConfigNode? value = Evaluate(node.Content.Interpolation.Tree, node, parent, out error);
        _active.Remove(node);
        _chain.RemoveAt(_chain.Count - 1);
        if (value is not null)
            value = Convert(value, node, out error);
        if (value is not null)
            _known?.Add(node, value);
        return value;
    }

    /// <summary>
    /// The value at a path, with interpolations on the way and at the end followed; leading dots count from <paramref name="from"/>. Nothing is found when a
    /// key is absent or the path leads through a leaf. Missing values are found unless <paramref name="throwOnMissing"/> makes them an error.
    /// </summary>
    public Selected Select(ConfigNode from, string path, bool throwOnMissing = false) =>
        SelectFrom(from, path.StartsWith('.') ? path : "." + path, throwOnMissing);

    /// <summary>As <see cref="Select"/>, but a path without leading dots counts from the root.</summary>
    internal Selected SelectFrom(ConfigNode from, string path, bool throwOnMissing)
    {
        if (Start(from, ref path) is not { } start)
            return new(null, new Diagnostic(ConfigErrors.UnknownKey, $"`{path}` leads above the root", SpanOf(from)));
        List<string> keys = path.Length == 0 ? [] : ConfigPath.Split(path);
        if (keys.Count == 0 && path.Length > 0)
            return new(null, new Diagnostic(ConfigErrors.OutOfRange, $"the path `{path}` names no key", SpanOf(from)));
        Selected selected = Walk(start, keys, throwOnMissing);
        return selected.Error?.Id == ConfigErrors.WrongNode && selected.IsThroughLeaf ? new(null, null) : selected;
    }

    /// <summary>
    /// The value under a key, as a program reads it: an absent key, an index out of range, a missing value and a failing interpolation are errors.
    /// </summary>
    /// <param name="key">Any key of a dictionary; for a list an integer, negative from the end.</param>
    public ConfigNode? Get(ConfigNode container, Scalar key, out Diagnostic? error)
    {
        ConfigNode? child = Access.Child(container, key, out error);
        if (child is null)
            return null;
        if (child.IsMissing)
        {
            error = new Diagnostic(ConfigErrors.MissingValue, $"`{child.FullKey}` must be given a value; it is `???`", SpanOf(child));
            return null;
        }
        return Dereference(child, out error);
    }

    /// <summary>
    /// A copy of a tree in which every interpolation is replaced by its value. References are evaluated where they stand, each once. All that
    /// fail are reported, in the order of the tree.
    /// </summary>
    /// <param name="keepMissing">An interpolation to a missing value becomes missing itself, instead of an error.</param>
    /// <returns>Null when something failed.</returns>
    public ConfigNode? Resolve(ConfigNode node, Diagnostics diagnostics, bool keepMissing = false)
    {
        var outer = _known;
        _known = new(ReferenceEqualityComparer.Instance);
        try
        {
            return new ResolvedCopy(this, diagnostics, keepMissing).Of(node);
        }
        finally
        {
            _known = outer;
        }
    }

    /// <summary>What a parsed interpolation evaluates to in the place of <paramref name="node"/>.</summary>
    internal ConfigNode? Evaluate(InterpolationTree tree, ConfigNode node, ConfigNode parent, out Diagnostic? error)
    {
        error = null;
        switch (tree)
        {
            case InterpolationTree.Literal literal:
                return Computed(literal.Value, node);
            case InterpolationTree.Joined joined:
                return Join(joined, node, parent, out error);
            case InterpolationTree.Node reference:
                return Follow(reference, node, parent, out error);
            case InterpolationTree.Call call:
                return Call(call, node, parent, out error);
            case InterpolationTree.List list:
                var items = new ListConfig(node.At) { IsResult = true };
                items.Adopt(parent);
                foreach (InterpolationTree item in list.Items)
                {
                    if (Evaluate(item, node, parent, out error) is not { } value)
                        return null;
                    items.Borrow(value);
                }
                return items;
            default:
                return EvaluateDict((InterpolationTree.Dict)tree, node, parent, out error);
        }
    }

    private DictConfig? EvaluateDict(InterpolationTree.Dict dict, ConfigNode node, ConfigNode parent, out Diagnostic? error)
    {
        error = null;
        var entries = new DictConfig(node.At) { IsResult = true };
        entries.Adopt(parent);
        foreach ((Scalar key, InterpolationTree element) in dict.Entries)
        {
            if (Evaluate(element, node, parent, out error) is not { } value)
                return null;
            ConfigNode entry = value.Copy();
            entries.Put(key, entry);
            // What it holds is still evaluated in its own place.
            if (value is not ValueNode && value.Parent is { } place)
                entry.Adopt(place);
        }
        return entries;
    }

    private ValueNode? Join(InterpolationTree.Joined joined, ConfigNode node, ConfigNode parent, out Diagnostic? error)
    {
        error = null;
        var text = new StringBuilder();
        foreach (InterpolationTree part in joined.Parts)
        {
            if (part is InterpolationTree.Literal literal)
            {
                text.Append(literal.Value.Text);
                continue;
            }
            if (Evaluate(part, node, parent, out error) is not { } value)
                return null;
            text.Append(PythonText.Str(value));
        }
        return Computed(Scalar.Of(text.ToString()), node);
    }

    /// <summary>A reference. It may not lead to a container that holds it: reading that would never end.</summary>
    private ConfigNode? Follow(InterpolationTree.Node reference, ConfigNode node, ConfigNode parent, out Diagnostic? error)
    {
        string? path = null;
        IReadOnlyList<string>? keys = reference.Keys;
        if (keys is null)
        {
            path = Path(reference, node, parent, out error);
            if (path is null)
                return null;
        }
        ConfigNode? start = keys is not null ? Start(parent, reference.Dots) : Start(parent, ref path!);
        if (start is null)
        {
            error = Fail(ConfigErrors.InterpolationKey, $"`{Text(reference, node)}` leads above the root", reference, node);
            return null;
        }
        Selected selected = Walk(start, keys ?? ConfigPath.Split(path!), throwOnMissing: true);
        if (selected.Error is { } cause)
        {
            error = cause.Id switch
            {
                ConfigErrors.MissingValue => Fail(ConfigErrors.InterpolationToMissing, $"`{Text(reference, node)}` leads to a value that is missing: `{selected.Place?.FullKey}` is `???`", reference, node, selected.Place, "it must be given here"),
                ConfigErrors.WrongNode => Fail(ConfigErrors.Interpolation, $"`{Text(reference, node)}`: {cause.Message}", reference, node, selected.Place, "this is no container"),
                _ => Reached(cause, reference, node),
            };
            return null;
        }
        if (selected.Node is not { } target)
        {
            error = Fail(ConfigErrors.InterpolationKey, $"interpolation key `{path ?? string.Join('.', keys!)}` not found", reference, node) with { Hint = Hint(selected) };
            return null;
        }
        error = null;
        for (ConfigNode? holder = parent; holder is not null; holder = holder.Parent)
        {
            if (!ReferenceEquals(holder, target))
                continue;
            error = Fail(ConfigErrors.Interpolation, $"`{Text(reference, node)}` leads to a container that holds it", reference, node);
            return null;
        }
        Followed?.Invoke(node, target);
        return target;
    }

    /// <summary>The path of a reference with keys that are interpolations themselves; such a key may be a path of its own.</summary>
    private string? Path(InterpolationTree.Node reference, ConfigNode node, ConfigNode parent, out Diagnostic? error)
    {
        error = null;
        var path = new StringBuilder().Append('.', reference.Dots);
        for (int i = 0; i < reference.Steps.Length; i++)
        {
            PathStep step = reference.Steps[i];
            string? key = step.Inner is null ? step.Text : TextOf(step.Inner, "a key of an interpolation", node, parent, out error);
            if (key is null)
                return null;
            if (step.IsBracketed)
                path.Append('[').Append(key).Append(']');
            else
                path.Append(i > 0 ? "." : "").Append(key);
        }
        return path.ToString();
    }

    /// <summary>The text that an interpolation inside another must evaluate to.</summary>
    private string? TextOf(InterpolationTree tree, string role, ConfigNode node, ConfigNode parent, out Diagnostic? error)
    {
        if (Evaluate(tree, node, parent, out error) is not { } value)
            return null;
        if (value.Content.Kind is ScalarKind.Str)
            return value.Content.Text;
        error = Fail(ConfigErrors.Interpolation, $"`{Text(tree, node)}` is {role} and must evaluate to text, found `{PythonText.Str(value)}`", tree, node);
        return null;
    }

    private ConfigNode? Call(InterpolationTree.Call tree, ConfigNode node, ConfigNode parent, out Diagnostic? error)
    {
        string? name = tree.PlainName;
        if (name is null && (name = ComputedName(tree, node, parent, out error)) is null)
            return null;
        var arguments = ImmutableArray.CreateBuilder<ConfigNode>(tree.Arguments.Length);
        foreach (InterpolationTree argument in tree.Arguments)
        {
            if (Evaluate(argument, node, parent, out error) is not { } value)
                return null;
            arguments.Add(value);
        }
        if (_resolvers.Find(name) is not { } resolver)
        {
            error = Fail(ConfigErrors.UnknownResolver, $"no resolver is named `{name}`", tree, node) with { Hint = Suggest.HintOrList(name, _resolvers.Names, "resolvers") };
            return null;
        }
        string cacheKey = "";
        if (resolver.IsCached)
        {
            cacheKey = name + '\0' + string.Join('\0', tree.Arguments.Select(argument => Text(argument, node)));
            if (_cache.TryGetValue(cacheKey, out ConfigNode? kept))
            {
                error = null;
                return kept;
            }
        }
        ConfigNode? result = Invoke(resolver, new ResolverCall(this, name, arguments.DrainToImmutable(), node, parent), tree, out error);
        if (resolver.IsCached && result is not null)
            _cache[cacheKey] = result;
        return result;
    }

    private string? ComputedName(InterpolationTree.Call tree, ConfigNode node, ConfigNode parent, out Diagnostic? error)
    {
        error = null;
        var parts = new List<string>(tree.Name.Length);
        foreach (PathStep part in tree.Name)
        {
            string? text = part.Inner is null ? part.Text : TextOf(part.Inner, "the name of a resolver", node, parent, out error);
            if (text is null)
                return null;
            parts.Add(text);
        }
        return string.Join('.', parts);
    }

    private static ConfigNode? Invoke(Resolver resolver, ResolverCall call, InterpolationTree.Call tree, out Diagnostic? error)
    {
        error = null;
        try
        {
            if (resolver.Function(call) is { } result && call.Error is null)
                return result;
        }
        catch (Exception e) when (e is not InsufficientExecutionStackException)
        {
            // A resolver is the application's code: whatever it throws is the error of this interpolation, with its place.
            error = Fail(ConfigErrors.Interpolation, $"`{call.Name}` failed: {e.Message}", tree, call.Node);
            return null;
        }
        Diagnostic cause = call.Error ?? new Diagnostic(ConfigErrors.Interpolation, $"`{call.Name}` gave no value");
        error = cause.At is null ? cause with { At = PlaceOf(tree, call.Node) } : Reached(cause, tree, call.Node);
        return null;
    }

    /// <summary>The same words wherever the circle is entered, so that it is reported once: it is told from the first of its keys on.</summary>
    private static Diagnostic Recursive(List<ConfigNode> circle)
    {
        const int Shown = 8;
        int first = circle.IndexOf(circle.MinBy(node => node.FullKey, StringComparer.Ordinal)!);
        List<string> keys = [.. circle.Skip(first).Concat(circle.Take(first)).Select(node => $"`{node.FullKey}`")];
        string way = string.Join(" -> ", keys.Count <= Shown ? [.. keys, keys[0]] : [.. keys.Take(Shown), "…", keys[0]]);
        return new Diagnostic(ConfigErrors.Interpolation, keys.Count == 1 ? $"recursive interpolation: {keys[0]} leads back to itself" : $"recursive interpolation: {way}", SpanOf(circle[first]));
    }

    /// <summary>A typed leaf takes what its interpolation evaluates to only in its own type.</summary>
    private static ConfigNode? Convert(ConfigNode value, ConfigNode node, out Diagnostic? error)
    {
        error = null;
        if (node is not ValueNode || node.Type is not (PrimitiveType or EnumType))
            return value;
        string? problem = value is ValueNode || value.IsSpecial
            ? Conversion.Problem(node.Type, value.Content, out Scalar converted)
            : Conversion.NotAScalar(node.Type, value, out converted);
        if (problem is null)
            return converted.Equals(value.Content) ? value : Computed(converted, node);
        error = new Diagnostic(ConfigErrors.InterpolationValue, $"`{node.Content}` evaluates to a value that does not fit `{node.FullKey}`: {problem}", SpanOf(node))
            .WithNote("the value comes from here", SpanOf(value));
        return null;
    }

    /// <summary>Where a path with leading dots starts; the dots are cut off. Null above the root.</summary>
    private static ConfigNode? Start(ConfigNode from, ref string path)
    {
        int dots = 0;
        while (dots < path.Length && path[dots] == '.')
            dots++;
        ConfigNode? start = Start(from, dots);
        if (start is not null)
            path = path[dots..];
        return start;
    }

    /// <summary>No dots: the root. One: this container. Each further dot: one level up.</summary>
    private static ConfigNode? Start(ConfigNode from, int dots)
    {
        if (dots == 0)
            return from.Root;
        ConfigNode? start = from;
        for (int i = 1; i < dots && start is not null; i++)
            start = start.Parent;
        return start;
    }

    private Selected Walk(ConfigNode start, IReadOnlyList<string> keys, bool throwOnMissing)
    {
        ConfigNode container = start;
        for (int i = 0; i < keys.Count; i++)
        {
            if (container.IsNull && container is not ValueNode)
                return new(null, null) { Container = container, Key = keys[i] };
            if (container is not (DictConfig or ListConfig) || container.IsResult || container.IsSpecial)
            {
                string path = string.Join('.', keys.Take(i));
                return new(null, new Diagnostic(ConfigErrors.WrongNode, $"`{path}` is not a container and cannot hold `{keys[i]}`", SpanOf(container)))
                {
                    Place = container,
                    IsThroughLeaf = true,
                };
            }
            ConfigNode? child = Access.ByText(container, keys[i], out Diagnostic? error);
            if (error is not null)
                return new(null, error) { Place = container };
            if (child is null)
                return new(null, null) { Container = container, Key = keys[i] };
            if (child.IsMissing && throwOnMissing)
                return new(null, new Diagnostic(ConfigErrors.MissingValue, $"`{child.FullKey}` must be given a value; it is `???`", SpanOf(child))) { Place = child };
            if (Dereference(child, out error) is not { } value)
                return new(null, error);
            if (i == keys.Count - 1)
                return new(value, null);
            container = value;
        }
        return new(start, null);
    }

    private static string? Hint(Selected selected) => selected switch
    {
        { Container: DictConfig dict, Key: { } key } => Suggest.Hint(key, dict.TextKeys),
        { Container: ListConfig list } => $"`{list.FullKey}` has {list.Count} {(list.Count == 1 ? "item" : "items")}, counted from 0",
        _ => null,
    };

    private static ValueNode Computed(Scalar value, ConfigNode node) => new(value, node.At) { IsResult = true };

    private static Diagnostic Fail(string id, string message, InterpolationTree tree, ConfigNode node, ConfigNode? other = null, string note = "")
    {
        var error = new Diagnostic(id, message, PlaceOf(tree, node));
        return other is { At.Source: not null } ? error.WithNote(note, other.At) : error;
    }

    /// <summary>An error further on: this interpolation is one of those that lead there. A long way is cut short.</summary>
    private static Diagnostic Reached(Diagnostic cause, InterpolationTree tree, ConfigNode node)
    {
        string id = cause.Id is ConfigErrors.Interpolation or ConfigErrors.InterpolationKey or ConfigErrors.InterpolationToMissing or ConfigErrors.InterpolationValue
            or ConfigErrors.UnknownResolver ? cause.Id : ConfigErrors.Interpolation;
        cause = cause with { Id = id };
        return cause.Notes.Length < 4 && PlaceOf(tree, node) is { } place && place != cause.At ? cause.WithNote($"`{node.FullKey}` leads there", place) : cause;
    }

    private static Span? PlaceOf(InterpolationTree tree, ConfigNode node) =>
        node.At.Source is null ? null
        : node.IsInterpolation ? ConfigReader.Within(node.At, node.Content.Text, tree.Start, tree.Length)
        : node.At;

    private static string Text(InterpolationTree tree, ConfigNode node)
    {
        string text = node.IsInterpolation ? node.Content.Text : "";
        return tree.Start + tree.Length <= text.Length ? text.Substring(tree.Start, tree.Length) : text;
    }

    private static Span? SpanOf(ConfigNode node) => node.At.Source is null ? null : node.At;
}

/// <summary>What a path leads to: a node, nothing (both null), or an error.</summary>
public readonly record struct Selected(ConfigNode? Node, Diagnostic? Error)
{
    /// <summary>Where the path ended: the container that lacks <see cref="Key"/>.</summary>
    internal ConfigNode? Container { get; init; }

    internal string? Key { get; init; }

    /// <summary>The node that the error is about.</summary>
    internal ConfigNode? Place { get; init; }

    internal bool IsThroughLeaf { get; init; }
}
