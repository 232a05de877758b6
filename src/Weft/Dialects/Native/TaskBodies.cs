using System.Collections.Immutable;
using Weft.Config.Yaml;
using Weft.Expressions;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Dialects.Native;

/// <summary>What a task runs: <c>run</c>, <c>script</c>, <c>call</c> or <c>fail</c>.</summary>
internal static class TaskBodies
{
    /// <summary>
    /// Calls the function that the first argument names with the task's parameters by name; an output whose name the function takes is the path to
    /// write it to. What it returns are results.
    /// </summary>
    private const string CallCode = """
        import importlib, inspect, json, os, sys
        module, _, name = sys.argv[1].partition(":")
        function = importlib.import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
        path = os.environ.get("WEFT_PARAMS")
        given = json.load(open(path, encoding="utf-8")) if path else {}
        takes = inspect.signature(function).parameters
        for output in sys.argv[2:]:
            if output in takes:
                given[output] = os.environ["WEFT_OUTPUT_" + "".join(c.upper() if c.isascii() and c.isalnum() else "_" for c in output)]
        result = function(**given)
        if result is not None:
            with open(os.environ["WEFT_RESULTS"], "a", encoding="utf-8") as results:
                results.write(json.dumps(result if isinstance(result, dict) else {"result": result}) + "\n")
        """;

    /// <summary>The body that stands in a task or in its <c>else</c>; null when there is none or it is wrong.</summary>
    public static TaskBody? Of(YamlMapping task, IEnumerable<string> outputs, Naming naming, Diagnostics problems)
    {
        if (task["run"] is { } run)
            return WordsOf(run, naming, problems) is { IsDefaultOrEmpty: false } words ? new TaskBody.Command(words) : null;
        if (task["script"] is YamlScalar script && task.TextOf("script") is { } text)
            return Template.Parse(text, script.At, problems, naming) is { } template ? new TaskBody.Shell(template) : null;
        if (task.TextOf("call") is { } call)
            return new TaskBody.Command([Expr.Of("python3"), Expr.Of("-c"), Expr.Of(CallCode), new Expr.Literal(Value.Of(call), task["call"]!.At), .. outputs.Select(Expr.Of)]);
        return task["fail"] is YamlScalar fail && Template.Parse(fail.Text, fail.At, problems, naming) is { } message ? new TaskBody.Fail(message) : null;
    }

    /// <summary>The module of a <c>call</c>, as a file: <c>pkg/mod.py</c>.</summary>
    public static string? FileOfCall(YamlMapping task) => task.TextOf("call")?.Split(':')[0].Replace('.', '/') is { } module ? module + ".py" : null;

    private static ImmutableArray<Expr> WordsOf(YamlNode run, Naming naming, Diagnostics problems)
    {
        if (run is YamlScalar scalar)
        {
            ImmutableArray<Expr> words = Template.Words(scalar.Text, scalar.At, problems, naming) ?? default;
            if (!words.IsDefault && words.IsEmpty)
                problems.Error("weft/empty-command", "expected a command, found only blanks", scalar.At);
            return words;
        }
        var all = ImmutableArray.CreateBuilder<Expr>();
        foreach (YamlScalar word in ((run as YamlSequence)?.Items ?? []).OfType<YamlScalar>())
        {
            if (Template.Parse(word.Text, word.At, problems, naming) is { } one)
                all.Add(one);
        }
        return all.ToImmutable();
    }
}
