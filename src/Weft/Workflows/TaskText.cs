using Weft.Expressions;
using Weft.Tasks;

namespace Weft.Workflows;

/// <summary>A task's body as one text: part of what a computed cache version is made from, and what listings show.</summary>
public static class TaskText
{
    public static string Of(TaskBody body) => body switch
    {
        TaskBody.Command command => string.Join(' ', command.Words.Select(Template.Print)),
        TaskBody.Shell shell => Template.Print(shell.Script),
        TaskBody.Python python => $"{python.File}:{python.Handler}",
        TaskBody.Managed managed => managed.Symbol,
        TaskBody.Fail fail => "fail " + Template.Print(fail.Message),
        _ => throw new InvalidOperationException($"no text for {body.GetType().Name}"),
    };
}
