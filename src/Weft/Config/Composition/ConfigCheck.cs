using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Checks a folder of configurations as a whole: the primary configuration composes, and so does it with every option of every group, one at a
/// time; all interpolations resolve. What must still be given, and groups that nothing uses, are told as warnings.
/// </summary>
public sealed class ConfigCheck
{
    private readonly Composer _composer;
    private readonly string? _configName;
    private readonly IReadOnlyList<Override> _overrides;
    private readonly Diagnostics _diagnostics;
    private readonly HashSet<Diagnostic> _reported = [];

    private ConfigCheck(Composer composer, string? configName, IReadOnlyList<Override> overrides, Diagnostics diagnostics)
    {
        _composer = composer;
        _configName = configName;
        _overrides = overrides;
        _diagnostics = diagnostics;
    }

    /// <returns>How many compositions were made.</returns>
    public static int Run(Composer composer, string? configName, IReadOnlyList<Override> overrides, Diagnostics diagnostics) =>
        new ConfigCheck(composer, configName, overrides, diagnostics).Run();

    private int Run()
    {
        if (Compose([], null) is not { } plain)
            return 1;
        ReportMissing(plain);
        int count = 1;
        foreach (string group in GroupsBelow(""))
        {
            IReadOnlyList<string> options = _composer.Options(group, _configName, _overrides);
            // The last item of a list is met first.
            string[] keys = [.. plain.Defaults.Choices.Keys.Where(key => key.Split('@')[0] == group).Reverse()];
            if (keys.Length == 0)
            {
                if (options.Count > 0 && !IsUsed(plain, group))
                    _diagnostics.Warning("check/unused-group", $"no defaults list of `{_configName}` uses the group `{group}`", null, $"to choose from it, write `+{group}=OPTION`");
                keys = ["+" + group];
            }
            foreach (string key in keys)
            {
                foreach (string option in options)
                {
                    count++;
                    Compose(Words($"{key}={new Element.Text(option)}"), $"{key}={option}");
                }
            }
        }
        return count;
    }

    private Composition? Compose(IReadOnlyList<Override> more, string? choice)
    {
        var problems = new Diagnostics();
        Composition? composition = _composer.Compose(_configName, [.. _overrides, .. more], RunMode.Run, problems);
        if (composition is not null)
            composition.JobResolution.Resolve(composition.Job, problems, keepMissing: true);
        foreach (Diagnostic problem in problems)
        {
            // A problem comes back with every choice that leads to it; one report of it is enough.
            if (_reported.Add(problem))
                _diagnostics.Add(choice is null ? problem : problem.WithNote($"with `{choice}`", null));
        }
        return composition;
    }

    private void ReportMissing(Composition composition)
    {
        foreach (ConfigNode missing in MissingBelow(composition.Job))
            _diagnostics.Warning("check/missing-value", $"`{missing.FullKey}` must be given a value: it is `???`", missing.At.Source is null ? null : missing.At);
    }

    private static IEnumerable<ConfigNode> MissingBelow(ConfigNode node)
    {
        if (node.IsMissing)
            return [node];
        return node switch
        {
            DictConfig dict => dict.SelectMany(MissingBelow),
            ListConfig list => list.SelectMany(MissingBelow),
            _ => [],
        };
    }

    /// <summary>Whether a configuration of the group came in by its path, without being a choice.</summary>
    private static bool IsUsed(Composition composition, string group) =>
        composition.Defaults.Entries.Any(entry => entry.Path.StartsWith(group + "/", StringComparison.Ordinal));

    private static List<Override> Words(string word) => Override.Parse(new Source("<check>", word), []) is { } parsed ? [parsed] : [];

    /// <summary>The application's groups; Hydra's own are not checked.</summary>
    private IEnumerable<string> GroupsBelow(string parent)
    {
        foreach (string name in _composer.Groups(parent, _configName, _overrides))
        {
            string group = parent.Length == 0 ? name : $"{parent}/{name}";
            if (group == "hydra")
                continue;
            yield return group;
            foreach (string below in GroupsBelow(group))
                yield return below;
        }
    }
}
