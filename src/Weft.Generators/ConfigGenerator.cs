using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Weft.Generators;

/// <summary>
/// Makes the binding of every record marked <c>[Config]</c>: its schema, and the code that reads it from a composed configuration. What cannot
/// be bound is reported where it stands, all of it at once; a record with problems gets no binding.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class ConfigGenerator : IIncrementalGenerator
{
    /// <summary>Name of the step whose outputs tests look at.</summary>
    internal const string ModelStep = "Model";

    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<RecordModel> records = context.SyntaxProvider
            .ForAttributeWithMetadataName(RecordReader.Attribute, (node, _) => node is TypeDeclarationSyntax, (found, cancel) => RecordReader.Read((INamedTypeSymbol)found.TargetSymbol, found.SemanticModel.Compilation, cancel))
            .WithTrackingName(ModelStep);
        context.RegisterSourceOutput(records, (output, record) =>
        {
            foreach (ProblemModel problem in record.Problems)
                output.ReportDiagnostic(problem.ToDiagnostic());
            if (record.Problems.Count == 0)
                output.AddSource(record.FileName, SourceText.From(Binding.Of(record), Encoding.UTF8));
        });
    }
}
