using Weft.Sweeps;
using Weft.Text;

namespace Weft.Tests.Sweeps;

public sealed class SweepReaderTests
{
    [Theory]
    // Both ends, nothing past the stop, exact texts: %g with as many digits as the written numbers have, or as many as it takes.
    [InlineData("0:0.3:0.1", "0,0.1,0.2,0.3")]
    [InlineData("-0.3:0.3:0.1", "-0.3,-0.2,-0.1,0,0.1,0.2,0.3")]
    [InlineData("1:0:-0.1", "1,0.9,0.8,0.7,0.6,0.5,0.4,0.3,0.2,0.1,0")]
    [InlineData("100000:100002", "100000,100001,100002")]
    [InlineData("5e-1:4:5e-1", "0.5,1,1.5,2,2.5,3,3.5,4")]
    [InlineData("2:1e1", "2,3,4,5,6,7,8,9,1e+01")]
    [InlineData("1e3:4e3:1e3", "1e+03,2e+03,3e+03,4e+03")]
    [InlineData("1e15:1e15", "1e+15")]
    [InlineData("97e1:100e1:1e1", "970,980,990,1e+03")]
    [InlineData("100000000000000000000:100000000000000000002", "100000000000000000000,100000000000000000001,100000000000000000002")]
    [InlineData("-0.0:1:.5", "0,0.5,1")]
    [InlineData(":2", "0,1,2")]
    [InlineData("1:10:4", "1,5,9")]
    [InlineData(" 1 : 1_0 :+3", "1,4,7,10")]
    [InlineData("1.22e-6:1.24e-6:0.01e-6", "1.22e-06,1.23e-06,1.24e-06")]
    [InlineData("0:2:m", "0,1e-3,2e-3")]
    [InlineData("3:k,x,'a,b',[1,2]", "3e3,x,'a,b',[1,2]")]
    [InlineData("(a,b)_(c,d)", "a_c,b_c,a_d,b_d")]
    [InlineData("(1:3,10)e-(1,2)", "1e-1,2e-1,3e-1,10e-1,1e-2,2e-2,3e-2,10e-2")]
    [InlineData("()", "")]
    public void Values_are_read_in_order(string text, string values)
    {
        var diagnostics = new Diagnostics();
        Choices? choices = new SweepReader(diagnostics).ReadValue(Excerpt.OfArgument(1, text));
        Assert.Empty(diagnostics);
        Assert.Equal(values, string.Join(',', choices!.All()));
    }

    [Fact]
    public void Older_files_have_the_step_in_the_middle()
    {
        Choices? choices = new SweepReader(new Diagnostics(), RangeOrder.StepInTheMiddle).ReadValue(Excerpt.OfArgument(1, "1:2:9,1:3"));
        Assert.Equal(["1", "3", "5", "7", "9", "1", "2", "3"], choices!.All());
    }

    [Theory]
    [InlineData("a=1,2|3", "a=1,2", "a=3")]
    [InlineData("a=1,2|b/k=3|4", "a=1,2", "b=3e3", "b=4e3")]
    [InlineData("a/m=0:2", "a=0e-3", "a=1e-3", "a=2e-3")]
    [InlineData("+a@pkg.b=x", "+a@pkg.b=x")]
    public void A_word_of_an_outer_sweep_gives_one_word_per_value_or_per_part(string word, params string[] words)
    {
        var diagnostics = new Diagnostics();
        SweptWord? swept = new SweepReader(diagnostics).ReadEachWord(Excerpt.OfArgument(1, word));
        Assert.Empty(diagnostics);
        Assert.Equal(words, swept!.Parts.SelectMany(part => part.Values.All().Select(value => $"{part.Key}={value}")));
    }

    [Fact]
    public void A_word_of_an_inner_sweep_counts_its_runs()
    {
        InnerWord? word = new SweepReader(new Diagnostics()).ReadAllWord(Excerpt.OfArgument(1, "height=100:300:100,1|2"));
        Assert.Equal("height=100,200,300,1|2", word!.Text);
        Assert.Equal(4, word.InnerRuns);
    }

    [Fact]
    public void A_billion_values_cost_what_their_text_costs()
    {
        Choices? choices = new SweepReader(new Diagnostics()).ReadValue(Excerpt.OfArgument(1, "0.000000001:1:1e-9"));
        Assert.Equal(1_000_000_000, choices!.Count);
        Assert.Equal("0.123456789", choices[123_456_788]);
        Assert.Equal("1", choices[999_999_999]);
    }

    [Theory]
    [InlineData("a=1:3:0", "error: the step of this range is zero\n  --> <argument 1>:1:3\n   |\n1  | a=1:3:0\n   |   ^^^^^\n")]
    [InlineData("a=x,5:3", "error: this range starts above its stop and counts up\n  --> <argument 1>:1:5\n   |\n1  | a=x,5:3\n   |     ^^^\nhint: to count down write `5:3:-1`\n")]
    [InlineData("a=1:3:-1", "error: this range starts below its stop and counts down\n  --> <argument 1>:1:3\n   |\n1  | a=1:3:-1\n   |   ^^^^^^\nhint: give a positive step\n")]
    [InlineData("a=1m:10m", "error: `1m` is not a number, and `:` makes a range\n  --> <argument 1>:1:3\n   |\n1  | a=1m:10m\n   |   ^^\nhint: a suffix stands at the end of the range, after a colon: `start:stop:m`\n\nerror: `10m` is not a number, and `:` makes a range\n  --> <argument 1>:1:6\n   |\n1  | a=1m:10m\n   |      ^^^\nhint: a suffix stands at the end of the range, after a colon: `start:stop:m`\n")]
    [InlineData("a=1:3:K", "error: `K` is not a number, and `:` makes a range\n  --> <argument 1>:1:7\n   |\n1  | a=1:3:K\n   |       ^\nhint: suffixes are T, G, M, k, m, u, n, p and f; upper and lower case differ\n")]
    [InlineData("a=1:2:3:4", "error: a range has at most three numbers, `start:stop:step`; found 4\n  --> <argument 1>:1:3\n   |\n1  | a=1:2:3:4\n   |   ^^^^^^^\n")]
    [InlineData("a=0:1e400", "error: `1e400` is larger than any number a program can read\n  --> <argument 1>:1:5\n   |\n1  | a=0:1e400\n   |     ^^^^^\n")]
    [InlineData("a=0:1:1e-400", "error: `1e-400` is so small that a program reads 0\n  --> <argument 1>:1:7\n   |\n1  | a=0:1:1e-400\n   |       ^^^^^^\n")]
    [InlineData("a=1:2:1e-20", "error: more than 1,000,000,000 values\n  --> <argument 1>:1:3\n   |\n1  | a=1:2:1e-20\n   |   ^^^^^^^^^\n")]
    [InlineData("a=((1,2),3)k", "error: parentheses do not nest in a swept value\n  --> <argument 1>:1:4\n   |\n1  | a=((1,2),3)k\n   |    ^\nnote: the outer one opens here\n  --> <argument 1>:1:3\n   |\n1  | a=((1,2),3)k\n   |   ^\nhint: write the inner choices out, separated by commas\n")]
    [InlineData("a=log(1:9:3)", "error: there are no logarithmic ranges; this would read `log` as a part of every value\n  --> <argument 1>:1:3\n   |\n1  | a=log(1:9:3)\n   |   ^^^^^^^^^^\nhint: list the values, or multiply powers: `(1,3)e-(1:4)`\n")]
    [InlineData("~a", "error: expected `key=values`, found `~a`\n  --> <argument 1>:1:1\n   |\n1  | ~a\n   | ^^\nhint: other words, such as flags and `~deletions`, can stand in `add`\n")]
    [InlineData("a=1=2", "error: expected one `=` in a swept word, found another one\n  --> <argument 1>:1:4\n   |\n1  | a=1=2\n   |    ^\nhint: a value with `=` in it can stand in `add`\n")]
    [InlineData("a/b/c=1", "error: expected one `/` before `=`, found another one\n  --> <argument 1>:1:4\n   |\n1  | a/b/c=1\n   |    ^\nhint: a config group can stand in `add`\n")]
    [InlineData("hydra/launcher=joblib", "warning: `launcher` is put behind every value of `hydra`, as what follows `/` is a suffix\n  --> <argument 1>:1:7\n   |\n1  | hydra/launcher=joblib\n   |       ^^^^^^^^\nhint: a config group `hydra/launcher` can stand in `add`\n")]
    [InlineData("a=(1,2", "warning: this `(` is not closed\n  --> <argument 1>:1:3\n   |\n1  | a=(1,2\n   |   ^\n")]
    [InlineData("a=", "warning: `a=` has no values, so nothing is run\n  --> <argument 1>:1:1\n   |\n1  | a=\n   | ^^\nhint: for an empty text write `a=\"''\"`\n")]
    public void What_is_wrong_is_shown_at_its_place(string word, string message)
    {
        var diagnostics = new Diagnostics();
        new SweepReader(diagnostics).ReadEachWord(Excerpt.OfArgument(1, word));
        Assert.Equal(message, DiagnosticPrinter.Print(diagnostics));
    }

    [Fact]
    public void An_inner_sweep_that_no_program_could_be_given_is_refused()
    {
        var diagnostics = new Diagnostics();
        Assert.Null(new SweepReader(diagnostics).ReadAllWord(Excerpt.OfArgument(1, "a=1:100000000")));
        Assert.Equal("sweep/word-too-long", Assert.Single(diagnostics).Id);
    }
}
