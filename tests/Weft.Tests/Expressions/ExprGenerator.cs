using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Values;

namespace Weft.Tests.Expressions;

/// <summary>Random expressions in the form that the parser makes: lists of constants are constants, a written index is part of its path.</summary>
internal sealed class ExprGenerator(int seed)
{
    private static readonly string[] Names = ["lr", "model", "größe", "x_1", "and", "inputs", "n0/case0", "with blank", "_"];
    private static readonly string[] Texts = ["", "large", "it's", "a \"b\"", "\\", "tab\t\n", "\u0001", "日本 🧵", "${{ x }}", "`"];
    private static readonly Op[] Binary =
    [
        Op.Or, Op.And, Op.Equal, Op.NotEqual, Op.Less, Op.LessOrEqual, Op.Greater, Op.GreaterOrEqual, Op.In, Op.NotIn,
        Op.Add, Op.Subtract, Op.Multiply, Op.Divide, Op.FloorDivide, Op.Modulo, Op.Power,
    ];
    private static readonly Op[] Unary = [Op.Abs, Op.Bool, Op.Count, Op.First, Op.Float, Op.Int, Op.Last, Op.Len, Op.Max, Op.Mean, Op.Min, Op.Str, Op.Sum];

    private readonly Random _random = new(seed);

    public Expr Next(int depth = 4) => _random.Next(depth <= 0 ? 2 : 11) switch
    {
        0 => Expr.Of(Constant(2)),
        1 => Path(),
        2 or 3 or 4 => Apply(Binary[_random.Next(Binary.Length)], Next(depth - 1), Next(depth - 1)),
        5 => Apply(Op.Not, Next(depth - 1)),
        6 => Apply(Op.Negate, Next(depth - 1)),
        7 => Apply(Op.If, Next(depth - 1), Next(depth - 1), Next(depth - 1)),
        8 => Apply(Unary[_random.Next(Unary.Length)], Next(depth - 1)),
        9 => _random.Next(4) switch
        {
            0 => new Expr.ListOf([Path(), Next(depth - 1)], Expr.Nowhere),
            1 => new Expr.MapOf([new(Texts[_random.Next(Texts.Length)], Path()), new("k", Next(depth - 1))], Expr.Nowhere),
            2 => Apply(Op.Over, Apply(Op.Mean, Path()), Expr.Of("seed"), Expr.Of("fold")),
            _ => Apply(Op.Round, Next(depth - 1), Next(depth - 1)),
        },
        _ => Apply(Op.Item, Next(depth - 1), Path()),
    };

    public Value Constant(int depth) => _random.Next(depth <= 0 ? 5 : 7) switch
    {
        0 => Value.Of((long)_random.Next(-20, 20)),
        1 => Value.Of((_random.NextDouble() - 0.5) * Math.Pow(10, _random.Next(-30, 30))),
        2 => Value.Of(Texts[_random.Next(Texts.Length)]),
        3 => Value.Of(_random.Next(2) == 0),
        4 => _random.Next(4) switch { 0 => Value.None, 1 => Value.Of(double.NegativeInfinity), 2 => Value.Of(1e16), _ => Value.Of(0.0001) },
        5 => Value.ListOf(Enumerable.Range(0, _random.Next(4)).Select(_ => Constant(depth - 1))),
        _ => Value.MapOf([new(Texts[_random.Next(Texts.Length)], Constant(depth - 1))]),
    };

    public Expr.Ref Path()
    {
        var root = (Root)_random.Next(8);
        var path = ImmutableArray.CreateBuilder<Segment>();
        int least = root == Root.Node ? 1 : 0;
        for (int i = _random.Next(least, 4); i > 0; i--)
            path.Add(path.Count >= least && _random.Next(4) == 0 ? Segment.Of(_random.Next(-3, 10)) : new Segment(Names[_random.Next(Names.Length)]));
        return new Expr.Ref(root, path.ToImmutable(), Expr.Nowhere);
    }

    private static Expr Apply(Op op, params ImmutableArray<Expr> arguments)
    {
        // A minus before a number is part of the number, and an index that is written after a path is part of the path.
        if (op == Op.Item && arguments[0] is Expr.Ref && arguments[1] is Expr.Literal)
            return arguments[0];
        return new Expr.Apply(op, arguments, Expr.Nowhere);
    }
}
