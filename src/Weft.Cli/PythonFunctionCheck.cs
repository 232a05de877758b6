using System.Text.Json;
using Weft.Platform;
using Weft.Text;

namespace Weft.Cli;

/// <summary>
/// Looks at a Python function before anything calls it: that the user's interpreter can import it, and that it takes one argument, the list of words.
/// The module is imported as it will be when the function is called, in the project's folder; what it prints goes to standard error.
/// </summary>
internal static class PythonFunctionCheck
{
    /// <summary>
    /// Prints one JSON document: what is wrong, or nothing. Python follows <c>__wrapped__</c> when it looks at a signature; a call does not, so neither do we.
    /// </summary>
    private const string Code = """
        import importlib, inspect, json, os, sys
        out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        def check(path):
            module_name, _, name = path.rpartition(".")
            try:
                module = importlib.import_module(module_name)
            except BaseException as error:
                return {"wrong": "import", "text": f"{type(error).__name__}: {error}"}
            if not hasattr(module, name):
                names = [one for one in dir(module) if not one.startswith("_") and inspect.isroutine(getattr(module, one, None))]
                return {"wrong": "missing", "names": names}
            function = getattr(module, name)
            if not callable(function):
                return {"wrong": "not-callable", "text": type(function).__name__}
            try:
                signature = inspect.signature(function, follow_wrapped=False)
            except (TypeError, ValueError):
                return {}
            try:
                signature.bind([])
            except TypeError as error:
                return {"wrong": "signature", "text": str(error), "signature": str(signature)}
            return {}
        json.dump(check(sys.argv[1]), out)
        out.flush()
        os._exit(0)
        """;

    /// <summary>Adds what is wrong with the function, at the place where its path stands.</summary>
    /// <param name="folder">The project's folder.</param>
    public static void Check(Excerpt function, string folder, Diagnostics diagnostics)
    {
        CommandResult result = Platform.Command.Run(["python3", "-c", Code, function.Text], folder, EnvironmentBlock.Current(), CancellationToken.None);
        if (!result.Succeeded)
        {
            diagnostics.Error("python/check", $"python3 could not look at `{function.Text}`: it ended with code {result.Status.Code}", function.At, LastLine(result.Error));
            return;
        }
        using JsonDocument answer = JsonDocument.Parse(result.Output);
        JsonElement json = answer.RootElement;
        string path = function.Text;
        int dot = path.LastIndexOf('.');
        string module = path[..dot];
        switch (Text(json, "wrong"))
        {
            case "import":
                diagnostics.Error("python/import", $"python3 cannot import `{module}`: {Text(json, "text")}", function.At,
                    $"modules are looked for in {folder} and where PYTHONPATH says; `python3 -c 'import {module}'` shows the whole error");
                break;
            case "missing":
                string[] names = [.. json.GetProperty("names").EnumerateArray().Select(name => name.GetString()!)];
                diagnostics.Error("python/no-function", $"the module `{module}` has no `{path[(dot + 1)..]}`", function.At, Suggest.HintOrList(path[(dot + 1)..], names, "its functions are"));
                break;
            case "not-callable":
                diagnostics.Error("python/not-callable", $"`{path}` is an object of the type `{Text(json, "text")}`, which cannot be called", function.At);
                break;
            case "signature":
                diagnostics.Error("python/signature", $"`{path}{Text(json, "signature")}` cannot be called with one argument, the list of words: {Text(json, "text")}", function.At,
                    $"declare it as `def {path[(dot + 1)..]}(args)`");
                break;
        }
    }

    private static string Text(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement text) ? text.GetString() ?? "" : "";

    private static string? LastLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [.., var last] ? last : null;
}
