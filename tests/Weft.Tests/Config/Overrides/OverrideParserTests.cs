using System.Numerics;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Tests.Config.Overrides;

public sealed class OverrideParserTests
{
    [Theory]
    [InlineData("lr=0.1", OverrideKind.Change, "lr", null)]
    [InlineData("+a.b=1", OverrideKind.Add, "a.b", null)]
    [InlineData("++hydra/launcher=slurm", OverrideKind.ForceAdd, "hydra/launcher", null)]
    [InlineData("~db@backup", OverrideKind.Delete, "db", "backup")]
    [InlineData("db@_global_.x=mysql", OverrideKind.Change, "db", "_global_.x")]
    [InlineData("=1", OverrideKind.Change, "", null)]
    [InlineData("a.0.b=1", OverrideKind.Change, "a.0.b", null)]
    public void Key_prefix_and_package_are_told_apart(string text, OverrideKind kind, string key, string? package)
    {
        Override parsed = Parse(text);
        Assert.Equal((kind, key, package), (parsed.Kind, parsed.Key, parsed.Package));
        Assert.Equal(text.Split('=')[0], parsed.KeyElement);
    }

    [Theory]
    [InlineData("1_000", "1000")]
    [InlineData("99999999999999999999999", "99999999999999999999999")]
    [InlineData("1e3", "1000.0")]
    [InlineData(".5", "0.5")]
    [InlineData("-INF", "-inf")]
    [InlineData("TRUE", "True")]
    [InlineData("NULL", "null")]
    [InlineData("007", "007")]
    [InlineData("1__0", "1__0")]
    [InlineData("a\\,b", "a\\,b")]
    [InlineData(" a b ", "a\\ b")]
    [InlineData("'it\\'s'", "'it\\'s'")]
    [InlineData("[1, {a: b}, 'c']", "[1,{a:b},'c']")]
    [InlineData("{a:1,a:2,b:3}", "{a:2,b:3}")]
    [InlineData("", "")]
    public void Values_are_typed_and_printed_back(string text, string printed) => Assert.Equal(printed, Parse("k=" + text).Value!.ToString());

    [Fact]
    public void Values_know_where_they_stand()
    {
        var list = Assert.IsType<Element.List>(Parse("a.b=[10, {c: 'x y'}] ".TrimEnd()).Value);
        Assert.Equal("<argument 1>:1:5", list.At.ToString());
        Assert.Equal("10", list.Items[0].At.Text.ToString());
        Element.Map map = Assert.IsType<Element.Map>(list.Items[1]);
        Assert.Equal("{c: 'x y'}", map.At.Text.ToString());
        Assert.Equal("'x y'", map.Entries[0].Value.At.Text.ToString());
    }

    /// <summary>Whole messages: place, what was found and expected, and the remedy.</summary>
    [Theory]
    [InlineData("lr", "expected `=` after `lr`, found the end", 3, "write `lr=VALUE`, or `~lr` to remove it")]
    [InlineData("lr =1", "` ` cannot stand in the key of an override", 3, "no spaces around the key")]
    [InlineData("a[0]=1", "`[` cannot stand in the key of an override", 2, "write the path with dots: `a.0.b`")]
    [InlineData("--lr=1", "`-` cannot stand in the key of an override", 1, "options of the command stand before the overrides; a key does not start with `-`")]
    [InlineData("a.b/c=1", "expected `=` after `a.b`, found `/`", 4, "a group path has slashes only, a key dots only")]
    [InlineData("k=a!b", "`!` cannot stand in a value without quotes", 4, "to pass it as text, quote it for the grammar and for the shell: \"k='a!b'\"")]
    [InlineData("k=a=b", "expected the end or `,` after the value, found `=`", 4, "to pass it as text, quote it for the grammar and for the shell: \"k='a=b'\"")]
    [InlineData("k='a", "the quote ' is not closed", 3, "close it, or write \\' inside the other kind of quotes")]
    [InlineData("k=[1,,2]", "expected a value, found `,`", 6, null)]
    [InlineData("k=[1", "expected `,` or `]` in the list, found the end", 5, null)]
    [InlineData("k={a,b}", "expected `:` after the key `a`, found `,`", 5, null)]
    [InlineData("k=chioce(1)", "no function `chioce`", 3, "did you mean `choice`?")]
    [InlineData("k=range(1,stop=2,x=3)", "`range` has no parameter `x`", 18, "parameters: `start`, `stop` or `step`")]
    [InlineData("k=range(start=1,4)", "an argument without a name stands after one with a name", 17, null)]
    [InlineData("k=range('1')", "`start` of `range` is a number, found a text", 9, null)]
    [InlineData("k=sort(1,a)", "`1` and `a` have no order: an integer and a text", 10, null)]
    [InlineData("+k=extend_list(1)", "`extend_list` appends by itself and takes no prefix", 1, "write `k=extend_list(1)`")]
    public void Broken_overrides_say_where_and_what(string text, string message, int column, string? hint)
    {
        var diagnostics = new Diagnostics();
        Assert.Null(Override.Parse(Source.OfArgument(3, text), diagnostics));
        Diagnostic only = Assert.Single(diagnostics);
        Assert.Equal((message, column, hint), (only.Message, only.At!.Value.Position.Column, only.Hint));
        Assert.Equal("<argument 3>", only.At.Value.Source.Name);
    }

    [Fact]
    public void Deep_nesting_is_refused_without_overflow()
    {
        foreach (string open in new[] { "[", "{a:", "int(" })
        {
            var diagnostics = new Diagnostics();
            Assert.Null(Override.Parse(Source.OfArgument(1, "k=" + string.Concat(Enumerable.Repeat(open, 100_000))), diagnostics));
            Assert.Equal("override/too-deep", Assert.Single(diagnostics).Id);
        }
    }

    [Fact]
    public void Ten_thousand_keys_of_a_map_are_read_without_looking_through_all_for_each()
    {
        string entries = string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"k{i}:{i}"));
        var map = Assert.IsType<Element.Map>(Parse($"k={{{entries},k0:x}}").Value);
        Assert.Equal(10_000, map.Entries.Length);
        Assert.Equal("x", map.Entries[0].Value.ToString());
    }

    /// <summary>The law of printing, for values as one can write them.</summary>
    [Fact]
    public void A_printed_value_reads_back_as_itself()
    {
        var random = new Random(17);
        for (int i = 0; i < 50_000; i++)
        {
            Element value = Elements.Any(random, depth: 3);
            string printed = ElementPrinter.Print(value);
            Override? read = Override.Parse(Source.OfArgument(1, "k=" + printed), []);
            Assert.True(value.Equals(read?.Value), $"round {i}: {printed}");
        }
    }

    private static Override Parse(string text)
    {
        var diagnostics = new Diagnostics();
        Override? parsed = Override.Parse(Source.OfArgument(1, text), diagnostics);
        Assert.True(parsed is not null, DiagnosticPrinter.Print(diagnostics));
        return parsed;
    }
}

/// <summary>Random values as a person could write them: texts that look like numbers stand in quotes.</summary>
internal static class Elements
{
    private const string Characters = "aZ_09-.$\\ ()[]{}:=,'\"!é\u2603/+?";

    public static Element Any(Random random, int depth)
    {
        switch (random.Next(depth == 0 ? 5 : 7))
        {
            case 0:
                return new Element.Int(new BigInteger(random.NextInt64(-1000, 1000)) * BigInteger.Pow(10, random.Next(25)));
            case 1:
                return new Element.Float((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-30, 30)));
            case 2:
                return random.Next(3) switch { 0 => new Element.Null(), 1 => new Element.Bool(true), _ => new Element.Bool(false) };
            case 3 or 4:
                return new Element.Text(Text(random), (Quote)random.Next(1, 3));
            case 5:
                return new Element.List([.. Enumerable.Range(0, random.Next(4)).Select(_ => Any(random, depth - 1))]);
            default:
                return new Element.Map([.. Enumerable.Range(0, random.Next(4)).Select(i => new MapEntry(new Element.Text($"k{i}"), Any(random, depth - 1)))]);
        }
    }

    private static string Text(Random random)
    {
        char[] text = new char[random.Next(12)];
        for (int i = 0; i < text.Length; i++)
            text[i] = Characters[random.Next(Characters.Length)];
        return new string(text);
    }
}
