using Weft.Values;

namespace Weft.Dialects;

/// <summary>Node ids from names that people chose: an id stands in paths, so it holds letters, digits, <c>_</c>, <c>-</c> and <c>.</c> only.</summary>
internal static class NodeNames
{
    public static NodeId Of(string name) => new(string.Create(name.Length, name, static (id, name) =>
    {
        for (int i = 0; i < id.Length; i++)
            id[i] = char.IsLetterOrDigit(name[i]) || name[i] is '_' or '-' or '.' ? name[i] : '_';
    }));
}
