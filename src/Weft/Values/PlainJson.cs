using System.Text.Encodings.Web;
using System.Text.Json;

namespace Weft.Values;

/// <summary>
/// Escapes in JSON what JSON demands and nothing else: quotes, backslashes, control characters. .NET's own encoders, made for text inside of web
/// pages, build tables of all characters when they are first used: 5 ms of every start that plans.
/// </summary>
internal sealed unsafe class PlainJson : JavaScriptEncoder
{
    /// <summary>For documents that programs read.</summary>
    public static readonly JsonWriterOptions Compact = new() { Encoder = new PlainJson() };

    private PlainJson()
    {
    }

    /// <summary><c>\u001f</c>.</summary>
    public override int MaxOutputCharactersPerInputCharacter => 6;

    public override bool WillEncode(int unicodeScalar) => unicodeScalar is < ' ' or '"' or '\\';

    /// <summary>Halves of surrogate pairs count too, as one by itself is replaced: the caller looks at them together.</summary>
    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        for (int i = 0; i < textLength; i++)
        {
            if (WillEncode(text[i]) || char.IsSurrogate(text[i]))
                return i;
        }
        return -1;
    }

    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        ReadOnlySpan<char> digits = "0123456789abcdef";
        numberOfCharactersWritten = 0;
        if (bufferLength < MaxOutputCharactersPerInputCharacter)
            return false;
        buffer[numberOfCharactersWritten++] = '\\';
        if (unicodeScalar is '"' or '\\')
        {
            buffer[numberOfCharactersWritten++] = (char)unicodeScalar;
            return true;
        }
        buffer[numberOfCharactersWritten++] = 'u';
        for (int shift = 12; shift >= 0; shift -= 4)
            buffer[numberOfCharactersWritten++] = digits[(unicodeScalar >> shift) & 15];
        return true;
    }
}
