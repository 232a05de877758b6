using Weft.Tracking;

namespace Weft.Cli;

/// <summary>What equally many recorded runs beside each other have differently. What all of them have is told once, else with the number of the job.</summary>
internal static class RunDifference
{
    public static IEnumerable<Difference> OfParams(IReadOnlyList<Run> before, IReadOnlyList<Run> after) => OfPairs(before, after, (one, other) =>
        Difference.Of("param", one.Params.ToDictionary(param => param.Key, param => param.Value), other.Params.ToDictionary(param => param.Key, param => param.Value)));

    /// <summary>How they ended, metrics, labels.</summary>
    public static IEnumerable<Difference> OfResults(IReadOnlyList<Run> before, IReadOnlyList<Run> after) => OfPairs(before, after, (one, other) =>
    {
        IEnumerable<Difference> differences = Difference.Of("metric", Metrics(one), Metrics(other)).Concat(Difference.Of("label", Labels(one), Labels(other)));
        return one.Info.Status == other.Info.Status ? differences
            : differences.Prepend(new Difference("status", "", one.Info.Status.ToString().ToLowerInvariant(), other.Info.Status.ToString().ToLowerInvariant()));
    });

    private static IEnumerable<Difference> OfPairs(IReadOnlyList<Run> before, IReadOnlyList<Run> after, Func<Run, Run, IEnumerable<Difference>> differences) =>
        before.Zip(after).SelectMany((pair, i) => differences(pair.First, pair.Second).Select(one => (Difference: one, Job: i)))
            .GroupBy(one => one.Difference)
            .SelectMany(same => same.Count() == before.Count ? [same.Key] : same.Select(one => one.Difference with { Name = $"{one.Difference.Name} (job {one.Job})" }));

    private static Dictionary<string, string> Metrics(Run run) => run.Metrics.ToDictionary(metric => metric.Last.Key, metric => Terminal.Amounts.Number(metric.Last.Value));

    private static Dictionary<string, string> Labels(Run run) =>
        run.Labels.Where(label => !label.Key.StartsWith("mlflow.", StringComparison.Ordinal)).ToDictionary(label => label.Key, label => label.Value);
}
