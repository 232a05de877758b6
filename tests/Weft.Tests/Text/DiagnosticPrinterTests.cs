using Weft.Text;

namespace Weft.Tests.Text;

public sealed class DiagnosticPrinterTests
{
    [Fact]
    public void A_diagnostic_shows_place_line_caret_and_hint()
    {
        var source = new Source("conf/train.yaml", "model: small\n  leraning_rate: 0.1\n");
        var diagnostic = new Diagnostic("config/unknown-key", "unknown key `leraning_rate` in `Trainer`", source.At(15, 13))
        {
            Hint = Suggest.Hint("leraning_rate", ["learning_rate", "epochs"]),
        };
        Assert.Equal(
            """
            error: unknown key `leraning_rate` in `Trainer`
              --> conf/train.yaml:2:3
               |
            2  |   leraning_rate: 0.1
               |   ^^^^^^^^^^^^^
            hint: did you mean `learning_rate`?

            """, DiagnosticPrinter.Print(diagnostic));
    }

    [Fact]
    public void A_long_line_is_cut_around_the_caret()
    {
        var source = new Source("f", new string('a', 5000) + "X" + new string('b', 5000));
        string printed = DiagnosticPrinter.Print(new Diagnostic("a/b", "m", source.At(5000, 1)));
        string[] lines = printed.Split('\n');
        Assert.All(lines, line => Assert.True(line.Length < 130));
        Assert.Equal('X', lines[3][lines[4].IndexOf('^')]);
    }
}
