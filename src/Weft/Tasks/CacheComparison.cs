using Weft.Values;

namespace Weft.Tasks;

/// <summary>One part in which two calls of a task differ.</summary>
/// <param name="Component">What differs, for people: <c>the input `lr`</c>, <c>the file `train.py`</c>.</param>
/// <param name="Before">What it was; null when it was not there.</param>
/// <param name="After">What it is; null when it is not there any more.</param>
public sealed record CacheDifference(string Component, string? Before, string? After);

/// <summary>Compares what the keys of two calls were made from, part by part.</summary>
public static class CacheComparison
{
    /// <summary>The first part that differs, in words.</summary>
    public static string First(CacheDocument before, CacheDocument after) => Differences(before, after).FirstOrDefault()?.Component ?? "something";

    /// <summary>Every part that differs; the most telling first.</summary>
    public static IEnumerable<CacheDifference> Differences(CacheDocument before, CacheDocument after)
    {
        if (before.Task != after.Task)
            yield return new CacheDifference("the task", before.Task, after.Task);
        foreach (CacheDifference one in Entries("the input", before.Inputs, after.Inputs, CanonicalJson.Write, Show))
            yield return one;
        if (before.Computed is { } old && after.Computed is { } now)
        {
            foreach (CacheDifference one in Versions(old, now))
                yield return one;
        }
        else if (before.Version != after.Version)
        {
            yield return new CacheDifference("the version", ShowVersion(before), ShowVersion(after));
        }
        foreach (CacheDifference one in Entries("the type of the input", before.In, after.In, type => type.ToString(), type => type.ToString()))
            yield return one;
        foreach (CacheDifference one in Entries("the type of the output", before.Out, after.Out, type => type.ToString(), type => type.ToString()))
            yield return one;
        if (before.Scope != after.Scope)
            yield return new CacheDifference("the project", before.Scope, after.Scope);
    }

    private static IEnumerable<CacheDifference> Versions(VersionDocument before, VersionDocument after)
    {
        if (before.Command != after.Command)
            yield return new CacheDifference("the command", before.Command, after.Command);
        foreach (CacheDifference one in Entries("the file", Files(before), Files(after), digest => digest.Hex, digest => digest.Short))
            yield return one;
        foreach (CacheDifference one in Entries("the variable", before.Env, after.Env, text => text, text => text))
            yield return one;
        if (before.Image != after.Image)
            yield return new CacheDifference("the image", before.Image, after.Image);
        if (before.Python != after.Python)
            yield return new CacheDifference("the Python environment", before.Python, after.Python);
        if (before.Setup != after.Setup)
            yield return new CacheDifference("the set-up before the program", before.Setup, after.Setup);
        if (before.Salt != after.Salt)
            yield return new CacheDifference("the salt", before.Salt, after.Salt);
    }

    private static IReadOnlyDictionary<string, Digest> Files(VersionDocument version) => version.Files?.Each ?? (IReadOnlyDictionary<string, Digest>)new Dictionary<string, Digest>();

    private static string ShowVersion(CacheDocument document) => document.Computed is null ? document.Version : "one computed from code and command";

    /// <summary>Files and folders as people know them: name, size and the beginning of the digest.</summary>
    private static string Show(Value value)
    {
        if (value is not Value.Blob blob)
            return CanonicalJson.Write(value);
        string name = blob.Uri is { } uri ? uri.StartsWith(Staged.NameScheme, StringComparison.Ordinal) ? uri[Staged.NameScheme.Length..] : Path.GetFileName(uri) : "";
        return $"{(name.Length > 0 ? name + " " : "")}({new ByteSize(blob.Size)}, {blob.Digest.Short})";
    }

    /// <param name="identity">What counts: two that have the same do not differ.</param>
    private static IEnumerable<CacheDifference> Entries<T>(
        string what, IReadOnlyDictionary<string, T> before, IReadOnlyDictionary<string, T> after, Func<T, string> identity, Func<T, string> show) where T : notnull
    {
        foreach (string name in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
        {
            bool was = before.TryGetValue(name, out T? old), isNow = after.TryGetValue(name, out T? now);
            if (was && isNow && identity(old!) == identity(now!))
                continue;
            yield return new CacheDifference($"{what} `{name}`", was ? show(old!) : null, isNow ? show(now!) : null);
        }
    }
}
