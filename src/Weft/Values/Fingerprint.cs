using System.Buffers.Binary;

namespace Weft.Values;

/// <summary>
/// 128 bits by which two texts are told apart that nobody would forge, such as the status of our own files. It needs no library, where <see cref="Digest"/> loads
/// OpenSSL: 5 ms of a start. Never a content address.
/// </summary>
internal readonly struct Fingerprint : IEquatable<Fingerprint>
{
    private const ulong FirstSeed = 0xCBF29CE484222325, SecondSeed = 0x9E3779B97F4A7C15;

    private readonly ulong _first;
    private readonly ulong _second;

    private Fingerprint(ulong first, ulong second) => (_first, _second) = (first, second);

    /// <summary>32 hexadecimal digits.</summary>
    public string Hex => _first.ToString("x16") + _second.ToString("x16");

    /// <summary>Half of it.</summary>
    public ulong Low => _second;

    /// <summary>Two chains of SplitMix64 (Steele, Lea and Flood, 2014), which take a word of eight bytes in each step.</summary>
    public static Fingerprint Of(ReadOnlySpan<byte> bytes)
    {
        ulong length = (ulong)bytes.Length;
        ulong first = Mix(FirstSeed ^ length);
        ulong second = Mix(SecondSeed + length);
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            first = Mix(first ^ word);
            second = Mix(second + word);
        }
        ulong rest = 0;
        foreach (byte one in bytes)
            rest = (rest << 8) | one;
        return new Fingerprint(Mix(first ^ rest), Mix(second + rest));
    }

    public static Fingerprint Read(BinaryReader from) => new(from.ReadUInt64(), from.ReadUInt64());

    public void Write(BinaryWriter to)
    {
        to.Write(_first);
        to.Write(_second);
    }

    public bool Equals(Fingerprint other) => _first == other._first && _second == other._second;

    public override bool Equals(object? obj) => obj is Fingerprint other && Equals(other);

    public override int GetHashCode() => (int)_first;

    /// <summary>One step of SplitMix64: another number for every number.</summary>
    internal static ulong Mix(ulong state)
    {
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
        return state ^ (state >> 31);
    }

    public static bool operator ==(Fingerprint left, Fingerprint right) => left.Equals(right);

    public static bool operator !=(Fingerprint left, Fingerprint right) => !left.Equals(right);
}
