using System.Numerics;
using Weft.Config.Interpolation;

namespace Weft.Config.Nodes;

/// <summary>What a leaf, or the special state of a container, holds.</summary>
public enum ScalarKind
{
    Null,
    Bool,
    Int,
    Float,
    Str,
    Bytes,
    Path,
    Enum,

    /// <summary>The marker <c>???</c>: a value that somebody must give.</summary>
    Missing,

    /// <summary>Text with <c>${</c> that is evaluated on access.</summary>
    Interpolation,

    /// <summary>No scalar: the container has entries of its own.</summary>
    Container,
}

/// <summary>
/// A leaf's content, or a key: 16 bytes, allocation-free for numbers and flags. Integers are of any size. Equality is by kind and content
/// (1 is not 1.0); keys compare as Python's do, see <see cref="KeyComparer"/>.
/// </summary>
public readonly struct Scalar : IEquatable<Scalar>
{
    private readonly object? _content;
    private readonly long _bits;

    private Scalar(object? content, long bits)
    {
        _content = content;
        _bits = bits;
    }

    /// <summary>Null is the default of the type.</summary>
    public static Scalar Null => default;

    public static Scalar True { get; } = new(Tag.Bool, 1);

    public static Scalar False { get; } = new(Tag.Bool, 0);

    public static Scalar Missing { get; } = new(Tag.Missing, 0);

    internal static Scalar Container { get; } = new(Tag.Container, 0);

    public static Scalar Of(bool value) => value ? True : False;

    public static Scalar Of(long value) => new(Tag.Int, value);

    public static Scalar Of(BigInteger value) => value >= long.MinValue && value <= long.MaxValue ? new(Tag.Int, (long)value) : new(value, 0);

    public static Scalar Of(double value) => new(Tag.Float, BitConverter.DoubleToInt64Bits(value));

    /// <summary>Plain text, whatever it looks like: neither <c>???</c> nor <c>${</c> mean anything here.</summary>
    public static Scalar Of(string text) => new(text, 0);

    public static Scalar Of(byte[] bytes) => new(bytes, 0);

    public static Scalar OfPath(string path) => new(new PathText(path), 0);

    public static Scalar Of(EnumMember member) => new(member, 0);

    public static Scalar Of(Interpolated interpolation) => new(interpolation, 0);

    public ScalarKind Kind => _content switch
    {
        null => ScalarKind.Null,
        string => ScalarKind.Str,
        Tag tag => tag.Kind,
        Interpolated => ScalarKind.Interpolation,
        BigInteger => ScalarKind.Int,
        byte[] => ScalarKind.Bytes,
        PathText => ScalarKind.Path,
        _ => ScalarKind.Enum,
    };

    public bool IsNull => _content is null;

    public bool Bool => _bits != 0;

    public BigInteger Int => _content is BigInteger big ? big : _bits;

    /// <summary>An integer that fits 64 bits.</summary>
    public bool TryGetInt64(out long value)
    {
        value = _bits;
        return ReferenceEquals(_content, Tag.Int);
    }

    public double Float => BitConverter.Int64BitsToDouble(_bits);

    /// <summary>Content of a string or a path; the text of an interpolation as written.</summary>
    public string Text => _content switch
    {
        string text => text,
        PathText path => path.Path,
        Interpolated interpolated => interpolated.Text,
        _ => throw new InvalidOperationException($"a scalar of kind {Kind} has no text"),
    };

    /// <summary>The content when it is a string, else null.</summary>
    public string? AsString => _content as string;

    public byte[] Bytes => (byte[])_content!;

    public EnumMember Enum => (EnumMember)_content!;

    public Interpolated Interpolation => (Interpolated)_content!;

    public bool Equals(Scalar other)
    {
        if (_bits != other._bits && !(Kind == ScalarKind.Float && Float.Equals(other.Float)))
            return false;
        if (ReferenceEquals(_content, other._content))
            return true;
        return (_content, other._content) switch
        {
            (byte[] mine, byte[] theirs) => mine.AsSpan().SequenceEqual(theirs),
            (null, _) or (_, null) => false,
            _ => _content.Equals(other._content),
        };
    }

    public override bool Equals(object? obj) => obj is Scalar other && Equals(other);

    public override int GetHashCode() => _content switch
    {
        null => 0,
        byte[] bytes => bytes.Length,
        Tag tag => HashCode.Combine(tag.Kind, _bits),
        _ => _content.GetHashCode(),
    };

    public static bool operator ==(Scalar left, Scalar right) => left.Equals(right);

    public static bool operator !=(Scalar left, Scalar right) => !left.Equals(right);

    /// <summary>The text form, as Python's <c>str</c> gives it.</summary>
    public override string ToString() => PythonText.Str(this);

    /// <summary>Keys compare as in a Python dictionary: <c>1</c>, <c>1.0</c> and <c>true</c> are one key, <c>'1'</c> is another.</summary>
    public static IEqualityComparer<Scalar> KeyComparer { get; } = new PythonKeyComparer();

    private sealed record PathText(string Path);

    /// <summary>Marks the kinds whose content fits the bits.</summary>
    private sealed class Tag(ScalarKind kind)
    {
        public static readonly Tag Bool = new(ScalarKind.Bool);
        public static readonly Tag Int = new(ScalarKind.Int);
        public static readonly Tag Float = new(ScalarKind.Float);
        public static readonly Tag Missing = new(ScalarKind.Missing);
        public static readonly Tag Container = new(ScalarKind.Container);

        public ScalarKind Kind { get; } = kind;
    }

    private sealed class PythonKeyComparer : IEqualityComparer<Scalar>
    {
        public bool Equals(Scalar x, Scalar y)
        {
            if (x._content is string left && y._content is string right)
                return left == right;
            return IsNumber(x) && IsNumber(y) ? Number(x).Equals(Number(y)) : x.Equals(y);
        }

        public int GetHashCode(Scalar key) => key._content is string text ? text.GetHashCode(StringComparison.Ordinal) : IsNumber(key) ? Number(key).GetHashCode() : key.GetHashCode();

        private static bool IsNumber(Scalar key) => key.Kind is ScalarKind.Bool or ScalarKind.Int or ScalarKind.Float;

        /// <summary>A form in which equal numbers are equal: the integer when there is no fraction, else the float itself.</summary>
        private static object Number(Scalar key)
        {
            if (key.Kind != ScalarKind.Float)
                return key.Int;
            return double.IsFinite(key.Float) && Math.Floor(key.Float) == key.Float ? new BigInteger(key.Float) : key.Float;
        }
    }
}

/// <summary>A member of an enumeration that a schema declares.</summary>
/// <param name="Type">Name of the enumeration.</param>
public sealed record EnumMember(string Type, string Name, long Value)
{
    /// <summary><c>Color.RED</c>.</summary>
    public override string ToString() => $"{Type}.{Name}";
}
