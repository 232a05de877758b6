using Weft.Cli.Remote;
using Weft.Secrets;
using Weft.Text;

namespace Weft.Cli.Commands;

/// <summary><c>weft secret</c>: values that programs get as environment variables, and that stand nowhere in clear.</summary>
internal static class SecretCommands
{
    public static readonly Command List = new("secret list", "list the names of secrets", "", [], RunList) { Count = (0, 0) };

    public static readonly Command Set = new("secret set", "keep a secret", "NAME [VALUE]", [], RunSet)
    {
        Count = (1, 2),
        Detail = "The value is asked for and not shown, or read from standard input: `weft secret set NAME < file`. A VALUE on the command\nline stands in the shell's history.",
        Examples = [("weft secret set WANDB_API_KEY", "asks for the value")],
    };

    public static readonly Command Remove = new("secret rm", "forget a secret", "NAME", [], RunRemove)
    {
        Count = (1, 1),
    };

    /// <summary>The secrets of a project.</summary>
    public static SecretStore Open(string root, Surroundings surroundings) => new(
        SecretStore.FileIn(ProjectStore.FolderOf(root)),
        SecretStore.KeyFileOf(surroundings.Variable("XDG_CONFIG_HOME"), Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)));

    /// <summary>A secret of the project, else the variable of that name: then it is masked all the same. Null when there is neither.</summary>
    public static string? ValueOf(string root, string name, Surroundings surroundings) => Open(root, surroundings).Find(name) ?? surroundings.Variable(name);

    private static int RunList(Arguments arguments, Session session)
    {
        using RemoteProject? remote = RemoteProject.Of(session);
        IReadOnlyList<string> names = remote is null ? Open(Launch.FindRoot(arguments, session), session.Surroundings).Names : RemoteNodes.Secrets(remote);
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartArray();
                foreach (string name in names)
                    json.WriteStringValue(name);
                json.WriteEndArray();
            });
            return ExitCodes.Succeeded;
        }
        foreach (string name in names)
            session.Out.WriteLine(name);
        return ExitCodes.Succeeded;
    }

    private static int RunSet(Arguments arguments, Session session)
    {
        string root = Launch.FindRoot(arguments, session);
        Source word = arguments.Words[0];
        if (!IsVariable(word.Text))
            throw new DiagnosticException("secret/name", $"`{word.Text}` cannot be the name of a variable", word.Whole, "letters, digits and `_`, no digit first");
        if (arguments.Words.Count > 1)
            session.Say("warning: the value stands in the shell's history now: leave it out, and it is asked for");
        string value = arguments.Words.Count > 1 ? arguments.Words[1].Text : session.Surroundings.InputIsTerminal ? Ask(word.Text, session) : ReadInput();
        if (value.Length == 0)
            throw new DiagnosticException("secret/empty", "the value is empty", word.Whole);
        if (value.Length < SecretForms.Shortest)
            session.Say($"warning: a value of fewer than {SecretForms.Shortest} characters is not masked in logs");
        new Storage.StateFolder(ProjectStore.FolderOf(root)).Create();
        try
        {
            Open(root, session.Surroundings).Set(word.Text, value);
        }
        catch (IOException error)
        {
            throw new DiagnosticException("secret/unusable", error.Message);
        }
        session.Say($"{word.Text} is kept");
        return ExitCodes.Succeeded;
    }

    private static int RunRemove(Arguments arguments, Session session)
    {
        SecretStore secrets = Open(Launch.FindRoot(arguments, session), session.Surroundings);
        Source word = arguments.Words[0];
        return secrets.Remove(word.Text) ? ExitCodes.Succeeded
            : throw new DiagnosticException("secret/unknown", $"there is no secret `{word.Text}`", word.Whole, Suggest.HintOrList(word.Text, [.. secrets.Names], "there are"));
    }

    private static bool IsVariable(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(name[0]);

    private static string ReadInput()
    {
        using var reader = new StreamReader(Console.OpenStandardInput());
        return reader.ReadToEnd().TrimEnd('\r', '\n');
    }

    /// <summary>Asks without showing what is typed.</summary>
    private static string Ask(string name, Session session)
    {
        session.Error.Write($"value of {name}: ");
        var typed = new System.Text.StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key != ConsoleKey.Backspace)
                typed.Append(key.KeyChar);
            else if (typed.Length > 0)
                typed.Length--;
        }
        session.Error.WriteLine();
        return typed.ToString();
    }
}
