using System.Globalization;
using System.Text;
using System.Text.Json;
using Weft.Records;
using Weft.Server.Http;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Server.Rest;

/// <summary><c>executions/…</c> of Weft's own REST: what <c>ps</c>, <c>show</c>, <c>logs</c>, <c>attach</c> and <c>stop</c> tell and do.</summary>
internal static class ExecutionRoutes
{
    private const int MostListed = 1000;

    /// <summary>How often a followed execution or log is looked at.</summary>
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(200);

    /// <summary>A comment on a quiet stream, so that proxies keep it open.</summary>
    private static readonly TimeSpan s_sign = TimeSpan.FromSeconds(15);

    public static async ValueTask ListAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        int limit = Limit(fields, 50);
        string? before = fields.Text("before");
        bool all = fields.Bool("all") ?? false;
        byte[] answer = call.Project.Read(view => RestJson.Object(json =>
        {
            IReadOnlyList<ExecutionRow> rows = view.Catalog.List(unfinishedOnly: !all, before, limit);
            json.WriteStartArray("executions"u8);
            foreach (ExecutionRow row in rows)
                Write(json, view, row);
            json.WriteEndArray();
            if (rows.Count == limit)
                json.WriteString("next"u8, rows[^1].Id.Value);
        }));
        await call.SendAsync("application/json", answer, 200);
    }

    public static ValueTask GetAsync(Call call) => SendAsync(call, (view, json) => WriteMembers(json, view, view.Find(Part(call))));

    public static ValueTask GetPlanAsync(Call call)
    {
        byte[] plan = call.Project.Read(view =>
        {
            ExecutionRow row = view.Find(Part(call));
            return view.Records.ReadPlan(row.Plan) ?? throw TrackingException.Missing($"the plan of {row.Name} is not in the store any more");
        });
        return call.SendAsync("application/json", plan, 200);
    }

    /// <summary>The touched nodes, by path, after one and up to a number of them.</summary>
    public static async ValueTask ListNodesAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        int limit = Limit(fields, 500);
        string after = fields.Text("after") ?? "";
        string? phase = fields.Text("phase");
        await SendAsync(call, (view, json) =>
        {
            ExecutionRow row = view.Find(Part(call));
            var nodes = new List<NodeRow>();
            view.Records.ReadNodes(row.Id, node =>
            {
                if (string.CompareOrdinal(node.Path.Text, after) > 0 && (phase is null || node.Phase.Equals(phase, StringComparison.OrdinalIgnoreCase)))
                    nodes.Add(node);
            });
            nodes.Sort((x, y) => string.CompareOrdinal(x.Path.Text, y.Path.Text));
            json.WriteStartArray("nodes"u8);
            foreach (NodeRow node in nodes.Take(limit))
                Write(json, node);
            json.WriteEndArray();
            if (nodes.Count > limit)
                json.WriteString("next"u8, nodes[limit - 1].Path.Text);
        });
    }

    public static ValueTask ListAttemptsAsync(Call call)
    {
        return SendAsync(call, (view, json) =>
        {
            ExecutionRow row = view.Find(Part(call));
            NodePath path = view.PathOf(row, Part(call), call.Query("path")) ?? throw Fields.Missing("path");
            json.WriteStartArray("attempts"u8);
            foreach (AttemptRow attempt in view.Records.Attempts(row.Id, path))
                Write(json, attempt);
            json.WriteEndArray();
        });
    }

    /// <summary>The history after an entry; as a stream of events when the client asks for one.</summary>
    public static async ValueTask ListEventsAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        int limit = Limit(fields, 500);
        long after = Cursor(call, fields.Long("after")) ?? 0;
        if (WantsStream(call))
        {
            await FollowEventsAsync(call, after);
            return;
        }
        await SendAsync(call, (view, json) =>
        {
            json.WriteStartArray("events"u8);
            foreach (EventRow entry in view.Records.Events(view.Find(Part(call)).Id, after, limit))
            {
                json.WriteStartObject();
                WriteMembers(json, entry);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>The bytes that an attempt has written, or a range of them; as a stream of events when the client asks for one.</summary>
    public static async ValueTask GetLogAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        int? number = fields.Int("attempt");
        (AttemptId attempt, string file) = call.Project.Read(view =>
        {
            ExecutionRow row = view.Find(Part(call));
            AttemptRow found = view.FindAttempt(row, view.PathOf(row, Part(call), fields.Text("path")) ?? throw Fields.Missing("path"), number);
            return (found.Id, view.Executions.LogOf(found.Id));
        });
        if (WantsStream(call))
            await FollowLogAsync(call, attempt, file, Cursor(call, fields.Long("after")) ?? 0);
        else
            await ByteRange.SendAsync(call, file);
    }

    public static async ValueTask StopAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string by = fields.Text("by") is { Length: > 0 } given ? given : call.Caller.Name.Length > 0 ? call.Caller.Name : "a client of the server";
        bool isOwned = call.Project.Read(view =>
        {
            ExecutionRow row = view.Find(Part(call));
            return row.Ended is not null || view.Executions.AskStop(row.Id, by);
        });
        if (!isOwned)
            throw new TrackingException(TrackingError.BadRequest, "nobody runs it: `weft stop` on its own machine ends what is left of it");
        await GetAsync(call);
    }

    private static async Task FollowEventsAsync(Call call, long after)
    {
        var stream = new EventStream(call);
        await stream.BeginAsync();
        while (true)
        {
            (IReadOnlyList<EventRow> entries, ExecutionRow row, bool isOwned) = call.Project.Read(view =>
            {
                ExecutionRow found = view.Find(Part(call));
                return (view.Records.Events(found.Id, after, MostListed), found, found.Ended is not null || view.Executions.OwnerOf(found) is not null);
            });
            foreach (EventRow entry in entries)
            {
                await stream.SendAsync("history", entry.Seq, RestJson.Object(json => WriteMembers(json, entry)));
                after = entry.Seq;
            }
            if (entries.Count == 0 && (row.Ended is not null || !isOwned))
            {
                await stream.SendAsync("end", after, RestJson.Object(json => json.WriteString("state"u8, row.Ended is not null ? row.State.ToLowerInvariant() : "interrupted")));
                return;
            }
            if (entries.Count == 0)
                await stream.WaitAsync(s_pace, s_sign);
        }
    }

    private static async Task FollowLogAsync(Call call, AttemptId attempt, string file, long offset)
    {
        var stream = new EventStream(call);
        await stream.BeginAsync();
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            // Whether it has ended is asked before the last look at the file, so that nothing is missed.
            bool hasEnded = call.Project.Read(view => view.Records.Attempts(attempt.Execution, attempt.Path).Any(one => one.Id == attempt && one.Ended is not null));
            int count = ByteRange.ReadAt(file, offset, buffer);
            while (count > 0)
            {
                int whole = WholeCharacters(buffer.AsSpan(0, count), isLast: hasEnded);
                if (whole == 0)
                    break;
                offset += whole;
                string text = Encoding.UTF8.GetString(buffer, 0, whole);
                await stream.SendAsync("output", offset, RestJson.Object(json => json.WriteString("text"u8, text)));
                count = ByteRange.ReadAt(file, offset, buffer);
            }
            if (hasEnded)
            {
                await stream.SendAsync("end", offset, "{}"u8.ToArray());
                return;
            }
            await stream.WaitAsync(s_pace, s_sign);
        }
    }

    /// <summary>The length without a character at the end whose bytes have not all been written yet.</summary>
    private static int WholeCharacters(ReadOnlySpan<byte> bytes, bool isLast)
    {
        for (int back = 1; back <= 3 && back <= bytes.Length && !isLast; back++)
        {
            byte b = bytes[^back];
            if ((b & 0xC0) == 0x80)
                continue;
            int needed = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC0 ? 2 : 1;
            return needed > back ? bytes.Length - back : bytes.Length;
        }
        return bytes.Length;
    }

    private static void Write(Utf8JsonWriter json, ProjectView view, ExecutionRow row)
    {
        json.WriteStartObject();
        WriteMembers(json, view, row);
        json.WriteEndObject();
    }

    private static void WriteMembers(Utf8JsonWriter json, ProjectView view, ExecutionRow row)
    {
        string state = view.StateOf(row, out string? owner);
        json.WriteString("execution"u8, row.Name);
        json.WriteString("id"u8, row.Id.Value);
        json.WriteString("definition"u8, row.Definition);
        json.WriteString("state"u8, state);
        if (view.ProgressOf(row) is { } progress)
        {
            json.WriteNumber("done"u8, progress.Done);
            json.WriteNumber("failed"u8, progress.Failed);
            json.WriteNumber("running"u8, progress.Running);
            json.WriteNumber("total"u8, progress.Total);
        }
        if (row.Snapshot is { } snapshot)
            json.WriteString("snapshot"u8, snapshot);
        json.WriteNumber("created"u8, row.Created.ToUnixTimeMilliseconds());
        if (row.Ended is { } ended)
            json.WriteNumber("ended"u8, ended.ToUnixTimeMilliseconds());
        if (owner is not null)
            json.WriteString("owner"u8, owner);
        if (row.StopAsked is { } asked)
            json.WriteString("stopAskedBy"u8, asked);
    }

    private static void Write(Utf8JsonWriter json, NodeRow node)
    {
        json.WriteStartObject();
        json.WriteString("path"u8, node.Path.Text);
        json.WriteString("phase"u8, node.Phase.ToLowerInvariant());
        json.WriteNumber("attempt"u8, node.Attempt);
        if (node.Key is { } key)
            json.WriteString("cacheKey"u8, key);
        if (node.Origin is { } origin)
            json.WriteString("origin"u8, origin);
        WriteRaw(json, "outputs", node.Outputs);
        WriteRaw(json, "tally", node.Tally);
        if (node.Ended is { } ended)
            json.WriteNumber("ended"u8, ended.ToUnixTimeMilliseconds());
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, AttemptRow attempt)
    {
        json.WriteStartObject();
        json.WriteNumber("number"u8, attempt.Id.Number);
        json.WriteNumber("rank"u8, attempt.Id.Rank);
        if (attempt.Snapshot is { } snapshot)
            json.WriteString("snapshot"u8, snapshot);
        json.WriteString("engine"u8, attempt.Engine);
        json.WriteString("state"u8, (attempt.End?.State ?? attempt.State).ToLowerInvariant());
        if (attempt.Handle is { } handle)
            json.WriteString("handle"u8, handle);
        if (attempt.Pid is { } pid)
            json.WriteNumber("pid"u8, pid);
        json.WriteNumber("intended"u8, attempt.Intended.ToUnixTimeMilliseconds());
        if (attempt.Started is { } started)
            json.WriteNumber("started"u8, started.ToUnixTimeMilliseconds());
        if (attempt.Ended is { } ended)
            json.WriteNumber("ended"u8, ended.ToUnixTimeMilliseconds());
        if (attempt.End is { } end)
        {
            if (end.Class is { } kind)
                json.WriteString("class"u8, kind);
            if (end.Exit is { } exit)
                json.WriteNumber("exit"u8, exit);
            if (end.Signal is { } signal)
                json.WriteNumber("signal"u8, signal);
            if (end.Reason is { } reason)
                json.WriteString("reason"u8, reason);
            if (end.Tail is { } tail)
                json.WriteString("tail"u8, tail);
        }
        json.WriteEndObject();
    }

    private static void WriteMembers(Utf8JsonWriter json, EventRow entry)
    {
        json.WriteNumber("seq"u8, entry.Seq);
        json.WriteNumber("at"u8, entry.At.ToUnixTimeMilliseconds());
        json.WriteString("kind"u8, entry.Kind);
        if (entry.Actor is { } actor)
            json.WriteString("actor"u8, actor);
        if (entry.Path is { } path)
            json.WriteString("path"u8, path.Text);
        WriteRaw(json, "body", entry.Body);
    }

    private static void WriteRaw(Utf8JsonWriter json, string name, string? body)
    {
        if (body is null)
            return;
        json.WritePropertyName(name);
        if (body is ['{', ..] or ['[', ..])
            json.WriteRawValue(body);
        else
            json.WriteStringValue(body);
    }

    private static ValueTask SendAsync(Call call, Action<ProjectView, Utf8JsonWriter> write)
    {
        byte[] answer = call.Project.Read(view => RestJson.Object(json => write(view, json)));
        return call.SendAsync("application/json", answer, 200);
    }

    private static int Limit(Fields fields, int usual)
    {
        int limit = fields.Int("limit") ?? usual;
        return limit is >= 1 and <= MostListed ? limit : throw TrackingException.Invalid($"`limit` is 1 to {MostListed}");
    }

    private static bool WantsStream(Call call) => call.Http.Request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase);

    /// <summary>Where to go on: what a client that was cut off had seen last, else what it asks for.</summary>
    private static long? Cursor(Call call, long? asked) =>
        long.TryParse(call.Http.Request.Headers["Last-Event-ID"].FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out long seen) ? seen : asked;

    private static string Part(Call call) => Uri.UnescapeDataString(call.Parts[0]);
}
