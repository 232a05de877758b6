using System.Runtime.CompilerServices;
using Weft.Cli.CommandLine;
using Weft.Server;
using Weft.Text;
using Weft.Tracking;

namespace Weft.Cli.Commands;

/// <summary><c>weft server user</c>: who may log in to a server, and what each may do. It works on the records, whether a server runs or not.</summary>
internal static class ServerUserCommand
{
    private static readonly Flag IsAdmin = new("admin", null, null, "with `add`: may do everything, and manage users");

    private static readonly (string Name, int Words, string Usage)[] s_actions =
    [
        ("list", 0, "list"), ("add", 1, "add NAME [--admin]"), ("password", 1, "password NAME"), ("rm", 1, "rm NAME"), ("token", 1, "token NAME"),
        ("revoke", 1, "revoke NAME"), ("grant", 3, "grant NAME EXPERIMENT none|read|use|edit|manage"),
    ];

    public static readonly Command Command = new("server user", "who may log in to a server, and what each may do", "ACTION [NAME …]", [IsAdmin, StoreChoice.Flag], Run)
    {
        Count = (1, 4),
        Detail = "Actions: list; add NAME; password NAME; rm NAME; token NAME, which prints a new token once; revoke NAME, which ends all tokens of NAME;\n"
            + "grant NAME EXPERIMENT LEVEL, with none, read, use, edit or manage. Passwords are read from standard input, hidden on a terminal.",
        Examples =
        [
            ("weft server user add ann", "asks for the password"),
            ("MLFLOW_TRACKING_TOKEN=$(weft server user token ann)", "a token for a machine"),
        ],
    };

    private static int Run(Arguments arguments, Session session)
    {
        string action = arguments.Word(0)!;
        if (!s_actions.Any(known => known.Name == action))
            throw new DiagnosticException("server/user-action", $"no action `{action}`", arguments.Words[0].Whole, Suggest.Hint(action, s_actions.Select(known => known.Name)) ?? $"one of {Suggest.List([.. s_actions.Select(known => known.Name)])}");
        (_, int words, string usage) = s_actions.First(known => known.Name == action);
        if (arguments.Words.Count != words + 1)
            throw new DiagnosticException("server/user-words", $"`{action}` takes {words} more words, found {arguments.Words.Count - 1}", arguments.Words[0].Whole, $"weft server user {usage}");
        return Act(action, arguments, session);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Act(string action, Arguments arguments, Session session)
    {
        TrackingStore store = Stores.Open(StoreChoice.Of(arguments, session, ServerCommand.RootOf(arguments, session)), new TrackingOptions("mlflow-artifacts:/"), TimeProvider.System);
        try
        {
            ActAsync(action, arguments, session, store).GetAwaiter().GetResult();
            return ExitCodes.Succeeded;
        }
        catch (TrackingException refused)
        {
            throw new DiagnosticException("server/user", refused.Message);
        }
        finally
        {
            store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static async Task ActAsync(string action, Arguments arguments, Session session, TrackingStore store)
    {
        string name = arguments.Word(1) ?? "";
        switch (action)
        {
            case "add":
                await store.Accounts.CreateAsync(name, ReadPassword(session, name), arguments.Has(IsAdmin));
                session.Say($"{name} may log in");
                break;
            case "password":
                store.Accounts.Get(name);
                await store.Accounts.SetPasswordAsync(name, ReadPassword(session, name));
                break;
            case "rm":
                await store.Accounts.DeleteAsync(name);
                break;
            case "token":
                session.Out.WriteLine(await store.Accounts.NewTokenAsync(name));
                break;
            case "revoke":
                await store.Accounts.RevokeTokensAsync(name);
                break;
            case "grant":
                await GrantAsync(arguments, store, name);
                break;
            default:
                List(session, store);
                break;
        }
    }

    private static async Task GrantAsync(Arguments arguments, TrackingStore store, string name)
    {
        if (!Enum.TryParse(arguments.Word(3), ignoreCase: true, out Permission permission) || !Enum.IsDefined(permission))
            throw new DiagnosticException("server/permission", $"no permission `{arguments.Word(3)}`", arguments.Words[3].Whole, "one of none, read, use, edit, manage");
        Experiment experiment = store.Experiments.FindByName(arguments.Word(2)!)
            ?? throw new DiagnosticException("server/experiment", $"no experiment `{arguments.Word(2)}`", arguments.Words[2].Whole);
        await store.Accounts.GrantAsync(name, Subject.Experiment(experiment.Id), permission);
    }

    private static void List(Session session, TrackingStore store)
    {
        var accounts = store.Accounts.List();
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartArray();
                foreach (Account account in accounts)
                {
                    json.WriteStartObject();
                    json.WriteString("name"u8, account.Name);
                    json.WriteBoolean("admin"u8, account.IsAdmin);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
            return;
        }
        foreach (Account account in accounts)
            session.Out.WriteLine(account.IsAdmin ? $"{account.Name} (admin)" : account.Name);
    }

    /// <summary>One line: of standard input, or typed without an echo.</summary>
    private static string ReadPassword(Session session, string name)
    {
        if (Console.IsInputRedirected)
            return Console.In.ReadLine() ?? throw new DiagnosticException("server/no-password", "standard input holds no password", null, "echo PASSWORD | weft server user add NAME");
        session.Error.Write($"password of {name}: ");
        var password = new System.Text.StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                password.Length = Math.Max(0, password.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                password.Append(key.KeyChar);
        }
        session.Error.WriteLine();
        return password.ToString();
    }
}
