using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Weft.Expressions;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Conformance.Areas;

/// <summary>By what a call is known: byte-exact keys, and what changes them and what does not.</summary>
internal static partial class FlyteCacheKeys
{
    public static IEnumerable<CaseResult> Judge(JsonElement file)
    {
        foreach (JsonElement one in file.GetProperty("golden").GetProperty("cases").EnumerateArray())
            yield return Golden(one);
        foreach (JsonElement one in file.GetProperty("scenarios").EnumerateArray())
            yield return Scenario(one);
        foreach (JsonElement one in file.GetProperty("sequences").EnumerateArray())
            yield return FlyteCacheSequence.Judge(one);
        foreach (JsonElement one in file.GetProperty("invalid").EnumerateArray())
            yield return Invalid(one);
    }

    private static CaseResult Golden(JsonElement one)
    {
        JsonElement given = one.GetProperty("given");
        var call = new Call
        {
            Scope = given.GetProperty("scope").GetString()!,
            In = Types(given.GetProperty("in")),
            Inputs = ((Value.Map)CanonicalJson.Read(given.GetProperty("inputs"))).Entries,
            Task = new TaskDefinition(given.GetProperty("task").GetString()!, new TaskBody.Managed("x"), Expr.Nowhere)
            {
                Out = Types(given.GetProperty("out")),
                Cache = new CacheRule(true, given.GetProperty("version").GetString())
                {
                    Ignore = given.TryGetProperty("ignore", out JsonElement ignore) ? [.. ignore.EnumerateArray().Select(name => name.GetString()!)] : [],
                },
            },
        };
        CacheDocument document = call.Document();
        string id = one.GetProperty("id").GetString()!;
        string expected = one.GetProperty("canonical").GetString()!;
        if (document.Canonical() != expected)
            return new CaseResult(id, Verdict.Failed, $"expected {expected}, ours {document.Canonical()}");
        return new CaseResult(id, document.Key() == one.GetProperty("key").GetString() ? Verdict.Passed : Verdict.Failed, document.Key());
    }

    private static CaseResult Scenario(JsonElement one)
    {
        string id = one.GetProperty("id").GetString()!;
        JsonElement expected = one.GetProperty("sameKey").GetProperty("ours");
        if (expected.ValueKind == JsonValueKind.Null)
            return new CaseResult(id, Verdict.Passed, "not said");
        Call left = new();
        Call right = new();
        foreach (JsonProperty change in one.GetProperty("change").EnumerateObject())
        {
            bool isPair = change.Value.ValueKind == JsonValueKind.Array;
            if (!left.Set(change.Name, isPair ? change.Value[0] : change.Value) || !right.Set(change.Name, isPair ? change.Value[1] : change.Value))
                return new CaseResult(id, Verdict.Failed, $"a change of `{change.Name}` is not known here");
        }
        bool isSame = left.Document().Key() == right.Document().Key();
        return new CaseResult(id, isSame == expected.GetBoolean() ? Verdict.Passed : Verdict.Failed, $"{left.Document().Canonical()} against {right.Document().Canonical()}");
    }

    private static ImmutableSortedDictionary<string, Port> Types(JsonElement ports) =>
        Port.None.AddRange(ports.EnumerateObject().Select(port => KeyValuePair.Create(port.Name, new Port(TypeParser.Parse(port.Value.GetString()!)))));

    /// <summary>The settings are told in words; each is built as a task, and the graph check must say what is wrong with it.</summary>
    private static CaseResult Invalid(JsonElement one)
    {
        string id = one.GetProperty("id").GetString()!;
        string about = one.GetProperty("about").GetString()!;
        switch (about)
        {
            case var text when text.Contains("without version and without policy", StringComparison.Ordinal):
                return new CaseResult(id, ProblemOf(new CacheRule(true)) is null ? Verdict.KnownDifference : Verdict.Failed, "without a version ours computes one from command, declared code, environment and image");
            case var text when text.Contains("empty version", StringComparison.Ordinal):
                return Expect(new CacheRule(true, ""), "cache/version");
            case var text when text.Contains("blanks only", StringComparison.Ordinal):
                return Expect(new CacheRule(true, "  "), "cache/version");
            case var text when text.StartsWith("single-flight without", StringComparison.Ordinal):
                return Expect(new CacheRule(false, SingleFlight: true), "cache/single-flight");
            case var text when text.StartsWith("ignored inputs without", StringComparison.Ordinal):
                return Expect(new CacheRule(false) { Ignore = ["a"] }, "cache/ignore");
            case var text when text.Contains("ignored", StringComparison.Ordinal):
                return Expect(new CacheRule(true, "1") { Ignore = ["nope"] }, "cache/unknown-input");
            case var text when text.Contains("old separate parameters", StringComparison.Ordinal):
                return new CaseResult(id, Verdict.KnownDifference, "there is one form only, so two cannot be mixed");
            case var text when text.Contains("policy throws", StringComparison.Ordinal):
                bool isCached = new Call { Task = new Call().Task with { Cache = new CacheRule(true) { Code = new FileSet(["missing.py"]) } } }.MayBeCached();
                return new CaseResult(id, isCached ? Verdict.Failed : Verdict.KnownDifference, "a version comes from declared files, not from code that could throw; without one of the files the task runs and is not cached");
            default:
                return new CaseResult(id, Verdict.Failed, $"`{about}` is not known here");
        }

        CaseResult Expect(CacheRule rule, string code) => new(id, ProblemOf(rule) == code ? Verdict.Passed : Verdict.Failed, $"expected {code}, ours {ProblemOf(rule) ?? "nothing"}");
    }

    private static string? ProblemOf(CacheRule rule)
    {
        TaskDefinition task = new Call().Task with { Cache = rule };
        var node = new Node.Use(new NodeId("n0"), new Callee(CalleeKind.Task, task.Name, Expr.Nowhere), Expr.Nowhere) { Bind = Expr.NoBindings.Add("a", Expr.Of(Value.Of(1L))) };
        var closure = new Closure([new Definition.OfTask(task with { In = Port.None.Add("a", new Port(TypeExpr.Int)) }), new Definition.OfWorkflow(new WorkflowDefinition("main", [node], Expr.Nowhere))]);
        return new GraphCheck(closure).Check("main").Select(problem => problem.Diagnostic.Id).SingleOrDefault();
    }

    /// <summary>One call of a task, of which a scenario changes one thing.</summary>
    internal sealed partial class Call
    {
        private readonly Dictionary<string, string> _scope = new() { ["project"] = "default", ["domain"] = "development" };

        public string? Scope { get; init; }

        public TaskDefinition Task { get; set; } = new("app.t", new TaskBody.Managed("app.t"), Expr.Nowhere) { Cache = new CacheRule(true, "1"), Out = Port.None.Add("o0", new Port(TypeExpr.Int)) };

        public ImmutableSortedDictionary<string, Port> In { get; set; } = Port.None;

        public ImmutableSortedDictionary<string, Value> Inputs { get; set; } = Value.NoEntries;

        public CacheDocument Document() => Calls.DocumentOf(FactsNow(), Whole(), Inputs)!;

        public bool MayBeCached() => Calls.DocumentOf(FactsNow(), Whole(), Inputs) is not null;

        private Facts FactsNow() => new(default, default) { CacheScope = Scope ?? $"{_scope["project"]}/{_scope["domain"]}", Files = _ => null };

        private TaskDefinition Whole() => Task with { In = In };

        /// <summary>Applies one side of a change.</summary>
        /// <returns>False when this is no thing of ours.</returns>
        public bool Set(string name, JsonElement value)
        {
            string text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
            switch (name)
            {
                case "project" or "domain":
                    _scope[name] = text;
                    return true;
                case "task" or "taskName" or "name" or "module":
                    Task = Task with { Name = text };
                    return true;
                case "version":
                    Task = Task with { Cache = Task.Cache with { Version = text } };
                    return true;
                case "image":
                    Task = Task with { Image = text };
                    return true;
                case "resources":
                    Task = Task with { Needs = new Resources(Cpu: double.Parse(text, System.Globalization.CultureInfo.InvariantCulture)) };
                    return true;
                case "retries":
                    Task = Task with { Retry = new Retry(int.Parse(text, System.Globalization.CultureInfo.InvariantCulture)) };
                    return true;
                case "env":
                    Task = Task with { Env = Expr.NoBindings.Add("E", Expr.Of(text)) };
                    return true;
                case "salt":
                    Task = Task with { Cache = Task.Cache with { Version = null, Salt = text } };
                    return true;
                case "ignore":
                    Task = Task with { Cache = Task.Cache with { Ignore = text.Length == 0 ? [] : [.. text.Split(',')] } };
                    Inputs = Inputs.ContainsKey("a") ? Inputs : Inputs.Add("a", Value.Of(1L));
                    return true;
                case "in":
                    SetPorts(text);
                    return true;
                // None of these is part of a task's definition: the registered version, the body behind an explicit version, the order in which
                // the parts of a version were named, the settings of the map around it, secrets, the class behind a config.
                case "taskVersion" or "code" or "policies" or "secret" or "cfg.base" or "workflow" or "launchPlan" or "node":
                    return true;
                case var _ when name.StartsWith("map.", StringComparison.Ordinal):
                    return true;
                case var _ when name.StartsWith("out.", StringComparison.Ordinal):
                    Task = Task with { Out = Task.Out.SetItem(name[4..], new Port(TypeParser.Parse(text))) };
                    return true;
                case var _ when name.StartsWith("in.", StringComparison.Ordinal):
                    In = In.SetItem(name[3..], new Port(TypeParser.Parse(text)));
                    Inputs = Inputs.SetItem(name[3..], Value.None);
                    return true;
                case var _ when name.StartsWith("inputs.", StringComparison.Ordinal):
                    Inputs = Inputs.SetItem(name[7..], Read(text));
                    return true;
                case var _ when name.StartsWith("cfg.", StringComparison.Ordinal):
                    // Interpolations are resolved before a value is handed over: both sides say 1.
                    Inputs = Inputs.SetItem("cfg", Value.MapOf([new(name[4..], text.StartsWith("${", StringComparison.Ordinal) ? Value.Of(1L) : Read(text))]));
                    return true;
                default:
                    return false;
            }
        }

        /// <summary><c>a,b=1</c>: inputs with defaults.</summary>
        private void SetPorts(string text)
        {
            foreach (string[] port in text.Split(',').Select(port => port.Split('=', 2)))
            {
                In = In.SetItem(port[0], new Port(TypeExpr.Int, port.Length > 1 ? Read(port[1]) : null));
                Inputs = Inputs.SetItem(port[0], port.Length > 1 ? Read(port[1]) : Value.Of(5L));
            }
        }

        /// <summary>
        /// The notation of the vectors: <c>X #h</c> is a value with a declared hash, <c>URI (h)</c> a file with this content, <c>(omitted)</c> an optional
        /// input that is not given, <c>[x #a, y #b]</c> a list of such values; else JSON, else a text.
        /// </summary>
        private static Value Read(string text)
        {
            if (text == "(omitted)")
                return Value.None;
            if (text.StartsWith('[') && text.EndsWith(']') && text.Contains('#', StringComparison.Ordinal))
                return Value.ListOf(text[1..^1].Split(',').Select(item => Read(item.Trim())));
            if (Hashed().Match(text) is { Success: true } hashed)
                return Value.MapOf([new("$hash", Value.Of(hashed.Groups[1].Value))]);
            if (File().Match(text) is { Success: true } file)
                return new Value.Blob(Digest.Of(file.Groups[2].Value), 0, BlobKind.File, file.Groups[1].Value);
            try
            {
                return CanonicalJson.Read(text);
            }
            catch (JsonException)
            {
                return Value.Of(text);
            }
        }

        [GeneratedRegex(@"^.*#(\w+)$")]
        private static partial Regex Hashed();

        [GeneratedRegex(@"^(\S+://\S+) \((\w+)\)$")]
        private static partial Regex File();
    }
}
