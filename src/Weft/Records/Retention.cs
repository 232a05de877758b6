using Weft.Storage;
using Weft.Values;

namespace Weft.Records;

/// <summary>
/// Who still needs which stored content, and the removal of what nobody does. A holder is an execution's id, <c>tag:NAME</c>, <c>cache:KEY</c>, <c>snapshot:ID</c>, …;
/// a folder holds what is in it.
/// </summary>
/// <param name="gone">Holders that are taken to be gone though they are recorded, so that a dry run says what a real one does.</param>
internal sealed class Retention(Database db, TimeProvider clock, IReadOnlySet<string>? gone = null)
{
    private readonly IReadOnlySet<string> _gone = gone ?? new HashSet<string>();

    /// <summary>What was put into the store less than this ago is kept in any case: its holder may not be recorded yet.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromDays(1);

    /// <summary>Hexadecimal digits.</summary>
    private const int DigestLength = 64;

    /// <summary>Within a write transaction: keeps a content as long as <paramref name="holder"/> is there.</summary>
    public void Hold(StoredBlob blob, string holder)
    {
        db.Prepare("INSERT INTO blob (digest, size, used) VALUES (?1, ?2, ?3) ON CONFLICT (digest) DO UPDATE SET used = excluded.used")
            .Bind(1, blob.Digest.Hex).Bind(2, blob.Size).Bind(3, clock.GetUtcNow().ToUnixTimeMilliseconds()).Post();
        db.Prepare("INSERT INTO hold (digest, holder) VALUES (?1, ?2) ON CONFLICT (digest, holder) DO NOTHING").Bind(1, blob.Digest.Hex).Bind(2, holder).Post();
    }

    /// <summary>Within a write transaction: ends all that <paramref name="holder"/> keeps.</summary>
    public void Release(string holder) => db.Prepare("DELETE FROM hold WHERE holder = ?1").Bind(1, holder).Post();

    /// <summary>Whether <paramref name="holder"/> keeps anything.</summary>
    public bool IsHolder(string holder) => db.Prepare("SELECT 1 FROM hold WHERE holder = ?1 LIMIT 1").Bind(1, holder).QueryLong() is not null;

    /// <summary>The contents that anybody holds.</summary>
    public IReadOnlyList<Digest> Held()
    {
        var held = new List<Digest>();
        foreach (Row row in db.Prepare("SELECT digest, holder FROM hold").Query())
        {
            if (!_gone.Contains(row.Text(1)))
                held.Add(Digest.Parse(row.Text(0)));
        }
        return held;
    }

    /// <summary>
    /// The contents that results and plans of recorded executions name: whatever in them is written like a digest, so that none is missed. Those of tags are among
    /// them, since a tag names an execution.
    /// </summary>
    public HashSet<Digest> Named()
    {
        var named = new HashSet<Digest>();
        foreach (Row row in db.Prepare("SELECT outputs, execution FROM node WHERE outputs IS NOT NULL").Query())
        {
            if (!_gone.Contains(row.Text(1)))
                AddNamed(row.Text(0), named);
        }
        HashSet<string> unused = PlansOfNoOther();
        foreach (Row row in db.Prepare("SELECT body, digest FROM plan").Query())
        {
            if (!unused.Contains(row.Text(1)))
                AddNamed(System.Text.Encoding.UTF8.GetString(row.Blob(0)), named);
        }
        return named;
    }

    /// <summary>The plans of executions that are left out, unless others have them too.</summary>
    private HashSet<string> PlansOfNoOther()
    {
        var left = new HashSet<string>(StringComparer.Ordinal);
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (Row row in db.Prepare("SELECT id, plan FROM execution").Query())
            (_gone.Contains(row.Text(0)) ? left : kept).Add(row.Text(1));
        left.ExceptWith(kept);
        return left;
    }

    /// <summary>Adds every digest that is written in a text.</summary>
    public static void AddNamed(ReadOnlySpan<char> text, HashSet<Digest> named)
    {
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && char.IsAsciiHexDigitLower(text[i]))
                continue;
            if (i - start == DigestLength)
                named.Add(Digest.Parse(text[start..i].ToString()));
            start = i + 1;
        }
    }

    /// <summary>The states of the code that any execution or attempt ran with.</summary>
    public HashSet<string> UsedSnapshots()
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (Row row in db.Prepare("SELECT snapshot, id FROM execution WHERE snapshot IS NOT NULL UNION SELECT snapshot, execution FROM attempt WHERE snapshot IS NOT NULL").Query())
        {
            if (!_gone.Contains(row.Text(1)))
                used.Add(row.Text(0));
        }
        return used;
    }

    /// <summary>
    /// Removes what nobody holds and nobody has used for <see cref="Grace"/>. Other processes may run meanwhile: what they put or reuse counts
    /// as used.
    /// </summary>
    /// <param name="named">Contents that are needed without a holder: see <see cref="Named"/>.</param>
    /// <param name="isDry">Only says what would be removed.</param>
    public Removal Collect(BlobStore blobs, IReadOnlySet<Digest> named, bool isDry, CancellationToken cancel)
    {
        DateTimeOffset unusedSince = clock.GetUtcNow() - Grace;
        HashSet<Digest> needed = Needed(blobs, named, cancel);
        int count = 0;
        long bytes = 0;
        foreach ((StoredBlob blob, DateTimeOffset used) in blobs.List())
        {
            cancel.ThrowIfCancellationRequested();
            if (needed.Contains(blob.Digest) || used > unusedSince || (!isDry && !blobs.TryRemove(blob.Digest, unusedSince)))
                continue;
            count++;
            bytes += blob.Size;
        }
        if (!isDry)
            Forget(cancel);
        return new Removal(count, bytes);
    }

    private HashSet<Digest> Needed(BlobStore blobs, IReadOnlySet<Digest> named, CancellationToken cancel)
    {
        var needed = new HashSet<Digest>();
        foreach (Digest digest in Held().Concat(named))
        {
            cancel.ThrowIfCancellationRequested();
            needed.Add(digest);
            if (TreeManifest.TryRead(blobs, digest) is { } tree)
                needed.UnionWith(tree.Entries.OfType<TreeEntry.File>().Select(file => file.Digest));
        }
        return needed;
    }

    private void Forget(CancellationToken cancel)
    {
        using Transaction change = db.BeginWrite(cancel);
        db.Prepare("DELETE FROM blob WHERE NOT EXISTS (SELECT 1 FROM hold WHERE hold.digest = blob.digest)").Run();
        change.Commit();
    }
}

/// <summary>What a clean-up removed, or would.</summary>
internal readonly record struct Removal(int Blobs, long Bytes);
