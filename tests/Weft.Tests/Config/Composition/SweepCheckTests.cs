using Weft.Config.Composition;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Tests.Config.Composition;

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

    private static int Check(Conf conf, out Diagnostics diagnostics, params string[] words)
    {
        diagnostics = [];
        BasicSweep sweep = BasicSweep.Of(Override.ParseAll(words, diagnostics), _ => [], diagnostics)!;
        return (int)SweepCheck.Run(conf.Composer, "config", sweep, [], diagnostics);
    }
}
