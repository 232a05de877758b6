namespace Weft.Tests.Applications;

/// <summary>Sweeps beyond Hydra's, from the command line of an application.</summary>
public sealed class SweepShapeTests : IDisposable
{
    private readonly AppRun _app = new();

    public void Dispose() => _app.Dispose();

    [Theory]
    [InlineData("seed=1,2 opt.lr=3,4 --zip seed,opt.lr", "0 seed=1 opt.lr=3|1 seed=2 opt.lr=4")]
    [InlineData("seed=1,2 opt=sgd,adam opt.lr=3,4 --zip opt.lr,seed", "0 seed=1 opt.lr=3 opt=sgd|1 seed=1 opt.lr=3 opt=adam|2 seed=2 opt.lr=4 opt=sgd|3 seed=2 opt.lr=4 opt=adam")]
    [InlineData("seed=range(1,4) opt.lr=1,2 --where=seed*opt.lr<=3", "0 seed=1 opt.lr=1|1 seed=1 opt.lr=2|2 seed=2 opt.lr=1|4 seed=3 opt.lr=1")]
    [InlineData("opt=adam,sgd opt.momentum=0.5,0.8 --when=opt.momentum:~opt=='sgd'", "0 opt=adam|2 opt=sgd opt.momentum=0.5|3 opt=sgd opt.momentum=0.8")]
    [InlineData("opt=sgd seed=1,2 --then=opt=adam~seed=7", "0 opt=sgd seed=1|1 opt=sgd seed=2|2 opt=adam seed=7")]
    [InlineData("seed=1 --then=seed=2 --then=seed=3~+hydra.x=1", "")]
    public void Words_are_put_together_as_the_flags_say(string words, string jobs)
    {
        // `~` stands for a blank inside a word.
        int code = _app.Run(["-m", "hydra.sweep.dir=m", .. words.Split(' ').Select(word => word.Replace('~', ' '))]);
        Assert.Equal(jobs.Length == 0 ? 1 : 0, code);
        Assert.Equal(jobs, string.Join('|', _app.Jobs.Select(job => $"{job.Number} {string.Join(' ', job.Overrides)}")));
    }

    [Fact]
    public void Points_keep_their_pairs_of_key_and_place()
    {
        Assert.Equal(0, _app.Run("-m", "seed=1,2,3", "opt.lr=0.1,0.2,0.3", "--zip", "seed,opt.lr", "--where", "seed != 2", "hydra.sweep.dir=m", "hydra.sweeper.max_batch_size=1"));
        Assert.Equal(["m/0", "m/2"], _app.Jobs.Select(job => Path.GetRelativePath(_app.Folder.Root, job.Folder)));
        Assert.Contains("Launching 1 jobs locally", _app.Output);
        Assert.Contains("\t#2 : seed=3 opt.lr=0.3\n", _app.Output);
    }

    [Theory]
    [InlineData("--zip|seed,opt.lr", "`seed` has 2 values, `opt.lr` has 3 values: what goes together has equally many", "  --> <argument 3>:1:1")]
    [InlineData("--zip|seed,opt.lrr", "`opt.lrr` is no parameter of this sweep", "  --> <argument 6>:1:6")]
    [InlineData("--where|sede > 1", "`sede` is no parameter of this sweep", "  --> <argument 6>:1:1")]
    [InlineData("--where=seed > 5", "this condition holds for none of the 6 points", "  --> <argument 5>:1:9")]
    [InlineData("--where|seed >", "where a value was expected", "  --> <argument 6>:1:7")]
    [InlineData("--when|seed", "expected `KEY: CONDITION`", "hint: write `--when")]
    [InlineData("--when|seed: opt.lr > 1", "`opt.lr` stands after `seed`, whose values depend on it", "  --> <argument 6>:1:7")]
    [InlineData("--then|'seed=1", "", "  --> <argument 6>")]
    public void What_is_wrong_is_shown_in_the_argument(string flags, string message, string place)
    {
        Assert.Equal(1, _app.Run(["-m", "seed=1,2", "opt.lr=1,2,3", "hydra.sweep.dir=m", .. flags.Split('|')]));
        Assert.Contains(message, _app.Error);
        Assert.Contains(place, _app.Error);
        Assert.Empty(_app.Jobs);
    }
}
