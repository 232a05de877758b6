using System.Runtime.CompilerServices;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Config.Nodes;

/// <summary>
/// A node of a configuration tree: <see cref="DictConfig"/>, <see cref="ListConfig"/> or <see cref="ValueNode"/>. It knows its parent, its key,
/// its declared type, and where its value was written. Any node may hold one of three special states instead of a value: null, missing
/// (<c>???</c>) or an interpolation. A tree belongs to one thread at a time; copies share nothing that changes.
/// </summary>
public abstract class ConfigNode
{
    private NodeFlags _flags;

    private protected ConfigNode(Scalar content, Span at)
    {
        Content = content;
        At = at;
    }

    /// <summary>The scalar of a leaf, or the special state of a container (<see cref="ScalarKind.Container"/> when it has entries of its own).</summary>
    public Scalar Content { get; internal set; }

    /// <summary>Where the value was written; the source is null in nodes made by code.</summary>
    public Span At { get; internal set; }

    /// <summary>Where its key was written; empty when the key came from code or is a list index.</summary>
    public Span KeyAt { get; internal set; }

    /// <summary>The container that holds this node; null for a root.</summary>
    public ConfigNode? Parent { get; internal set; }

    /// <summary>The key in the parent: of any key type in a dictionary, an integer in a list, null for a root.</summary>
    public Scalar Key { get; internal set; }

    /// <summary>The declared type of the place that holds this node.</summary>
    public ConfigType Type { get; internal set; } = ConfigType.Any;

    public bool IsNull => Content.IsNull;

    public bool IsMissing => Content.Kind == ScalarKind.Missing;

    public bool IsInterpolation => Content.Kind == ScalarKind.Interpolation;

    /// <summary>Null, missing or an interpolation.</summary>
    public bool IsSpecial => Content.Kind is ScalarKind.Null or ScalarKind.Missing or ScalarKind.Interpolation;

    /// <summary>Computed by an interpolation: it belongs to no tree, and no path leads into it.</summary>
    internal bool IsResult
    {
        get => (_flags & NodeFlags.Result) != 0;
        init => _flags |= value ? NodeFlags.Result : 0;
    }

    public ConfigNode Root
    {
        get
        {
            ConfigNode node = this;
            while (node.Parent is { } parent)
                node = parent;
            return node;
        }
    }

    /// <summary>The path from the root as messages print it: <c>a.b[0].c</c>.</summary>
    public string FullKey => ConfigPath.FullKey(this);

    /// <summary>Writes fail below here; null when this node leaves it to its parent.</summary>
    public bool? ReadOnly
    {
        get => Flag(NodeFlags.ReadOnlySet, NodeFlags.ReadOnly);
        set => SetFlag(NodeFlags.ReadOnlySet, NodeFlags.ReadOnly, value);
    }

    /// <summary>Dictionaries from here on take no new keys, and reading an absent key is an error; null when this node leaves it to its parent.</summary>
    public bool? Struct
    {
        get => Flag(NodeFlags.StructSet, NodeFlags.Struct);
        set => SetFlag(NodeFlags.StructSet, NodeFlags.Struct, value);
    }

    public bool IsReadOnly
    {
        get
        {
            for (ConfigNode? node = this; node is not null; node = node.Parent)
            {
                if (node.ReadOnly is { } set)
                    return set;
            }
            return false;
        }
    }

    public bool IsStruct
    {
        get
        {
            for (ConfigNode? node = this; node is not null; node = node.Parent)
            {
                if (node.Struct is { } set)
                    return set;
            }
            return false;
        }
    }

    /// <summary>A deep copy without parent and key.</summary>
    public abstract ConfigNode Copy();

    /// <summary>The YAML text of the node, as it is kept (interpolations unresolved).</summary>
    public override string ToString() => ConfigWriter.ToYaml(this);

    private protected T CopyState<T>(T copy) where T : ConfigNode
    {
        copy._flags = _flags & ~NodeFlags.Result;
        copy.Type = Type;
        copy.KeyAt = KeyAt;
        return copy;
    }

    internal void CopyFlags(ConfigNode from)
    {
        if (from.ReadOnly is { } isReadOnly)
            ReadOnly = isReadOnly;
        if (from.Struct is { } isStruct)
            Struct = isStruct;
    }

    /// <summary>Gives a root a parent whose entry it is not, so that its interpolations are evaluated there.</summary>
    internal void Adopt(ConfigNode parent) => Parent = parent;

    /// <summary>Deep trees are made by code and by interpolation, not only by files, which are limited: fail before the stack does.</summary>
    private protected static void GuardStack() => RuntimeHelpers.EnsureSufficientExecutionStack();

    private bool? Flag(NodeFlags set, NodeFlags value) => (_flags & set) == 0 ? null : (_flags & value) != 0;

    private void SetFlag(NodeFlags set, NodeFlags bit, bool? value)
    {
        _flags &= ~(set | bit);
        if (value is { } given)
            _flags |= set | (given ? bit : 0);
    }

    [Flags]
    private enum NodeFlags : byte
    {
        ReadOnlySet = 1,
        ReadOnly = 2,
        StructSet = 4,
        Struct = 8,
        Result = 16,
    }
}

/// <summary>A leaf.</summary>
internal sealed class ValueNode : ConfigNode
{
    public ValueNode(Scalar content, Span at = default) : base(content, at)
    {
    }

    public override ConfigNode Copy() => CopyState(new ValueNode(Content, At));
}
