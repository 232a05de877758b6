using Weft.Config.Composition;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Tests.Config.Composition;

[Collection(nameof(AloneInTheProcess))]
public sealed class SweepCheckTests
{
    private const string Files = "== config.yaml\ndefaults: [{db: a}, _self_]\nlr: 1\nseed: 0\n== db/a.yaml\nx: 1\n== db/b.yaml\nx: 2\n";

    [Fact]
    public void Every_point_of_a_small_sweep_is_composed_with_one_expansion_per_choice()
    {
        var conf = new Conf(Files);
        Assert.Equal(1000, Check(conf, out Diagnostics diagnostics, "db=a,b", "lr=range(500)"));
        Assert.Empty(diagnostics);
        Assert.Equal(2, conf.Composer.Expansions);
    }

    [Fact]
    public void A_wrong_value_of_a_huge_sweep_is_found_without_composing_every_point()
    {
        int count = Check(new Conf(Files), out Diagnostics diagnostics, "db=a,b,c", "lr=range(1000)", "seed=range(1000000)");
        Assert.InRange(count, 1_000, 13_000);
        Diagnostic first = diagnostics.First();
        Assert.Equal("there is no configuration `db/c`", first.Message);
        Assert.Equal("in the point 2000000000 of the sweep: `db=c lr=0 seed=0`", first.Notes[^1].Message);
    }

    [Fact]
    public void A_problem_of_many_points_is_told_once()
    {
        Assert.Equal(500, Check(new Conf(Files), out Diagnostics diagnostics, "lrr=range(500)"));
        Assert.Equal("in the point 0 of the sweep: `lrr=0`, and in 499 more", Assert.Single(diagnostics).Notes[^1].Message);
    }

    /// <summary>Of every composition only what others can begin with is kept, and of that a fixed number.</summary>
    [Fact]
    public void A_sweep_is_checked_in_flat_memory()
    {
        var files = new Dictionary<string, string> { ["config.yaml"] = "defaults: [{a: o0}, {b: o0}, _self_]\nlr: 1\n" };
        for (int i = 0; i < 40; i++)
            files[$"a/o{i}.yaml"] = files[$"b/o{i}.yaml"] = $"x: {i}\n";
        string options = string.Join(',', Enumerable.Range(0, 40).Select(i => $"o{i}"));
        var conf = new Conf(files);
        Assert.Equal(1_600, Check(conf, out Diagnostics diagnostics, $"a={options}", $"b={options}"));
        Assert.Empty(diagnostics);
        Assert.Equal(1_600, conf.Composer.Expansions);
        Assert.InRange(conf.Composer.Kept, 1, Composer.MaxKept);
        Assert.Equal(1_600, Check(conf, out diagnostics, string.Concat("lr=range(1600)")));
        Assert.InRange(conf.Composer.Kept, 1, Composer.MaxKept);
    }

    /// <summary>Bytes in use while a sweep is checked do not grow with its points, and each point costs the same.</summary>
    [Fact]
    public void Points_leave_nothing_in_memory()
    {
        var check = new SweepCheck(new Conf(Files).Composer, "config");
        void Points(int from, int to)
        {
            for (int number = from; number < to; number++)
                check.Compose([number % 2 == 0 ? "db=a" : "db=b", $"lr={number}"], number, "");
        }
        Points(0, 500);
        (long firstAllocated, long first) = (GC.GetAllocatedBytesForCurrentThread(), GC.GetTotalMemory(forceFullCollection: true));
        Points(500, 1_500);
        (long secondAllocated, long second) = (GC.GetAllocatedBytesForCurrentThread(), GC.GetTotalMemory(forceFullCollection: true));
        Points(1_500, 5_500);
        (long thirdAllocated, long third) = (GC.GetAllocatedBytesForCurrentThread(), GC.GetTotalMemory(forceFullCollection: true));
        Assert.Equal(5_500, check.Checked);
        Assert.InRange((double)(thirdAllocated - secondAllocated) / (secondAllocated - firstAllocated), 3.5, 4.5);
        // A point allocates some 50 kB: a thousandth of what the last 4,000 did is far less than any part of them that stayed.
        Assert.InRange(third - second, long.MinValue, (thirdAllocated - secondAllocated) / 1_000);
        Assert.InRange(second - first, long.MinValue, (secondAllocated - firstAllocated) / 250);
    }

    private static int Check(Conf conf, out Diagnostics diagnostics, params string[] words)
    {
        diagnostics = [];
        BasicSweep sweep = BasicSweep.Of(Override.ParseAll(words, diagnostics), _ => [], diagnostics)!;
        return (int)SweepCheck.Run(conf.Composer, "config", sweep, [], diagnostics);
    }
}
