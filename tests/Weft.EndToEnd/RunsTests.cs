using Weft.Support;

namespace Weft.EndToEnd;

/// <summary><c>weft runs</c> on a folder that MLflow's file store wrote: filters, order, groups, every form of output.</summary>
public sealed class RunsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public RunsTests()
    {
        var mlruns = new MlrunsFolder(_folder.Path("mlruns"));
        mlruns.AddExperiment("1", "train");
        foreach ((string id, string model, double rate, int seed, double accuracy) in (ReadOnlySpan<(string, string, double, int, double)>)
            [("a", "cnn", 0.1, 1, 0.5), ("b", "cnn", 0.1, 2, 0.75), ("c", "vit", 0.1, 1, 0.25), ("d", "vit", 0.01, 1, 1)])
        {
            mlruns.AddRun("1", id, metrics: [("acc", accuracy)], config: $"model: {model}\nopt:\n  lr: {rate}\nseed: {seed}\n");
        }
        mlruns.AddRun("1", "e", config: "model: rnn\n");
    }

    public void Dispose() => _folder.Dispose();

    private ProgramResult Weft(params string[] words) => WeftProgram.Run(_folder.Root, [new("XDG_CACHE_HOME", _folder.Path("cache")), new("TZ", "UTC")], ["runs", .. words]);

    [Fact]
    public void A_folder_of_runs_is_listed_with_settings_and_metrics_the_best_first()
    {
        for (int look = 0; look < 2; look++)
        {
            ProgramResult result = Weft("--from", "mlruns", "acc > 0.3", "--best", "acc");
            Assert.Equal(
                """
                RUN         STATUS    model  opt.lr  seed   acc  STARTED           TOOK
                wise-fox-d  finished  vit      0.01     1     1  2024-11-21 18:00  5.0 s
                wise-fox-b  finished  cnn       0.1     2  0.75  2024-11-21 18:00  5.0 s
                wise-fox-a  finished  cnn       0.1     1   0.5  2024-11-21 18:00  5.0 s

                best: wise-fox-d  acc 1  (model=vit opt.lr=0.01 seed=1)

                """, result.Out);
        }
        Assert.Single(Directory.GetFiles(_folder.Path("cache/weft")));
    }

    [Fact]
    public void Groups_have_their_aggregates()
    {
        Assert.Equal(
            """
            model  count  mean(acc)
            cnn        2      0.625
            vit        2      0.625
            rnn        1

            """, Weft("--from", "mlruns", "--group", "model").Out);
        Assert.Equal(
            """
            model,opt.lr,max(acc),std(acc)
            vit,0.01,1.0,0.0
            cnn,0.1,0.75,0.1767766952966369
            vit,0.1,0.25,0.0
            rnn,,,

            """, Weft("--from", "mlruns", "--group", "model,opt.lr", "-a", "max(acc),std(acc)", "--sort", "-acc", "--csv").Out);
        Assert.Equal("[{\"count\":5,\"median(acc)\":0.625}]", Weft("--from", "mlruns", "-a", "count,median(acc)", "--json").Out.Replace(" ", "").Replace("\n", ""));
    }

    [Fact]
    public void Everything_wrong_with_a_group_is_said_at_once()
    {
        ProgramResult result = Weft("--from", "mlruns", "--group", "modle", "-a", "mena(acc),acc");
        Assert.Equal(2, result.ExitCode);
        Assert.Equal(
            """
            error: no run has a param or metric `modle`
              --> <argument 5>:1:1
               |
            1  | modle
               | ^^^^^
            hint: did you mean `model`?

            error: no function `mena`
              --> <argument 7>:1:1
               |
            1  | mena(acc),acc
               | ^^^^^^^^^
            hint: did you mean `mean`?

            error: `acc` is no function of a field: expected `mean(acc)`
              --> <argument 7>:1:11
               |
            1  | mena(acc),acc
               |           ^^^
            hint: the functions are `count`, `mean`, `sum`, `min`, `max`, `median`, `std` and `first`

            """, result.Error);
    }

    [Fact]
    public void A_folder_that_is_here_is_pointed_at_when_nothing_has_run()
    {
        ProgramResult result = Weft();
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("hint: `weft runs --from mlruns` lists the runs of the folder that is here", result.Error, StringComparison.Ordinal);
        Assert.Contains("no folder `elsewhere`", Weft("--from", "elsewhere").Error, StringComparison.Ordinal);
        Assert.Contains("did you mean `opt.lr`?", Weft("--from", "mlruns", "-c", "optlr").Error, StringComparison.Ordinal);
    }
}
