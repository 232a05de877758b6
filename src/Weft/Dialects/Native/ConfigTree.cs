using System.Collections.Immutable;
using Weft.Config.Composition;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Text;
using Weft.Values;

namespace Weft.Dialects.Native;

/// <summary>The file's configuration: composed with the words of the command line, and handed to tasks part by part.</summary>
internal sealed class ConfigTree
{
    /// <summary>Combinations of values for which a configuration is composed before the start.</summary>
    private const int MostChoices = 1000;

    /// <summary>Points whose values are looked at.</summary>
    private const int MostLooked = 100_000;

    private readonly Composer _composer;
    private readonly string _name;
    private readonly ImmutableArray<string> _words;
    private readonly Span _at;
    private readonly Diagnostics _problems;
    private Value.Map? _whole;

    /// <param name="path">Of the primary configuration, relative to the project's folder.</param>
    /// <param name="words">Overrides in Hydra's grammar.</param>
    public ConfigTree(string folder, string path, ImmutableArray<string> words, IReadOnlyDictionary<string, string> environment, Span at, Diagnostics problems)
    {
        string full = Path.GetFullPath(path, folder);
        _composer = new Composer(
            new SearchPath { Main = new FileConfigSource("main", Path.GetDirectoryName(full)!) },
            new ComposerOptions { JobName = Path.GetFileNameWithoutExtension(full), WorkingFolder = folder, Environment = environment });
        _name = Path.GetFileNameWithoutExtension(full);
        _words = words;
        _at = at;
        _problems = problems;
    }

    /// <summary>The part under a key, for each point with the point's values in it; null when something is wrong.</summary>
    public Expr? Part(string key, Span at, Space? space, Diagnostics problems)
    {
        if ((_whole ??= Compose([])) is not { } whole || PartOf(whole, key) is not { } part)
        {
            if (_whole is { } composed)
                problems.Error("weft/config", $"the configuration has no part `{key}`", at, Suggest.HintOrList(key, [.. composed.Entries.Keys], "it has"));
            return null;
        }
        if (space is null)
            return new Expr.Literal(part, at);
        string[] parameters = [.. space.Parameters.Distinct()];
        Choice[] choices = [.. parameters.Select(parameter => ChoiceOf(key, parameter, space, part)).OfType<Choice>()];
        if (choices.Length == 0)
            return new Expr.Apply(Op.Merge, [new Expr.Literal(part, at), new Expr.Ref(Root.Item, [], at)], at);
        if (choices.Aggregate(1L, (count, choice) => count * Math.Min(choice.Options.Count, MostChoices + 1)) > MostChoices)
        {
            problems.Error("weft/config", $"this sweep has more than {MostChoices} combinations of values that other parts of the configuration follow from", at);
            return null;
        }
        if (Table(key, choices, 0, []) is not { } table)
            return null;
        Expr chosen = new Expr.Literal(table, at);
        foreach (Choice choice in choices)
            chosen = new Expr.Apply(Op.Item, [chosen, new Expr.Apply(Op.Str, [new Expr.Ref(Root.Item, [new Segment(choice.Parameter)], at)], at)], at);
        Expr rest = new Expr.MapOf([.. parameters.Where(parameter => !choices.Any(choice => choice.Parameter == parameter)).Select(parameter => KeyValuePair.Create(parameter, (Expr)new Expr.Ref(Root.Item, [new Segment(parameter)], at)))], at);
        return new Expr.Apply(Op.Merge, [chosen, rest], at);
    }

    /// <summary>A parameter for which the configuration is composed with each of its values: the value as text, and the override that sets it.</summary>
    private sealed record Choice(string Parameter, IReadOnlyDictionary<string, string> Options);

    /// <summary>
    /// A parameter that chooses from a group, or from which other parts of the configuration follow by interpolation; null for one whose value is put in
    /// its place and changes nothing else.
    /// </summary>
    private Choice? ChoiceOf(string key, string parameter, Space space, Value.Map part)
    {
        string inside = $"{key.Replace('.', '/')}/{parameter}";
        foreach (string group in new[] { inside, parameter })
        {
            IReadOnlyList<string> options = _composer.Options(group, _name, []);
            if (options.Count > 0)
                return new Choice(parameter, options.ToDictionary(option => option, option => $"{group}={option}", StringComparer.Ordinal));
        }
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Point point in space.Points().Take(MostLooked))
        {
            if (values.Count <= MostChoices && point.Values.TryGetValue(parameter, out Value? value) && point.Words.FirstOrDefault(word => word.Text.StartsWith(parameter + "=", StringComparison.Ordinal)).Text is { } word)
                values.TryAdd(Rendering.Write(value), $"{key}.{word}");
        }
        foreach (string word in values.Values.Take(2))
        {
            var path = new Value.Map(Value.NoEntries.Add(parameter, Value.None));
            Value? changed = HasPath(part, parameter) && Compose([word]) is { } whole ? PartOf(whole, key) : part;
            if (changed is Value.Map map && Operators.Merge(map, path) != Operators.Merge(part, path))
                return new Choice(parameter, values);
        }
        return null;
    }

    private static bool HasPath(Value.Map part, string path)
    {
        Value at = part;
        foreach (string name in path.Split('.'))
        {
            if (at is not Value.Map map || !map.Entries.TryGetValue(name, out Value? inner))
                return false;
            at = inner;
        }
        return true;
    }

    /// <summary>The part for every combination of choices, nested in their order.</summary>
    private Value.Map? Table(string key, Choice[] choices, int depth, ImmutableArray<string> chosen)
    {
        var table = Value.NoEntries.ToBuilder();
        foreach ((string option, string word) in choices[depth].Options)
        {
            ImmutableArray<string> words = chosen.Add(word);
            Value.Map? one = depth + 1 < choices.Length ? Table(key, choices, depth + 1, words) : Compose(words) is { } whole ? PartOf(whole, key) : null;
            if (one is null)
                return null;
            table[option] = one;
        }
        return new Value.Map(table.ToImmutable());
    }

    private Value.Map? Compose(ImmutableArray<string> choices)
    {
        var problems = new Diagnostics();
        Composition? composition = _composer.Compose(_name, [.. _words, .. choices], RunMode.Run, problems);
        ConfigNode? resolved = composition is null ? null : new ResolvedCopy(composition.JobResolution, problems, keepMissing: true).Of(composition.Job);
        foreach (Diagnostic problem in problems)
            _problems.Add(problem.At is null ? problem with { At = _at } : problem);
        return resolved is null || problems.HasErrors ? null : ToValue(resolved) as Value.Map;
    }

    private static Value.Map? PartOf(Value.Map whole, string key)
    {
        Value at = whole;
        foreach (string part in key.Split('.'))
        {
            if (at is not Value.Map map || !map.Entries.TryGetValue(part, out Value? inner))
                return null;
            at = inner;
        }
        return at as Value.Map;
    }

    /// <summary>A configuration without interpolations as a value; a value that is still missing is the text <c>???</c>.</summary>
    private static Value ToValue(ConfigNode node) => node switch
    {
        DictConfig { IsSpecial: false } map => Entries(map),
        ListConfig { IsSpecial: false } list => Value.ListOf(list.Select(ToValue)),
        _ => node.Content.Kind switch
        {
            ScalarKind.Null => Value.None,
            ScalarKind.Bool => Value.Of(node.Content.Bool),
            ScalarKind.Int => new Value.Int(node.Content.Int),
            ScalarKind.Float => Value.Of(node.Content.Float),
            _ => Value.Of(node.Content.ToString() ?? ""),
        },
    };

    private static Value.Map Entries(DictConfig map)
    {
        var entries = Value.NoEntries.ToBuilder();
        foreach (ConfigNode child in map)
            entries[child.Key.ToString() ?? ""] = ToValue(child);
        return new Value.Map(entries.ToImmutable());
    }
}
