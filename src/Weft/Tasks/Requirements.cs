namespace Weft.Tasks;

/// <summary>Files of requirements, as pip reads them.</summary>
public static class Requirements
{
    /// <summary>The files that one consists of: itself, and those that <c>-r</c> and <c>-c</c> lines in it name, each once. Missing ones are among them.</summary>
    /// <param name="file">Absolute.</param>
    public static IReadOnlyList<string> FilesOf(string file)
    {
        var files = new List<string> { file };
        for (int i = 0; i < files.Count; i++)
        {
            if (!File.Exists(files[i]))
                continue;
            foreach (string line in File.ReadLines(files[i]))
            {
                string[] words = line.Trim().Split([' ', '\t', '='], 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                if (words is ["-r" or "--requirement" or "-c" or "--constraint", var named] && Path.GetFullPath(named.Trim('"', '\''), Path.GetDirectoryName(files[i])!) is var other && !files.Contains(other))
                    files.Add(other);
            }
        }
        return files;
    }
}
