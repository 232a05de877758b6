namespace Classifier;

/// <summary>Points of a plane in two classes, made from a seed.</summary>
internal sealed record Points(double[] X, double[] Y, bool[] Class)
{
    public int Count => X.Length;

    /// <summary>The training points and the test points.</summary>
    public static (Points Training, Points Test) Make(DataConfig config, int seed)
    {
        var random = new Random(seed);
        var all = new Points(new double[config.Points], new double[config.Points], new bool[config.Points]);
        for (int i = 0; i < config.Points; i++)
        {
            all.Class[i] = i % 2 == 1;
            (double x, double y) = Place(config.Shape, all.Class[i], random.NextDouble());
            all.X[i] = x + config.Noise * Normal(random);
            all.Y[i] = y + config.Noise * Normal(random);
        }
        int test = config.Points / 5;
        return (all.Part(test, config.Points), all.Part(0, test));
    }

    private static (double X, double Y) Place(Shape shape, bool isSecond, double along) => shape switch
    {
        Shape.Blobs => isSecond ? (1, 1) : (-1, -1),
        _ when isSecond => (1 - Math.Cos(Math.PI * along), 0.5 - Math.Sin(Math.PI * along)),
        _ => (Math.Cos(Math.PI * along), Math.Sin(Math.PI * along)),
    };

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private Points Part(int from, int to) => new(X[from..to], Y[from..to], Class[from..to]);
}
