using System.Buffers.Binary;
using System.Text;

namespace Weft.Server.Otlp;

/// <summary>Reads the fields of one message of protobuf's wire format, in the order in which they come.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;
    private int _kind;

    /// <summary>The number of the field that was moved to.</summary>
    public int Field { get; private set; }

    /// <summary>Moves to the next field; false at the end. Its value must be read or skipped before the next move.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a message.</exception>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
            return false;
        ulong tag = Varint();
        Field = (int)(tag >> 3);
        _kind = (int)(tag & 7);
        return Field > 0 ? true : throw Bad();
    }

    public ReadOnlySpan<byte> Bytes()
    {
        Expect(2);
        ulong length = Varint();
        return Take(length <= (ulong)_rest.Length ? (int)length : throw Bad());
    }

    public string Text() => Encoding.UTF8.GetString(Bytes());

    public ulong Number()
    {
        Expect(0);
        return Varint();
    }

    public ulong Fixed64()
    {
        Expect(1);
        return BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
    }

    public void Skip()
    {
        switch (_kind)
        {
            case 0:
                Varint();
                break;
            case 1:
                Take(8);
                break;
            case 2:
                Bytes();
                break;
            case 5:
                Take(4);
                break;
            default:
                throw Bad();
        }
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Take(1)[0];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
                return value;
        }
        throw Bad();
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw Bad();
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private readonly void Expect(int kind)
    {
        if (_kind != kind)
            throw Bad();
    }

    private static InvalidDataException Bad() => new("the bytes are not a protobuf message");
}
