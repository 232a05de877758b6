using Weft.Cli.CommandLine;
using Weft.Cli.Terminal;
using Weft.Dialects;
using Weft.Text;

namespace Weft.Cli.Commands;

internal static class ListCommand
{
    private static readonly Flag Names = new("names", null, null, "names only, one a line");

    private static readonly Flag Keys = new("keys", null, null, "the keys that words KEY=VALUE may have, one a line");

    public static readonly Command Command = new("ls", "list what can be run here", "[NAME]", [Names, Keys], Run)
    {
        Count = (0, 1),
        Examples = [("weft ls", "jobs with their counts of commands and runs"), ("weft ls train", "only that one")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        Project project = Project.Open(Launch.FindRoot(arguments, session), session.Surroundings.Variables);
        var problems = new Diagnostics();
        problems.AddRange(project.Diagnostics);
        foreach (Diagnostic unread in project.Unread)
            problems.Add(unread);
        IEnumerable<Runnable> runnables = project.Runnables;
        if (arguments.Word(0) is { } name)
            runnables = project.Find(name, problems) is { } found ? [found] : [];
        if (arguments.Has(Keys))
        {
            foreach (string key in runnables.SelectMany(runnable => runnable.Keys).Distinct())
                session.Out.WriteLine(key);
            return ExitCodes.Succeeded;
        }
        var rows = runnables.Select(runnable => (Runnable: runnable, Prepared: arguments.Has(Names) ? null : runnable.Prepare(Dialects.Arguments.None, problems))).ToList();
        if (arguments.Has(Names))
        {
            foreach ((Runnable runnable, _) in rows)
                session.Out.WriteLine(runnable.Name);
            return ExitCodes.Succeeded;
        }
        if (session.Json)
            WriteJson(rows, problems, session);
        else
            WriteTable(rows, session);
        if (problems.Count > 0 && !session.Json)
            session.Report(problems);
        return problems.HasErrors ? ExitCodes.BadInput : ExitCodes.Succeeded;
    }

    private static void WriteTable(List<(Runnable Runnable, Prepared? Prepared)> rows, Session session)
    {
        if (rows.Count == 0)
            return;
        var table = new Table("NAME", "KIND", "COMMANDS", "RUNS", "DEFINED IN");
        foreach ((Runnable runnable, Prepared? prepared) in rows)
        {
            table.Add(runnable.Name, runnable.Kind, prepared?.Commands.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-",
                prepared?.InnerRuns.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-", $"{runnable.At.Source.Name}:{runnable.At.Position.Line}");
        }
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
    }

    private static void WriteJson(List<(Runnable Runnable, Prepared? Prepared)> rows, Diagnostics problems, Session session) => session.WriteJson(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("definitions");
        foreach ((Runnable runnable, Prepared? prepared) in rows)
        {
            json.WriteStartObject();
            json.WriteString("name", runnable.Name);
            json.WriteString("kind", runnable.Kind);
            json.WriteString("file", runnable.At.Source.Name);
            json.WriteNumber("line", runnable.At.Position.Line);
            if (prepared is not null)
            {
                json.WriteNumber("commands", prepared.Commands);
                json.WriteString("runs", prepared.InnerRuns.ToString(System.Globalization.CultureInfo.InvariantCulture));
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WritePropertyName("diagnostics");
        DiagnosticPrinter.WriteJson(json, problems);
        json.WriteEndObject();
    });
}
