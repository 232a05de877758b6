using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Weft.Config.Structured;

namespace Weft.Generators.Tests;

/// <summary>The generator run over a text, as the compiler runs it.</summary>
internal static class GeneratorRun
{
    private static readonly CSharpParseOptions Options = new(LanguageVersion.Latest);

    private static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal) || Path.GetFileName(path) is "netstandard.dll")
            .Select(path => MetadataReference.CreateFromFile(path)),
        MetadataReference.CreateFromFile(typeof(ConfigAttribute).Assembly.Location),
    ];

    public static Compilation Compile(string code) => CSharpCompilation.Create(
        "App", [CSharpSyntaxTree.ParseText("using System;\nusing System.Collections.Generic;\nusing System.Collections.Immutable;\nusing Weft.Config.Structured;\nnamespace App;\n" + code, Options, "App.cs")],
        References, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));

    public static GeneratorDriver NewDriver() => CSharpGeneratorDriver.Create(
        [new ConfigGenerator().AsSourceGenerator()], parseOptions: Options,
        driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    /// <summary>What the generator reported, and what the compiler has against the code with what was generated.</summary>
    public static (ImmutableArray<Diagnostic> Reported, ImmutableArray<Diagnostic> Compiled, string Generated) Of(string code)
    {
        NewDriver().RunGeneratorsAndUpdateCompilation(Compile(code), out Compilation whole, out ImmutableArray<Diagnostic> reported);
        string generated = string.Join("\n", whole.SyntaxTrees.Skip(1).Select(tree => $"// {Path.GetFileName(tree.FilePath)}\n{tree}"));
        return (reported, [.. whole.GetDiagnostics().Where(one => one.Severity >= DiagnosticSeverity.Warning)], generated);
    }
}
