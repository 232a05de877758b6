using System.Text.Encodings.Web;
using System.Text.Json;

namespace Weft.Dialects.Native;

/// <summary>The JSON Schema (draft 2020-12) of <c>weft.yaml</c>, for editors.</summary>
public static class JsonSchema
{
    public static void Write(Stream target)
    {
        using var json = new Utf8JsonWriter(target, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
        json.WriteString("title", WeftFile.Name);
        Write(json, Vocabulary.File);
        json.WriteStartObject("$defs");
        foreach (Section section in Vocabulary.All.Skip(1))
        {
            json.WriteStartObject(section.Definition);
            Write(json, section);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Section section)
    {
        json.WriteString("description", section.Doc);
        json.WriteString("type", "object");
        json.WriteBoolean("additionalProperties", false);
        json.WriteStartObject("properties");
        foreach (Key key in section.Keys)
        {
            json.WriteStartObject(key.Name);
            json.WriteString("description", key.Later is { } instead ? $"{key.Doc} Not supported yet: {instead}." : key.Doc);
            key.Form.WriteSchema(json);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        if (section.Keys.Any(key => key.IsRequired))
        {
            json.WriteStartArray("required");
            foreach (Key key in section.Keys.Where(key => key.IsRequired))
                json.WriteStringValue(key.Name);
            json.WriteEndArray();
        }
        if (!section.AnyOf.IsEmpty)
        {
            json.WriteStartArray("anyOf");
            foreach (string name in section.AnyOf)
            {
                json.WriteStartObject();
                json.WriteStartArray("required");
                json.WriteStringValue(name);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        if (section.OneOf.IsDefaultOrEmpty)
            return;
        // At most one of them: no two stand together.
        json.WriteStartObject("not");
        json.WriteStartArray("anyOf");
        for (int i = 0; i < section.OneOf.Length; i++)
        {
            for (int j = i + 1; j < section.OneOf.Length; j++)
            {
                json.WriteStartObject();
                json.WriteStartArray("required");
                json.WriteStringValue(section.OneOf[i]);
                json.WriteStringValue(section.OneOf[j]);
                json.WriteEndArray();
                json.WriteEndObject();
            }
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
