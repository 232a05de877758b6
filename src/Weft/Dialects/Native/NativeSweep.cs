using System.Collections.Immutable;
using Weft.Config.Yaml;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Text;

namespace Weft.Dialects.Native;

/// <summary>The space of a task's <c>sweep</c>, with the values that the command line gave for its keys.</summary>
internal sealed class NativeSweep(Changes changes, Naming naming, Diagnostics problems)
{
    public Space? Read(string task, YamlMapping sweep) => SpaceReader.Read(Replaced(task, sweep), problems, naming);

    /// <summary>The keys whose values a command line can replace: each has values of its own.</summary>
    public static IEnumerable<string> Replaceable(YamlMapping sweep) => sweep.EntriesOf("grid").Select(entry => entry.Name);

    /// <summary>The names that the points of a sweep, or the items of lists, have.</summary>
    public static IEnumerable<string> ParametersOf(Elements? over) => over switch
    {
        Elements.Known known => known.Space.Parameters.Distinct(),
        Elements.Listed listed => listed.Zip.Keys,
        _ => [],
    };

    public static Space? SpaceOf(Elements? over) => (over as Elements.Known)?.Space;

    private YamlMapping Replaced(string task, YamlMapping sweep)
    {
        if (sweep.MapOf("grid") is not { } grid)
            return sweep;
        ImmutableArray<YamlEntry> entries = [.. grid.Entries.Select(entry => entry.Key is YamlScalar key && changes.ValuesOf(task, key.Text) is { } values
            ? new YamlEntry(entry.Key, new YamlScalar(values.At, null, values.Text, IsPlain: false))
            : entry)];
        var replaced = new YamlMapping(grid.At, grid.Tag, entries);
        return new YamlMapping(sweep.At, sweep.Tag, [.. sweep.Entries.Select(entry => ReferenceEquals(entry.Value, grid) ? new YamlEntry(entry.Key, replaced) : entry)]);
    }
}
