using System.Text.Json;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>The module that <c>weft python</c> prints, imported by a program of the system's Python: in a real <c>weft run</c>, and without Weft.</summary>
public sealed class PythonModuleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PythonModuleTests()
    {
        ProgramResult module = WeftProgram.Run(_folder.Root, "python");
        Assert.Equal(0, module.ExitCode);
        Assert.Equal(File.ReadAllText(Repository.Path("python/weft.py")), module.Out);
        _folder.Write("weft.py", module.Out);
        File.Copy(Repository.Path("tests/Weft.EndToEnd/Programs/uses_weft.py"), _folder.Path("train.py"));
    }

    public void Dispose() => _folder.Dispose();

    private ProgramResult Weft(params string[] words) => WeftProgram.Run(_folder.Root, [new("PATH", "/usr/bin:/bin")], words);

    private ProgramResult Python(params string[] words) =>
        WeftProgram.Finish(WeftProgram.StartProgram(_folder.Root, [new("WEFT_BINARY", WeftProgram.Binary)], "/usr/bin/python3", words));

    [Fact]
    public void A_program_in_a_sweep_logs_metrics_and_results_and_reads_its_words()
    {
        ProgramResult result = Weft("run", "-m", "--", "/usr/bin/python3", "train.py", "lr=0.1,1e-2", "name=7");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("started at 0 types float str [1]", result.Out, StringComparison.Ordinal);
        using JsonDocument runs = JsonDocument.Parse(Weft("runs", "--json", "--sort", "loss").Out);
        Assert.Equal(["0.005 0.01 2", "0.05 0.1 2"], runs.RootElement.EnumerateArray().Select(run =>
            $"{run.GetProperty("metrics").GetProperty("loss")} {run.GetProperty("params").GetProperty("lr").GetString()} {run.GetProperty("params").GetProperty("epochs").GetString()}"));
        Assert.All(runs.RootElement.EnumerateArray(), run => Assert.Equal("FINISHED", run.GetProperty("status").GetString()));
        // Results stand in the run that the program made.
        Assert.Equal([0.01 * 3, 0.1 * 3], runs.RootElement.EnumerateArray().Select(run => run.GetProperty("metrics").GetProperty("score").GetDouble()));
        Assert.Equal(2, JsonDocument.Parse(Weft("runs", "tags.kind = 'small'", "--json").Out).RootElement.GetArrayLength());
        string shown = Weft("show", "-/0").Out;
        Assert.Matches("result kind +small\n", shown);
        Assert.Matches("result score +0.3", shown);
    }

    [Fact]
    public void A_program_that_asks_to_be_started_again_finds_its_checkpoint()
    {
        ProgramResult result = Weft("run", "--", "/usr/bin/python3", "train.py", "--requeue");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("started at 1 types float", result.Out, StringComparison.Ordinal);
        Assert.Contains("asked to be started again", Weft("show", "-/train").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_Weft_values_are_printed_and_paths_lie_beside_the_program()
    {
        ProgramResult result = Python("train.py", "--epochs", "1", "+layers=[2, 3]", "--name=x");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("result: {\"score\": 1.0, \"kind\": \"small\"}\nresult: {\"score\": 1.5}\nstarted at 0 types float str [2, 3]\n", result.Out);
        Assert.Equal("step 0: loss=0.5 spike=nan\n", result.Error);
        Assert.True(File.Exists(_folder.Path("kept/model.txt")));
        Assert.Equal("1", File.ReadAllText(_folder.Path(".checkpoint/epoch")));
        Assert.Equal("{'on': True, 'name': 'x'}\n", Python("-c", "import weft; print(weft.params(['--on', 'name=x'], on=False))").Out);
    }

    [Fact]
    public void Runs_are_read_from_a_notebook()
    {
        Assert.Equal(0, Weft("run", "-m", "--", "/usr/bin/python3", "train.py", "lr=0.1,0.2").ExitCode);
        _folder.Write("analyse.py",
            """
            import weft
            found = weft.runs(filter="lr = '0.2'")
            print([weft.get(run, "lr") for run in found], weft.get(found[0], "loss"), weft.get(found[0], "status"), weft.get(found[0], "absent", 5))
            try:
                weft.runs("nowhere")
            except RuntimeError as error:
                print(error)
            try:
                weft.get(found[0], "absnt")
            except KeyError as error:
                print("absnt" in str(error))
            """);
        ProgramResult result = Python("analyse.py");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("[0.2] 0.1 FINISHED 5\nno experiment `nowhere` has runs here\nTrue\n", result.Out);
    }

    [Fact]
    public void Declared_inputs_and_outputs_are_paths()
    {
        _folder.Write("paths.py", "import weft\nprint(weft.input('raw-data'), weft.output('model'), weft.params())\nweft.input('other')\n");
        string parameters = _folder.Write("params.json", "{\"lr\": 0.25}");
        using var process = WeftProgram.StartProgram(_folder.Root, [], "/usr/bin/env", "WEFT_EXECUTION=x", "WEFT_INPUT_RAW_DATA=/data/raw", $"WEFT_OUTPUT_MODEL={_folder.Path("out/deep/model")}", $"WEFT_PARAMS={parameters}", "/usr/bin/python3", "paths.py");
        ProgramResult result = WeftProgram.Finish(process);
        Assert.Equal($"/data/raw {_folder.Path("out/deep/model")} {{'lr': 0.25}}\n", result.Out);
        Assert.Contains("this task has no input 'other'; it has raw_data", result.Error, StringComparison.Ordinal);
        Assert.True(Directory.Exists(_folder.Path("out/deep")));
    }

    [Fact]
    public void A_program_that_looks_for_the_signal_ends_by_itself()
    {
        _folder.Write("waits.py",
            """
            import os, signal, weft
            weft.stopping()
            os.kill(os.getpid(), signal.SIGTERM)
            print("asked", weft.stopping())
            weft.requeue()
            """);
        ProgramResult result = Python("waits.py");
        Assert.Equal((75, "asked True\n"), (result.ExitCode, result.Out));
    }
}
