using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>Reads a configuration from YAML text: its header lines <c># @key value</c>, then the document.</summary>
internal static class ConfigText
{
    /// <summary>So far into a text a header is looked for.</summary>
    private const int HeaderLength = 512;

    public const string Ending = ".yaml";

    /// <summary>The file name of a path; a name may be given with its ending.</summary>
    public static string FileName(string path) => path.EndsWith(Ending, StringComparison.Ordinal) ? path : path + Ending;

    public static ConfigDocument? Read(Source source, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        string? package = ReadHeader(source, diagnostics);
        ConfigNode? root = diagnostics.Errors == before ? ConfigReader.Read(source, diagnostics) : null;
        return root is null ? null : new ConfigDocument(root, package);
    }

    /// <summary>The package of the header. Empty lines may stand between header lines; any other line ends it, an ordinary comment too.</summary>
    private static string? ReadHeader(Source source, Diagnostics diagnostics)
    {
        string? package = null;
        ReadOnlySpan<char> text = source.Text.AsSpan(0, Math.Min(HeaderLength, source.Text.Length));
        int start = 0;
        while (start < text.Length)
        {
            int length = text[start..].IndexOfAny('\r', '\n');
            if (length < 0)
                length = text.Length - start;
            ReadOnlySpan<char> line = text.Slice(start, length).Trim();
            int lineStart = start;
            start += length + 1;
            if (line.IsEmpty)
                continue;
            if (line[0] != '#' || !line.TrimStart("# \t").StartsWith("@"))
                break;
            ReadOnlySpan<char> directive = line.TrimStart('#').Trim();
            string[] parts = directive.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length != 2)
            {
                string problem = parts.Length < 2 ? $"`{parts[0]}` of the header has no value" : $"`{parts[0]}` of the header has more than one value";
                diagnostics.Error("compose/header", problem, source.At(lineStart, length), "write `# @package NAME`");
                return null;
            }
            if (parts[0] == "@package")
                package = parts[1];
        }
        return package;
    }
}
