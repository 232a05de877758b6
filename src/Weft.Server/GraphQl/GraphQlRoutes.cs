using System.Buffers;
using System.Text.Json;
using Weft.Server.Http;
using Weft.Server.Mlflow;
using Weft.Tracking;

namespace Weft.Server.GraphQl;

/// <summary>
/// <c>/graphql</c>: the queries of MLflow's web pages. Each root field is one REST call with the field's <c>input</c> as its request; of its answer the
/// selected fields are written. What protobuf would give a value for is never null: absent text is empty, absent numbers are 0.
/// </summary>
internal static class GraphQlRoutes
{
    private const int MostRootFields = 10;
    private const int MostAliases = 10;
    private const int Deepest = 10;
    private const int MostSelections = 1000;

    public static async ValueTask AnswerAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string text = fields.Required("query");
        var errors = new List<string>();
        var data = new ArrayBufferWriter<byte>();
        try
        {
            Document document = Document.Parse(text);
            CheckLimits(document);
            var query = new Query(call, document, fields.Element("variables"), errors);
            await query.RunAsync(Choose(document, fields.Text("operationName")), data);
        }
        catch (GraphQlException e)
        {
            data.ResetWrittenCount();
            errors.Add(e.Message);
        }
        await call.AnswerAsync(json =>
        {
            json.WritePropertyName("data"u8);
            json.WriteRawValue(data.WrittenCount > 0 ? data.WrittenSpan : "null"u8, skipInputValidation: true);
            if (errors.Count == 0)
            {
                json.WriteNull("errors"u8);
                return;
            }
            json.WriteStartArray("errors"u8);
            foreach (string error in errors)
                json.WriteStringValue(error);
            json.WriteEndArray();
        });
    }

    private static Operation Choose(Document document, string? name)
    {
        if (string.IsNullOrEmpty(name))
            return document.Operations.Length == 1 ? document.Operations[0] : throw new GraphQlException("Must provide operation name if query contains multiple operations.");
        return document.Operations.FirstOrDefault(operation => operation.Name == name) ?? throw new GraphQlException($"Unknown operation named '{name}'.");
    }

    /// <summary>A query may not be made so that a small request costs much.</summary>
    private static void CheckLimits(Document document)
    {
        int roots = 0, aliases = 0, selections = 0;
        foreach (Operation operation in document.Operations)
        {
            roots += operation.Fields.Length;
            Count(operation.Fields, 1);
        }
        foreach (var fragment in document.Fragments.Values)
            Count(fragment, 1);
        if (roots > MostRootFields)
            throw new GraphQlException($"GraphQL queries should have at most {MostRootFields} root fields, got {roots} root fields.");
        if (aliases > MostAliases)
            throw new GraphQlException($"GraphQL queries should have at most {MostAliases} aliases at the same level, got {aliases} aliases.");

        void Count(IReadOnlyCollection<Selection> fields, int depth)
        {
            if (depth > Deepest)
                throw new GraphQlException($"Query exceeds maximum depth of {Deepest}");
            selections += fields.Count;
            if (selections > MostSelections)
                throw new GraphQlException($"Query exceeds maximum total selections of {MostSelections}");
            aliases = Math.Max(aliases, fields.Count(field => field.HasAlias));
            foreach (Selection field in fields)
            {
                if (!field.Fields.IsEmpty)
                    Count(field.Fields, depth + 1);
            }
        }
    }

    /// <summary>One query being answered.</summary>
    private sealed class Query(Call call, Document document, JsonElement variables, List<string> errors)
    {
        private Operation _operation = null!;

        public async Task RunAsync(Operation operation, IBufferWriter<byte> output)
        {
            _operation = operation;
            using var json = new Utf8JsonWriter(output, TrackingJson.WriterOptions);
            json.WriteStartObject();
            foreach (Selection field in Flat(operation.Fields, 0))
            {
                json.WritePropertyName(field.Alias);
                if (field.Name == "__typename")
                    json.WriteStringValue(operation.Kind == "query" ? "Query" : "Mutation");
                else
                    await WriteRootAsync(json, field);
            }
            json.WriteEndObject();
        }

        private async Task WriteRootAsync(Utf8JsonWriter json, Selection field)
        {
            (string type, Handler handler) = Root(_operation.Kind, field.Name);
            Check(type, field);
            try
            {
                JsonElement answer = type == "Test" ? Echo(field) : await AskAsync(handler, Input(field));
                await WriteAsync(json, answer, new FieldType(type, false, ""), field);
            }
            catch (TrackingException refused)
            {
                errors.Add(refused.Message);
                json.WriteNullValue();
            }
        }

        private static (string Type, Handler Handle) Root(string kind, string name) => (kind, name) switch
        {
            ("query", "test") or ("mutation", "testMutation") => ("Test", _ => default),
            ("query", "mlflowGetExperiment") => ("GetExperiment", ExperimentRoutes.GetAsync),
            ("query", "mlflowGetRun") => ("GetRun", RunRoutes.GetAsync),
            ("query", "mlflowListArtifacts") => ("ListArtifacts", ArtifactRoutes.ListAsync),
            ("query", "mlflowGetMetricHistoryBulkInterval") => ("GetMetricHistoryBulkInterval", MetricRoutes.IntervalAsync),
            ("query", "mlflowSearchModelVersions") => ("SearchModelVersions", RegistryRoutes.SearchVersionsAsync),
            (_, "mlflowSearchRuns") => ("SearchRuns", RunRoutes.SearchAsync),
            ("mutation", "mlflowSearchDatasets") => ("SearchDatasets", ExperimentRoutes.SearchDatasetsAsync),
            ("query", _) => throw new GraphQlException($"Cannot query field '{name}' on type 'Query'."),
            _ => throw new GraphQlException($"Cannot query field '{name}' on type 'Mutation'."),
        };

        /// <summary>Refuses what no type has before anything is done.</summary>
        private void Check(string type, Selection field)
        {
            if (Schema.IsObject(type) && field.Fields.IsEmpty)
                throw new GraphQlException($"Field '{field.Name}' of type '{Shown(type)}' must have a selection of subfields.");
            if (!Schema.IsObject(type) && !field.Fields.IsEmpty)
                throw new GraphQlException($"Field '{field.Name}' must not have a selection since type '{type}' has no subfields.");
            foreach (Selection part in Flat(field.Fields, 0))
                Check((Schema.Find(type, part.Name) ?? throw new GraphQlException($"Cannot query field '{part.Name}' on type '{Shown(type)}'.")).Type, part);
        }

        private async Task<JsonElement> AskAsync(Handler handler, Action<Utf8JsonWriter> writeInput)
        {
            var input = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(input))
                writeInput(json);
            return JsonElement.Parse((await call.AskAsync(handler, input.WrittenMemory)).Span);
        }

        private Action<Utf8JsonWriter> Input(Selection field) => json =>
        {
            foreach ((string name, QueryValue value) in field.Arguments)
            {
                if (name == "input")
                {
                    WriteValue(json, value);
                    return;
                }
            }
            json.WriteStartObject();
            json.WriteEndObject();
        };

        private JsonElement Echo(Selection field)
        {
            var output = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(output))
            {
                json.WriteStartObject();
                foreach ((string name, QueryValue value) in field.Arguments)
                {
                    if (name == "inputString")
                    {
                        json.WritePropertyName("output"u8);
                        WriteValue(json, value);
                    }
                }
                json.WriteEndObject();
            }
            return JsonElement.Parse(output.WrittenSpan);
        }

        private async Task WriteAsync(Utf8JsonWriter json, JsonElement value, FieldType type, Selection field)
        {
            if (type.IsList)
            {
                json.WriteStartArray();
                if (value.ValueKind == JsonValueKind.Array)
                {
                    foreach (JsonElement item in value.EnumerateArray())
                        await WriteAsync(json, item, type with { IsList = false }, field);
                }
                json.WriteEndArray();
                return;
            }
            if (!Schema.IsObject(type.Type))
            {
                WriteScalar(json, value, type.Type);
                return;
            }
            json.WriteStartObject();
            foreach (Selection part in Flat(field.Fields, 0))
            {
                json.WritePropertyName(part.Alias);
                FieldType inner = Schema.Find(type.Type, part.Name)!;
                if (part.Name == "__typename")
                    json.WriteStringValue(Shown(type.Type));
                else if (inner.Type is "ApiError" or "DeploymentJobState")
                    json.WriteNullValue();
                else
                    await WriteAsync(json, await MemberAsync(value, type.Type, part.Name, inner), inner, part);
            }
            json.WriteEndObject();
        }

        /// <summary>A member of the answer; two fields of a run are answers of their own.</summary>
        private async Task<JsonElement> MemberAsync(JsonElement value, string type, string name, FieldType inner)
        {
            if (type == "Run" && name == "experiment")
            {
                string id = value.GetProperty("info"u8).GetProperty("experiment_id"u8).GetString()!;
                return (await AskAsync(ExperimentRoutes.GetAsync, json => WriteOne(json, "experiment_id", id))).GetProperty("experiment"u8);
            }
            if (type == "Run" && name == "modelVersions")
            {
                string id = value.GetProperty("info"u8).GetProperty("run_id"u8).GetString()!;
                JsonElement found = await AskAsync(RegistryRoutes.SearchVersionsAsync, json => WriteOne(json, "filter", $"run_id='{id}'"));
                return found.TryGetProperty("model_versions"u8, out JsonElement versions) ? versions : default;
            }
            return value.ValueKind == JsonValueKind.Object && value.TryGetProperty(inner.Json, out JsonElement member) ? member : default;
        }

        private static void WriteOne(Utf8JsonWriter json, string name, string value)
        {
            json.WriteStartObject();
            json.WriteString(name, value);
            json.WriteEndObject();
        }

        private static void WriteScalar(Utf8JsonWriter json, JsonElement value, string type)
        {
            switch (type)
            {
                case "Long":
                    json.WriteStringValue(value.ValueKind == JsonValueKind.Number ? value.GetRawText() : "0");
                    break;
                case "Float" when value.ValueKind == JsonValueKind.Number:
                    TrackingJson.WriteDouble(json, value.GetDouble());
                    break;
                case "Float" or "Enum" when value.ValueKind != JsonValueKind.String || type == "Float":
                    json.WriteNullValue();
                    break;
                case "Boolean":
                    json.WriteBooleanValue(value.ValueKind == JsonValueKind.True);
                    break;
                default:
                    json.WriteStringValue(value.ValueKind == JsonValueKind.String ? value.GetString() : "");
                    break;
            }
        }

        private void WriteValue(Utf8JsonWriter json, QueryValue value)
        {
            switch (value)
            {
                case QueryValue.Null:
                    json.WriteNullValue();
                    break;
                case QueryValue.Bool truth:
                    json.WriteBooleanValue(truth.Value);
                    break;
                case QueryValue.Number number:
                    json.WriteRawValue(number.Digits);
                    break;
                case QueryValue.Text text:
                    json.WriteStringValue(text.Value);
                    break;
                case QueryValue.Items items:
                    json.WriteStartArray();
                    foreach (QueryValue item in items.Values)
                        WriteValue(json, item);
                    json.WriteEndArray();
                    break;
                case QueryValue.Members members:
                    json.WriteStartObject();
                    foreach ((string name, QueryValue member) in members.Values)
                    {
                        json.WritePropertyName(name);
                        WriteValue(json, member);
                    }
                    json.WriteEndObject();
                    break;
                case QueryValue.Variable variable:
                    WriteVariable(json, variable.Name);
                    break;
            }
        }

        private void WriteVariable(Utf8JsonWriter json, string name)
        {
            if (variables.ValueKind == JsonValueKind.Object && variables.TryGetProperty(name, out JsonElement given))
            {
                given.WriteTo(json);
                return;
            }
            foreach ((string known, QueryValue value) in _operation.Defaults)
            {
                if (known == name && value is not QueryValue.Variable)
                {
                    WriteValue(json, value);
                    return;
                }
            }
            json.WriteNullValue();
        }

        /// <summary>The fields with those of fragments in their places.</summary>
        private IEnumerable<Selection> Flat(IEnumerable<Selection> fields, int depth)
        {
            if (depth > Deepest)
                throw new GraphQlException("Fragments refer to each other in a circle");
            foreach (Selection field in fields)
            {
                if (field.Fragment is not { } name)
                {
                    yield return field;
                    continue;
                }
                if (!document.Fragments.TryGetValue(name, out var fragment))
                    throw new GraphQlException($"Unknown fragment '{name}'.");
                foreach (Selection inner in Flat(fragment, depth + 1))
                    yield return inner;
            }
        }

        private static string Shown(string type) => type switch
        {
            "Test" => "Test",
            _ when type.StartsWith("Get", StringComparison.Ordinal) || type.StartsWith("Search", StringComparison.Ordinal) || type.StartsWith("List", StringComparison.Ordinal) => $"Mlflow{type}Response",
            _ => "Mlflow" + type,
        };
    }
}
