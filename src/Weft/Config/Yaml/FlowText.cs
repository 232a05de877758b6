using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Tokens;
using ScalarToken = YamlDotNet.Core.Tokens.Scalar;

namespace Weft.Config.Yaml;

/// <summary>
/// What YAML 1.1 lets stand inside brackets and YamlDotNet's scanner refuses: a <c>-</c> alone (<c>[-, 0]</c>, a text) and a <c>?</c> that touches the key which it
/// announces (<c>{?"x": 1}</c>). Makes a text that the scanner reads, and leads back from its places and values to those of the original.
/// </summary>
internal sealed class FlowText
{
    /// <summary>Each one that is found costs one more scan.</summary>
    private const int MostKeys = 100;

    /// <summary>Stands for a dash; a character that the text does not have.</summary>
    private readonly char _dash;

    /// <summary>Where blanks were put in, in the order of the text, as places of the original.</summary>
    private readonly List<int> _inserted = [];

    private FlowText(string text, char dash)
    {
        Text = text;
        _dash = dash;
    }

    /// <summary>What the scanner is given.</summary>
    public string Text { get; private set; }

    public static FlowText Of(string original)
    {
        bool hasDashes = original.Contains("-,", StringComparison.Ordinal) || original.Contains("-]", StringComparison.Ordinal) || original.Contains("-}", StringComparison.Ordinal);
        bool mayHaveKeys = original.Contains('?') && original.AsSpan().ContainsAny('{', '[');
        if (!hasDashes && !mayHaveKeys)
            return new FlowText(original, '\0');
        char dash = '\uE000';
        while (original.Contains(dash))
            dash++;
        var text = new FlowText(hasDashes ? Hide(original, dash) : original, dash);
        if (mayHaveKeys)
            text.PartKeys();
        return text;
    }

    /// <summary>The place in the original of one in <see cref="Text"/>.</summary>
    public int Original(int index)
    {
        int before = 0;
        while (before < _inserted.Count && _inserted[before] + before < index)
            before++;
        return index - before;
    }

    /// <summary>A value as the original has it.</summary>
    public string Restore(string value) => _dash == '\0' ? value : value.Replace(_dash, '-');

    /// <summary>A dash that begins a token and touches what ends one is a text, inside brackets and elsewhere.</summary>
    private static string Hide(string original, char dash)
    {
        var text = new StringBuilder(original);
        for (int i = 0; i + 1 < original.Length; i++)
        {
            if (original[i] == '-' && original[i + 1] is ',' or ']' or '}' && (i == 0 || original[i - 1] is ' ' or '\n' or '[' or '{' or ','))
                text[i] = dash;
        }
        return text.ToString();
    }

    /// <summary>Puts a blank behind each question mark with which a plain scalar inside brackets begins.</summary>
    private void PartKeys()
    {
        while (_inserted.Count < MostKeys && FindKey() is { } at)
        {
            int original = Original(at + 1);
            _inserted.Insert(_inserted.FindIndex(place => place > original) is >= 0 and var next ? next : _inserted.Count, original);
            Text = Text.Insert(at + 1, " ");
        }
    }

    private int? FindKey()
    {
        var scanner = new Scanner(new StringReader(Text), skipComments: true);
        int flow = 0;
        try
        {
            while (scanner.MoveNext() && scanner.Current is { } token and not Error)
            {
                flow += token switch { FlowMappingStart or FlowSequenceStart => 1, FlowMappingEnd or FlowSequenceEnd => -1, _ => 0 };
                int start = (int)Math.Min(token.Start.Index, Text.Length);
                if (flow > 0 && token is ScalarToken { Style: ScalarStyle.Plain } && start < Text.Length && Text[start] == '?')
                    return start;
            }
        }
        catch (Exception e) when (e is YamlException or InvalidOperationException or ArgumentException)
        {
            // The parser meets the same place and reports it.
        }
        return null;
    }
}
