using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Weft.Records;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>Between states and ends as the loop knows them and the rows that are recorded.</summary>
internal static class StateRows
{
    public static NodeRow ToRow(NodeState state) => new(
        state.Path, state.Phase.ToString(), state.Attempt, state.Key, Origin: null,
        state.Outputs.IsEmpty ? null : WriteValues(state.Outputs),
        state.Tally is { } tally ? Write(tally) : null,
        state.Phase.IsTerminal ? state.Since : null);

    /// <summary>The state that a row tells of. How its last attempt ended stands in the attempt's row.</summary>
    /// <param name="last">The newest attempt of the node, or null when it had none.</param>
    public static NodeState FromRow(NodeRow row, AttemptRow? last)
    {
        var state = new NodeState(row.Path, Enum.Parse<Phase>(row.Phase), row.Attempt)
        {
            Key = row.Key,
            Outputs = row.Outputs is { } outputs ? ReadValues(outputs) : Value.NoEntries,
            Tally = row.Tally is { } tally ? ReadTally(tally) : null,
            Since = row.Ended ?? last?.Ended ?? last?.Intended ?? default,
            Started = last?.Intended,
        };
        // A node that waits to be run once more (it was reopened) has its earlier ends behind it.
        return state.Phase != Phase.Waiting && last?.End is { } end ? state with { End = OutcomeOf(end) } : state;
    }

    public static AttemptEnd ToRow(EndedAttempt end) => end.Outcome switch
    {
        Outcome.Succeeded => new AttemptEnd("Succeeded", Exit: 0),
        Outcome.Failed failed => new AttemptEnd("Failed", failed.Class.ToString(), failed.ExitCode, failed.Signal, $"{failed.Code}: {failed.Reason}", failed.LastLines.IsEmpty ? null : string.Join('\n', failed.LastLines)),
        Outcome.Cancelled cancelled => new AttemptEnd("Cancelled", Reason: cancelled.By),
        Outcome.Lost => new AttemptEnd("Lost", nameof(ErrorClass.NodeLost)),
        _ => throw new InvalidOperationException($"no such outcome: {end.Outcome.GetType().Name}"),
    };

    public static Outcome OutcomeOf(AttemptEnd end)
    {
        switch (end.State)
        {
            case "Succeeded":
                return new Outcome.Succeeded();
            case "Cancelled":
                return new Outcome.Cancelled(end.Reason ?? "");
            case "Lost":
                return new Outcome.Lost();
            default:
                string reason = end.Reason ?? "";
                int colon = reason.IndexOf(": ", StringComparison.Ordinal);
                return new Outcome.Failed(Enum.TryParse(end.Class, out ErrorClass kind) ? kind : ErrorClass.User, colon < 0 ? "task/failed" : reason[..colon], colon < 0 ? reason : reason[(colon + 2)..])
                {
                    ExitCode = end.Exit,
                    Signal = end.Signal,
                    LastLines = end.Tail is { } tail ? [.. tail.Split('\n')] : [],
                };
        }
    }

    /// <summary>Values so that they read back as they are, files and folders included.</summary>
    public static string WriteValues(ImmutableSortedDictionary<string, Value> values)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, PlainJson.Compact))
            ValueJson.WriteEntries(json, values);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static ImmutableSortedDictionary<string, Value> ReadValues(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return ValueJson.ReadEntries(document.RootElement);
    }

    public static string Write(Tally tally)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, PlainJson.Compact))
        {
            json.WriteStartObject();
            json.WriteNumber("next", tally.Next);
            json.WriteNumber("open", tally.Open);
            json.WriteNumber("succeeded", tally.Succeeded);
            json.WriteNumber("reused", tally.Reused);
            json.WriteNumber("failed", tally.Failed);
            json.WriteNumber("skipped", tally.Skipped);
            json.WriteNumber("blocked", tally.Blocked);
            json.WriteNumber("cancelled", tally.Cancelled);
            if (tally.Runs is { } runs)
                json.WriteNumber("runs", runs);
            if (tally.First is { } first)
            {
                json.WriteStartObject("first");
                json.WriteString("path", first.Path.Text);
                json.WriteString("code", first.Code);
                json.WriteString("message", first.Message);
                json.WriteEndObject();
            }
            if (tally.Best is { } best)
            {
                json.WriteStartObject("best");
                json.WriteNumber("index", best.Index);
                json.WriteString("result", CanonicalJson.Write(Value.Of(best.Result)));
                json.WritePropertyName("values");
                ValueJson.WriteEntries(json, best.Values);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static Tally ReadTally(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement json = document.RootElement;
        var tally = new Tally(Number(json, "next"), Number(json, "open"), Number(json, "succeeded"), Number(json, "failed"), Number(json, "skipped"))
        {
            Reused = Number(json, "reused"),
            Blocked = Number(json, "blocked"),
            Cancelled = Number(json, "cancelled"),
            Runs = json.TryGetProperty("runs", out JsonElement runs) ? runs.GetInt64() : null,
        };
        if (json.TryGetProperty("first", out JsonElement first))
            tally = tally with { First = new Failure(new NodePath(first.GetProperty("path").GetString()!), first.GetProperty("code").GetString()!, first.GetProperty("message").GetString()!) };
        if (json.TryGetProperty("best", out JsonElement best))
        {
            Value result = CanonicalJson.Read(best.GetProperty("result").GetString()!);
            ImmutableSortedDictionary<string, Value> values = ValueJson.ReadEntries(best.GetProperty("values"));
            tally = tally with { Best = new BestPoint(best.GetProperty("index").GetInt64(), AsNumber(result), values) };
        }
        return tally;
    }

    private static long Number(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement number) ? number.GetInt64() : 0;

    private static double AsNumber(Value value) => value switch
    {
        Value.Int integer => (double)integer.Number,
        Value.Float number => number.Number,
        _ => double.NaN,
    };
}
