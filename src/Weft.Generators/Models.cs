using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Weft.Generators;

/// <summary>
/// A record as its binding needs it. It holds text only and compares by content, so that the compiler makes the binding again only when the
/// record has changed.
/// </summary>
/// <param name="Declarations">The types around it and the record itself, outermost first: <c>public sealed partial record TrainConfig</c> without base list.</param>
/// <param name="Base">The marked record that it derives from, as C# names it; null for none.</param>
/// <param name="Arguments">Names of properties, in the order of the constructor's parameters.</param>
internal sealed record RecordModel(
    string? Namespace, Texts Declarations, string Name, string? Base, Texts Arguments, Items<PropertyModel> Properties, Items<ProblemModel> Problems)
{
    /// <summary>Unique among the records of a compilation; usable as the name of a file.</summary>
    public string FileName => string.Join(".", new[] { Namespace }.Where(part => part is not null).Concat(Declarations.Select(declaration => declaration.Split(' ').Last().TrimStart('@')))) + ".g.cs";
}

/// <param name="Codec">The expression of its codec.</param>
/// <param name="Default">The expression of its default; null when somebody must give the value.</param>
internal sealed record PropertyModel(string Name, string Key, string Type, string Codec, string? Default, string? Doc);

/// <summary>A diagnostic without the syntax tree that the compiler's own holds on to.</summary>
internal sealed record ProblemModel(DiagnosticDescriptor Descriptor, string Path, TextSpan Span, LinePositionSpan Lines, Texts Arguments)
{
    public static ProblemModel At(DiagnosticDescriptor descriptor, Location? location, params string[] arguments) =>
        new(descriptor, location?.SourceTree?.FilePath ?? "", location?.SourceSpan ?? default, location?.GetLineSpan().Span ?? default, new Texts(arguments));

    public Diagnostic ToDiagnostic() => Diagnostic.Create(Descriptor, Path.Length == 0 ? Location.None : Location.Create(Path, Span, Lines), [.. Arguments]);
}

/// <summary>A list that is equal to another by its items.</summary>
internal class Items<T>(IEnumerable<T> items) : IEquatable<Items<T>>, IEnumerable<T>
{
    private readonly T[] _items = [.. items];

    public int Count => _items.Length;

    public bool Equals(Items<T>? other) => other is not null && _items.SequenceEqual(other._items);

    public override bool Equals(object? obj) => Equals(obj as Items<T>);

    public override int GetHashCode() => _items.Aggregate(_items.Length, (hash, item) => (hash * 397) ^ (item?.GetHashCode() ?? 0));

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)_items).GetEnumerator();

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
}

internal sealed class Texts(IEnumerable<string> items) : Items<string>(items);
