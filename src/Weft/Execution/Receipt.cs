using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Weft.Storage;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// What a run that found every result in the cache relied on, kept in <c>.weft/receipts/REQUEST</c>: as long as all of it is as it was, the same request finds the same
/// again, and neither definitions nor cache entries need be read. It says nothing that could not be found out anew: one that is missing, damaged or of another version
/// costs time only.
/// </summary>
internal sealed record Receipt
{
    private const int Format = 1;

    /// <summary>Receipts of one project; of more the oldest goes.</summary>
    private const int Most = 64;

    /// <summary>Contents and files of one receipt.</summary>
    private const int MostNamed = 200_000;

    /// <summary>A change that is younger than this, seen from the start of the run, may have been followed by another that left the same times.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    /// <summary>Some file systems count whole seconds, or two.</summary>
    private static readonly TimeSpan CoarseTick = TimeSpan.FromSeconds(2);

    /// <summary>The run, whose record the next one repeats.</summary>
    public required ExecutionId Execution { get; init; }

    /// <summary>What was said of it at its start.</summary>
    public required string Announced { get; init; }

    /// <summary>Its points: all, those done, those of them that were reused, those skipped.</summary>
    public required (long Total, long Done, long Reused, long Other) Counts { get; init; }

    /// <summary>The names of the environment variables that were asked for.</summary>
    public required ImmutableArray<string> Variables { get; init; }

    /// <summary>Files besides those in the project's folder whose status counts: entries of the cache, programs, the state of git.</summary>
    public required ImmutableArray<string> Files { get; init; }

    /// <summary>The digests of the contents that results consist of, in hexadecimal digits.</summary>
    public required ImmutableArray<string> Contents { get; init; }

    /// <summary>Tags that move to nodes of the run: in turn a tag, and the path of its node.</summary>
    public required ImmutableArray<string> Tags { get; init; }

    /// <summary>The status of all files, and the values of the variables.</summary>
    public Digest Found { get; private init; }

    /// <summary>Completes a receipt with the state of everything that it names.</summary>
    /// <param name="began">When the run started, before it read anything.</param>
    /// <returns>Null when something may have changed since: then what the run saw is not known to be what is there.</returns>
    public Receipt? Seal(string root, IReadOnlyDictionary<string, string> variables, DateTimeOffset began)
    {
        if (Files.Length + Contents.Length > MostNamed || ProjectStamp.Take(root, Files) is not { } stamp)
            return null;
        bool isCoarse = stamp.Changed % 1_000_000_000 == 0;
        long settled = (began - (isCoarse ? CoarseTick : Tick)).ToUnixTimeMilliseconds() * 1_000_000;
        return stamp.Changed < settled ? this with { Found = Together(stamp, variables) } : null;
    }

    /// <summary>Whether everything is as it was.</summary>
    public bool Holds(string root, IReadOnlyDictionary<string, string> variables, BlobStore blobs) =>
        ProjectStamp.Take(root, Files) is { } stamp && Together(stamp, variables) == Found && Contents.All(digest => blobs.Contains(Digest.Parse(digest)));

    /// <summary>Null when there is none that this version can read.</summary>
    public static Receipt? Find(StateFolder state, Digest request)
    {
        try
        {
            if (AtomicFile.TryRead(PathOf(state, request)) is not { } content)
                return null;
            using JsonDocument document = JsonDocument.Parse(content);
            return Read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps it for the next run. That it cannot be written costs that one time, and nothing else.</summary>
    public void Save(StateFolder state, Digest request)
    {
        string path = PathOf(state, request);
        using var content = new MemoryStream();
        using (var json = new Utf8JsonWriter(content, PlainJson.Compact))
            Write(json);
        try
        {
            DirectoryInfo folder = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Delete(path);
            foreach (FileInfo old in folder.GetFiles().OrderByDescending(file => file.LastWriteTimeUtc).Skip(Most - 1))
                old.Delete();
            AtomicFile.TryCreate(path, content.GetBuffer().AsSpan(0, (int)content.Length), survivesPowerCut: false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    private Digest Together(ProjectStamp stamp, IReadOnlyDictionary<string, string> variables)
    {
        var text = new StringBuilder(stamp.Digest.Hex);
        foreach (string name in Variables)
            text.Append('\0').Append(name).Append(variables.TryGetValue(name, out string? value) ? "=" + value : "");
        return Digest.Of(text.ToString());
    }

    private static string PathOf(StateFolder state, Digest request) => Path.Combine(state.Root, "receipts", request.Hex);

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("format", Format);
        json.WriteString("execution", Execution.Value);
        json.WriteString("announced", Announced);
        json.WriteNumber("total", Counts.Total);
        json.WriteNumber("done", Counts.Done);
        json.WriteNumber("reused", Counts.Reused);
        json.WriteNumber("other", Counts.Other);
        json.WriteString("found", Found.Hex);
        WriteList(json, "variables", Variables);
        WriteList(json, "files", Files);
        WriteList(json, "contents", Contents);
        WriteList(json, "tags", Tags);
        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, ImmutableArray<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static Receipt? Read(JsonElement json)
    {
        if (json.GetProperty("format").GetInt32() != Format)
            return null;
        return new Receipt
        {
            Execution = new ExecutionId(json.GetProperty("execution").GetString()!),
            Announced = json.GetProperty("announced").GetString()!,
            Counts = (json.GetProperty("total").GetInt64(), json.GetProperty("done").GetInt64(), json.GetProperty("reused").GetInt64(), json.GetProperty("other").GetInt64()),
            Found = Digest.Parse(json.GetProperty("found").GetString()!),
            Variables = ReadList(json, "variables"),
            Files = ReadList(json, "files"),
            Contents = ReadList(json, "contents"),
            Tags = ReadList(json, "tags"),
        };
    }

    /// <summary>In loops: the runtime would have to compile what LINQ makes of the elements, which takes longer than to read them.</summary>
    private static ImmutableArray<string> ReadList(JsonElement json, string name)
    {
        JsonElement list = json.GetProperty(name);
        string[] texts = new string[list.GetArrayLength()];
        int count = 0;
        foreach (JsonElement text in list.EnumerateArray())
            texts[count++] = text.GetString()!;
        return ImmutableCollectionsMarshal.AsImmutableArray(texts);
    }
}
