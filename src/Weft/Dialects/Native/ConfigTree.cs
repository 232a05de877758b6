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
    /// <summary>Choices of groups that a sweep may combine: each combination is composed before the start.</summary>
    private const int MostChoices = 1000;

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
        string[] parameters = space is null ? [] : [.. space.Parameters.Distinct()];
        (string Parameter, string Group)[] groups = [.. parameters.Select(parameter => (parameter, GroupOf(key, parameter))).Where(one => one.Item2 is not null).Select(one => (one.parameter, one.Item2!))];
        if (groups.Length == 0)
            return parameters.Length == 0 ? new Expr.Literal(part, at) : new Expr.Apply(Op.Merge, [new Expr.Literal(part, at), new Expr.Ref(Root.Item, [], at)], at);
        if (Choices(key, groups, 0, [], at, problems) is not { } table)
            return null;
        Expr chosen = new Expr.Literal(table, at);
        foreach ((string parameter, _) in groups)
            chosen = new Expr.Apply(Op.Item, [chosen, new Expr.Ref(Root.Item, [new Segment(parameter)], at)], at);
        Expr rest = new Expr.MapOf([.. parameters.Where(parameter => !groups.Any(group => group.Parameter == parameter)).Select(parameter => KeyValuePair.Create(parameter, (Expr)new Expr.Ref(Root.Item, [new Segment(parameter)], at)))], at);
        return new Expr.Apply(Op.Merge, [chosen, rest], at);
    }

    /// <summary>The group that a parameter of a point chooses from; null when it sets a value.</summary>
    private string? GroupOf(string key, string parameter)
    {
        string inside = $"{key.Replace('.', '/')}/{parameter}";
        foreach (string group in new[] { inside, parameter })
        {
            if (_composer.Options(group, _name, []).Count > 0)
                return group;
        }
        return null;
    }

    /// <summary>The part for every combination of options, nested by group.</summary>
    private Value.Map? Choices(string key, (string Parameter, string Group)[] groups, int depth, ImmutableArray<string> chosen, Span at, Diagnostics problems)
    {
        var table = Value.NoEntries.ToBuilder();
        IReadOnlyList<string> options = _composer.Options(groups[depth].Group, _name, []);
        if (groups.Aggregate(1L, (count, group) => count * _composer.Options(group.Group, _name, []).Count) > MostChoices)
        {
            problems.Error("weft/config", $"the groups of this sweep have more than {MostChoices} combinations of options", at);
            return null;
        }
        foreach (string option in options)
        {
            ImmutableArray<string> words = chosen.Add($"{groups[depth].Group}={option}");
            Value.Map? one = depth + 1 < groups.Length ? Choices(key, groups, depth + 1, words, at, problems) : Compose(words) is { } whole ? PartOf(whole, key) : null;
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
