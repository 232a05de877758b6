using System.Security.Cryptography;

namespace Weft.Values;

/// <summary>Identifies one execution: a ULID, so that ids sort by time of creation and need no coordination between processes.</summary>
public readonly record struct ExecutionId(string Value) : IComparable<ExecutionId>
{
    public int CompareTo(ExecutionId other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;
}

/// <summary>Identifies one try of a node on one rank, for example <c>01J…/train[17]#2</c>.</summary>
public readonly record struct AttemptId(ExecutionId Execution, NodePath Path, int Number, int Rank = 0)
{
    public override string ToString() => Rank == 0 ? $"{Execution}/{Path}#{Number}" : $"{Execution}/{Path}#{Number}.{Rank}";
}

/// <summary>
/// The name of a node inside its workflow. The names that a dialect makes for the sides of a branch hold a slash: <c>choose/case0</c>.
/// </summary>
public readonly record struct NodeId(string Text) : IComparable<NodeId>
{
    public int CompareTo(NodeId other) => string.CompareOrdinal(Text, other.Text);

    public override string ToString() => Text;
}

/// <summary>
/// Where a node stands in an execution: node names joined by <c>/</c>, the index of an element in brackets: <c>n0/s0[17]</c>. The text is
/// the identity; it is stored as it is.
/// </summary>
public readonly record struct NodePath(string Text) : IComparable<NodePath>
{
    public static readonly NodePath Root = new("");

    public bool IsRoot => Text.Length == 0;

    /// <summary>The path of a node inside this one.</summary>
    public NodePath Child(string name) => new(IsRoot ? name : $"{Text}/{name}");

    /// <summary>The path of the element with this raw index.</summary>
    public NodePath Element(long index) => new($"{Text}[{index}]");

    /// <summary>The path above: of an element its array, of a child its parent.</summary>
    public NodePath Parent
    {
        get
        {
            int cut = Text.EndsWith(']') ? Text.LastIndexOf('[') : Text.LastIndexOf('/');
            return new NodePath(cut < 0 ? "" : Text[..cut]);
        }
    }

    /// <summary>The raw index when this is the path of an element, else null.</summary>
    public long? Index => Text.EndsWith(']') && long.TryParse(Text.AsSpan(Text.LastIndexOf('[') + 1).TrimEnd(']'), out long index) ? index : null;

    public int CompareTo(NodePath other) => string.CompareOrdinal(Text, other.Text);

    public override string ToString() => Text;
}

/// <summary>
/// ULIDs: 48 bits of Unix milliseconds and 80 random bits in Crockford's base 32, 26 characters. <see cref="Derive"/> makes the same text
/// from the same words, so that a resumed execution hands its programs the same folder names.
/// </summary>
public static class Ulid
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    public static string New(TimeProvider clock)
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return Write(clock.GetUtcNow().ToUnixTimeMilliseconds(), bytes);
    }

    /// <summary>The time part of <paramref name="ulid"/> with 80 bits hashed from it and <paramref name="index"/>.</summary>
    public static string Derive(string ulid, long index)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{ulid}[{index}]"), hash);
        return string.Concat(ulid.AsSpan(0, 10), Write(0, hash[..16]).AsSpan(10));
    }

    private static string Write(long milliseconds, ReadOnlySpan<byte> random)
    {
        Span<char> text = stackalloc char[26];
        for (int i = 9; i >= 0; i--, milliseconds >>= 5)
            text[i] = Alphabet[(int)(milliseconds & 31)];
        for (int i = 0; i < 16; i++)
            text[10 + i] = Alphabet[random[i] & 31];
        return new string(text);
    }
}
