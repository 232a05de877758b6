using System.Text.Json;
using Weft.Records;
using Weft.Snapshots;
using Weft.Storage;
using Weft.Values;

namespace Weft.Cli;

/// <summary>The state of the project's code, taken once per command and kept in <c>.weft/snapshots</c>.</summary>
internal sealed class CodeState
{
    private readonly ProjectStore _store;
    private readonly SnapshotReader _reader;
    private FileStatTable? _known;
    private FileHashes? _hashes;
    private CodeSnapshot? _taken;

    public CodeState(ProjectStore store)
    {
        _store = store;
        _reader = new SnapshotReader(store.Root, DigestOf);
    }

    /// <summary>The id of the snapshot; its file is there when this returns.</summary>
    public string Take()
    {
        if (_taken is { } known)
            return known.Id.Hex;
        _taken = _reader.Take(CancellationToken.None);
        _known?.Save(CancellationToken.None);
        _known?.Dispose();
        string path = PathOf(_taken.Id.Hex);
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string temporary = $"{path}.{Environment.ProcessId}";
            using (FileStream file = File.Create(temporary))
            using (var json = new Utf8JsonWriter(file, PlainJson.Compact))
                _taken.Write(json);
            File.Move(temporary, path, overwrite: true);
        }
        return _taken.Id.Hex;
    }

    /// <summary>
    /// Stores the contents of the files that git does not have, so that the tree can be brought back; does nothing when that was done before. Takes as long as it takes
    /// to copy them: for a thread of its own, beside a run.
    /// </summary>
    public void Keep(CancellationToken cancel)
    {
        if (_taken is not { Files.IsEmpty: false } snapshot)
            return;
        using Database records = _store.Connect();
        var retention = new Retention(records, _store.Clock);
        string holder = $"snapshot:{snapshot.Id.Hex}";
        if (retention.IsHolder(holder))
            return;
        var blobs = new FolderBlobStore(new StateFolder(_store.Place.StateFolder).Blobs, new FileHashes(null, _store.Clock), _store.Clock);
        KeptContents kept = new SnapshotContents(_store.Root, blobs).Keep(snapshot, cancel);
        using Transaction write = records.BeginWrite(cancel);
        foreach (StoredBlob blob in kept.Blobs)
            retention.Hold(blob, holder);
        write.Commit();
    }

    /// <summary>Names the files that differ from an earlier snapshot; says nothing when there are none.</summary>
    public void SayWhatChanged(string? earlier, Session session)
    {
        if (earlier is null || earlier == Take() || Between(earlier, Take()) is not { Count: > 0 } changed)
            return;
        string names = string.Join(", ", changed.Take(5)) + (changed.Count > 5 ? $" and {changed.Count - 5} more" : "");
        session.Say($"the code has changed since it began ({names}): what finished is kept, the rest runs with the new code");
    }

    /// <summary>The files that two states of the code have differently; null when one of them is not kept any more.</summary>
    public IReadOnlyList<string>? Between(string earlier, string later) =>
        Read(earlier) is { } before && Read(later) is { } after ? after.ChangedSince(before, (a, b) => _reader.ChangedBetween(a, b, CancellationToken.None)) : null;

    private CodeSnapshot? Read(string id)
    {
        if (!File.Exists(PathOf(id)))
            return null;
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(PathOf(id)));
        return CodeSnapshot.Read(document.RootElement);
    }

    /// <summary>Unchanged files are not read again: their digests are in the store.</summary>
    private Digest DigestOf(string path)
    {
        _known ??= _store.OpenFileStats();
        _hashes ??= new FileHashes(_known, _store.Clock);
        return _hashes.Of(path);
    }

    private string PathOf(string id) => Path.Combine(_store.Place.StateFolder, "snapshots", id + ".json");
}
