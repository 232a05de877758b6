using System.Collections.Immutable;
using System.Text.Json;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Where a value comes from: the value, every place that set it (the last counts), who chose those files, and the same for what its
/// interpolation leads to.
/// </summary>
/// <param name="Key">Full key: <c>db.hosts[0]</c>.</param>
/// <param name="Written">As it is kept, interpolations as written.</param>
/// <param name="Value">What it evaluates to; null when its interpolation fails.</param>
/// <param name="Problem">Why it fails.</param>
/// <param name="Settings">Who set it, in the order in which they were merged; the last one counts. Empty for what Hydra fills in itself.</param>
/// <param name="References">What its interpolation leads to; what was explained further up is left out.</param>
internal sealed record Explanation(string Key, ConfigNode Written, ConfigNode? Value, Diagnostic? Problem, ImmutableArray<Setting> Settings, ImmutableArray<Explanation> References)
{
    /// <summary>Longest text of a value in a line.</summary>
    private const int MaxShown = 60;

    /// <summary>The lines of <c>weft config explain</c>: each a statement with its place.</summary>
    public IEnumerable<Note> Lines() => Lines(0);

    /// <summary>An object <c>key, written, value, problem, file, line, column, settings, references</c>; absent parts are left out.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("key", Key);
        json.WritePropertyName("written");
        ConfigJson.Write(json, Written);
        if (Value is not null)
        {
            json.WritePropertyName("value");
            ConfigJson.Write(json, Value);
        }
        if (Problem is not null)
            json.WriteString("problem", Problem.Message);
        WritePlace(json, PlaceOf(Written));
        json.WriteStartArray("settings");
        foreach (Setting setting in Settings)
            setting.Write(json);
        json.WriteEndArray();
        json.WriteStartArray("references");
        foreach (Explanation reference in References)
            reference.Write(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private IEnumerable<Note> Lines(int depth)
    {
        string indent = new(' ', 2 * depth);
        string value = !Written.IsInterpolation ? Show(Written) : Problem is null ? $"{Show(Value!)}  from {Show(Written)}" : $"{Show(Written)}, which fails: {Problem.Message}";
        yield return new Note($"{indent}{Key} = {value}", PlaceOf(Written));
        bool isMerged = Written is (DictConfig or ListConfig) and { IsSpecial: false };
        for (int i = Settings.Length - 1; i >= 0; i--)
        {
            Setting setting = Settings[i];
            string verb = i == Settings.Length - 1 ? "set by" : isMerged ? "merged into that of" : $"over {Show(setting.Value)} of";
            yield return new Note($"{indent}  {verb} {setting.Origin}", setting.At);
            foreach (Note choice in setting.Choices())
                yield return new Note($"{indent}    {choice.Message}", choice.At);
        }
        if (Settings.IsEmpty)
            yield return new Note($"{indent}  set by Hydra when it composes", null);
        foreach (Explanation reference in References)
        {
            foreach (Note line in reference.Lines(depth + 1))
                yield return line;
        }
    }

    internal static Span? PlaceOf(ConfigNode node) => node.At.Source is null ? null : node.At;

    internal static void WritePlace(Utf8JsonWriter json, Span? at)
    {
        if (at is not { } place)
            return;
        Position position = place.Position;
        json.WriteString("file", place.Source.Name);
        json.WriteNumber("line", position.Line);
        json.WriteNumber("column", position.Column);
    }

    /// <summary>A value on one line, as it is written in YAML; long ones are cut.</summary>
    private static string Show(ConfigNode node)
    {
        string text = node switch
        {
            DictConfig { IsSpecial: false, Count: > 0 } dict => $"a map of {dict.Count} {(dict.Count == 1 ? "key" : "keys")}",
            ListConfig { IsSpecial: false, Count: > 0 } list => $"a list of {list.Count} {(list.Count == 1 ? "item" : "items")}",
            DictConfig { IsSpecial: false } => "{}",
            ListConfig { IsSpecial: false } => "[]",
            _ => ConfigWriter.ToYaml(node).ReplaceLineEndings(" ").Trim(),
        };
        return text.Length <= MaxShown ? text : text[..(MaxShown - 1)] + "…";
    }
}

/// <summary>One place that set a value: a configuration of the defaults list, or an argument.</summary>
internal sealed record Setting(ConfigNode Value, Span? At, ResultDefault? Entry, Override? Override)
{
    internal string Origin => Override is { } argument ? $"the argument `{argument.Text}`" : $"`{Entry!.Path}`";

    /// <summary>Why the configuration is there: the choices and defaults lists from it up to the primary one.</summary>
    internal IEnumerable<Note> Choices()
    {
        for (DefaultsNode? node = Entry?.Node; node is not null; node = node.Parent)
        {
            if (node.Kind == DefaultsNodeKind.Group)
                yield return new Note($"chosen by `{node}`", node.ChosenAt);
            else if (node.Kind == DefaultsNodeKind.Config && node.ChosenAt is { } at)
                yield return new Note($"brought by the defaults list of `{node.Parent?.ConfigPath}`", at);
        }
    }

    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString(Override is null ? "config" : "argument", Override?.Text ?? Entry!.Path);
        json.WritePropertyName("value");
        ConfigJson.Write(json, Value);
        Explanation.WritePlace(json, At);
        json.WriteStartArray("chosen");
        foreach (Note choice in Choices())
        {
            json.WriteStartObject();
            json.WriteString("by", choice.Message);
            Explanation.WritePlace(json, choice.At);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
