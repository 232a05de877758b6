using System.Text.Json;
using System.Text.RegularExpressions;
using Weft.Applications;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Conformance.Areas;

/// <summary>
/// Judges <c>cli.json</c>: command lines of one application to exit code, output and files. What is written to standard error is ours, and only
/// its presence is compared.
/// </summary>
internal static partial class HydraCli
{
    public static IEnumerable<CaseResult> Judge(JsonElement file)
    {
        foreach (JsonElement vector in file.GetProperty("cases").EnumerateArray())
        {
            DirectoryInfo root = Directory.CreateTempSubdirectory("weft-cli-");
            try
            {
                yield return JudgeCase(file, vector, root.FullName);
            }
            finally
            {
                root.Delete(recursive: true);
            }
        }
    }

    private static CaseResult JudgeCase(JsonElement file, JsonElement vector, string root)
    {
        string id = vector.GetProperty("id").GetString()!;
        JsonElement app = file.GetProperty("app");
        string folder = Path.Combine(root, "app");
        string configs = Path.Combine(folder, app.GetProperty("config_path").GetString()!);
        Write(configs, app.GetProperty("conf"));
        Write(root, file.GetProperty("app").GetProperty("extra_dir_next_to_app"));
        var program = new HydraProgram
        {
            ConfigPath = app.GetProperty("config_path").GetString(),
            ConfigName = app.GetProperty("config_name").GetString(),
            BaseFolder = folder,
            WorkingFolder = folder,
        };
        var output = new StringWriter();
        var error = new StringWriter();
        string[] words = [.. vector.GetProperty("args").EnumerateArray().Select(word => word.GetString()!.Replace("<ROOT>", root, StringComparison.Ordinal))];
        int exitCode = new HydraRunner(folder, output, error, TimeProvider.System).RunAsync(program.Decide(words), (job, _) => Application(job, output), CancellationToken.None).Result;

        string stdout = LogTime().Replace(output.ToString(), "[<TIME>]").Replace(root, "<ROOT>", StringComparison.Ordinal);
        string files = string.Join('\n', Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(path => !path.StartsWith(configs, StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(folder, path)).Where(path => !DefaultFolder().IsMatch(path)).Order(StringComparer.Ordinal)
            .Select(path => Describe(path, Path.GetFileName(path) is "config.yaml" or "overrides.yaml" ? File.ReadAllText(Path.Combine(folder, path)) : null)));
        string expectedFiles = string.Join('\n', vector.GetProperty("files").EnumerateObject().OrderBy(entry => entry.Name, StringComparer.Ordinal).Select(entry => Describe(entry.Name, entry.Value.GetString())));
        int expectedCode = vector.GetProperty("exit_code").GetInt32();
        string expectedOutput = vector.GetProperty("stdout").GetString()!;
        bool isSaid = error.GetStringBuilder().Length > 0;

        (string Part, string Wanted, string Found)[] parts =
        [
            ("exit_code", $"{expectedCode}", $"{exitCode}"),
            ("stdout", expectedOutput, stdout),
            ("files", expectedFiles, files),
            ("stderr", (vector.GetProperty("stderr").GetString()!.Length > 0).ToString(), isSaid.ToString()),
        ];
        string? problem = parts.Where(part => part.Wanted != part.Found).Select(part => $"{part.Part}: expected {part.Wanted}, found {part.Found}").FirstOrDefault();
        if (problem is null)
            return new CaseResult(id, Verdict.Passed);
        if (KnownDifference(words, exitCode, expectedCode) is { } reason)
            return new CaseResult(id, Verdict.KnownDifference, reason);
        return new CaseResult(id, Verdict.Failed, $"{string.Join(' ', words)}: {problem} {error}".ReplaceLineEndings("\\n"));
    }

    private static string? KnownDifference(string[] words, int exitCode, int expectedCode)
    {
        if (exitCode != expectedCode)
            return null;
        bool isHelp = words.Contains("--help") || words.Contains("-h") || words.Contains("--hydra-help");
        bool tellsPlugins = words.Contains("plugins") || words.SkipWhile(word => word is not ("--info" or "-i")).Skip(1).FirstOrDefault() is "all" or "plugins";
        return isHelp ? "help is our own text" : tellsPlugins ? "the plugins are ours" : null;
    }

    /// <summary>The application of the vectors.</summary>
    private static Task<object?> Application(HydraJob job, TextWriter output)
    {
        var diagnostics = new Diagnostics();
        var config = (DictConfig)(job.Composition.JobResolution.Resolve(job.Composition.Job, diagnostics) ?? throw new DiagnosticException(diagnostics));
        output.Write(ConfigWriter.ToYaml(config));
        if (config["boom"] is { IsNull: false } boom)
            throw new InvalidOperationException($"boom {boom.Content}");
        return Task.FromResult<object?>(null);
    }

    private static void Write(string folder, JsonElement files)
    {
        foreach (JsonProperty entry in files.EnumerateObject())
        {
            string path = Path.Combine(folder, entry.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, entry.Value.GetString());
        }
    }

    private static string Describe(string path, string? text) => text is null ? path : $"{path}:\n{text}";

    [GeneratedRegex(@"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\]")]
    private static partial Regex LogTime();

    [GeneratedRegex(@"^(outputs|multirun)/")]
    private static partial Regex DefaultFolder();
}
