using System.Collections.Immutable;
using Weft.Text;
using Weft.Tracking;

namespace Weft.Cli;

/// <summary>The recorded runs that a word means: one by the start of its id, or those of an execution, a node or a point.</summary>
internal static class RunAddress
{
    private const int LeastDigits = 6;

    /// <exception cref="DiagnosticException">Nothing has this address, or no run was recorded of it.</exception>
    public static ImmutableArray<RunInfo> Find(ProjectStore store, TrackingStore tracking, Source word)
    {
        string text = word.Text;
        if (text.Length >= LeastDigits && text.All(char.IsAsciiHexDigitLower) && tracking.Runs.FindByPrefix(text) is { IsEmpty: false } found)
        {
            return found.Length == 1 ? found
                : throw new DiagnosticException("address/ambiguous", $"several runs have an id that begins with `{text}`", word.Whole, "type more of it");
        }
        Address address = Address.Find(store, word);
        ImmutableArray<RunInfo> runs = address.Path is { } path ? tracking.Runs.OfNode(address.Execution.Id, path) : tracking.Runs.OfExecution(address.Execution.Id);
        return runs.IsEmpty ? throw new DiagnosticException("address/no-runs", $"`{text}` has no recorded runs", word.Whole, "`weft runs` lists them") : runs;
    }
}
