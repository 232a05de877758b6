namespace Classifier;

/// <summary>Logistic regression on the monomials of two coordinates up to a degree.</summary>
internal sealed class LogisticModel
{
    private readonly ModelConfig _config;
    private readonly double[] _weights;
    private readonly double[] _step;
    private readonly double[] _square;
    private int _steps;

    public LogisticModel(ModelConfig config)
    {
        _config = config;
        int count = (config.Degree + 1) * (config.Degree + 2) / 2;
        _weights = new double[count];
        _step = new double[count];
        _square = new double[count];
    }

    public IReadOnlyList<double> Weights => _weights;

    /// <summary>One pass over the points in a random order.</summary>
    public void Train(Points points, OptimizerConfig optimizer, Random random)
    {
        int[] order = [.. Enumerable.Range(0, points.Count)];
        random.Shuffle(order);
        foreach (int[] batch in order.Chunk(optimizer.Batch))
        {
            double[] gradient = new double[_weights.Length];
            foreach (int i in batch)
            {
                double[] features = Features(points.X[i], points.Y[i]);
                double error = Probability(features) - (points.Class[i] ? 1 : 0);
                for (int k = 0; k < gradient.Length; k++)
                    gradient[k] += error * features[k] / batch.Length;
            }
            Step(gradient, optimizer);
        }
    }

    /// <summary>The mean loss, and the share of points that are put in their class.</summary>
    public (double Loss, double Accuracy) Test(Points points)
    {
        double loss = 0;
        int right = 0;
        for (int i = 0; i < points.Count; i++)
        {
            double probability = Probability(Features(points.X[i], points.Y[i]));
            loss -= Math.Log(Math.Max(1e-12, points.Class[i] ? probability : 1 - probability));
            right += probability > 0.5 == points.Class[i] ? 1 : 0;
        }
        return (loss / points.Count, (double)right / points.Count);
    }

    private void Step(double[] gradient, OptimizerConfig optimizer)
    {
        _steps++;
        for (int k = 0; k < _weights.Length; k++)
        {
            double slope = gradient[k] + _config.Penalty * _weights[k];
            if (optimizer.Method == Method.Sgd)
            {
                _step[k] = optimizer.Momentum * _step[k] + optimizer.Lr * slope;
                _weights[k] -= _step[k];
                continue;
            }
            // Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015, algorithm 1 with its defaults.
            _step[k] = 0.9 * _step[k] + 0.1 * slope;
            _square[k] = 0.999 * _square[k] + 0.001 * slope * slope;
            _weights[k] -= optimizer.Lr * (_step[k] / (1 - Math.Pow(0.9, _steps))) / (Math.Sqrt(_square[k] / (1 - Math.Pow(0.999, _steps))) + 1e-8);
        }
    }

    private double Probability(double[] features)
    {
        double sum = 0;
        for (int k = 0; k < features.Length; k++)
            sum += features[k] * _weights[k];
        return 1 / (1 + Math.Exp(-sum));
    }

    private double[] Features(double x, double y)
    {
        double[] features = new double[_weights.Length];
        int next = 0;
        for (int i = 0; i <= _config.Degree; i++)
        {
            for (int j = 0; i + j <= _config.Degree; j++)
                features[next++] = Math.Pow(x, i) * Math.Pow(y, j);
        }
        return features;
    }
}
