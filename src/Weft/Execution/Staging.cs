using System.Collections.Immutable;
using Weft.Platform;
using Weft.Storage;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// Puts the inputs of an attempt in their places before it starts, and its outputs into the store when it has succeeded. Both can be done again: what a
/// process left half-done is begun anew.
/// </summary>
/// <param name="workspaceFiles">The files that a private workspace is filled with, relative to the project's folder.</param>
internal sealed class Staging(string projectFolder, BlobStore blobs, Func<IEnumerable<string>> workspaceFiles)
{
    /// <summary>Inputs that are handed out at once are at most this many, and so large in bytes: a file that cannot be linked is copied.</summary>
    private const int FewInputs = 16, SmallInput = 1 << 20;

    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly Trees _trees = new(blobs);

    /// <summary>Whether there is anything to do for a call; for a plain command there is not.</summary>
    public static bool HasInputs(Invocation call) => !call.Staged.IsEmpty || call.Workspace == Workspace.Private;

    public static bool HasOutputs(Invocation call)
    {
        foreach (Declared output in call.Outputs)
        {
            if (output.Path is not null)
                return true;
        }
        return false;
    }

    /// <summary>Whether the inputs of a call are in their places in less time than another thread takes to wake up.</summary>
    public bool IsQuick(Invocation call)
    {
        if (call.Workspace == Workspace.Private || call.Staged.Length > FewInputs || blobs is not FolderBlobStore)
            return false;
        foreach (Staged input in call.Staged)
        {
            if (input.IsFolderOfMany || input.Files.Length > 1)
                return false;
            foreach ((Value.Blob blob, _) in input.Files)
            {
                if (blob is not { Kind: BlobKind.File, Size: <= SmallInput })
                    return false;
            }
        }
        return true;
    }

    /// <summary>As <see cref="StoreOutputs"/>, when all outputs are small files whose contents the store has already; else null.</summary>
    /// <exception cref="IOException">One of them cannot be read.</exception>
    public ImmutableSortedDictionary<string, Value>? Recognize(Invocation call, ImmutableSortedDictionary<string, Value> outputs)
    {
        foreach (Declared output in call.Outputs)
        {
            if (output.Path is not { } path)
                continue;
            if (output.IsFixed || blobs.Recognize(path) is not { } file)
                return null;
            outputs = outputs.SetItem(output.Name, new Value.Blob(file.Digest, file.Size, BlobKind.File, Staged.UriOf(path, isExecutable: false)));
        }
        return outputs;
    }

    /// <exception cref="IOException">A content is missing, or a place cannot be written.</exception>
    public void PlaceInputs(Invocation call, CancellationToken cancel)
    {
        foreach (Staged input in call.Staged)
        {
            if (input is { Files.IsEmpty: true, IsFolderOfMany: false })
                continue;
            Remove(input.Path);
            RawFile.MakeFolder(Path.GetDirectoryName(input.Path)!);
            if (input.IsFolderOfMany)
                RawFile.MakeFolder(input.Path);
            foreach ((Value.Blob blob, string path) in input.Files)
            {
                if (path != input.Path)
                    RawFile.MakeFolder(Path.GetDirectoryName(path)!);
                Get(blob, path, cancel);
            }
            if (input.IsFolderOfMany)
                File.WriteAllText(Path.Combine(input.Path, Staged.Index), CanonicalJson.Write(WithRelativePaths(input.Value, input.Laid, input.Path)) + "\n");
        }
        if (call.Workspace == Workspace.Private)
            FillWorkspace(HostContract.WorkspaceOf(call, projectFolder), cancel);
    }

    /// <summary>The outputs of an attempt that succeeded, files and folders by their content.</summary>
    /// <exception cref="IOException">One of them cannot be read, or the store cannot be written.</exception>
    public ImmutableSortedDictionary<string, Value> StoreOutputs(Invocation call, ImmutableSortedDictionary<string, Value> outputs, CancellationToken cancel)
    {
        foreach (Declared output in call.Outputs)
        {
            if (output.Path is not { } path)
                continue;
            // Nobody else writes in the attempt's own folder any more: the store may share the bytes.
            Intake intake = output.IsFixed ? Intake.Copy : Intake.Share;
            if (Directory.Exists(path))
            {
                StoredBlob tree = _trees.Put(path, intake, cancel);
                outputs = outputs.SetItem(output.Name, new Value.Blob(tree.Digest, tree.Size, BlobKind.Folder, Staged.UriOf(path, isExecutable: false)));
            }
            else if (File.Exists(path))
            {
                bool isExecutable = (File.GetUnixFileMode(path) & AnyExecute) != 0;
                StoredBlob file = blobs.PutFile(path, intake, cancel);
                outputs = outputs.SetItem(output.Name, new Value.Blob(file.Digest, file.Size, BlobKind.File, Staged.UriOf(path, isExecutable)));
            }
        }
        return outputs;
    }

    private void Get(Value.Blob blob, string path, CancellationToken cancel)
    {
        if (blob.Kind == BlobKind.Folder)
            _trees.Get(blob.Digest, path, HandOut.ReadOnly, cancel);
        else
            blobs.Get(blob.Digest, path, HandOut.ReadOnly, Staged.IsProgram(blob));
    }

    /// <summary>Copies, not links: a program may write to them, and the user's files must stay as they are.</summary>
    private void FillWorkspace(string workspace, CancellationToken cancel)
    {
        Remove(workspace);
        Directory.CreateDirectory(workspace);
        foreach (string relative in workspaceFiles())
        {
            cancel.ThrowIfCancellationRequested();
            string from = Path.Combine(projectFolder, relative);
            string to = Path.Combine(workspace, relative);
            if (!File.Exists(from))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(from, to);
        }
    }

    private static void Remove(string path)
    {
        if (FileStatus.TryRead(path) is not { } status)
            return;
        if (status.Form == FileForm.Folder)
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }

    /// <summary>The index names its files relative to itself, so that the folder can be moved; files from outside keep their paths.</summary>
    public static Value WithRelativePaths(Value value, Value given, string folder) => (value, given) switch
    {
        (Value.Blob, Value.Text path) when path.Content.StartsWith(folder + "/", StringComparison.Ordinal) => Value.Of(path.Content[(folder.Length + 1)..]),
        (Value.List list, Value.List paths) => Value.ListOf(list.Items.Zip(paths.Items, (one, other) => WithRelativePaths(one, other, folder))),
        (Value.Map map, Value.Map paths) => Value.MapOf(map.Entries.Select(entry => KeyValuePair.Create(entry.Key, WithRelativePaths(entry.Value, paths.Entries[entry.Key], folder)))),
        _ => value is Value.Blob ? given : value,
    };
}
