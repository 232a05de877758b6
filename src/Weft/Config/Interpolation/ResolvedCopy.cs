using System.Runtime.CompilerServices;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Interpolation;

/// <summary>
/// Copies a tree with every interpolation replaced by its value. Two containers that hold references to each other, and references that
/// multiply to more than <see cref="MaxSize"/> nodes, are diagnosed.
/// </summary>
internal sealed class ResolvedCopy(Resolution resolution, Diagnostics diagnostics, bool keepMissing)
{
    public const int MaxSize = 5_000_000;

    private readonly HashSet<ConfigNode> _open = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<(string Message, Span? At)> _reported = [];
    private int _size;
    private bool _hasFailed;

    public ConfigNode? Of(ConfigNode node)
    {
        ConfigNode copy = Copy(node);
        return _hasFailed ? null : copy;
    }

    private ConfigNode Copy(ConfigNode node)
    {
        if (Value(node) is not { } value)
            return new ValueNode(Scalar.Null, node.At);
        if (value is ValueNode || value.IsSpecial)
            return new ValueNode(value.Content, value.At) { KeyAt = node.KeyAt };
        if (!_open.Add(value))
            return Fail(ConfigErrors.Interpolation, $"recursive interpolation: `{node.FullKey}` leads to `{value.FullKey}`, which leads back to it", node);
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            return Fail(ConfigErrors.TooDeep, $"`{node.FullKey}` nests too deep", node);
        if (++_size > MaxSize)
            return _hasFailed ? new ValueNode(Scalar.Null) : Fail(ConfigErrors.TooDeep, $"interpolations expand this configuration to more than {MaxSize:N0} nodes", node);
        ConfigNode copy = Entries(value);
        copy.KeyAt = node.KeyAt;
        _open.Remove(value);
        return copy;
    }

    private ConfigNode Entries(ConfigNode value)
    {
        if (value is ListConfig list)
        {
            var items = new ListConfig(value.At);
            foreach (ConfigNode item in list)
                items.Add(Copy(item));
            return items;
        }
        var dict = new DictConfig(value.At);
        foreach (ConfigNode child in (DictConfig)value)
            dict.Put(child.Key, Copy(child));
        return dict;
    }

    private ConfigNode? Value(ConfigNode node)
    {
        _size++;
        ConfigNode? value = resolution.Dereference(node, out Diagnostic? error);
        // A reference may lead to a container whose special state is an interpolation again.
        while (value is { IsInterpolation: true } && value != node)
            value = resolution.Dereference(value, out error);
        if (value is not null)
            return value;
        if (keepMissing && error!.Id == ConfigErrors.InterpolationToMissing)
            return new ValueNode(Scalar.Missing, node.At);
        _hasFailed = true;
        // What many interpolations lead to fails once; the first of them is named.
        if (_reported.Add((error!.Message, error.At)))
            diagnostics.Add(error);
        return null;
    }

    private ValueNode Fail(string id, string message, ConfigNode node)
    {
        _hasFailed = true;
        diagnostics.Error(id, message, node.At.Source is null ? null : node.At);
        return new ValueNode(Scalar.Null, node.At);
    }
}
