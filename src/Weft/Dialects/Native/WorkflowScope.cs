using System.Collections.Immutable;
using Weft.Config.Yaml;
using Weft.Tasks;

namespace Weft.Dialects.Native;

/// <summary>What is known of a workflow before its tasks are read: its tasks by name, what it takes, which others it may use.</summary>
/// <param name="Name">As it is run.</param>
/// <param name="Where">The map that holds <c>tasks</c>: the file, or an entry of <c>workflows</c>.</param>
/// <param name="Workflows">Those that its tasks may use.</param>
internal sealed record WorkflowScope(string Name, YamlMapping Where, ImmutableSortedDictionary<string, Port> In, IReadOnlySet<string> Workflows)
{
    public bool IsMain => Name == WeftFile.Main;

    public IReadOnlySet<string> Names { get; } = Where.NamesOf("tasks");

    /// <summary>The name of a task's definition; tasks of several workflows may have one name.</summary>
    public string TaskName(string task) => IsMain ? task : $"{Name}.{task}";

    /// <summary>The words that replace the values of a sweep: <c>lr</c> for every task that sweeps it, <c>train.lr</c> for one.</summary>
    public IEnumerable<string> SweptKeys()
    {
        foreach ((string name, YamlNode value, _) in Where.EntriesOf("tasks"))
        {
            if (value is not YamlMapping task || task.MapOf("sweep") is not { } sweep)
                continue;
            foreach (string key in NativeSweep.Replaceable(sweep))
            {
                yield return key;
                yield return $"{TaskName(name)}.{key}";
            }
        }
    }
}
