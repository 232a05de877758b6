using Weft.Cli.Terminal;
using Weft.Config.Composition;
using Weft.Text;

namespace Weft.Cli.Commands;

/// <summary><c>weft config explain</c>: who set a value, who chose those files, what its interpolation leads to.</summary>
internal static class ConfigExplainCommand
{
    /// <summary>Places stand in a column of their own, unless the statement before is longer than this.</summary>
    private const int Column = 64;

    public static readonly Command Command = new("config explain", "say where the values of a Hydra configuration come from", "KEY [KEY=VALUE …]", ConfigTarget.Flags, Run)
    {
        Detail = "KEY is a value (db.host) or the begin of several (db); `.` is all of them. The words\nbehind it are Hydra's overrides. The last place that set a value counts.",
        Count = (1, int.MaxValue),
        Examples = [("weft config explain db.host", "one value"), ("weft config explain db db=mysql", "every value below db, with mysql")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        Composition composition = ConfigTarget.Find(arguments, arguments.Words.Skip(1), session).Compose(session);
        Source key = arguments.Words[0];
        IEnumerable<Explanation> explanations = new Provenance(composition).ExplainBelow(key.Text == "." ? "" : key.Text);
        return (session.Json ? WriteJson(explanations, session) : WriteText(explanations, session)) > 0 ? ExitCodes.Succeeded : throw NoKey(composition, key);
    }

    private static int WriteText(IEnumerable<Explanation> explanations, Session session)
    {
        int count = 0;
        foreach (Explanation explanation in explanations)
        {
            if (count++ > 0)
                session.Out.WriteLine();
            Note[] lines = [.. explanation.Lines()];
            int width = Math.Min(Column, lines.Max(line => Cells.Width(line.Message)));
            foreach (Note line in lines)
                session.Out.WriteLine(line.At is { } at ? $"{line.Message}{new string(' ', Math.Max(0, width - Cells.Width(line.Message)))}  {at}" : line.Message);
        }
        return count;
    }

    private static int WriteJson(IEnumerable<Explanation> explanations, Session session)
    {
        Explanation[] all = [.. explanations];
        if (all.Length == 0)
            return 0;
        session.WriteJson(json =>
        {
            json.WriteStartArray();
            foreach (Explanation explanation in all)
                explanation.Write(json);
            json.WriteEndArray();
        });
        return all.Length;
    }

    private static DiagnosticException NoKey(Composition composition, Source key) =>
        new("config/no-key", $"there is no `{key.Text}` in the configuration", key.Whole,
            key.Text.Contains('=', StringComparison.Ordinal) ? "the first word is a key; overrides stand behind it" : Provenance.Nearest(composition, key.Text));
}
