using System.Collections.Immutable;
using System.Text.Json;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Conformance.Areas;

/// <summary>
/// Plays the recorded workflows through the planner, <see cref="Decision"/> and <see cref="Frontier"/> with pretended tasks, and compares
/// what is found wrong with the codes that the engine has for it.
/// </summary>
internal static class FlyteWorkflows
{
    /// <summary>The engine's code for what we call by kebab-case names.</summary>
    private static readonly Dictionary<string, string> Codes = new()
    {
        ["workflow/cycle"] = "CycleDetected",
        ["workflow/recursive"] = "CycleDetected",
        ["workflow/duplicate-node"] = "DuplicateId",
        ["workflow/empty"] = "NoNodesFound",
        ["workflow/unknown-node"] = "NodeReferenceNotFound",
        ["workflow/unknown-task"] = "TaskReferenceNotFound",
        ["workflow/unknown-workflow"] = "WorkflowReferenceNotFound",
        ["workflow/unknown-launch-plan"] = "WorkflowReferenceNotFound",
        ["workflow/unknown-input"] = "VariableNameNotFound",
        ["workflow/unknown-output"] = "VariableNameNotFound",
        ["workflow/unknown-field"] = "FieldNotFound",
        ["workflow/unbound"] = "ParameterNotBound",
        ["workflow/type"] = "MismatchingTypes",
        ["workflow/binding"] = "MismatchingBindings",
        ["workflow/enum"] = "IllegalEnumValue",
        ["workflow/union-ambiguous"] = "AmbiguousBindingUnionValue",
        ["workflow/union-incompatible"] = "IncompatibleBindingUnionValue",
        ["branch/no-else"] = "BranchNodeHasNoDefault",
        ["branch/no-case"] = "BranchNodeHasNoCondition",
        ["branch/types"] = "MismatchingInterfaces",
        ["expression/compare"] = "MismatchingTypes",
        ["expression/type"] = "MismatchingTypes",
        ["expression/not-comparable"] = "ConditionNotPrimitive",
        ["expression/order"] = "OperatorNotDefined",
        ["each/outputs"] = "MapTaskMultipleOutputs",
        ["gate/approve-input"] = "ApproveOnWorkflowInput",
        ["gate/approve-nothing"] = "ApproveOnVoid",
    };

    private static readonly Dictionary<string, string> Reasons = new()
    {
        ["each/length"] = "InvalidArrayLength",
        ["each/too-few-successes"] = "too few successes",
        ["gate/rejected"] = "disapproved",
        ["gate/timeout"] = "timeout",
        ["workflow/fail"] = "UserProvidedError",
    };

    public static IEnumerable<CaseResult> Judge(JsonElement file)
    {
        foreach (JsonElement one in file.GetProperty("cases").EnumerateArray())
        {
            string id = one.GetProperty("id").GetString()!;
            foreach (CaseResult result in Guarded(id, () => JudgeCase(id, one)))
                yield return result;
        }
    }

    /// <summary>An exception is a failed vector, not the end of the run.</summary>
    private static List<CaseResult> Guarded(string id, Func<IEnumerable<CaseResult>> judge)
    {
        try
        {
            return [.. judge()];
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            return [new CaseResult(id, Verdict.Failed, $"{problem.GetType().Name}: {problem.Message}")];
        }
    }

    private static IEnumerable<CaseResult> JudgeCase(string id, JsonElement one)
    {
        JsonElement expect = one.GetProperty("expect");
        var graph = new FlyteGraph(one);
        SortedSet<string> found = Found(graph);
        SortedSet<string> wanted = expect.TryGetProperty("errors", out JsonElement errors) ? [.. errors.EnumerateArray().Select(Error)] : [];
        var problems = new List<string>();
        if (!found.SetEquals(wanted))
        {
            if (DifferenceOf(one, wanted, found) is { } reason)
            {
                yield return new CaseResult(id, Verdict.KnownDifference, reason);
                yield break;
            }
            problems.Add($"problems: expected [{string.Join(", ", wanted)}], found [{string.Join(", ", found)}]");
        }
        WorkflowShape shape = graph.Closure.ShapeOf(graph.Closure.Workflows["main"]);
        HashSet<(string, string)> edges = [.. shape.Workflow.Nodes.SelectMany(node => shape.Dependencies(node.Id).Select(need => (Collapse(need.Id.Text), Collapse(node.Id.Text))))];
        edges.RemoveWhere(edge => edge.Item1 == edge.Item2);
        if (expect.TryGetProperty("edges", out JsonElement given) && wanted.Count == 0 && !edges.SetEquals(Pairs(given)))
            problems.Add($"edges: expected {given}, found {string.Join(' ', edges)}");
        foreach ((string left, string right) in expect.TryGetProperty("unordered", out JsonElement unordered) ? Pairs(unordered) : [])
        {
            if (Reaches(edges, left, right) || Reaches(edges, right, left))
                problems.Add($"{left} and {right} must be allowed to run at the same time");
        }
        yield return new CaseResult(id, problems.Count == 0 ? Verdict.Passed : Verdict.Failed, string.Join("; ", problems));
        if (problems.Count > 0 || !one.TryGetProperty("executions", out JsonElement executions))
            yield break;
        var cache = new Dictionary<string, ImmutableSortedDictionary<string, Value>>();
        int number = 0;
        foreach (JsonElement execution in executions.EnumerateArray())
        {
            string name = $"{id}#{number++}";
            foreach (CaseResult result in Guarded(name, () => [new FlyteExecution(one, graph, execution, cache).Judge(name)]))
                yield return result;
        }
    }

    /// <summary>Where we are wider or stricter than the engine on purpose; each rule also says what ours is.</summary>
    private static string? DifferenceOf(JsonElement one, SortedSet<string> wanted, SortedSet<string> found)
    {
        string[] missing = [.. wanted.Except(found)];
        string[] added = [.. found.Except(wanted)];
        if (added.Length == 0 && missing.All(error => error.EndsWith(" MapTargetNotSupported", StringComparison.Ordinal)) && HasDynamicMap(one))
            return "a task that makes a graph can be mapped";
        if (added.Length == 0 && missing.All(error => error.EndsWith(" MismatchingTypes", StringComparison.Ordinal) && ComparesNumbers(one, error.Split(' ')[0])))
            return "integers and floats compare in conditions";
        return null;
    }

    private static bool HasDynamicMap(JsonElement one) => one.GetProperty("workflows").EnumerateObject().SelectMany(workflow => workflow.Value.GetProperty("nodes").EnumerateArray())
        .Any(node => node.TryGetProperty("kind", out JsonElement kind) && kind.GetString() == "map" && node.TryGetProperty("task", out JsonElement task)
            && one.GetProperty("tasks").TryGetProperty(task.GetString()!, out JsonElement target) && target.TryGetProperty("dynamic", out _));

    /// <summary>A condition of this node has an integer on one side and a float on the other.</summary>
    private static bool ComparesNumbers(JsonElement one, string branch) =>
        one.GetProperty("workflows").EnumerateObject().Any(workflow => workflow.Value.GetProperty("nodes").EnumerateArray()
            .Where(node => node.GetProperty("id").GetString() == branch && node.TryGetProperty("cases", out _))
            .SelectMany(node => Comparisons(node.GetProperty("cases")))
            .Any(pair => (KindOf(one, workflow.Value, pair[0]), KindOf(one, workflow.Value, pair[2])) is ("int", "float") or ("float", "int")));

    private static IEnumerable<JsonElement> Comparisons(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(entry => entry.Name == "cmp" && entry.Value.GetArrayLength() == 3 ? [entry.Value] : Comparisons(entry.Value)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Comparisons),
        _ => [],
    };

    /// <summary>The declared type of one side of a comparison, or of the constant.</summary>
    private static string KindOf(JsonElement one, JsonElement workflow, JsonElement side)
    {
        if (side.ValueKind == JsonValueKind.Number)
            return side.GetRawText().AsSpan().ContainsAny('.', 'e', 'E') ? "float" : "int";
        if (side.ValueKind != JsonValueKind.String || side.GetString()!.TrimStart('$').Split('.') is not [var root, var name])
            return "";
        if (root == "in")
            return workflow.GetProperty("in").GetProperty(name).GetString()!;
        return workflow.GetProperty("nodes").EnumerateArray()
            .Where(node => node.GetProperty("id").GetString() == root && node.TryGetProperty("task", out _))
            .Select(node => one.GetProperty("tasks").GetProperty(node.GetProperty("task").GetString()!).GetProperty("out").GetProperty(name).GetString()!)
            .FirstOrDefault("");
    }

    private static SortedSet<string> Found(FlyteGraph graph)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        IEnumerable<GraphProblem> problems = new GraphCheck(graph.Closure).Check("main").Concat(graph.Branches.SelectMany(branch => branch.Branch.Check(graph.Closure, branch.Workflow)));
        foreach (GraphProblem problem in problems.Where(problem => problem.Diagnostic.Severity == Severity.Error))
        {
            bool isHandler = problem.Node == FlyteGraph.Handler;
            string where = problem.Node is null || isHandler ? problem.Workflow : Collapse(problem.Node);
            found.Add($"{where} {(isHandler ? "FailureNodeInputMismatch" : Codes.GetValueOrDefault(problem.Diagnostic.Id, problem.Diagnostic.Id))}");
        }
        return found;
    }

    private static string Error(JsonElement error) =>
        $"{(error.TryGetProperty("node", out JsonElement node) ? node.GetString() : error.GetProperty("workflow").GetString())} {error.GetProperty("code").GetString()}";

    /// <summary>The vectors name a branch where we have its arms.</summary>
    public static string Collapse(string node) => node.Split('/')[0];

    public static IEnumerable<(string, string)> Pairs(JsonElement pairs) => pairs.EnumerateArray().Select(pair => (pair[0].GetString()!, pair[1].GetString()!));

    public static string? ReasonOf(string code) => Reasons.GetValueOrDefault(code);

    private static bool Reaches(HashSet<(string From, string To)> edges, string from, string to) =>
        edges.Where(edge => edge.From == from).Any(edge => edge.To == to || Reaches(edges, edge.To, to));
}
