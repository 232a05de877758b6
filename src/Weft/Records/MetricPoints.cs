using System.Buffers.Binary;

namespace Weft.Records;

/// <summary>One point of a metric, which is identified by all it holds. In order of key, timestamp, step, value.</summary>
/// <param name="Key">The number of the metric's name.</param>
/// <param name="Value">0 for a NaN.</param>
internal readonly record struct PointRow(long Key, long Step, long Timestamp, double Value, bool IsNan) : IComparable<PointRow>
{
    public int CompareTo(PointRow other)
    {
        int order = Key.CompareTo(other.Key);
        if (order == 0)
            order = Timestamp.CompareTo(other.Timestamp);
        if (order == 0)
            order = Step.CompareTo(other.Step);
        if (order == 0)
            order = Value.CompareTo(other.Value);
        return order == 0 ? IsNan.CompareTo(other.IsNan) : order;
    }
}

/// <summary>
/// Points as bytes: for each what its key, timestamp and step differ by from the point before, as integers of variable length, and the value,
/// little-endian. Neighbours differ by little, so that a point takes about eleven bytes.
/// </summary>
internal static class PointBytes
{
    /// <summary>The most bytes that one point takes.</summary>
    public const int Most = 3 * 10 + sizeof(double);

    /// <returns>How many bytes were written.</returns>
    public static int Write(ReadOnlySpan<PointRow> points, Span<byte> bytes)
    {
        PointRow before = default;
        int length = 0;
        foreach (ref readonly PointRow point in points)
        {
            length += WriteChange(bytes[length..], point.Key - before.Key);
            length += WriteChange(bytes[length..], point.Timestamp - before.Timestamp);
            length += WriteChange(bytes[length..], point.Step - before.Step);
            BinaryPrimitives.WriteDoubleLittleEndian(bytes[length..], point.IsNan ? double.NaN : point.Value);
            length += sizeof(double);
            before = point;
        }
        return length;
    }

    public static void Read(ReadOnlySpan<byte> bytes, List<PointRow> points)
    {
        (long key, long timestamp, long step) = (0, 0, 0);
        while (!bytes.IsEmpty)
        {
            key += ReadChange(ref bytes);
            timestamp += ReadChange(ref bytes);
            step += ReadChange(ref bytes);
            double value = BinaryPrimitives.ReadDoubleLittleEndian(bytes);
            bytes = bytes[sizeof(double)..];
            bool isNan = double.IsNaN(value);
            points.Add(new PointRow(key, step, timestamp, isNan ? 0 : value, isNan));
        }
    }

    /// <summary>Seven bits a byte, lowest first, the sign in the lowest bit of all: small numbers of either sign are short.</summary>
    private static int WriteChange(Span<byte> bytes, long change)
    {
        ulong rest = (ulong)((change << 1) ^ (change >> 63));
        int length = 0;
        for (; rest >= 0x80; rest >>= 7)
            bytes[length++] = (byte)(rest | 0x80);
        bytes[length++] = (byte)rest;
        return length;
    }

    private static long ReadChange(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        int length = 0;
        byte next;
        do
        {
            next = bytes[length];
            value |= (ulong)(next & 0x7f) << (7 * length++);
        }
        while (next >= 0x80);
        bytes = bytes[length..];
        return (long)(value >> 1) ^ -(long)(value & 1);
    }
}
