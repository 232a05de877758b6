using System.Globalization;
using System.Text.Json;
using Weft.Cli.Commands;
using Weft.Cli.Terminal;
using Weft.Text;

namespace Weft.Cli.Remote;

/// <summary><c>ps</c>, <c>show</c>, <c>logs</c>, <c>attach</c> and <c>stop</c> on the project behind a server.</summary>
internal static class RemoteCommands
{
    public const string Api = "api/weft/v1/";

    public static int List(RemoteProject remote, bool all, Session session)
    {
        JsonElement[] executions = [.. remote.List($"{Api}executions{(all ? "?all=true" : "")}", "executions", "before")];
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartArray();
                foreach (JsonElement row in executions)
                    row.WriteTo(json);
                json.WriteEndArray();
            });
            return ExitCodes.Succeeded;
        }
        if (executions.Length == 0)
        {
            session.Say("nothing runs; `weft ps -a` lists what has ended");
            return ExitCodes.Succeeded;
        }
        var table = new Table("EXECUTION", "OF", "STATE", "DONE", "FAILED", "TOTAL", "STARTED", "TOOK", "OWNER");
        TimeProvider clock = TimeProvider.System;
        foreach (JsonElement row in executions)
        {
            DateTimeOffset created = TimeOf(row, "created") ?? default;
            table.Add(
                TextOf(row, "execution"), TextOf(row, "definition"), TextOf(row, "state"), TextOf(row, "done"), TextOf(row, "failed"), TextOf(row, "total"),
                Amounts.Instant(created, clock), Amounts.Duration((TimeOf(row, "ended") ?? clock.GetUtcNow()) - created), TextOf(row, "owner"));
        }
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        return ExitCodes.Succeeded;
    }

    public static int Show(RemoteProject remote, Source word, Session session)
    {
        (string execution, string? path, _) = Split(word);
        JsonElement shown = remote.Get(path is null ? Of(execution) : $"{Of(execution)}/attempts?path={Uri.EscapeDataString(path)}");
        if (session.Json)
        {
            session.WriteJson(shown.WriteTo);
            return ExitCodes.Succeeded;
        }
        JsonElement[] parts = path is null ? [shown] : [.. shown.GetProperty("attempts"u8).EnumerateArray()];
        foreach (JsonElement part in parts)
        {
            foreach (JsonProperty member in part.EnumerateObject())
                session.Out.WriteLine($"{member.Name}: {(member.Name is "created" or "started" or "ended" or "intended" ? Amounts.Instant(TimeOf(part, member.Name)!.Value, TimeProvider.System) : TextOf(part, member.Name))}");
        }
        if (path is not null)
            return ExitCodes.Succeeded;
        var table = new Table("NODE", "PHASE", "ATTEMPT");
        foreach (JsonElement node in remote.List(Of(execution) + "/nodes", "nodes", "after"))
            table.Add(TextOf(node, "path"), TextOf(node, "phase"), TextOf(node, "attempt"));
        session.Out.WriteLine();
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        return ExitCodes.Succeeded;
    }

    public static int Logs(RemoteProject remote, Source word, bool follow, bool failed, Session session)
    {
        (string execution, string? path, int? attempt) = Split(word);
        string[] paths = path is not null ? [path] :
        [
            .. remote.List($"{Of(execution)}/nodes{(failed ? "?phase=failed" : "")}", "nodes", "after")
                .Where(node => node.GetProperty("attempt"u8).GetInt32() > 0).Select(node => TextOf(node, "path")),
        ];
        if (follow && paths.Length != 1)
            throw new DiagnosticException("logs/which", $"`{execution}` has {paths.Length} nodes with output", word.Whole, $"name one: `weft logs -f {execution}/NODE`, or `weft attach {execution}`");
        foreach (string one in paths)
        {
            if (paths.Length > 1)
                session.Out.WriteLine($"==> {one} <==");
            session.Out.Flush();
            string log = $"{Of(execution)}/logs?path={Uri.EscapeDataString(one)}{(attempt is { } number ? string.Create(CultureInfo.InvariantCulture, $"&attempt={number}") : "")}";
            if (!follow)
            {
                remote.Copy(log, session.OutStream);
                session.OutStream.Flush();
                continue;
            }
            foreach ((string kind, JsonElement data) in remote.Follow(log))
            {
                if (kind == "output")
                    session.Out.Write(data.GetProperty("text"u8).GetString());
                session.Out.Flush();
            }
        }
        if (paths.Length == 0)
            session.Say(failed ? "no point has failed" : "nothing has started yet");
        return ExitCodes.Succeeded;
    }

    /// <summary>Tells what begins and ends until the execution ends; its exit code is that of the execution.</summary>
    public static int Attach(RemoteProject remote, Source word, Session session)
    {
        string state = "";
        foreach ((string kind, JsonElement data) in remote.Follow(Of(Split(word).Execution) + "/events"))
        {
            if (kind == "end")
                state = TextOf(data, "state");
            else if (TextOf(data, "path") is { Length: > 0 } path)
                session.Out.WriteLine($"{Amounts.Instant(TimeOf(data, "at")!.Value, TimeProvider.System)} {path} {TextOf(data, "kind")}");
            session.Out.Flush();
        }
        session.Say($"{word.Text} {state}");
        return state == "succeeded" ? ExitCodes.Succeeded : ExitCodes.Failed;
    }

    public static int Stop(RemoteProject remote, Source word, bool waits, Session session)
    {
        string execution = Of(Split(word).Execution);
        JsonElement now = remote.Send(HttpMethod.Post, execution + "/stop", json => json.WriteString("by"u8, Environment.UserName));
        while (waits && TextOf(now, "state") == "running")
        {
            Following.Pause();
            now = remote.Get(execution);
        }
        session.Say($"{TextOf(now, "execution")} {TextOf(now, "state")}");
        return ExitCodes.Succeeded;
    }

    public static string Of(string execution) => $"{Api}executions/{Uri.EscapeDataString(execution)}";

    /// <summary><c>NAME/PATH#ATTEMPT</c>, as addresses are written everywhere.</summary>
    public static (string Execution, string? Path, int? Attempt) Split(Source word)
    {
        string text = word.Text;
        int? attempt = null;
        if (text.LastIndexOf('#') is >= 0 and int hash && int.TryParse(text.AsSpan(hash + 1), CultureInfo.InvariantCulture, out int number))
            (text, attempt) = (text[..hash], number);
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (text, null, attempt) : (text[..slash], text[(slash + 1)..], attempt);
    }

    public static DateTimeOffset? TimeOf(JsonElement row, string name) => row.TryGetProperty(name, out JsonElement time) ? DateTimeOffset.FromUnixTimeMilliseconds(time.GetInt64()) : null;

    public static string TextOf(JsonElement row, string name) => row.TryGetProperty(name, out JsonElement value) ? value.ToString() : "";
}
