using System.Text.RegularExpressions;
using Weft.Execution;
using Weft.Support;
using Weft.Tasks;
using Weft.Workflows;

namespace Weft.Tests.Workflows;

/// <summary>docs/reference/states.md names what the code has.</summary>
public sealed partial class StatesPageTests
{
    private static readonly string Page = File.ReadAllText(Repository.Path("docs/reference/states.md"));

    [Fact]
    public void Every_phase_is_listed_in_order_with_what_ends()
    {
        string table = Page[Page.IndexOf("## Phases", StringComparison.Ordinal)..Page.IndexOf("## The same", StringComparison.Ordinal)];
        Assert.Equal(Enum.GetValues<Phase>().Select(phase => $"{phase} {(phase.IsTerminal ? "yes" : "no")}"), PhaseRow().Matches(table).Select(row => $"{row.Groups[1].Value} {row.Groups[2].Value}"));
    }

    [Fact]
    public void Every_class_of_failures_and_every_kind_of_event_is_listed()
    {
        foreach (ErrorClass kind in Enum.GetValues<ErrorClass>().Where(kind => int.PopCount((int)kind) == 1))
            Assert.Contains($"\n| {kind} |", Page);
        foreach (string kind in (string[])[History.Taken, History.StopAsked, History.Opened, History.Started, History.Ended])
            Assert.Contains($"\n| `{kind}` |", Page);
        foreach (Phase phase in Enum.GetValues<Phase>().Where(phase => phase.IsTerminal))
            Assert.Contains($"`{History.KindOf(phase)}`", Page);
    }

    [GeneratedRegex(@"^\| ([A-Z][a-z]+) \| .* \| (yes|no) \|$", RegexOptions.Multiline)]
    private static partial Regex PhaseRow();
}
