using System.Collections.Immutable;
using System.Text.Json;
using Weft.Config.Yaml;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Dialects.Native;

/// <summary>
/// What the words of a command line change: <c>day=2026-11-02</c> a parameter of the workflow, <c>lr=0.1</c> or <c>train.lr=0.1</c> the values of a swept key,
/// anything else the configuration, in Hydra's grammar.
/// </summary>
internal sealed class Changes
{
    private readonly Dictionary<string, Excerpt> _swept = new(StringComparer.Ordinal);
    private readonly List<string> _notes = [];
    private ImmutableArray<string> _configWords = [];

    /// <summary>Values for the workflow's inputs.</summary>
    public ImmutableSortedDictionary<string, Value> Inputs { get; private set; } = Value.NoEntries;

    /// <summary>The configuration; null when the file names none.</summary>
    public ConfigTree? Config { get; private set; }

    /// <summary>What was replaced, a sentence each.</summary>
    public ImmutableArray<string> Notes => [.. _notes];

    /// <param name="scope">The workflow that runs.</param>
    public static Changes Read(WeftFile file, WorkflowScope scope, Arguments arguments, IReadOnlyDictionary<string, string> environment, Diagnostics problems)
    {
        var changes = new Changes();
        if (!arguments.Extra.IsEmpty)
            problems.Error("weft/words", "words after `--` are for one program, and a workflow may have several", null, $"override a parameter: `weft run {scope.Name} KEY=VALUE`");
        var words = ImmutableArray.CreateBuilder<string>();
        var swept = scope.SweptKeys().ToHashSet(StringComparer.Ordinal);
        bool hasConfig = file.Root.TextOf("config") is not null;
        foreach (Excerpt word in arguments.Overrides)
        {
            int equals = word.Text.IndexOf('=');
            string key = equals < 0 ? word.Text : word.Text[..equals];
            if (equals > 0 && scope.In.TryGetValue(key, out Port? port))
                changes.Give(key, port, word.Part(equals + 1), problems);
            else if (equals > 0 && swept.Contains(key))
                changes._swept[key] = word.Part(equals + 1);
            else if (hasConfig)
                words.Add(word.Text);
            else
                problems.Error("weft/unknown-parameter", $"`{key}` is neither a parameter nor a swept key of `{scope.Name}`", word.SpanOf(0, Math.Max(key.Length, 1)),
                    Suggest.HintOrList(key, [.. scope.In.Keys, .. swept], "it has") ?? $"`{scope.Name}` takes no parameters");
        }
        changes._configWords = words.ToImmutable();
        if (file.Root["config"] is YamlScalar path && hasConfig)
            changes.Config = new ConfigTree(file.Folder, path.Text, changes._configWords, environment, path.At, problems);
        return changes;
    }

    /// <summary>The new values of a key that a task sweeps; null when it stays.</summary>
    public Excerpt? ValuesOf(string task, string key)
    {
        if (!_swept.TryGetValue($"{task}.{key}", out Excerpt? values) && !_swept.TryGetValue(key, out values))
            return null;
        _notes.Add($"`{key}` of `{task}` is {values.Text} instead of what its sweep has");
        return values;
    }

    /// <summary>The configuration's words for a program that is handed a part of it and composes it itself.</summary>
    public IEnumerable<string> WordsFor(string? part) =>
        part is null ? _configWords : _configWords.Where(word => word.StartsWith(part + ".", StringComparison.Ordinal)).Select(word => word[(part.Length + 1)..]);

    private void Give(string name, Port port, Excerpt text, Diagnostics problems)
    {
        Value value = port.Type == TypeExpr.Text || port.Type is TypeExpr.Enum ? Value.Of(text.Text) : TypedText.Read(text.Text);
        if (port.Type is TypeExpr.List or TypeExpr.Map or TypeExpr.Record || port.Type == TypeExpr.Struct)
            value = ReadJson(text.Text) ?? value;
        if (Casting.Fit(port.Type, value) is { } fitted)
            Inputs = Inputs.SetItem(name, fitted);
        else
            problems.Error("weft/parameter", $"`{name}` must be {port.Type}, found `{text.Text}`", text.At);
    }

    private static Value? ReadJson(string text)
    {
        try
        {
            return CanonicalJson.Read(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
