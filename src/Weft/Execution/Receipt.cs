using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Weft.Storage;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// What a run that found every result in the cache relied on, kept in <c>.weft/receipts/REQUEST</c>: as long as all of it is as it was, the same request finds the same
/// again, and neither definitions nor cache entries need be read. It says nothing that could not be found out anew: one that is missing, damaged or of another version
/// costs time only. It is no JSON, of which the first document takes 10 ms to read: <c>format, CRC-32C of the rest, rest</c>, as <see cref="BinaryWriter"/> writes.
/// </summary>
internal sealed record Receipt
{
    private const int Format = 2;

    /// <summary>Format and checksum.</summary>
    private const int HeadSize = sizeof(int) + sizeof(uint);

    /// <summary>Receipts of one project; of more the oldest goes.</summary>
    private const int Most = 64;

    /// <summary>Contents and files of one receipt.</summary>
    private const int MostNamed = 200_000;

    /// <summary>A change that is younger than this, seen from the start of the run, may have been followed by another that left the same times.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    /// <summary>Some file systems count whole seconds, or two.</summary>
    private static readonly TimeSpan CoarseTick = TimeSpan.FromSeconds(2);

    /// <summary>The run, whose record the next one repeats.</summary>
    public required ExecutionId Execution { get; init; }

    /// <summary>What was said of it at its start.</summary>
    public required string Announced { get; init; }

    /// <summary>Its points: all, those done, those of them that were reused, those skipped.</summary>
    public required (long Total, long Done, long Reused, long Other) Counts { get; init; }

    /// <summary>The names of the environment variables that were asked for.</summary>
    public required ImmutableArray<string> Variables { get; init; }

    /// <summary>Files besides those in the project's folder whose status counts: entries of the cache, programs, the state of git.</summary>
    public required ImmutableArray<string> Files { get; init; }

    /// <summary>The digests of the contents that results consist of, in hexadecimal digits.</summary>
    public required ImmutableArray<string> Contents { get; init; }

    /// <summary>Tags that move to nodes of the run: in turn a tag, and the path of its node.</summary>
    public required ImmutableArray<string> Tags { get; init; }

    /// <summary>The status of all files, and the values of the variables.</summary>
    public Fingerprint Found { get; private init; }

    /// <summary>Completes a receipt with the state of everything that it names.</summary>
    /// <param name="began">When the run started, before it read anything.</param>
    /// <returns>Null when something may have changed since: then what the run saw is not known to be what is there.</returns>
    public Receipt? Seal(string root, IReadOnlyDictionary<string, string> variables, DateTimeOffset began)
    {
        if (Files.Length + Contents.Length > MostNamed || ProjectStamp.Take(root, Files) is not { } stamp)
            return null;
        bool isCoarse = stamp.Changed % 1_000_000_000 == 0;
        long settled = (began - (isCoarse ? CoarseTick : Tick)).ToUnixTimeMilliseconds() * 1_000_000;
        return stamp.Changed < settled ? this with { Found = Together(stamp, variables) } : null;
    }

    /// <summary>Whether everything is as it was.</summary>
    public bool Holds(string root, IReadOnlyDictionary<string, string> variables, BlobStore blobs)
    {
        if (ProjectStamp.Take(root, Files) is not { } stamp || Together(stamp, variables) != Found)
            return false;
        foreach (string digest in Contents)
        {
            if (!blobs.Contains(Digest.Parse(digest)))
                return false;
        }
        return true;
    }

    /// <summary>Null when there is none that this version can read.</summary>
    /// <param name="request">What was asked for: words, and where.</param>
    public static Receipt? Find(StateFolder state, string request)
    {
        try
        {
            if (AtomicFile.TryRead(PathOf(state, request)) is not { } content)
                return null;
            using var reader = new BinaryReader(new MemoryStream(content));
            return reader.ReadInt32() == Format && reader.ReadUInt32() == Crc32C.Of(content.AsSpan(HeadSize)) ? Read(reader) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Keeps it for the next run. That it cannot be written costs that one time, and nothing else.</summary>
    public void Save(StateFolder state, string request)
    {
        string path = PathOf(state, request);
        using var content = new MemoryStream();
        using var writer = new BinaryWriter(content);
        writer.Write(Format);
        writer.Write(0u);
        Write(writer);
        writer.Seek(sizeof(int), SeekOrigin.Begin);
        writer.Write(Crc32C.Of(content.GetBuffer().AsSpan(HeadSize, (int)content.Length - HeadSize)));
        try
        {
            DirectoryInfo folder = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Delete(path);
            foreach (FileInfo old in folder.GetFiles().OrderByDescending(file => file.LastWriteTimeUtc).Skip(Most - 1))
                old.Delete();
            AtomicFile.TryCreate(path, content.GetBuffer().AsSpan(0, (int)content.Length), survivesPowerCut: false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    private Fingerprint Together(ProjectStamp stamp, IReadOnlyDictionary<string, string> variables)
    {
        var text = new StringBuilder(stamp.Print.Hex);
        foreach (string name in Variables)
        {
            text.Append('\0').Append(name);
            if (variables.TryGetValue(name, out string? value))
                text.Append('=').Append(value);
        }
        return Fingerprint.Of(MemoryMarshal.AsBytes(text.ToString().AsSpan()));
    }

    private static string PathOf(StateFolder state, string request) =>
        Path.Combine(state.Root, "receipts", Fingerprint.Of(MemoryMarshal.AsBytes(request.AsSpan())).Hex);

    private void Write(BinaryWriter to)
    {
        to.Write(Execution.Value);
        to.Write(Announced);
        to.Write(Counts.Total);
        to.Write(Counts.Done);
        to.Write(Counts.Reused);
        to.Write(Counts.Other);
        Found.Write(to);
        WriteList(to, Variables);
        WriteList(to, Files);
        WriteList(to, Contents);
        WriteList(to, Tags);
    }

    private static void WriteList(BinaryWriter to, ImmutableArray<string> texts)
    {
        to.Write(texts.Length);
        foreach (string text in texts)
            to.Write(text);
    }

    private static Receipt Read(BinaryReader from) => new()
    {
        Execution = new ExecutionId(from.ReadString()),
        Announced = from.ReadString(),
        Counts = (from.ReadInt64(), from.ReadInt64(), from.ReadInt64(), from.ReadInt64()),
        Found = Fingerprint.Read(from),
        Variables = ReadList(from),
        Files = ReadList(from),
        Contents = ReadList(from),
        Tags = ReadList(from),
    };

    private static ImmutableArray<string> ReadList(BinaryReader from)
    {
        string[] texts = new string[from.ReadInt32()];
        for (int i = 0; i < texts.Length; i++)
            texts[i] = from.ReadString();
        return ImmutableCollectionsMarshal.AsImmutableArray(texts);
    }
}
