using System.Collections.Immutable;
using System.Numerics;
using Weft.Config.Nodes;
using Weft.Config.Structured;

namespace Weft.Tests.Config.Structured;

public enum Schedule
{
    Constant,
    Cosine = 5,
}

/// <param name="Name">Which optimizer.</param>
[Config]
public sealed partial record OptimizerConfig(string Name = "sgd", double LearningRate = 0.1)
{
    /// <summary>How the <see cref="LearningRate"/> moves &amp; where it ends.</summary>
    public Schedule Schedule { get; init; } = Schedule.Cosine;

    public double? Momentum { get; init; }
}

/// <summary>What every kind of value looks like.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Seed">Of the random numbers.</param>
[Config]
public partial record TrainConfig(string Model, int Seed = 7, OptimizerConfig? Warmup = null)
{
    private const int Base = 3;

    public OptimizerConfig Optimizer { get; init; } = new("adam") { LearningRate = 1e-3 };

    public long Steps { get; init; } = 10 * Base;

    public required BigInteger Huge { get; init; }

    public BigInteger Small { get; init; }

    public Schedule First { get; init; }

    public float Dropout { get; init; } = 0.1f;

    public bool Shuffles { get; init; } = true;

    public byte[] Salt { get; init; } = [1, 2, 0xFF];

    public int[] Widths { get; init; } = [64, 32];

    public ImmutableArray<OptimizerConfig> Stages { get; init; } = [new("a"), new() { LearningRate = 2 }];

    public List<string?> Notes { get; init; } = ["x", null];

    public IReadOnlyList<IReadOnlyList<int>> Grid { get; init; } = [[1, 2], []];

    public Dictionary<string, double> Weights { get; init; } = new() { ["a"] = 1, ["b"] = -0.5 };

    public IReadOnlyDictionary<Schedule, OptimizerConfig> BySchedule { get; init; } = ImmutableDictionary<Schedule, OptimizerConfig>.Empty;

    [ConfigKey("out")]
    [ConfigDefault("runs/${model}")]
    public string Folder { get; init; } = "";

    [ConfigDefault("${seed}")]
    public int DataSeed { get; init; }

    public required string Owner { get; init; }

    public ConfigNode? Extra { get; init; }

    /// <summary>Computed, so it is no key.</summary>
    public int Total => Seed + Widths.Length;
}

[Config]
public sealed partial record LongTrainConfig(string Model) : TrainConfig(Model)
{
    public int Repeats { get; init; } = 2;
}

/// <summary>A tree: lists of itself and nullable ones end.</summary>
[Config]
public sealed partial class TreeConfig(string name, TreeConfig? left)
{
    public string Name { get; } = name.Length > 0 ? name : throw new ArgumentException("a name has a letter");

    public TreeConfig? Left { get; } = left;

    public ImmutableArray<TreeConfig> Others { get; init; } = [];
}

public static partial class Outer
{
    internal sealed partial record Middle
    {
        [Config]
        internal sealed partial record @class(int @int = 1, string @default = "x");
    }
}
