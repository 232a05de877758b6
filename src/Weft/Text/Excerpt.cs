namespace Weft.Text;

/// <summary>
/// A text that was taken out of a source, perhaps unquoted, unescaped or folded on the way, and can still say where each of its characters
/// stands, so that a problem inside one word of a folded YAML text is shown under that word.
/// </summary>
public sealed class Excerpt
{
    private readonly Span _at;
    private readonly int[]? _offsets;
    private readonly bool _isComputed;

    private Excerpt(string text, Span at, int[]? offsets, bool isComputed)
    {
        Text = text;
        _at = at;
        _offsets = offsets;
        _isComputed = isComputed;
    }

    public string Text { get; }

    /// <summary>The place of the whole.</summary>
    public Span At => Text.Length == 0 || _isComputed ? _at : SpanOf(0, Text.Length);

    /// <summary>The characters of <paramref name="at"/> as they stand there.</summary>
    public static Excerpt Of(Span at) => new(at.Text.ToString(), at, null, false);

    /// <summary>A word typed on the command line; <paramref name="number"/> counts from 1.</summary>
    public static Excerpt OfArgument(int number, string text) => Of(Source.OfArgument(number, text).Whole);

    /// <summary>A text that has no characters of its own in a source, such as the value of an interpolation: every part of it stands at <paramref name="at"/>.</summary>
    public static Excerpt Computed(string text, Span at) => new(text, at, null, true);

    /// <summary>A text of which character i stands at the offset <paramref name="offsets"/>[i] of the source of <paramref name="at"/>, in rising order.</summary>
    public static Excerpt Mapped(string text, Span at, int[] offsets) => new(text, at, offsets, false);

    /// <summary>The stretch of the source from the first to the last character of a part. An empty part is the place between its neighbours.</summary>
    public Span SpanOf(int start, int length)
    {
        if (_isComputed || (Text.Length == 0 && _offsets is null))
            return _at;
        int first = OffsetOf(start);
        int end = length == 0 ? first : OffsetOf(start + length - 1) + 1;
        return new Span(_at.Source, first, end - first);
    }

    public Excerpt Part(int start, int length)
    {
        string text = Text.Substring(start, length);
        if (_isComputed)
            return Computed(text, _at);
        Span at = SpanOf(start, length);
        return new Excerpt(text, at, _offsets?.AsSpan(start, length).ToArray(), false);
    }

    public Excerpt Part(int start) => Part(start, Text.Length - start);

    /// <summary>The characters with these rising indices, such as those of a word without its quotes.</summary>
    internal Excerpt Pick(string text, ReadOnlySpan<int> indices, int start, int end)
    {
        if (_isComputed)
            return Computed(text, _at);
        int[] offsets = new int[indices.Length];
        for (int i = 0; i < offsets.Length; i++)
            offsets[i] = OffsetOf(indices[i]);
        return Mapped(text, SpanOf(start, end - start), offsets);
    }

    public override string ToString() => Text;

    private int OffsetOf(int index)
    {
        if (_offsets is null)
            return _at.Start + index;
        if (index < _offsets.Length)
            return _offsets[index];
        return _offsets.Length == 0 ? _at.Start : _offsets[^1] + 1;
    }
}
