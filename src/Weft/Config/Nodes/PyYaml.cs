using Weft.Config.Yaml;
using Weft.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Tokens;
using ScalarToken = YamlDotNet.Core.Tokens.Scalar;

namespace Weft.Config.Nodes;

/// <summary>
/// What PyYAML refuses and our YAML parser lets pass: unprintable characters, tabs between tokens, some indicators in a plain scalar inside brackets, a
/// second document that is empty. A configuration that Hydra cannot read should not be read here either, with another meaning or none.
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
        bool isSimple = !text.AsSpan().ContainsAny('\t', '{', '[') && !text.Contains("---", StringComparison.Ordinal);
        return isSimple || CheckTokens(source, diagnostics);
    }

    /// <summary>Walks the tokens; what breaks the grammar is left to the parser to say.</summary>
    private static bool CheckTokens(Source source, Diagnostics diagnostics)
    {
        FlowText flowText = FlowText.Of(source.Text);
        string text = source.Text;
        var scanner = new Scanner(new StringReader(flowText.Text), skipComments: false);
        int PlaceOf(Mark mark) => flowText.Original((int)Math.Min(mark.Index, flowText.Text.Length));
        int flow = 0;
        bool isComplete = false;
        int checkedTo = 0;
        bool hasContent = false;
        try
        {
            while (scanner.MoveNext())
            {
                Token token = scanner.Current!;
                // The scanner stays at a broken place for ever; the parser meets it too and reports it.
                if (token is Error)
                    return true;
                if (token is DocumentStart && hasContent)
                {
                    diagnostics.Error("yaml/several-documents", "expected one YAML document, found the start of another one", source.At(PlaceOf(token.Start), 3), "remove the line `---`");
                    return false;
                }
                hasContent |= token is not (StreamStart or VersionDirective or TagDirective or Comment);
                flow += token switch { FlowMappingStart or FlowSequenceStart => 1, FlowMappingEnd or FlowSequenceEnd => -1, _ => 0 };
                int start = PlaceOf(token.Start);
                int end = PlaceOf(token.End);
                if (flow > 0 && isComplete && token is ScalarToken or AnchorAlias or Anchor or Tag or FlowMappingStart or FlowSequenceStart or Key)
                {
                    diagnostics.Error("yaml/syntax", "inside brackets two values stand side by side, with no `,` between them", source.At(start, Math.Max(1, end - start)), "put the text in quotes, or a comma between them");
                    return false;
                }
                isComplete = token is ScalarToken or AnchorAlias or FlowMappingEnd or FlowSequenceEnd || (isComplete && token is Comment);
                if (token is not (ScalarToken or Comment))
                    continue;
                if (!CheckTabs(source, checkedTo, start, diagnostics))
                    return false;
                checkedTo = end;
                if (token is not ScalarToken { Style: ScalarStyle.Plain })
                    continue;
                if (!CheckTabs(source, start, end, diagnostics))
                    return false;
                if (flow > 0 && !CheckFlowScalar(source, start, end, diagnostics))
                    return false;
            }
        }
        catch (Exception e) when (e is YamlException or InvalidOperationException or ArgumentException)
        {
            // The parser meets the same place and reports it.
            return true;
        }
        return CheckTabs(source, checkedTo, text.Length, diagnostics);
    }

    /// <summary>A plain scalar inside brackets holds no <c>?</c> and begins with no indicator.</summary>
    private static bool CheckFlowScalar(Source source, int start, int end, Diagnostics diagnostics)
    {
        ReadOnlySpan<char> text = source.Text.AsSpan(start, end - start);
        int mark = text.Length > 0 && "`@|>%:".Contains(text[0]) ? 0 : text.IndexOf('?');
        if (mark < 0)
            return true;
        diagnostics.Error("yaml/syntax", $"inside brackets `{text[mark]}` cannot stand here without quotes", source.At(start + mark, 1), "put the value in quotes");
        return false;
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
