using System.Collections.Immutable;
using Weft.Values;

namespace Weft.Tasks;

/// <summary>Whether finished work is looked up instead of done again, and what tells two calls apart besides their inputs.</summary>
/// <param name="Version">
/// An explicit version: the author decides when the code has changed. Null: the version is the digest of command, declared code, environment
/// and image.
/// </param>
/// <param name="SingleFlight">Of several equal calls at one time only one runs; the others wait for it.</param>
/// <param name="MaxAge">Older entries count as absent; null for no limit.</param>
public sealed record CacheRule(bool On, string? Version = null, bool SingleFlight = false, TimeSpan? MaxAge = null)
{
    public static CacheRule Off { get; } = new(false);

    /// <summary>The files whose content is part of the version.</summary>
    public FileSet Code { get; init; } = FileSet.Empty;

    /// <summary>Part of a computed version: another text gives other keys to the same work.</summary>
    public string Salt { get; init; } = "";

    /// <summary>Inputs that do not count.</summary>
    public ImmutableArray<string> Ignore { get; init; } = [];
}

/// <summary>The content of files by their paths.</summary>
public sealed record FileDigests(ImmutableSortedDictionary<string, Digest> Each)
{
    /// <summary>One digest for all of them, names included.</summary>
    public Digest Whole => CanonicalJson.DigestOf(Value.MapOf(Each.Select(file => KeyValuePair.Create(file.Key, Value.Of(file.Value.ToString())))));
}

/// <summary>Files of a project by pattern (<c>src/**/*.py</c>), relative to its folder; a pattern that starts with <c>!</c> takes out.</summary>
public sealed record FileSet(ImmutableArray<string> Patterns)
{
    public static FileSet Empty { get; } = new([]);

    public bool IsEmpty => Patterns.IsEmpty;
}
