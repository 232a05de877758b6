using Weft.Records;
using Weft.Server.Http;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Server.Rest;

/// <summary>Tags, secrets, labels of runs and series of metrics of Weft's own REST.</summary>
internal static class ProjectRoutes
{
    private const int MostRuns = 100;
    private const int MostPoints = 10_000;
    private const int MostKeys = 1000;

    public static ValueTask ListTagsAsync(Call call) => call.SendAsync("application/json", call.Project.Read(view => RestJson.Object(json =>
    {
        json.WriteStartArray("tags"u8);
        foreach (TagRow tag in view.Catalog.Tags())
        {
            json.WriteStartObject();
            json.WriteString("name"u8, tag.Name);
            json.WriteString("execution"u8, view.Records.Find(tag.Execution)?.Name ?? tag.Execution.Value);
            if (tag.Path is { } path)
                json.WriteString("path"u8, path.Text);
            json.WriteNumber("moved"u8, tag.Moved.ToUnixTimeMilliseconds());
            json.WriteEndObject();
        }
        json.WriteEndArray();
    })), 200);

    /// <summary>Gives a tag to an execution or to one of its nodes, from wherever it stood.</summary>
    public static async ValueTask MoveTagAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = Uri.UnescapeDataString(call.Parts[0]);
        if (!TagRow.IsName(name))
            throw TrackingException.Invalid($"`{name}` cannot be a tag: expected letters, digits and `-_.`, a letter or digit first");
        string execution = fields.Required("execution");
        string? path = fields.Text("path");
        call.Project.Read(view =>
        {
            ExecutionRow row = view.Find(execution);
            NodePath? node = view.PathOf(row, execution, path);
            if (row.Ended is null && node is null)
                throw TrackingException.Invalid($"{row.Name} has not ended: a tag names what is finished, so that it stays the same");
            view.Write(() => view.Catalog.MoveTag(name, row.Id, node));
            return true;
        });
        await call.DoneAsync();
    }

    public static ValueTask RemoveTagAsync(Call call)
    {
        string name = Uri.UnescapeDataString(call.Parts[0]);
        bool isRemoved = false;
        call.Project.Read(view =>
        {
            view.Write(() => isRemoved = view.Catalog.RemoveTag(name));
            return true;
        });
        return isRemoved ? call.DoneAsync() : throw TrackingException.Missing($"no tag `{name}`");
    }

    public static ValueTask ListSecretsAsync(Call call) => call.SendAsync("application/json", call.Project.Read(view => RestJson.Object(json =>
    {
        json.WriteStartArray("secrets"u8);
        foreach (string name in view.Secrets())
            json.WriteStringValue(name);
        json.WriteEndArray();
    })), 200);

    /// <summary>The keys of kept results, in their order, after one and up to a number of them.</summary>
    public static async ValueTask ListCacheAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        int limit = fields.Int("limit") ?? MostKeys;
        if (limit is < 1 or > MostKeys)
            throw TrackingException.Invalid($"`limit` is 1 to {MostKeys}");
        string after = fields.Text("after") ?? "";
        string[] keys = call.Project.Read(view => view.CacheObjects.List().Select(one => one.Key).Where(key => string.CompareOrdinal(key, after) > 0).Order(StringComparer.Ordinal).Take(limit + 1).ToArray());
        await call.AnswerAsync(json =>
        {
            json.WriteStartArray("keys"u8);
            foreach (string key in keys.Take(limit))
                json.WriteStringValue(key);
            json.WriteEndArray();
            if (keys.Length > limit)
                json.WriteString("next"u8, keys[limit - 1]);
        });
    }

    /// <summary>A kept result as it lies there: who made it, from what, and its outputs.</summary>
    public static ValueTask GetCacheAsync(Call call)
    {
        string key = Uri.UnescapeDataString(call.Parts[0]);
        byte[]? entry = key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or ':') ? call.Project.Read(view => view.CacheObjects.Find(key)) : null;
        return entry is not null ? call.SendAsync("application/json", entry, 200) : throw TrackingException.Missing($"no result is kept under `{key}`");
    }

    public static ValueTask ListLabelsAsync(Call call)
    {
        Run run = call.Store.Runs.Get(new RunId(call.Parts[0]));
        return call.AnswerAsync(json =>
        {
            json.WriteStartObject("labels"u8);
            foreach (Label label in run.Labels)
                json.WriteString(label.Key, label.Value);
            json.WriteEndObject();
        });
    }

    public static async ValueTask SetLabelAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await call.Store.Runs.SetLabelAsync(new RunId(call.Parts[0]), new Label(Uri.UnescapeDataString(call.Parts[1]), fields.Text("value") ?? ""));
        await call.DoneAsync();
    }

    public static async ValueTask RemoveLabelAsync(Call call)
    {
        await call.Store.Runs.DeleteLabelAsync(new RunId(call.Parts[0]), Uri.UnescapeDataString(call.Parts[1]));
        await call.DoneAsync();
    }

    /// <summary>
    /// One metric of several runs as columns, for a chart: per run at most about as many points as asked for. Of each of the stretches that the steps are cut
    /// into, the smallest and the greatest value are kept, so that no spike is lost; the ends are always there.
    /// </summary>
    public static async ValueTask GetSeriesAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        var runs = fields.Texts("run");
        if (runs.IsEmpty || runs.Length > MostRuns)
            throw TrackingException.Invalid($"`run` is given 1 to {MostRuns} times, found {runs.Length}");
        string key = fields.Required("key");
        int most = fields.Int("points") ?? 1000;
        if (most is < 2 or > MostPoints)
            throw TrackingException.Invalid($"`points` is 2 to {MostPoints}");
        await call.AnswerAsync(json =>
        {
            json.WriteString("key"u8, key);
            json.WriteStartArray("series"u8);
            foreach (string run in runs)
            {
                var points = new List<MetricPoint>();
                call.Store.History.Read(new RunId(run), key, null, null, (RunId _, in MetricPoint point) => points.Add(point));
                points.Sort((x, y) => (x.Step, x.Timestamp, x.Value).CompareTo((y.Step, y.Timestamp, y.Value)));
                List<MetricPoint> kept = Downsample(points, most);
                json.WriteStartObject();
                json.WriteString("run"u8, run);
                json.WriteNumber("count"u8, points.Count);
                json.WriteStartArray("steps"u8);
                foreach (MetricPoint point in kept)
                    json.WriteNumberValue(point.Step);
                json.WriteEndArray();
                json.WriteStartArray("times"u8);
                foreach (MetricPoint point in kept)
                    json.WriteNumberValue(point.Timestamp);
                json.WriteEndArray();
                json.WriteStartArray("values"u8);
                foreach (MetricPoint point in kept)
                    TrackingJson.WriteDouble(json, point.Value);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>At most <paramref name="most"/> points and the two ends, in their order; all when there are no more.</summary>
    internal static List<MetricPoint> Downsample(List<MetricPoint> points, int most)
    {
        if (points.Count <= most)
            return points;
        var kept = new SortedSet<int> { 0, points.Count - 1 };
        int stretches = Math.Max(1, most / 2);
        for (int i = 0; i < stretches; i++)
        {
            int from = (int)((long)points.Count * i / stretches), to = (int)((long)points.Count * (i + 1) / stretches);
            int least = from, greatest = from;
            for (int n = from; n < to; n++)
            {
                if (double.IsNaN(points[least].Value) || points[n].Value < points[least].Value)
                    least = n;
                if (double.IsNaN(points[greatest].Value) || points[n].Value > points[greatest].Value)
                    greatest = n;
            }
            kept.Add(least);
            kept.Add(greatest);
        }
        return [.. kept.Select(index => points[index])];
    }
}
