using System.Collections.Immutable;
using System.Text;
using Weft.Expressions;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// Plain shell (POSIX) that repeats attempts without Weft: the folders, variables and commands that a task host would make, below <c>$RUN</c>, in the project's folder
/// or in a copy of it that is named as the first word. What tasks hand to each other is copied from where the earlier one wrote it; results that
/// became words stand as they were.
/// </summary>
internal sealed class ShellScript(string projectFolder, RunFolder folder)
{
    private const string EndOfText = "END_OF_TEXT";

    private readonly StringBuilder _text = new("""
        #!/bin/sh
        # What was run, for a machine without Weft: sh THIS [PROJECT]. Its files go to a new folder, or to that which RUN names.
        set -eu

        """);

    private readonly Dictionary<Digest, string> _made = [];

    public void Open() => _text.Append("PROJECT=${1:-").Append(Template.Quote(projectFolder)).Append("}\n")
        .Append("PROJECT=$(cd \"$PROJECT\" && pwd)\nRUN=${RUN:-$(mktemp -d)}\nmkdir -p \"$RUN/results\"\necho \"files of this run: $RUN\"\n");

    /// <summary>One attempt.</summary>
    /// <param name="outputs">What the node gave; where it wrote that is where later ones find it.</param>
    public void Add(Invocation call, ImmutableSortedDictionary<string, Value> outputs)
    {
        _text.Append("\n# ").Append(call.Path.Text).Append("\n(\n");
        Line("mkdir -p ", Quoted(call.Folder));
        foreach (Staged input in call.Staged)
            AddInput(input);
        foreach (Declared output in call.Outputs)
        {
            if (output.Path is not { } path)
                continue;
            Line("mkdir -p ", output.Type is TypeExpr.Folder ? Quoted(path) : ParentOf(path));
            if (outputs.GetValueOrDefault(output.Name) is Value.Blob made)
                _made[made.Digest] = Quoted(path);
        }
        AddVariables(call);
        string start = HostContract.FolderOf(call, projectFolder);
        if (call.Workspace == Workspace.Private)
            Line($"rm -rf {Quoted(HostContract.WorkspaceOf(call, projectFolder))} && mkdir -p {Quoted(HostContract.WorkspaceOf(call, projectFolder))} && (cd \"$PROJECT\" && tar cf - --exclude=./.weft --exclude=./.git .) | (cd {Quoted(HostContract.WorkspaceOf(call, projectFolder))} && tar xf -)");
        Line("cd ", Quoted(start));
        if (call.Lines is { } lines)
            AddText(HostContract.LinesPath(lines, start), string.Join('\n', lines.Content));
        Line(string.Join(' ', HostContract.Words(call, start).Select(Quoted)));
        _text.Append(")\n");
    }

    public override string ToString() => _text.ToString();

    private void AddInput(Staged input)
    {
        foreach ((Value.Blob blob, string path) in input.Files)
        {
            string source = _made.TryGetValue(blob.Digest, out string? made) ? made : $"\"${{CONTENT_{blob.Digest.Short}:?where the content {blob.Digest.Short} lies, which an earlier execution made}}\"";
            Line($"mkdir -p {ParentOf(path)} && rm -rf {Quoted(path)} && cp -R {source} {Quoted(path)}");
        }
        if (input.IsFolderOfMany)
        {
            Line("mkdir -p ", Quoted(input.Path));
            AddText($"{input.Path}/{Staged.Index}", CanonicalJson.Write(Staging.WithRelativePaths(input.Value, input.Laid, input.Path)) + "\n");
        }
    }

    private void AddVariables(Invocation call)
    {
        if (call.Requirements is { } requirements)
        {
            string python = call.Python is null ? "python3" : Quoted(Path.GetFullPath(Directory.Exists(Path.GetFullPath(call.Python, projectFolder)) ? $"{call.Python}/bin/python" : call.Python, projectFolder));
            string made = $"\"$RUN/python-{Digest.Of(call.Python + requirements).Short}\"";
            Line($"[ -d {made} ] || {{ {python} -m venv --system-site-packages {made} && {made}/bin/python -m pip install -q -r {Quoted(Path.GetFullPath(requirements, projectFolder))} 1>&2; }}");
            Line($"export PATH={made}/bin:\"$PATH\"");
        }
        // A search path stays the machine's own behind the programs that the task brings.
        foreach ((string name, string value) in HostContract.PythonVariables(call.Requirements is null ? call : call with { Python = null }, projectFolder, "$PATH"))
            Line($"export {name}=", name == "PATH" ? Quoted(value[..value.LastIndexOf(':')]) + ":\"$PATH\"" : Quoted(value));
        foreach ((string name, string value) in HostContract.Variables(call, folder, Grant.Nothing))
            Line($"export {name}=", Quoted(value));
        if (call.KeepsCheckpoints)
            Line("mkdir -p ", Quoted(folder.Checkpoint(call.Path)));
        if (!call.Inputs.IsEmpty)
            AddText(HostContract.ParamsPath(call), CanonicalJson.Write(new Value.Map(HostContract.ParamsOf(call))));
        foreach (string secret in call.Secrets)
            Line($": \"${{{secret}:?set this secret}}\"; export {secret}");
    }

    /// <summary>A file; paths in its text that lie below the folders of this run are those of the run that the script makes.</summary>
    private void AddText(string path, string content)
    {
        bool moves = content.Contains(projectFolder, StringComparison.Ordinal);
        string text = moves ? Moved(content, "\\$`") : content;
        string end = EndOfText;
        while (text.Contains(end, StringComparison.Ordinal))
            end += "_";
        Line($"cat > {Quoted(path)} <<{(moves ? end : $"'{end}'")}");
        _text.Append(text).Append(text.EndsWith('\n') ? "" : "\n").Append(end).Append('\n');
    }

    private void Line(params ReadOnlySpan<string> parts)
    {
        _text.Append("  ");
        foreach (string part in parts)
            _text.Append(part);
        _text.Append('\n');
    }

    private string ParentOf(string path) => Quoted(Path.GetDirectoryName(path)!);

    /// <summary>A word in quotes; paths of the run and of the project inside it lie where the script has them.</summary>
    private string Quoted(string word) => word.Contains(projectFolder, StringComparison.Ordinal) ? $"\"{Moved(word, "\\\"$`")}\"" : Template.Quote(word);

    /// <summary>The run's folder, which lies in the project's, comes first.</summary>
    /// <param name="special">Characters that stand for themselves only behind a backslash.</param>
    private string Moved(string text, string special) =>
        string.Join("${RUN}", text.Split(folder.Root).Select(part => string.Join("${PROJECT}", part.Split(projectFolder).Select(plain => Escaped(plain, special)))));

    private static string Escaped(string text, string special) => string.Concat(text.Select(c => special.Contains(c) ? $"\\{c}" : c.ToString()));
}
