using System.Text;
using Weft.Config.Composition;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Tests.Config.Composition;
using Weft.Text;

namespace Weft.Tests.Config;

/// <summary>
/// Work, counted and not timed: what a configuration of twice the size costs is twice the work, whether counted in files, entries and evaluations or
/// in bytes allocated, which a hidden loop over everything would square.
/// </summary>
public sealed class ScaleTests
{
    [Fact]
    public void Ten_thousand_keys_are_merged_once_each()
    {
        // The keys of the primary configuration, the one of the base, and the group as a whole, which nothing was there to merge with.
        Conf conf = Keys(10_000);
        var composition = conf.Compose("k7=1", "db.k9999=2");
        Assert.Equal((10_002, 3), ((int)Entries(conf), conf.FilesRead));
        Assert.Equal(20_000, composition.Job.Count - 1 + ((DictConfig)composition.Job["db"]!).Count);
        AssertLinear(size => Keys(size).Compose("k7=1"), 5_000);
        AssertLinear(size => ConfigWriter.ToYaml(Keys(size).Compose().Job), 5_000);
    }

    [Fact]
    public void Every_configuration_of_a_long_defaults_list_is_read_and_merged_once()
    {
        Conf conf = List(1_000);
        var composition = conf.Compose("g999=b", "g0=b");
        Assert.Equal((1, 1_001), (conf.Composer.Expansions, conf.FilesRead));
        Assert.Equal(1_000, composition.Job.Count);
        AssertLinear(size => List(size).Compose("g7=b"), 500);
    }

    [Fact]
    public void A_depth_of_five_hundred_is_composed_resolved_printed_and_explained()
    {
        var text = new StringBuilder("x: 1\n");
        for (int depth = 0; depth < 500; depth++)
            text.Append(' ', depth).Append("d:\n");
        text.Append(' ', 500).Append("leaf: ${x}\n");
        var conf = new Conf([new("config.yaml", text.ToString())]);
        string path = string.Concat(Enumerable.Repeat("d.", 500)) + "leaf";
        var composition = conf.Compose($"{path}=${{x}}2", "x=4");
        var resolved = (DictConfig)composition.JobResolution.Resolve(composition.Job, [])!;
        Assert.Equal("42", composition.JobResolution.Select(resolved, path).Node!.Content.ToString());
        Assert.Contains(new string(' ', 1_000) + "leaf: '42'\n", ConfigWriter.ToYaml(resolved));
        var provenance = new Provenance(composition);
        Assert.Equal("x", Assert.Single(provenance.Explain(path)!.References).Key);
        Assert.InRange(provenance.Visited, 502, 502 + 200);
        AssertLinear(size => new Conf([new("config.yaml", "x: 1\n" + string.Concat(Enumerable.Repeat("{d: ", size)).Insert(0, "e: ") + "'${x}'" + new string('}', size) + "\n")]).Compose("x=4"), 250);
    }

    [Fact]
    public void Ten_thousand_interpolations_are_evaluated_once_each()
    {
        var text = new StringBuilder("k0: 1\n");
        for (int i = 1; i <= 10_000; i++)
            text.Append('k').Append(i).Append(": ${k").Append(i - 1).Append("}\n");
        var composition = new Conf([new("config.yaml", text.ToString())]).Compose();
        Resolution resolution = composition.JobResolution;
        long before = resolution.Evaluations;
        Assert.NotNull(resolution.Resolve(composition.Job, []));
        Assert.Equal(10_000, resolution.Evaluations - before);
    }

    [Fact]
    public void Explaining_every_key_walks_every_configuration_once()
    {
        Conf conf = List(300);
        var provenance = new Provenance(conf.Compose());
        Assert.Equal(600, provenance.ExplainBelow("").Count(explanation => explanation.Settings.Length == 1));
        Assert.InRange(provenance.Visited, 600, 600 + 300 + 300);
    }

    [Fact]
    public void The_points_of_a_sweep_expand_the_defaults_list_once_per_choice_and_hold_nothing()
    {
        Conf conf = List(50);
        var diagnostics = new Diagnostics();
        BasicSweep sweep = BasicSweep.Of(Override.ParseAll(["g7=a,b", "g0.x=range(500)"], diagnostics), _ => [], diagnostics)!;
        Assert.Equal(1_000, SweepCheck.Run(conf.Composer, "config", sweep, [], diagnostics));
        Assert.Empty(diagnostics);
        Assert.Equal((2, 52), (conf.Composer.Expansions, conf.FilesRead));
    }

    /// <summary>Many groups of one long list, each with two files of two keys.</summary>
    private static Conf List(int size)
    {
        var files = new Dictionary<string, string> { ["config.yaml"] = "defaults:\n" + string.Concat(Enumerable.Range(0, size).Select(i => $"  - g{i}: a\n")) };
        for (int i = 0; i < size; i++)
        {
            files[$"g{i}/a.yaml"] = $"x: {i}\ny: ${{.x}}\n";
            files[$"g{i}/b.yaml"] = $"x: {-i}\n";
        }
        return new Conf(files);
    }

    private static Conf Keys(int size)
    {
        string keys = string.Concat(Enumerable.Range(0, size).Select(i => $"k{i}: {i}\n"));
        return new Conf(new Dictionary<string, string> { ["config.yaml"] = "defaults: [base, db: a, _self_]\n" + keys, ["base.yaml"] = "k1: 0\n", ["db/a.yaml"] = keys });
    }

    /// <summary>Entries that the application's files brought; Hydra's own are not counted.</summary>
    private static long Entries(Conf conf)
    {
        var hydra = new Conf("== config.yaml\n");
        hydra.Compose();
        return conf.Composer.Merged - hydra.Composer.Merged;
    }

    private static void AssertLinear(Action<int> work, int size)
    {
        work(10);
        long one = Allocated(() => work(size));
        long two = Allocated(() => work(2 * size));
        Assert.True(two < 2.5 * one, $"{size}: {one:N0} bytes, {2 * size}: {two:N0} bytes");
    }

    private static long Allocated(Action work)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
