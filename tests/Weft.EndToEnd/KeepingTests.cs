using System.Text.Json;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>What is done with executions when they have ended: names, marks, comparison, a shell, deletion; and the first file of a project.</summary>
public sealed class KeepingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public KeepingTests()
    {
        _folder.Write("hydraflow.yaml", "jobs:\n  job:\n    run: sh job.sh\n    sets:\n      - each: lr=1,2\n");
        _folder.Write("job.sh", "for word in \"$@\"; do case $word in lr=*) echo acc=$((${word#lr=} * 2)) >> \"$WEFT_RESULTS\";; esac; done\n");
    }

    public void Dispose() => _folder.Dispose();

    private ProgramResult Weft(params string[] words) => WeftProgram.Run(_folder.Root, [new("PATH", "/usr/bin:/bin"), new("SHELL", "/bin/sh")], words);

    private string Run(params string[] words)
    {
        ProgramResult result = Weft(["run", "job", "--fresh", "--json", "-q", .. words]);
        Assert.True(result.ExitCode == 0, result.ToString());
        using JsonDocument end = JsonDocument.Parse(result.Out[result.Out.IndexOf("{\n  \"execution\"", StringComparison.Ordinal)..]);
        return end.RootElement.GetProperty("execution").GetString()!;
    }

    [Fact]
    public void A_tag_moves_is_listed_and_goes()
    {
        string first = Run();
        string second = Run();
        Assert.Equal($"@best is {first}\n", Weft("tag", "best", first).Error);
        Assert.Equal($"@best is {second}/job[1] (was {first})\n", Weft("tags", "add", "best", $"{second}/1").Error);
        Assert.Contains($"{second}/job[1]", Weft("show", "@best").Out, StringComparison.Ordinal);
        using (JsonDocument tags = JsonDocument.Parse(Weft("tag", "--json").Out))
            Assert.Equal(("best", second), (tags.RootElement[0].GetProperty("tag").GetString(), tags.RootElement[0].GetProperty("execution").GetString()));
        Assert.Contains("did you mean `best`?", Weft("tag", "bset").Error, StringComparison.Ordinal);
        Assert.Contains("cannot be a tag", Weft("tag", "a/b", first).Error, StringComparison.Ordinal);
        Assert.Equal(0, Weft("tag", "best", "--delete").ExitCode);
        Assert.Equal("no tags\n", Weft("tag").Error);
    }

    [Fact]
    public void Labels_mark_runs_and_filters_find_them()
    {
        string execution = Run();
        Assert.Equal("2 runs labelled\n", Weft("label", execution, "paper=fig 3").Error);
        Assert.Equal("1 run labelled\n", Weft("label", "-/1", "kept=yes").Error);
        using JsonDocument runs = JsonDocument.Parse(Weft("runs", "tags.paper = 'fig 3' and tags.kept = 'yes'", "--json").Out);
        JsonElement only = Assert.Single(runs.RootElement.EnumerateArray());
        string id = only.GetProperty("run_id").GetString()!;
        Assert.Equal([$"{execution}/1 kept yes", $"{execution}/1 paper fig 3"], Weft("label", id[..10]).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
        Weft("label", execution, "--remove", "paper");
        Assert.Equal("no runs\n", Weft("runs", "tags.paper = 'fig 3'").Error);
        Assert.Contains("is no label: expected KEY=VALUE", Weft("label", "-", "paper").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Why_of_a_point_says_what_changed_since_it_ran_before()
    {
        string first = Run();
        Assert.Contains("it is not cached: it runs every time", Weft("why", "-/0").Out, StringComparison.Ordinal);
        string second = Run();
        Assert.Contains($"since {first}/job[1], which has succeeded, nothing that is recorded has changed", Weft("why", $"{second}/1").Out, StringComparison.Ordinal);

        // The point lr=2 has another number now, and its program another argument.
        _folder.Write("hydraflow.yaml", File.ReadAllText(_folder.Path("hydraflow.yaml")).Replace("lr=1,2", "lr=0,1,2").Replace("job.sh", "job.sh first"));
        Run();
        string why = Weft("why", "-/2").Out;
        Assert.Contains($"since {second}/job[1], which has succeeded, this has changed:", why, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^  definition `job\.command` changed from .* to .*first", why);
        Assert.Contains("code `hydraflow.yaml` changed", why, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_points_and_two_executions_are_compared()
    {
        string first = Run();
        _folder.Write("hydraflow.yaml", File.ReadAllText(_folder.Path("hydraflow.yaml")).Replace("lr=1,2", "lr=1,3"));
        string second = Run();
        string points = Weft("diff", $"{second}/0", $"{second}/1").Out;
        Assert.Matches(@"(?m)^param +lr +1 +3$", points);
        Assert.Matches(@"(?m)^metric +acc +2 +6$", points);
        string executions = Weft("diff", first, second).Out;
        Assert.Matches(@"(?m)^definition +job\.nodes\.job\.over\.parts\.lr\.choices\.texts +1 2 +1 3$", executions);
        using JsonDocument json = JsonDocument.Parse(Weft("diff", first, second, "--json").Out);
        Assert.Equal("definition", json.RootElement[0].GetProperty("what").GetString());
        Assert.Contains("differ in nothing", Weft("diff", first, first).Error, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^code +hydraflow\.yaml +changed$", executions);
    }

    [Fact]
    public void What_has_changed_since_and_what_was_found_then_are_shown()
    {
        string name = Run();
        Assert.Equal($"{name} and now differ in nothing that is recorded\n", Weft("show", name, "--diff").Error);
        File.AppendAllText(_folder.Path("job.sh"), "# more\n");
        ProgramResult now = WeftProgram.Run(_folder.Root, [new("PATH", "/usr/bin:/bin"), new("OMP_NUM_THREADS", "3")], "show", name, "--diff");
        Assert.Matches(@"code +job\.sh +changed", now.Out);
        Assert.Matches("variable +OMP_NUM_THREADS +- +3", now.Out);
        Assert.Matches(@"code +job\.sh +changed", Weft("diff", $"{name}/1").Out);
        Assert.Matches("variable +PATH +/usr/bin:/bin", Weft("show", name, "--env").Out);
        using JsonDocument json = JsonDocument.Parse(Weft("show", $"{name}/0", "--env", "--json").Out);
        Assert.Equal("/usr/bin:/bin", json.RootElement.GetProperty("variables").GetProperty("PATH").GetString());
    }

    [Fact]
    public void The_environments_of_two_executions_are_compared()
    {
        // An interpreter as a virtual environment has it: what is installed is read from its folders.
        _folder.Write("venv/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.7\n");
        _folder.Write("venv/bin/python", "#!/bin/sh\n");
        File.SetUnixFileMode(_folder.Path("venv/bin/python"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Directory.CreateDirectory(_folder.Path("venv/lib/python3.11/site-packages/Num_Py-1.26.4.dist-info"));
        Directory.CreateDirectory(_folder.Path("venv/lib/python3.11/site-packages/six-1.0.dist-info"));
        _folder.Write("hydraflow.yaml", "jobs:\n  job:\n    run: venv/bin/python app.py\n    sets:\n      - each: lr=1\n");
        string first = Run();
        Directory.Move(_folder.Path("venv/lib/python3.11/site-packages/Num_Py-1.26.4.dist-info"), _folder.Path("venv/lib/python3.11/site-packages/Num_Py-2.0.0.dist-info"));
        string second = Run();
        string differences = Weft("diff", first, second).Out;
        Assert.Matches(@"(?m)^package +num-py +1\.26\.4 +2\.0\.0$", differences);
        Assert.DoesNotContain("six", differences, StringComparison.Ordinal);
        Assert.Contains("package `num-py` changed from 1.26.4 to 2.0.0", Weft("why", $"{second}/0").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shell_has_the_folder_and_the_variables_of_a_task()
    {
        string execution = Run();
        ProgramResult shell = Weft("shell", $"{execution}/1", "--", "sh", "-c", "echo $WEFT_TASK $(basename \"$WEFT_RESULTS\"); pwd; exit 3");
        Assert.Equal((3, $"job[1] job[1].1\n{_folder.Root}\n"), (shell.ExitCode, shell.Out));
        Assert.Contains("sh job.sh --multirun", shell.Error, StringComparison.Ordinal);
        Assert.Contains("lr=2", shell.Error, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(Weft("shell", "-", "--json").Out);
        Assert.Equal($"{execution}/job[0]", json.RootElement.GetProperty("task").GetString());
        Assert.Contains("there is no program `nowhere`", Weft("shell", "-", "--", "nowhere").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Executions_are_deleted_but_not_what_runs_or_has_a_tag()
    {
        string first = Run();
        string second = Run();
        Weft("tag", "kept", second);
        ProgramResult refused = Weft("rm", first, second, "nothing");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains($"the tag `kept` names {second}", refused.Error, StringComparison.Ordinal);
        Assert.Contains("no execution `nothing`", refused.Error, StringComparison.Ordinal);
        Assert.Matches($@"^would delete 1 execution and 2 runs, [\d.]+ k?B\n$", Weft("rm", first, "--runs", "--dry-run").Error);
        Assert.Equal(2, Directory.GetDirectories(_folder.Path(".weft/executions")).Length);
        Assert.Equal(0, Weft("rm", first, "--runs").ExitCode);
        Assert.Single(Directory.GetDirectories(_folder.Path(".weft/executions")));
        Assert.Contains($"no execution `{first}`", Weft("show", first).Error, StringComparison.Ordinal);
        using JsonDocument runs = JsonDocument.Parse(Weft("runs", "--json").Out);
        Assert.All(runs.RootElement.EnumerateArray(), run => Assert.StartsWith(second, run.GetProperty("name").GetString(), StringComparison.Ordinal));
        Assert.Equal(2, runs.RootElement.GetArrayLength());
    }

    [Fact]
    public void Clean_up_takes_old_executions_and_never_what_a_tag_names()
    {
        string first = Run();
        string second = Run();
        Weft("tag", "kept", $"{second}/0");
        using (JsonDocument nothing = JsonDocument.Parse(Weft("gc", "--json").Out))
            Assert.Equal(0, nothing.RootElement.GetProperty("bytes").GetInt64());
        using (JsonDocument dry = JsonDocument.Parse(Weft("gc", "--older", "0.0000001h", "--dry-run", "--json").Out))
            Assert.Equal(1, dry.RootElement.GetProperty("removed")[0].GetProperty("count").GetInt32());
        Assert.Equal(0, Weft("show", first).ExitCode);
        Assert.Equal(0, Weft("gc", "--older", "0.0000001h").ExitCode);
        Assert.Equal(2, Weft("show", first).ExitCode);
        Assert.Equal(0, Weft("show", "@kept").ExitCode);
        Assert.Equal("", Weft("logs", $"{second}/0").Error);
        Assert.Contains("takes a number of hours, days or weeks", Weft("gc", "--older", "soon").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_first_file_is_written_for_the_program_that_is_found()
    {
        Assert.Contains("`hydraflow.yaml` here, which weft reads as it is", Weft("init").Error, StringComparison.Ordinal);
        File.Delete(_folder.Path("hydraflow.yaml"));
        _folder.Write("train.sh", "echo trained\n");
        Assert.Equal("weft: 1\ntasks:\n  train:\n    run: bash train.sh\n", Weft("init", "--dry-run").Out);
        Assert.False(File.Exists(_folder.Path("weft.yaml")));
        Assert.Equal(0, Weft("init").ExitCode);
        Assert.Equal(0, Weft("check").ExitCode);
        Assert.Contains("trained", Weft("run", "main").Out, StringComparison.Ordinal);
        Assert.Contains("there is a weft.yaml here already", Weft("init").Error, StringComparison.Ordinal);
    }
}
