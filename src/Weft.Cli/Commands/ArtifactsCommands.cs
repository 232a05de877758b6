using System.Collections.Immutable;
using Weft.Cli.CommandLine;
using Weft.Cli.Terminal;
using Weft.Execution;
using Weft.Storage;
using Weft.Text;
using Weft.Values;

namespace Weft.Cli.Commands;

/// <summary><c>weft artifacts</c>: what tasks gave, by the addresses of their nodes.</summary>
internal static class ArtifactsCommands
{
    private static readonly Flag Output = new("output", 'o', "PATH", "where to put it (the name of the output, here)");

    public static readonly Command List = new("artifacts list", "list the outputs of an execution or a node", "REF", [], RunList)
    {
        Count = (1, 1),
        Examples = [("weft artifacts list -", "of the newest execution"), ("weft artifacts list wet-mongoose-1/train/3", "of one point")],
    };

    public static readonly Command Get = new("artifacts get", "copy an output out of the store", "REF NAME[/PATH]", [Output], RunGet)
    {
        Aliases = ["artifacts download"],
        Count = (2, 2),
        Detail = "What is copied is compared with its digest. A file that is there already with the same content is left as it is,\nso a copy that was interrupted goes on when the command is given again.",
        Examples = [("weft artifacts get -/train/3 model", "into ./model, with the ending that the program gave it"), ("weft artifacts get @champion report -o out.html", "under another name"), ("weft artifacts get -/prepare data/train.csv", "one file of a folder")],
    };

    public static readonly Command Put = new("artifacts put", "put a file or a folder into the store", "PATH", [], RunPut)
    {
        Count = (1, 1),
        Detail = "Prints its digest.",
    };

    private static int RunList(Arguments arguments, Session session)
    {
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        Address address = Address.Find(store, arguments.Words[0]);
        var rows = Outputs(store, address).ToList();
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartArray();
                foreach ((NodePath path, string name, Value.Blob blob) in rows)
                {
                    json.WriteStartObject();
                    json.WriteString("node", path.Text);
                    json.WriteString("name", name);
                    json.WriteString("kind", blob.Kind == BlobKind.Folder ? "folder" : "file");
                    json.WriteNumber("size", blob.Size);
                    json.WriteString("digest", blob.Digest.ToString());
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
            return ExitCodes.Succeeded;
        }
        if (rows.Count == 0)
        {
            session.Say($"{address.Execution.Name} has no outputs{(address.Path is { } path ? $" at {path}" : "")}");
            return ExitCodes.Succeeded;
        }
        var table = new Table("NODE", "NAME", "KIND", "SIZE", "DIGEST");
        foreach ((NodePath path, string name, Value.Blob blob) in rows)
            table.Add(path.Text, name, blob.Kind == BlobKind.Folder ? "folder" : "file", new ByteSize(blob.Size).ToString(), blob.Digest.Short);
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        return ExitCodes.Succeeded;
    }

    private static int RunGet(Arguments arguments, Session session)
    {
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        Source word = arguments.Words[1];
        string name = word.Text.Split('/')[0];
        string? inside = word.Text.Length > name.Length + 1 ? word.Text[(name.Length + 1)..].TrimEnd('/') : null;
        Address address = Address.Find(store, arguments.Words[0]);
        var found = Outputs(store, address).Where(output => output.Name == name).ToList();
        if (found.Count != 1)
        {
            throw new DiagnosticException(found.Count == 0 ? "artifacts/unknown" : "artifacts/several", found.Count == 0 ? $"there is no output `{name}`" : $"{found.Count} nodes have an output `{name}`", word.Whole,
                found.Count == 0 ? Suggest.HintOrList(name, [.. Outputs(store, address).Select(output => output.Name).Distinct()], "there are") : $"say which: `weft artifacts get {address.Execution.Name}/{found[0].Path} {name}`");
        }
        Value.Blob blob = found[0].Blob;
        BlobStore blobs = store.Blobs;
        string target = Path.GetFullPath(arguments.Value(Output) ?? (inside is null ? name + Ending(blob) : Path.GetFileName(inside)), Launch.WorkingFolder(arguments, session));
        try
        {
            if (blob.Kind == BlobKind.Folder)
                GetFolder(blobs, blob, inside, target, word);
            else if (inside is null)
                GetFile(blobs, blob.Digest, target, isExecutable: false);
            else
                throw new DiagnosticException("artifacts/no-folder", $"`{name}` is a file: it has no `{inside}`", word.Whole);
        }
        catch (IOException error)
        {
            session.Say($"error: {error.Message}");
            return ExitCodes.Failed;
        }
        session.Out.WriteLine(Path.GetRelativePath(session.Surroundings.WorkingFolder, target));
        return ExitCodes.Succeeded;
    }

    private static void GetFolder(BlobStore blobs, Value.Blob blob, string? inside, string target, Source word)
    {
        TreeManifest manifest = new Trees(blobs).Read(blob.Digest);
        string prefix = inside is null ? "" : inside + "/";
        if (inside is not null && manifest.Entries.OfType<TreeEntry.File>().FirstOrDefault(file => file.Path == inside) is { } one)
        {
            GetFile(blobs, one.Digest, target, one.IsExecutable);
            return;
        }
        ImmutableArray<TreeEntry> entries = [.. manifest.Entries.Where(entry => entry.Path.StartsWith(prefix, StringComparison.Ordinal))];
        if (entries.IsEmpty && inside is not null)
            throw new DiagnosticException("artifacts/unknown", $"there is no `{inside}` in it", word.Whole, Suggest.HintOrList(inside, [.. manifest.Entries.Select(entry => entry.Path).Take(12)], "it has"));
        Directory.CreateDirectory(target);
        foreach (TreeEntry entry in entries)
        {
            string path = Path.Combine(target, entry.Path[prefix.Length..]);
            Directory.CreateDirectory(entry is TreeEntry.EmptyFolder ? path : Path.GetDirectoryName(path)!);
            if (entry is TreeEntry.File file)
                GetFile(blobs, file.Digest, path, file.IsExecutable);
            else if (entry is TreeEntry.Link link && !Path.Exists(path) && new FileInfo(path).LinkTarget is null)
                File.CreateSymbolicLink(path, link.Target);
        }
    }

    /// <summary>Beside its place first, so that what stands there is whole; a file with the same content stays.</summary>
    private static void GetFile(BlobStore blobs, Digest digest, string target, bool isExecutable)
    {
        if (File.Exists(target) && FileHashes.Read(target) == digest)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        string temporary = $"{target}.{Environment.ProcessId}.part";
        blobs.Get(digest, temporary, HandOut.Writable, isExecutable);
        if (FileHashes.Read(temporary) != digest)
        {
            File.Delete(temporary);
            throw new IOException($"the content {digest.Short} in {blobs.Location} is damaged: run what made it again");
        }
        File.Move(temporary, target, overwrite: true);
    }

    private static int RunPut(Arguments arguments, Session session)
    {
        string root = Launch.FindRoot(arguments, session);
        using ProjectStore store = ProjectStore.Open(root, session, toWrite: true);
        Source word = arguments.Words[0];
        string path = Path.GetFullPath(word.Text, Launch.WorkingFolder(arguments, session));
        if (!Path.Exists(path))
            throw new DiagnosticException("artifacts/no-file", $"there is no file or folder `{word.Text}`", word.Whole);
        StoredBlob stored = Directory.Exists(path) ? new Trees(store.Blobs).Put(path, Intake.Copy, CancellationToken.None) : store.Blobs.PutFile(path, Intake.Copy, CancellationToken.None);
        session.Out.WriteLine(stored.Digest.ToString());
        session.Say($"{new ByteSize(stored.Size)} in {store.Blobs.Location}");
        return ExitCodes.Succeeded;
    }

    /// <summary>The files and folders that a node, or every node of an execution, has given so far.</summary>
    private static IEnumerable<(NodePath Path, string Name, Value.Blob Blob)> Outputs(ProjectStore store, Address address)
    {
        var found = new List<(NodePath, string, Value.Blob)>();
        store.Records.ReadNodes(address.Execution.Id, row =>
        {
            if (row.Outputs is null || row.Tally is not null || (address.Path is { } wanted && wanted != row.Path && wanted != row.Path.Parent))
                return;
            foreach ((string name, Value value) in StateRows.ReadValues(row.Outputs))
            {
                if (value is Value.Blob blob)
                    found.Add((row.Path, name, blob));
            }
        });
        return found;
    }

    private static string Ending(Value.Blob blob) =>
        blob is { Kind: not BlobKind.Folder, Uri: { } uri } && uri.StartsWith(Tasks.Staged.NameScheme, StringComparison.Ordinal) ? Path.GetExtension(uri) : "";
}
