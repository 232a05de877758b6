using System.Collections.Immutable;
using System.Text;
using Weft.Config.Nodes;

namespace Weft.Config.Overrides;

/// <summary>
/// Writes a value as the text after <c>=</c>, the way Hydra writes the overrides of a job. Reading the text gives the value again, with one
/// exception that is Hydra's: a text made by a function (<c>str(1)</c>, <c>choice('1')</c>) is written without quotes, so one that looks
/// like a number, a boolean or null is read as that.
/// </summary>
internal readonly struct ElementPrinter
{
    private readonly StringBuilder _text;

    /// <summary>Quotes are put around a text that could not be read without.</summary>
    private readonly bool _isRead;

    private ElementPrinter(StringBuilder text, bool isRead)
    {
        _text = text;
        _isRead = isRead;
    }

    /// <summary>The word of a job.</summary>
    public static string Print(Element element) => Write(element, isRead: true);

    /// <summary>
    /// What Hydra 1.3 shows of a value. It puts no quotes around <c>${a:'x'}</c>, of which its grammar then refuses what is printed.
    /// </summary>
    internal static string Show(Element element) => Write(element, isRead: false);

    private static string Write(Element element, bool isRead)
    {
        if (element is Element.Text { Quote: Quote.None } text && IsPlain(text.Content))
            return text.Content;
        var result = new StringBuilder();
        new ElementPrinter(result, isRead).Print(element, isNested: false);
        return result.ToString();
    }

    private void Print(Element element, bool isNested)
    {
        switch (element)
        {
            case Element.Null:
                _text.Append("null");
                break;
            case Element.Bool boolean:
                _text.Append(boolean.Is ? "True" : "False");
                break;
            case Element.Int integer:
                _text.Append(integer.Number);
                break;
            case Element.Float number:
                _text.Append(PythonText.Float(number.Number));
                break;
            case Element.Text { Quote: Quote.None } unquoted:
                PrintUnquoted(unquoted.Content, isNested);
                break;
            case Element.Text quoted:
                PrintQuoted(quoted.Content, quoted.Quote == Quote.Single ? '\'' : '"');
                break;
            case Element.List list:
                _text.Append('[');
                PrintAll(list.Items, isNested: true);
                _text.Append(']');
                break;
            case Element.Map map:
                PrintMap(map);
                break;
            case Element.Extension extension:
                _text.Append("extend_list(");
                PrintAll(extension.Items, isNested: true);
                _text.Append(')');
                break;
            default:
                PrintSweep(element, isNested);
                break;
        }
    }

    private void PrintAll(ImmutableArray<Element> items, bool isNested)
    {
        for (int i = 0; i < items.Length; i++)
        {
            if (i > 0)
                _text.Append(',');
            Print(items[i], isNested);
        }
    }

    private void PrintMap(Element.Map map)
    {
        _text.Append('{');
        for (int i = 0; i < map.Entries.Length; i++)
        {
            if (i > 0)
                _text.Append(',');
            Print(map.Entries[i].Key, isNested: true);
            _text.Append(':');
            Print(map.Entries[i].Value, isNested: true);
        }
        _text.Append('}');
    }

    private void PrintUnquoted(string content, bool isNested)
    {
        foreach (char c in content)
        {
            if (_isRead && !OverrideLexer.IsUnquoted(c) && !OverrideLexer.IsEscapable(c))
            {
                PrintQuoted(content, '\'');
                return;
            }
        }
        if (content.Length == 0 && isNested)
            _text.Append("''");
        foreach (char c in content)
        {
            if (OverrideLexer.IsEscapable(c))
                _text.Append('\\');
            _text.Append(c);
        }
    }

    /// <summary>Backslashes are doubled in front of the enclosing quote, and only there.</summary>
    private void PrintQuoted(string content, char quote)
    {
        _text.Append(quote);
        int backslashes = 0;
        foreach (char c in content)
        {
            if (c == quote)
                _text.Append('\\', backslashes + 1);
            _text.Append(c);
            backslashes = c == '\\' ? backslashes + 1 : 0;
        }
        _text.Append('\\', backslashes).Append(quote);
    }

    private void PrintSweep(Element sweep, bool isNested)
    {
        ImmutableSortedSet<string> tags = TagsOf(sweep);
        if (tags.Count > 0)
        {
            _text.Append("tag(");
            foreach (string tag in tags)
            {
                PrintQuoted(tag, '\'');
                _text.Append(',');
            }
        }
        bool isShuffled = sweep is Element.Choice { IsShuffled: true } or Element.Range { IsShuffled: true };
        if (isShuffled)
            _text.Append("shuffle(");
        switch (sweep)
        {
            case Element.Choice { IsSimple: true, Items.Length: > 1 } choice when (!isNested && tags.Count == 0) || (isShuffled && tags.Count == 0):
                PrintAll(choice.Items, isNested: false);
                break;
            case Element.Choice choice:
                _text.Append("choice(");
                PrintAll(choice.Items, isNested: true);
                _text.Append(')');
                break;
            case Element.Range range:
                _text.Append("range(").Append(range.Start).Append(',').Append(range.Stop).Append(',').Append(range.Step).Append(')');
                break;
            case Element.Interval { Start: Element.Int } interval:
                _text.Append("int(interval(").Append(interval.Start).Append(',').Append(interval.End).Append("))");
                break;
            case Element.Interval interval:
                _text.Append("interval(").Append(interval.Start).Append(',').Append(interval.End).Append(')');
                break;
            case Element.Glob glob:
                _text.Append("glob(");
                PrintPatterns(glob.Include);
                if (glob.Exclude.Length > 0)
                {
                    _text.Append(',');
                    PrintPatterns(glob.Exclude);
                }
                _text.Append(')');
                break;
        }
        if (isShuffled)
            _text.Append(')');
        if (tags.Count > 0)
            _text.Append(')');
    }

    private void PrintPatterns(ImmutableArray<string> patterns)
    {
        _text.Append('[');
        for (int i = 0; i < patterns.Length; i++)
        {
            if (i > 0)
                _text.Append(',');
            PrintQuoted(patterns[i], '\'');
        }
        _text.Append(']');
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
