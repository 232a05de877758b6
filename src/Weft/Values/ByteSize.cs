using System.Globalization;

namespace Weft.Values;

/// <summary>
/// A number of bytes. Written with decimal units (<c>kB MB GB TB</c>, <c>K M G T</c> as cluster tools mean them: powers of 1024), or binary ones
/// (<c>KiB MiB GiB TiB</c>, Kubernetes' <c>Ki Mi Gi Ti</c>).
/// </summary>
public readonly record struct ByteSize(long Bytes) : IComparable<ByteSize>
{
    private static readonly (string Unit, long Factor)[] Units =
    [
        ("kb", 1000), ("mb", 1000_000), ("gb", 1000_000_000), ("tb", 1000_000_000_000),
        ("kib", 1L << 10), ("mib", 1L << 20), ("gib", 1L << 30), ("tib", 1L << 40),
        ("ki", 1L << 10), ("mi", 1L << 20), ("gi", 1L << 30), ("ti", 1L << 40),
        ("k", 1L << 10), ("m", 1L << 20), ("g", 1L << 30), ("t", 1L << 40),
        ("b", 1), ("", 1),
    ];

    public static bool TryParse(string text, out ByteSize size)
    {
        size = default;
        string trimmed = text.Trim().ToLowerInvariant();
        int digits = trimmed.AsSpan().IndexOfAnyExcept("0123456789.");
        string number = digits < 0 ? trimmed : trimmed[..digits];
        string unit = digits < 0 ? "" : trimmed[digits..].Trim();
        foreach ((string name, long factor) in Units)
        {
            if (unit != name)
                continue;
            if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal amount) || amount * factor > long.MaxValue)
                return false;
            size = new ByteSize((long)(amount * factor));
            return true;
        }
        return false;
    }

    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);

    /// <summary>For people, with at most one decimal: <c>12.3 MB</c>.</summary>
    public override string ToString()
    {
        (string unit, double factor) = Bytes switch
        {
            >= 1000_000_000_000 => ("TB", 1e12),
            >= 1000_000_000 => ("GB", 1e9),
            >= 1000_000 => ("MB", 1e6),
            >= 1000 => ("kB", 1e3),
            _ => ("B", 1.0),
        };
        return $"{(Bytes / factor).ToString(factor > 1 ? "0.#" : "0", CultureInfo.InvariantCulture)} {unit}";
    }
}
