using System.Collections.Immutable;
using System.Text;
using Weft.Values;

namespace Weft.Tasks;

/// <summary>
/// All that tells one call of a task from another. Its key is <c>c1-</c> and the SHA-256 of its canonical text; the text is stored beside the
/// result, so that two calls can be compared part by part.
/// </summary>
/// <param name="Scope">Whose cache: results are shared inside a scope, never across.</param>
/// <param name="Version">The explicit version, blanks at its ends removed, or the digest of a <see cref="VersionDocument"/>.</param>
/// <param name="Inputs">Without the ignored ones; an optional input that was left out is none.</param>
public sealed record CacheDocument(
    string Scope,
    string Task,
    string Version,
    ImmutableSortedDictionary<string, TypeExpr> In,
    ImmutableSortedDictionary<string, TypeExpr> Out,
    ImmutableSortedDictionary<string, Value> Inputs)
{
    /// <summary>What the version was computed from; null when the author gave it.</summary>
    public VersionDocument? Computed { get; init; }

    /// <summary>Of several equal calls at one time only one runs.</summary>
    public bool IsExclusive { get; init; }

    /// <summary>The canonical JSON that is hashed.</summary>
    public string Canonical()
    {
        var text = new StringBuilder();
        text.Append("{\"inputs\":");
        CanonicalJson.Write(text, new Value.Map(Inputs));
        text.Append(",\"interface\":{\"in\":");
        WriteTypes(text, In);
        text.Append(",\"out\":");
        WriteTypes(text, Out);
        text.Append("},\"scope\":");
        CanonicalJson.WriteText(text, Scope);
        text.Append(",\"task\":");
        CanonicalJson.WriteText(text, Task);
        text.Append(",\"version\":");
        CanonicalJson.WriteText(text, Version);
        return text.Append('}').ToString();
    }

    public string Key() => "c1-" + Digest.Of(Canonical()).Hex;

    private static void WriteTypes(StringBuilder text, ImmutableSortedDictionary<string, TypeExpr> types)
    {
        char before = '{';
        foreach ((string name, TypeExpr type) in types)
        {
            text.Append(before);
            CanonicalJson.WriteText(text, name);
            text.Append(':');
            CanonicalJson.WriteText(text, type.ToString());
            before = ',';
        }
        text.Append(before == '{' ? "{}" : "}");
    }
}

/// <summary>What a version is computed from when the author gives none.</summary>
/// <param name="Command">What is run, as declared: inputs stand as references.</param>
/// <param name="Code">Digest of the declared files; null when none are declared.</param>
public sealed record VersionDocument(string Command, Digest? Code, ImmutableSortedDictionary<string, string> Env, string? Image, string Salt = "")
{
    /// <summary>The declared files one by one: what tells which of them changed. Hashed as one digest, <see cref="Code"/>.</summary>
    public FileDigests? Files { get; init; }

    /// <summary>The interpreter or virtual environment, as declared; null for that of the machine.</summary>
    public string? Python { get; init; }

    /// <summary>Modules and shell lines before the program; null for none.</summary>
    public string? Setup { get; init; }

    /// <summary>Of the canonical JSON of a map: keys in their order, those that came to the format later only where they are given.</summary>
    public Digest Digest()
    {
        var text = new StringBuilder();
        Write(text, "{\"code\":", Code?.ToString());
        Write(text, ",\"command\":", Command);
        char before = '{';
        text.Append(",\"env\":");
        foreach ((string name, string value) in Env)
        {
            CanonicalJson.WriteText(text.Append(before), name);
            CanonicalJson.WriteText(text.Append(':'), value);
            before = ',';
        }
        text.Append(before == '{' ? "{}" : "}");
        Write(text, ",\"image\":", Image);
        if (Python is not null)
            Write(text, ",\"python\":", Python);
        Write(text, ",\"salt\":", Salt);
        if (Setup is not null)
            Write(text, ",\"setup\":", Setup);
        return Values.Digest.Of(text.Append('}').ToString());
    }

    private static void Write(StringBuilder text, string key, string? value)
    {
        text.Append(key);
        if (value is null)
            text.Append("null");
        else
            CanonicalJson.WriteText(text, value);
    }
}
