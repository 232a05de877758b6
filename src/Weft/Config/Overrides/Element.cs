using System.Collections.Immutable;
using System.Numerics;
using Weft.Text;

namespace Weft.Config.Overrides;

/// <summary>How a text was written; printed back the same way.</summary>
public enum Quote
{
    /// <summary>Not quoted, or made by a function.</summary>
    None,
    Single,
    Double,
}

/// <summary>
/// A value of the override grammar: a plain value, a list or map of values, or a sweep over values. Elements compare by content; where
/// they were written does not count.
/// </summary>
public abstract record Element
{
    private Element()
    {
    }

    /// <summary>Where it was written; the call, for what a function made.</summary>
    public Span At { get; init; }

    /// <summary>What it is called in messages.</summary>
    public abstract string Kind { get; }

    public virtual bool Equals(Element? other) => other is not null && EqualityContract == other.EqualityContract;

    public override int GetHashCode() => EqualityContract.GetHashCode();

    /// <summary>As Hydra shows it, for messages. What is to be read again is made by <see cref="ElementPrinter.Print(Element)"/>.</summary>
    public sealed override string ToString() => ElementPrinter.Show(this);

    public sealed record Null : Element
    {
        public override string Kind => "null";
    }

    public sealed record Bool(bool Is) : Element
    {
        public override string Kind => "a boolean";
    }

    public sealed record Int(BigInteger Number) : Element
    {
        public override string Kind => "an integer";
    }

    public sealed record Float(double Number) : Element
    {
        public override string Kind => "a float";
    }

    /// <summary>A text; interpolations stand in it as written.</summary>
    public sealed record Text(string Content, Quote Quote = Quote.None) : Element
    {
        public override string Kind => "a text";
    }

    public sealed record List(ImmutableArray<Element> Items) : Element
    {
        public override string Kind => "a list";

        public bool Equals(List? other) => base.Equals(other) && Items.AsSpan().SequenceEqual(other!.Items.AsSpan());

        public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Items.Length);
    }

    /// <summary>Entries in the order written; a repeated key keeps its first place and takes the last value.</summary>
    public sealed record Map(ImmutableArray<MapEntry> Entries) : Element
    {
        public override string Kind => "a map";

        public bool Equals(Map? other) => base.Equals(other) && Entries.AsSpan().SequenceEqual(other!.Entries.AsSpan());

        public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Entries.Length);
    }

    /// <summary>A sweep over listed values: <c>a,b,c</c> (simple) or <c>choice(a,b,c)</c>.</summary>
    public sealed record Choice(ImmutableArray<Element> Items) : Element
    {
        public bool IsSimple { get; init; }

        public bool IsShuffled { get; init; }

        /// <summary>Marks for optimising sweepers, sorted.</summary>
        public ImmutableSortedSet<string> Tags { get; init; } = NoTags;

        public override string Kind => "a choice sweep";

        public bool Equals(Choice? other) =>
            base.Equals(other) && IsSimple == other!.IsSimple && IsShuffled == other.IsShuffled && Tags.SetEquals(other.Tags)
            && Items.AsSpan().SequenceEqual(other.Items.AsSpan());

        public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Items.Length);
    }

    /// <summary>A sweep over <c>start, start + step, …</c> before <c>stop</c>. Each is an <see cref="Int"/>, <see cref="Float"/> or <see cref="Bool"/>.</summary>
    public sealed record Range(Element Start, Element Stop, Element Step) : Element
    {
        public bool IsShuffled { get; init; }

        public ImmutableSortedSet<string> Tags { get; init; } = NoTags;

        public override string Kind => "a range sweep";

        public bool Equals(Range? other) =>
            base.Equals(other) && Start.Equals(other!.Start) && Stop.Equals(other.Stop) && Step.Equals(other.Step)
            && IsShuffled == other.IsShuffled && Tags.SetEquals(other.Tags);

        public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Start, Stop, Step);
    }

    /// <summary>A continuous stretch, for sweepers that search. Each end is an <see cref="Int"/> or <see cref="Float"/>.</summary>
    public sealed record Interval(Element Start, Element End) : Element
    {
        public ImmutableSortedSet<string> Tags { get; init; } = NoTags;

        public override string Kind => "an interval sweep";

        public bool Equals(Interval? other) => base.Equals(other) && Start.Equals(other!.Start) && End.Equals(other.End) && Tags.SetEquals(other.Tags);

        public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Start, End);
    }

    /// <summary>A sweep over the options of the group that the override's key names, by shell patterns.</summary>
    public sealed record Glob(ImmutableArray<string> Include, ImmutableArray<string> Exclude) : Element
    {
        public override string Kind => "a glob sweep";

        public bool Matches(string name) => MatchesAny(Include, name) && !MatchesAny(Exclude, name);

        public bool Equals(Glob? other) =>
            base.Equals(other) && Include.AsSpan().SequenceEqual(other!.Include.AsSpan()) && Exclude.AsSpan().SequenceEqual(other.Exclude.AsSpan());

        public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Include.Length, Exclude.Length);

        private static bool MatchesAny(ImmutableArray<string> patterns, string name)
        {
            foreach (string pattern in patterns)
            {
                if (ShellPattern.Matches(pattern, name))
                    return true;
            }
            return false;
        }
    }

    /// <summary><c>extend_list(…)</c>: values to append; stands only as the whole value of an override.</summary>
    public sealed record Extension(ImmutableArray<Element> Items) : Element
    {
        public override string Kind => "a list extension";

        public bool Equals(Extension? other) => base.Equals(other) && Items.AsSpan().SequenceEqual(other!.Items.AsSpan());

        public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Items.Length);
    }

    public static ImmutableSortedSet<string> NoTags { get; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Whether it stands for several values, of which each job gets one.</summary>
    public bool IsSweep => this is Choice or Range or Interval or Glob;
}

/// <summary>An entry of a map; the key is a plain value.</summary>
public readonly record struct MapEntry(Element Key, Element Value);
