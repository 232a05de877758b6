using System.Globalization;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Dialects.Native;

/// <summary>How times, sizes and the like are written in <c>weft.yaml</c>.</summary>
internal static class Quantities
{
    private static readonly (char Unit, double Seconds)[] Units = [('d', 86400), ('h', 3600), ('m', 60), ('s', 1)];

    /// <summary>
    /// A time as Slurm writes its limits (<c>30</c> minutes, <c>30:00</c>, <c>4:00:00</c>, <c>1-12</c>, <c>1-12:30:00</c>) or with units
    /// (<c>90s</c>, <c>2m</c>, <c>4h</c>, <c>1h30m</c>, <c>2d</c>). Null when it is neither.
    /// </summary>
    public static TimeSpan? Time(string text)
    {
        text = text.Trim();
        if (text.Length == 0)
            return null;
        double seconds = text[^1] is 'd' or 'h' or 'm' or 's' ? WithUnits(text) : AsSlurm(text);
        return seconds is > 0 and < 1e10 ? TimeSpan.FromSeconds(seconds) : null;
    }

    public static string? WrongTime(string text) => Time(text) is null ? $"`{text}` is none (`90s`, `2m`, `4h`, `1h30m`, or as Slurm writes it: minutes, `4:00:00`, `1-12:00`)" : null;

    /// <summary>A size has a unit: a number alone would be bytes, which nobody means.</summary>
    public static string? WrongSize(string text) =>
        ByteSize.TryParse(text, out _) ? char.IsAsciiDigit(text[^1]) ? $"`{text}` has no unit (`{text}GB`, `{text}MB`)" : null : $"`{text}` is none (`500MB`, `4GB`, `4GiB`)";

    /// <summary>
    /// Five fields of <c>*</c>, numbers, ranges and lists of them, each with a step behind <c>/</c> perhaps; months and days of the week also by their
    /// first three letters.
    /// </summary>
    public static string? WrongCron(string text)
    {
        (string Name, int Least, int Most, string[] Words)[] fields =
        [
            ("minute", 0, 59, []), ("hour", 0, 23, []), ("day of the month", 1, 31, []),
            ("month", 1, 12, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
            ("day of the week", 0, 7, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
        ];
        string[] given = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (given.Length != fields.Length)
            return $"it has {given.Length} {(given.Length == 1 ? "field" : "fields")} instead of five: minute, hour, day of the month, month, day of the week";
        for (int i = 0; i < given.Length; i++)
        {
            foreach (string item in given[i].Split(','))
            {
                string[] step = item.Split('/');
                bool isGood = step.Length <= 2 && (step.Length == 1 || Within(step[1], 1, fields[i].Most, [])) && (step[0] == "*" || step[0].Split('-') is { Length: <= 2 } ends && ends.All(end => Within(end, fields[i].Least, fields[i].Most, fields[i].Words)));
                if (!isGood)
                    return $"`{item}` is no {fields[i].Name} from {fields[i].Least} to {fields[i].Most}";
            }
        }
        return null;

        static bool Within(string text, int least, int most, string[] words) =>
            words.Contains(text.ToLowerInvariant()) || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most);
    }

    public static string? WrongTimeZone(string text) => TimeZoneInfo.TryFindSystemTimeZoneById(text, out _) ? null : $"this machine knows no `{text}` (`UTC`, `Europe/Berlin`)";

    /// <summary><c>2</c>, <c>A100</c>, <c>A100:2</c>; null when it is none of these.</summary>
    public static GpuRequest? Gpu(string text)
    {
        int colon = text.LastIndexOf(':');
        string count = colon < 0 ? text : text[(colon + 1)..];
        bool hasCount = int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
        if (hasCount)
            return number >= 1 && (colon != 0) ? new GpuRequest(number, colon < 0 ? null : text[..colon]) : null;
        return colon < 0 && text.Length > 0 && char.IsLetter(text[0]) ? new GpuRequest(1, text) : null;
    }

    public static string? WrongGpu(string text) => Gpu(text) is null ? $"`{text}` is none (`1`, `A100`, `A100:2`)" : null;

    /// <summary>A share: <c>90%</c> or <c>0.9</c>; or a count of points.</summary>
    public static (double? Share, long? Count)? Need(string text)
    {
        if (text.EndsWith('%'))
            return double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent <= 100 ? (percent / 100, null) : null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long count))
            return (null, count);
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double share) && share <= 1 ? (share, null) : null;
    }

    public static string? WrongNeed(string text) => text == "all" || Need(text) is not null ? null : $"`{text}` is none (`all`, `90%`, `0.9`, or a number of points)";

    private static double WithUnits(string text)
    {
        double seconds = 0;
        int position = 0;
        int unit = -1;
        while (position < text.Length)
        {
            int end = text.AsSpan(position).IndexOfAnyExcept("0123456789.");
            if (end <= 0 || !double.TryParse(text.AsSpan(position, end), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
                return -1;
            int found = Array.FindIndex(Units, one => one.Unit == text[position + end]);
            if (found <= unit)
                return -1;
            seconds += number * Units[found].Seconds;
            unit = found;
            position += end + 1;
        }
        return seconds;
    }

    // minutes | minutes:seconds | hours:minutes:seconds | days-hours | days-hours:minutes | days-hours:minutes:seconds
    private static double AsSlurm(string text)
    {
        int dash = text.IndexOf('-');
        double days = 0;
        if (dash >= 0 && !Digits(text[..dash], out days))
            return -1;
        string[] parts = text[(dash + 1)..].Split(':');
        if (parts.Length > 3)
            return -1;
        double[] numbers = new double[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!Digits(parts[i], out numbers[i]))
                return -1;
        }
        if (dash >= 0)
            return days * 86400 + numbers[0] * 3600 + (numbers.Length > 1 ? numbers[1] * 60 : 0) + (numbers.Length > 2 ? numbers[2] : 0);
        return numbers.Length switch
        {
            1 => numbers[0] * 60,
            2 => numbers[0] * 60 + numbers[1],
            _ => numbers[0] * 3600 + numbers[1] * 60 + numbers[2],
        };
    }

    private static bool Digits(string text, out double number)
    {
        bool isGood = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int whole);
        number = whole;
        return isGood;
    }
}
