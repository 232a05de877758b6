using System.Text;

namespace Weft.Secrets;

/// <summary>
/// The forms in which a secret may come into a log: as it is, escaped for a URL or in JSON, in base64, by itself or inside a longer text, such as
/// <c>user:secret</c> of an HTTP header.
/// </summary>
internal static class SecretForms
{
    /// <summary>A shorter form would take every such run of letters out of the log.</summary>
    public const int Shortest = 4;

    public static IEnumerable<byte[]> Of(string secret)
    {
        if (secret.Length < Shortest)
            return [];
        string json = Json(secret, ascii: true);
        var forms = new HashSet<string>(StringComparer.Ordinal) { secret, json, json.Replace("/", "\\/", StringComparison.Ordinal), Json(secret, ascii: false) };
        string escaped = Uri.EscapeDataString(secret);
        foreach (string form in (string[])[escaped, escaped.Replace("%2F", "/", StringComparison.Ordinal), escaped.Replace("%20", "+", StringComparison.Ordinal)])
        {
            forms.Add(form);
            forms.Add(Lower(form));
        }
        byte[] bytes = Encoding.UTF8.GetBytes(secret);
        for (int offset = 0; offset < 3; offset++)
        {
            string form = Inside(bytes, offset);
            if (form.Length < Shortest)
                continue;
            forms.Add(form);
            forms.Add(form.Replace('+', '-').Replace('/', '_'));
        }
        forms.Add(Convert.ToBase64String(bytes));
        return forms.Select(Encoding.UTF8.GetBytes);
    }

    /// <summary>Between the quotes of a JSON string.</summary>
    /// <param name="ascii">Writes other letters by their numbers, as Python does.</param>
    private static string Json(string secret, bool ascii) => string.Concat(secret.Select(c => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ when c < ' ' || (ascii && !char.IsAscii(c)) => $"\\u{(int)c:x4}",
        _ => c.ToString(),
    }));

    /// <summary>The letters of base64 that depend on the secret alone when so many bytes of something else stand before it.</summary>
    private static string Inside(byte[] secret, int offset)
    {
        byte[] padded = [.. new byte[offset], .. secret];
        string all = Convert.ToBase64String(padded).TrimEnd('=');
        int start = offset == 0 ? 0 : offset + 1;
        int end = padded.Length % 3 == 0 ? all.Length : all.Length - 1;
        return start < end ? all[start..end] : "";
    }

    /// <summary>Some programs write the digits of an escape in small letters.</summary>
    private static string Lower(string escaped)
    {
        var text = new StringBuilder(escaped.Length);
        for (int i = 0; i < escaped.Length; i++)
        {
            text.Append(escaped[i]);
            if (escaped[i] == '%' && i + 2 < escaped.Length)
                text.Append(char.ToLowerInvariant(escaped[++i])).Append(char.ToLowerInvariant(escaped[++i]));
        }
        return text.ToString();
    }
}
