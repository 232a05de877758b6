using System.Collections.Immutable;
using Weft.Config.Yaml;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Dialects.Native;

/// <summary>The file's <c>schedules</c>: what they run must be there and take what they give.</summary>
internal static class Schedules
{
    public static void Check(WeftFile file, Diagnostics problems)
    {
        if (file.Root.MapOf("schedules") is null)
            return;
        string[] workflows = [.. file.Workflows.Select(workflow => workflow.Name)];
        foreach ((_, YamlNode value, _) in file.Root.EntriesOf("schedules"))
        {
            if (value is not YamlMapping schedule || schedule.TextOf("run") is not { } run)
                continue;
            if (!workflows.Contains(run))
            {
                problems.Error("weft/schedule", $"there is no workflow `{run}` in this file", schedule["run"]!.At, Suggest.HintOrList(run, workflows, "workflows"));
                continue;
            }
            ImmutableSortedDictionary<string, Port> inputs = file.InputsOf(run, new Diagnostics());
            foreach ((string name, YamlNode given, Span at) in schedule.EntriesOf("with"))
            {
                if (!inputs.TryGetValue(name, out Port? port))
                    problems.Error("weft/schedule", $"`{run}` has no parameter `{name}`", at, Suggest.HintOrList(name, [.. inputs.Keys], "it has"));
                else if (Casting.Fit(port.Type, Nodes.ToValue(given)) is null)
                    problems.Error("weft/schedule", $"`{name}` must be {port.Type}, found {Form.Describe(given)}", given.At);
            }
        }
    }
}
