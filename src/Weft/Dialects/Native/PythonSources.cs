using System.Collections.Immutable;

namespace Weft.Dialects.Native;

/// <summary>
/// The files of a project that a command runs: those that its words name, and the project's own modules that Python files among them import,
/// directly or through others. Imports are found by reading lines, so one that is made at run time is not seen: <c>sources</c> names it.
/// </summary>
internal static class PythonSources
{
    /// <summary>A file above this size is data, not code.</summary>
    private const long MostBytes = 1 << 20;

    /// <summary>Relative to the project's folder, sorted.</summary>
    public static ImmutableArray<string> Of(string folder, string? workingFolder, IEnumerable<string> words)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>();
        string start = Path.GetFullPath(workingFolder ?? ".", folder);
        foreach (string word in words)
        {
            if (word.Length is 0 or > 1000 || word[0] == '-' || word.Contains('\0'))
                continue;
            Add(Path.GetFullPath(word, start));
        }
        while (open.TryDequeue(out string? path))
        {
            foreach (string module in ImportsOf(path))
                AddModule(module, Path.GetDirectoryName(path)!);
        }
        return [.. found];

        void AddModule(string module, string beside)
        {
            string relative = module.TrimStart('.').Replace('.', '/');
            int dots = module.Length - module.TrimStart('.').Length;
            string root = beside;
            for (int i = 1; i < dots; i++)
                root = Path.GetDirectoryName(root) ?? root;
            foreach (string where in dots > 0 ? [root] : new[] { beside, start, folder })
            {
                for (string part = relative; part.Length > 0; part = part.Contains('/') ? part[..part.LastIndexOf('/')] : "")
                {
                    Add(Path.Combine(where, part + ".py"));
                    Add(Path.Combine(where, part, "__init__.py"));
                }
            }
        }

        void Add(string path)
        {
            string relative = Path.GetRelativePath(folder, path);
            if (relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative) || !File.Exists(path) || new FileInfo(path).Length > MostBytes)
                return;
            if (found.Add(relative) && path.EndsWith(".py", StringComparison.Ordinal))
                open.Enqueue(path);
        }
    }

    /// <summary>The modules that the lines <c>import a.b, c</c> and <c>from .a import b</c> name; of the second form also what is imported, which may be a module.</summary>
    private static IEnumerable<string> ImportsOf(string path)
    {
        foreach (string raw in File.ReadLines(path))
        {
            string line = raw.Trim();
            if (line.StartsWith("import ", StringComparison.Ordinal))
            {
                foreach (string part in line["import ".Length..].Split(','))
                    yield return FirstWord(part);
            }
            else if (line.StartsWith("from ", StringComparison.Ordinal) && line.IndexOf(" import ", StringComparison.Ordinal) is > 0 and var at)
            {
                string module = line["from ".Length..at].Trim();
                yield return module;
                foreach (string part in line[(at + " import ".Length)..].Trim('(', ')', ' ').Split(','))
                {
                    string name = FirstWord(part);
                    if (name.Length > 0 && name != "*")
                        yield return module.EndsWith('.') ? module + name : $"{module}.{name}";
                }
            }
        }
    }

    private static string FirstWord(string text)
    {
        text = text.Trim();
        int end = text.AsSpan().IndexOfAny(" \t;#()\\");
        return end < 0 ? text : text[..end];
    }
}
