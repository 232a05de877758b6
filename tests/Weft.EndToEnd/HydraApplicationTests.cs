using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>
/// A real Hydra application under Weft, beside the stand-in that the other tests use: what both leave is the same. Needs Hydra where the system's Python finds it; a folder
/// of <c>PYTHONPATH</c> will do.
/// </summary>
public sealed partial class HydraApplicationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("run", "job")]
    [InlineData("run", "job", "+fail='optimizer.lr=0.01'")]
    [InlineData("run", "job", "optimizer.name=sgd,adam", "-m", "~optimizer.betas")]
    [InlineData("run", "--", "/usr/bin/python3", "app.py", "width=7", "+note=a b", "optimizer.lr=1e-5")]
    [InlineData("run", "--", "/usr/bin/python3", "app.py", "-m", "width=7,8", "optimizer.lr=1e-3,1e-2", "optimizer.betas=[0.5,1]")]
    [InlineData("run", "-m", "--", "/usr/bin/python3", "app.py", "optimizer.lr=1e-3,1e-2")]
    public void The_stand_in_leaves_what_Hydra_leaves(params string[] words)
    {
        ProgramResult hydra = WeftProgram.Finish(WeftProgram.StartProgram(_folder.Root, [], "/usr/bin/python3", "-c", "import hydra"));
        if (hydra.ExitCode != 0)
            Assert.Skip("needs Hydra: its package for the system's Python, or its code in a folder of PYTHONPATH");
        Assert.Equal(Observe("real_hydra_app.py", words), Observe("hydra_app.py", words));
    }

    private string Observe(string program, string[] words)
    {
        string folder = _folder.Path(program.Replace(".py", "", StringComparison.Ordinal));
        Directory.CreateDirectory(folder);
        File.Copy(Repository.Path("tests/Weft.EndToEnd/Programs/hydra_app.py"), Path.Combine(folder, "stand_in.py"));
        File.Copy(Repository.Path("tests/Weft.EndToEnd/Programs/" + program), Path.Combine(folder, "app.py"));
        File.WriteAllText(Path.Combine(folder, "hydraflow.yaml"), "jobs:\n  job:\n    run: /usr/bin/python3 app.py\n    sets:\n      - each: width=100,300\n        all: optimizer.lr=1e-3,1e-2\n");
        var seen = new StringBuilder();
        ProgramResult result = WeftProgram.Run(folder, words);
        seen.Append("exit code ").Append(result.ExitCode).AppendLine();
        foreach (Match failure in Failure().Matches(result.Out))
            seen.AppendLine(failure.Value.TrimEnd());
        foreach (JsonElement run in JsonDocument.Parse(WeftProgram.Run(folder, "runs", "--json", "--sort", "run_name").Out).RootElement.EnumerateArray())
            seen.AppendLine($"{run.GetProperty("name").GetString()!.Split('/')[1]} {run.GetProperty("status").GetString()} {string.Join(' ', run.GetProperty("params").EnumerateObject().OrderBy(param => param.Name, StringComparer.Ordinal).Select(param => $"{param.Name}={param.Value.GetString()}"))}");
        foreach (string root in (string[])["multirun", "outputs", "mlruns"])
        {
            string below = Path.Combine(folder, root);
            foreach (string file in Directory.Exists(below) ? Directory.EnumerateFiles(below, "*", SearchOption.AllDirectories) : [])
                seen.AppendLine(Volatile().Replace(Path.GetRelativePath(folder, file), "*") + (file.EndsWith("overrides.yaml", StringComparison.Ordinal) ? ": " + File.ReadAllText(file).ReplaceLineEndings(" ") : ""));
        }
        return string.Join('\n', seen.ToString().Split('\n').Order(StringComparer.Ordinal));
    }

    [GeneratedRegex("^Error executing job with overrides: .*$", RegexOptions.Multiline)]
    private static partial Regex Failure();

    /// <summary>Ids, days and times in paths.</summary>
    [GeneratedRegex(@"[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{32}|\d{4}-\d\d-\d\d|\d\d-\d\d-\d\d")]
    private static partial Regex Volatile();
}
