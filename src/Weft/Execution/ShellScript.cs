using System.Collections.Immutable;
using System.Text;
using Weft.Expressions;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// Plain shell that repeats attempts without Weft: the folders, variables and commands that a task host would make. What tasks hand to each other is copied
/// from where the earlier one wrote it; results that became words stand as they were.
/// </summary>
internal sealed class ShellScript(string projectFolder, string runFolder)
{
    private readonly StringBuilder _text = new("""
        #!/usr/bin/env bash
        # What was run, for a machine without Weft.
        set -euo pipefail

        """);

    private readonly Dictionary<Digest, string> _made = [];

    public void Open() => _text.Append("cd ").Append(Template.Quote(projectFolder)).Append("\nRUN=$(mktemp -d)\necho \"files of this run: $RUN\"\n");

    /// <summary>One attempt.</summary>
    /// <param name="outputs">What the node gave; where it wrote that is where later ones find it.</param>
    public void Add(Invocation call, ImmutableSortedDictionary<string, Value> outputs)
    {
        string folder = InRun(call.Folder);
        _text.Append("\n# ").Append(call.Path.Text).Append("\n(\n  mkdir -p ").Append(folder).Append('\n');
        foreach (Staged input in call.Staged)
        {
            foreach ((Value.Blob blob, string path) in input.Files)
                _text.Append("  mkdir -p \"$(dirname ").Append(InRun(path)).Append(")\" && cp -R ").Append(_made.TryGetValue(blob.Digest, out string? source) ? source : $"\"content {blob.Digest.Short} of the store\"").Append(' ').Append(InRun(path)).Append('\n');
            if (input.IsFolderOfMany)
            {
                _text.Append("  mkdir -p ").Append(InRun(input.Path)).Append(" && cat > ").Append(InRun($"{input.Path}/{Staged.Index}")).Append(" <<'END_OF_INDEX'\n")
                    .Append(CanonicalJson.Write(Staging.WithRelativePaths(input.Value, input.Laid, input.Path))).Append("\nEND_OF_INDEX\n");
            }
        }
        foreach (Declared output in call.Outputs)
        {
            if (output.Path is not { } path)
                continue;
            _text.Append("  mkdir -p ").Append(output.Type is TypeExpr.Folder ? InRun(path) : $"\"$(dirname {InRun(path)})\"").Append('\n');
            _text.Append("  export WEFT_OUTPUT_").Append(output.Name.ToUpperInvariant()).Append('=').Append(InRun(path)).Append('\n');
            if (outputs.GetValueOrDefault(output.Name) is Value.Blob made)
                _made[made.Digest] = InRun(path);
        }
        _text.Append("  export WEFT_RESULTS=").Append(folder).Append("/results\n");
        foreach ((string name, string value) in call.Env)
            _text.Append("  export ").Append(name).Append('=').Append(Quoted(value)).Append('\n');
        foreach (string secret in call.Secrets)
            _text.Append("  : \"${").Append(secret).Append(":?set this secret}\"\n");
        if (call.WorkingFolder is { } inside)
            _text.Append("  cd ").Append(Template.Quote(inside)).Append('\n');
        _text.Append("  ").Append(call.Body switch
        {
            CallBody.Command command => string.Join(' ', command.Words.Select(Quoted)),
            CallBody.Shell shell => "bash -c " + Quoted(shell.Script),
            _ => "false",
        }).Append("\n)\n");
    }

    public override string ToString() => _text.ToString();

    /// <summary>A path of the run as one below <c>$RUN</c>, in double quotes.</summary>
    private string InRun(string path) => path.StartsWith(runFolder, StringComparison.Ordinal) ? $"\"$RUN{Escaped(path[runFolder.Length..])}\"" : Template.Quote(path);

    /// <summary>A word in quotes, paths of the run inside it below <c>$RUN</c>.</summary>
    private string Quoted(string word) => word.Contains(runFolder, StringComparison.Ordinal)
        ? $"\"{string.Join("$RUN", word.Split(runFolder).Select(Escaped))}\""
        : Template.Quote(word);

    private static string Escaped(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("$", "\\$", StringComparison.Ordinal).Replace("`", "\\`", StringComparison.Ordinal);
}
