using System.Text.Json;
using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Rest;

/// <summary>A parameter of a call of Weft's own REST, in its query or JSON body.</summary>
/// <param name="Type">JSON Schema's word.</param>
internal sealed record RestParameter(string Name, string Type, string Summary, bool IsRequired = false, bool IsRepeated = false);

/// <summary>A call with what a reader needs to know of it; braces of the path name its parts.</summary>
internal sealed record RestRoute(string Verb, string Path, string Summary, Handler Handle, Guard Guard)
{
    public RestParameter[] Parameters { get; init; } = [];

    /// <summary>The type of the answer when it is not JSON alone.</summary>
    public string? OtherType { get; init; }
}

/// <summary>Weft's own REST, below <c>/api/weft/v1/</c>: the table that the server, the OpenAPI document and the reference are made from.</summary>
internal static class RestRoutes
{
    public const string Prefix = "api/weft/v1/";

    private static readonly RestParameter s_path = new("path", "string", "a node, such as train or train[7]", IsRequired: true);
    private static readonly RestParameter s_node = new("path", "string", "a node, such as train, or a point of it, such as train[7] or train/7; all unless given");
    private static readonly RestParameter s_limit = new("limit", "integer", "how many at most, 1 to 1000");

    public static readonly RestRoute[] All =
    [
        new("GET", "openapi.json", "this interface as OpenAPI 3.1", OpenApi.SendAsync, Guards.Anyone),
        new("GET", "executions", "executions, newest first; those that have ended with all=true", ExecutionRoutes.ListAsync, Guards.Project(Permission.Read))
        {
            Parameters = [new("all", "boolean", "finished ones too"), s_limit, new("before", "string", "goes on after this id: `next` of the page before")],
        },
        new("GET", "executions/{execution}", "one execution, by name, by the start of its id, the newest of a definition, @TAG, or - for the newest of all", ExecutionRoutes.GetAsync, Guards.Project(Permission.Read)),
        new("GET", "executions/{execution}/plan", "the plan it was started with", ExecutionRoutes.GetPlanAsync, Guards.Project(Permission.Read)),
        new("GET", "executions/{execution}/nodes", "the nodes that were touched, by path, with their outputs", ExecutionRoutes.ListNodesAsync, Guards.Project(Permission.Read))
        {
            Parameters = [new("phase", "string", "only these, such as failed"), s_limit, new("after", "string", "goes on after this path: `next` of the page before")],
        },
        new("GET", "executions/{execution}/attempts", "the attempts of a node", ExecutionRoutes.ListAttemptsAsync, Guards.Project(Permission.Read)) { Parameters = [s_path] },
        new("GET", "executions/{execution}/events", "its history after an entry; as server-sent events, followed to its end, when Accept asks for text/event-stream", ExecutionRoutes.ListEventsAsync, Guards.Project(Permission.Read))
        {
            Parameters = [new("after", "integer", "the seq of the last entry that is known; Last-Event-ID goes before it"), s_limit],
            OtherType = "text/event-stream",
        },
        new("GET", "executions/{execution}/logs", "what an attempt has written: all, a Range of bytes, or as server-sent events from a byte on", ExecutionRoutes.GetLogAsync, Guards.Project(Permission.Read))
        {
            Parameters = [s_path, new("attempt", "integer", "its number; the last unless given"), new("after", "integer", "of a stream: the first byte; Last-Event-ID goes before it")],
            OtherType = "text/event-stream",
        },
        new("POST", "executions/{execution}/stop", "asks for an end; answers the execution as it is", ExecutionRoutes.StopAsync, Guards.Project(Permission.Edit))
        {
            Parameters = [new("by", "string", "who asks, for the record")],
        },
        new("GET", "executions/{execution}/why", "why nodes were reused, ran, wait or failed, in words", NodeRoutes.WhyAsync, Guards.Project(Permission.Read)) { Parameters = [s_node] },
        new("POST", "executions/{execution}/answer", "answers an approval that it waits for; the only open one unless a node is named", NodeRoutes.AnswerAsync, Guards.Project(Permission.Edit))
        {
            Parameters = [new("approve", "boolean", "false rejects: the task fails", IsRequired: true), new("path", "string", "the task, or its question"), new("by", "string", "who answers, where the server has no users")],
        },
        new("GET", "executions/{execution}/artifacts", "the files and folders that nodes gave", NodeRoutes.ListArtifactsAsync, Guards.Project(Permission.Read)) { Parameters = [s_node] },
        new("GET", "executions/{execution}/artifacts/{artifact}", "the bytes of a file; of a folder what is in it", NodeRoutes.GetArtifactAsync, Guards.Project(Permission.Read))
        {
            Parameters = [s_node, new("inside", "string", "the path of a file in a folder")],
            OtherType = "application/octet-stream",
        },
        new("GET", "cache", "the keys of kept results", ProjectRoutes.ListCacheAsync, Guards.Project(Permission.Read)) { Parameters = [s_limit, new("after", "string", "goes on after this key: `next` of the page before")] },
        new("GET", "cache/{key}", "a kept result: who made it, the documents that its key was made from, its outputs", ProjectRoutes.GetCacheAsync, Guards.Project(Permission.Read)),
        new("GET", "tags", "the movable names", ProjectRoutes.ListTagsAsync, Guards.Project(Permission.Read)),
        new("PUT", "tags/{tag}", "gives a tag to an execution, or to one of its nodes", ProjectRoutes.MoveTagAsync, Guards.Project(Permission.Edit))
        {
            Parameters = [new("execution", "string", "as in executions/{execution}", IsRequired: true), new("path", "string", "a node of it")],
        },
        new("DELETE", "tags/{tag}", "removes a tag", ProjectRoutes.RemoveTagAsync, Guards.Project(Permission.Edit)),
        new("GET", "secrets", "the names of secrets; values are never told", ProjectRoutes.ListSecretsAsync, Guards.Project(Permission.Read)),
        new("GET", "runs", "the tracked runs of an execution or a node, or the one whose id begins so", NodeRoutes.ListRunsAsync, Guards.Project(Permission.Read))
        {
            Parameters = [new("of", "string", "an address as the command line takes it, such as wet-mongoose-1/train, or six digits of a run's id and more", IsRequired: true)],
        },
        new("GET", "runs/{run}/labels", "the labels of a tracked run; MLflow calls them tags", ProjectRoutes.ListLabelsAsync, Guards.RunOfPath(Permission.Read)),
        new("PUT", "runs/{run}/labels/{label}", "sets a label", ProjectRoutes.SetLabelAsync, Guards.RunOfPath(Permission.Edit)) { Parameters = [new("value", "string", "what it says")] },
        new("DELETE", "runs/{run}/labels/{label}", "removes a label", ProjectRoutes.RemoveLabelAsync, Guards.RunOfPath(Permission.Edit)),
        new("GET", "series", "one metric of several runs as columns of steps, times and values, thinned out for a chart", ProjectRoutes.GetSeriesAsync, Guards.Runs("run", Permission.Read))
        {
            Parameters =
            [
                new("run", "string", "a tracked run; 1 to 100 times", IsRequired: true, IsRepeated: true), new("key", "string", "the metric", IsRequired: true),
                new("points", "integer", "how many points of each run at most, 2 to 10000; 1000 unless given"),
            ],
        },
    ];

    /// <summary>For the router, whose braces have no names.</summary>
    public static IEnumerable<Route> ForRouter() => All.Select(route => new Route(
        route.Verb, Prefix + string.Join('/', route.Path.Split('/').Select(part => part[0] == '{' ? "{}" : part)), route.Handle, route.Guard));
}

/// <summary>The OpenAPI document, made from the table of routes.</summary>
internal static class OpenApi
{
    public static ValueTask SendAsync(Call call) => call.SendAsync("application/json", RestJson.Object(Write), 200);

    private static void Write(Utf8JsonWriter json)
    {
        json.WriteString("openapi"u8, "3.1.0"u8);
        json.WriteStartObject("info"u8);
        json.WriteString("title"u8, "Weft"u8);
        json.WriteString("version"u8, "1"u8);
        json.WriteEndObject();
        json.WriteStartObject("paths"u8);
        foreach (IGrouping<string, RestRoute> path in RestRoutes.All.GroupBy(route => route.Path))
        {
            json.WriteStartObject($"/{RestRoutes.Prefix}{path.Key}");
            foreach (RestRoute route in path)
                Write(json, route);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteStartObject("components"u8);
        json.WriteStartObject("securitySchemes"u8);
        WriteScheme(json, "token", "bearer");
        WriteScheme(json, "password", "basic");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartArray("security"u8);
        foreach (string scheme in new[] { "token", "password" })
        {
            json.WriteStartObject();
            json.WriteStartArray(scheme);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, RestRoute route)
    {
        json.WriteStartObject(route.Verb.ToLowerInvariant());
        json.WriteString("summary"u8, route.Summary);
        bool inQuery = route.Verb == "GET";
        json.WriteStartArray("parameters"u8);
        foreach (string part in route.Path.Split('/').Where(part => part[0] == '{'))
            WriteParameter(json, new RestParameter(part[1..^1], "string", "", IsRequired: true), "path");
        foreach (RestParameter parameter in route.Parameters.Where(_ => inQuery))
            WriteParameter(json, parameter, "query");
        json.WriteEndArray();
        if (!inQuery && route.Parameters.Length > 0)
            WriteBody(json, route);
        json.WriteStartObject("responses"u8);
        WriteResponse(json, "200", "the answer", ["application/json", .. route.OtherType is { } other ? [other] : Array.Empty<string>()]);
        WriteResponse(json, "4XX", "error_code and message, as in MLflow's REST", ["application/json"]);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteParameter(Utf8JsonWriter json, RestParameter parameter, string place)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, parameter.Name);
        json.WriteString("in"u8, place);
        if (parameter.IsRequired)
            json.WriteBoolean("required"u8, true);
        if (parameter.Summary.Length > 0)
            json.WriteString("description"u8, parameter.Summary);
        json.WritePropertyName("schema"u8);
        WriteSchema(json, parameter);
        json.WriteEndObject();
    }

    private static void WriteSchema(Utf8JsonWriter json, RestParameter parameter)
    {
        json.WriteStartObject();
        if (parameter.IsRepeated)
        {
            json.WriteString("type"u8, "array"u8);
            json.WriteStartObject("items"u8);
        }
        json.WriteString("type"u8, parameter.Type);
        if (parameter.IsRepeated)
            json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteBody(Utf8JsonWriter json, RestRoute route)
    {
        json.WriteStartObject("requestBody"u8);
        json.WriteStartObject("content"u8);
        json.WriteStartObject("application/json"u8);
        json.WriteStartObject("schema"u8);
        json.WriteString("type"u8, "object"u8);
        json.WriteStartObject("properties"u8);
        foreach (RestParameter parameter in route.Parameters)
        {
            json.WritePropertyName(parameter.Name);
            WriteSchema(json, parameter);
        }
        json.WriteEndObject();
        string[] required = [.. route.Parameters.Where(parameter => parameter.IsRequired).Select(parameter => parameter.Name)];
        if (required.Length > 0)
        {
            json.WriteStartArray("required"u8);
            foreach (string name in required)
                json.WriteStringValue(name);
            json.WriteEndArray();
        }
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteResponse(Utf8JsonWriter json, string status, string description, string[] types)
    {
        json.WriteStartObject(status);
        json.WriteString("description"u8, description);
        json.WriteStartObject("content"u8);
        foreach (string type in types)
        {
            json.WriteStartObject(type);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteScheme(Utf8JsonWriter json, string name, string scheme)
    {
        json.WriteStartObject(name);
        json.WriteString("type"u8, "http"u8);
        json.WriteString("scheme"u8, scheme);
        json.WriteEndObject();
    }
}
