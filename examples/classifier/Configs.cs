using Weft.Config.Structured;

namespace Classifier;

public enum Shape
{
    /// <summary>Two round clouds: a straight line parts them.</summary>
    Blobs,

    /// <summary>Two interleaved half circles: a straight line does not.</summary>
    Moons,
}

public enum Method
{
    Sgd,
    Adam,
}

/// <param name="Shape">What the two classes look like.</param>
/// <param name="Points">How many points there are; a fifth of them is held back for the test.</param>
/// <param name="Noise">Standard deviation of the noise on each coordinate.</param>
[Config]
public sealed partial record DataConfig(Shape Shape, int Points = 500, double Noise = 0.2);

/// <param name="Degree">Highest degree of the polynomial of the coordinates; 1 is a straight line.</param>
/// <param name="Penalty">Weight of the squared coefficients in the loss.</param>
[Config]
public sealed partial record ModelConfig(int Degree = 1, double Penalty = 0);

/// <param name="Method">How a step is made from the gradient.</param>
/// <param name="Lr">Learning rate.</param>
[Config]
public sealed partial record OptimizerConfig(Method Method, double Lr = 0.1)
{
    /// <summary>Share of the last step that is kept; of plain gradient descent only.</summary>
    public double Momentum { get; init; }

    /// <summary>Points per step.</summary>
    public int Batch { get; init; } = 20;
}

[Config]
public sealed partial record TrainConfig
{
    public required DataConfig Data { get; init; }

    public required ModelConfig Model { get; init; }

    public required OptimizerConfig Optimizer { get; init; }

    /// <summary>Passes over the training points.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>Of the data and of the order of the points.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>What the log calls this training.</summary>
    [ConfigDefault("degree ${model.degree}, lr ${optimizer.lr}")]
    public string Title { get; init; } = "";
}
