using Weft.Analysis;
using Weft.Support;
using Weft.Tracking;
using Run = Weft.Analysis.Run;

namespace Weft.Tests.Analysis;

public sealed class FolderIndexTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MlrunsFolder _mlruns;

    private readonly ManualTimeProvider _clock = new();

    public FolderIndexTests()
    {
        Turn(TimeSpan.FromHours(1));
        _mlruns = new MlrunsFolder(_folder.Path("mlruns"));
        _mlruns.AddExperiment("1", "train");
        _mlruns.AddRun("1", "a", [("lr", "0.1"), ("opt/name", "adam")], [("acc", 0.5)], "seed: 1\n");
        _mlruns.AddRun("1", "b", [("lr", "0.2")], [("acc", 0.75), ("val/acc", double.PositiveInfinity)]);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Sets the clock so far from the time of the file system: an hour ahead nothing counts as touched just now.</summary>
    private void Turn(TimeSpan ahead) => _clock.Pass(TimeProvider.System.GetUtcNow() + ahead - _clock.GetUtcNow());

    private (int Read, IReadOnlyList<RunSource> Runs) Load()
    {
        var index = new FolderIndex(_mlruns.Root, _folder.Path("cache"), _clock);
        IReadOnlyList<RunSource> runs = index.Load(_ => true, CancellationToken.None);
        return (index.Read, runs);
    }

    [Fact]
    public void The_second_look_reads_nothing_and_says_the_same()
    {
        (int first, IReadOnlyList<RunSource> read) = Load();
        (int second, IReadOnlyList<RunSource> known) = Load();
        Assert.Equal((2, 0), (first, second));
        foreach ((RunSource one, RunSource other) in read.Zip(known))
        {
            Assert.Equal(one.ReadFacts().Info, other.ReadFacts().Info);
            Assert.Equal(one.ReadFacts().Params, other.ReadFacts().Params);
            Assert.Equal(one.ReadFacts().Metrics, other.ReadFacts().Metrics);
            Assert.Equal(one.KnownLeaves!.Value, other.KnownLeaves!.Value);
        }
        Assert.Equal([new Leaf("seed", "1")], known[0].KnownLeaves!.Value);
    }

    public static TheoryData<string, string> Changes => new()
    {
        { "1/a/metrics/acc", "1732212001000 0.5 0\n1732212002000 0.9 1\n" },
        { "1/a/metrics/loss", "1 2 3\n" },
        { "1/a/params/opt/lr", "3" },
        { "1/a/params/new", "3" },
        { "1/a/meta.yaml", "" },
        { "1/a/artifacts/.hydra/config.yaml", "seed: 2\n" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_run_that_changed_is_read_again_and_no_other(string file, string text)
    {
        Load();
        File.WriteAllText(Path.Combine(_mlruns.Root, file), text.Length > 0 ? text : _mlruns.Meta("1", "a", status: 4));
        (int read, IReadOnlyList<RunSource> runs) = Load();
        Assert.Equal(1, read);
        string seen = string.Join(' ', runs[0].ReadFacts().Params.Select(param => $"{param.Key}={param.Value}").Concat(runs[0].KnownLeaves!.Value.Select(leaf => $"{leaf.Path}={leaf.Json}"))) + " "
            + string.Join(' ', runs[0].ReadFacts().Metrics.Select(metric => $"{metric.Last.Key}={metric.Last.Value}")) + " " + runs[0].ReadFacts().Info.Status;
        Assert.NotEqual("lr=0.1 opt/name=adam seed=1 acc=0.5 Finished", seen);
        Assert.Equal(0, Load().Read);
    }

    [Fact]
    public void Fields_are_the_same_with_an_index_and_without()
    {
        _mlruns.AddRun("1", "c", config: "a: {b: 1, e: {}}\nl: [1, {x: 2}]\nm: ???\ni: ${a.b}\nt: '1'\n");
        _mlruns.AddRun("1", "d", config: "a: [\n");
        Load();
        Run known = new(Load().Runs[2]);
        Run read = Run.Load(Path.Combine(_mlruns.Root, "1/c"));
        foreach (string key in (string[])["a", "a.b", "a.e", "a.x", "l", "l[0]", "l.1.x", "m", "i", "t", "", "none", "run_id", "a[b]"])
        {
            Assert.Equal(read.TryGet(key, out var expected), known.TryGet(key, out var found));
            Assert.True(Equals(expected, found), $"{key}: {expected} and {found}");
        }
        Assert.Throws<Weft.Text.DiagnosticException>(() => new Run(Load().Runs[3]).Config);
    }

    [Fact]
    public void Runs_come_and_go()
    {
        Load();
        _mlruns.AddRun("1", "c");
        Directory.Delete(Path.Combine(_mlruns.Root, "1/a"), recursive: true);
        (int read, IReadOnlyList<RunSource> runs) = Load();
        Assert.Equal(1, read);
        Assert.Equal(["b", "c"], runs.Select(run => run.Id));
        Directory.Delete(Path.Combine(_mlruns.Root, "1/c"), recursive: true);
        Assert.Equal(["b"], Load().Runs.Select(run => run.Id));
    }

    [Fact]
    public void What_was_touched_a_moment_ago_is_not_trusted()
    {
        Load();
        Turn(-TimeSpan.FromMinutes(1));
        _mlruns.AddRun("1", "c");
        Assert.Equal(1, Load().Read);
        Assert.Equal(1, Load().Read);
        Turn(TimeSpan.FromHours(1));
        Assert.Equal(1, Load().Read);
        Assert.Equal(0, Load().Read);
    }

    [Fact]
    public void A_broken_index_and_one_of_another_folder_are_made_anew()
    {
        Load();
        string file = Directory.GetFiles(_folder.Path("cache")).Single();
        byte[] good = File.ReadAllBytes(file);
        for (int cut = 0; cut < good.Length; cut += 7)
            Assert.Null(RunImageFile.TryRead(good.AsSpan(0, cut), _mlruns.Root));
        Assert.Null(RunImageFile.TryRead(good, "/elsewhere"));
        good[^3] ^= 1;
        File.WriteAllBytes(file, good);
        Assert.Equal(2, Load().Read);
        Assert.Equal(0, Load().Read);
    }

    [Fact]
    public void A_cache_folder_that_cannot_be_made_does_no_harm()
    {
        _folder.Write("cache", "a file stands in the way");
        Assert.Equal(2, Load().Runs.Count);
    }

    [Theory]
    [InlineData("name: train\nstatus: 3\n", "train")]
    [InlineData("name: 'a: b'\n", "a: b")]
    [InlineData("name: 'it''s'\n", "it's")]
    [InlineData("name: \"tab\\tπ\"\n", "tab\tπ")]
    [InlineData("name: a long name that was\n  folded\n", "a long name that was folded")]
    [InlineData("name: null\n", null)]
    [InlineData("{name: flow}\n", "flow")]
    public void A_meta_file_is_read_however_it_is_written(string text, string? name) => Assert.Equal(name, MetaFile.Parse(text)!["name"]);

    [Theory]
    [InlineData("1 0.5 0\n2 0.25 1\n", 0.25, 0.25, 0.5)]
    [InlineData("5 1e-3 7\r\n9 nan 3\n", 0.001, 0.001, 0.001)]
    [InlineData("1 -inf\n", double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity)]
    public void A_metric_file_is_summed_up_by_its_last_step(string text, double last, double least, double greatest)
    {
        MetricSummary summary = MetricFile.Summarize("m", System.Text.Encoding.UTF8.GetBytes(text))!.Value;
        Assert.Equal((last, least, greatest), (summary.Last.Value, summary.Min, summary.Max));
        Assert.Null(MetricFile.Summarize("m", "torn li"u8));
    }
}
