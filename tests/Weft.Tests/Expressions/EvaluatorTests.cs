using Weft.Expressions;
using Weft.Text;
using Weft.Values;

namespace Weft.Tests.Expressions;

public sealed class EvaluatorTests
{
    [Theory]
    [InlineData("1 + 2 * 3", "7")]
    [InlineData("7 // 2, -7 // 2, 7 % -3, -7 % 3", "[3,-4,-2,2]")]
    [InlineData("7 / 2, 6 / 2, 2 ** 10, 2 ** -1", "[3.5,3,1024,0.5]")]
    [InlineData("1 == 1.0, 1 == '1', null == null, 0.1 + 0.2 == 0.3", "[true,false,true,false]")]
    [InlineData("'b' > 'a', 1 < 1.5, nan < 1, nan == nan", "[true,true,false,false]")]
    [InlineData("'ar' in 'large', 2 in [1, 2.0], 'k' in {'k': 1}, 3 not in []", "[true,true,true,true]")]
    [InlineData("[1] + [2], 'a' + 'b'", "[[1,2],\"ab\"]")]
    [InlineData("min(3, 1, 2), max([1, 2.5]), sum([1, 2]), mean([1, 2]), mean([1, null, 3])", "[1,2.5,3,1.5,2]")]
    [InlineData("len('abc'), len([1]), count([1, null]), first([4, 5]), last([4, 5])", "[3,1,1,4,5]")]
    [InlineData("round(2.5), round(3.5), round(2.345, 2), abs(-3), int('42'), int(3.9), float('1e-3'), str(1.0), bool('true')", "[2,4,2.35,3,42,3,0.001,\"1.0\",true]")]
    [InlineData("'yes' if 1 < 2 else 'no'", "\"yes\"")]
    [InlineData("true or 1 + 'a' == 2", "true")]
    [InlineData("1 + 'a' == 2 or true", "true")]
    [InlineData("{'a': {'b': [10, 20]}}.a.b[-1]", "20")]
    public void Constants_have_these_values(string text, string json)
    {
        string whole = text.Contains(", ") && !text.StartsWith('{') && json.StartsWith('[') ? $"[{text}]" : text;
        Assert.Equal(json, CanonicalJson.Write(Assert.IsType<Evaluated.Is>(Evaluate(whole, Evaluator.Nothing)).Value));
    }

    [Theory]
    [InlineData("1 - 'a'", "`-` does not go with the integer 1 and the text `a`")]
    [InlineData("1 / 0", "the integer 1 cannot be divided by zero")]
    [InlineData("'a' < 1", "`<` does not go with the text `a` and the integer 1")]
    [InlineData("not 1", "`not` does not go with the integer 1")]
    [InlineData("1 and true", "a condition must be true or false, this is the integer 1")]
    [InlineData("mean([])", "`mean` does not go with a list of 0")]
    [InlineData("[1, 2][5]", "a list of 2 has nothing at the integer 5")]
    [InlineData("10 ** 10 ** 10", "`**` does not go with the integer 10 and the integer 10000000000")]
    [InlineData("inputs.x.lr", "there is no `lr` in `inputs.x`")]
    [InlineData("inputs.l[7]", "`inputs.l` has 2 items, none at index 7")]
    public void What_makes_no_sense_is_wrong(string text, string message) =>
        Assert.Equal(message, Assert.IsType<Evaluated.Wrong>(Evaluate(text, Inputs)).Why.Message);

    [Theory]
    [InlineData("later.x and false", "false")]
    [InlineData("false and later.x", "false")]
    [InlineData("true and later.x", "awaits later.x")]
    [InlineData("later.x or 1 - 'a' == 0", "awaits later.x")]
    [InlineData("later.x + 1 - 'a'", "awaits later.x")]
    [InlineData("later.x + (1 - 'a')", "wrong")]
    [InlineData("[later.x, later.y]", "awaits later.x later.y")]
    [InlineData("1 if true else later.x", "1")]
    [InlineData("skipped.x + 1", "absent")]
    [InlineData("failed.x + skipped.x", "failed")]
    [InlineData("skipped.x + later.x", "awaits later.x")]
    public void What_is_known_in_part_is_used(string text, string expected) => Assert.Equal(expected, Show(Evaluate(text, Partly)));

    [Fact]
    public void The_first_that_was_not_skipped_is_taken()
    {
        Assert.Equal("awaits later.x", Show(Evaluator.Evaluate(First("skipped", "later"), Partly)));
        Assert.Equal("failed", Show(Evaluator.Evaluate(First("skipped", "failed", "later"), Partly)));
        Assert.Equal("absent", Show(Evaluator.Evaluate(First("skipped", "skipped"), Partly)));

        static Expr First(params string[] nodes) => new Expr.First([.. nodes.Select(node => (Expr)Expr.To(Root.Node, node, "x"))], Expr.Nowhere);
    }

    /// <summary>Whatever is said while a part is unknown must still be true when it is known, whatever it turns out to be.</summary>
    [Fact]
    public void What_is_said_early_stays_true()
    {
        for (int seed = 0; seed < 3000; seed++)
        {
            var generator = new ExprGenerator(seed);
            Expr expression = generator.Next();
            var random = new Random(seed);
            var values = new Dictionary<Expr.Ref, Value>();
            var hidden = new HashSet<Expr.Ref>();
            foreach (Expr.Ref reference in Evaluator.References(expression))
            {
                values[reference] = random.Next(3) == 0 ? Value.Of(random.Next(2) == 0) : generator.Constant(1);
                if (random.Next(2) == 0)
                    hidden.Add(reference);
            }
            Evaluated early = Evaluator.Evaluate(expression, reference => hidden.Contains(reference) ? new Evaluated.Awaits([reference]) : new Evaluated.Is(values[reference]));
            Evaluated late = Evaluator.Evaluate(expression, reference => new Evaluated.Is(values[reference]));
            Assert.IsNotType<Evaluated.Awaits>(late);
            if (early is Evaluated.Is)
                Assert.Equal(early, late);
            else if (early is Evaluated.Wrong)
                Assert.IsType<Evaluated.Wrong>(late);
        }
    }

    private static Evaluated Evaluate(string text, Lookup lookup)
    {
        var problems = new Diagnostics();
        Expr? expression = ExprParser.Parse(text, new Source("test", text).Whole, problems);
        Assert.True(expression is not null, DiagnosticPrinter.Print(problems));
        return Evaluator.Evaluate(expression, lookup);
    }

    private static Evaluated Inputs(Expr.Ref reference) => Evaluator.Follow(reference, 0, CanonicalJson.Read("""{"x":{"a":1},"l":[1,2]}"""));

    private static Evaluated Partly(Expr.Ref reference) => reference.Node.Text switch
    {
        "later" => new Evaluated.Awaits([reference]),
        "skipped" => new Evaluated.Absent(reference, Failed: false),
        "failed" => new Evaluated.Absent(reference, Failed: true),
        _ => new Evaluated.Is(Value.Of(1L)),
    };

    private static string Show(Evaluated result) => result switch
    {
        Evaluated.Is known => CanonicalJson.Write(known.Value),
        Evaluated.Awaits awaits => "awaits " + string.Join(' ', awaits.On),
        Evaluated.Absent absent => absent.Failed ? "failed" : "absent",
        _ => "wrong",
    };
}
