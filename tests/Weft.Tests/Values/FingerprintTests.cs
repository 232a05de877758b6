using Weft.Values;

namespace Weft.Tests.Values;

/// <summary>What differs in anything has another fingerprint.</summary>
public sealed class FingerprintTests
{
    [Fact]
    public void Every_byte_and_every_length_counts()
    {
        var seen = new HashSet<string>();
        byte[] zeros = new byte[40];
        for (int length = 0; length <= zeros.Length; length++)
            Assert.True(seen.Add(Fingerprint.Of(zeros.AsSpan(0, length)).Hex));
        for (int bit = 0; bit < zeros.Length * 8; bit++)
        {
            byte[] one = new byte[40];
            one[bit / 8] = (byte)(1 << bit % 8);
            Assert.True(seen.Add(Fingerprint.Of(one).Hex));
        }
        Assert.True(seen.Add(Fingerprint.Of([1, 2, 3, 4, 5, 6, 7, 8, 9]).Hex));
        Assert.True(seen.Add(Fingerprint.Of([1, 2, 3, 4, 5, 6, 7, 9, 8]).Hex));
        Assert.All(seen, hex => Assert.Equal(32, hex.Length));
    }

    [Fact]
    public void It_is_the_same_when_it_is_read_back()
    {
        Fingerprint made = Fingerprint.Of("weft.yaml"u8);
        using var content = new MemoryStream();
        made.Write(new BinaryWriter(content));
        content.Position = 0;
        Assert.Equal(made, Fingerprint.Read(new BinaryReader(content)));
        Assert.NotEqual(made, Fingerprint.Of("weft.yml"u8));
    }
}
