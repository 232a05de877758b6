using Weft.Tasks;

namespace Weft.Workflows;

/// <summary>The paths in the project's folder that programs have fixed for their outputs.</summary>
internal static class FixedPaths
{
    /// <summary>Paths that several tasks write, or one of them a folder around it. The two sides of a condition count as one task, since only one of them runs.</summary>
    public static IEnumerable<(string Path, TaskDefinition[] Writers)> Shared(IEnumerable<TaskDefinition> tasks)
    {
        const string otherSide = "/else";
        var writers = tasks.Where(task => task.Workspace == Workspace.Project && !task.Name.EndsWith(otherSide, StringComparison.Ordinal))
            .SelectMany(task => task.Out.Values.Where(port => port.IsFixed).Select(port => new Writer(Path.Combine(task.WorkingFolder ?? "", port.Path!), task)))
            .OrderBy(writer => writer.Path, StringComparer.Ordinal).ToArray();
        for (int i = 1; i < writers.Length; i++)
        {
            bool isInside = writers[i].Path == writers[i - 1].Path || writers[i].Path.StartsWith(writers[i - 1].Path + "/", StringComparison.Ordinal);
            if (isInside && writers[i].Task.Name != writers[i - 1].Task.Name)
                yield return (writers[i].Path, [writers[i - 1].Task, writers[i].Task]);
        }
    }

    private sealed record Writer(string Path, TaskDefinition Task);
}
