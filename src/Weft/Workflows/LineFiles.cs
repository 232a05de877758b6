using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>Makes the file of an attempt that takes all points of a sweep at once.</summary>
internal static class LineFiles
{
    /// <param name="outside">What references mean that are not of a point.</param>
    /// <param name="missing">What the words of the first line need and is not there; they all need the same.</param>
    public static LineFile? Of(Lines lines, AttemptId attempt, Lookup outside, out Evaluated? missing)
    {
        missing = null;
        foreach (Point first in lines.Over.Points())
        {
            missing = lines.Words.Select(word => Evaluator.Evaluate(word, Inside(first, attempt, outside))).FirstOrDefault(word => word is not Evaluated.Is);
            break;
        }
        return missing is null ? new LineFile(NameOf(attempt), Content(lines, attempt, outside)) : null;
    }

    /// <summary>As HydraFlow names it: <c>tmp</c> and eight characters. Whoever computes the attempt again finds the file.</summary>
    public static string NameOf(AttemptId attempt) => "tmp" + Digest.Of(attempt.ToString()).Hex[..8];

    private static IEnumerable<string> Content(Lines lines, AttemptId attempt, Lookup outside)
    {
        foreach (Point point in lines.Over.Points())
        {
            var words = new List<string>();
            foreach (Expr word in lines.Words)
            {
                if (Evaluator.Evaluate(word, Inside(point, attempt, outside)) is Evaluated.Is known)
                    words.AddRange(Template.Fill(word, known.Value));
            }
            yield return ShellWords.Join(words);
        }
    }

    private static Lookup Inside(Point point, AttemptId attempt, Lookup outside) => reference => reference.Root switch
    {
        Root.Words => Evaluator.Follow(reference, 0, Value.ListOf(point.Words.Select(word => Value.Of(word.Text)))),
        Root.Item => Evaluator.Follow(reference, 0, new Value.Map(point.Values)),
        Root.Run when reference.Path is [{ Name: "ulid" }] => new Evaluated.Is(Value.Of(Ulid.Derive(attempt.Execution.Value, point.Index))),
        Root.Run when reference.Path is [{ Name: "index" }] => new Evaluated.Is(Value.Of(point.Index)),
        _ => outside(reference),
    };
}
