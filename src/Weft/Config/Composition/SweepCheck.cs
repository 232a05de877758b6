using System.Numerics;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Composes the points of a sweep before the first starts, in flat memory: all of them up to <see cref="MaxPoints"/>; of a larger sweep every
/// value of every axis once, and its first points.
/// </summary>
/// <param name="Checked">How many points were composed.</param>
/// <param name="IsComplete">Those were all.</param>
public sealed record SweepCheck(BigInteger Checked, bool IsComplete)
{
    public const int MaxPoints = 10_000;

    /// <summary>So many of a large sweep's first points are composed.</summary>
    private const int Window = 1_000;

    /// <param name="hydraOverrides">Overrides of the frame that hold for all jobs, as typed.</param>
    public static SweepCheck Run(Composer composer, string? configName, BasicSweep sweep, IReadOnlyList<string> hydraOverrides, Diagnostics diagnostics)
    {
        bool isComplete = sweep.Count <= MaxPoints;
        BigInteger count = 0;
        foreach (BigInteger number in isComplete ? Numbers(sweep.Count) : Chosen(sweep))
        {
            Compose(composer, configName, sweep, number, hydraOverrides, diagnostics);
            count++;
            // What is wrong with many points is mostly one thing: the first of them are enough to see it.
            if (diagnostics.Errors >= Diagnostics.Limit)
                return new SweepCheck(count, IsComplete: false);
        }
        return new SweepCheck(count, isComplete);
    }

    private static void Compose(Composer composer, string? configName, BasicSweep sweep, BigInteger number, IReadOnlyList<string> hydraOverrides, Diagnostics diagnostics)
    {
        var problems = new Diagnostics();
        string[] words = [.. hydraOverrides, .. sweep.Job(number)];
        composer.Compose(configName, words, RunMode.Run, problems);
        if (!problems.HasErrors)
            return;
        string point = string.Join(' ', sweep.Job(number));
        foreach (Diagnostic problem in problems.Where(problem => problem.Severity == Severity.Error))
            diagnostics.Add(problem.WithNote($"in the point {number} of the sweep: `{point}`", null));
    }

    private static IEnumerable<BigInteger> Numbers(BigInteger count)
    {
        for (BigInteger number = 0; number < count; number++)
            yield return number;
    }

    /// <summary>The first points; then for every axis each of its values (as many as the window holds) with the first values of the others.</summary>
    private static IEnumerable<BigInteger> Chosen(BasicSweep sweep)
    {
        foreach (BigInteger number in Numbers(Window))
            yield return number;
        BigInteger stride = 1;
        for (int axis = sweep.Axes.Length - 1; axis >= 0; axis--)
        {
            BigInteger values = BigInteger.Min(sweep.Axes[axis].Count, MaxPoints);
            for (BigInteger value = 1; value < values; value++)
            {
                if (stride * value >= Window)
                    yield return stride * value;
            }
            stride *= sweep.Axes[axis].Count;
        }
    }
}
