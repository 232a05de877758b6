using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Weft.Values;

namespace Weft.Snapshots;

/// <summary>
/// The state of a project's code at one moment: under git the commit and what differs from it, elsewhere every source file. It says
/// what ran, what has changed since, and (with the contents that it names stored as blobs) how to bring the tree back.
/// </summary>
/// <param name="Commit">The commit that is checked out; null without git or before the first commit.</param>
/// <param name="Files">
/// By path from the project's folder, with forward slashes. Under git: tracked files that differ from the commit, and untracked ones that are
/// not ignored. Elsewhere: all of them.
/// </param>
public sealed record CodeSnapshot(string? Commit, ImmutableSortedDictionary<string, FileState> Files)
{
    public const int Format = 1;

    private Digest? _id;

    /// <summary>Digest of the commit and the files: the same tree has the same id.</summary>
    public Digest Id => _id ??= Digest.Of(Listing());

    /// <summary>True when nothing differs from the commit.</summary>
    public bool IsClean => Commit is not null && Files.IsEmpty;

    /// <summary>
    /// Paths that differ between an earlier snapshot and this one, in order. Files that are new here and untracked are left out: a run writes
    /// files, and those are not its code.
    /// </summary>
    /// <param name="changedBetweenCommits">Paths that differ between two commits, asked only when the commits differ.</param>
    public IReadOnlyList<string> ChangedSince(CodeSnapshot earlier, Func<string, string, IEnumerable<string>> changedBetweenCommits)
    {
        var changed = new SortedSet<string>(StringComparer.Ordinal);
        if (Commit != earlier.Commit && Commit is not null && earlier.Commit is not null)
            changed.UnionWith(changedBetweenCommits(earlier.Commit, Commit));
        foreach ((string path, FileState state) in Files)
        {
            if (earlier.Files.TryGetValue(path, out FileState? before) ? before.Content != state.Content : state.Kind != FileKind.Untracked)
                changed.Add(path);
        }
        changed.UnionWith(earlier.Files.Keys.Where(path => !Files.ContainsKey(path)));
        return [.. changed];
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("format", Format);
        if (Commit is not null)
            json.WriteString("commit", Commit);
        json.WriteStartObject("files");
        foreach ((string path, FileState state) in Files)
        {
            json.WriteStartObject(path);
            json.WriteString("kind", Name(state.Kind));
            if (state.Content.Length > 0)
                json.WriteString("content", state.Content);
            if (state.IsExecutable)
                json.WriteBoolean("executable", true);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <exception cref="JsonException">It was written by a newer version, or is no snapshot.</exception>
    public static CodeSnapshot Read(JsonElement json)
    {
        if (json.GetProperty("format").GetInt32() > Format)
            throw new JsonException("the snapshot was written by a newer version of weft");
        var files = ImmutableSortedDictionary.CreateBuilder<string, FileState>(StringComparer.Ordinal);
        foreach (JsonProperty file in json.GetProperty("files").EnumerateObject())
        {
            files.Add(file.Name, new FileState(
                Kind(file.Value.GetProperty("kind").GetString()!),
                file.Value.TryGetProperty("content", out JsonElement content) ? content.GetString()! : "",
                file.Value.TryGetProperty("executable", out JsonElement executable) && executable.GetBoolean()));
        }
        return new CodeSnapshot(json.TryGetProperty("commit", out JsonElement commit) ? commit.GetString() : null, files.ToImmutable());
    }

    private string Listing()
    {
        var text = new StringBuilder("weft-code 1\n").Append(Commit).Append('\n');
        foreach ((string path, FileState state) in Files)
            text.Append(Name(state.Kind)).Append(' ').Append(state.IsExecutable ? 'x' : '-').Append(' ').Append(state.Content).Append(' ').Append(path).Append('\n');
        return text.ToString();
    }

    private static string Name(FileKind kind) => kind switch
    {
        FileKind.Changed => "changed",
        FileKind.Untracked => "untracked",
        FileKind.Deleted => "deleted",
        FileKind.Module => "module",
        _ => "plain",
    };

    private static FileKind Kind(string name) => name switch
    {
        "changed" => FileKind.Changed,
        "untracked" => FileKind.Untracked,
        "deleted" => FileKind.Deleted,
        "module" => FileKind.Module,
        _ => FileKind.Plain,
    };
}

/// <summary>One file of a snapshot.</summary>
/// <param name="Content">
/// The digest of its bytes; <c>link:TARGET</c> of a symbolic link; <c>size:BYTES:TICKS</c> of a file above
/// <see cref="SnapshotReader.LargestFile"/>, which is told apart by size and time but not kept; <c>module:COMMIT</c> of a submodule, whose
/// own changes are files of this snapshot like others; "" of a deleted one.
/// </param>
public sealed record FileState(FileKind Kind, string Content, bool IsExecutable = false)
{
    /// <summary>What stands before the target of a symbolic link.</summary>
    public const string Link = "link:";

    /// <summary>What stands before the commit of a submodule.</summary>
    public const string Module = "module:";

    public bool IsLink => Content.StartsWith(Link, StringComparison.Ordinal);
}

public enum FileKind
{
    /// <summary>A source file of a project without git.</summary>
    Plain,

    /// <summary>Tracked and different from the commit.</summary>
    Changed,

    Untracked,

    /// <summary>Tracked and gone.</summary>
    Deleted,

    /// <summary>A submodule that differs from what the commit names.</summary>
    Module,
}
