using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Weft.Values;

namespace Weft.Storage;

/// <summary>One thing in a folder. Folders are named only when they are empty: the others follow from what is in them.</summary>
/// <param name="Path">Relative, with <c>/</c>.</param>
internal abstract record TreeEntry(string Path)
{
    internal sealed record File(string Path, Digest Digest, long Size, bool IsExecutable) : TreeEntry(Path);

    /// <summary>A symbolic link, with its target as it stands.</summary>
    internal sealed record Link(string Path, string Target) : TreeEntry(Path);

    internal sealed record EmptyFolder(string Path) : TreeEntry(Path);
}

/// <summary>
/// What is in a folder, as one text whose digest is the folder's: the same files, links and empty folders give the same digest on every
/// machine. Of a file's mode only "executable" counts, since the rest follows from the writer's umask. The text is a line <c>weft-tree 1</c>
/// and one line per entry, by path (UTF-16 order): <c>f HEX SIZE "PATH"</c>, <c>x</c> the same for executables, <c>l "TARGET" "PATH"</c>, <c>d "PATH"</c>;
/// paths and targets are JSON strings.
/// </summary>
internal sealed class TreeManifest
{
    private const string FirstLine = "weft-tree 1\n";

    private TreeManifest(ImmutableArray<TreeEntry> entries) => Entries = entries;

    /// <summary>By path.</summary>
    public ImmutableArray<TreeEntry> Entries { get; }

    /// <summary>Bytes of all files.</summary>
    public long Size => Entries.OfType<TreeEntry.File>().Sum(file => file.Size);

    /// <summary>What lies at a path or below it; everything for "".</summary>
    public ImmutableArray<TreeEntry> At(string path) => path.Length == 0 ? Entries : Entries.RemoveAll(entry => entry.Path != path && !entry.Path.StartsWith(path + "/", StringComparison.Ordinal));

    public static TreeManifest Of(IEnumerable<TreeEntry> entries) =>
        new([.. entries.OrderBy(entry => entry.Path, StringComparer.Ordinal)]);

    public byte[] Write()
    {
        var text = new StringBuilder(FirstLine);
        foreach (TreeEntry entry in Entries)
        {
            switch (entry)
            {
                case TreeEntry.File file:
                    text.Append(file.IsExecutable ? 'x' : 'f').Append(' ').Append(file.Digest.Hex).Append(' ').Append(file.Size).Append(' ');
                    break;
                case TreeEntry.Link link:
                    text.Append("l ");
                    CanonicalJson.WriteText(text, link.Target);
                    text.Append(' ');
                    break;
                default:
                    text.Append("d ");
                    break;
            }
            CanonicalJson.WriteText(text, entry.Path);
            text.Append('\n');
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads a manifest that anybody may have made: no entry of it lies outside its folder, or below a link or a file.</summary>
    /// <exception cref="InvalidDataException">It is none, or one of those.</exception>
    public static TreeManifest Read(ReadOnlySpan<byte> manifest)
    {
        if (!manifest.StartsWith(Encoding.UTF8.GetBytes(FirstLine)))
            throw new InvalidDataException("this is not the list of a stored folder, or one of a newer version of weft");
        var entries = ImmutableArray.CreateBuilder<TreeEntry>();
        var leaves = new HashSet<string>(StringComparer.Ordinal);
        for (ReadOnlySpan<byte> rest = manifest[FirstLine.Length..]; !rest.IsEmpty;)
        {
            int end = rest.IndexOf((byte)'\n');
            TreeEntry entry = end > 2 ? ReadLine(rest[..end]) : throw Damaged(rest);
            CheckPlace(entry.Path, leaves);
            entries.Add(entry);
            rest = rest[(end + 1)..];
        }
        return new TreeManifest(entries.ToImmutable());
    }

    /// <summary>The manifest under this digest; null when the content is something else, or missing. Reads no more of it than its first line then.</summary>
    public static TreeManifest? TryRead(BlobStore blobs, Digest digest)
    {
        using Stream? content = blobs.TryOpen(digest);
        if (content is null)
            return null;
        Span<byte> first = stackalloc byte[FirstLine.Length];
        int count = content.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        if (count < first.Length || !first.SequenceEqual(Encoding.UTF8.GetBytes(FirstLine)))
            return null;
        byte[] whole = new byte[content.Length];
        first.CopyTo(whole);
        content.ReadExactly(whole.AsSpan(count));
        return Read(whole);
    }

    private static TreeEntry ReadLine(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line[1..], isFinalBlock: true, new JsonReaderState(new JsonReaderOptions { AllowMultipleValues = true }));
        switch (line[0])
        {
            case (byte)'d':
                return new TreeEntry.EmptyFolder(ReadText(ref reader, line));
            case (byte)'l':
                string target = ReadText(ref reader, line);
                return new TreeEntry.Link(ReadText(ref reader, line), target);
            case (byte)'f' or (byte)'x':
                const int digestEnd = 2 + 64;
                int quote = line.IndexOf((byte)'"');
                if (quote < digestEnd + 3
                    || !Digest.TryParse(Encoding.UTF8.GetString(line[2..digestEnd]), out Digest digest)
                    || !long.TryParse(line[(digestEnd + 1)..(quote - 1)], NumberStyles.None, CultureInfo.InvariantCulture, out long size))
                    throw Damaged(line);
                var path = new Utf8JsonReader(line[quote..]);
                return new TreeEntry.File(ReadText(ref path, line), digest, size, line[0] == 'x');
            default:
                throw Damaged(line);
        }
    }

    private static string ReadText(ref Utf8JsonReader reader, ReadOnlySpan<byte> line)
    {
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Damaged(line);
        }
        catch (JsonException)
        {
            throw Damaged(line);
        }
    }

    private static void CheckPlace(string path, HashSet<string> leaves)
    {
        foreach (string part in path.Split('/'))
        {
            if (part is "" or "." or ".." || part.Contains('\0'))
                throw new InvalidDataException($"the list of a stored folder names `{path}`, which is not inside a folder");
        }
        for (int cut = path.IndexOf('/'); cut >= 0; cut = path.IndexOf('/', cut + 1))
        {
            if (leaves.Contains(path[..cut]))
                throw new InvalidDataException($"the list of a stored folder names `{path}` below something that is no folder");
        }
        if (!leaves.Add(path))
            throw new InvalidDataException($"the list of a stored folder names `{path}` twice");
    }

    private static InvalidDataException Damaged(ReadOnlySpan<byte> line) =>
        new($"the list of a stored folder has a damaged line: {Encoding.UTF8.GetString(line[..Math.Min(line.Length, 80)])}");
}
