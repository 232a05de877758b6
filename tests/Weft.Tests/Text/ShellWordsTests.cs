using Weft.Text;

namespace Weft.Tests.Text;

public sealed class ShellWordsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData(" a\tb\r\nc ", "a|b|c")]
    [InlineData("'a b' \"c d\"", "a b|c d")]
    [InlineData(@"a\ b '\' ""\a\\\""""", @"a b|\|\a\""")]
    [InlineData("x=''y '' # not a comment", "x=y||#|not|a|comment")]
    [InlineData("$HOME é\u00a0ü", "$HOME|é\u00a0ü")]
    public void Words_are_split_as_a_shell_does(string text, string words)
    {
        var diagnostics = new Diagnostics();
        var split = ShellWords.Split(Excerpt.OfArgument(1, text), diagnostics);
        Assert.Empty(diagnostics);
        Assert.Equal(words, string.Join('|', split));
    }

    [Fact]
    public void A_word_without_its_quotes_still_knows_where_each_character_stood()
    {
        var source = new Source("f", "  a='b c'd");
        Excerpt word = Assert.Single(ShellWords.Split(Excerpt.Of(source.Whole), new Diagnostics()));
        Assert.Equal("a=b cd", word.Text);
        Assert.Equal(2, word.At.Start);
        Assert.Equal("b c", word.SpanOf(2, 3).Text);
        Assert.Equal(9, word.SpanOf(5, 1).Start);
    }

    [Theory]
    [InlineData("a 'b", "error: no closing `'` for this quote\n  --> <argument 1>:1:3\n   |\n1  | a 'b\n   |   ^\n")]
    [InlineData("a \"b\\\"", "error: no closing `\"` for this quote\n  --> <argument 1>:1:3\n   |\n1  | a \"b\\\"\n   |   ^\n")]
    [InlineData("a b\\", "error: a backslash at the end has no character to escape\n  --> <argument 1>:1:4\n   |\n1  | a b\\\n   |    ^\nhint: write `\\\\` for a backslash\n")]
    public void An_open_quote_is_shown_where_it_opens(string text, string message)
    {
        var diagnostics = new Diagnostics();
        Assert.True(ShellWords.Split(Excerpt.OfArgument(1, text), diagnostics).IsDefault);
        Assert.Equal(message, DiagnosticPrinter.Print(diagnostics));
    }

    [Fact]
    public void Quoted_words_split_back_into_themselves()
    {
        var random = new Random(7);
        const string Letters = "ab '\"\\$#|=,\n\té~";
        for (int i = 0; i < 2000; i++)
        {
            string[] words = [.. Enumerable.Range(0, random.Next(5)).Select(_ => new string([.. Enumerable.Range(0, random.Next(6)).Select(_ => Letters[random.Next(Letters.Length)])]))];
            var split = ShellWords.Split(Excerpt.OfArgument(1, ShellWords.Join(words)), new Diagnostics());
            Assert.Equal(words, split.Select(word => word.Text));
        }
    }
}
