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

    private const ulong Golden = 0x9E3779B97F4A7C15;

    public static string New(TimeProvider clock)
    {
        Span<byte> random = stackalloc byte[16];
#pragma warning disable RS0030 // Ids are made here. A Guid is drawn from the system itself; cryptography would load OpenSSL, 5 ms of a start.
        Guid.NewGuid().TryWriteBytes(random);
#pragma warning restore RS0030
        // Six bits say that it is a random Guid, at fixed places: mixing spreads the 122 others.
        return Write(clock.GetUtcNow().ToUnixTimeMilliseconds(), Fingerprint.Mix(BitConverter.ToUInt64(random)), Fingerprint.Mix(BitConverter.ToUInt64(random[8..])));
    }

    /// <summary>
    /// The time part of <paramref name="ulid"/> with 80 bits made from it and <paramref name="index"/>: two steps of SplitMix64 (Steele, Lea and
    /// Flood, 2014), started where FNV-1a puts the ULID, other steps for every index.
    /// </summary>
    public static string Derive(string ulid, long index)
    {
        ulong state = 0xCBF29CE484222325;
        foreach (char c in ulid)
            state = (state ^ c) * 0x100000001B3;
        state += (ulong)index * 2 * Golden;
        return string.Concat(ulid.AsSpan(0, 10), Write(0, Fingerprint.Mix(state), Fingerprint.Mix(state + Golden)).AsSpan(10));
    }

    /// <summary>Sixty bits of the one number and twenty of the other.</summary>
    private static string Write(long milliseconds, ulong first, ulong second)
    {
        Span<char> text = stackalloc char[26];
        for (int i = 9; i >= 0; i--, milliseconds >>= 5)
            text[i] = Alphabet[(int)(milliseconds & 31)];
        for (int i = 10; i < 22; i++, first >>= 5)
            text[i] = Alphabet[(int)(first & 31)];
        for (int i = 22; i < 26; i++, second >>= 5)
            text[i] = Alphabet[(int)(second & 31)];
        return new string(text);
    }
}
