using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Weft.Config.Yaml;
using Weft.Text;
using Weft.Values;

namespace Weft.Dialects.Native;

/// <summary>
/// What may stand behind a key of <c>weft.yaml</c>. A form checks nodes, describes itself in messages and in the reference, and writes its part of the
/// JSON Schema; so a key that is in the table is read, checked, documented and completed alike.
/// </summary>
internal abstract record Form
{
    private Form()
    {
    }

    /// <summary>With article, as messages name it: <c>a text</c>, <c>a size such as `4GB`</c>.</summary>
    public abstract string Noun { get; }

    /// <summary>Whether a node is of this form as far as its kind goes; of several forms, the first that takes a node is meant.</summary>
    protected abstract bool Takes(YamlNode node);

    /// <summary>Reports all that is wrong with a node that this form takes.</summary>
    /// <param name="place">What the node is, for messages: <c>`memory` of `resources`</c>.</param>
    protected abstract void Inspect(YamlNode node, string place, Diagnostics problems);

    /// <summary>Writes the members of a JSON Schema object.</summary>
    public abstract void WriteSchema(Utf8JsonWriter json);

    public void Check(YamlNode node, string place, Diagnostics problems)
    {
        if (Takes(node))
            Inspect(node, place, problems);
        else
            problems.Error("weft/wrong-type", $"{place} must be {Noun}, found {Describe(node)}", node.At, Remedy(node));
    }

    /// <summary>What to do about a node of the wrong kind, when that is plain.</summary>
    protected virtual string? Remedy(YamlNode node) => null;

    /// <summary>A node as messages name it.</summary>
    public static string Describe(YamlNode node)
    {
        if (node is not YamlScalar scalar)
            return node.Kind;
        return CoreScalar.Read(scalar) switch
        {
            Value.Null => "nothing",
            Value.Bool => $"the boolean `{scalar.Text}`",
            Value.Int or Value.Float => $"the number `{scalar.Text}`",
            _ => $"the text `{(scalar.Text.Length > 60 ? scalar.Text[..60] + "…" : scalar.Text)}`",
        };
    }

    /// <summary>A text.</summary>
    /// <param name="What">As <see cref="Noun"/>.</param>
    /// <param name="Wrong">What is wrong with a text, as the end of a sentence; null when nothing is.</param>
    public sealed record Text(string What = "a text", Func<string, string?>? Wrong = null) : Form
    {
        public override string Noun => What;

        protected override bool Takes(YamlNode node) => node is YamlScalar scalar && CoreScalar.Read(scalar) is Value.Text;

        protected override void Inspect(YamlNode node, string place, Diagnostics problems)
        {
            if (Wrong?.Invoke(((YamlScalar)node).Text) is { } why)
                problems.Error("weft/wrong-value", $"{place} must be {Noun}: {why}", node.At);
        }

        protected override string? Remedy(YamlNode node) => node is YamlScalar { Text.Length: > 0 } scalar ? $"write it in quotes: `\"{scalar.Text}\"`" : null;

        public override void WriteSchema(Utf8JsonWriter json) => json.WriteString("type", "string");
    }

    /// <summary>A text, a number or a boolean, as it is written.</summary>
    /// <param name="Wrong">As of <see cref="Text"/>.</param>
    public sealed record Scalar(string What, Func<string, string?>? Wrong = null) : Form
    {
        public override string Noun => What;

        protected override bool Takes(YamlNode node) => node is YamlScalar scalar && CoreScalar.Read(scalar) is not Value.Null;

        protected override void Inspect(YamlNode node, string place, Diagnostics problems)
        {
            if (Wrong?.Invoke(((YamlScalar)node).Text) is { } why)
                problems.Error("weft/wrong-value", $"{place} must be {Noun}: {why}", node.At);
        }

        public override void WriteSchema(Utf8JsonWriter json) => WriteTypes(json, "string", "number", "boolean");
    }

    public sealed record Flag : Form
    {
        public override string Noun => "true or false";

        protected override bool Takes(YamlNode node) => node is YamlScalar scalar && CoreScalar.Read(scalar) is Value.Bool;

        protected override void Inspect(YamlNode node, string place, Diagnostics problems)
        {
        }

        protected override string? Remedy(YamlNode node) => node is YamlScalar scalar && scalar.Text.ToLowerInvariant() is "yes" or "no" or "on" or "off"
            ? "this is YAML 1.2: only `true` and `false` are booleans"
            : null;

        public override void WriteSchema(Utf8JsonWriter json) => json.WriteString("type", "boolean");
    }

    public sealed record Whole(long Least, long Most = long.MaxValue) : Form
    {
        public override string Noun => Most == Least ? $"the number {Least}" : Most == long.MaxValue ? $"a whole number from {Least}" : $"a whole number from {Least} to {Most}";

        protected override string? Remedy(YamlNode node) => node is YamlScalar { IsPlain: false } scalar && long.TryParse(scalar.Text, CultureInfo.InvariantCulture, out _) ? "leave the quotes out" : null;

        protected override bool Takes(YamlNode node) => node is YamlScalar scalar && CoreScalar.Read(scalar) is Value.Int;

        protected override void Inspect(YamlNode node, string place, Diagnostics problems)
        {
            var number = (Value.Int)CoreScalar.Read((YamlScalar)node);
            if (number.Number < Least || number.Number > Most)
                problems.Error("weft/wrong-value", $"{place} must be {Noun}, found {number.Number.ToString(CultureInfo.InvariantCulture)}", node.At);
        }

        public override void WriteSchema(Utf8JsonWriter json)
        {
            json.WriteString("type", "integer");
            json.WriteNumber("minimum", Least);
            if (Most != long.MaxValue)
                json.WriteNumber("maximum", Most);
        }
    }

    public sealed record Number(double Least) : Form
    {
        public override string Noun => string.Create(CultureInfo.InvariantCulture, $"a number from {Least}");

        protected override bool Takes(YamlNode node) => node is YamlScalar scalar && CoreScalar.Read(scalar) is Value.Int or Value.Float;

        protected override void Inspect(YamlNode node, string place, Diagnostics problems)
        {
            if (!double.TryParse(((YamlScalar)node).Text, CultureInfo.InvariantCulture, out double number) || !(number >= Least))
                problems.Error("weft/wrong-value", $"{place} must be {Noun}, found {((YamlScalar)node).Text}", node.At);
        }

        public override void WriteSchema(Utf8JsonWriter json)
        {
            json.WriteString("type", "number");
            json.WriteNumber("minimum", Least);
        }
    }

    /// <summary>One of a few words.</summary>
    public sealed record Word(params ImmutableArray<string> Options) : Form
    {
        public override string Noun => Suggest.List(Options);

        protected override bool Takes(YamlNode node) => node is YamlScalar;

        protected override void Inspect(YamlNode node, string place, Diagnostics problems)
        {
            string text = ((YamlScalar)node).Text;
            if (!Options.Contains(text))
                problems.Error("weft/wrong-value", $"{place} must be {Noun}, found `{text}`", node.At, Suggest.Hint(text, Options));
        }

        public override void WriteSchema(Utf8JsonWriter json)
        {
            json.WriteStartArray("enum");
            foreach (string option in Options)
                json.WriteStringValue(option);
            json.WriteEndArray();
        }
    }

    /// <summary>Whatever YAML can say.</summary>
    public sealed record Anything(string What = "any value") : Form
    {
        public override string Noun => What;

        protected override bool Takes(YamlNode node) => true;

        protected override void Inspect(YamlNode node, string place, Diagnostics problems)
        {
        }

        public override void WriteSchema(Utf8JsonWriter json)
        {
        }
    }

    public sealed record Many(Form Item, string What) : Form
    {
        public override string Noun => What;

        protected override bool Takes(YamlNode node) => node is YamlSequence;

        protected override void Inspect(YamlNode node, string place, Diagnostics problems)
        {
            int number = 0;
            foreach (YamlNode item in ((YamlSequence)node).Items)
                Item.Check(item, $"item {++number} of {place}", problems);
        }

        public override void WriteSchema(Utf8JsonWriter json)
        {
            json.WriteString("type", "array");
            json.WriteStartObject("items");
            Item.WriteSchema(json);
            json.WriteEndObject();
        }
    }

    /// <summary>A map from names that the user chooses.</summary>
    /// <param name="Entry">What one entry is called: <c>task</c>.</param>
    public sealed record Named(string Entry, Form Item, string What, Func<string, string?>? WrongName = null) : Form
    {
        public override string Noun => What;

        protected override bool Takes(YamlNode node) => node is YamlMapping;

        protected override void Inspect(YamlNode node, string place, Diagnostics problems)
        {
            foreach (YamlEntry entry in ((YamlMapping)node).Entries)
            {
                if (entry.Key is not YamlScalar { Text.Length: > 0 } name)
                    problems.Error("weft/name", $"the name of a {Entry} must be a text, found {Describe(entry.Key)}", entry.Key.At);
                else if (WrongName?.Invoke(name.Text) is { } why)
                    problems.Error("weft/name", $"`{name.Text}` cannot be the name of a {Entry}: {why}", name.At);
                else
                    Item.Check(entry.Value, $"{Entry} `{name.Text}`", problems);
            }
        }

        public override void WriteSchema(Utf8JsonWriter json)
        {
            json.WriteString("type", "object");
            json.WriteStartObject("additionalProperties");
            Item.WriteSchema(json);
            json.WriteEndObject();
        }
    }

    /// <summary>A map with the keys of a section.</summary>
    public sealed record Keys(Func<Section> Of) : Form
    {
        public override string Noun => $"a map with the keys of {Of().Name}";

        protected override bool Takes(YamlNode node) => node is YamlMapping;

        protected override void Inspect(YamlNode node, string place, Diagnostics problems) => Of().Check((YamlMapping)node, place, problems);

        public override void WriteSchema(Utf8JsonWriter json) => json.WriteString("$ref", $"#/$defs/{Of().Definition}");
    }

    public sealed record Either(params ImmutableArray<Form> Options) : Form
    {
        public override string Noun => string.Join(" or ", Options.Select(option => option.Noun));

        protected override bool Takes(YamlNode node) => Options.Any(option => option.Takes(node));

        protected override void Inspect(YamlNode node, string place, Diagnostics problems) => Options.First(option => option.Takes(node)).Inspect(node, place, problems);

        protected override string? Remedy(YamlNode node) => Options.Select(option => option.Remedy(node)).FirstOrDefault(remedy => remedy is not null);

        public override void WriteSchema(Utf8JsonWriter json)
        {
            json.WriteStartArray("anyOf");
            foreach (Form option in Options)
            {
                json.WriteStartObject();
                option.WriteSchema(json);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
    }

    private static void WriteTypes(Utf8JsonWriter json, params ReadOnlySpan<string> types)
    {
        json.WriteStartArray("type");
        foreach (string type in types)
            json.WriteStringValue(type);
        json.WriteEndArray();
    }
}
