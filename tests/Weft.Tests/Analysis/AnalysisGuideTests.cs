using Weft.Analysis;
using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Analysis;

/// <summary>The lines of C# that the guide shows, over runs like those of its job.</summary>
public sealed class AnalysisGuideTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_lines_of_the_guide_make_the_table_that_they_promise()
    {
        var mlruns = new MlrunsFolder(_folder.Path("mlruns"));
        mlruns.AddExperiment("1", "train");
        foreach (int width in (int[])[100, 200, 300])
        {
            mlruns.AddRun("1", $"a{width}", config: $"width: {width}\nheight: 10\noptimizer: {{name: adam}}\n");
            mlruns.AddRun("1", $"s{width}", config: $"width: {width}\nheight: 10\noptimizer: {{name: sgd}}\n");
        }
        string folder = mlruns.Root;
        using var output = new StringWriter();

        RunCollection runs = RunCollection.FromFolder(folder)
            .Filter(("optimizer.name", "adam"), ("width", (100, 200)))
            .Update("area", run => Value.Of(run.Number("width") * run.Number("height")));
        Run widest = runs.Sort("width")[^1];
        Frame table = runs.GroupBy("optimizer.name").Aggregate(Aggregation.Count, Aggregation.Mean("area"));
        table.WriteCsv(output);

        Assert.Equal("a200", widest.Id);
        Assert.Equal("optimizer.name,count,mean(area)\nadam,2,1500.0\n", output.ToString());
    }
}
