using System.Collections.Immutable;
using System.Globalization;
using Weft.Analysis;
using Weft.Config.Nodes;
using Weft.Tasks;
using Weft.Text;
using Weft.Tracking;

namespace Weft.Execution;

/// <summary>A job of a Hydra application: a folder with <c>.hydra/config.yaml</c> and what else Hydra wrote there.</summary>
/// <param name="Name">What it is called below the folder of its sweep: its number, unless the program named it.</param>
/// <param name="Settings">The leaves of the composed configuration; none when the file cannot be read.</param>
/// <param name="Started">When the configuration was written.</param>
/// <param name="Ended">When its log was last written to; null without a log.</param>
internal sealed record HydraJob(string Folder, string Name, ImmutableArray<Leaf> Settings, DateTimeOffset Started, DateTimeOffset? Ended)
{
    /// <summary>The words that Hydra composed it with, without those for Hydra itself; none when the file cannot be read.</summary>
    public ImmutableArray<string> Overrides { get; init; } = [];

    /// <summary>What became of it, see <see cref="HydraOutcomes"/>; null: an earlier attempt made it, and this one did not come to it.</summary>
    public RunStatus? Status { get; init; }

    /// <summary>Copies Hydra's files, its logs with them, among the artifacts of a run. What is there already is replaced.</summary>
    public void CopyTo(string artifacts)
    {
        Directory.CreateDirectory(Path.Combine(artifacts, ".hydra"));
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Folder, ".hydra"), "*.yaml").Concat(Directory.EnumerateFiles(Folder, "*.log")))
            File.Copy(file, Path.Combine(artifacts, Path.GetRelativePath(Folder, file)), overwrite: true);
    }
}

/// <summary>
/// Finds the folders that a Hydra application wrote: in the folder that its words name (<c>hydra.sweep.dir</c>, <c>hydra.run.dir</c>), else the new ones below
/// <c>outputs</c> and <c>multirun</c> whose overrides are its words. A program that is no Hydra application costs a look at two folders.
/// </summary>
internal static class HydraOutputs
{
    /// <summary>How deep below the folder of a sweep jobs are looked for: their names may hold slashes.</summary>
    private const int Depth = 4;

    /// <summary>Hydra's usual folders are named by the second.</summary>
    private static readonly TimeSpan SharedTime = TimeSpan.FromSeconds(2);

    /// <param name="workingFolder">Where the program ran.</param>
    /// <param name="since">When it started; older folders of the usual places are others'.</param>
    public static ImmutableArray<HydraJob> Find(CallBody body, string workingFolder, DateTimeOffset since)
    {
        if (body is not CallBody.Command { Words: var words })
            return [];
        bool isMultirun = words.Contains("--multirun") || words.Contains("-m");
        try
        {
            if (Setting(words, isMultirun ? "hydra.sweep.dir=" : "hydra.run.dir=") is { } named)
                return [.. Jobs(Path.GetFullPath(named, workingFolder), isMultirun ? Depth : 0)];
            string usual = Path.Combine(workingFolder, isMultirun ? "multirun" : "outputs");
            return Directory.Exists(usual) ? [.. Jobs(usual, Depth + 2, since).Where(job => job.Started >= since && IsMadeBy(job, words)).Select(NameByPlace)] : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The program's folders are its own: what cannot be read is not recorded.
            return [];
        }
    }

    /// <summary>The job whose files are in a folder; null when there are none.</summary>
    public static HydraJob? ReadAt(string folder) => File.Exists(Path.Combine(folder, RunSource.ConfigFile)) ? Read(folder, ".") : null;

    /// <summary>The value of the last word that sets a key; null when none does, or it is computed by Hydra.</summary>
    private static string? Setting(ImmutableArray<string> words, string key)
    {
        string? word = words.LastOrDefault(one => one.StartsWith(key, StringComparison.Ordinal));
        string? value = word?[key.Length..].Trim('\'', '"');
        return value is { Length: > 0 } && !value.Contains("${", StringComparison.Ordinal) ? value : null;
    }

    private static IEnumerable<HydraJob> Jobs(string folder, int depth, DateTimeOffset since = default)
    {
        var found = new List<string>();
        Gather(folder, depth, since, found);
        return found.Select(job => Read(job, Path.GetRelativePath(folder, job))).OrderBy(job => int.TryParse(job.Name, out int number) ? number : int.MaxValue).ThenBy(job => job.Name, StringComparer.Ordinal);
    }

    private static void Gather(string folder, int depth, DateTimeOffset since, List<string> found)
    {
        if (File.Exists(Path.Combine(folder, RunSource.ConfigFile)))
            found.Add(folder);
        if (depth == 0 || !Directory.Exists(folder))
            return;
        foreach (string inner in Directory.EnumerateDirectories(folder))
        {
            // A folder is touched when something is made in it: days and hours that are over are passed by. Two programs of one second share a folder.
            if (Path.GetFileName(inner)[0] != '.' && (since == default || Directory.GetLastWriteTimeUtc(inner) >= since.UtcDateTime - SharedTime))
                Gather(inner, depth - 1, since, found);
        }
    }

    private static HydraJob Read(string folder, string name)
    {
        string config = Path.Combine(folder, RunSource.ConfigFile);
        DateTimeOffset? ended = Directory.EnumerateFiles(folder, "*.log").Select(File.GetLastWriteTimeUtc).OrderDescending().Select(time => (DateTimeOffset?)time).FirstOrDefault();
        ImmutableArray<Leaf> settings = ConfigReader.Read(new Source(config, File.ReadAllText(config)), new Diagnostics()) is DictConfig read
            ? ConfigFields.Remember(read, Analysis.Run.NewResolution())
            : [];
        return new HydraJob(folder, name, settings, File.GetLastWriteTimeUtc(config), ended) { Overrides = ReadOverrides(folder) };
    }

    private static ImmutableArray<string> ReadOverrides(string folder)
    {
        string path = Path.Combine(folder, RunSource.OverridesFile);
        return File.Exists(path) && ConfigReader.Read(new Source(path, File.ReadAllText(path)), new Diagnostics()) is ListConfig overrides
            ? [.. overrides.Select(one => ConfigFields.TextOf(ConfigFields.ValueOf(one, resolution: null)))]
            : [];
    }

    /// <summary>Whether every override of the job is one of the words, or one of the values that a word lists.</summary>
    private static bool IsMadeBy(HydraJob job, ImmutableArray<string> words)
    {
        string[] own = [.. words.Where(word => word.Contains('=') && !word.StartsWith('-') && !word.StartsWith("hydra", StringComparison.Ordinal))];
        return job.Overrides.Length == own.Length && job.Overrides.All(one => own.Any(word => Gives(word, one)));
    }

    private static bool Gives(string word, string made)
    {
        if (word == made)
            return true;
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        int makes = made.IndexOf('=', StringComparison.Ordinal);
        if (makes < 0 || !word.AsSpan(0, equals).SequenceEqual(made.AsSpan(0, makes)))
            return false;
        string values = word[(equals + 1)..];
        return values.Contains('(', StringComparison.Ordinal) || values.Split(',', StringSplitOptions.TrimEntries).Any(value => IsSame(value, made[(makes + 1)..]));
    }

    /// <summary>Hydra writes the words of a sweep's jobs anew: <c>1e-3</c> becomes <c>0.001</c>, <c>true</c> becomes <c>True</c>.</summary>
    private static bool IsSame(string value, string made) => value.Equals(made, StringComparison.OrdinalIgnoreCase)
        || (double.TryParse(value, CultureInfo.InvariantCulture, out double one) && double.TryParse(made, CultureInfo.InvariantCulture, out double other) && one.Equals(other));

    /// <summary>Below the usual folders a job's name begins with day and hour, which say nothing of it.</summary>
    private static HydraJob NameByPlace(HydraJob job) => job with { Name = Path.GetFileName(job.Folder) };
}
