using System.Numerics;
using System.Text.Json;
using Weft.Text;
using Weft.Values;

namespace Weft.Sweeps;

/// <summary>One parameter with the values it takes; its words are <c>KEY=VALUE</c>.</summary>
/// <param name="Key">As it stands in the words, signs included: <c>lr</c>, <c>+trainer.epochs</c>, <c>--seed</c>.</param>
public sealed record Axis(string Key, Choices Choices, Span At) : Space(At)
{
    /// <summary>Values of an axis up to this number are made once; a product asks for each of them many times.</summary>
    private const int KeptValues = 4096;

    private readonly Made?[] _made = new Made?[Choices.Count <= KeptValues ? Choices.Count : 0];

    // Not settable in a copy, since what was made from them would stay as it was.
    public string Key { get; } = Key;

    public Choices Choices { get; } = Choices;

    /// <summary>How many runs a program makes of each value: above 1 for values that are comma lists, which the program takes apart itself.</summary>
    public long RunsOfEach { get; init; } = 1;

    public override long Size => Choices.Count;

    public override BigInteger Runs => new BigInteger(Size) * RunsOfEach;

    /// <summary>The parameter's name: the key without the signs before it.</summary>
    public string Parameter { get; } = NameOf(Key);

    internal override IEnumerable<string> Parameters => [Parameter];

    internal override bool Append(long index, ref PointParts parts)
    {
        Word word = WordAt(index);
        parts.Add(word);
        parts.Add(Parameter, word.Typed);
        if (RunsOfEach != 1)
            parts.Multiply(RunsOfEach);
        return true;
    }

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", "axis");
        json.WriteString("key", Key);
        json.WritePropertyName("choices");
        ChoicesJson.Write(json, Choices);
        if (RunsOfEach != 1)
            json.WriteNumber("runs", RunsOfEach);
        json.WriteEndObject();
    }

    internal static Axis Read(JsonElement json, Span at) => new(json.GetProperty("key").GetString()!, ChoicesJson.Read(json.GetProperty("choices")), at)
    {
        RunsOfEach = json.TryGetProperty("runs", out JsonElement runs) ? runs.GetInt64() : 1,
    };

    /// <summary>A key without the signs before it: <c>+a</c>, <c>++a</c> and <c>--a</c> are all of the parameter <c>a</c>.</summary>
    internal static string NameOf(string key) => key.TrimStart('+', '-') is { Length: > 0 } name ? name : key;

    public bool Equals(Axis? other) => other is not null && Key == other.Key && Choices == other.Choices && RunsOfEach == other.RunsOfEach;

    public override int GetHashCode() => HashCode.Combine(Key, Choices);

    private Word WordAt(long index) => _made.Length > 0 ? (_made[index] ??= new Made(Make(index))).Word : Make(index);

    private Word Make(long index) => new($"{Key}={Choices[index]}", Choices.ValueAt(index));

    /// <summary>An object, so that it is stored by one write and threads need no lock: they may make the same word twice.</summary>
    private sealed record Made(Word Word);
}
