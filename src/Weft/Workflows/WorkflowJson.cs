using System.Collections.Immutable;
using System.Text.Json;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>Workflows and launch plans as JSON. What has its default is left out; a key that is not known is refused, not dropped.</summary>
public static class WorkflowJson
{
    public static void Write(Utf8JsonWriter json, WorkflowDefinition workflow)
    {
        json.WriteStartObject();
        json.WriteString("name", workflow.Name);
        TaskJson.WritePorts(json, "in", workflow.In);
        TaskJson.WritePorts(json, "out", workflow.Out);
        WriteExpressions(json, "return", workflow.Return);
        if (workflow.Policy == OnFailure.Continue)
            json.WriteBoolean("continue", true);
        if (workflow.Handler is { } handler)
            json.WriteString("handler", handler.Text);
        if (workflow.Parallel is { } parallel)
            json.WriteNumber("parallel", parallel);
        if (workflow.Project is { } project)
            json.WriteString("project", project);
        if (workflow.Store is { } store)
            json.WriteString("store", store);
        json.WriteStartArray("nodes");
        foreach (Node node in workflow.Nodes)
            Write(json, node);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <exception cref="JsonException">A key is not known to this version.</exception>
    public static WorkflowDefinition ReadWorkflow(JsonElement json)
    {
        var workflow = new WorkflowDefinition("", [], Expr.Nowhere);
        foreach (JsonProperty property in json.EnumerateObject())
        {
            JsonElement value = property.Value;
            workflow = property.Name switch
            {
                "name" => workflow with { Name = value.GetString()! },
                "in" => workflow with { In = TaskJson.ReadPorts(value) },
                "out" => workflow with { Out = TaskJson.ReadPorts(value) },
                "return" => workflow with { Return = ExprJson.ReadMap(value) },
                "continue" => workflow with { Policy = OnFailure.Continue },
                "handler" => workflow with { Handler = new NodeId(value.GetString()!) },
                "parallel" => workflow with { Parallel = value.GetInt32() },
                "project" => workflow with { Project = value.GetString() },
                "store" => workflow with { Store = value.GetString() },
                "nodes" => workflow with { Nodes = [.. value.EnumerateArray().Select(ReadNode)] },
                _ => throw new JsonException($"a workflow has no `{property.Name}`"),
            };
        }
        return workflow;
    }

    public static void Write(Utf8JsonWriter json, LaunchPlan plan)
    {
        json.WriteStartObject();
        json.WriteString("name", plan.Name);
        json.WriteString("workflow", plan.Workflow);
        json.WritePropertyName("defaults");
        ValueJson.WriteEntries(json, plan.Defaults);
        json.WritePropertyName("fixed");
        ValueJson.WriteEntries(json, plan.Fixed);
        json.WriteEndObject();
    }

    public static LaunchPlan ReadLaunchPlan(JsonElement json) => new(json.GetProperty("name").GetString()!, json.GetProperty("workflow").GetString()!, Expr.Nowhere)
    {
        Defaults = ValueJson.ReadEntries(json.GetProperty("defaults")),
        Fixed = ValueJson.ReadEntries(json.GetProperty("fixed")),
    };

    private static void Write(Utf8JsonWriter json, Node node)
    {
        json.WriteStartObject();
        json.WriteString("id", node.Id.Text);
        switch (node)
        {
            case Node.Use use:
                Write(json, use.Body);
                break;
            case Node.Each each:
                WriteEach(json, each);
                break;
            case Node.Gate gate:
                json.WriteString("gate", gate.Kind.ToString());
                if (gate.Message is { } message)
                    json.WriteString("message", message);
                if (gate.Type is { } type)
                    json.WriteString("type", type.ToString());
                if (gate.Limit is { } limit)
                    json.WriteNumber("limitTicks", limit.Ticks);
                break;
            case Node.Grow grow:
                json.WriteString("grow", grow.Builder);
                break;
        }
        WriteExpressions(json, "bind", node.Bind);
        if (!node.After.IsEmpty)
        {
            json.WriteStartArray("after");
            foreach (Edge edge in node.After)
            {
                json.WriteStartArray();
                json.WriteStringValue(edge.From.Text);
                json.WriteStringValue(edge.Rule.ToString());
                json.WriteEndArray();
            }
            json.WriteEndArray();
        }
        if (node.When is { } when)
        {
            json.WritePropertyName("when");
            ExprJson.Write(json, when);
        }
        if (node.With != Overrides.None)
            Write(json, node.With);
        if (node.Always)
            json.WriteBoolean("always", true);
        if (node.Tag is { } tag)
            json.WriteString("tag", tag);
        json.WriteEndObject();
    }

    private static void WriteEach(Utf8JsonWriter json, Node.Each each)
    {
        Write(json, each.Body);
        switch (each.Over)
        {
            case Elements.Known known:
                json.WritePropertyName("over");
                known.Space.Write(json);
                break;
            case Elements.Listed listed:
                json.WritePropertyName("zip");
                ExprJson.Write(json, listed.Zip);
                break;
        }
        if (each.Parallel is { } parallel)
            json.WriteNumber("parallel", parallel);
        json.WriteStartObject("budget");
        if (each.Budget.StopAfter is { } stopAfter)
            json.WriteNumber("stopAfter", stopAfter);
        json.WriteNumber("minSuccess", each.Budget.MinSuccess);
        if (each.Budget.MinCount is { } minCount)
            json.WriteNumber("minCount", minCount);
        if (each.Budget.RunAll)
            json.WriteBoolean("runAll", true);
        json.WriteEndObject();
        if (each.Best is { } best)
        {
            json.WriteStartObject("best");
            json.WriteString("sense", best.Sense.ToString());
            json.WriteString("result", best.Result);
            json.WriteStartArray("over");
            foreach (string over in best.Over)
                json.WriteStringValue(over);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        if (each.Stop is { } stop)
        {
            json.WritePropertyName("stop");
            ExprJson.Write(json, stop);
        }
    }

    private static Node ReadNode(JsonElement json)
    {
        var id = new NodeId(json.GetProperty("id").GetString()!);
        Node node = json switch
        {
            _ when json.TryGetProperty("gate", out JsonElement gate) => new Node.Gate(id, Enum.Parse<GateKind>(gate.GetString()!), Expr.Nowhere)
            {
                Message = json.TryGetProperty("message", out JsonElement message) ? message.GetString() : null,
                Type = json.TryGetProperty("type", out JsonElement type) ? TypeParser.Parse(type.GetString()!) : null,
                Limit = json.TryGetProperty("limitTicks", out JsonElement limit) ? TimeSpan.FromTicks(limit.GetInt64()) : null,
            },
            _ when json.TryGetProperty("grow", out JsonElement builder) => new Node.Grow(id, builder.GetString()!, Expr.Nowhere),
            _ when json.TryGetProperty("over", out JsonElement space) => ReadEach(json, id, new Elements.Known(SpaceJson.Read(space))),
            _ when json.TryGetProperty("zip", out JsonElement zip) => ReadEach(json, id, new Elements.Listed(ExprJson.ReadMap(zip))),
            _ => new Node.Use(id, ReadCallee(json), Expr.Nowhere),
        };
        return node with
        {
            Bind = json.TryGetProperty("bind", out JsonElement bind) ? ExprJson.ReadMap(bind) : Expr.NoBindings,
            After = json.TryGetProperty("after", out JsonElement after) ? [.. after.EnumerateArray().Select(edge => new Edge(new NodeId(edge[0].GetString()!), Enum.Parse<EdgeRule>(edge[1].GetString()!)))] : [],
            When = json.TryGetProperty("when", out JsonElement when) ? ExprJson.Read(when) : null,
            With = json.TryGetProperty("with", out JsonElement with) ? ReadOverrides(with) : Overrides.None,
            Always = json.TryGetProperty("always", out _),
            Tag = json.TryGetProperty("tag", out JsonElement tag) ? tag.GetString() : null,
        };
    }

    private static Node.Each ReadEach(JsonElement json, NodeId id, Elements over)
    {
        JsonElement budget = json.GetProperty("budget");
        return new Node.Each(id, over, ReadCallee(json), Expr.Nowhere)
        {
            Parallel = json.TryGetProperty("parallel", out JsonElement parallel) ? parallel.GetInt32() : null,
            Budget = new FailureBudget(
                budget.TryGetProperty("stopAfter", out JsonElement stopAfter) ? stopAfter.GetInt64() : null,
                budget.GetProperty("minSuccess").GetDouble(),
                budget.TryGetProperty("minCount", out JsonElement minCount) ? minCount.GetInt64() : null,
                budget.TryGetProperty("runAll", out _)),
            Best = json.TryGetProperty("best", out JsonElement best)
                ? new Selection(Enum.Parse<Sense>(best.GetProperty("sense").GetString()!), best.GetProperty("result").GetString()!)
                {
                    Over = [.. best.GetProperty("over").EnumerateArray().Select(name => name.GetString()!)],
                }
                : null,
            Stop = json.TryGetProperty("stop", out JsonElement stop) ? ExprJson.Read(stop) : null,
        };
    }

    private static void Write(Utf8JsonWriter json, Callee callee) => json.WriteString(
        callee.Kind switch { CalleeKind.Task => "task", CalleeKind.Workflow => "workflow", _ => "launchPlan" }, callee.Name);

    private static Callee ReadCallee(JsonElement json)
    {
        if (json.TryGetProperty("task", out JsonElement task))
            return new Callee(CalleeKind.Task, task.GetString()!, Expr.Nowhere);
        return json.TryGetProperty("workflow", out JsonElement workflow)
            ? new Callee(CalleeKind.Workflow, workflow.GetString()!, Expr.Nowhere)
            : new Callee(CalleeKind.LaunchPlan, json.GetProperty("launchPlan").GetString()!, Expr.Nowhere);
    }

    private static void Write(Utf8JsonWriter json, Overrides with)
    {
        json.WriteStartObject("with");
        if (with.Needs is { } needs)
            TaskJson.Write(json, "needs", needs);
        if (with.Retry is { } retry)
            TaskJson.Write(json, "retry", retry);
        if (with.Limits is { } limits)
            TaskJson.Write(json, "limits", limits);
        if (with.Cache is { } cache)
            TaskJson.Write(json, "cache", cache);
        if (with.Image is { } image)
            json.WriteString("image", image);
        if (with.Engine is { } engine)
            json.WriteString("engine", engine);
        json.WriteEndObject();
    }

    private static Overrides ReadOverrides(JsonElement json) => new(
        json.TryGetProperty("needs", out JsonElement needs) ? TaskJson.ReadResources(needs) : null,
        json.TryGetProperty("retry", out JsonElement retry) ? TaskJson.ReadRetry(retry) : null,
        json.TryGetProperty("limits", out JsonElement limits) ? TaskJson.ReadLimits(limits) : null,
        json.TryGetProperty("cache", out JsonElement cache) ? TaskJson.ReadCache(cache) : null,
        json.TryGetProperty("image", out JsonElement image) ? image.GetString() : null,
        json.TryGetProperty("engine", out JsonElement engine) ? engine.GetString() : null);

    private static void WriteExpressions(Utf8JsonWriter json, string name, ImmutableSortedDictionary<string, Expr> expressions)
    {
        if (expressions.IsEmpty)
            return;
        json.WritePropertyName(name);
        ExprJson.Write(json, expressions);
    }
}
