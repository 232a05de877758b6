using System.Collections.Immutable;
using Weft.Execution;
using Weft.Support;
using Weft.Tracking;

namespace Weft.Tests.Execution;

public sealed class HydraOutcomesTests
{
    private static readonly DateTimeOffset s_start = new(2026, 11, 1, 8, 0, 0, TimeSpan.Zero);

    private static readonly ImmutableArray<HydraJob> s_jobs = [.. Enumerable.Range(0, 4).Select(i => new HydraJob($"multirun/x/{i}", $"{i}", [], s_start.AddSeconds(i), null) { Overrides = [$"a={i}", "b='x y'"] })];

    private static IEnumerable<RunStatus?> Decide(RunStatus command, params string[] failures) => HydraOutcomes.Decide(s_jobs, s_start, command, failures).Select(job => job.Status);

    [Fact]
    public void All_jobs_end_as_a_command_that_names_none()
    {
        Assert.Equal([RunStatus.Finished, RunStatus.Finished, RunStatus.Finished, RunStatus.Finished], Decide(RunStatus.Finished).Select(status => status!.Value));
        Assert.Equal([RunStatus.Failed, RunStatus.Failed, RunStatus.Failed, RunStatus.Failed], Decide(RunStatus.Failed).Select(status => status!.Value));
    }

    [Fact]
    public void The_named_job_failed_those_before_it_finished_and_nothing_is_known_of_those_behind()
    {
        Assert.Equal([RunStatus.Finished, RunStatus.Failed, RunStatus.Killed, RunStatus.Killed], Decide(RunStatus.Failed, """['a=1', "b='x y'"]""").Select(status => status!.Value));
        Assert.Equal([RunStatus.Finished, RunStatus.Failed, RunStatus.Finished, RunStatus.Failed], Decide(RunStatus.Failed, """['a=1', "b='x y'"]""", """['a=3', "b='x y'"]""").Select(status => status!.Value));
    }

    [Fact]
    public void A_sweeper_that_goes_on_after_failures_may_succeed() =>
        Assert.Equal([RunStatus.Finished, RunStatus.Finished, RunStatus.Failed, RunStatus.Finished], Decide(RunStatus.Finished, """['a=2', "b='x y'"]""").Select(status => status!.Value));

    [Fact]
    public void What_an_earlier_attempt_left_stays_as_it_was_recorded()
    {
        ImmutableArray<HydraJob> jobs = HydraOutcomes.Decide(s_jobs, s_start.AddSeconds(2), RunStatus.Failed, []);
        Assert.Equal([null, null, RunStatus.Failed, RunStatus.Failed], jobs.Select(job => job.Status));
    }

    [Fact]
    public void Failures_are_read_from_the_end_of_a_log()
    {
        using var folder = new TemporaryFolder();
        folder.Write("log", new string('x', 3 << 20) + "\nError executing job with overrides: ['a=1']\nTraceback (most recent call last):\n  …\nValueError: no\r\n");
        Assert.Equal(["['a=1']"], HydraOutcomes.ReadFailures(folder.Path("log")));
        Assert.Empty(HydraOutcomes.ReadFailures(folder.Path("missing")));
    }
}
