using Weft.Cli.Terminal;
using Weft.Dialects;
using Weft.Dialects.Hydra;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <summary>Checks what can be run in a project: files, graphs, every point of every sweep.</summary>
internal static class ProjectCheck
{
    /// <param name="name">One definition; null for all.</param>
    public static int Run(Project project, string? name, Session session)
    {
        var problems = new Diagnostics();
        problems.AddRange(project.Diagnostics);
        foreach (Diagnostic unread in project.Unread)
            problems.Add(unread);
        IEnumerable<Runnable> runnables = name is not null ? project.Find(name, problems) is { } one ? [one] : [] : project.Runnables;
        int count = 0;
        // A task is checked by itself and in its workflow; what may help differs then.
        HashSet<(string, string, Span?)> seen = [.. project.Diagnostics.Select(problem => (problem.Id, problem.Message, problem.At))];
        foreach (Runnable runnable in runnables)
        {
            count++;
            foreach (Diagnostic problem in Check(runnable, project.Root, session).Where(problem => seen.Add((problem.Id, problem.Message, problem.At))))
                problems.Add(problem);
        }
        if (problems.Count > 0 || session.Json)
            session.Report(problems);
        if (!problems.HasErrors && !session.Json)
            session.Say($"{Amounts.Count(count, "definition")} checked, nothing wrong");
        return problems.HasErrors ? ExitCodes.BadInput : ExitCodes.Succeeded;
    }

    /// <summary>All that is wrong with one definition, its graph and the values of its points.</summary>
    private static Diagnostics Check(Runnable runnable, string root, Session session)
    {
        var problems = new Diagnostics();
        if (runnable.Prepare(Dialects.Arguments.None, problems) is not { } prepared)
            return problems;
        foreach (GraphProblem problem in new GraphCheck(new Closure(prepared.Definitions)).Check(prepared.Workflow))
            problems.Add(problem.Diagnostic);
        if (prepared.Obstacle is { } obstacle)
            problems.Add(obstacle with { Severity = Severity.Warning });
        if (problems.HasErrors || prepared.Definitions.OfType<Definition.OfWorkflow>().First(one => one.Name == prepared.Workflow).Workflow.In.Any(port => !port.Value.IsOptional))
            return problems;
        var planned = new Diagnostics();
        Planner.Plan(new Closure(prepared.Definitions), prepared.Workflow, prepared.Inputs, PlanFacts.Of(root, null, null, CacheMode.Disabled, session, TimeProvider.System), planned);
        foreach (CommandPoints points in prepared.Points)
            ConfigurationCheck.Run(points, session.Surroundings.Variables, planned);
        foreach (Diagnostic problem in planned.Where(problem => !problems.Contains(problem)))
            problems.Add(problem);
        return problems;
    }
}
