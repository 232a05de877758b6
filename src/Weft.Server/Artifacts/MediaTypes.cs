using System.Collections.Frozen;

namespace Weft.Server.Artifacts;

/// <summary>Guesses the type of a file by its name. What people read is text, whatever its language.</summary>
internal static class MediaTypes
{
    private static readonly FrozenSet<string> s_text = FrozenSet.ToFrozenSet(
    [
        "txt", "log", "err", "cfg", "conf", "cnf", "cf", "ini", "properties", "prop", "hocon", "toml", "yaml", "yml", "xml", "json", "js", "py", "py3", "csv",
        "tsv", "md", "rst", "mlmodel", "mlproject",
    ]);

    private static readonly FrozenDictionary<string, string> s_known = new Dictionary<string, string>
    {
        ["html"] = "text/html", ["htm"] = "text/html", ["css"] = "text/css", ["svg"] = "image/svg+xml", ["png"] = "image/png", ["jpg"] = "image/jpeg",
        ["jpeg"] = "image/jpeg", ["gif"] = "image/gif", ["webp"] = "image/webp", ["bmp"] = "image/bmp", ["ico"] = "image/vnd.microsoft.icon",
        ["pdf"] = "application/pdf", ["zip"] = "application/zip", ["gz"] = "application/gzip", ["tar"] = "application/x-tar", ["mp4"] = "video/mp4",
        ["webm"] = "video/webm", ["mp3"] = "audio/mpeg", ["wav"] = "audio/x-wav", ["ipynb"] = "application/x-ipynb+json", ["wasm"] = "application/wasm",
    }.ToFrozenDictionary();

    public static string Of(string path)
    {
        string name = Path.GetFileName(path);
        string extension = name.Contains('.', StringComparison.Ordinal) ? name[(name.LastIndexOf('.') + 1)..] : name;
        if (s_text.Contains(extension.ToLowerInvariant()))
            return "text/plain";
        return s_known.GetValueOrDefault(extension.ToLowerInvariant(), "application/octet-stream");
    }
}
