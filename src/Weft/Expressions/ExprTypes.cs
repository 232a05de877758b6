using System.Collections.Immutable;
using Weft.Text;
using Weft.Values;

namespace Weft.Expressions;

/// <summary>
/// What type an expression has, and whether its parts go together, as far as types are known. <see cref="TypeExpr.Any"/> goes with everything:
/// what is not declared is checked when it is evaluated.
/// </summary>
/// <param name="typeOf">The type of a reference, its whole path followed; it reports what does not exist itself.</param>
public sealed class ExprTypes(Func<Expr.Ref, TypeExpr> typeOf, Action<Diagnostic> report)
{
    public TypeExpr Of(Expr expression) => expression switch
    {
        Expr.Literal literal => Casting.TypeOf(literal.Value),
        Expr.Ref reference => typeOf(reference),
        Expr.ListOf list => new TypeExpr.List(Casting.Common(list.Items.Select(Of), TypeExpr.None)),
        Expr.MapOf map => new TypeExpr.Record(map.Entries.DistinctBy(entry => entry.Key).ToImmutableSortedDictionary(entry => entry.Key, entry => Of(entry.Value), StringComparer.Ordinal)),
        Expr.Concat concat => All(concat.Parts, TypeExpr.Text),
        Expr.First first => Casting.Common(first.Options.Select(Of), TypeExpr.Any),
        Expr.Apply apply => Applied(apply, [.. apply.Arguments.Select(Of)]),
        _ => TypeExpr.Any,
    };

    /// <summary>Reports a condition that cannot be true or false.</summary>
    public void Condition(Expr expression)
    {
        TypeExpr type = Of(expression);
        if (type != TypeExpr.Bool && type != TypeExpr.Any)
            Report("expression/type", $"a condition must be true or false, this is {type}", expression, "compare it with something");
    }

    /// <summary>Follows a path into a type. Null with a problem when there is no such field.</summary>
    public static TypeExpr? Follow(TypeExpr type, ImmutableArray<Segment> path, int from, out string? problem)
    {
        problem = null;
        for (int i = from; i < path.Length; i++)
        {
            Segment segment = path[i];
            TypeExpr inner = type is TypeExpr.Optional optional ? optional.Of : type;
            switch (inner)
            {
                case TypeExpr.Record record when segment.Name is { } name:
                    if (!record.Fields.TryGetValue(name, out TypeExpr? field))
                    {
                        problem = $"{type} has no field `{name}`";
                        return null;
                    }
                    type = field;
                    break;
                case TypeExpr.List list when segment.Name is null || long.TryParse(segment.Name, out _):
                    type = list.Of;
                    break;
                case TypeExpr.Map map when segment.Name is not null:
                    type = map.Of;
                    break;
                default:
                    if (inner == TypeExpr.Any || inner == TypeExpr.Struct || inner is TypeExpr.Union)
                        return TypeExpr.Any;
                    problem = $"{type} has no `{segment}`";
                    return null;
            }
        }
        return type;
    }

    private TypeExpr Applied(Expr.Apply apply, ImmutableArray<TypeExpr> types)
    {
        switch (apply.Op)
        {
            case Op.Equal or Op.NotEqual or Op.Less or Op.LessOrEqual or Op.Greater or Op.GreaterOrEqual:
                Compare(apply, types[0], types[1]);
                return TypeExpr.Bool;
            case Op.And or Op.Or or Op.Not:
                foreach (Expr part in apply.Arguments)
                    Condition(part);
                return TypeExpr.Bool;
            case Op.In or Op.NotIn or Op.Bool:
                return TypeExpr.Bool;
            case Op.Add or Op.Subtract or Op.Multiply or Op.FloorDivide or Op.Modulo or Op.Negate or Op.Abs:
                return Arithmetic(apply, types);
            case Op.Divide or Op.Float:
                return TypeExpr.Float;
            case Op.Mean:
                return TypeExpr.Float;
            case Op.Int or Op.Len or Op.Count:
                return TypeExpr.Int;
            case Op.Round when types.Length == 1:
                return TypeExpr.Int;
            case Op.Str:
                return TypeExpr.Text;
            case Op.Merge:
                return TypeExpr.Struct;
            case Op.If:
                Condition(apply.Arguments[0]);
                return Casting.Common(types[1..], TypeExpr.Any);
            case Op.First or Op.Last when types[0] is TypeExpr.List list:
                return list.Of;
            default:
                return TypeExpr.Any;
        }
    }

    /// <summary>Both sides must be one kind of plain value; numbers of both kinds compare; null compares with everything.</summary>
    private void Compare(Expr.Apply apply, TypeExpr left, TypeExpr right)
    {
        string sign = Functions.Binary(apply.Op).Sign;
        if (left == TypeExpr.None || right == TypeExpr.None)
            return;
        left = Plain(left);
        right = Plain(right);
        foreach (TypeExpr side in new[] { left, right })
        {
            if (IsComposed(side))
            {
                Report("expression/not-comparable", $"`{sign}` compares plain values, not {side}", apply);
                return;
            }
        }
        if (left == TypeExpr.Any || right == TypeExpr.Any)
            return;
        if (left != right && !(IsNumber(left) && IsNumber(right)))
            Report("expression/compare", $"`{sign}` compares {left} with {right}: they are never equal", apply);
        else if (left == TypeExpr.Bool && apply.Op is not (Op.Equal or Op.NotEqual))
            Report("expression/order", $"`{sign}` does not go with {left}: true and false have no order", apply, "use `==` or `!=`");
    }

    private TypeExpr Arithmetic(Expr.Apply apply, ImmutableArray<TypeExpr> types)
    {
        types = [.. types.Select(Plain)];
        if (types.Contains(TypeExpr.Any))
            return TypeExpr.Any;
        if (types.All(IsNumber))
            return types.Contains(TypeExpr.Float) ? TypeExpr.Float : TypeExpr.Int;
        if (types.All(type => type == types[0]) && (types[0] == TypeExpr.Duration || (apply.Op == Op.Add && (types[0] == TypeExpr.Text || types[0] is TypeExpr.List))))
            return types[0];
        if (apply.Op == Op.Add && types.All(type => type is TypeExpr.List))
            return new TypeExpr.List(Casting.Common(types.Select(type => ((TypeExpr.List)type).Of), TypeExpr.None));
        string sign = Functions.Binary(apply.Op) is { Level: > 0 } binary ? binary.Sign : apply.Op == Op.Negate ? "-" : "abs";
        Report("expression/type", $"`{sign}` does not go with {string.Join(" and ", types)}", apply);
        return TypeExpr.Any;
    }

    private TypeExpr All(ImmutableArray<Expr> parts, TypeExpr whole)
    {
        foreach (Expr part in parts)
            Of(part);
        return whole;
    }

    private static TypeExpr Plain(TypeExpr type) => type switch
    {
        TypeExpr.Optional optional => Plain(optional.Of),
        TypeExpr.Enum => TypeExpr.Text,
        TypeExpr.Union => TypeExpr.Any,
        _ => type,
    };

    private static bool IsComposed(TypeExpr type) => type is TypeExpr.List or TypeExpr.Map or TypeExpr.Record or TypeExpr.File or TypeExpr.Folder or TypeExpr.Table || type == TypeExpr.Struct || type == TypeExpr.Binary;

    private static bool IsNumber(TypeExpr type) => type == TypeExpr.Int || type == TypeExpr.Float;

    private void Report(string id, string message, Expr at, string? hint = null) =>
        report(new Diagnostic(id, message, at.At.Source.Name.Length > 0 ? at.At : null) { Hint = hint });
}
