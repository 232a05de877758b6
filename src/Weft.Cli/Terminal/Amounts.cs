using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Weft.Cli.Terminal;

/// <summary>Durations, instants and numbers as people read them.</summary>
internal static class Amounts
{
    /// <summary><c>0.42 s</c>, <c>12.3 s</c>, <c>4:05 min</c>, <c>2:30 h</c>, <c>3 d 4 h</c>.</summary>
    public static string Duration(TimeSpan span) => span.TotalSeconds switch
    {
        < 0.9995 => span.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture) + " s",
        < 60 => span.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        < 3600 => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalMinutes}:{span.Seconds:00} min"),
        < 86400 => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours}:{span.Minutes:00} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalDays} d {span.Hours} h"),
    };

    /// <summary>Local time to the second; today's without the date.</summary>
    public static string Instant(DateTimeOffset instant, TimeProvider clock)
    {
        DateTimeOffset local = TimeZoneInfo.ConvertTime(instant, clock.LocalTimeZone);
        DateTimeOffset now = clock.GetLocalNow();
        return local.ToString(local.Date == now.Date ? "HH:mm:ss" : "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
    }

    /// <summary>At most six significant digits.</summary>
    public static string Number(double number) => number.ToString("G6", CultureInfo.InvariantCulture);

    /// <summary><c> (6 runs)</c> behind a number of commands of which programs make more runs, or fewer; nothing where both are the same.</summary>
    public static string OfRuns(BigInteger runs, long commands) =>
        runs == commands ? "" : string.Create(CultureInfo.InvariantCulture, $" ({runs:N0} {(runs.IsOne ? "run" : "runs")})");

    /// <summary>A number of any size, as JSON has them.</summary>
    public static void Write(Utf8JsonWriter json, string name, BigInteger number)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(number.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary><c>1 run</c>, <c>1,234 runs</c>.</summary>
    public static string Count(long count, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : many ?? one + "s")}");
}
