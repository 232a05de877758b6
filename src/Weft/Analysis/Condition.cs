using Weft.Values;

namespace Weft.Analysis;

/// <summary>
/// What a field of a run must be. A plain value stands for <see cref="Equal"/>, an array for <see cref="OneOf"/>, a pair of two for <see cref="Between"/>, a function
/// for <see cref="Where"/>:
/// </summary>
/// <example><code>
/// runs.Filter(("model", "cnn"), ("lr", (0.01, 0.1)), ("batch", new[] { 32, 64 }));
/// </code></example>
public sealed class Condition
{
    private readonly Func<Value, bool> _holds;

    private Condition(Func<Value, bool> holds) => _holds = holds;

    /// <summary>Equal to the value: 1 is 1.0 and true, <c>"1"</c> is not, NaN is nothing; lists and maps by content.</summary>
    public static Condition Equal(Value value) => new(field => field is not Value.Float { Number: double.NaN } && FieldOrder.Instance.Equals(field, value));

    /// <summary>Equal to one of the values. A field that is a list must be equal to the list of all of them.</summary>
    public static Condition OneOf(params IEnumerable<Value> values)
    {
        Value.List all = (Value.List)Value.ListOf(values);
        return new(field => field is Value.List ? FieldOrder.Instance.Equals(field, all) : all.Items.Contains(field, FieldOrder.Instance));
    }

    /// <summary>Between two values, both included. A field that is a list must be equal to the list of the two; one that is a map is not.</summary>
    /// <exception cref="InvalidOperationException">On testing: the field has no order with them, as a text with a number, or null.</exception>
    public static Condition Between(Value least, Value greatest) => new(field => field is Value.List or Value.Map
        ? FieldOrder.Instance.Equals(field, Value.ListOf([least, greatest]))
        : Ordered(least, field) <= 0 && Ordered(field, greatest) <= 0);

    /// <summary>Whatever the function says.</summary>
    public static Condition Where(Func<Value, bool> holds) => new(holds);

    /// <summary>Whether a field meets it.</summary>
    public bool Holds(Value field) => _holds(field);

    /// <summary>As <see cref="Equal"/>.</summary>
    public static implicit operator Condition(Value value) => Equal(value);

    /// <summary>As <see cref="Equal"/>.</summary>
    public static implicit operator Condition(string text) => Equal(Value.Of(text));

    /// <summary>As <see cref="Equal"/>.</summary>
    public static implicit operator Condition(bool flag) => Equal(Value.Of(flag));

    /// <summary>As <see cref="Equal"/>.</summary>
    public static implicit operator Condition(long number) => Equal(Value.Of(number));

    /// <summary>As <see cref="Equal"/>.</summary>
    public static implicit operator Condition(double number) => Equal(Value.Of(number));

    /// <summary>As <see cref="OneOf"/>.</summary>
    public static implicit operator Condition(string[] texts) => OneOf(texts.Select(Value.Of));

    /// <summary>As <see cref="OneOf"/>.</summary>
    public static implicit operator Condition(int[] numbers) => OneOf(numbers.Select(number => Value.Of(number)));

    /// <summary>As <see cref="OneOf"/>.</summary>
    public static implicit operator Condition(double[] numbers) => OneOf(numbers.Select(Value.Of));

    /// <summary>As <see cref="Between"/>.</summary>
    public static implicit operator Condition((long Least, long Greatest) range) => Between(Value.Of(range.Least), Value.Of(range.Greatest));

    /// <summary>As <see cref="Between"/>.</summary>
    public static implicit operator Condition((double Least, double Greatest) range) => Between(Value.Of(range.Least), Value.Of(range.Greatest));

    /// <summary>As <see cref="Between"/>.</summary>
    public static implicit operator Condition((string Least, string Greatest) range) => Between(Value.Of(range.Least), Value.Of(range.Greatest));

    /// <summary>As <see cref="Where"/>.</summary>
    public static implicit operator Condition(Func<Value, bool> holds) => Where(holds);

    internal static int Ordered(Value x, Value y) => FieldOrder.Compare(x, y)
        ?? throw new InvalidOperationException($"{ConfigFields.TextOf(x)} and {ConfigFields.TextOf(y)} have no order: expected two numbers or two texts");
}
