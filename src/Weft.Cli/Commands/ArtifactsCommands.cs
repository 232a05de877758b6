using System.Collections.Immutable;
using System.Globalization;
using Weft.Cli.CommandLine;
using Weft.Cli.Remote;
using Weft.Cli.Terminal;
using Weft.Dialects;
using Weft.Storage;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Cli.Commands;

/// <summary><c>weft artifacts</c>: the outputs of executions, by the addresses that every command takes, and files of the user's own.</summary>
internal static class ArtifactsCommands
{
    private static readonly Flag Output = new("output", 'o', "PATH", "where to put it (the name of the output, here)");

    public static readonly Command List = new("artifacts list", "list the outputs of an execution or a node, or what is in one", "REF [NAME[/PATH]]", [], RunList)
    {
        Count = (1, 2),
        Detail = "Of a node that runs, or ended without success, the files are listed as far as they came.",
        Examples = [("weft artifacts list -", "of the newest execution"), ("weft artifacts list wet-mongoose-1/train/3", "of one point"), ("weft artifacts list -/prepare data", "the files of a folder")],
    };

    public static readonly Command Get = new("artifacts get", "copy an output out of the store", "REF NAME[/PATH]", [Output], RunGet)
    {
        Count = (2, 2),
        Detail = "What is copied is compared with its digest. A file that is there already with the same content is left as it is, and one\n"
            + "that was being copied is gone on with: after an interruption, give the command again. Of a node that runs, or ended\nwithout success, the files are copied as far as they came.",
        Examples = [("weft artifacts get -/train/3 model", "into ./model, with the ending that the program gave it"), ("weft artifacts get @champion report -o out.html", "under another name"), ("weft artifacts get -/prepare data/train.csv", "one file of a folder")],
    };

    public static readonly Command Put = new("artifacts put", "put a file or a folder into the store", "PATH", [], RunPut)
    {
        Count = (1, 1),
        Detail = "Prints its digest. Putting it again goes on after an interruption. What neither an execution nor a cached result names\nis removed by `weft gc` after a day.",
    };

    private static int RunList(Arguments arguments, Session session)
    {
        using RemoteProject? remote = RemoteProject.Of(session);
        if (remote is not null)
            return RemoteNodes.ListArtifacts(remote, arguments.Words, session);
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        Address address = Address.Find(store, arguments.Words[0]);
        IReadOnlyList<NodeOutput> outputs = NodeOutput.Of(store, address, session);
        if (arguments.Words is [_, var word])
            return Inside(arguments, outputs, address, word, session);
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartArray();
                foreach (NodeOutput output in outputs)
                {
                    json.WriteStartObject();
                    json.WriteString("node", output.Path.Text);
                    json.WriteString("name", output.Name);
                    json.WriteString("kind", KindOf(output));
                    json.WriteNumber("size", SizeOf(output));
                    if (output is NodeOutput.Stored stored)
                        json.WriteString("digest", stored.Blob.Digest.ToString());
                    else
                        json.WriteNull("digest");
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
            return ExitCodes.Succeeded;
        }
        if (outputs.Count == 0)
        {
            session.Say($"{address.Execution.Name} has no outputs{(address.Path is { } path ? $" at {path}" : "")}");
            return ExitCodes.Succeeded;
        }
        var table = new Table("NODE", "NAME", "KIND", "SIZE", "DIGEST");
        foreach (NodeOutput output in outputs)
            table.Add(output.Path.Text, output.Name, KindOf(output), new ByteSize(SizeOf(output)).ToString(), output is NodeOutput.Stored stored ? stored.Blob.Digest.Short : "so far");
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        return ExitCodes.Succeeded;
    }

    /// <summary>What is in a folder, or below a path of it: a line for each file, link and empty folder.</summary>
    private static int Inside(Arguments arguments, IReadOnlyList<NodeOutput> outputs, Address address, Source word, Session session)
    {
        (string name, string inside) = Split(word);
        NodeOutput output = Find(outputs, name, address, word, arguments.Command.Name);
        TreeManifest manifest = output switch
        {
            NodeOutput.SoFar live => Directory.Exists(live.Place) ? Trees.ListOf(live.Place) : throw NoFolder(name, inside, word),
            NodeOutput.Stored { Blob.Kind: BlobKind.Folder } stored => new Trees(stored.Blobs).Read(stored.Blob.Digest),
            _ => throw NoFolder(name, inside, word),
        };
        ImmutableArray<TreeEntry> entries = manifest.At(inside);
        if (entries.IsEmpty && inside.Length > 0)
            throw Unknown(manifest, inside, word);
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartArray();
                foreach (TreeEntry entry in entries)
                {
                    json.WriteStartObject();
                    json.WriteString("path", entry.Path);
                    json.WriteString("kind", KindOf(entry));
                    if (entry is TreeEntry.File file)
                        json.WriteNumber("size", file.Size);
                    if (entry is TreeEntry.File { Digest: var digest } && output is NodeOutput.Stored)
                        json.WriteString("digest", digest.ToString());
                    if (entry is TreeEntry.Link link)
                        json.WriteString("target", link.Target);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
            return ExitCodes.Succeeded;
        }
        var table = new Table("PATH", "KIND", "SIZE", "");
        foreach (TreeEntry entry in entries)
        {
            table.Add(entry.Path, KindOf(entry), entry is TreeEntry.File file ? new ByteSize(file.Size).ToString() : "",
                entry switch { TreeEntry.Link link => "-> " + link.Target, TreeEntry.File { Digest: var digest } when output is NodeOutput.Stored => digest.Short, _ => "" });
        }
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        return ExitCodes.Succeeded;
    }

    private static int RunGet(Arguments arguments, Session session)
    {
        using RemoteProject? remote = RemoteProject.Of(session);
        if (remote is not null)
            return RemoteNodes.GetArtifact(remote, arguments.Words[0], arguments.Words[1], arguments.Value(Output), Launch.WorkingFolder(arguments, session), session);
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        Source word = arguments.Words[1];
        (string name, string inside) = Split(word);
        Address address = Address.Find(store, arguments.Words[0]);
        NodeOutput output = Find(NodeOutput.Of(store, address, session), name, address, word, arguments.Command.Name);
        string usual = inside.Length > 0 ? Path.GetFileName(inside) : output is NodeOutput.Stored { Blob: var blob } ? name + Staged.EndingOf(blob) : name + Path.GetExtension(((NodeOutput.SoFar)output).Place);
        string target = Path.GetFullPath(arguments.Value(Output) ?? usual, Launch.WorkingFolder(arguments, session));
        try
        {
            Copy(output, inside, target, word);
        }
        catch (Exception error) when ((error is AggregateException { InnerException: { } inner } ? inner : error) is IOException or UnauthorizedAccessException)
        {
            session.Say($"error: {(error is AggregateException { InnerException: { } cause } ? cause : error).Message}");
            return ExitCodes.Failed;
        }
        if (output is NodeOutput.SoFar)
            session.Say($"{address.Execution.Name}/{output.Path} has not ended well, or still runs: this is how far it came");
        session.Out.WriteLine(Path.GetRelativePath(session.Surroundings.WorkingFolder, target));
        return ExitCodes.Succeeded;
    }

    private static void Copy(NodeOutput output, string inside, string target, Source word)
    {
        switch (output)
        {
            case NodeOutput.SoFar live when inside.Length == 0:
                OutputCopy.Live(live.Place, target);
                break;
            case NodeOutput.SoFar live:
                TreeManifest now = Directory.Exists(live.Place) ? Trees.ListOf(live.Place) : throw NoFolder(live.Name, inside, word);
                OutputCopy.Live(Path.Combine(live.Place, now.At(inside).IsEmpty ? throw Unknown(now, inside, word) : inside), target);
                break;
            case NodeOutput.Stored { Blob.Kind: BlobKind.Folder } folder:
                TreeManifest manifest = new Trees(folder.Blobs).Read(folder.Blob.Digest);
                if (!OutputCopy.Tree(folder.Blobs, manifest, inside, target, CancellationToken.None))
                    throw Unknown(manifest, inside, word);
                break;
            case NodeOutput.Stored file when inside.Length == 0:
                OutputCopy.File(file.Blobs, file.Blob.Digest, target, Staged.IsProgram(file.Blob));
                break;
            default:
                throw NoFolder(output.Name, inside, word);
        }
    }

    private static int RunPut(Arguments arguments, Session session)
    {
        string root = Launch.FindRoot(arguments, session);
        Source word = arguments.Words[0];
        string path = Path.GetFullPath(word.Text, Launch.WorkingFolder(arguments, session));
        if (!Path.Exists(path))
            throw new DiagnosticException("artifacts/no-file", $"there is no file or folder `{word.Text}`", word.Whole);
        using ProjectStore store = ProjectStore.Open(root, session, toWrite: true);
        BlobStore blobs = OutputStores.Open(root, Project.Open(root, session.Surroundings.Variables).Store, new FileHashes(null, store.Clock), session.Surroundings, store.Clock);
        try
        {
            StoredBlob stored = Directory.Exists(path) ? new Trees(blobs).Put(path, Intake.Copy, CancellationToken.None) : blobs.PutFile(path, Intake.Copy, CancellationToken.None);
            session.Out.WriteLine(stored.Digest.ToString());
            session.Say($"{new ByteSize(stored.Size)} in {blobs.Location}");
            return ExitCodes.Succeeded;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            session.Say($"error: {error.Message}");
            return ExitCodes.Failed;
        }
    }

    private static (string Name, string Inside) Split(Source word)
    {
        string[] parts = word.Text.Split('/', 2);
        return (parts[0], parts.Length > 1 ? parts[1].TrimEnd('/') : "");
    }

    private static NodeOutput Find(IReadOnlyList<NodeOutput> outputs, string name, Address address, Source word, string command)
    {
        NodeOutput[] found = [.. outputs.Where(output => output.Name == name)];
        return found switch
        {
            [var only] => only,
            [] => throw new DiagnosticException("artifacts/unknown", $"there is no output `{name}`", word.Whole, Suggest.HintOrList(name, [.. outputs.Select(output => output.Name).Distinct()], "there are")),
            _ => throw new DiagnosticException("artifacts/several", string.Create(CultureInfo.InvariantCulture, $"{found.Length} nodes have an output `{name}`"), word.Whole, $"say which: `weft {command} {address.Execution.Name}/{found[0].Path} {name}`"),
        };
    }

    private static DiagnosticException NoFolder(string name, string inside, Source word) =>
        new("artifacts/no-folder", inside.Length == 0 ? $"`{name}` is a file: there is nothing in it to list" : $"`{name}` is a file: it has no `{inside}`", word.Whole);

    private static DiagnosticException Unknown(TreeManifest manifest, string inside, Source word) =>
        new("artifacts/unknown", $"there is no `{inside}` in it", word.Whole, Suggest.HintOrList(inside, [.. manifest.Entries.Select(entry => entry.Path).Take(12)], "it has"));

    private static string KindOf(NodeOutput output) => output switch
    {
        NodeOutput.Stored { Blob.Kind: BlobKind.Folder } => "folder",
        NodeOutput.SoFar live when Directory.Exists(live.Place) => "folder",
        _ => "file",
    };

    private static string KindOf(TreeEntry entry) => entry switch
    {
        TreeEntry.File { IsExecutable: true } => "program",
        TreeEntry.File => "file",
        TreeEntry.Link => "link",
        _ => "empty folder",
    };

    private static long SizeOf(NodeOutput output) => output switch
    {
        NodeOutput.Stored stored => stored.Blob.Size,
        NodeOutput.SoFar live when Directory.Exists(live.Place) => FolderSize.Of(live.Place),
        NodeOutput.SoFar live => new FileInfo(live.Place).Length,
        _ => 0,
    };
}
