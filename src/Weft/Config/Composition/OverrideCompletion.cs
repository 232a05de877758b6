using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Completes one word of a command line: keys (<c>db.</c> leads on, <c>lr=</c> takes a value), the present value behind <c>lr=</c>, groups
/// (<c>db=</c>, <c>db/</c>) and their options, with the prefixes <c>+ ++ ~</c>. File names are left to the shell.
/// </summary>
/// <param name="words">The other words; those that cannot be read or do not compose are left aside.</param>
internal sealed class OverrideCompletion(Composer composer, string? configName, IEnumerable<string> words)
{
    private readonly List<Override> _overrides = Read(words);

    /// <summary>Words that <paramref name="word"/> can become, sorted; with its prefix.</summary>
    public IReadOnlyList<string> Complete(string word)
    {
        string prefix = word.StartsWith("++", StringComparison.Ordinal) ? "++" : word.StartsWith('+') ? "+" : word.StartsWith('~') ? "~" : "";
        string rest = word[prefix.Length..];
        int equals = rest.IndexOf('=');
        IEnumerable<string> found = equals < 0 ? KeysAndGroups(rest, prefix) : Values(rest[..equals], rest[(equals + 1)..]);
        return [.. found.Distinct().Order(StringComparer.Ordinal).Select(candidate => prefix + candidate)];
    }

    private IEnumerable<string> KeysAndGroups(string begin, string prefix)
    {
        int slash = begin.LastIndexOf('/');
        string parent = slash < 0 ? "" : begin[..slash];
        foreach (string name in composer.Groups(parent, configName, _overrides))
        {
            string group = parent.Length == 0 ? name : $"{parent}/{name}";
            if (!group.StartsWith(begin, StringComparison.Ordinal))
                continue;
            if (composer.Options(group, configName, _overrides).Count > 0)
                yield return prefix == "~" ? group : group + "=";
            if (composer.Groups(group, configName, _overrides).Count > 0)
                yield return group + "/";
        }
        if (slash >= 0 || Composed() is not { } composition)
            yield break;
        foreach (string key in composition.Defaults.Choices.Keys.Where(key => key.Contains('@') && key.StartsWith(begin, StringComparison.Ordinal)))
            yield return prefix == "~" ? key : key + "=";
        int dot = begin.LastIndexOf('.');
        ConfigNode? container = dot < 0 ? composition.Config : composition.JobResolution.Select(composition.Config, begin[..dot]).Node;
        string path = begin[..(dot + 1)];
        foreach (ConfigNode child in container is DictConfig { IsSpecial: false } dict ? dict : [])
        {
            string key = path + child.Key;
            if (key.StartsWith(begin, StringComparison.Ordinal) && child.Key.AsString is not null)
                yield return child is DictConfig { IsSpecial: false } ? key + "." : prefix == "~" ? key : key + "=";
        }
    }

    private IEnumerable<string> Values(string key, string begin)
    {
        string group = key.Split('@')[0];
        // Several options are a sweep: the last of them is completed.
        string before = begin[..(begin.LastIndexOf(',') + 1)];
        IReadOnlyList<string> options = group.Length == 0 ? [] : composer.Options(group, configName, _overrides);
        if (options.Count > 0)
            return options.Where(option => option.StartsWith(begin[before.Length..], StringComparison.Ordinal)).Select(option => $"{key}={before}{option}");
        if (begin.Length > 0 || key.Length == 0 || Composed() is not { } composition || composition.JobResolution.Select(composition.Config, key).Node is not ValueNode { IsMissing: false } value)
            return [];
        return [$"{key}={ElementPrinter.Print(new Element.Text(PythonText.Str(value)))}"];
    }

    private Composition? Composed() =>
        composer.Compose(configName, _overrides, RunMode.MultiRun, []) ?? composer.Compose(configName, (IReadOnlyList<Override>)[], RunMode.MultiRun, []);

    private static List<Override> Read(IEnumerable<string> words) =>
        [.. words.Select(word => Override.Parse(new Source("<word>", word), [])).OfType<Override>()];
}
