using System.Collections.Immutable;
using System.Text;
using Weft.Support;
using Weft.Tracking;

namespace Weft.Tests.Tracking;

public sealed class TrackingStoreTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrackingStore _store;

    public TrackingStoreTests() =>
        _store = TestRecords.OpenStore(_folder, new TrackingOptions("mlflow-artifacts:/"));

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_default_experiment_exists_and_others_count_from_one()
    {
        Assert.Equal("Default", _store.Experiments.Get(0).Name);
        Assert.Equal("mlflow-artifacts:/0", _store.Experiments.Get(0).Location);
        Assert.Equal(1, await _store.Experiments.CreateAsync("a", null, []));
        Assert.Equal(2, await _store.Experiments.CreateAsync("b", "/data/b", [new Label("k", "v")]));
        Assert.Equal("/data/b", _store.Experiments.Get(2).Location);
        Assert.Equal([new Label("k", "v")], _store.Experiments.Get(2).Labels);
    }

    [Fact]
    public async Task A_name_is_taken_for_ever()
    {
        long id = await _store.Experiments.CreateAsync("a", null, []);
        await _store.Experiments.DeleteAsync(id);
        TrackingException refused = await Assert.ThrowsAsync<TrackingException>(() => _store.Experiments.CreateAsync("a", null, []));
        Assert.Equal(TrackingError.ResourceAlreadyExists, refused.Error);
    }

    [Fact]
    public async Task The_latest_point_is_the_greatest_by_step_time_and_value()
    {
        RunId run = await NewRun();
        await Log(run, ("loss", 1, 100, 5), ("loss", 9, 200, 4), ("loss", 2, 100, 5), ("loss", 0.5, 99, 5));
        MetricSummary loss = Assert.Single(_store.Runs.Get(run).Metrics);
        Assert.Equal(new MetricPoint("loss", 2, 100, 5), loss.Last);
        Assert.Equal((0.5, 9.0), (loss.Min, loss.Max));
        await Log(run, ("loss", 3, 1, 6));
        Assert.Equal(6, _store.Runs.Get(run).Metrics[0].Last.Step);
    }

    [Fact]
    public async Task An_identical_point_is_stored_once_and_two_values_at_one_place_both()
    {
        RunId run = await NewRun();
        await Log(run, ("m", 1, 1, 1), ("m", 1, 1, 1), ("m", 2, 1, 1), ("m", double.NaN, 1, 1));
        await Log(run, ("m", 1, 1, 1));
        var values = new List<double>();
        _store.History.Read(run, "m", null, null, (RunId _, in MetricPoint point) => values.Add(point.Value));
        Assert.Equal([double.NaN, 1, 2], values);
    }

    [Fact]
    public async Task Infinity_is_stored_as_the_greatest_number()
    {
        RunId run = await NewRun();
        await Log(run, ("up", double.PositiveInfinity, 0, 0), ("down", double.NegativeInfinity, 0, 0));
        Assert.Equal([double.MinValue, double.MaxValue], _store.Runs.Get(run).Metrics.Select(metric => metric.Last.Value));
    }

    [Fact]
    public async Task A_param_is_written_once_and_a_refused_batch_leaves_nothing()
    {
        RunId run = await NewRun();
        await _store.Runs.LogParamAsync(run, new Param("lr", "0.1"));
        await _store.Runs.LogParamAsync(run, new Param("lr", "0.1"));
        var batch = new Batch { Params = [new Param("new", "1"), new Param("lr", "0.2")], Metrics = new[] { new MetricPoint("m", 1, 1, 1) } };
        TrackingException refused = await Assert.ThrowsAsync<TrackingException>(() => _store.Runs.LogBatchAsync(run, batch));
        Assert.Equal(
            $"Changing param values is not allowed. Param with key='lr' was already logged with value='0.1' for run ID='{run}'. Attempted logging new value '0.2'.",
            refused.Message);
        Run read = _store.Runs.Get(run);
        Assert.Equal([new Param("lr", "0.1")], read.Params);
        Assert.Empty(read.Metrics);
    }

    [Fact]
    public async Task A_name_is_mirrored_in_its_label_both_ways()
    {
        RunId run = await NewRun("first");
        Assert.Contains(new Label("mlflow.runName", "first"), _store.Runs.Get(run).Labels);
        await _store.Runs.SetLabelAsync(run, new Label("mlflow.runName", "second"));
        Assert.Equal("second", _store.Runs.GetInfo(run).Name);
        await _store.Runs.UpdateAsync(run, new RunChange(Name: "third"));
        Assert.Contains(new Label("mlflow.runName", "third"), _store.Runs.Get(run).Labels);
    }

    [Fact]
    public async Task A_deleted_run_takes_no_writes_and_an_experiment_takes_its_runs_along()
    {
        RunId run = await NewRun();
        await _store.Experiments.DeleteAsync(0);
        Assert.Equal(LifecycleStage.Deleted, _store.Runs.GetInfo(run).Stage);
        TrackingException refused = await Assert.ThrowsAsync<TrackingException>(() => _store.Runs.SetLabelAsync(run, new Label("k", "v")));
        Assert.Equal(TrackingError.InvalidParameterValue, refused.Error);
        await _store.Experiments.RestoreAsync(0);
        await _store.Runs.SetLabelAsync(run, new Label("k", "v"));
    }

    [Fact]
    public async Task Runs_are_searched_by_every_kind_of_clause()
    {
        for (int i = 0; i < 10; i++)
        {
            RunId run = await NewRun($"run-{i}", started: i);
            await _store.Runs.LogBatchAsync(run, new Batch
            {
                Metrics = i == 9 ? default : new[] { new MetricPoint("acc", i == 8 ? double.NaN : i / 10.0, 1, 1) },
                Params = [new Param("model", i % 2 == 0 ? "small" : "Large")],
                Labels = i == 3 ? [new Label("note", "hello world")] : [],
            });
        }
        Assert.Equal("7 6", Search("metrics.acc > 0.5"));
        Assert.Equal("7 6", Search("metrics.acc > 0.5 AND metrics.acc < 0.75"));
        Assert.Equal("7 6 5 4 3 2 1", Search("metrics.acc != 0"));
        Assert.Equal("8 6 4 2 0", Search("params.model = 'small'"));
        Assert.Equal("", Search("params.model LIKE 'large'"));
        Assert.Equal("9 7 5 3 1", Search("params.model ILIKE 'lar%'"));
        Assert.Equal("3", Search("tags.note = 'hello world'"));
        Assert.Equal("9 8 7 6 5 4 2 1 0", Search("tags.note IS NULL"));
        Assert.Equal("3", Search("tags.note IS NOT NULL"));
        Assert.Equal("", Search("tags.nobody != 'x'"));
        Assert.Equal("4", Search("run_name = 'run-4'"));
        Assert.Equal("2 1 0", Search("start_time < 3"));
        Assert.Equal("9 8 7 6 5 4 3 2 1 0", Search("run_id NOT IN ('ABC')"));
        Assert.Equal("", Search("run_id IN ('ABC')"));
        Assert.Equal("7 6 5 4 3 2 1 0 8 9", Search("", "metrics.acc DESC"));
        Assert.Equal("0 1 2 3 4 5 6 7 8 9", Search("", "metrics.acc"));
        Assert.Equal("9 7 5 3 1 8 6 4 2 0", Search("", "params.model"));
        Assert.Equal("3 9 8 7 6 5 4 2 1 0", Search("", "tags.note DESC"));
        Assert.Equal("0 1 2 3 4 5 6 7 8 9", Search("", "start_time"));
        Assert.Equal("9 8 7 6 5 4 3 2 1 0", Search("", "metrics.nobody"));
        Assert.Equal("6 4 2 0 8", Search("params.model = 'small'", "metrics.acc DESC"));
    }

    /// <summary>Read a few at a time, and all at once with a query for each kind of data.</summary>
    [Fact]
    public async Task Many_runs_are_read_as_each_by_itself()
    {
        long other = await _store.Experiments.CreateAsync("other", null, []);
        for (int i = 0; i < 60; i++)
        {
            RunId run = (await _store.Runs.CreateAsync(new NewRun(i % 6 == 5 ? other : 0, $"r-{i}", Started: i))).Info.Id;
            await _store.Runs.LogBatchAsync(run, new Batch
            {
                Metrics = i % 3 == 0 ? default : new[] { new MetricPoint("b", i == 4 ? double.NaN : i, 1, 1), new MetricPoint("a", -i, 2, 1) },
                Params = i % 4 == 0 ? [] : [new Param("z", $"{i}"), new Param("é", "x")],
                Labels = [new Label("k", $"{i}")],
            });
        }
        ImmutableArray<Run> all = _store.Search.Find(new RunQuery([0, other])).Items;
        Assert.Equal(60, all.Length);
        var few = new List<Run>();
        for (string? token = ""; token is not null;)
        {
            Page<Run> page = _store.Search.Find(new RunQuery([0, other], Most: 7, Token: token));
            few.AddRange(page.Items);
            token = page.NextToken;
        }
        Assert.Equal(few.Select(Show), all.Select(Show));

        static string Show(Run run) =>
            $"{run.Info} {string.Join(' ', run.Metrics)} {string.Join(' ', run.Params)} {string.Join(' ', run.Labels)} {run.Datasets.Length} {run.ModelInputs.Length} {run.ModelOutputs.Length}";
    }

    [Fact]
    public async Task Settings_are_compared_with_numbers_where_that_is_asked_for()
    {
        string[] rates = ["1e-3", "0.01", "none", "0.1", "NaN", "-5", "0.010"];
        for (int i = 0; i < rates.Length; i++)
            await _store.Runs.LogBatchAsync(await NewRun($"run-{i}", started: i), new Batch { Params = [new Param("lr", rates[i])] });
        await NewRun("run-7", started: 7);
        string Compare(string filter) => string.Join(' ', Pages(filter));
        Assert.Equal("6 5 1 0", Compare("params.lr < 0.1"));
        Assert.Equal("6 1", Compare("params.lr = 0.01"));
        Assert.Equal("5 4 3 2 0", Compare("params.lr != 0.01"));
        Assert.Equal("1", Compare("params.lr <= 0.01 AND params.lr > 0.001 AND start_time < 5"));
        Assert.Equal("5", Compare("params.lr < '.'"));
        Assert.Equal("", Compare("params.nobody < 1"));
        Assert.Throws<TrackingException>(() => Search("params.lr < 0.1"));

        IEnumerable<char> Pages(string filter)
        {
            for (string? token = ""; token is not null;)
            {
                Page<Run> page = _store.Search.Find(new RunQuery([0], filter, Most: 2, Token: token) { ComparesSettings = true });
                foreach (Run run in page.Items)
                    yield return run.Info.Name[^1];
                token = page.NextToken;
            }
        }
    }

    [Theory]
    [InlineData("metrics.acc DESC")]
    [InlineData("start_time DESC")]
    [InlineData("params.p")]
    public async Task Pages_neither_lose_nor_repeat_a_run(string order)
    {
        for (int i = 0; i < 7; i++)
        {
            RunId run = await NewRun(started: i % 3);
            if (i < 4)
                await Log(run, ("acc", i % 2, 1, 1));
        }
        List<RunId> all = [.. _store.Search.Find(new RunQuery([0], "", [order])).Items.Select(run => run.Info.Id)];
        var paged = new List<RunId>();
        for (string? token = ""; token is not null;)
        {
            Page<Run> page = _store.Search.Find(new RunQuery([0], "", [order], Most: 2, Token: token));
            paged.AddRange(page.Items.Select(run => run.Info.Id));
            token = page.NextToken;
        }
        Assert.Equal(7, all.Distinct().Count());
        Assert.Equal(all, paged);
    }

    [Fact]
    public async Task Several_experiments_are_merged_in_order()
    {
        long other = await _store.Experiments.CreateAsync("other", null, []);
        for (int i = 0; i < 6; i++)
        {
            Run run = await _store.Runs.CreateAsync(new NewRun(i % 2 == 0 ? 0 : other, $"r-{i}", Started: i));
            await Log(run.Info.Id, ("m", 10 - i, 1, 1));
        }
        Assert.Equal("5 4 3 2 1 0", Search("", experiments: [0, other]));
        Assert.Equal("5 4 3 2 1 0", Search("", "metrics.m", [0, other]));
        Assert.Equal("5 3 1", Search("", "metrics.m", [other]));
        Assert.Equal("", Search("", experiments: []));
    }

    /// <summary>The nearest rows of the order hold none that the clauses leave, so that the walk goes on against sets.</summary>
    [Theory]
    [InlineData("metrics.a < 200", "metrics.b DESC", "199 198 197 196 195")]
    [InlineData("metrics.a < 200", null, "199 198 197 196 195")]
    [InlineData("metrics.a < 200 AND params.odd != '0'", "metrics.b DESC", "199 197 195 193 191")]
    [InlineData("metrics.a < 200 AND params.odd = '1'", null, "199 197 195 193 191")]
    [InlineData("metrics.a > 2200 AND params.odd LIKE '%1%'", "metrics.b ASC", "2201 2203 2205 2207 2209")]
    [InlineData("metrics.a < 200 AND metrics.a > 2000", "metrics.b DESC", "")]
    public async Task What_is_far_down_an_order_is_found(string filter, string? order, string expected)
    {
        await Task.WhenAll(Enumerable.Range(0, 2300).Select(async i =>
        {
            RunId run = await NewRun($"{i}", started: i);
            await _store.Runs.LogBatchAsync(run, new Batch { Metrics = new[] { new MetricPoint("a", i, 1, 1), new MetricPoint("b", i, 1, 1) }, Params = [new Param("odd", $"{i % 2}")] });
        }));
        var found = new List<string>();
        string? token = null;
        do
        {
            Page<Run> page = _store.Search.Find(new RunQuery([0], filter, order is null ? [] : [order], Most: 2, Token: token));
            found.AddRange(page.Items.Select(run => run.Info.Name));
            token = page.NextToken;
        }
        while (token is not null && found.Count < 5);
        Assert.Equal(expected, string.Join(' ', found.Take(5)));
    }

    /// <summary>Runs of equal values, without a number, with none at all and deleted ones, where none of the nearest rows matches: page by page what one would sort by hand.</summary>
    [Theory]
    [InlineData("metrics.a < 150", true, ViewType.ActiveOnly)]
    [InlineData("metrics.a < 150", false, ViewType.All)]
    [InlineData("metrics.a < 150 AND params.odd = '1'", true, ViewType.DeletedOnly)]
    [InlineData("metrics.a < 1250 AND params.odd = '1'", true, ViewType.ActiveOnly)]
    public async Task What_is_far_down_an_order_is_sorted_as_everything_is(string filter, bool ascends, ViewType view)
    {
        var made = new List<(string Name, double? B, long Started, string Id, bool IsDeleted)>();
        await Task.WhenAll(Enumerable.Range(0, 2600).Select(async i =>
        {
            RunId run = await NewRun($"{i}", started: i / 7);
            double? value = i >= 150 ? 5 : i % 5 == 4 ? null : i % 5 == 3 ? double.NaN : i / 20;
            List<MetricPoint> points = [new("a", i, 1, 1)];
            if (value is { } b)
                points.Add(new("b", i >= 150 ? ascends ? -1 : 1000 : b, 1, 1));
            await _store.Runs.LogBatchAsync(run, new Batch { Metrics = points.ToArray(), Params = [new Param("odd", $"{i % 2}")] });
            if (i % 11 == 0)
                await _store.Runs.DeleteAsync(run);
            lock (made)
                made.Add(($"{i}", value is null ? null : points[^1].Value, i / 7, run.Value, i % 11 == 0));
        }));
        bool oddOnly = filter.Contains("odd", StringComparison.Ordinal);
        int end = filter.Contains("1250", StringComparison.Ordinal) ? 1250 : 150;
        string[] expected = [.. made
            .Where(run => int.Parse(run.Name) < end && (!oddOnly || int.Parse(run.Name) % 2 == 1) && (view == ViewType.All || run.IsDeleted == (view == ViewType.DeletedOnly)))
            .OrderBy(run => run.B is null ? 2 : double.IsNaN(run.B.Value) ? 1 : 0)
            .ThenBy(run => run.B is { } b && !double.IsNaN(b) ? ascends ? b : -b : 0)
            .ThenByDescending(run => run.Started).ThenBy(run => run.Id, StringComparer.Ordinal).Select(run => run.Name)];
        var found = new List<string>();
        for (string? token = ""; token is not null;)
        {
            Page<Run> page = _store.Search.Find(new RunQuery([0], filter, [ascends ? "metrics.b" : "metrics.b DESC"], view, Most: 40, Token: token));
            found.AddRange(page.Items.Select(run => run.Info.Name));
            token = page.NextToken;
        }
        Assert.Equal(expected, found);
    }

    [Fact]
    public async Task A_hundred_writers_share_commits_and_lose_nothing()
    {
        RunId run = await NewRun();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(() => Log(run, ("m", i, i, i)))));
        var steps = new List<long>();
        _store.History.Read(run, "m", null, null, (RunId _, in MetricPoint point) => steps.Add(point.Step));
        Assert.Equal(Enumerable.Range(0, 100).Select(step => (long)step), steps);
    }

    [Fact]
    public async Task A_summary_follows_every_change()
    {
        RunId run = await NewRun("name");
        await _store.Runs.UpdateAsync(run, new RunChange(RunStatus.Finished, 5));
        Assert.Contains("\"name\"", Summary(), StringComparison.Ordinal);
        await Log(run, ("m", 0.5, 1, 1));
        Assert.Contains("""{"key":"m","value":0.5,"timestamp":1,"step":1}""", Summary(), StringComparison.Ordinal);
        await _store.Runs.DeleteLabelAsync(run, "mlflow.runName");
        Assert.DoesNotContain("runName", Summary(), StringComparison.Ordinal);

        string Summary()
        {
            string text = "";
            _store.Search.Visit(new RunQuery([0]), (_, json) => text = Encoding.UTF8.GetString(json));
            return text;
        }
    }

    [Theory]
    [InlineData(1, "1.0")]
    [InlineData(-0.5, "-0.5")]
    [InlineData(1e-7, "1e-07")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(1e300, "1e+300")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(9007199254740993, "9007199254740992.0")]
    [InlineData(123456789012345.67, "123456789012345.67")]
    [InlineData(1e16, "1e+16")]
    [InlineData(1e22, "1e+22")]
    [InlineData(-12345678901234568, "-1.2345678901234568e+16")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(1.5e16, "1.5e+16")]
    [InlineData(1.7976931348623157e308, "1.7976931348623157e+308")]
    [InlineData(0, "0.0")]
    public void Numbers_are_written_as_python_does(double value, string expected)
    {
        Span<byte> text = stackalloc byte[40];
        Assert.Equal(expected, Encoding.UTF8.GetString(text[..TrackingJson.FormatDouble(value, text)]));
    }

    [Fact]
    public void A_sample_keeps_every_nth_step_and_the_last()
    {
        long[] steps = [.. Enumerable.Range(0, 10).Select(i => (long)i)];
        Assert.Equal([0, 3, 6, 9], MetricHistory.Sample(steps, 3).Order());
        Assert.Equal(steps, MetricHistory.Sample(steps, 10).Order());
    }

    private async Task<RunId> NewRun(string? name = null, long started = 0) => (await _store.Runs.CreateAsync(new NewRun(0, name, Started: started))).Info.Id;

    private Task Log(RunId run, params (string Key, double Value, long Timestamp, long Step)[] points) =>
        _store.Runs.LogBatchAsync(run, new Batch { Metrics = points.Select(point => new MetricPoint(point.Key, point.Value, point.Timestamp, point.Step)).ToArray() });

    /// <summary>The last parts of the found runs' names.</summary>
    private string Search(string filter, string? order = null, long[]? experiments = null) =>
        string.Join(' ', _store.Search.Find(new RunQuery(experiments ?? [0], filter, order is null ? [] : [order])).Items.Select(run => run.Info.Name[^1]));
}
