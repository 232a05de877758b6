using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary><c>users/…</c>, <c>experiments/permissions/…</c> and <c>registered-models/permissions/…</c>, as MLflow's basic-auth app has them.</summary>
internal static class AccountRoutes
{
    public static async ValueTask CreateAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("username");
        await AnswerAsync(call, await call.Store.Accounts.CreateAsync(name, fields.Required("password"), isAdmin: false));
    }

    /// <summary>Everybody may look at their own account; admins at anybody's.</summary>
    public static async ValueTask GetAsync(Call call)
    {
        string name = (await call.ReadAsync()).Required("username");
        if (!call.Caller.MayDoAll && call.Caller.Account!.Name != name)
            throw Guards.Denied();
        await AnswerAsync(call, call.Store.Accounts.Get(name));
    }

    /// <summary>Who asks, without what they may do.</summary>
    public static ValueTask GetCurrentAsync(Call call)
    {
        Account account = call.Caller.Account ?? new Account(0, call.Caller.Name.Length > 0 ? call.Caller.Name : "admin", IsAdmin: true);
        return call.AnswerAsync(json =>
        {
            json.WriteStartObject("user"u8);
            WriteIdentity(json, account);
            json.WriteEndObject();
        });
    }

    public static ValueTask ListAsync(Call call)
    {
        var accounts = call.Store.Accounts.List();
        return call.AnswerAsync(json =>
        {
            json.WriteStartArray("users"u8);
            foreach (Account account in accounts)
                Write(json, account);
            json.WriteEndArray();
        });
    }

    /// <summary>
    /// Everybody may change their own password, who must give the present one with it: a page that was left open is not enough. Clients older than
    /// that rule have no way to give it; they are no page, and sent it with the call if it is how they log in. Admins change anybody's.
    /// </summary>
    public static async ValueTask SetPasswordAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("username");
        if (!call.Caller.MayDoAll && call.Caller.Account!.Name != name)
            throw Guards.Denied();
        if (call.Caller.Account?.Name == name && (fields.Has("current_password") || !SentByOlderClient(call)))
            CheckCurrent(call, name, fields.Text("current_password") ?? "");
        await call.Store.Accounts.SetPasswordAsync(name, fields.Required("password"));
        await call.DoneAsync();
    }

    public static async ValueTask SetAdminAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("username");
        await call.Store.Accounts.SetAdminAsync(name, fields.Bool("is_admin") ?? throw Fields.Missing("is_admin"));
        await call.DoneAsync();
    }

    public static async ValueTask DeleteAsync(Call call)
    {
        await call.Store.Accounts.DeleteAsync((await call.ReadAsync()).Required("username"));
        await call.DoneAsync();
    }

    /// <summary>Grants; a permission that is there already is refused.</summary>
    public static Handler Grant(string kind, bool isNew) => async call =>
    {
        Fields fields = await call.ReadAsync();
        (Account account, Subject subject) = Read(call, fields, kind);
        Permission permission = Parse(fields.Required("permission"));
        bool exists = account.Grants.Any(grant => grant.Subject == subject);
        if (isNew && exists)
            throw TrackingException.Exists($"Permission of user {account.Name} on {subject.Kind} {subject.Id} already exists.");
        if (!isNew && !exists)
            throw NoPermission(account, subject);
        await call.Store.Accounts.GrantAsync(account.Name, subject, permission);
        if (isNew)
            await AnswerAsync(call, account, subject, permission);
        else
            await call.DoneAsync();
    };

    public static Handler Get(string kind) => async call =>
    {
        (Account account, Subject subject) = Read(call, await call.ReadAsync(), kind);
        foreach ((Subject granted, Permission permission) in account.Grants)
        {
            if (granted == subject)
            {
                await AnswerAsync(call, account, subject, permission);
                return;
            }
        }
        throw NoPermission(account, subject);
    };

    public static Handler Revoke(string kind) => async call =>
    {
        (Account account, Subject subject) = Read(call, await call.ReadAsync(), kind);
        if (!await call.Store.Accounts.RevokeAsync(account.Name, subject))
            throw NoPermission(account, subject);
        await call.DoneAsync();
    };

    /// <summary>Whether MLflow's own client sent this, with a password, from a release before 3.11, which brought <c>current_password</c>.</summary>
    private static bool SentByOlderClient(Call call)
    {
        const string Client = "mlflow-python-client/";
        IHeaderDictionary headers = call.Http.Request.Headers;
        if (!headers.Authorization.ToString().StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) || headers.UserAgent.ToString() is not { } agent
            || !agent.StartsWith(Client, StringComparison.Ordinal))
        {
            return false;
        }
        string[] numbers = agent[Client.Length..].Split('.', 3);
        return numbers.Length > 1 && int.TryParse(numbers[0], out int major) && int.TryParse(numbers[1], out int minor) && (major, minor).CompareTo((3, 11)) < 0;
    }

    private static void CheckCurrent(Call call, string name, string password)
    {
        if (password.Length == 0)
            throw TrackingException.Invalid("Current password is required when changing your own password.");
        if (call.Store.Accounts.Verify(name, password) is null)
            throw TrackingException.Invalid("Current password does not match.");
    }

    private static (Account Account, Subject Subject) Read(Call call, Fields fields, string kind)
    {
        Subject subject = kind == "experiment" ? Guards.NamedExperiment(fields.Required("experiment_id")) : Subject.Model(fields.Required("name"));
        return (call.Store.Accounts.Get(fields.Required("username")), subject);
    }

    private static Permission Parse(string word) => word switch
    {
        "READ" => Permission.Read,
        "USE" => Permission.Use,
        "EDIT" => Permission.Edit,
        "MANAGE" => Permission.Manage,
        "NO_PERMISSIONS" => Permission.None,
        _ => throw TrackingException.Invalid($"Invalid permission '{word}'. Valid permissions are: ('READ', 'USE', 'EDIT', 'MANAGE', 'NO_PERMISSIONS')"),
    };

    private static string Word(Permission permission) => permission == Permission.None ? "NO_PERMISSIONS" : permission.ToString().ToUpperInvariant();

    private static TrackingException NoPermission(Account account, Subject subject) =>
        TrackingException.Missing($"{(subject.Kind == "experiment" ? $"Experiment permission with experiment_id={subject.Id}" : $"Registered model permission with workspace=default, name={subject.Id}")} and username={account.Name} not found");

    private static ValueTask AnswerAsync(Call call, Account account) => call.AnswerAsync(json =>
    {
        json.WritePropertyName("user"u8);
        Write(json, account);
    });

    private static ValueTask AnswerAsync(Call call, Account account, Subject subject, Permission permission) => call.AnswerAsync(json =>
    {
        json.WritePropertyName(subject.Kind == "experiment" ? "experiment_permission"u8 : "registered_model_permission"u8);
        Write(json, account, subject, permission);
    });

    private static void Write(Utf8JsonWriter json, Account account)
    {
        json.WriteStartObject();
        WriteIdentity(json, account);
        foreach ((string kind, string name) in new[] { ("experiment", "experiment_permissions"), ("model", "registered_model_permissions") })
        {
            json.WriteStartArray(name);
            foreach ((Subject subject, Permission permission) in account.Grants)
            {
                if (subject.Kind == kind)
                    Write(json, account, subject, permission);
            }
            json.WriteEndArray();
        }
        // Clients of version 3 read this list, too. There are no scorers here.
        json.WriteStartArray("scorer_permissions"u8);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteIdentity(Utf8JsonWriter json, Account account)
    {
        json.WriteNumber("id"u8, account.Id);
        json.WriteString("username"u8, account.Name);
        json.WriteBoolean("is_admin"u8, account.IsAdmin);
    }

    private static void Write(Utf8JsonWriter json, Account account, Subject subject, Permission permission)
    {
        json.WriteStartObject();
        json.WriteString(subject.Kind == "experiment" ? "experiment_id"u8 : "name"u8, subject.Id);
        json.WriteNumber("user_id"u8, account.Id);
        json.WriteString("permission"u8, Word(permission));
        json.WriteEndObject();
    }
}
