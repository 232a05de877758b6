using System.Globalization;
using Classifier;
using Weft.Applications;

return WeftApp.Run<TrainConfig>(args, (config, job) =>
{
    (Points training, Points test) = Points.Make(config.Data, config.Seed);
    var model = new LogisticModel(config.Model);
    var random = new Random(config.Seed);
    job.Log.Info($"{config.Title}: {training.Count} points");
    for (int epoch = 1; epoch <= config.Epochs; epoch++)
    {
        model.Train(training, config.Optimizer, random);
        job.Log.Debug(string.Create(CultureInfo.InvariantCulture, $"epoch {epoch}: loss {model.Test(training).Loss:0.000}"));
    }
    (double loss, double accuracy) = model.Test(test);
    job.Log.Info(string.Create(CultureInfo.InvariantCulture, $"accuracy {accuracy:0.00}, loss {loss:0.000}"));
    job.Report("accuracy", accuracy);
    job.Report("loss", loss);
    job.Result = accuracy;
    File.WriteAllLines(job.Path("weights.txt"), model.Weights.Select(weight => weight.ToString("R", CultureInfo.InvariantCulture)));
});
