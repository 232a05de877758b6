using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Weft.Analysis;
using Weft.Config.Nodes;
using Weft.Text;
using Weft.Tracking;
using Weft.Values;
using Run = Weft.Analysis.Run;

namespace Weft.Conformance.Areas;

/// <summary>
/// Judges the reading of results: each case has its runs in folders as MLflow and Hydra write them, read by the same code that users call. What is ours on
/// purpose is computed here a second time from the JSON of the case.
/// </summary>
internal static class HydraFlowAnalysis
{
    private const string Wrong = "error";

    public static IEnumerable<CaseResult> Judge(JsonElement document)
    {
        string folder = Directory.CreateTempSubdirectory("weft-analysis-").FullName;
        try
        {
            var results = new List<CaseResult>();
            foreach (JsonElement one in document.GetProperty("vectors").EnumerateArray())
                results.Add(Judge(one, Path.Combine(folder, one.GetProperty("id").GetString()!)));
            return results;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static CaseResult Judge(JsonElement one, string folder)
    {
        string id = one.GetProperty("id").GetString()!;
        string op = one.GetProperty("op").GetString()!;
        JsonElement input = one.GetProperty("input");
        string expected = one.TryGetProperty("output", out JsonElement output) ? Write(Read(output)) : Wrong;
        string ours;
        try
        {
            ours = Write(Ours(op, input, folder));
        }
        catch (Exception error) when (error is KeyNotFoundException or InvalidOperationException or ArgumentException or DiagnosticException)
        {
            ours = Wrong;
        }
        if (ours == expected || (op == "run_get" && expected == "\"<info object>\"" && ours.Contains("\"run_id\"", StringComparison.Ordinal)))
            return new CaseResult(id, Verdict.Passed);
        if (HydraFlowAnalysisRules.Find(op, input, expected) is { } rule && rule.Expected == ours)
            return new CaseResult(id, Verdict.KnownDifference, rule.Reason);
        return new CaseResult(id, Verdict.Failed, $"{op} {input.GetRawText()}: expected {expected}, got {ours}");
    }

    private static Value Ours(string op, JsonElement input, string folder)
    {
        switch (op)
        {
            case "matches":
                return Value.Of(ConditionOf(input.GetProperty("criterion")).Holds(Read(input.GetProperty("value"))));
            case "to_hashable":
                return Runs(folder, [Object("v", input)]).GroupBy("v")[0].Key[0];
            case "flatten":
                return MapOf(Runs(folder, [input])[0].ToDictionary());
            case "same_config":
                return Value.Of(Stored(folder, ".hydra/config.yaml", input).HasConfig((DictConfig)ConfigReader.Read(new Source("config", Plain(input.GetProperty("config"))), new Diagnostics())!));
            case "same_overrides":
                return Value.Of(Stored(folder, ".hydra/overrides.yaml", input).HasOverrides(input.GetProperty("overrides").EnumerateArray().Select(word => word.GetString()!)));
            case "file_uri_to_path":
                return Value.Of(Locations.PathOf(input.GetString()!));
            case "experiment_match":
                JsonElement patterns = input.GetProperty("patterns");
                return Value.Of(RunCollection.Matches(input.GetProperty("name").GetString()!, patterns.ValueKind switch
                {
                    JsonValueKind.Null => null,
                    JsonValueKind.String => [patterns.GetString()!],
                    _ => [.. patterns.EnumerateArray().Select(pattern => pattern.GetString()!)],
                }));
            case "sample_size":
                return Value.Of(Runs(folder, [.. Enumerable.Repeat(input, input.GetProperty("n").GetInt32())]).Sample(input.GetProperty("k").GetInt32(), seed: 0).Count);
            case "collection_repr":
                return Value.Of(Runs(folder, [.. Enumerable.Repeat(input, input.GetProperty("n").GetInt32())]).ToString());
        }
        return op.StartsWith("run_", StringComparison.Ordinal) ? OfOne(op, input, folder) : OfMany(op, input, Runs(folder, [.. input.GetProperty("configs").EnumerateArray()]));
    }

    private static Value OfOne(string op, JsonElement input, string folder)
    {
        if (op == "run_repr")
            return Value.Of(Repr(input.GetProperty("impl").GetString(), folder));
        JsonElement config = input.GetProperty("config");
        Runs(folder, [config]);
        Directory.Move(Path.Combine(folder, "mlruns/1/0"), Path.Combine(folder, "mlruns/1/c"));
        Run run = Run.Load(Path.Combine(folder, "mlruns/1/c"));
        switch (op)
        {
            case "run_get":
                return run.Get(input.GetProperty("key").GetString()!);
            case "run_get_default":
                return run.Get(input.GetProperty("key").GetString()!, Read(input.GetProperty("default")));
            case "run_to_dict":
                return MapOf(run.ToDictionary(input.GetProperty("flatten").GetBoolean()));
            case "run_update":
                foreach (JsonElement update in input.GetProperty("updates").EnumerateArray())
                    Update(run, update);
                return MapOf(run.ToDictionary(flatten: false));
            default:
                throw new NotSupportedException(op);
        }
    }

    private static void Update(Run run, JsonElement update)
    {
        JsonElement key = update.GetProperty("key");
        bool force = update.TryGetProperty("force", out JsonElement forced) && forced.GetBoolean();
        Value value = Read(update.GetProperty("value"));
        if (key.ValueKind == JsonValueKind.String)
            run.Update(key.GetString()!, value, force);
        else if (value is Value.List list)
            run.Update([.. key.GetProperty("$tuple").EnumerateArray().Select(one => one.GetString()!)], _ => list.Items, force);
        else
            throw new ArgumentException("several keys take a list of values");
    }

    private static string Repr(string? implementation, string folder)
    {
        string run = Path.Combine(folder, "mlruns/1/c");
        Directory.CreateDirectory(Path.Combine(run, "artifacts"));
        return implementation is null ? Run.Load(run).ToString() : Run.Load(run, _ => new Impl()).ToString().Replace(nameof(Impl), implementation, StringComparison.Ordinal);
    }

    private static Value OfMany(string op, JsonElement input, RunCollection runs)
    {
        Value Places(IEnumerable<Run> some) => Value.ListOf(some.Select(run => Place(runs, run)));
        var criteria = input.TryGetProperty("criteria", out JsonElement given) ? given.EnumerateArray().Select(one => (one.GetProperty("key").GetString()!, ConditionOf(one.GetProperty("value")))) : [];
        string key = input.TryGetProperty("key", out JsonElement named) ? named.GetString()! : "";
        switch (op)
        {
            case "filter":
                return Places(runs.Filter(criteria));
            case "exclude":
                return Places(runs.Exclude(criteria));
            case "filter_mask":
                return Places(runs.Filter(Mask(input)));
            case "exclude_mask":
                return Places(runs.Exclude(Mask(input)));
            case "collection_get":
                return Place(runs, runs.Get(criteria));
            case "collection_try_get":
                return runs.TryGet(criteria) is { } found ? Place(runs, found) : Value.None;
            case "collection_first":
                return Place(runs, runs.First(criteria));
            case "collection_last":
                return Place(runs, runs.Last(criteria));
            case "sort":
                return Places(runs.Sort([.. input.GetProperty("keys").EnumerateArray().Select(one => one.GetString()!)], isReversed: input.GetProperty("reverse").GetBoolean()));
            case "to_list":
                return Value.ListOf(input.TryGetProperty("default", out JsonElement other) ? runs.ToColumn(key, Read(other)) : runs[key]);
            case "unique":
                return Value.ListOf(runs.Unique(key));
            case "n_unique":
                return Value.Of(runs.CountUnique(key));
            case "group_by":
                return Value.ListOf(runs.GroupBy(Keys(input)).Select(group => Value.MapOf([new("key", group.Key.Length == 1 ? group.Key[0] : new Value.List(group.Key)), new("members", Places(group.Runs))])));
            case "group_agg":
                return Columns(runs.GroupBy(Keys(input)).Aggregate(input.GetProperty("aggs").EnumerateArray().Select(one => Aggregation.List(one.GetString()!))));
            case "to_frame":
                JsonElement defaults = input.GetProperty("defaults");
                return Columns(runs.ToFrame(Keys(input).Select(one => defaults.TryGetProperty(one, out JsonElement value) ? FrameField.Named(one, Read(value)) : FrameField.Named(one))));
            case "index":
                return Index(runs, input.GetProperty("index"), Places);
            case "compare_keys":
                return Places(runs.Filter(Compare(input.GetProperty("predicate").GetString()!, input.GetProperty("left").GetString()!, input.GetProperty("right").GetString()!)));
            case "text_predicate":
                string pattern = input.GetProperty("pattern").GetString()!;
                return Places(runs.Filter(input.GetProperty("predicate").GetString() switch
                {
                    "startswith" => Fields.StartsWith(key, pattern),
                    "endswith" => Fields.EndsWith(key, pattern),
                    _ => Fields.Matches(key, new Regex(pattern, RegexOptions.CultureInvariant)),
                }));
            default:
                throw new NotSupportedException(op);
        }
    }

    private static Value Index(RunCollection runs, JsonElement index, Func<IEnumerable<Run>, Value> places)
    {
        if (index.ValueKind == JsonValueKind.Number)
            return Place(runs, index.GetInt32() is >= 0 and var number ? runs[number] : runs[^-index.GetInt32()]);
        if (index.ValueKind == JsonValueKind.String)
            return Value.ListOf(runs[index.GetString()!]);
        if (index.TryGetProperty("list", out JsonElement list))
            return places(runs.At(list.EnumerateArray().Select(one => one.GetInt32() is >= 0 and var place ? place : runs.Count + one.GetInt32())));
        int?[] slice = [.. index.GetProperty("slice").EnumerateArray().Select(one => one.ValueKind == JsonValueKind.Null ? (int?)null : one.GetInt32())];
        int step = slice.Length > 2 ? slice[2] ?? 1 : 1;
        int start = Clamp(slice[0], step > 0 ? 0 : runs.Count - 1, runs.Count, step);
        int stop = slice[1] is null && step < 0 ? -1 : Clamp(slice[1], runs.Count, runs.Count, step);
        if (step == 1)
            return places(runs[start..Math.Max(start, stop)]);
        return places(runs.At(Enumerable.Range(0, Math.Max(0, (stop - start + step - Math.Sign(step)) / step)).Select(i => start + i * step)));

        static int Clamp(int? place, int missing, int count, int step) => place is not { } given ? missing : Math.Clamp(given < 0 ? count + given : given, step > 0 ? 0 : -1, step > 0 ? count : count - 1);
    }

    private static Func<Run, bool> Compare(string predicate, string left, string right) => predicate switch
    {
        "eq" => Fields.Equal(left, right),
        "ne" => Fields.NotEqual(left, right),
        "lt" => Fields.Less(left, right),
        "le" => Fields.LessOrEqual(left, right),
        "gt" => Fields.Greater(left, right),
        _ => Fields.GreaterOrEqual(left, right),
    };

    private static Condition ConditionOf(JsonElement criterion)
    {
        if (criterion.ValueKind == JsonValueKind.Object && criterion.TryGetProperty("$tuple", out JsonElement tuple))
            return tuple.GetArrayLength() == 2 ? Condition.Between(Read(tuple[0]), Read(tuple[1])) : Condition.Equal(Read(tuple));
        if (criterion.ValueKind == JsonValueKind.Object && criterion.TryGetProperty("$set", out JsonElement set))
            return Condition.OneOf(((Value.List)Read(set)).Items);
        return criterion.ValueKind == JsonValueKind.Array ? Condition.OneOf(((Value.List)Read(criterion)).Items) : Condition.Equal(Read(criterion));
    }

    private static bool[] Mask(JsonElement input) =>
        [.. input.GetProperty("mask").EnumerateArray().Select(one => one.ValueKind == JsonValueKind.True || (one.ValueKind == JsonValueKind.Number && one.GetDouble() != 0))];

    private static string[] Keys(JsonElement input) => [.. input.GetProperty("keys").EnumerateArray().Select(one => one.GetString()!)];

    private static Value Columns(Frame frame) => Value.MapOf(frame.Columns.Select(column => KeyValuePair.Create(column.Name, Value.ListOf(column))));

    private static Value MapOf(IReadOnlyDictionary<string, Value> fields) => Value.MapOf(fields);

    private static Value Place(RunCollection runs, Run run) => Value.Of(int.Parse(run.Id, CultureInfo.InvariantCulture));

    /// <summary>Runs with these configurations, each in its folder, named by its place.</summary>
    private static RunCollection Runs(string folder, JsonElement[] configs)
    {
        for (int i = 0; i < configs.Length; i++)
        {
            string hydra = Path.Combine(folder, $"mlruns/1/{i}/artifacts/.hydra");
            Directory.CreateDirectory(configs[i].ValueKind == JsonValueKind.Null ? Path.GetDirectoryName(hydra)! : hydra);
            if (configs[i].ValueKind != JsonValueKind.Null)
                File.WriteAllText(Path.Combine(hydra, "config.yaml"), Plain(configs[i]));
        }
        return RunCollection.Load(Enumerable.Range(0, configs.Length).Select(i => Path.Combine(folder, $"mlruns/1/{i}")));
    }

    /// <summary>The configuration as its file holds it: JSON, which is YAML, with lists in place of all that is like one.</summary>
    private static string Plain(JsonElement config)
    {
        switch (config.ValueKind)
        {
            case JsonValueKind.Array:
                return $"[{string.Join(", ", config.EnumerateArray().Select(Plain))}]";
            case JsonValueKind.Object when config.TryGetProperty("$float", out JsonElement number):
                return number.GetString()!.StartsWith('-') ? "-.inf" : "." + number.GetString();
            case JsonValueKind.Object when config.EnumerateObject().ToArray() is [{ Name: ['$', ..] } tagged]:
                return Plain(tagged.Value);
            case JsonValueKind.Object:
                return $"{{{string.Join(", ", config.EnumerateObject().Select(pair => $"{JsonSerializer.Serialize(pair.Name)}: {Plain(pair.Value)}"))}}}";
            default:
                return config.GetRawText();
        }
    }

    private static JsonElement Object(string key, JsonElement value) => JsonSerializer.SerializeToElement(new Dictionary<string, JsonElement> { [key] = value });

    private static Run Stored(string folder, string file, JsonElement input)
    {
        string path = Path.Combine(folder, "mlruns/1/c/artifacts", file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, input.GetProperty("stored_yaml").GetString());
        return Run.Load(Path.Combine(folder, "mlruns/1/c"));
    }

    /// <summary>A value of a case; tuples, sets, arrays and lists of a configuration are lists.</summary>
    internal static Value Read(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Array:
                return Value.ListOf(json.EnumerateArray().Select(Read));
            case JsonValueKind.Object:
                JsonProperty[] pairs = [.. json.EnumerateObject()];
                if (pairs is [{ Name: ['$', ..] } tagged])
                    return tagged.Name == "$float" ? Value.Of(tagged.Value.GetString() switch { "nan" => double.NaN, "inf" => double.PositiveInfinity, _ => double.NegativeInfinity }) : Read(tagged.Value);
                return Value.MapOf(pairs.Select(pair => KeyValuePair.Create(pair.Name, Read(pair.Value))));
            case JsonValueKind.String:
                return Value.Of(json.GetString()!);
            case JsonValueKind.True or JsonValueKind.False:
                return Value.Of(json.GetBoolean());
            case JsonValueKind.Number:
                return json.GetRawText().AsSpan().ContainsAny(".eE") ? Value.Of(json.GetDouble()) : Value.Of(json.GetInt64());
            default:
                return Value.None;
        }
    }

    /// <summary>One spelling for equal values: 1.0 is 1.</summary>
    internal static string Write(Value value) => CanonicalJson.Write(Normal(value));

    private static Value Normal(Value value) => value switch
    {
        Value.Float { Number: var number } when Math.Abs(number) < 1e15 && Math.Floor(number) == number => Value.Of((long)number),
        Value.List list => Value.ListOf(list.Items.Select(Normal)),
        Value.Map map => Value.MapOf(map.Entries.Select(pair => KeyValuePair.Create(pair.Key, Normal(pair.Value)))),
        _ => value,
    };

    /// <summary>Stands for a class of the user's.</summary>
    private sealed class Impl;
}
