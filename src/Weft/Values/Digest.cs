using System.Security.Cryptography;
using System.Text;

namespace Weft.Values;

/// <summary>A SHA-256 content address, written <c>sha256:</c> and 64 lower-case hexadecimal digits.</summary>
public readonly struct Digest : IEquatable<Digest>, IComparable<Digest>
{
    private const string Prefix = "sha256:";

    private readonly string? _hex;

    private Digest(string hex) => _hex = hex;

    /// <summary>The 64 hexadecimal digits alone.</summary>
    public string Hex => _hex ?? "";

    /// <summary>The first 12 digits: enough to tell two apart on a screen.</summary>
    public string Short => Hex.Length >= 12 ? Hex[..12] : Hex;

    public static Digest Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return FromHash(hash);
    }

    public static Digest Of(string text) => Of(Encoding.UTF8.GetBytes(text));

    public static Digest FromHash(ReadOnlySpan<byte> hash) => new(Convert.ToHexStringLower(hash));

    public static bool TryParse(ReadOnlySpan<char> text, out Digest digest)
    {
        digest = default;
        if (text.StartsWith(Prefix, StringComparison.Ordinal))
            text = text[Prefix.Length..];
        if (text.Length != 64 || text.ContainsAnyExcept("0123456789abcdef"))
            return false;
        digest = new Digest(text.ToString());
        return true;
    }

    public static Digest Parse(string text) =>
        TryParse(text, out Digest digest) ? digest : throw new FormatException($"`{text}` is not a SHA-256 digest");

    public bool Equals(Digest other) => Hex == other.Hex;

    public override bool Equals(object? obj) => obj is Digest other && Equals(other);

    public override int GetHashCode() => Hex.GetHashCode(StringComparison.Ordinal);

    public int CompareTo(Digest other) => string.CompareOrdinal(Hex, other.Hex);

    public override string ToString() => Prefix + Hex;

    public static bool operator ==(Digest left, Digest right) => left.Equals(right);

    public static bool operator !=(Digest left, Digest right) => !left.Equals(right);
}
