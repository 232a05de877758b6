using BenchmarkDotNet.Attributes;
using Weft.Config.Composition;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Micro;

/// <summary>What composing costs when the code is warm. Hydra 1.3.5 takes 170 ms for the first, in process, and 69 ms for each job of a sweep.</summary>
[MemoryDiagnoser]
public class ComposeBenchmarks
{
    private Groups _groups = null!;
    private Composer _composer = null!;
    private int _round;

    [GlobalSetup]
    public void Setup()
    {
        _groups = new Groups();
        _composer = _groups.NewComposer();
    }

    [GlobalCleanup]
    public void Clean() => _groups.Dispose();

    /// <summary>Other values, the same choices: the point of a sweep.</summary>
    [Benchmark]
    public Composition Values_of_50_groups() => Compose("lr=0.5", "g7.inner.depth=4");

    /// <summary>Other choices every time: the defaults list is expanded and merged again, from files that were read before.</summary>
    [Benchmark]
    public Composition Choices_of_50_groups()
    {
        int round = _round++;
        return Compose($"g{round % 50}=b", $"g{round / 50 % 50}=c");
    }

    /// <summary>Everything: 51 files are read.</summary>
    [Benchmark]
    public Composition Files_of_50_groups()
    {
        _composer = _groups.NewComposer();
        return Compose("lr=0.5");
    }

    private Composition Compose(params string[] words) => _composer.Compose("config", words, RunMode.Run, []) ?? throw new InvalidOperationException("it does not compose");
}

/// <summary>One override, read. Hydra 1.3.5 takes 181 µs.</summary>
[MemoryDiagnoser]
public class OverrideBenchmarks
{
    [Params("lr=0.1", "trainer.optimizer.lr=1e-3", "+db@backup=mysql", "k=choice(1,'a b',{x:[1,2]})")]
    public string Word { get; set; } = "";

    [Benchmark]
    public Override? Read() => Override.Parse(Source.OfArgument(1, Word), []);
}

/// <summary>The check of a sweep before its first point starts.</summary>
[MemoryDiagnoser]
public class SweepBenchmarks
{
    private Groups _groups = null!;

    [GlobalSetup]
    public void Setup() => _groups = new Groups();

    [GlobalCleanup]
    public void Clean() => _groups.Dispose();

    [Params(1_000, 4_000)]
    public int Points { get; set; }

    [Benchmark]
    public System.Numerics.BigInteger Check()
    {
        var diagnostics = new Text.Diagnostics();
        BasicSweep sweep = BasicSweep.Of(Override.ParseAll(["g3=a,b", $"seed=range({Points / 2})"], diagnostics), _ => [], diagnostics)!;
        return SweepCheck.Run(_groups.NewComposer(), "config", sweep, [], diagnostics);
    }
}
