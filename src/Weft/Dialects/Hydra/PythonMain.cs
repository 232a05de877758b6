using System.Collections.Immutable;

namespace Weft.Dialects.Hydra;

/// <summary>
/// What a Python program says of its configuration: the literal arguments of <c>@hydra.main(config_path="conf", config_name="config")</c>. Read
/// from the text; nothing is imported or run.
/// </summary>
/// <param name="ConfigPath">Relative to the program's folder; null when it has none, or one that is computed.</param>
/// <param name="ConfigName">Null when it has none, or one that is computed.</param>
/// <param name="VersionBase">Null when it is not given, or computed.</param>
internal sealed record PythonMain(string? ConfigPath, string? ConfigName, string? VersionBase)
{
    private static readonly string[] Parameters = ["config_path", "config_name", "version_base"];

    /// <summary>Null when the text has no such decorator.</summary>
    public static PythonMain? Read(string text)
    {
        int at = -1;
        foreach (string decorator in (string[])["@hydra.main(", "@main("])
        {
            if (at < 0 && (decorator[1] == 'h' || text.Contains("from hydra import", StringComparison.Ordinal)))
                at = text.IndexOf("\n" + decorator, StringComparison.Ordinal) is >= 0 and var found ? found + 1 + decorator.Length : -1;
        }
        if (at < 0)
            return null;
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        int position = 0;
        foreach (string argument in Arguments(text, at))
        {
            int equals = argument.IndexOf('=');
            bool isNamed = equals > 0 && argument.AsSpan(0, equals).Trim().IndexOfAny('"', '\'') < 0;
            string name = isNamed ? argument[..equals].Trim() : Parameters[Math.Min(position++, 2)];
            if (Literal(isNamed ? argument[(equals + 1)..] : argument) is { } value)
                given[name] = value;
        }
        return new PythonMain(given.GetValueOrDefault("config_path"), given.GetValueOrDefault("config_name"), given.GetValueOrDefault("version_base"));
    }

    /// <summary>Modules that the text imports: <c>a.b</c> of <c>import a.b</c> and of <c>from a.b import c</c>, and then <c>a.b.c</c> too.</summary>
    public static ImmutableArray<string> Imports(string text)
    {
        var modules = ImmutableArray.CreateBuilder<string>();
        foreach (ReadOnlySpan<char> each in text.AsSpan().EnumerateLines())
        {
            string[] words = each.ToString().Split((char[])[' ', '\t', ',', '(', ')'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["from", var module, "import", ..])
            {
                modules.Add(module);
                modules.AddRange(words[3..].Select(name => $"{module.TrimEnd('.')}.{name}"));
            }
            else if (words is ["import", ..])
            {
                modules.AddRange(words[1..]);
            }
        }
        return modules.ToImmutable();
    }

    /// <summary>The arguments of a call, split at the commas outside of brackets and quotes.</summary>
    private static IEnumerable<string> Arguments(string text, int start)
    {
        int depth = 0;
        char quote = '\0';
        int begin = start;
        for (int i = start; i < text.Length; i++)
        {
            char c = text[i];
            if (quote != '\0')
                quote = c == quote ? '\0' : quote;
            else if (c is '"' or '\'')
                quote = c;
            else if (c is '(' or '[' or '{')
                depth++;
            else if (c is ')' or ']' or '}' && depth-- == 0)
            {
                yield return text[begin..i].Trim();
                yield break;
            }
            else if (c == ',' && depth == 0)
            {
                yield return text[begin..i].Trim();
                begin = i + 1;
            }
        }
    }

    private static string? Literal(string expression)
    {
        expression = expression.Trim();
        bool isQuoted = expression.Length >= 2 && expression[0] is '"' or '\'' && expression[^1] == expression[0];
        return isQuoted && expression.AsSpan(1, expression.Length - 2).IndexOfAny('\\', expression[0]) < 0 ? expression[1..^1] : null;
    }
}
