using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>
/// Plans as JSON: the <c>plan.json</c> of a run folder, from which any host computes what to run. Definitions are written once; a node of the
/// plan names its place in them. A sweep is written as it was made, never as its points.
/// </summary>
public static class PlanJson
{
    /// <summary>Raised when a reader of the older form would misunderstand the newer one.</summary>
    public const int Format = 1;

    public static void Write(Utf8JsonWriter json, Plan plan)
    {
        json.WriteStartObject();
        json.WriteNumber("format", Format);
        json.WriteString("id", plan.Id.Hex);
        json.WriteString("workflow", plan.Workflow);
        json.WritePropertyName("inputs");
        ValueJson.WriteEntries(json, plan.Inputs);
        json.WritePropertyName("definitions");
        WriteClosure(json, plan.Closure);
        var engines = plan.Nodes.Select(node => node.Engine).Distinct(ReferenceEqualityComparer.Instance).Cast<EngineProfile>().ToList();
        json.WriteStartArray("engines");
        foreach (EngineProfile engine in engines)
        {
            json.WriteStartObject();
            json.WriteString("name", engine.Name);
            json.WriteString("kind", engine.Kind);
            json.WriteStartObject("settings");
            foreach ((string key, string value) in engine.Settings)
                json.WriteString(key, value);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("nodes");
        foreach (PlanNode node in plan.Nodes)
            Write(json, node, engines.FindIndex(engine => ReferenceEquals(engine, node.Engine)));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static byte[] Write(Plan plan)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, PlainJson.Compact))
            Write(json, plan);
        return buffer.WrittenSpan.ToArray();
    }

    /// <exception cref="JsonException">It is of a newer format, or no plan.</exception>
    public static Plan Read(JsonElement json)
    {
        int format = json.GetProperty("format").GetInt32();
        if (format > Format)
            throw new JsonException($"the plan has format {format}; this version of weft reads up to {Format}");
        string workflow = json.GetProperty("workflow").GetString()!;
        Closure closure = ReadClosure(json.GetProperty("definitions"));
        ImmutableArray<EngineProfile> engines =
        [
            .. json.GetProperty("engines").EnumerateArray().Select(engine => new EngineProfile(engine.GetProperty("name").GetString()!, engine.GetProperty("kind").GetString()!)
            {
                Settings = engine.GetProperty("settings").EnumerateObject().ToImmutableSortedDictionary(entry => entry.Name, entry => entry.Value.GetString()!, StringComparer.Ordinal),
            }),
        ];
        var skeleton = new Plan(default, closure, workflow, Value.NoEntries, []);
        return new Plan(
            Digest.Parse(json.GetProperty("id").GetString()!),
            closure,
            workflow,
            ValueJson.ReadEntries(json.GetProperty("inputs")),
            [.. json.GetProperty("nodes").EnumerateArray().Select(node => ReadNode(node, skeleton, engines))]);
    }

    public static Plan Read(ReadOnlyMemory<byte> utf8)
    {
        using JsonDocument document = JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = 1000 });
        return Read(document.RootElement);
    }

    /// <summary>The digest of what runs and with which inputs: names, code and time are no part of it.</summary>
    internal static Digest Identity(Closure closure, string workflow, ImmutableSortedDictionary<string, Value> inputs)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, PlainJson.Compact))
        {
            json.WriteStartArray();
            json.WriteStringValue(workflow);
            ValueJson.WriteEntries(json, inputs);
            WriteClosure(json, closure);
            json.WriteEndArray();
        }
        return Digest.Of(buffer.WrittenSpan);
    }

    internal static void WriteClosure(Utf8JsonWriter json, Closure closure)
    {
        json.WriteStartObject();
        json.WriteStartArray("tasks");
        foreach (TaskDefinition task in closure.Tasks.Values.OrderBy(task => task.Name, StringComparer.Ordinal))
            TaskJson.Write(json, task);
        json.WriteEndArray();
        json.WriteStartArray("workflows");
        foreach (WorkflowDefinition workflow in closure.Workflows.Values.OrderBy(workflow => workflow.Name, StringComparer.Ordinal))
            WorkflowJson.Write(json, workflow);
        json.WriteEndArray();
        json.WriteStartArray("launchPlans");
        foreach (LaunchPlan plan in closure.LaunchPlans.Values.OrderBy(plan => plan.Name, StringComparer.Ordinal))
            WorkflowJson.Write(json, plan);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    internal static Closure ReadClosure(JsonElement json) => new(
    [
        .. json.GetProperty("tasks").EnumerateArray().Select(task => new Definition.OfTask(TaskJson.Read(task))),
        .. json.GetProperty("workflows").EnumerateArray().Select(workflow => new Definition.OfWorkflow(WorkflowJson.ReadWorkflow(workflow))),
        .. json.GetProperty("launchPlans").EnumerateArray().Select(plan => new Definition.OfLaunchPlan(WorkflowJson.ReadLaunchPlan(plan))),
    ]);

    private static void Write(Utf8JsonWriter json, PlanNode node, int engine)
    {
        json.WriteStartArray();
        json.WriteStringValue(node.Path.Text);
        json.WriteNumberValue(engine);
        switch (node.Forecast)
        {
            case Forecast.Run:
                json.WriteStringValue("run");
                break;
            case Forecast.Skip:
                json.WriteStringValue("skip");
                break;
            case Forecast.Reuse reuse:
                json.WriteStringValue("reuse");
                json.WriteStringValue(reuse.Key);
                break;
            case Forecast.Depends depends:
                json.WriteStringValue("depends");
                foreach (NodePath on in depends.On)
                    json.WriteStringValue(on.Text);
                break;
        }
        json.WriteEndArray();
    }

    private static PlanNode ReadNode(JsonElement json, Plan skeleton, ImmutableArray<EngineProfile> engines)
    {
        var path = new NodePath(json[0].GetString()!);
        PlanNode node = skeleton.Find(path) ?? throw new JsonException($"the plan has no definition for `{path}`");
        Forecast forecast = json[2].GetString() switch
        {
            "run" => Forecast.WillRun,
            "skip" => new Forecast.Skip(),
            "reuse" => new Forecast.Reuse(json[3].GetString()!),
            "depends" => new Forecast.Depends([.. json.EnumerateArray().Skip(3).Select(on => new NodePath(on.GetString()!))]),
            string other => throw new JsonException($"a forecast `{other}` is not known"),
            null => throw new JsonException("a node without a forecast"),
        };
        return node with { Engine = engines[json[1].GetInt32()], Forecast = forecast };
    }
}
