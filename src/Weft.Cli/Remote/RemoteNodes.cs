using System.Text.Json;
using Weft.Cli.Terminal;
using Weft.Storage;
using Weft.Text;
using Weft.Tracking;
using Weft.Values;
using static Weft.Cli.Remote.RemoteCommands;

namespace Weft.Cli.Remote;

/// <summary><c>tag</c>, <c>label</c>, <c>why</c>, <c>approve</c>, <c>artifacts</c> and <c>secret list</c> on the project behind a server.</summary>
internal static class RemoteNodes
{
    public static int Tag(RemoteProject remote, IReadOnlyList<Source> words, bool deletes, Session session)
    {
        if (words.Count > 0 && deletes)
        {
            remote.Send(HttpMethod.Delete, $"{Api}tags/{Uri.EscapeDataString(words[0].Text)}", "{}");
            session.Say($"no tag `{words[0].Text}` any more");
            return ExitCodes.Succeeded;
        }
        if (words.Count == 2)
        {
            (string execution, string? path, _) = Split(words[1]);
            remote.Send(HttpMethod.Put, $"{Api}tags/{Uri.EscapeDataString(words[0].Text)}", json =>
            {
                json.WriteString("execution"u8, execution);
                if (path is not null)
                    json.WriteString("path"u8, path);
            });
            session.Say($"@{words[0].Text} is {words[1].Text}");
            return ExitCodes.Succeeded;
        }
        JsonElement[] tags = [.. remote.Get(Api + "tags").GetProperty("tags"u8).EnumerateArray().Where(tag => words.Count == 0 || TextOf(tag, "name") == words[0].Text)];
        if (tags.Length == 0 && words.Count > 0)
            throw new DiagnosticException("address/no-tag", $"no tag `{words[0].Text}`", words[0].Whole, "`weft tag` lists them");
        var table = new Table("TAG", "NAMES", "SINCE");
        foreach (JsonElement tag in tags)
            table.Add(TextOf(tag, "name"), TextOf(tag, "execution") + (TextOf(tag, "path") is { Length: > 0 } path ? "/" + path : ""), Amounts.Instant(TimeOf(tag, "moved")!.Value, TimeProvider.System));
        return Print(tags, table, "no tags", session);
    }

    public static int Label(RemoteProject remote, Source word, IReadOnlyList<Label> labels, IReadOnlyList<Source> removed, Session session)
    {
        JsonElement[] runs = [.. remote.Get($"{Api}runs?of={Uri.EscapeDataString(word.Text)}").GetProperty("runs"u8).EnumerateArray()];
        if (runs.Length == 0)
            throw new DiagnosticException("address/no-runs", $"`{word.Text}` has no recorded runs", word.Whole, "`weft runs` lists them");
        bool changes = labels.Count > 0 || removed.Count > 0;
        var table = new Table("RUN", "LABEL", "VALUE");
        var known = new List<(string Run, JsonElement Labels)>();
        foreach (JsonElement run in runs)
        {
            string path = $"{Api}runs/{TextOf(run, "run")}/labels";
            foreach (Label label in labels)
                remote.Send(HttpMethod.Put, $"{path}/{Uri.EscapeDataString(label.Key)}", json => json.WriteString("value"u8, label.Value));
            JsonElement present = remote.Get(path).GetProperty("labels"u8);
            known.Add((TextOf(run, "run"), present));
            foreach (Source key in removed.Where(key => present.TryGetProperty(key.Text, out _)))
                remote.Send(HttpMethod.Delete, $"{path}/{Uri.EscapeDataString(key.Text)}", "{}");
            foreach (JsonProperty label in present.EnumerateObject().Where(label => !label.Name.StartsWith("mlflow.", StringComparison.Ordinal)))
                table.Add(TextOf(run, "name"), label.Name, label.Value.ToString());
        }
        if (changes)
        {
            session.Say($"{Amounts.Count(runs.Length, "run")} labelled");
            return ExitCodes.Succeeded;
        }
        if (!session.Json)
            return Print([], table, "no labels", session);
        session.WriteJson(json =>
        {
            json.WriteStartObject();
            foreach ((string run, JsonElement present) in known)
            {
                json.WritePropertyName(run);
                present.WriteTo(json);
            }
            json.WriteEndObject();
        });
        return ExitCodes.Succeeded;
    }

    public static int Why(RemoteProject remote, Source word, Session session)
    {
        JsonElement answer = remote.Get(At(word, "why"));
        JsonElement nodes = answer.GetProperty("nodes"u8);
        if (session.Json)
        {
            session.WriteJson(nodes.WriteTo);
            return ExitCodes.Succeeded;
        }
        foreach (JsonElement node in nodes.EnumerateArray())
        {
            string[] lines = [.. node.GetProperty("reasons"u8).EnumerateArray().Select(line => line.ToString())];
            session.Out.WriteLine($"{TextOf(answer, "execution")}/{TextOf(node, "node")} {lines[0]}");
            foreach (string line in lines.Skip(1))
                session.Out.WriteLine("  " + line);
        }
        return ExitCodes.Succeeded;
    }

    public static int Answer(RemoteProject remote, Source word, bool yes, Session session)
    {
        (string execution, string? path, _) = Split(word);
        JsonElement answered = remote.Send(HttpMethod.Post, Of(execution) + "/answer", json =>
        {
            json.WriteBoolean("approve"u8, yes);
            json.WriteString("by"u8, Environment.UserName);
            if (path is not null)
                json.WriteString("path"u8, path);
        });
        session.Say($"{TextOf(answered, "execution")}/{TextOf(answered, "node")} {(yes ? "approved" : "rejected")}");
        return ExitCodes.Succeeded;
    }

    /// <summary>The outputs of an execution or a node; with a second word, what is in one that is a folder.</summary>
    public static int ListArtifacts(RemoteProject remote, IReadOnlyList<Source> words, Session session)
    {
        JsonElement[] rows = [.. remote.Get(At(words[0], "artifacts")).GetProperty("artifacts"u8).EnumerateArray()];
        if (words.Count > 1)
            return ListFiles(remote, Find(rows, words[0], words[1]), words[0], words[1], session);
        var table = new Table("NODE", "NAME", "KIND", "SIZE", "DIGEST");
        foreach (JsonElement row in rows)
            table.Add(TextOf(row, "node"), TextOf(row, "name"), TextOf(row, "kind"), new ByteSize(row.GetProperty("size"u8).GetInt64()).ToString(), Digest.Parse(TextOf(row, "digest")).Short);
        return Print(rows, table, $"{words[0].Text} has no outputs", session);
    }

    /// <summary>Copies a file, a folder or a file of a folder. What is there already with the same content stays.</summary>
    public static int GetArtifact(RemoteProject remote, Source word, Source output, string? target, string workingFolder, Session session)
    {
        string name = output.Text.Split('/')[0];
        string inside = output.Text.Length > name.Length + 1 ? output.Text[(name.Length + 1)..].TrimEnd('/') : "";
        JsonElement found = Find([.. remote.Get(At(word, "artifacts")).GetProperty("artifacts"u8).EnumerateArray()], word, output);
        string address = AddressOf(word, found);
        string place = Path.GetFullPath(target ?? (inside.Length > 0 ? Path.GetFileName(inside) : TextOf(found, "file")), workingFolder);
        if (TextOf(found, "kind") == "file")
        {
            if (inside.Length > 0)
                throw new DiagnosticException("artifacts/no-folder", $"`{name}` is a file: it has no `{inside}`", output.Whole);
            Copy(remote, address, place, TextOf(found, "digest"), isExecutable: false);
        }
        else
        {
            GetFolder(remote, address, inside, place, output);
        }
        session.Out.WriteLine(Path.GetRelativePath(session.Surroundings.WorkingFolder, place));
        return ExitCodes.Succeeded;
    }

    private static int ListFiles(RemoteProject remote, JsonElement output, Source word, Source named, Session session)
    {
        string inside = named.Text.Contains('/', StringComparison.Ordinal) ? named.Text[(named.Text.IndexOf('/', StringComparison.Ordinal) + 1)..].TrimEnd('/') : "";
        if (TextOf(output, "kind") == "file")
            throw new DiagnosticException("artifacts/no-folder", $"`{TextOf(output, "name")}` is a file: there is nothing in it to list", named.Whole);
        JsonElement[] files = [.. remote.Get(AddressOf(word, output)).GetProperty("files"u8).EnumerateArray()
            .Where(file => inside.Length == 0 || TextOf(file, "path") == inside || TextOf(file, "path").StartsWith(inside + "/", StringComparison.Ordinal))];
        var table = new Table("PATH", "KIND", "SIZE");
        foreach (JsonElement file in files)
            table.Add(TextOf(file, "path"), TextOf(file, "kind"), file.TryGetProperty("size"u8, out JsonElement size) ? new ByteSize(size.GetInt64()).ToString() : "");
        return Print(files, table, $"there is no `{inside}` in it", session);
    }

    private static JsonElement Find(JsonElement[] outputs, Source word, Source named)
    {
        string name = named.Text.Split('/')[0];
        JsonElement[] found = [.. outputs.Where(row => TextOf(row, "name") == name)];
        return found.Length == 1 ? found[0] : throw new DiagnosticException(found.Length == 0 ? "artifacts/unknown" : "artifacts/several",
            found.Length == 0 ? $"there is no output `{name}`" : $"{found.Length} nodes have an output `{name}`", named.Whole, $"`weft artifacts list {word.Text}` lists them");
    }

    private static string AddressOf(Source word, JsonElement output) =>
        $"{Of(Split(word).Execution)}/artifacts/{Uri.EscapeDataString(TextOf(output, "name"))}?path={Uri.EscapeDataString(TextOf(output, "node"))}";

    public static IReadOnlyList<string> Secrets(RemoteProject remote) => [.. remote.Get(Api + "secrets").GetProperty("secrets"u8).EnumerateArray().Select(name => name.ToString())];

    private static void GetFolder(RemoteProject remote, string address, string inside, string place, Source output)
    {
        string prefix = inside.Length == 0 ? "" : inside + "/";
        bool any = false;
        foreach (JsonElement entry in remote.Get(address).GetProperty("files"u8).EnumerateArray())
        {
            string path = TextOf(entry, "path");
            if (path != inside && !path.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            any = true;
            string file = path == inside ? place : Path.GetFullPath(Path.Combine(place, path[prefix.Length..]));
            if (!Locations.IsBelow(file, place))
                throw new DiagnosticException("server/refused", $"the server lists `{path}`, which would lie outside of the folder");
            if (TextOf(entry, "kind") == "folder")
                Directory.CreateDirectory(file);
            else if (TextOf(entry, "kind") == "file")
                Copy(remote, $"{address}&inside={Uri.EscapeDataString(path)}", file, TextOf(entry, "digest"), entry.GetProperty("executable"u8).GetBoolean());
            else if (!Path.Exists(file) && new FileInfo(file).LinkTarget is null)
                Link(file, TextOf(entry, "target"), place);
        }
        if (!any && inside.Length > 0)
            throw new DiagnosticException("artifacts/unknown", $"there is no `{inside}` in it", output.Whole);
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
    }

    /// <summary>A link of the folder, which a server must not use to have files written elsewhere.</summary>
    private static void Link(string file, string target, string place)
    {
        string folder = Path.GetDirectoryName(file)!;
        if (!Locations.IsBelow(Path.Combine(folder, target), place))
            throw new DiagnosticException("server/refused", $"the server lists a link to `{target}`, which would lead out of the folder");
        Directory.CreateDirectory(folder);
        File.CreateSymbolicLink(file, target);
    }

    /// <summary>Beside its place first, and compared with its digest, so that what stands there is whole.</summary>
    private static void Copy(RemoteProject remote, string address, string target, string digest, bool isExecutable)
    {
        Digest expected = Digest.Parse(digest);
        if (File.Exists(target) && FileHashes.Read(target) == expected)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        string part = $"{target}.{Environment.ProcessId}.part";
        using (FileStream file = File.Create(part))
            remote.Copy(address, file);
        if (FileHashes.Read(part) != expected)
        {
            File.Delete(part);
            throw new DiagnosticException("server/refused", $"the server sent other bytes than the content {expected.Short}", null, "run the command again");
        }
        if (isExecutable)
            File.SetUnixFileMode(part, File.GetUnixFileMode(part) | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        File.Move(part, target, overwrite: true);
    }

    /// <summary>The address of something of an execution, with its node in the query.</summary>
    private static string At(Source word, string what)
    {
        (string execution, string? path, _) = Split(word);
        return $"{Of(execution)}/{what}{(path is null ? "" : "?path=" + Uri.EscapeDataString(path))}";
    }

    private static int Print(JsonElement[] rows, Table table, string nothing, Session session)
    {
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartArray();
                foreach (JsonElement row in rows)
                    row.WriteTo(json);
                json.WriteEndArray();
            });
        }
        else if (table.Count == 0)
        {
            session.Say(nothing);
        }
        else
        {
            table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        }
        return ExitCodes.Succeeded;
    }
}
