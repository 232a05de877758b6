using System.Collections.Immutable;
using Weft.Text;

namespace Weft.Config.Yaml;

/// <summary>
/// A node of a YAML document with its place. Scalars are kept as written: what <c>1e3</c> or <c>yes</c> means is the reader's rule
/// (OmegaConf's for Hydra trees, YAML 1.2 core for <c>weft.yaml</c>), not the document's. An alias is the node of its anchor itself,
/// so a tree is a directed acyclic graph; <see cref="ExpandedSize"/> says how large it would be as a tree.
/// </summary>
public abstract record YamlNode(Span At, string? Tag)
{
    private protected YamlNode(Span at, string? tag, long expandedSize) : this(at, tag) => ExpandedSize = expandedSize;

    /// <summary>Nodes counted with every alias written out; <see cref="long.MaxValue"/> when there are more than it can say.</summary>
    public long ExpandedSize { get; } = 1;

    /// <summary>What it is called in messages.</summary>
    public abstract string Kind { get; }

    private protected static long Add(long size, long more) => more > long.MaxValue - size ? long.MaxValue : size + more;
}

/// <param name="Text">Content after quotes, escapes and folding.</param>
/// <param name="IsPlain">Written without quotes and not as a block: only such a scalar can be a number, a boolean or null.</param>
internal sealed record YamlScalar(Span At, string? Tag, string Text, bool IsPlain) : YamlNode(At, Tag)
{
    /// <summary>Written as <c>|</c> or <c>&gt;</c> block.</summary>
    public bool IsBlock { get; init; }

    public override string Kind => "a scalar";
}

internal sealed record YamlSequence(Span At, string? Tag, ImmutableArray<YamlNode> Items) : YamlNode(At, Tag, SizeOf(Items))
{
    public override string Kind => "a list";

    private static long SizeOf(ImmutableArray<YamlNode> items)
    {
        long size = 1;
        foreach (YamlNode item in items)
            size = Add(size, item.ExpandedSize);
        return size;
    }
}

public sealed record YamlMapping(Span At, string? Tag, ImmutableArray<YamlEntry> Entries)
    : YamlNode(At, Tag, SizeOf(Entries))
{
    public override string Kind => "a map";

    private static long SizeOf(ImmutableArray<YamlEntry> entries)
    {
        long size = 1;
        foreach (YamlEntry entry in entries)
            size = Add(size, Add(entry.Key.ExpandedSize, entry.Value.ExpandedSize));
        return size;
    }

    /// <summary>The value of a key with this text, or null.</summary>
    public YamlNode? this[string key]
    {
        get
        {
            foreach (YamlEntry entry in Entries)
            {
                if (entry.Key is YamlScalar scalar && scalar.Text == key)
                    return entry.Value;
            }
            return null;
        }
    }
}

public readonly record struct YamlEntry(YamlNode Key, YamlNode Value);
