using System.Collections.Immutable;
using System.Text;
using Weft.Config.Nodes;

namespace Weft.Config.Overrides;

/// <summary>
/// Writes a value as the text after <c>=</c>, the way Hydra writes the overrides of a job. Reading the text gives the value again, with one
/// exception that is Hydra's: a text made by a function (<c>str(1)</c>, <c>choice('1')</c>) is written without quotes, so one that looks
/// like a number, a boolean or null is read as that.
/// </summary>
public static class ElementPrinter
{
    public static string Print(Element element)
    {
        if (element is Element.Text { Quote: Quote.None } text && IsPlain(text.Content))
            return text.Content;
        var result = new StringBuilder();
        Print(result, element, isNested: false);
        return result.ToString();
    }

    private static void Print(StringBuilder text, Element element, bool isNested)
    {
        switch (element)
        {
            case Element.Null:
                text.Append("null");
                break;
            case Element.Bool boolean:
                text.Append(boolean.Is ? "True" : "False");
                break;
            case Element.Int integer:
                text.Append(integer.Number);
                break;
            case Element.Float number:
                text.Append(PythonText.Float(number.Number));
                break;
            case Element.Text { Quote: Quote.None } unquoted:
                PrintUnquoted(text, unquoted.Content, isNested);
                break;
            case Element.Text quoted:
                PrintQuoted(text, quoted.Content, quoted.Quote == Quote.Single ? '\'' : '"');
                break;
            case Element.List list:
                text.Append('[');
                PrintAll(text, list.Items, isNested: true);
                text.Append(']');
                break;
            case Element.Map map:
                PrintMap(text, map);
                break;
            case Element.Extension extension:
                text.Append("extend_list(");
                PrintAll(text, extension.Items, isNested: true);
                text.Append(')');
                break;
            default:
                PrintSweep(text, element, isNested);
                break;
        }
    }

    private static void PrintAll(StringBuilder text, ImmutableArray<Element> items, bool isNested)
    {
        for (int i = 0; i < items.Length; i++)
        {
            if (i > 0)
                text.Append(',');
            Print(text, items[i], isNested);
        }
    }

    private static void PrintMap(StringBuilder text, Element.Map map)
    {
        text.Append('{');
        for (int i = 0; i < map.Entries.Length; i++)
        {
            if (i > 0)
                text.Append(',');
            Print(text, map.Entries[i].Key, isNested: true);
            text.Append(':');
            Print(text, map.Entries[i].Value, isNested: true);
        }
        text.Append('}');
    }

    private static void PrintUnquoted(StringBuilder text, string content, bool isNested)
    {
        foreach (char c in content)
        {
            if (!OverrideLexer.IsUnquoted(c) && !OverrideLexer.IsEscapable(c))
            {
                PrintQuoted(text, content, '\'');
                return;
            }
        }
        if (content.Length == 0 && isNested)
            text.Append("''");
        foreach (char c in content)
        {
            if (OverrideLexer.IsEscapable(c))
                text.Append('\\');
            text.Append(c);
        }
    }

    /// <summary>Backslashes are doubled in front of the enclosing quote, and only there.</summary>
    private static void PrintQuoted(StringBuilder text, string content, char quote)
    {
        text.Append(quote);
        int backslashes = 0;
        foreach (char c in content)
        {
            if (c == quote)
                text.Append('\\', backslashes + 1);
            text.Append(c);
            backslashes = c == '\\' ? backslashes + 1 : 0;
        }
        text.Append('\\', backslashes).Append(quote);
    }

    private static void PrintSweep(StringBuilder text, Element sweep, bool isNested)
    {
        ImmutableSortedSet<string> tags = TagsOf(sweep);
        if (tags.Count > 0)
        {
            text.Append("tag(");
            foreach (string tag in tags)
            {
                PrintQuoted(text, tag, '\'');
                text.Append(',');
            }
        }
        bool isShuffled = sweep is Element.Choice { IsShuffled: true } or Element.Range { IsShuffled: true };
        if (isShuffled)
            text.Append("shuffle(");
        switch (sweep)
        {
            case Element.Choice { IsSimple: true, Items.Length: > 1 } choice when (!isNested && tags.Count == 0) || (isShuffled && tags.Count == 0):
                PrintAll(text, choice.Items, isNested: false);
                break;
            case Element.Choice choice:
                text.Append("choice(");
                PrintAll(text, choice.Items, isNested: true);
                text.Append(')');
                break;
            case Element.Range range:
                text.Append("range(").Append(range.Start).Append(',').Append(range.Stop).Append(',').Append(range.Step).Append(')');
                break;
            case Element.Interval { Start: Element.Int } interval:
                text.Append("int(interval(").Append(interval.Start).Append(',').Append(interval.End).Append("))");
                break;
            case Element.Interval interval:
                text.Append("interval(").Append(interval.Start).Append(',').Append(interval.End).Append(')');
                break;
            case Element.Glob glob:
                text.Append("glob(");
                PrintPatterns(text, glob.Include);
                if (glob.Exclude.Length > 0)
                    PrintPatterns(text.Append(','), glob.Exclude);
                text.Append(')');
                break;
        }
        if (isShuffled)
            text.Append(')');
        if (tags.Count > 0)
            text.Append(')');
    }

    private static void PrintPatterns(StringBuilder text, ImmutableArray<string> patterns)
    {
        text.Append('[');
        for (int i = 0; i < patterns.Length; i++)
        {
            if (i > 0)
                text.Append(',');
            PrintQuoted(text, patterns[i], '\'');
        }
        text.Append(']');
    }

    private static ImmutableSortedSet<string> TagsOf(Element sweep) => sweep switch
    {
        Element.Choice choice => choice.Tags,
        Element.Range range => range.Tags,
        Element.Interval interval => interval.Tags,
        _ => Element.NoTags,
    };

    private static bool IsPlain(string content)
    {
        foreach (char c in content)
        {
            if (!OverrideLexer.IsUnquoted(c) || c == '\\')
                return false;
        }
        return true;
    }
}
