using System.Globalization;
using System.Text;
using Weft.Config.Nodes;
using Weft.Config.Resolvers;

namespace Weft.Config.Composition;

/// <summary>The resolvers that Hydra adds: <c>now:format</c>, <c>hydra:path</c> and <c>python_version:level</c>.</summary>
internal static class HydraResolvers
{
    /// <summary>
    /// Adds <c>now</c> and <c>python_version</c>. The time is local, read once per format and composition, so that all uses in a run agree.
    /// </summary>
    public static Resolvers.Resolvers AddHydra(this Resolvers.Resolvers resolvers, TimeProvider time) => resolvers
        .Add("now", call => Now(call, time), isCached: true)
        .Add("hydra", call => call.Fail("ValueError", "only a job that runs has a `hydra` node"))
        .Add("python_version", PythonVersion, isCached: true);

    /// <summary>A copy in which <c>${hydra:path}</c> reads the <c>hydra</c> node of one composition.</summary>
    internal static Resolvers.Resolvers WithHydra(this Resolvers.Resolvers resolvers, DictConfig config) =>
        resolvers.Copy().Add("hydra", call => Hydra(call, config));

    /// <summary>What is not there, or not known yet, is null, as in Hydra.</summary>
    private static ConfigNode? Hydra(ResolverCall call, DictConfig config)
    {
        if (!call.Takes(1, 1))
            return null;
        if (call.Arguments[0].Content.AsString is not { } path)
            return call.Fail("TypeError", "names a key of the `hydra` node by a text");
        Interpolation.Selected selected = call.Resolution.Select(config, "hydra." + path);
        if (selected.Error is { } error)
            return call.Fail(error);
        return selected.Node is null or { IsMissing: true } ? new ValueNode(Scalar.Null, call.Node.At) : selected.Node;
    }

    private static ConfigNode? Now(ResolverCall call, TimeProvider time)
    {
        string format = string.Join(",", call.Arguments.Select(PythonText.Str));
        return new ValueNode(Scalar.Of(Format(time.GetLocalNow(), format)), call.Node.At);
    }

    /// <summary>There is no Python here; configurations that ask get the version that Hydra 1.3 was last made for.</summary>
    private static ConfigNode? PythonVersion(ResolverCall call)
    {
        string level = call.Arguments.Length == 0 ? "minor" : PythonText.Str(call.Arguments[0]);
        return level switch
        {
            "major" => new ValueNode(Scalar.Of("3"), call.Node.At),
            "minor" => new ValueNode(Scalar.Of("3.11"), call.Node.At),
            "micro" => new ValueNode(Scalar.Of("3.11.0"), call.Node.At),
            _ => call.Fail("ValueError", $"`{level}` is no level of a version", "levels: `major`, `minor` or `micro`"),
        };
    }

    /// <summary>C's <c>strftime</c>; a directive that it does not know stays as it is.</summary>
    internal static string Format(DateTimeOffset time, string format)
    {
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
                text.Append(format[i]);
            else
                text.Append(Directive(time, format[++i]));
        }
        return text.ToString();
    }

    private static string Directive(DateTimeOffset time, char directive)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        int monday = ((int)time.DayOfWeek + 6) % 7;
        return directive switch
        {
            'Y' => Two(time.Year / 100) + Two(time.Year % 100),
            'y' => Two(time.Year % 100),
            'C' => Two(time.Year / 100),
            'm' => Two(time.Month),
            'd' => Two(time.Day),
            'e' => time.Day.ToString(culture).PadLeft(2),
            'H' => Two(time.Hour),
            'I' => time.ToString("hh", culture),
            'M' => Two(time.Minute),
            'S' => Two(time.Second),
            'f' => time.ToString("ffffff", culture),
            'p' => time.Hour < 12 ? "AM" : "PM",
            'a' => time.ToString("ddd", culture),
            'A' => time.ToString("dddd", culture),
            'b' or 'h' => time.ToString("MMM", culture),
            'B' => time.ToString("MMMM", culture),
            'j' => time.DayOfYear.ToString("000", culture),
            'u' => (monday + 1).ToString(culture),
            'w' => ((int)time.DayOfWeek).ToString(culture),
            'U' => ((time.DayOfYear + 6 - (int)time.DayOfWeek) / 7).ToString("00", culture),
            'W' => ((time.DayOfYear + 6 - monday) / 7).ToString("00", culture),
            'G' => ISOWeek.GetYear(time.DateTime).ToString("0000", culture),
            'V' => ISOWeek.GetWeekOfYear(time.DateTime).ToString("00", culture),
            'F' => time.ToString("yyyy-MM-dd", culture),
            'T' => time.ToString("HH:mm:ss", culture),
            'R' => time.ToString("HH:mm", culture),
            'D' or 'x' => time.ToString("MM/dd/yy", culture),
            'X' => time.ToString("HH:mm:ss", culture),
            'c' => time.ToString("ddd MMM ", culture) + time.Day.ToString(culture).PadLeft(2) + time.ToString(" HH:mm:ss yyyy", culture),
            's' => time.ToUnixTimeSeconds().ToString(culture),
            'z' or 'Z' => "",
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => "%" + directive,
        };
    }

    /// <summary>Two digits; written out, since the formats of a date are compiled when a program first uses them.</summary>
    private static string Two(int number) => new([(char)('0' + (number / 10)), (char)('0' + (number % 10))]);
}
