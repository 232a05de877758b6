using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Records;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// The folder of one attempt that a task host runs: <c>claim</c> is made by whoever runs it, <c>end.json</c> by whoever saw its end, or gave it up for lost.
/// Of several that try to make either, on whatever hosts, exactly one does. Both are small JSON files.
/// </summary>
internal sealed class AttemptFolder(string root)
{
    public string Root { get; } = root;

    public string Journal => Path.Combine(Root, "journal");

    /// <summary>Locked by the task host as long as it lives; says something on its own machine only.</summary>
    public string HostLock => Path.Combine(Root, "host.lock");

    private string StopFile => Path.Combine(Root, "stop");

    private string ClaimFile => Path.Combine(Root, "claim");

    private string EndFile => Path.Combine(Root, "end.json");

    public bool IsClaimed => File.Exists(ClaimFile);

    public bool HasEnded => File.Exists(EndFile);

    /// <summary>Where the host's own program has its lock and its exit code; its log and its results are those of the run folder.</summary>
    public RunFolder Places(RunFolder folder) => new(folder.Root, lockFolder: Root) { Exits = Path.Combine(Root, "exits") };

    /// <summary>Asks the host to end its program, from wherever the folder can be written.</summary>
    public void AskStop(bool kill)
    {
        Directory.CreateDirectory(Root);
        File.WriteAllText(StopFile, kill ? "kill\n" : "stop\n");
    }

    /// <summary>Whether, and how hard, the host was asked to end its program.</summary>
    public (bool Asked, bool Kill) ReadStop() => File.Exists(StopFile) ? (true, File.ReadAllText(StopFile).StartsWith("kill", StringComparison.Ordinal)) : (false, false);

    /// <summary>Makes the attempt this host's; false when it is another's already: then there is nothing to do here.</summary>
    public bool TryClaim(string host, DateTimeOffset at)
    {
        Directory.CreateDirectory(Root);
        using SafeFileHandle? claim = RawFile.TryCreate(ClaimFile);
        if (claim is null)
            return false;
        RawFile.Write(claim, Json(json =>
        {
            json.WriteString("host", host);
            json.WriteNumber("at", at.ToUnixTimeMilliseconds());
        }));
        return true;
    }

    /// <summary>Says how the attempt ended; false when that was said before, and then nothing changes.</summary>
    public bool TryEnd(EndedAttempt end)
    {
        Directory.CreateDirectory(Root);
        string temporary = Path.Combine(Root, $"end.{Environment.ProcessId}.{Machine.HostName}.new");
        AttemptEnd row = StateRows.ToRow(end);
        File.WriteAllBytes(temporary, Json(json =>
        {
            json.WriteString("state", row.State);
            json.WriteString("class", row.Class);
            WriteNumber(json, "exit", row.Exit);
            WriteNumber(json, "signal", row.Signal);
            json.WriteString("reason", row.Reason);
            json.WriteString("tail", row.Tail);
            json.WriteNumber("started", end.Started.ToUnixTimeMilliseconds());
            json.WriteNumber("ended", end.Ended.ToUnixTimeMilliseconds());
            json.WritePropertyName("outputs");
            ValueJson.WriteEntries(json, end.Outputs);
            json.WritePropertyName("results");
            ValueJson.WriteEntries(json, end.Results);
            json.WriteStartArray("warnings");
            foreach (string warning in end.Warnings)
                json.WriteStringValue(warning);
            json.WriteEndArray();
        }));
        bool isFirst = FileSystems.TryLink(temporary, EndFile);
        File.Delete(temporary);
        return isFirst;
    }

    /// <summary>How the attempt ended; null while that is not known.</summary>
    public EndedAttempt? ReadEnd(AttemptId id)
    {
        if (!HasEnded)
            return null;
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(EndFile));
        JsonElement json = document.RootElement;
        var row = new AttemptEnd(json.GetProperty("state").GetString()!, Text(json, "class"), Number(json, "exit"), Number(json, "signal"), Text(json, "reason"), Text(json, "tail"));
        return new EndedAttempt(id, StateRows.OutcomeOf(row), Time(json, "started"), Time(json, "ended"))
        {
            Outputs = Entries(json, "outputs"),
            Results = Entries(json, "results"),
            Warnings = [.. json.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()!)],
        };
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, PlainJson.Compact))
        {
            json.WriteStartObject();
            json.WriteNumber("format", RunFolder.Format);
            write(json);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, int? number)
    {
        if (number is { } value)
            json.WriteNumber(name, value);
    }

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement text) ? text.GetString() : null;

    private static int? Number(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement number) ? number.GetInt32() : null;

    private static DateTimeOffset Time(JsonElement json, string name) => DateTimeOffset.FromUnixTimeMilliseconds(json.GetProperty(name).GetInt64());

    private static ImmutableSortedDictionary<string, Value> Entries(JsonElement json, string name) =>
        ValueJson.ReadEntries(json.GetProperty(name));
}
