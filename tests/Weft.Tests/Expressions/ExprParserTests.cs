using Weft.Expressions;
using Weft.Text;

namespace Weft.Tests.Expressions;

public sealed class ExprParserTests
{
    [Fact]
    public void What_is_printed_reads_back_as_the_same_expression()
    {
        for (int seed = 0; seed < 5000; seed++)
        {
            Expr expression = new ExprGenerator(seed).Next();
            string text = ExprPrinter.Print(expression);
            var problems = new Diagnostics();
            Expr? back = ExprParser.Parse(text, new Source("test", text).Whole, problems);
            Assert.True(back is not null, $"seed {seed}: {text}\n{DiagnosticPrinter.Print(problems)}");
            Assert.True(expression.Equals(back), $"seed {seed}: {text} became {back}");
            Assert.Equal(expression.GetHashCode(), back.GetHashCode());
        }
    }

    [Fact]
    public void No_input_crashes_the_reader()
    {
        var random = new Random(1);
        string[] pieces = ["a", ".", "[", "]", "(", ")", "'", "\"", "\\", "${{", "}}", "and", " not ", "in", "-", "**", "1", "1e", ".5", "{", "}", ":", ",", "over", "mean(", "`", "\u0000", "日", "==", "<", "if", "else"];
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => pieces[random.Next(pieces.Length)]));
            var problems = new Diagnostics();
            Expr? expression = ExprParser.Parse(text, new Source("test", text).Whole, problems);
            Assert.Equal(expression is null, problems.HasErrors);
            Template.Words(text, new Source("test", text).Whole, new Diagnostics());
            Template.Parse(text, new Source("test", text).Whole, new Diagnostics());
        }
    }

    [Theory]
    [InlineData("1 + 2 * 3", "1 + 2 * 3")]
    [InlineData("(1 + 2) * 3", "(1 + 2) * 3")]
    [InlineData("2 ** 3 ** 2", "2 ** 3 ** 2")]
    [InlineData("-2 ** 2", "-2 ** 2")]
    [InlineData("(-2) ** 2", "(-2) ** 2")]
    [InlineData("not a == b", "not a == b")]
    [InlineData("0 < x <= 1", "0 < x and x <= 1")]
    [InlineData("not (model == 'large' and lr > 0.002)", "not (model == \"large\" and lr > 0.002)")]
    [InlineData("train.best.params.lr", "train.best.params.lr")]
    [InlineData("params.day", "inputs.day")]
    [InlineData("rows[0]['a b'][-1].c", "rows[0][\"a b\"][-1].c")]
    [InlineData("x[i + 1]", "x[i + 1]")]
    [InlineData("max(mean(val_acc) over seed)", "max(mean(val_acc) over seed)")]
    [InlineData("`n0/case0`.o0", "`n0/case0`.o0")]
    [InlineData("x not in [1, 2,]", "x not in [1, 2]")]
    [InlineData("a if b else c if d else e", "a if b else c if d else e")]
    [InlineData("1_000 + .5 + 1e-3", "1000 + 0.5 + 0.001")]
    public void Text_is_understood_as(string text, string printed)
    {
        Expr? expression = ExprParser.Parse(text, new Source("test", text).Whole, new Diagnostics());
        Assert.Equal(printed, expression?.ToString());
    }

    [Theory]
    [InlineData("", "the expression ends where a value was expected", 1, null)]
    [InlineData("a +", "the expression ends where a value was expected", 4, null)]
    [InlineData("a & b", "found `&` where the end of the expression was expected", 3, "write `and`")]
    [InlineData("a = 1", "found `=` where the end of the expression was expected", 3, "write `==` to compare")]
    [InlineData("(a + 1", "the expression ends where `)` was expected", 7, null)]
    [InlineData("maen(x)", "there is no function `maen`", 1, "did you mean `mean`?")]
    [InlineData("abs(1, 2)", "`abs` takes one argument, not 2", 1, null)]
    [InlineData("'open", "the text has no closing `'`", 1, null)]
    [InlineData("12abc", "found `abc` where an operator after the number was expected", 3, null)]
    [InlineData("a.1", "found `1` where a name was expected", 3, null)]
    public void What_is_wrong_is_said_with_its_place(string text, string message, int column, string? hint)
    {
        var problems = new Diagnostics();
        Assert.Null(ExprParser.Parse(text, new Source("test", text).Whole, problems));
        Diagnostic problem = Assert.Single(problems);
        Assert.Equal((message, column, hint), (problem.Message, problem.At!.Value.Position.Column, problem.Hint));
    }

    [Fact]
    public void Deep_and_long_expressions_are_refused_not_fatal()
    {
        foreach (string text in new[] { new string('(', 100_000), string.Concat(Enumerable.Repeat("1 + ", 100_000)) + "1", new string('-', 50_000) + "1", string.Concat(Enumerable.Repeat("not ", 50_000)) + "a", new string('9', 5000) })
        {
            var problems = new Diagnostics();
            Assert.Null(ExprParser.Parse(text, new Source("test", text).Whole, problems));
            Assert.Contains(Assert.Single(problems).Id, new[] { "expression/too-deep", "expression/too-long" });
        }
    }

    [Fact]
    public void A_bare_name_is_a_parameter_in_a_filter()
    {
        string text = "model == 'large'";
        Expr? expression = ExprParser.Parse(text, new Source("test", text).Whole, new Diagnostics(), Root.Item);
        Expr.Ref name = Assert.Single(Evaluator.References(expression!));
        Assert.Equal((Root.Item, "model"), (name.Root, name.Path[0].Name));
        Assert.Equal("item.model == \"large\"", expression!.ToString());
        Assert.Equal("model == \"large\"", ExprPrinter.Print(expression, Root.Item));
    }

    [Theory]
    [InlineData("prepare.my-data", "prepare[\"my-data\"]")]
    [InlineData("prepare.my - data", "prepare.my - data")]
    [InlineData("prepare.my-data-2", "prepare[\"my-data-2\"]")]
    [InlineData("prepare.my-data-3", "prepare[\"my-data\"] - 3")]
    [InlineData("größe-neu + x-1", "`größe-neu` + x - 1")]
    [InlineData("max(mean(val-acc) over seed-no)", "max(mean(`val-acc`) over `seed-no`)")]
    public void A_known_name_with_dashes_is_one_name(string text, string printed)
    {
        HashSet<string> dashed = ["my-data", "my-data-2", "größe-neu", "val-acc", "seed-no"];
        Expr? expression = ExprParser.Parse(text, new Source("test", text).Whole, new Diagnostics(), new Naming(Dashed: dashed));
        Assert.Equal(printed, expression?.ToString());
    }

    [Fact]
    public void A_place_inside_a_file_is_exact()
    {
        var source = new Source("weft.yaml", "when: train.acc >> 1\n");
        var problems = new Diagnostics();
        ExprParser.Parse("train.acc >> 1", source.At(6, 14), problems);
        Assert.Equal("weft.yaml:1:18", Assert.Single(problems).At.ToString());
    }
}
