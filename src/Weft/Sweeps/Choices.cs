using System.Collections.Immutable;
using System.Text;
using Weft.Values;

namespace Weft.Sweeps;

/// <summary>
/// The texts that one value of a sweep stands for, by index: <c>(1:3,10)e-(2,3)</c> is a product of a concatenation and a list. Nothing is
/// expanded: a choice costs as much memory as its text, and one index costs as much time as it has parts.
/// </summary>
public abstract record Choices
{
    /// <summary>A parameter with more values than this is a slip.</summary>
    public const long MaxCount = 1_000_000_000;

    private Choices(long count) => Count = count;

    public long Count { get; }

    /// <param name="index">From 0 to <see cref="Count"/> − 1.</param>
    public string this[long index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            return At(index);
        }
    }

    /// <summary>What the text at an index means.</summary>
    public virtual Value ValueAt(long index) => TypedText.Read(At(index));

    private protected abstract string At(long index);

    /// <summary>The texts in order; made while they are read.</summary>
    public IEnumerable<string> All()
    {
        for (long i = 0; i < Count; i++)
            yield return At(i);
    }

    /// <summary>Listed texts.</summary>
    public sealed record Listed(ImmutableArray<string> Texts) : Choices(Texts.Length)
    {
        private protected override string At(long index) => Texts[(int)index];

        public bool Equals(Listed? other) => other is not null && Texts.AsSpan().SequenceEqual(other.Texts.AsSpan());

        public override int GetHashCode() => HashCode.Combine(Texts.Length, Texts.FirstOrDefault());
    }

    /// <summary>Listed texts that mean what their author says, as in a YAML list: <c>"1"</c> stays a text.</summary>
    public sealed record Typed(ImmutableArray<Word> Words) : Choices(Words.Length)
    {
        public override Value ValueAt(long index) => Words[(int)index].Typed;

        private protected override string At(long index) => Words[(int)index].Text;

        public bool Equals(Typed? other) => other is not null && Words.AsSpan().SequenceEqual(other.Words.AsSpan());

        public override int GetHashCode() => HashCode.Combine(Words.Length, Words.FirstOrDefault());
    }

    /// <summary>Evenly spaced numbers; <paramref name="Suffix"/> is put behind each but a bare zero.</summary>
    internal sealed record Ranged(DecimalRange Range, string Suffix) : Choices(Range.Count)
    {
        private protected override string At(long index)
        {
            string text = Range[index];
            return Suffix.Length == 0 || text == "0" ? text : text + Suffix;
        }
    }

    /// <summary>One after the other.</summary>
    internal sealed record Joined(ImmutableArray<Choices> Parts) : Choices(Parts.Sum(part => part.Count))
    {
        public override Value ValueAt(long index) => PartOf(ref index).ValueAt(index);

        private protected override string At(long index) => PartOf(ref index).At(index);

        private Choices PartOf(ref long index)
        {
            foreach (Choices part in Parts)
            {
                if (index < part.Count)
                    return part;
                index -= part.Count;
            }
            throw new ArgumentOutOfRangeException(nameof(index));
        }

        public bool Equals(Joined? other) => other is not null && Parts.AsSpan().SequenceEqual(other.Parts.AsSpan());

        public override int GetHashCode() => HashCode.Combine(Count, Parts.Length);
    }

    /// <summary>Every text of the first with every text of the second and so on, written together; the first varies fastest.</summary>
    internal sealed record Combined(ImmutableArray<Choices> Parts) : Choices(Parts.Aggregate(1L, (count, part) => count * part.Count))
    {
        private protected override string At(long index)
        {
            var text = new StringBuilder();
            foreach (Choices part in Parts)
            {
                (index, long own) = Math.DivRem(index, part.Count);
                text.Append(part.At(own));
            }
            return text.ToString();
        }

        public bool Equals(Combined? other) => other is not null && Parts.AsSpan().SequenceEqual(other.Parts.AsSpan());

        public override int GetHashCode() => HashCode.Combine(Count, Parts.Length);
    }

    /// <summary>A text behind every one.</summary>
    internal sealed record Suffixed(Choices Of, string Suffix) : Choices(Of.Count)
    {
        private protected override string At(long index) => Of.At(index) + Suffix;
    }
}
