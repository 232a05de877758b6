using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// What a program wrote to <c>WEFT_RESULTS</c>: lines <c>name=value</c>, or JSON objects, one to a line. A value that reads as a number is one, <c>true</c> and
/// <c>false</c> are conditions, everything else is text. The last value of a name counts. Lines of neither form are not results; their
/// numbers are handed back for a warning.
/// </summary>
internal sealed record ResultsFile(ImmutableSortedDictionary<string, Value> Values, ImmutableArray<int> BadLines)
{
    /// <summary>More is no list of results; it belongs into an output.</summary>
    public const int MaxBytes = 16 << 20;

    public static ResultsFile Empty { get; } = new(Value.NoEntries, []);

    /// <summary>Reads the file; a missing one has no results.</summary>
    /// <exception cref="IOException">It is larger than <see cref="MaxBytes"/>.</exception>
    public static ResultsFile Read(string path)
    {
        using SafeFileHandle? file = RawFile.TryOpenRead(path);
        if (file is null)
            return Empty;
        long length = RandomAccess.GetLength(file);
        if (length > MaxBytes)
            throw new IOException($"the results file has {new ByteSize(length)}, at most {new ByteSize(MaxBytes)} are read: write large results to an output");
        byte[] bytes = new byte[length];
        int count = RandomAccess.Read(file, bytes, 0);
        return Parse(Encoding.UTF8.GetString(bytes, 0, count));
    }

    public static ResultsFile Parse(string text)
    {
        var values = Value.NoEntries.ToBuilder();
        var bad = ImmutableArray.CreateBuilder<int>();
        int number = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = raw.Trim();
            if (line.Length > 0 && !(line[0] == '{' ? ReadJson(line, values) : ReadPair(line, values)))
                bad.Add(number);
        }
        return new ResultsFile(values.ToImmutable(), bad.ToImmutable());
    }

    private static bool ReadPair(string line, ImmutableSortedDictionary<string, Value>.Builder values)
    {
        int equals = line.IndexOf('=');
        if (equals <= 0)
            return false;
        values[line[..equals].TrimEnd()] = Typed(line[(equals + 1)..].TrimStart());
        return true;
    }

    private static bool ReadJson(string line, ImmutableSortedDictionary<string, Value>.Builder values)
    {
        try
        {
            if (CanonicalJson.Read(line) is not Value.Map map)
                return false;
            foreach ((string name, Value value) in map.Entries)
                values[name] = value;
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static Value Typed(string text)
    {
        if (BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger integer))
            return new Value.Int(integer);
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
            return Value.Of(number);
        return text switch
        {
            "true" or "True" => Value.Of(true),
            "false" or "False" => Value.Of(false),
            "nan" => Value.Of(double.NaN),
            "inf" => Value.Of(double.PositiveInfinity),
            "-inf" => Value.Of(double.NegativeInfinity),
            _ => Value.Of(text),
        };
    }
}
