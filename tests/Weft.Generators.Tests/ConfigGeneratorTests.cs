using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Weft.Support;

namespace Weft.Generators.Tests;

public sealed class ConfigGeneratorTests
{
    private const string Good =
        """
        public enum Kind { A, B = 4 }

        /// <param name="Name">The <b>name</b>.</param>
        [Config]
        public sealed partial record Inner(string Name = "a \"b\"", Kind Kind = Kind.B);

        public static partial class Around
        {
            [Config]
            public sealed partial record Whole(int Schema, int Seed, [property: ConfigKey("inner")] Inner First)
            {
                /// <summary>Several.</summary>
                public ImmutableArray<Inner> All { get; init; } = [new("x"), new() { Kind = Kind.A }];

                public Dictionary<string, int?> Counts { get; init; } = new() { ["a"] = 1, ["b"] = null };

                [ConfigDefault("${seed}")]
                public double Rate { get; init; }
            }
        }
        """;

    [Fact]
    public void The_binding_of_a_record_is_this()
    {
        var (reported, compiled, generated) = GeneratorRun.Of(Good);
        Assert.Empty(reported);
        Assert.Empty(compiled);
        Snapshot.Match(generated, "binding");
    }

    [Theory]
    [InlineData("[Config] public record R(int A);", "WEFT001 6:24 `R` is marked [Config] and is not partial")]
    [InlineData("public class O { [Config] public partial record R(int A); }", "WEFT001 6:14 `O` is marked [Config] and is not partial")]
    [InlineData("[Config] public partial record R<T>(T A);", "WEFT002 6:32 `R` has type parameters", "WEFT003")]
    [InlineData("[Config] public partial record R(DateTime At);", "WEFT003 6:43 `At` is a `System.DateTime`, which cannot stand in a configuration")]
    [InlineData("[Config] public partial record R(List<object> At);", "WEFT003 6:47 `At` is a `object`")]
    [InlineData("[Config] public partial record R(Dictionary<double, int> At);", "WEFT003")]
    [InlineData("[Config] public partial record R(int[,] At);", "WEFT003")]
    [InlineData("public enum Big : ulong { Last = ulong.MaxValue } [Config] public partial record R(Big At);", "WEFT003")]
    [InlineData("[Config] public partial record R(R Self);", "WEFT004 6:32 `R` is made of itself without end (R → R)")]
    [InlineData("[Config] public partial record A(B Next); [Config] public partial record B(A Back);", "WEFT004 6:32 `A` is made of itself without end (A → B → A)", "WEFT004")]
    [InlineData("[Config] public partial record R { private R() { } }", "WEFT005 6:32 `R` has no public constructors, expected one")]
    [InlineData("[Config] public partial class R { public R() { } public R(int a) { } }", "WEFT005 6:31 `R` has 2 public constructors, expected one")]
    [InlineData("[Config] public partial record R { public int A { get; init; } = Environment.ProcessorCount; }", "WEFT006 6:66 the default of `A` is not known at compile time")]
    [InlineData("[Config] public partial record R { public List<int> A { get; init; } = new(5); }", "WEFT006")]
    [InlineData("[Config] public partial record R { public int[] A { get; init; } = [1, Math.Abs(2)]; }", "WEFT006")]
    [InlineData("[Config] public partial record R(int MaxLen, int Max_Len);", "WEFT007 6:50 `MaxLen` and `Max_Len` are both the key `max_len`")]
    [InlineData("public record Plain(int A); [Config] public partial record R(Plain P);", "WEFT008 6:68 `P` is a `App.Plain`, which is not marked [Config]")]
    [InlineData("[Config] public partial class R(int a) { private int A => a; }", "WEFT009 6:37 the parameter `a` of `R` has no property of the same name")]
    [InlineData("[Config] public abstract partial record R(int A);", "WEFT010 6:41 `R` is abstract")]
    public void What_cannot_be_bound_is_reported_where_it_stands(string code, params string[] expected)
    {
        var (reported, _, generated) = GeneratorRun.Of(code);
        string[] found = [.. reported.Select(one => $"{one.Id} {one.Location.GetLineSpan().StartLinePosition.Line + 1}:{one.Location.GetLineSpan().StartLinePosition.Character + 1} {one.GetMessage()}")];
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.StartsWith(pair.First, pair.Second));
        Assert.DoesNotContain("App.R.g.cs", generated);
    }

    [Theory]
    [InlineData("[Config] public partial record R { [Obsolete] public int Old { get; init; } }")]
    [InlineData("[Config] internal sealed partial record R(string? @class = null, int _x = 0, R[]? Many = null) { public required int Schema { get; set; } }")]
    [InlineData("public partial interface I { private protected partial struct S { [Config] internal partial class R { public List<I?> No => []; public R? Next { get; init; } } } }")]
    [InlineData("[Config] public partial record R(Dictionary<DayOfWeek, IReadOnlyDictionary<int, bool[]>> Map);")]
    [InlineData("[Config] public partial record A(int X = 1) { public long Y { get; init; } = -1; } [Config] public partial record B(int Z, int X = 2) : A(X);")]
    public void What_is_generated_compiles_without_a_warning(string code)
    {
        var (reported, compiled, generated) = GeneratorRun.Of(code);
        Assert.Empty(reported);
        Assert.Empty(compiled.Where(one => one.Location.SourceTree?.FilePath.EndsWith(".g.cs", StringComparison.Ordinal) == true || one.Severity == DiagnosticSeverity.Error));
        Assert.Contains("ConfigRecordReader", generated);
    }

    [Fact]
    public void All_problems_of_a_record_are_reported_at_once()
    {
        var (reported, _, _) = GeneratorRun.Of("[Config] public record R(DateTime A, object B) { public int C { get; init; } = new Random().Next(); }");
        Assert.Equal(["WEFT001", "WEFT003", "WEFT003", "WEFT006"], reported.Select(one => one.Id).Order());
    }

    [Fact]
    public void A_change_elsewhere_makes_no_binding_again()
    {
        GeneratorDriver driver = GeneratorRun.NewDriver();
        Compilation before = GeneratorRun.Compile(Good);
        driver = driver.RunGenerators(before);
        driver = driver.RunGenerators(before.AddSyntaxTrees(CSharpSyntaxTree.ParseText("class Elsewhere { }", (CSharpParseOptions)before.SyntaxTrees.First().Options)));
        GeneratorRunResult result = Assert.Single(driver.GetRunResult().Results);
        Assert.All(result.TrackedSteps[ConfigGenerator.ModelStep].SelectMany(step => step.Outputs), output => Assert.True(output.Reason is IncrementalStepRunReason.Unchanged or IncrementalStepRunReason.Cached));
        Assert.All(result.TrackedOutputSteps.SelectMany(step => step.Value).SelectMany(step => step.Outputs), output => Assert.Equal(IncrementalStepRunReason.Cached, output.Reason));
    }

    [Fact]
    public void A_change_of_one_record_makes_only_its_binding_again()
    {
        GeneratorDriver driver = GeneratorRun.NewDriver();
        driver = driver.RunGenerators(GeneratorRun.Compile(Good));
        driver = driver.RunGenerators(GeneratorRun.Compile(Good.Replace("int Seed", "int Seeds", StringComparison.Ordinal)));
        GeneratorRunResult result = Assert.Single(driver.GetRunResult().Results);
        Assert.Equal([IncrementalStepRunReason.Cached, IncrementalStepRunReason.Modified],
            result.TrackedOutputSteps.SelectMany(step => step.Value).SelectMany(step => step.Outputs).Select(output => output.Reason).OrderDescending());
        Assert.Contains("\"seeds\"", string.Join("", result.GeneratedSources.Select(source => source.SourceText)));
    }

    [Theory]
    [InlineData("Lr", "lr")]
    [InlineData("LearningRate", "learning_rate")]
    [InlineData("MaxURLLength", "max_url_length")]
    [InlineData("L2", "l2")]
    [InlineData("already_snake", "already_snake")]
    [InlineData("A_B", "a_b")]
    public void A_name_becomes_a_key(string name, string key) => Assert.Equal(key, RecordReader.SnakeCase(name));
}
