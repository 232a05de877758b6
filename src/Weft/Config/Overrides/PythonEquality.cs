using System.Numerics;

namespace Weft.Config.Overrides;

/// <summary>
/// When two values are the same key of a map, and which comes first: integers, floats and booleans compare by number, texts by code point,
/// lists item by item. It is Python's rule, which the grammar's maps and <c>sort</c> follow.
/// </summary>
internal sealed class PythonEquality : IEqualityComparer<Element>
{
    public static readonly PythonEquality Instance = new();

    public bool Equals(Element? x, Element? y) => (x, y) switch
    {
        (Element.Text a, Element.Text b) => a.Content == b.Content,
        (Element.Int or Element.Float or Element.Bool, Element.Int or Element.Float or Element.Bool) => Compare(x, y) == 0,
        _ => Equals((object?)x, y),
    };

    public int GetHashCode(Element element) => element switch
    {
        Element.Text text => text.Content.GetHashCode(StringComparison.Ordinal),
        Element.Int or Element.Float or Element.Bool => AsDouble(element).GetHashCode(),
        _ => element.GetHashCode(),
    };

    /// <summary>Negative, zero or positive; null when the two have no order.</summary>
    public static int? Compare(Element x, Element y)
    {
        switch (x, y)
        {
            case (Element.Int or Element.Bool, Element.Int or Element.Bool):
                return AsInteger(x).CompareTo(AsInteger(y));
            case (Element.Int or Element.Bool or Element.Float, Element.Int or Element.Bool or Element.Float):
                return AsDouble(x).CompareTo(AsDouble(y));
            case (Element.Text a, Element.Text b):
                return CompareCodePoints(a.Content, b.Content);
            case (Element.List a, Element.List b):
                for (int i = 0; i < Math.Min(a.Items.Length, b.Items.Length); i++)
                {
                    if (!Instance.Equals(a.Items[i], b.Items[i]))
                        return Compare(a.Items[i], b.Items[i]);
                }
                return a.Items.Length.CompareTo(b.Items.Length);
            default:
                return null;
        }
    }

    private static BigInteger AsInteger(Element element) => element is Element.Int integer ? integer.Number : element is Element.Bool { Is: true } ? 1 : 0;

    private static double AsDouble(Element element) => element is Element.Float number ? number.Number : (double)AsInteger(element);

    /// <summary>UTF-16 units above the surrogates stand for smaller code points than surrogate pairs do.</summary>
    private static int CompareCodePoints(string a, string b)
    {
        for (int i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (a[i] != b[i])
                return char.IsSurrogate(a[i]) != char.IsSurrogate(b[i]) ? (char.IsSurrogate(a[i]) ? 1 : -1) : a[i].CompareTo(b[i]);
        }
        return a.Length.CompareTo(b.Length);
    }
}
