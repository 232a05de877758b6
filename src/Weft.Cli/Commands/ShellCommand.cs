using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Weft.Execution;
using Weft.Platform;
using Weft.Records;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <summary><c>weft shell</c>: a shell, or a command, as the program of a task has it: the same folder, variables and inputs.</summary>
internal static class ShellCommand
{
    public static readonly Command Command = new("shell", "open a shell in a task's folder with its variables", "REF [-- COMMAND …]", [], Run)
    {
        Count = (1, 1),
        Detail = "The words of the task's program are printed first. Secrets are not set, nor is the address of a tracking server.",
        Examples = [("weft shell wet-mongoose-1/7", "look around as the program of point 7"), ("weft shell - -- env", "one command, its exit code is passed on")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        Address address = Address.Find(store, arguments.Words[0]);
        ExecutionRow row = address.Execution;
        Plan plan = store.PlanOf(row);
        Invocation call = CallOf(store, row, plan, PathOf(plan, address, arguments.Words[0]), address.Attempt)
            ?? throw new DiagnosticException("shell/no-call", $"`{arguments.Words[0].Text}` runs no program", arguments.Words[0].Whole, "name a task or a point, such as `/0`");
        RunFolder folder = store.Place.FolderOf(row.Id);
        string working = HostContract.FolderOf(call, store.Root);
        List<KeyValuePair<string, string>> variables = HostContract.Variables(call, folder, Grant.Nothing);
        string words = ShellWords.Join(HostContract.Words(call, working));
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartObject();
                json.WriteString("task", $"{row.Name}/{call.Path}");
                json.WriteString("folder", working);
                json.WriteString("command", words);
                json.WriteStartObject("variables");
                foreach ((string name, string value) in variables)
                    json.WriteString(name, value);
                json.WriteEndObject();
                json.WriteEndObject();
            });
            return ExitCodes.Succeeded;
        }
        HostContract.MakeFolders(call, folder);
        session.Say($"{row.Name}/{call.Path} in {working}: {words}");
        string[] typed = arguments.Rest is { Count: > 0 } rest ? [.. rest.Select(word => word.Text)] : [session.Surroundings.Variable("SHELL") ?? "/bin/sh"];
        return Start(typed, working, EnvironmentBlock.Current().With(variables), arguments, session);
    }

    /// <summary>A REF without a node means the only one, or the first point of the only sweep.</summary>
    private static NodePath PathOf(Plan plan, Address address, Source word) => address.Path switch
    {
        { } path when path.Index is null && plan.Find(path)?.Node is Node.Each => path.Element(0),
        { } path => path,
        null when plan.Nodes is [{ Node: Node.Each } only] => only.Path.Element(0),
        null when plan.Nodes is [var only] => only.Path,
        _ => throw new DiagnosticException("shell/which", $"{address.Execution.Name} has several nodes", word.Whole, Suggest.HintOrList("", [.. plan.Nodes.Select(node => node.Path.Text)], "name one")),
    };

    /// <summary>The call of a task as it is computed for its host; null of a node that runs nothing.</summary>
    private static Invocation? CallOf(ProjectStore store, ExecutionRow row, Plan plan, NodePath path, int? attempt)
    {
        int number = attempt ?? (store.Records.Attempts(row.Id, path) is [.., var last] ? last.Id.Number : 1);
        var facts = new Facts(row.Id, store.Clock.GetUtcNow()) { Folder = store.Place.FolderOf(row.Id).Work };
        return Decision.StartOf(plan, new AttemptId(row.Id, path, number), State, facts)?.Invocation;

        NodeState? State(NodePath one) => store.Records.FindNode(row.Id, one) is { } node ? StateRows.FromRow(node, store.Records.Attempts(row.Id, one) is [.., var newest] ? newest : null) : null;
    }

    private static int Start(string[] words, string folder, EnvironmentBlock environment, Arguments arguments, Session session)
    {
        string path = Executables.Find(words[0], environment["PATH"], folder)
            ?? throw new DiagnosticException("run/no-program", $"there is no program `{words[0]}`", arguments.Rest?[0].Whole);
        session.Out.Flush();
        // The terminal sends Ctrl+C to the shell too, which deals with it.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var input = new SafeFileHandle(0, ownsHandle: false);
        using var output = new SafeFileHandle(1, ownsHandle: false);
        using var error = new SafeFileHandle(2, ownsHandle: false);
        using ChildProcess child = ChildProcess.Start(new ProgramStart
        {
            Path = path,
            Arguments = words,
            Environment = environment,
            Folder = folder,
            Descriptors = [input, output, error],
            NewSession = false,
        });
        return child.Reap().Code;
    }
}
