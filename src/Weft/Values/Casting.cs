using System.Collections.Immutable;
using System.Globalization;

namespace Weft.Values;

/// <summary>Whether an output of one type may feed an input of another.</summary>
public enum Castable
{
    No,

    /// <summary>Nothing can be said before the value is there: an untyped one into a typed one. Worth a warning.</summary>
    Unproven,

    /// <summary>Yes, and the value is checked when it arrives: a text into an enum.</summary>
    Checked,

    Yes,
}

/// <summary>
/// The rules by which types fit. No number becomes another kind of number and no text a number by itself; files are no folders; a union takes
/// what exactly one of its variants takes.
/// </summary>
public static class Casting
{
    public static Castable From(TypeExpr up, TypeExpr down)
    {
        if (up.Equals(down))
            return Castable.Yes;
        if (down == TypeExpr.Any)
            return Castable.Yes;
        if (up == TypeExpr.Any)
            return Castable.Unproven;
        if (up is TypeExpr.Union { Variants: [TypeExpr only] })
            return From(only, down);
        return down switch
        {
            TypeExpr.List list => up is TypeExpr.List from ? Items(from.Of, list.Of) : Castable.No,
            TypeExpr.Map map => up is TypeExpr.Map from ? From(from.Of, map.Of) : Castable.No,
            TypeExpr.File file => up is TypeExpr.File from && SameFormat(from.Format, file.Format) ? Castable.Yes : Castable.No,
            TypeExpr.Folder folder => up is TypeExpr.Folder from && SameFormat(from.Format, folder.Format) ? Castable.Yes : Castable.No,
            TypeExpr.Optional or TypeExpr.Union => ToUnion(up, Variants(down)),
            TypeExpr.Table table => ToTable(up, table),
            TypeExpr.Enum => up == TypeExpr.Text ? Castable.Checked : Castable.No,
            TypeExpr.Record record => up == TypeExpr.Struct ? Castable.Unproven : up is TypeExpr.Record from && Covers(from, record) ? Castable.Yes : Castable.No,
            _ when down == TypeExpr.Text => up is TypeExpr.Enum ? Castable.Yes : Castable.No,
            _ when down == TypeExpr.Struct => up is TypeExpr.Record ? Castable.Yes : Castable.No,
            _ => Castable.No,
        };
    }

    /// <summary>True when a value that is there may be used as this type.</summary>
    public static bool Accepts(TypeExpr type, Value value) => type switch
    {
        TypeExpr.List list => value is Value.List items && items.Items.All(item => Accepts(list.Of, item)),
        TypeExpr.Map map => value is Value.Map entries && entries.Entries.All(entry => Accepts(map.Of, entry.Value)),
        TypeExpr.Optional optional => value is Value.Null || Accepts(optional.Of, value),
        TypeExpr.Union union => union.Variants.Any(variant => Accepts(variant, value)),
        TypeExpr.Enum members => value is Value.Text text && members.Members.Contains(text.Content),
        TypeExpr.Record record => value is Value.Map map && record.Fields.All(field => Accepts(field.Value, map.Entries.GetValueOrDefault(field.Key, Value.None))),
        TypeExpr.File => value is Value.Blob { Kind: BlobKind.File } or Value.Text,
        TypeExpr.Folder => value is Value.Blob { Kind: BlobKind.Folder } or Value.Text,
        TypeExpr.Table table => value is Value.Blob or Value.Text or Value.Null || (value is Value.List && table.Format == "runs"),
        _ when type == TypeExpr.Any => true,
        _ when type == TypeExpr.None => value is Value.Null,
        _ when type == TypeExpr.Bool => value is Value.Bool,
        _ when type == TypeExpr.Int => value is Value.Int,
        _ when type == TypeExpr.Float => value is Value.Float,
        _ when type == TypeExpr.Text || type == TypeExpr.Binary => value is Value.Text,
        _ when type == TypeExpr.Time => value is Value.Time,
        _ when type == TypeExpr.Duration => value is Value.Duration,
        _ when type == TypeExpr.Struct => value is Value.Map,
        _ => false,
    };

    /// <summary>A value as one of a type, where that loses nothing: an integer becomes a float, a text an instant. Null when it is none.</summary>
    public static Value? Fit(TypeExpr type, Value value)
    {
        if (Accepts(type, value))
            return value;
        if (type is TypeExpr.Optional optional)
            return Fit(optional.Of, value);
        if (type == TypeExpr.Float && value is Value.Int whole)
            return Value.Of((double)whole.Number);
        if (type == TypeExpr.Time && value is Value.Text text && DateTimeOffset.TryParse(text.Content, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset instant))
            return new Value.Time(instant);
        if (type is not TypeExpr.List { Of: var item } || value is not Value.List list)
            return null;
        var items = ImmutableArray.CreateBuilder<Value>(list.Items.Length);
        foreach (Value one in list.Items)
        {
            if (Fit(item, one) is not { } fitted)
                return null;
            items.Add(fitted);
        }
        return new Value.List(items.MoveToImmutable());
    }

    /// <summary>The type of a constant. The items of a list need one type; a list of several kinds is a list of any.</summary>
    public static TypeExpr TypeOf(Value value) => value switch
    {
        Value.Null => TypeExpr.None,
        Value.Bool => TypeExpr.Bool,
        Value.Int => TypeExpr.Int,
        Value.Float => TypeExpr.Float,
        Value.Text => TypeExpr.Text,
        Value.Time => TypeExpr.Time,
        Value.Duration => TypeExpr.Duration,
        Value.List list => new TypeExpr.List(Common(list.Items.Select(TypeOf), TypeExpr.None)),
        Value.Map map => new TypeExpr.Record(map.Entries.ToImmutableSortedDictionary(entry => entry.Key, entry => TypeOf(entry.Value), StringComparer.Ordinal)),
        Value.Blob { Kind: BlobKind.File } => new TypeExpr.File(),
        Value.Blob { Kind: BlobKind.Folder } => new TypeExpr.Folder(),
        _ => TypeExpr.Any,
    };

    /// <summary>The one type of several, none beside one type makes it optional; several types are any.</summary>
    public static TypeExpr Common(IEnumerable<TypeExpr> types, TypeExpr whenEmpty)
    {
        TypeExpr? common = null;
        bool hasNone = false;
        foreach (TypeExpr type in types)
        {
            if (type == TypeExpr.None)
                hasNone = true;
            else if (common is not null && !common.Equals(type))
                return TypeExpr.Any;
            else
                common = type;
        }
        if (common is null)
            return hasNone ? TypeExpr.None : whenEmpty;
        return hasNone ? new TypeExpr.Optional(common) : common;
    }

    /// <summary>The variants of a union or of an optional, those inside variants included; of another type itself.</summary>
    public static ImmutableArray<TypeExpr> Variants(TypeExpr type) => type switch
    {
        TypeExpr.Optional optional => [.. Variants(optional.Of), TypeExpr.None],
        TypeExpr.Union union => [.. union.Variants.SelectMany(variant => Variants(variant))],
        _ => [type],
    };

    private static Castable Items(TypeExpr up, TypeExpr down) => up == TypeExpr.None ? Castable.Yes : From(up, down);

    private static Castable ToUnion(TypeExpr up, ImmutableArray<TypeExpr> variants)
    {
        if (up is TypeExpr.Union or TypeExpr.Optional)
        {
            // Every variant must find a place; the least certain one decides.
            return Variants(up).Min(from => variants.Max(to => From(from, to)));
        }
        Castable[] fits = [.. variants.Select(to => From(up, to)).Where(fit => fit != Castable.No)];
        return fits.Length == 1 ? fits[0] : Castable.No;
    }

    private static Castable ToTable(TypeExpr up, TypeExpr.Table down)
    {
        if (up == TypeExpr.None)
            return Castable.Yes;
        if (up is not TypeExpr.Table from || !(from.Format.Equals(down.Format, StringComparison.OrdinalIgnoreCase) || from.Format.Length == 0 || down.Format.Length == 0))
            return Castable.No;
        if (from.Columns.IsEmpty || down.Columns.IsEmpty)
            return Castable.Yes;
        return down.Columns.All(column => from.Columns.TryGetValue(column.Key, out TypeExpr? type) && From(type, column.Value) != Castable.No) ? Castable.Yes : Castable.No;
    }

    private static bool Covers(TypeExpr.Record from, TypeExpr.Record to) => to.Fields.All(field =>
        from.Fields.TryGetValue(field.Key, out TypeExpr? type)
        && (type.Equals(field.Value) || (type is TypeExpr.Record inner && field.Value is TypeExpr.Record outer && Covers(inner, outer))));

    private static bool SameFormat(string up, string down) => up == down || up.Length == 0 || down.Length == 0;
}
