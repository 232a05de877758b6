using Weft.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Tokens;
using ScalarToken = YamlDotNet.Core.Tokens.Scalar;

namespace Weft.Config.Nodes;

/// <summary>
/// What PyYAML refuses and our YAML parser lets pass: unprintable characters, tabs between tokens, and <c>?</c> in a plain scalar inside brackets. A
/// configuration that Hydra cannot read should not be read here either, with another meaning or none.
/// </summary>
internal static class PyYaml
{
    /// <returns>False after a diagnostic.</returns>
    public static bool Check(Source source, Diagnostics diagnostics)
    {
        string text = source.Text;
        for (int i = 0; i < text.Length; i++)
        {
            if (IsUnprintable(text, i) && (i > 0 || text[i] != '\uFEFF'))
            {
                diagnostics.Error("yaml/character", $"the character U+{(int)text[i]:X4} cannot stand in YAML", source.At(i, 1), "write it as an escape in double quotes");
                return false;
            }
        }
        return !text.Contains('\t') && !text.AsSpan().ContainsAny('{', '[') || CheckTokens(source, diagnostics);
    }

    /// <summary>Walks the tokens; what breaks the grammar is left to the parser to say.</summary>
    private static bool CheckTokens(Source source, Diagnostics diagnostics)
    {
        string text = source.Text;
        var scanner = new Scanner(new StringReader(text), skipComments: false);
        int flow = 0;
        int checkedTo = 0;
        try
        {
            while (scanner.MoveNext())
            {
                Token token = scanner.Current!;
                // The scanner gives this token for ever; the parser meets it too and says what is wrong.
                if (token is Error)
                    return true;
                flow += token switch { FlowMappingStart or FlowSequenceStart => 1, FlowMappingEnd or FlowSequenceEnd => -1, _ => 0 };
                if (token is not (ScalarToken or Comment))
                    continue;
                int start = (int)Math.Min(token.Start.Index, text.Length);
                int end = (int)Math.Min(token.End.Index, text.Length);
                if (!CheckTabs(source, checkedTo, start, diagnostics))
                    return false;
                checkedTo = end;
                if (token is not ScalarToken { Style: ScalarStyle.Plain })
                    continue;
                if (!CheckTabs(source, start, end, diagnostics))
                    return false;
                int mark = flow > 0 ? text.AsSpan(start, end - start).IndexOf('?') : -1;
                if (mark >= 0)
                {
                    diagnostics.Error("yaml/syntax", "inside brackets `?` cannot stand in a value without quotes", source.At(start + mark, 1), "put the value in quotes");
                    return false;
                }
            }
        }
        catch (Exception e) when (e is YamlException or InvalidOperationException or ArgumentException)
        {
            // The parser meets the same place and reports it.
            return true;
        }
        return CheckTabs(source, checkedTo, text.Length, diagnostics);
    }

    private static bool CheckTabs(Source source, int start, int end, Diagnostics diagnostics)
    {
        int tab = start < end ? source.Text.AsSpan(start, end - start).IndexOf('\t') : -1;
        if (tab < 0)
            return true;
        diagnostics.Error("yaml/syntax", "a tab cannot stand between the parts of a YAML document", source.At(start + tab, 1), "use spaces");
        return false;
    }

    private static bool IsUnprintable(string text, int at)
    {
        char c = text[at];
        if (c is >= ' ' and <= '~' or '\t' or '\n' or '\r' or '\x85' or >= '\xA0' and <= '\uD7FF' or >= '\uE000' and <= '\uFFFD')
            return false;
        return !(char.IsHighSurrogate(c) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
            && !(char.IsLowSurrogate(c) && at > 0 && char.IsHighSurrogate(text[at - 1]));
    }
}
