using Weft.Expressions;
using Weft.Text;
using Weft.Values;

namespace Weft.Tests.Expressions;

public sealed class TemplateTests
{
    [Theory]
    [InlineData("python train.py --lr ${{ inputs.lr }}", "python|train.py|--lr|0.001")]
    [InlineData("--lr=${{ inputs.lr }} '--name=${{ inputs.lr }} x'", "--lr=0.001|--name=${{ inputs.lr }} x")]
    [InlineData("\"a ${{ inputs.name }}\"", "a two words")]
    [InlineData("${{ inputs.name }}", "two words")]
    [InlineData("x ${{ inputs.many }} y", "x|a|b c|y")]
    [InlineData("x=${{ inputs.many }}", "x=[\"a\",\"b c\"]")]
    [InlineData("a\\ b '' c\\\n d", "a b||c|d")]
    [InlineData("$${{ x }} $HOME", "${{|x|}}|$HOME")]
    [InlineData("${{ {'a': '}}'}['a'] }}", "}}")]
    [InlineData("${{ none_at_all }}end", "end")]
    public void A_command_is_words_first_and_values_second(string text, string words)
    {
        var problems = new Diagnostics();
        var parsed = Template.Words(text, new Source("test", text).Whole, problems);
        Assert.True(parsed is not null, DiagnosticPrinter.Print(problems));
        Assert.Equal(words, string.Join('|', parsed.Value.SelectMany(word => Template.Fill(word, ((Evaluated.Is)Evaluator.Evaluate(word, Known)).Value))));
    }

    [Theory]
    [InlineData("a ${{ b", "template/unclosed", 3)]
    [InlineData("a 'b", "template/unclosed-quote", 3)]
    [InlineData("a ${{ 1 + }}", "expression/unexpected", 11)]
    public void What_is_not_closed_is_said(string text, string id, int column)
    {
        var problems = new Diagnostics();
        Assert.Null(Template.Words(text, new Source("test", text).Whole, problems));
        Diagnostic problem = Assert.Single(problems);
        Assert.Equal((id, column), (problem.Id, problem.At!.Value.Position.Column));
    }

    [Fact]
    public void A_text_that_is_one_expression_keeps_its_type()
    {
        Expr? expression = Template.Parse("${{ inputs.lr }}", new Source("test", "").Whole, new Diagnostics());
        Assert.Equal(new Evaluated.Is(Value.Of(0.001)), Evaluator.Evaluate(expression!, Known));
    }

    [Fact]
    public void Every_mistake_of_a_text_is_reported()
    {
        var problems = new Diagnostics();
        Assert.Null(Template.Parse("${{ 1 + }} and ${{ nope(1) }}", new Source("test", "").Whole, problems));
        Assert.Equal(2, problems.Count);
    }

    [Theory]
    [InlineData(1.0, "1.0")]
    [InlineData(-0.001, "-0.001")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(1.5e-7, "1.5e-07")]
    [InlineData(123456789012345680.0, "1.2345678901234568e+17")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(1e16, "1e+16")]
    [InlineData(123.25, "123.25")]
    [InlineData(double.NaN, "nan")]
    [InlineData(5e-324, "5e-324")]
    public void Numbers_are_written_as_Python_writes_them(double number, string text) => Assert.Equal(text, Rendering.Number(number));

    private static Evaluated Known(Expr.Ref reference) => reference.Root == Root.Node
        ? new Evaluated.Is(Value.None)
        : Evaluator.Follow(reference, 0, CanonicalJson.Read("""{"lr":0.001,"name":"two words","many":["a","b c"]}"""));
}
