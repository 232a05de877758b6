using System.Numerics;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Composes the points of a sweep before the first starts, in flat memory: all of them up to <see cref="MaxPoints"/>; of a larger sweep its first
/// points, and every value of every axis once. A problem that many points share is kept once.
/// </summary>
/// <param name="configName">The primary configuration; null for none.</param>
internal sealed class SweepCheck(Composer composer, string? configName)
{
    public const int MaxPoints = 10_000;

    /// <summary>So many of a large sweep's first points are composed.</summary>
    public const int Window = 1_000;

    /// <summary>After so many different problems nobody reads on.</summary>
    private const int MaxProblems = 50;

    private readonly OrderedDictionary<(string Id, string Message), Problem> _problems = [];
    private int _reported;

    /// <summary>How many points were composed.</summary>
    public BigInteger Checked { get; private set; }

    /// <summary>There are enough problems to be shown.</summary>
    public bool IsFull => _problems.Count >= MaxProblems;

    /// <summary>Checks a sweep of Hydra's own.</summary>
    /// <param name="hydraOverrides">Overrides of the frame that hold for all jobs, as typed.</param>
    /// <returns>How many points were composed.</returns>
    public static BigInteger Run(Composer composer, string? configName, BasicSweep sweep, IReadOnlyList<string> hydraOverrides, Diagnostics diagnostics)
    {
        var check = new SweepCheck(composer, configName);
        foreach (BigInteger number in Choose(sweep.Count, Cover(sweep)))
        {
            if (check.IsFull)
                break;
            check.Compose([.. hydraOverrides, .. sweep.Job(number)], number, string.Join(' ', sweep.Job(number)));
        }
        check.Report(diagnostics, null);
        return check.Checked;
    }

    /// <summary>The numbers of the points that are composed.</summary>
    /// <param name="cover">Points among which every value of every axis appears.</param>
    public static IEnumerable<BigInteger> Choose(BigInteger count, IEnumerable<BigInteger> cover)
    {
        BigInteger first = count <= MaxPoints ? count : Window;
        for (BigInteger number = 0; number < first; number++)
            yield return number;
        if (first == count)
            yield break;
        foreach (BigInteger number in cover)
        {
            if (number >= first)
                yield return number;
        }
    }

    /// <summary>For every axis each of its values, as many as are composed of a sweep, with the first values of the others.</summary>
    public static IEnumerable<BigInteger> Cover(BasicSweep sweep)
    {
        BigInteger stride = 1;
        for (int axis = sweep.Axes.Length - 1; axis >= 0; axis--)
        {
            BigInteger values = BigInteger.Min(sweep.Axes[axis].Count, MaxPoints);
            for (BigInteger value = 1; value < values; value++)
                yield return stride * value;
            stride *= sweep.Axes[axis].Count;
        }
    }

    /// <summary>Composes one point.</summary>
    /// <param name="label">Its words as messages show them.</param>
    public void Compose(IReadOnlyList<string> words, BigInteger number, string label)
    {
        Count();
        var diagnostics = new Diagnostics();
        composer.Compose(configName, words, RunMode.Run, diagnostics);
        Keep(diagnostics, number, label);
    }

    /// <summary>One more point was composed in another way.</summary>
    public void Count() => Checked++;

    /// <summary>Keeps the errors that were found with a point in another way.</summary>
    public void Keep(Diagnostics found, BigInteger number, string label)
    {
        if (!found.HasErrors)
            return;
        foreach (Diagnostic problem in found.Where(problem => problem.Severity == Severity.Error))
        {
            if (_problems.TryGetValue((problem.Id, problem.Message), out Problem? known))
                known.Count++;
            else
                _problems.Add((problem.Id, problem.Message), new Problem(problem, number, label) { Count = 1 });
        }
    }

    /// <summary>Reports every problem that was not reported before, with the first point that has it.</summary>
    /// <param name="place">Where the text of a word was written; null where it is its own place.</param>
    public void Report(Diagnostics diagnostics, Func<Source, Span?>? place)
    {
        for (; _reported < _problems.Count; _reported++)
        {
            Problem problem = _problems.GetAt(_reported).Value;
            Diagnostic first = problem.First;
            if (first.At is { } at && place?.Invoke(at.Source) is { } written)
                first = first with { At = written };
            string others = problem.Count == 1 ? "" : $", and in {problem.Count - 1:N0} more";
            diagnostics.Add(first.WithNote($"in the point {problem.Number} of the sweep: `{problem.Label}`{others}", null));
        }
    }

    private sealed record Problem(Diagnostic First, BigInteger Number, string Label)
    {
        public long Count { get; set; }
    }
}
