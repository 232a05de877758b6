using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Weft.Execution;
using Weft.Records;
using Weft.Server.Artifacts;
using Weft.Server.Http;
using Weft.Server.Mlflow;
using Weft.Storage;
using Weft.Tracking;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Server.Rest;

/// <summary>What <c>why</c>, <c>approve</c>, <c>artifacts</c> and <c>label</c> ask of the nodes of an execution.</summary>
internal static class NodeRoutes
{
    private const int LeastDigits = 6;

    /// <summary>Why one node, or each of those in the plan, was reused, ran, waits or failed: a line each.</summary>
    public static ValueTask WhyAsync(Call call) => SendAsync(call, (view, json) =>
    {
        ExecutionRow row = view.Find(Part(call, 0));
        Plan plan = view.PlanOf(row);
        var reasons = new Reasons(view.Records, view.Place, view.Cache, row, plan, time => time.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
        json.WriteString("execution"u8, row.Name);
        json.WriteStartArray("nodes"u8);
        foreach (NodePath path in view.PathOf(row, Part(call, 0), call.Query("path")) is { } one ? [one] : plan.Nodes.Select(node => node.Path))
        {
            json.WriteStartObject();
            json.WriteString("node"u8, path.Text);
            json.WriteStartArray("reasons"u8);
            foreach (string line in reasons.Of(path))
                json.WriteStringValue(line);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    /// <summary>Answers an approval that the execution waits for: the one of the node, or the only one.</summary>
    public static async ValueTask AnswerAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        bool yes = fields.Bool("approve") ?? throw Fields.Missing("approve");
        string by = call.Caller.Name.Length > 0 ? call.Caller.Name : fields.Text("by") ?? "";
        await SendAsync(call, (view, json) =>
        {
            ExecutionRow row = view.Find(Part(call, 0));
            Plan plan = view.PlanOf(row);
            IReadOnlyList<NodePath> open = Questions.Open(view.Records, row, plan);
            NodePath gate = view.PathOf(row, Part(call, 0), fields.Text("path")) is { } path
                ? Questions.Of(plan, path) ?? throw TrackingException.Invalid($"`{path}` of {row.Name} asks nothing")
                : open.Count == 1 ? open[0] : throw TrackingException.Invalid($"{row.Name} waits for {open.Count} answers: name the node");
            if (row.Ended is not null)
                throw TrackingException.Invalid($"{row.Name} has ended already");
            if (!view.Executions.Answer(row.Id, gate, Value.Of(yes), by))
                throw TrackingException.Invalid($"`{gate}` of {row.Name} was answered before");
            json.WriteString("execution"u8, row.Name);
            json.WriteString("node"u8, gate.Text);
            json.WriteBoolean("approved"u8, yes);
        });
    }

    /// <summary>The files and folders that a node, or every node, has given.</summary>
    public static ValueTask ListArtifactsAsync(Call call) => SendAsync(call, (view, json) =>
    {
        ExecutionRow row = view.Find(Part(call, 0));
        json.WriteString("execution"u8, row.Name);
        json.WriteStartArray("artifacts"u8);
        foreach (StoredOutput output in StoredOutputs.Of(view.Records, row, view.PathOf(row, Part(call, 0), call.Query("path"))))
        {
            json.WriteStartObject();
            json.WriteString("node"u8, output.Node.Text);
            json.WriteString("name"u8, output.Name);
            json.WriteString("kind"u8, output.KindName);
            json.WriteString("file"u8, output.FileName);
            json.WriteNumber("size"u8, output.Blob.Size);
            json.WriteString("digest"u8, output.Blob.Digest.ToString());
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    /// <summary>A file's bytes as an attachment; of a folder what is in it, or one of its files.</summary>
    public static async ValueTask GetArtifactAsync(Call call)
    {
        (StoredOutput output, BlobStore blobs) = call.Project.Read(view =>
        {
            ExecutionRow row = view.Find(Part(call, 0));
            string name = Part(call, 1);
            StoredOutput[] found = [.. StoredOutputs.Of(view.Records, row, view.PathOf(row, Part(call, 0), call.Query("path"))).Where(one => one.Name == name)];
            return found.Length == 1 ? (found[0], view.BlobsOf(row)) : throw (found.Length == 0 ? TrackingException.Missing($"there is no output `{name}`") : TrackingException.Invalid($"{found.Length} nodes have an output `{name}`: name one"));
        });
        string inside = call.Query("inside");
        if (output.Blob.Kind != BlobKind.Folder)
        {
            if (inside.Length > 0)
                throw TrackingException.Invalid($"`{output.Name}` is a file: it has no `{inside}`");
            await SendFileAsync(call, blobs, output.Blob.Digest, output.FileName);
            return;
        }
        TreeManifest tree = new Trees(blobs).Read(output.Blob.Digest);
        if (tree.Entries.OfType<TreeEntry.File>().FirstOrDefault(file => file.Path == inside) is { } one)
            await SendFileAsync(call, blobs, one.Digest, Path.GetFileName(one.Path));
        else if (inside.Length > 0)
            throw TrackingException.Missing($"there is no `{inside}` in `{output.Name}`");
        else
            await call.AnswerAsync(json => Write(json, tree));
    }

    /// <summary>The tracked runs of an execution or a node, or the one whose id begins so; only those that the caller may read.</summary>
    public static ValueTask ListRunsAsync(Call call)
    {
        string of = call.Query("of");
        if (of.Length == 0)
            throw Fields.Missing("of");
        IReadOnlyList<RunInfo> runs = of.Length >= LeastDigits && of.All(char.IsAsciiHexDigitLower) && call.Store.Runs.FindByPrefix(of) is { IsEmpty: false } found
            ? found
            : call.Project.Read(view =>
            {
                int slash = of.IndexOf('/', StringComparison.Ordinal);
                string name = slash < 0 ? of : of[..slash];
                ExecutionRow row = view.Find(name);
                return view.PathOf(row, name, slash < 0 ? "" : of[(slash + 1)..]) is { } path ? call.Store.Runs.OfNode(row.Id, path) : call.Store.Runs.OfExecution(row.Id);
            });
        return call.AnswerAsync(json =>
        {
            json.WriteStartArray("runs"u8);
            foreach (RunInfo run in runs.Where(run => call.Caller.On(Subject.Experiment(run.Experiment)) >= Permission.Read))
            {
                json.WriteStartObject();
                json.WriteString("run"u8, run.Id.Value);
                json.WriteString("name"u8, run.Name);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    private static void Write(Utf8JsonWriter json, TreeManifest tree)
    {
        json.WriteStartArray("files"u8);
        foreach (TreeEntry entry in tree.Entries)
        {
            json.WriteStartObject();
            json.WriteString("path"u8, entry.Path);
            switch (entry)
            {
                case TreeEntry.File file:
                    json.WriteString("kind"u8, "file"u8);
                    json.WriteNumber("size"u8, file.Size);
                    json.WriteBoolean("executable"u8, file.IsExecutable);
                    json.WriteString("digest"u8, file.Digest.ToString());
                    break;
                case TreeEntry.Link link:
                    json.WriteString("kind"u8, "link"u8);
                    json.WriteString("target"u8, link.Target);
                    break;
                default:
                    json.WriteString("kind"u8, "folder"u8);
                    break;
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static async ValueTask SendFileAsync(Call call, BlobStore blobs, Digest digest, string name)
    {
        await using Stream content = blobs.TryOpen(digest) ?? throw TrackingException.Missing($"the content {digest.Short} is not in the store any more");
        HttpResponse response = call.Http.Response;
        response.ContentType = MediaTypes.Of(name);
        response.Headers.ContentDisposition = ArtifactRoutes.Disposition(name);
        response.Headers.ContentSecurityPolicy = "sandbox";
        if (content.CanSeek)
            response.ContentLength = content.Length;
        if (!HttpMethods.IsHead(call.Http.Request.Method))
            await content.CopyToAsync(response.Body, call.Http.RequestAborted);
    }

    private static ValueTask SendAsync(Call call, Action<ProjectView, Utf8JsonWriter> write) =>
        call.SendAsync("application/json", call.Project.Read(view => RestJson.Object(json => write(view, json))), 200);

    private static string Part(Call call, int index) => Uri.UnescapeDataString(call.Parts[index]);
}
