using System.Text;
using Weft.Config.Composition;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Applications;

/// <summary>What a Hydra application tells about its composition: <c>--info</c>, <c>--help</c>, <c>--hydra-help</c>.</summary>
internal sealed class HydraReports(Composer composer, Composition composition, string? configName)
{
    public string Info(string what)
    {
        var text = new StringBuilder();
        switch (what)
        {
            case "defaults":
                AppendDefaults(text);
                break;
            case "defaults-tree":
                AppendTree(text);
                break;
            case "searchpath":
                AppendSearchPath(text);
                break;
            case "plugins":
                AppendPlugins(text);
                break;
            default:
                if (what == "all")
                {
                    AppendHeader(text, $"Hydra {Composer.HydraVersion}", '=');
                    AppendPlugins(text);
                }
                AppendSearchPath(text);
                AppendTree(text);
                AppendDefaults(text);
                AppendHeader(text, "Config", '*');
                text.Append(ConfigWriter.ToYaml(composition.Job)).Append('\n');
                break;
        }
        return text.ToString();
    }

    /// <summary>The help text of a template of the configuration, its variables filled in.</summary>
    /// <returns>Null when the template fails; diagnostics say why.</returns>
    public string? Help(string node, DictConfig shown, bool isResolved, Diagnostics diagnostics)
    {
        Selected template = composition.JobResolution.Select(composition.Config, $"hydra.{node}.template", throwOnMissing: true);
        ConfigNode? config = isResolved ? composition.JobResolution.Resolve(shown, diagnostics) : shown;
        if (template.Node is null)
            diagnostics.Add(template.Error ?? new Diagnostic("compose/no-template", $"`hydra.{node}.template` has no value"));
        if (template.Node is null || config is null)
            return null;
        return template.Node.Content.ToString()
            .Replace("$FLAGS_HELP", FlagsHelp(), StringComparison.Ordinal)
            .Replace("$HYDRA_CONFIG_GROUPS", GroupsHelp(isHydra: true), StringComparison.Ordinal)
            .Replace("$APP_CONFIG_GROUPS", GroupsHelp(isHydra: false), StringComparison.Ordinal)
            .Replace("$CONFIG", ConfigWriter.ToYaml(config), StringComparison.Ordinal) + "\n";
    }

    private static string FlagsHelp()
    {
        var text = new StringBuilder();
        foreach (HydraArguments.Flag flag in HydraArguments.Flags)
            text.Append(flag.Long).Append(flag.Short is null ? "" : "," + flag.Short).Append(" : ").Append(flag.Doc).Append('\n');
        return text.Append("Overrides : key=value changes a value, group=option chooses a configuration").ToString();
    }

    /// <summary>Every group that has options, with them.</summary>
    private string GroupsHelp(bool isHydra)
    {
        var text = new StringBuilder();
        foreach (string group in GroupsBelow("").Where(group => (group == "hydra" || group.StartsWith("hydra/", StringComparison.Ordinal)) == isHydra).Order(StringComparer.Ordinal))
            text.Append(group).Append(": ").AppendJoin(", ", composer.Options(group, configName, composition.Overrides)).Append('\n');
        return text.ToString();
    }

    private IEnumerable<string> GroupsBelow(string parent)
    {
        foreach (string name in composer.Groups(parent, configName, composition.Overrides))
        {
            string group = parent.Length == 0 ? name : $"{parent}/{name}";
            if (composer.Options(group, configName, composition.Overrides).Count > 0)
                yield return group;
            foreach (string below in GroupsBelow(group))
                yield return below;
        }
    }

    private void AppendDefaults(StringBuilder text)
    {
        string[][] rows = [.. composition.Defaults.Entries.Select(entry => new[] { entry.Path, entry.Package, entry.IsSelf ? "True" : "False", entry.Parent ?? "" })];
        text.Append('\n');
        AppendHeader(text, "Defaults List", '*');
        // The header line of this table ends in a space.
        AppendTable(text, ["Config path", "Package", "_self_", "Parent"], rows, " ");
    }

    private void AppendSearchPath(StringBuilder text)
    {
        text.Append('\n');
        AppendHeader(text, "Config search path", '*');
        AppendTable(text, ["Provider", "Search path"], [.. composition.Sources.Select(source => new[] { source.Provider, source.Path })], "");
    }

    private void AppendTree(StringBuilder text)
    {
        text.Append('\n');
        AppendHeader(text, "Defaults Tree", '*');
        AppendTree(text, composition.Defaults.Tree, 0);
    }

    private static void AppendTree(StringBuilder text, DefaultsNode node, int depth)
    {
        bool hasChildren = node.Children is { Count: > 0 };
        text.Append(' ', 2 * depth).Append(node).Append(hasChildren ? ":\n" : "\n");
        foreach (DefaultsNode child in node.Children ?? [])
            AppendTree(text, child, depth + 1);
    }

    private static void AppendPlugins(StringBuilder text)
    {
        AppendHeader(text, "Installed Hydra Plugins", '*');
        text.Append("\tSweeper:\n\t--------\n\t\tBasicSweeper\n");
    }

    private static void AppendHeader(StringBuilder text, string header, char line) => text.Append(header).Append('\n').Append(line, header.Length).Append('\n');

    private static void AppendTable(StringBuilder text, string[] header, string[][] rows, string headerEnd)
    {
        int[] widths = [.. header.Select((name, i) => rows.Aggregate(name.Length, (width, row) => Math.Max(width, row[i].Length)))];
        string first = Row(header, widths) + headerEnd;
        AppendHeader(text, first, '-');
        foreach (string[] row in rows)
            text.Append(Row(row, widths)).Append('\n');
        text.Append('-', first.Length).Append('\n');
    }

    private static string Row(string[] cells, int[] widths) => $"| {string.Join(" | ", cells.Select((cell, i) => cell.PadRight(widths[i])))} |";
}
