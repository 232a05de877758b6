using Weft.Records;

namespace Weft.Tracking.Search;

/// <summary>Clauses as SQL.</summary>
internal static class Conditions
{
    /// <summary><c>column op ?</c></summary>
    public static SqlText Compare(SqlText sql, string column, Clause clause)
    {
        switch (clause.Comparison)
        {
            case Comparison.In when clause.Texts.IsEmpty:
                return sql.Add("1 = 0");
            case Comparison.NotIn when clause.Texts.IsEmpty:
                return sql.Add("1 = 1");
            case Comparison.Like:
                return sql.Add(column).Add(" LIKE ").Value(clause.Text).Add(" {plainly}");
            case Comparison.ILike:
                return sql.Add("lower(").Add(column).Add(") LIKE lower(").Value(clause.Text).Add(") {plainly}");
            case Comparison.In:
                return sql.Add(column).Add(" IN ").Values(clause.Texts);
            case Comparison.NotIn:
                return sql.Add(column).Add(" NOT IN ").Values(clause.Texts);
            case Comparison.IsNull:
                return sql.Add(column).Add(" IS NULL");
            case Comparison.IsNotNull:
                return sql.Add(column).Add(" IS NOT NULL");
        }
        sql.Add(column).Add(Sign(clause.Comparison));
        return clause.Operand is Operand.Number number ? sql.Value(number.Value) : sql.Value(clause.Text);
    }

    /// <summary>
    /// A clause on a key=value row of another table: there is one whose value compares so. Without a row nothing but <c>IS NULL</c> holds,
    /// not even <c>!=</c>.
    /// </summary>
    /// <param name="from">Writes <c>FROM … WHERE …</c> of the row.</param>
    public static SqlText Mark(SqlText sql, Clause clause, Action<SqlText> from, string column)
    {
        sql.Add(clause.Comparison == Comparison.IsNull ? "NOT EXISTS (SELECT 1 " : "EXISTS (SELECT 1 ");
        from(sql);
        if (clause.Comparison is not (Comparison.IsNull or Comparison.IsNotNull))
            Compare(sql.Add(" AND "), column, clause);
        return sql.Add(")");
    }

    public static string Sign(Comparison comparison) => comparison switch
    {
        Comparison.Equal => " = ",
        Comparison.NotEqual => " <> ",
        Comparison.Less => " < ",
        Comparison.LessOrEqual => " <= ",
        Comparison.Greater => " > ",
        _ => " >= ",
    };

    /// <summary>The number of a column's row, or null, as a shorthand.</summary>
    public static long? Count(Database database, SqlText sql)
    {
        using Statement statement = sql.Prepare(database);
        return statement.QueryLong();
    }
}
