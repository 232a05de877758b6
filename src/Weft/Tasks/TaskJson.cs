using System.Collections.Immutable;
using System.Text.Json;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Values;

namespace Weft.Tasks;

/// <summary>Tasks as JSON. What has its default is left out; a key that is not known is refused, not dropped.</summary>
public static class TaskJson
{
    public static void Write(Utf8JsonWriter json, TaskDefinition task)
    {
        json.WriteStartObject();
        json.WriteString("name", task.Name);
        WriteBody(json, task.Body);
        WritePorts(json, "in", task.In);
        WritePorts(json, "out", task.Out);
        if (task.Needs != Resources.None)
            Write(json, "needs", task.Needs);
        if (task.Retry != Retry.Never)
            Write(json, "retry", task.Retry);
        if (task.Limits != Limits.None)
            Write(json, "limits", task.Limits);
        if (task.Cache != CacheRule.Off)
            Write(json, "cache", task.Cache);
        if (task.Workspace == Workspace.Private)
            json.WriteBoolean("private", true);
        if (task.Lines is { } lines)
        {
            json.WriteStartObject("lines");
            json.WritePropertyName("over");
            lines.Over.Write(json);
            WriteExpressions(json, "words", lines.Words);
            json.WriteEndObject();
        }
        if (!task.Env.IsEmpty)
        {
            json.WritePropertyName("env");
            ExprJson.Write(json, task.Env);
        }
        WriteTexts(json, "secrets", task.Secrets);
        if (!task.Apps.IsEmpty)
        {
            json.WriteStartArray("apps");
            foreach (AppPort app in task.Apps)
            {
                json.WriteStartObject();
                json.WriteString("name", app.Name);
                if (app.Number is { } number)
                    json.WriteNumber("number", number);
                if (app.UrlPath is { } path)
                    json.WriteString("path", path);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        WriteText(json, "experiment", task.Experiment);
        WriteText(json, "image", task.Image);
        WriteText(json, "interpreter", task.Python);
        WriteText(json, "requirements", task.Requirements);
        WriteTexts(json, "modules", task.Modules);
        WriteText(json, "setup", task.Setup);
        WriteText(json, "folder", task.WorkingFolder);
        if (task.KeepsCheckpoints)
            json.WriteBoolean("checkpoints", true);
        if (task.Notice is { } notice)
        {
            json.WriteStartObject("notice");
            WriteTexts(json, "on", notice.On);
            WriteTexts(json, "urls", notice.Urls);
            json.WriteEndObject();
        }
        if (task.Keep is { } keep)
            json.WriteNumber("keep", keep.TotalSeconds);
        json.WriteEndObject();
    }

    /// <exception cref="JsonException">A key is not known to this version.</exception>
    public static TaskDefinition Read(JsonElement json)
    {
        var task = new TaskDefinition("", new TaskBody.Managed(""), Expr.Nowhere);
        foreach (JsonProperty property in json.EnumerateObject())
        {
            JsonElement value = property.Value;
            task = property.Name switch
            {
                "name" => task with { Name = value.GetString()! },
                "command" => task with { Body = new TaskBody.Command(ReadExpressions(value)) },
                "shell" => task with { Body = new TaskBody.Shell(ExprJson.Read(value)) },
                "python" => task with { Body = new TaskBody.Python(value[0].GetString()!, value[1].GetString()!) },
                "managed" => task with { Body = new TaskBody.Managed(value.GetString()!) },
                "fail" => task with { Body = new TaskBody.Fail(ExprJson.Read(value)) },
                "in" => task with { In = ReadPorts(value) },
                "out" => task with { Out = ReadPorts(value) },
                "needs" => task with { Needs = ReadResources(value) },
                "retry" => task with { Retry = ReadRetry(value) },
                "limits" => task with { Limits = ReadLimits(value) },
                "cache" => task with { Cache = ReadCache(value) },
                "private" => task with { Workspace = Workspace.Private },
                "lines" => task with { Lines = new Lines(SpaceJson.Read(value.GetProperty("over")), ReadExpressions(value.GetProperty("words"))) },
                "env" => task with { Env = ExprJson.ReadMap(value) },
                "secrets" => task with { Secrets = ReadTexts(value) },
                "apps" => task with { Apps = [.. value.EnumerateArray().Select(app => new AppPort(app.GetProperty("name").GetString()!, Number(app, "number"), Text(app, "path")))] },
                "experiment" => task with { Experiment = value.GetString() },
                "image" => task with { Image = value.GetString() },
                "interpreter" => task with { Python = value.GetString() },
                "requirements" => task with { Requirements = value.GetString() },
                "modules" => task with { Modules = ReadTexts(value) },
                "setup" => task with { Setup = value.GetString() },
                "folder" => task with { WorkingFolder = value.GetString() },
                "checkpoints" => task with { KeepsCheckpoints = true },
                "notice" => task with { Notice = new Notice(value.TryGetProperty("on", out JsonElement on) ? ReadTexts(on) : [], ReadTexts(value.GetProperty("urls"))) },
                "keep" => task with { Keep = TimeSpan.FromSeconds(value.GetDouble()) },
                _ => throw new JsonException($"a task has no `{property.Name}`"),
            };
        }
        return task;
    }

    public static void WritePorts(Utf8JsonWriter json, string name, ImmutableSortedDictionary<string, Port> ports)
    {
        if (ports.IsEmpty)
            return;
        json.WriteStartObject(name);
        foreach ((string key, Port port) in ports)
        {
            if (port.Default is null && port.Path is null && port.Doc is null)
            {
                json.WriteString(key, port.Type.ToString());
                continue;
            }
            json.WriteStartObject(key);
            json.WriteString("type", port.Type.ToString());
            if (port.Default is { } value)
            {
                json.WritePropertyName("default");
                ValueJson.Write(json, value);
            }
            if (port.Path is { } path)
                json.WriteString(port.IsFixed ? "at" : "path", path);
            if (port.Doc is { } doc)
                json.WriteString("doc", doc);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    public static ImmutableSortedDictionary<string, Port> ReadPorts(JsonElement json) =>
        json.EnumerateObject().ToImmutableSortedDictionary(port => port.Name, port => ReadPort(port.Value), StringComparer.Ordinal);

    public static void Write(Utf8JsonWriter json, string name, Resources needs)
    {
        json.WriteStartObject(name);
        Number(json, "cpu", needs.Cpu);
        Number(json, "memory", needs.Memory?.Bytes);
        if (needs.Gpu is { } gpu)
        {
            json.WriteStartObject("gpu");
            json.WriteNumber("count", gpu.Count);
            if (gpu.Model is { } model)
                json.WriteString("model", model);
            Number(json, "memory", gpu.Memory?.Bytes);
            json.WriteEndObject();
        }
        Number(json, "disk", needs.Disk?.Bytes);
        Number(json, "shm", needs.Shm?.Bytes);
        Number(json, "nodes", needs.Nodes == 1 ? null : needs.Nodes);
        Number(json, "tasksPerNode", needs.TasksPerNode == 1 ? null : needs.TasksPerNode);
        if (needs.Interruptible)
            json.WriteBoolean("interruptible", true);
        if (!needs.Native.IsEmpty)
        {
            json.WriteStartObject("native");
            foreach ((string key, string value) in needs.Native)
                json.WriteString(key, value);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    public static Resources ReadResources(JsonElement json) => new(
        Real(json, "cpu"),
        Size(json, "memory"),
        json.TryGetProperty("gpu", out JsonElement gpu) ? new GpuRequest(gpu.GetProperty("count").GetInt32(), Text(gpu, "model"), Size(gpu, "memory")) : null,
        Size(json, "disk"),
        Size(json, "shm"),
        Number(json, "nodes") ?? 1,
        Number(json, "tasksPerNode") ?? 1,
        json.TryGetProperty("interruptible", out _))
    {
        Native = json.TryGetProperty("native", out JsonElement native)
            ? native.EnumerateObject().ToImmutableSortedDictionary(entry => entry.Name, entry => entry.Value.GetString()!, StringComparer.Ordinal)
            : Resources.None.Native,
    };

    public static void Write(Utf8JsonWriter json, string name, Retry retry)
    {
        json.WriteStartObject(name);
        json.WriteNumber("times", retry.Times);
        json.WriteNumber("on", (int)retry.On);
        json.WriteNumber("pauseTicks", retry.Backoff.First.Ticks);
        json.WriteNumber("factor", retry.Backoff.Factor);
        Number(json, "longestTicks", retry.Backoff.Limit?.Ticks);
        json.WriteNumber("raiseMemory", retry.RaiseMemory);
        json.WriteEndObject();
    }

    public static Retry ReadRetry(JsonElement json) => new(
        json.GetProperty("times").GetInt32(),
        (ErrorClass)json.GetProperty("on").GetInt32(),
        new Backoff(TimeSpan.FromTicks(json.GetProperty("pauseTicks").GetInt64()), json.GetProperty("factor").GetDouble(), Ticks(json, "longestTicks")),
        json.GetProperty("raiseMemory").GetDouble());

    public static void Write(Utf8JsonWriter json, string name, Limits limits)
    {
        json.WriteStartObject(name);
        Number(json, "attempt", limits.Attempt?.Ticks);
        Number(json, "total", limits.Total?.Ticks);
        Number(json, "grace", limits.Grace?.Ticks);
        Number(json, "warning", limits.Warning?.Ticks);
        json.WriteEndObject();
    }

    public static Limits ReadLimits(JsonElement json) => new(Ticks(json, "attempt"), Ticks(json, "total"), Ticks(json, "grace"), Ticks(json, "warning"));

    public static void Write(Utf8JsonWriter json, string name, CacheRule cache)
    {
        json.WriteStartObject(name);
        json.WriteBoolean("on", cache.On);
        if (cache.Version is { } version)
            json.WriteString("version", version);
        if (cache.SingleFlight)
            json.WriteBoolean("singleFlight", true);
        Number(json, "maxAge", cache.MaxAge?.Ticks);
        WriteTexts(json, "code", cache.Code.Patterns);
        if (cache.Salt.Length > 0)
            json.WriteString("salt", cache.Salt);
        WriteTexts(json, "ignore", cache.Ignore);
        json.WriteEndObject();
    }

    public static CacheRule ReadCache(JsonElement json) => new(
        json.GetProperty("on").GetBoolean(), Text(json, "version"), json.TryGetProperty("singleFlight", out _), Ticks(json, "maxAge"))
    {
        Code = json.TryGetProperty("code", out JsonElement code) ? new FileSet(ReadTexts(code)) : FileSet.Empty,
        Salt = Text(json, "salt") ?? "",
        Ignore = json.TryGetProperty("ignore", out JsonElement ignore) ? ReadTexts(ignore) : [],
    };

    private static void WriteBody(Utf8JsonWriter json, TaskBody body)
    {
        switch (body)
        {
            case TaskBody.Command command:
                WriteExpressions(json, "command", command.Words);
                break;
            case TaskBody.Shell shell:
                json.WritePropertyName("shell");
                ExprJson.Write(json, shell.Script);
                break;
            case TaskBody.Python python:
                WriteTexts(json, "python", [python.File, python.Handler]);
                break;
            case TaskBody.Managed managed:
                json.WriteString("managed", managed.Symbol);
                break;
            case TaskBody.Fail fail:
                json.WritePropertyName("fail");
                ExprJson.Write(json, fail.Message);
                break;
            default:
                throw new InvalidOperationException($"no JSON for {body.GetType().Name}");
        }
    }

    private static Port ReadPort(JsonElement json) => json.ValueKind == JsonValueKind.String
        ? new Port(TypeParser.Parse(json.GetString()!))
        : new Port(
            TypeParser.Parse(json.GetProperty("type").GetString()!),
            json.TryGetProperty("default", out JsonElement value) ? ValueJson.Read(value) : null,
            Text(json, "path") ?? Text(json, "at"),
            Text(json, "doc")) { IsFixed = json.TryGetProperty("at", out _) };

    private static void WriteExpressions(Utf8JsonWriter json, string name, ImmutableArray<Expr> expressions)
    {
        json.WriteStartArray(name);
        foreach (Expr expression in expressions)
            ExprJson.Write(json, expression);
        json.WriteEndArray();
    }

    private static ImmutableArray<Expr> ReadExpressions(JsonElement json) => [.. json.EnumerateArray().Select(ExprJson.Read)];

    private static void WriteTexts(Utf8JsonWriter json, string name, ImmutableArray<string> texts)
    {
        if (texts.IsEmpty)
            return;
        json.WriteStartArray(name);
        foreach (string text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
            json.WriteString(name, text);
    }

    private static ImmutableArray<string> ReadTexts(JsonElement json) => [.. json.EnumerateArray().Select(text => text.GetString()!)];

    private static void Number(Utf8JsonWriter json, string name, double? number)
    {
        if (number is { } known)
            json.WriteNumber(name, known);
    }

    private static void Number(Utf8JsonWriter json, string name, long? number)
    {
        if (number is { } known)
            json.WriteNumber(name, known);
    }

    private static int? Number(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? value.GetInt32() : null;

    private static double? Real(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : null;

    private static ByteSize? Size(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? new ByteSize(value.GetInt64()) : null;

    private static TimeSpan? Ticks(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? TimeSpan.FromTicks(value.GetInt64()) : null;

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
