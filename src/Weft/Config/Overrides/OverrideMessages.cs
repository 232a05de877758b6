using Weft.Text;

namespace Weft.Config.Overrides;

/// <summary>What the override parser says about text that it cannot read, and what may have been meant.</summary>
internal static class OverrideMessages
{
    public static string Found(Source source, Token token) => token.Kind switch
    {
        TokenKind.End => "the end",
        TokenKind.WhiteSpace => "a space",
        _ => $"`{source.Text.AsSpan(token.Start, token.Length).Trim(" \t")}`",
    };

    public static void UnknownCharacter(Source source, Token token, Diagnostics diagnostics)
    {
        string text = source.Text;
        char c = text[token.Start];
        int length = char.IsHighSurrogate(c) && token.Start + 1 < text.Length ? 2 : 1;
        Span at = source.At(token.Start, length);
        int equal = text.IndexOf('=');
        if (equal >= 0 && equal < token.Start)
        {
            string message = c is '\'' or '"' ? $"the quote {c} is not closed" : $"`{Shown(at)}` cannot stand in a value without quotes";
            diagnostics.Error("override/character", message, at, c is '\'' or '"' ? $"close it, or write \\{c} inside the other kind of quotes" : QuoteHint(source, token.Start));
            return;
        }
        diagnostics.Error("override/character", $"`{Shown(at)}` cannot stand in the key of an override", at, KeyHint(text, token.Start));
    }

    public static void AfterKey(Source source, Token token, Span key, bool hasPackage, OverrideKind kind, Diagnostics diagnostics)
    {
        Span at = source.At(token.Start, token.Length);
        string name = key.Text.ToString();
        if (token.Kind == TokenKind.End)
        {
            string hint = name.Length == 0 ? "write `key=value`" : $"write `{source.Text}=VALUE`, or `~{name}` to remove it";
            diagnostics.Error("override/syntax", name.Length == 0 ? "expected `key=value`, found nothing" : $"expected `=` after `{name}`, found the end", at, hint);
            return;
        }
        string? remedy = token.Kind switch
        {
            TokenKind.Colon when hasPackage => "moving a group from one package to another is not part of the grammar: delete the one and add the other",
            TokenKind.At when hasPackage => "a key has one package",
            TokenKind.Slash when name.Length == 0 => "a group path starts without `/` here",
            TokenKind.Slash => "a group path has slashes only, a key dots only",
            TokenKind.Plus or TokenKind.Tilde when name.Length == 0 => "the prefixes are `+` (add), `++` (add or change) and `~` (remove)",
            _ => null,
        };
        string expected = name.Length == 0 ? "expected a key" : kind == OverrideKind.Delete ? $"expected `=` or the end after `{name}`" : $"expected `=` after `{name}`";
        diagnostics.Error("override/syntax", $"{expected}, found {Found(source, token)}", at, remedy);
    }

    /// <summary>The whole value in quotes, when an unquoted text was likely meant; null otherwise.</summary>
    public static string? QuoteHint(Source source, int at)
    {
        string text = source.Text;
        int equal = text.IndexOf('=');
        if (equal < 0 || equal >= at)
            return null;
        ReadOnlySpan<char> value = text.AsSpan(equal + 1).Trim(" \t");
        if (value.Length is 0 or > 60 || value[0] is '\'' or '"' or '[' or '{' || value.Contains('(') || value.ContainsAny('\'', '\\'))
            return null;
        return $"to pass it as text, quote it for the grammar and for the shell: \"{text[..(equal + 1)]}'{value}'\"";
    }

    private static string? KeyHint(string text, int at)
    {
        char c = text[at];
        if (c is ' ' or '\t')
            return "no spaces around the key";
        if (c == '[')
            return "write the path with dots: `a.0.b`";
        if (c == '-' && at == 0)
            return "options of the command stand before the overrides; a key does not start with `-`";
        if (c == '.')
            return "a dot stands between two names";
        return char.IsAsciiDigit(c) ? "a key does not start with a digit" : null;
    }

    private static string Shown(Span at) => at.Text is [var c] && char.IsControl(c) ? $"\\u{(int)c:X4}" : at.Text.ToString();
}
