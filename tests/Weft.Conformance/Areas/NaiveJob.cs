using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Conformance.Areas;

/// <summary>
/// The expansion of a job once more, as plainly as can be: for the original's rules of a release, and for the rulings of this project where
/// they differ from it. Interpolations are left to the real reader.
/// </summary>
internal sealed class NaiveJob(NaiveSweep sweep, string release, bool isRuled)
{
    private const string Ulid = "hydra.sweep.dir=multirun/<ULID>";

    private static readonly string[] AddKeys = ["add", "with", "with_", "configs", "options"];

    /// <summary>The argument lists of a job; null when it has no command or the file has no such job.</summary>
    public List<List<string>>? Expand(string yaml, string jobKey)
    {
        var diagnostics = new Diagnostics();
        if (ConfigReader.Read(new Source("hydraflow.yaml", yaml), diagnostics) is not DictConfig file || (file["jobs"] as DictConfig)?[jobKey] is not DictConfig job)
            return null;
        string name = Text(job, "name") is { Length: > 0 } given ? given : jobKey;
        bool isOlder = release != "0.23" || job.Contains("steps");
        if (!isRuled && (file.Keys.Any(key => key.ToString() != "jobs") || !KnowsAllKeys(file, isOlder)))
            return null;
        var lists = new List<List<string>>();
        foreach ((string each, string all, string add) in Items(job, isOlder))
        {
            foreach (List<string> combination in sweep.ExpandAll(Split(each), firstFastest: isRuled && isOlder))
                lists.Add(Arrange(combination, [.. Split(all).Select(sweep.Collect)], name, Add(job, add, isOlder)));
        }
        return lists;
    }

    private List<string> Arrange(List<string> each, List<string> all, string name, List<string> add)
    {
        string jobName = $"hydra.job.name={name}";
        return release == "0.10" && !isRuled
            ? ["--multirun", Ulid, jobName, .. add, .. each.Concat(all).Order(StringComparer.Ordinal)]
            : ["--multirun", .. each, .. all, jobName, Ulid, .. add];
    }

    /// <summary>By ruling an item without outer sweep belongs to the one before it that has one.</summary>
    private List<(string Each, string All, string Add)> Items(DictConfig job, bool isOlder)
    {
        var items = new List<(string Each, string All, string Add)>();
        foreach (ConfigNode node in job[isOlder ? "steps" : "sets"] as ListConfig ?? [])
        {
            var item = (DictConfig)node;
            string each = Text(item, isOlder ? "batch" : "each"), all = Text(item, isOlder ? "args" : "all"), add = AddText(item);
            if (isRuled && isOlder && each.Length == 0 && (all + add).Length > 0 && items.Count > 0 && items[^1].Each.Length > 0)
                items[^1] = (items[^1].Each, items[^1].All + " " + all, add.Length > 0 ? add : items[^1].Add);
            else
                items.Add((each, all, add));
        }
        return items;
    }

    private static List<string> Add(DictConfig job, string own, bool isOlder)
    {
        List<string> ofJob = Split(AddText(job)), ofSet = Split(own);
        if (isOlder)
            return ofSet.Count > 0 ? ofSet : ofJob;
        if (own.Length == 0)
            return ofJob;
        var merged = new List<string>();
        foreach (string word in ofJob.Concat(ofSet))
        {
            int place = merged.FindIndex(earlier => earlier.Split('=')[0] == word.Split('=')[0]);
            if (place >= 0)
                merged[place] = word;
            else
                merged.Add(word);
        }
        return merged;
    }

    private bool KnowsAllKeys(DictConfig file, bool isOlder)
    {
        if (release == "0.23" && isOlder)
            return false;
        string[] adds = release switch { "0.23" => ["add"], "0.15" => ["with", "with_"], "0.11" => ["configs"], _ => ["options"] };
        string[] job = ["name", "run", "call", "submit", isOlder ? "steps" : "sets", .. adds];
        string[] item = [.. isOlder ? (string[])["batch", "args"] : ["each", "all"], .. adds];
        return ((DictConfig)file["jobs"]!).All(node => node is DictConfig one && one.Keys.All(key => job.Contains(key.ToString()))
            && (one[isOlder ? "steps" : "sets"] as ListConfig ?? []).All(set => set is DictConfig map && map.Keys.All(key => item.Contains(key.ToString()))));
    }

    private static string AddText(DictConfig map) => AddKeys.Select(key => Text(map, key)).FirstOrDefault(text => text.Length > 0) ?? "";

    private static string Text(DictConfig map, string key) => map[key] is ValueNode { IsMissing: false } value ? value.Content.ToString() : "";

    private static List<string> Split(string text)
    {
        var words = ShellWords.Split(Excerpt.OfArgument(1, text), new Diagnostics());
        return words.IsDefault ? throw new NaiveSweep.Wrong("quoting") : [.. words.Select(word => word.Text)];
    }
}
