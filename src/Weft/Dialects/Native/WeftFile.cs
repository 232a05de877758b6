using System.Collections.Immutable;
using Weft.Config.Yaml;
using Weft.Expressions;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Dialects.Native;

/// <summary>A <c>weft.yaml</c> whose keys and the kinds of their values were checked. What its expressions mean is read when a workflow is used.</summary>
/// <param name="Folder">The project's folder, absolute.</param>
internal sealed record WeftFile(Source Source, YamlMapping Root, string Folder)
{
    public const string Name = "weft.yaml";

    public const string Main = "main";

    /// <summary>The project's name.</summary>
    public string Project => Root.TextOf("project") ?? new DirectoryInfo(Folder).Name;

    /// <summary>Where outputs are kept; null for the project's state.</summary>
    public string? Store => Root.TextOf("store");

    /// <summary>The keys of the file that hold a <c>-</c>: expressions read them as names, not as subtractions.</summary>
    private HashSet<string> Dashed => field ??= DashedIn(Root, []);

    /// <summary>How expressions of the file read names.</summary>
    public Naming Naming => new(Dashed: Dashed);

    /// <summary>The workflows by name, where each is declared; <see cref="Main"/> first.</summary>
    public IEnumerable<(string Name, Span At)> Workflows
    {
        get
        {
            if (Root.MapOf("tasks") is { } tasks)
                yield return (Main, tasks.At);
            foreach ((string name, _, Span at) in Root.EntriesOf("workflows"))
                yield return (name, at);
        }
    }

    /// <summary>The tasks of <see cref="Main"/>.</summary>
    public IEnumerable<(string Name, Span At)> Tasks
    {
        get
        {
            foreach ((string name, _, Span at) in Root.EntriesOf("tasks"))
                yield return (name, at);
        }
    }

    /// <summary>Reads a file with all that is wrong with its keys.</summary>
    /// <returns>Null when it is no map at all.</returns>
    public static WeftFile? Read(Source source, string folder, Diagnostics problems)
    {
        int before = problems.Errors;
        YamlNode? root = YamlReader.Read(source, problems);
        if (problems.Errors > before)
            return null;
        if (root is not YamlMapping map)
        {
            problems.Error("weft/wrong-type", $"expected a map with the keys of {Name}, found {(root is null ? "nothing" : root.Kind)}", source.At(0), "the smallest file is `weft: 1` and `tasks:` with one task");
            return null;
        }
        Vocabulary.File.Check(map, "the file", problems);
        var file = new WeftFile(source, map, folder);
        foreach ((string name, _, Span at) in map.EntriesOf("workflows"))
        {
            if (name == Main && map["tasks"] is not null)
                problems.Error("weft/name", $"`{Main}` is the workflow of the tasks that stand under `tasks`", at, "give this one another name");
        }
        Schedules.Check(file, problems);
        return file;
    }

    /// <summary>What the workflow takes.</summary>
    public ImmutableSortedDictionary<string, Port> InputsOf(string workflow, Diagnostics problems)
    {
        YamlMapping? where = workflow == Main ? Root : Root.MapOf("workflows").MapOf(workflow);
        var ports = Port.None.ToBuilder();
        foreach ((string name, YamlNode value, _) in where.EntriesOf(workflow == Main ? "params" : "inputs"))
            ports[name] = PortOf(workflow, name, value, problems);
        return ports.ToImmutable();
    }

    private static HashSet<string> DashedIn(YamlNode node, HashSet<string> found)
    {
        foreach (YamlNode item in (node as YamlSequence)?.Items ?? [])
            DashedIn(item, found);
        foreach (YamlEntry entry in (node as YamlMapping)?.Entries ?? [])
        {
            if (entry.Key is YamlScalar { Text: var name } && name.Contains('-'))
                found.Add(name);
            DashedIn(entry.Value, found);
        }
        return found;
    }

    private static Port PortOf(string workflow, string name, YamlNode node, Diagnostics problems)
    {
        // Under `params` a value alone is a default, under `inputs` a text alone is a type.
        if (node is not YamlMapping map)
        {
            if (workflow != Main && node is YamlScalar scalar)
                return new Port(TypeParser.Parse(scalar.Text, out _) ?? TypeExpr.Any);
            Value given = Nodes.ToValue(node);
            return given is Value.Null ? new Port(TypeExpr.Any, given) : new Port(Casting.TypeOf(given), given);
        }
        Value? value = map["default"] is { } written ? Nodes.ToValue(written) : null;
        TypeExpr type = map.TextOf("type") is { } text && TypeParser.Parse(text, out _) is { } known ? known : value is null ? TypeExpr.Text : Casting.TypeOf(value);
        if (value is not null && Casting.Fit(type, value) is not { } fitted)
        {
            problems.Error("weft/default", $"the default of `{name}` must be {type}, found {Form.Describe(map["default"]!)}", map["default"]!.At);
            return new Port(type, null, null, map.TextOf("doc"));
        }
        return new Port(type, value is null ? null : Casting.Fit(type, value), null, map.TextOf("doc"));
    }
}
