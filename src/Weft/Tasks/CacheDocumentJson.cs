using System.Collections.Immutable;
using System.Text.Json;
using Weft.Values;

namespace Weft.Tasks;

/// <summary>Cache documents as JSON that reads back as the same document; what is hashed is <see cref="CacheDocument.Canonical"/>.</summary>
public static class CacheDocumentJson
{
    public static void Write(Utf8JsonWriter json, CacheDocument document)
    {
        json.WriteStartObject();
        json.WriteString("scope", document.Scope);
        json.WriteString("task", document.Task);
        json.WriteString("version", document.Version);
        WriteTypes(json, "in", document.In);
        WriteTypes(json, "out", document.Out);
        json.WritePropertyName("inputs");
        ValueJson.WriteEntries(json, document.Inputs);
        if (document.Computed is { } computed)
        {
            json.WriteStartObject("computed");
            json.WriteString("command", computed.Command);
            if (computed.Code is { } code)
                json.WriteString("code", code.Hex);
            WriteTexts(json, "env", computed.Env);
            if (computed.Image is { } image)
                json.WriteString("image", image);
            json.WriteString("salt", computed.Salt);
            if (computed.Python is { } python)
                json.WriteString("python", python);
            if (computed.Setup is { } setup)
                json.WriteString("setup", setup);
            if (computed.Files is { } files)
            {
                json.WriteStartObject("files");
                foreach ((string path, Digest digest) in files.Each)
                    json.WriteString(path, digest.Hex);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    /// <exception cref="KeyNotFoundException">A part is missing.</exception>
    public static CacheDocument Read(JsonElement json) => new(
        json.GetProperty("scope").GetString()!,
        json.GetProperty("task").GetString()!,
        json.GetProperty("version").GetString()!,
        ReadTypes(json.GetProperty("in")),
        ReadTypes(json.GetProperty("out")),
        ValueJson.ReadEntries(json.GetProperty("inputs")))
    {
        Computed = json.TryGetProperty("computed", out JsonElement computed) ? ReadComputed(computed) : null,
    };

    private static VersionDocument ReadComputed(JsonElement json) => new(
        json.GetProperty("command").GetString()!,
        json.TryGetProperty("code", out JsonElement code) ? Digest.Parse(code.GetString()!) : null,
        json.GetProperty("env").EnumerateObject().ToImmutableSortedDictionary(entry => entry.Name, entry => entry.Value.GetString()!, StringComparer.Ordinal),
        json.TryGetProperty("image", out JsonElement image) ? image.GetString() : null,
        json.GetProperty("salt").GetString()!)
    {
        Files = json.TryGetProperty("files", out JsonElement files)
            ? new FileDigests(files.EnumerateObject().ToImmutableSortedDictionary(entry => entry.Name, entry => Digest.Parse(entry.Value.GetString()!), StringComparer.Ordinal))
            : null,
        Python = json.TryGetProperty("python", out JsonElement python) ? python.GetString() : null,
        Setup = json.TryGetProperty("setup", out JsonElement setup) ? setup.GetString() : null,
    };

    private static void WriteTypes(Utf8JsonWriter json, string name, ImmutableSortedDictionary<string, TypeExpr> types) =>
        WriteTexts(json, name, types.Select(type => KeyValuePair.Create(type.Key, type.Value.ToString())));

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<KeyValuePair<string, string>> texts)
    {
        json.WriteStartObject(name);
        foreach ((string key, string text) in texts)
            json.WriteString(key, text);
        json.WriteEndObject();
    }

    private static ImmutableSortedDictionary<string, TypeExpr> ReadTypes(JsonElement json) =>
        json.EnumerateObject().ToImmutableSortedDictionary(entry => entry.Name, entry => TypeParser.Parse(entry.Value.GetString()!), StringComparer.Ordinal);
}
