using System.Collections.Immutable;
using System.Text;
using Weft.Text;

namespace Weft.Sweeps;

/// <summary>
/// Reads swept words, the grammar of HydraFlow's <c>each</c> and <c>all</c>, of ad-hoc command lines and of <c>weft.yaml</c>.
/// <code>
/// text     = { word }                        words as a shell splits them
/// word     = key [ "/" ksuffix ] "=" value   exactly one "=" per word
/// eachword = word { "|" ( word | value ) }
/// </code>
/// A word can be used in two ways: expanded, it gives one word per value (the outer sweep); collected, it stays one word with all values
/// joined by commas, which the program itself expands (the inner sweep). A part between pipes is collected too.
/// </summary>
public sealed class SweepReader(Diagnostics diagnostics, RangeOrder order = RangeOrder.StepLast)
{
    /// <summary>Bytes of UTF-8: Linux takes no longer argument.</summary>
    public const int MaxWordBytes = 131_071;

    /// <summary>The choices of a value alone, without key. Null when it is wrong, and the diagnostics say why.</summary>
    public Choices? ReadValue(Excerpt value) => new ValueReader(value, order, diagnostics).Read();

    /// <summary>The words of an outer sweep. Default when the text is wrong.</summary>
    public ImmutableArray<SweptWord> ReadEach(Excerpt text) => ReadWords(text, ReadEachWord);

    /// <summary>The words of an inner sweep. Default when the text is wrong.</summary>
    public ImmutableArray<InnerWord> ReadAll(Excerpt text) => ReadWords(text, ReadAllWord);

    /// <summary>One word of an outer sweep; null when it is wrong.</summary>
    public SweptWord? ReadEachWord(Excerpt word)
    {
        if (!word.Text.Contains('|'))
            return Assign(word) is { } parameter ? new SweptWord(word.At, [parameter]) : null;

        var parts = ImmutableArray.CreateBuilder<SweptParameter>();
        Target? target = null;
        bool isGood = true;
        for (int start = 0; start <= word.Text.Length;)
        {
            int pipe = word.Text.IndexOf('|', start);
            int end = pipe < 0 ? word.Text.Length : pipe;
            Excerpt part = word.Part(start, end - start);
            start = end + 1;
            Excerpt value = part;
            if (part.Text.Contains('='))
            {
                target = null;
                if (SplitWord(part) is { } split)
                    (target, value) = (split.Target, split.Value);
            }
            else if (target is not { Key.Length: > 0 })
            {
                target = null;
                ReportNoAssignment(part);
            }
            if (target is { } known && Values(known, value) is { } choices && Join(known.Key, choices, part.At) is { } joined)
                parts.Add(new SweptParameter(known.Key, new Choices.Listed([joined.Value]), joined.InnerRuns, part.At) { Inner = choices });
            else
                isGood = false;
        }
        return isGood ? new SweptWord(word.At, parts.DrainToImmutable()) : null;
    }

    /// <summary>One word of an inner sweep; null when it is wrong. A pipe is an ordinary character here.</summary>
    public InnerWord? ReadAllWord(Excerpt word) =>
        SplitWord(word) is { } split && Values(split.Target, split.Value) is { } choices ? Join(split.Target.Key, choices, word.At) : null;

    private ImmutableArray<T> ReadWords<T>(Excerpt text, Func<Excerpt, T?> read) where T : class
    {
        ImmutableArray<Excerpt> words = ShellWords.Split(text, diagnostics);
        if (words.IsDefault)
            return default;
        var all = ImmutableArray.CreateBuilder<T>(words.Length);
        foreach (Excerpt word in words)
        {
            if (read(word) is { } one)
                all.Add(one);
        }
        return all.Count == words.Length ? all.DrainToImmutable() : default;
    }

    private SweptParameter? Assign(Excerpt word)
    {
        if (SplitWord(word) is not { } split || Values(split.Target, split.Value) is not { } choices)
            return null;
        if (choices.Count == 0)
            diagnostics.Warning("sweep/no-values", $"`{word.Text}` has no values, so nothing is run", word.At, $"for an empty text write `{split.Target.Key}=\"''\"`");
        return new SweptParameter(split.Target.Key, choices, 1, word.At);
    }

    /// <summary>word = key [ "/" ksuffix ] "=" value</summary>
    internal (Target Target, string WrittenSuffix, Excerpt Value)? SplitWord(Excerpt word)
    {
        int equals = word.Text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            ReportNoAssignment(word);
            return null;
        }
        int second = word.Text.IndexOf('=', equals + 1);
        if (second >= 0)
        {
            diagnostics.Error("sweep/several-equals", "expected one `=` in a swept word, found another one", word.SpanOf(second, 1), "a value with `=` in it can stand in `add`");
            return null;
        }
        Excerpt value = word.Part(equals + 1);
        int slash = word.Text.AsSpan(0, equals).IndexOf('/');
        if (slash < 0)
            return (new Target(word.Text[..equals], ""), "", value);
        int secondSlash = word.Text.AsSpan(0, equals).LastIndexOf('/');
        if (secondSlash > slash)
        {
            diagnostics.Error("sweep/several-slashes", "expected one `/` before `=`, found another one", word.SpanOf(secondSlash, 1), "a config group can stand in `add`");
            return null;
        }
        string suffix = word.Text[(slash + 1)..equals];
        if (suffix.Length > 1 && suffix[0] is not ('e' or 'E'))
        {
            diagnostics.Warning("sweep/key-suffix", $"`{suffix}` is put behind every value of `{word.Text[..slash]}`, as what follows `/` is a suffix",
                word.SpanOf(slash + 1, suffix.Length), $"a config group `{word.Text[..equals]}` can stand in `add`");
        }
        return (new Target(word.Text[..slash], ValueReader.ExponentOf(suffix) ?? suffix), suffix, value);
    }

    private Choices? Values(Target target, Excerpt value)
    {
        Choices? choices = ReadValue(value);
        return choices is null || target.Suffix.Length == 0 ? choices : new Choices.Suffixed(choices, target.Suffix);
    }

    private InnerWord? Join(string key, Choices choices, Span at)
    {
        var text = new StringBuilder();
        for (long i = 0; i < choices.Count && text.Length <= MaxWordBytes; i++)
            text.Append(i > 0 ? "," : "").Append(choices[i]);
        if (Encoding.UTF8.GetByteCount(key) + 1 + Encoding.UTF8.GetByteCount(text.ToString()) > MaxWordBytes)
        {
            diagnostics.Error("sweep/word-too-long", $"the values of `{key}` make a word of more than {MaxWordBytes:N0} bytes, the longest that a program can be given", at,
                "sweep this key in `each`, which gives every command one value");
            return null;
        }
        return new InnerWord(key, text.ToString(), choices, at);
    }

    private void ReportNoAssignment(Excerpt word)
    {
        string hint = word.Text.StartsWith('#') ? "`#` starts no comment inside a folded or quoted text" : "other words, such as flags and `~deletions`, can stand in `add`";
        diagnostics.Error("sweep/no-assignment", $"expected `key=values`, found `{word.Text}`", word.At, hint);
    }

    /// <summary>What a word sets, and the text behind each of its values.</summary>
    internal readonly record struct Target(string Key, string Suffix);
}

/// <summary>One word of an outer sweep: its parts follow one another.</summary>
public sealed record SweptWord(Span At, ImmutableArray<SweptParameter> Parts)
{
    /// <summary>How many words it becomes.</summary>
    public long Count => Parts.Sum(part => part.Values.Count);
}

/// <summary>A key with the values it takes.</summary>
/// <param name="InnerRuns">How many values each of the choices holds, joined by commas: above 1 only between pipes.</param>
public sealed record SweptParameter(string Key, Choices Values, long InnerRuns, Span At)
{
    /// <summary>The values that the only choice joins, of a part between pipes; null elsewhere.</summary>
    public Choices? Inner { get; init; }
}

/// <summary>A word of an inner sweep.</summary>
/// <param name="Value">All values, joined by commas.</param>
/// <param name="Choices">The values one by one.</param>
public sealed record InnerWord(string Key, string Value, Choices Choices, Span At)
{
    public string Text => $"{Key}={Value}";

    /// <summary>How many runs the program makes of it; at least 1.</summary>
    public long InnerRuns => Math.Max(1, Choices.Count);
}
