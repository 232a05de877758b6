using System.Text.Json;
using Weft.Config.Overrides;
using Weft.Expressions;
using Weft.Text;
using Weft.Values;

namespace Weft.Sweeps;

/// <summary>
/// One override of Hydra's grammar as a dimension: <c>lr=0.1,0.2</c>, <c>seed=range(5)</c>, <c>db=glob(*)</c>. Its words are what Hydra gives
/// to a job.
/// </summary>
public sealed record HydraAxis : Space
{
    private readonly SweepAxis _axis;

    private HydraAxis(SweepAxis axis) : base(axis.Override.At)
    {
        _axis = axis;
        Size = axis.Count > long.MaxValue ? long.MaxValue : (long)axis.Count;
    }

    public override long Size { get; }

    /// <summary>The jobs of a basic sweep: the last override varies fastest.</summary>
    public static Space Of(BasicSweep sweep)
    {
        Span at = sweep.Axes.IsEmpty ? Expr.Nowhere : sweep.Axes[0].Override.At;
        return new Product([.. sweep.Axes.Select(axis => new HydraAxis(axis))], Fastest.Last, at);
    }

    /// <summary>One dimension for each override of a basic sweep.</summary>
    public static IEnumerable<Dimension> Dimensions(BasicSweep sweep) =>
        sweep.Axes.Select(axis => new Dimension([axis.Override.KeyWithPackage], new HydraAxis(axis), axis.Override.KeyAt.Source is null ? axis.Override.At : axis.Override.KeyAt));

    internal override IEnumerable<string> Parameters => [_axis.Override.KeyWithPackage];

    internal override bool Append(long index, ref PointParts parts)
    {
        Element value = _axis[index];
        Value typed = ValueOf(value);
        parts.Add(new Word($"{_axis.Override.KeyElement}={ElementPrinter.Print(value)}", typed));
        parts.Add(_axis.Override.KeyWithPackage, typed);
        return true;
    }

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", "hydra");
        json.WriteString("override", _axis.Override.Text);
        if (!_axis.Options.IsDefault)
        {
            json.WriteStartArray("options");
            foreach (string option in _axis.Options)
                json.WriteStringValue(option);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    /// <exception cref="JsonException">The override is not one.</exception>
    internal static HydraAxis Read(JsonElement json)
    {
        var diagnostics = new Diagnostics();
        string[] options = json.TryGetProperty("options", out JsonElement listed) ? [.. listed.EnumerateArray().Select(option => option.GetString()!)] : [];
        SweepAxis? axis = Override.Parse(new Source("plan", json.GetProperty("override").GetString()!), diagnostics) is { } parsed ? SweepAxis.Of(parsed, _ => options, diagnostics) : null;
        return axis is null ? throw new JsonException(diagnostics.First().Message) : new HydraAxis(axis);
    }

    public bool Equals(HydraAxis? other) =>
        other is not null && _axis.Override.Text == other._axis.Override.Text
        && (_axis.Options.IsDefault ? other._axis.Options.IsDefault : !other._axis.Options.IsDefault && _axis.Options.AsSpan().SequenceEqual(other._axis.Options.AsSpan()));

    public override int GetHashCode() => _axis.Override.Text.GetHashCode(StringComparison.Ordinal);

    private static Value ValueOf(Element element) => element switch
    {
        Element.Bool boolean => Value.Of(boolean.Is),
        Element.Int integer => new Value.Int(integer.Number),
        Element.Float number => Value.Of(number.Number),
        Element.Text text => Value.Of(text.Content),
        Element.List list => Value.ListOf(list.Items.Select(ValueOf)),
        Element.Map map => Value.MapOf(map.Entries.Select(entry => KeyValuePair.Create(entry.Key is Element.Text key ? key.Content : entry.Key.ToString(), ValueOf(entry.Value))).DistinctBy(entry => entry.Key)),
        _ => Value.None,
    };
}
