using System.Text.Json;
using Weft.Config.Composition;
using Weft.Config.Editing;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Resolvers;
using Weft.Text;

namespace Weft.Conformance.Areas;

/// <summary>Judges <c>compose.json</c>: a folder of configurations, a name and overrides to a composed configuration.</summary>
internal static class HydraCompose
{
    public static IEnumerable<CaseResult> Judge(JsonElement file)
    {
        using var folders = new ConfigFolders(file);
        foreach (JsonElement vector in file.GetProperty("cases").EnumerateArray())
        {
            CaseResult result;
            try
            {
                result = JudgeCase(vector, folders);
            }
            catch (Exception e)
            {
                result = new CaseResult(vector.GetProperty("id").GetString()!, Verdict.Failed, e.ToString());
            }
            yield return result;
        }
    }

    private static CaseResult JudgeCase(JsonElement vector, ConfigFolders folders)
    {
        string id = vector.GetProperty("id").GetString()!;
        var run = new ComposeRun(vector, folders);
        JsonElement expect = vector.GetProperty("expect");
        string problem = Compare(expect, run);
        if (problem.Length == 0)
            return new CaseResult(id, Verdict.Passed);
        if (KnownDifference(vector, run) is { } reason)
            return new CaseResult(id, Verdict.KnownDifference, reason);
        return new CaseResult(id, Verdict.Failed, problem.ReplaceLineEndings("\\n"));
    }

    private static string Compare(JsonElement expect, ComposeRun run)
    {
        if (expect.TryGetProperty("error", out JsonElement error))
        {
            string wanted = error.GetProperty("class").GetString()!;
            if (run.Composition is not null)
                return $"expected {wanted}: {error.GetProperty("message").GetString()}, composed {run.Composition.Job}";
            Diagnostic first = run.Diagnostics.First(problem => problem.Severity == Severity.Error);
            return IsOfClass(wanted, first.Id) ? "" : $"expected {wanted}: {error.GetProperty("message").GetString()}, found {first.Id}: {first.Message}";
        }
        if (run.Composition is null)
            return $"expected a configuration, found {DiagnosticPrinter.Print(run.Diagnostics)}";
        foreach (JsonProperty part in expect.GetProperty("ok").EnumerateObject())
        {
            (string wanted, string found) = ComparePart(part, run);
            if (wanted != found)
                return $"{part.Name}: expected {wanted}, found {found}";
        }
        return "";
    }

    private static (string Wanted, string Found) ComparePart(JsonProperty part, ComposeRun run)
    {
        Composition composition = run.Composition!;
        switch (part.Name)
        {
            case "defaults_list":
                IEnumerable<string> entries = composition.Defaults.Entries.Where(entry => !entry.Path.StartsWith("hydra/", StringComparison.Ordinal)).Select(entry => $"{entry.Path}@{entry.Package}");
                return (string.Join(' ', part.Value.EnumerateArray().Select(entry => $"{entry[0].GetString()}@{entry[1].GetString()}")), string.Join(' ', entries));
            case "choices":
                IEnumerable<string> choices = composition.Defaults.Choices.Where(choice => run.ShowsHydra || !choice.Key.StartsWith("hydra/", StringComparison.Ordinal)).Select(choice => $"{choice.Key}={choice.Value}");
                return (string.Join(' ', part.Value.EnumerateObject().Select(choice => $"{choice.Name}={choice.Value.GetString()}")), string.Join(' ', choices));
            case "task_overrides":
                return (Words(part.Value, run), string.Join(' ', composition.TaskOverrides));
            case "hydra_overrides":
                return (Words(part.Value, run), string.Join(' ', composition.HydraOverrides));
            case "override_dirname":
                return (run.Expand(part.Value.GetString()!), run.Select("hydra.job.override_dirname")!.Content.ToString());
            case "json":
                return (run.Expand(HydraNodes.Canonical(part.Value)), HydraNodes.Canonical(composition.Job));
            case "yaml":
                return (run.Expand(part.Value.GetString()!), ConfigWriter.ToYaml(composition.Job));
            case "resolved":
                return (run.Expand(HydraNodes.Canonical(part.Value)), run.Resolved is { } resolved ? HydraNodes.Canonical(resolved) : run.ResolveProblem!.Message);
            case "resolved_yaml":
                return (run.Expand(part.Value.GetString()!), run.Resolved is { } printed ? ConfigWriter.ToYaml(printed) : run.ResolveProblem!.Message);
            case "resolve_error":
                string wanted = part.Value.GetProperty("class").GetString()!;
                return run.Resolved is null && HydraOmegaConf.SameClass(wanted, run.ResolveProblem!.Id) ? ("", "") : (wanted, run.ResolveProblem?.Id ?? "no error");
            case "hydra_values":
                foreach (JsonProperty value in part.Value.EnumerateObject())
                {
                    string expected = run.Expand(HydraNodes.Canonical(value.Value));
                    string found = run.Select(value.Name) is { } node ? HydraNodes.Canonical(node) : "null";
                    if (expected != found)
                        return ($"{value.Name} {expected}", found);
                }
                return ("", "");
            default:
                return ("a part that is compared", part.Name);
        }
    }

    private static string Words(JsonElement words, ComposeRun run) => run.Expand(string.Join(' ', words.EnumerateArray().Select(word => word.GetString())));

    /// <summary>Ids by Hydra's class.</summary>
    public static bool IsOfClass(string wanted, string id) => wanted switch
    {
        "OverrideParseException" => id.StartsWith("override/", StringComparison.Ordinal),
        "MissingConfigException" => id is "compose/config-not-found" or "compose/folder-not-found",
        "ValueError" => id is "compose/defaults-list" or "compose/header" or "compose/group-value" or "compose/unknown-scheme" or "compose/missing-config-name",
        "ConfigCompositionException" => id.StartsWith("compose/", StringComparison.Ordinal)
            && id is not ("compose/config-not-found" or "compose/defaults-list" or "compose/header" or "compose/group-value" or "compose/unknown-scheme" or "compose/missing-config-name"),
        "HydraException" => id.StartsWith("sweep/", StringComparison.Ordinal),
        _ => HydraOmegaConf.SameClass(wanted, id),
    };

    private static string? KnownDifference(JsonElement vector, ComposeRun run)
    {
        // Own content of a primary configuration whose defaults list has override items only, when something is appended.
        bool isAppended = vector.GetProperty("overrides").EnumerateArray().Any(word => word.GetString()!.StartsWith('+'));
        bool isExtraSelf = run.Composition?.Defaults.Entries.Count(entry => entry is { IsPrimary: true, IsSelf: true }) == 1
            && !vector.GetProperty("expect").GetProperty("ok").GetProperty("defaults_list").EnumerateArray().Any(entry => entry[0].GetString() == vector.GetProperty("config_name").GetString());
        return isAppended && isExtraSelf ? "a primary configuration keeps its content when a group is appended to a list of override items only" : null;
    }
}

/// <summary>The folders that cases name, each written once.</summary>
internal sealed class ConfigFolders(JsonElement file) : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("weft-conf-");
    private readonly Dictionary<string, string> _written = new(StringComparer.Ordinal);

    public string Of(JsonElement vector)
    {
        JsonElement tree = vector.TryGetProperty("conf", out JsonElement own) ? own : file.GetProperty("trees").GetProperty(vector.GetProperty("conf_ref").GetString()!);
        string key = tree.GetRawText();
        if (_written.TryGetValue(key, out string? known))
            return known;
        string folder = Path.Combine(_root.FullName, $"conf{_written.Count}");
        Directory.CreateDirectory(folder);
        foreach (JsonProperty entry in tree.EnumerateObject())
        {
            string path = Path.Combine(folder, entry.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, entry.Value.GetString()!.Replace("<CONF>", folder, StringComparison.Ordinal));
        }
        _written.Add(key, folder);
        return folder;
    }

    public void Dispose() => _root.Delete(recursive: true);
}

/// <summary>One case, composed.</summary>
internal sealed class ComposeRun
{
    private readonly string _folder;
    private ConfigNode? _resolved;

    public ComposeRun(JsonElement vector, ConfigFolders folders)
    {
        _folder = folders.Of(vector);
        ShowsHydra = vector.TryGetProperty("hydra", out _);
        var environment = new Dictionary<string, string>();
        if (vector.TryGetProperty("env", out JsonElement variables))
        {
            foreach (JsonProperty variable in variables.EnumerateObject())
                environment[variable.Name] = variable.Value.GetString()!;
        }
        string main = vector.TryGetProperty("config_dir", out JsonElement inside) ? Path.Combine(_folder, inside.GetString()!) : _folder;
        var composer = new Composer(new SearchPath { Main = new FileConfigSource("main", main), Store = Store(vector) }, new ComposerOptions
        {
            VersionBase = vector.TryGetProperty("version_base", out JsonElement version) ? version.GetString()! : "1.3",
            Environment = environment,
            WorkingFolder = _folder,
            AddResolvers = resolvers => resolvers.Add("identity", call => call.Takes(1, 1) ? call.Arguments[0] : null),
        });
        string[] words = [.. vector.GetProperty("overrides").EnumerateArray().Select(word => Expand(word.GetString()!))];
        Composition = composer.Compose(vector.GetProperty("config_name").GetString(), words, RunMode.Run, Diagnostics);
    }

    public Diagnostics Diagnostics { get; } = [];

    public Composition? Composition { get; }

    public bool ShowsHydra { get; }

    public Diagnostic? ResolveProblem { get; private set; }

    /// <summary>The vectors were composed without a job, where <c>${hydra:…}</c> has no value.</summary>
    public ConfigNode? Resolved
    {
        get
        {
            if (_resolved is not null || ResolveProblem is not null)
                return _resolved;
            var problems = new Diagnostics();
            _resolved = Composition!.Resolution.Resolve(Composition.Job, problems);
            ResolveProblem = problems.FirstOrDefault();
            return _resolved;
        }
    }

    public ConfigNode? Select(string path) => Composition!.Resolution.Select(Composition.Config, path).Node;

    public string Expand(string text) => text.Replace("<CONF>", _folder, StringComparison.Ordinal);

    private static ConfigStore Store(JsonElement vector)
    {
        var store = new ConfigStore();
        if (!vector.TryGetProperty("store", out JsonElement entries))
            return store;
        var types = new HydraTypes(vector.TryGetProperty("types", out JsonElement declared) ? declared : JsonDocument.Parse("{}").RootElement);
        var editor = new ConfigEditor(new Resolution(Resolvers.Standard(new Dictionary<string, string>())), []);
        foreach (JsonElement entry in entries.EnumerateArray())
        {
            JsonElement node = entry.GetProperty("node");
            ConfigNode content = node.ValueKind == JsonValueKind.String ? editor.Create(types.Schema(node.GetString()!)) : types.Value(node, []);
            store.Store(entry.GetProperty("name").GetString()!, content,
                entry.TryGetProperty("group", out JsonElement group) ? group.GetString() : null,
                entry.TryGetProperty("package", out JsonElement package) ? package.GetString() : null);
        }
        return store;
    }
}
