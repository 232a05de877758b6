using System.Security.Cryptography;
using Weft.Records;

namespace Weft.Tracking;

/// <summary>Names and ids that the store gives when nobody else did.</summary>
internal static class RunNames
{
    private const int Longest = 20;

    /// <summary><c>adjective-animal-0…1000</c>, at most 20 characters.</summary>
    public static string New()
    {
        while (true)
        {
            string name = $"{MemorableName.WordsOf(NewId())}-{RandomNumberGenerator.GetInt32(1001)}";
            if (name.Length <= Longest)
                return name;
        }
    }

    /// <summary>32 lower-case hexadecimal digits: a random UUID without dashes.</summary>
    public static string NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return Convert.ToHexStringLower(bytes);
    }
}
