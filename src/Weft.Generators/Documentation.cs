using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Weft.Generators;

/// <summary>
/// What the doc comment of a property says, in one line. It is read from the text before the declaration: a compilation that makes no
/// documentation file does not parse doc comments.
/// </summary>
internal static class Documentation
{
    public static string? Of(IPropertySymbol property, CancellationToken cancel)
    {
        string? summary = property.DeclaringSyntaxReferences
            .Select(reference => reference.GetSyntax(cancel)).OfType<PropertyDeclarationSyntax>()
            .Select(declaration => Element(Comment(declaration), "<summary>", "</summary>"))
            .FirstOrDefault(text => text is not null);
        return summary is null && RecordReader.DeclaringParameter(property) is { } parameter ? OfParameter(parameter, cancel) : summary;
    }

    private static string? OfParameter(IParameterSymbol parameter, CancellationToken cancel) => parameter.ContainingType.DeclaringSyntaxReferences
        .Select(reference => Element(Comment(reference.GetSyntax(cancel)), $"<param name=\"{parameter.Name}\">", "</param>"))
        .FirstOrDefault(text => text is not null);

    /// <summary>The lines with <c>///</c> before a declaration.</summary>
    private static string Comment(SyntaxNode declaration) => string.Join(" ", declaration.GetLeadingTrivia().ToFullString().Split('\n')
        .Select(line => line.Trim()).Where(line => line.StartsWith("///", StringComparison.Ordinal)).Select(line => line.Substring(3).Trim()));

    private static string? Element(string comment, string start, string end)
    {
        int from = comment.IndexOf(start, StringComparison.Ordinal);
        int to = from < 0 ? -1 : comment.IndexOf(end, from, StringComparison.Ordinal);
        if (to < 0)
            return null;
        string text = comment.Substring(from + start.Length, to - from - start.Length);
        text = Regex.Replace(text, "<(?:see|paramref|typeparamref) (?:cref|name|langword)=\"(?:[A-Z]:)?([^\"]*)\"\\s*/>", "$1");
        text = Regex.Replace(text, "<[^>]*>", "").Replace("&lt;", "<").Replace("&gt;", ">").Replace("&amp;", "&");
        text = Regex.Replace(text, "\\s+", " ").Trim();
        return text.Length == 0 ? null : text;
    }
}
