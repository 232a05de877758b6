using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Weft.Text;

namespace Weft.Cli.Remote;

/// <summary>
/// The project behind a server that WEFT_SERVER names: what reads, follows, stops and tags works on it. It is called as any client calls it, with the token
/// of WEFT_SERVER_TOKEN, or what MLflow's variables hold.
/// </summary>
internal sealed class RemoteProject : IDisposable
{
    /// <summary>The most that a server gives at once.</summary>
    private const int PageSize = 1000;

    private readonly HttpClient _client = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly Uri _address;

    private RemoteProject(Uri address, AuthenticationHeaderValue? who)
    {
        _address = address;
        _client.DefaultRequestHeaders.Authorization = who;
    }

    /// <summary>Null when the project of the working folder is meant.</summary>
    public static RemoteProject? Of(Session session)
    {
        Surroundings surroundings = session.Surroundings;
        if (surroundings.Variable("WEFT_SERVER") is not { } text)
            return null;
        if (!Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            throw new DiagnosticException("server/bad-url", $"WEFT_SERVER must be an http or https address, found `{text}`");
        AuthenticationHeaderValue? who = null;
        if ((surroundings.Variable("WEFT_SERVER_TOKEN") ?? surroundings.Variable("MLFLOW_TRACKING_TOKEN")) is { } token)
            who = new AuthenticationHeaderValue("Bearer", token);
        else if (surroundings.Variable("MLFLOW_TRACKING_USERNAME") is { } name && surroundings.Variable("MLFLOW_TRACKING_PASSWORD") is { } password)
            who = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}")));
        return new RemoteProject(address, who);
    }

    /// <param name="path">Below the server's address: <c>api/weft/v1/executions</c>.</param>
    public JsonElement Get(string path)
    {
        using HttpResponseMessage response = Send(HttpMethod.Get, path, null, HttpCompletionOption.ResponseContentRead);
        return Read(response);
    }

    public JsonElement Send(HttpMethod verb, string path, string json)
    {
        using HttpResponseMessage response = Send(verb, path, json, HttpCompletionOption.ResponseContentRead);
        return Read(response);
    }

    /// <summary>Sends an object whose members are written by <paramref name="write"/>.</summary>
    public JsonElement Send(HttpMethod verb, string path, Action<Utf8JsonWriter> write)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return Send(verb, path, Encoding.UTF8.GetString(body.ToArray()));
    }

    /// <summary>The elements of a list, page after page.</summary>
    /// <param name="member">What the list is called in the answers.</param>
    /// <param name="cursor">The parameter that takes <c>next</c> of the page before.</param>
    public IEnumerable<JsonElement> List(string path, string member, string cursor)
    {
        string page = $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit={PageSize}";
        for (string? next = ""; next is not null;)
        {
            JsonElement answer = Get(next.Length == 0 ? page : $"{page}&{cursor}={Uri.EscapeDataString(next)}");
            foreach (JsonElement element in answer.GetProperty(member).EnumerateArray())
                yield return element;
            next = answer.TryGetProperty("next"u8, out JsonElement more) ? more.GetString() : null;
        }
    }

    /// <summary>Copies an answer that is no JSON.</summary>
    public void Copy(string path, Stream output)
    {
        using HttpResponseMessage response = Send(HttpMethod.Get, path, null, HttpCompletionOption.ResponseHeadersRead);
        using Stream content = response.Content.ReadAsStream();
        content.CopyTo(output);
    }

    /// <summary>The events of a stream until it ends. A connection that breaks is taken up again where it broke.</summary>
    public IEnumerable<(string Kind, JsonElement Data)> Follow(string path)
    {
        string? seen = null;
        bool hasEnded = false;
        while (!hasEnded)
        {
            using HttpResponseMessage response = Send(HttpMethod.Get, path, null, HttpCompletionOption.ResponseHeadersRead, seen, isStream: true);
            using var reader = new StreamReader(response.Content.ReadAsStream());
            string kind = "", data = "", id = "";
            while (ReadLine(reader) is { } line)
            {
                if (line.StartsWith("id: ", StringComparison.Ordinal))
                    id = line[4..];
                else if (line.StartsWith("event: ", StringComparison.Ordinal))
                    kind = line[7..];
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                    data = line[6..];
                else if (line.Length == 0 && kind.Length > 0)
                {
                    seen = id;
                    hasEnded = kind == "end";
                    yield return (kind, JsonElement.Parse(data));
                    kind = "";
                }
            }
        }
    }

    public void Dispose() => _client.Dispose();

    private static string? ReadLine(StreamReader reader)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (IOException)
        {
            return null;
        }
    }

    private HttpResponseMessage Send(HttpMethod verb, string path, string? json, HttpCompletionOption completion, string? seen = null, bool isStream = false)
    {
        using var request = new HttpRequestMessage(verb, new Uri(_address, path));
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        if (isStream)
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (seen is not null)
            request.Headers.Add("Last-Event-ID", seen);
        HttpResponseMessage response;
        try
        {
            response = _client.Send(request, completion);
        }
        catch (HttpRequestException e)
        {
            throw new DiagnosticException("server/unreachable", $"cannot reach {_address}: {e.Message}", null, "WEFT_SERVER says where the server is");
        }
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw Refused(response);
    }

    private DiagnosticException Refused(HttpResponseMessage response)
    {
        string body = new StreamReader(response.Content.ReadAsStream()).ReadToEnd();
        if (response.StatusCode == HttpStatusCode.Unauthorized)
            return new DiagnosticException("server/unauthorized", $"{_address} does not know who asks", null, "WEFT_SERVER_TOKEN=$(cat .weft/server-token), or a user's token");
        return new DiagnosticException("server/refused", body.StartsWith('{') && JsonElement.Parse(body).TryGetProperty("message"u8, out JsonElement message) ? message.GetString()! : $"{_address} answered {(int)response.StatusCode}: {body}");
    }

    private static JsonElement Read(HttpResponseMessage response)
    {
        using var bytes = new MemoryStream();
        response.Content.ReadAsStream().CopyTo(bytes);
        return JsonElement.Parse(bytes.ToArray());
    }
}
