using System.Globalization;
using System.Text.RegularExpressions;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>Plans that are kept or refused, executions that are compared, done again from their own tree, or repeated without Weft.</summary>
public sealed class ContractTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _root;

    public ContractTests() => _root = Directory.CreateDirectory(_folder.Path("a project")).FullName;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_plan_tells_what_tasks_took_before_and_what_they_need()
    {
        Write("weft.yaml", """
            weft: 1
            tasks:
              a: {script: "sleep 0.3", resources: {cpu: 1, memory: 1GB}}
              b: {script: "sleep 0.3; : ${{ inputs.i }}", sweep: {grid: {i: "1:4"}}, needs: a}
            """);
        Assert.DoesNotContain("TIME", Weft("plan", "main").Out, StringComparison.Ordinal);
        Weft("run", "main", "-j", "4");
        string one = Weft("plan", "main").Out;
        Assert.Matches(@"a +1 +\S.*1 cpu, 1(\.0)? ?GB +\d+(\.\d+)? s", one);
        // Four at a time: the chain of a and one point of b, instead of all five.
        double alone = Seconds(one), four = Seconds(Weft("plan", "main", "-j", "4").Out);
        Assert.True(alone >= 1.5 && four >= 0.6 && four < alone, $"{alone} s and {four} s");

        static double Seconds(string plan) => double.Parse(Regex.Match(plan, @"about ([\d.]+) s with -j").Groups[1].Value, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void A_plan_that_does_not_hold_is_refused_with_every_difference()
    {
        Write("weft.yaml", "weft: 1\ntasks: {a: {run: sh a.sh, inputs: {raw: ./raw.csv}, outputs: {n: {type: int}}}, b: {run: 'sh b.sh ${{ inputs.n }}', inputs: {n: a.n}}}\n");
        Write("a.sh", "echo n=1 > \"$WEFT_RESULTS\"\n");
        Write("b.sh", "echo \"b $1\"\n");
        Write("raw.csv", "1\n");
        Git("init", "-q");
        Commit();
        Weft("plan", "main", "-o", "plan.json");
        Assert.Contains("b 1", Weft("run", "--plan", "plan.json").Out, StringComparison.Ordinal);
        Weft("plan", "main", "-o", "plan.json");
        Write("b.sh", "echo \"other $1\"\n");
        Write("weft.yaml", File.ReadAllText(At("weft.yaml")) + "\n# edited\n");
        Commit();
        Write("a.sh", File.ReadAllText(At("a.sh")) + "# edited\n");
        ProgramResult refused = WeftProgram.Run(_root, "run", "--plan", "plan.json");
        Assert.Equal(2, refused.ExitCode);
        foreach (string part in (string[])["`a` was to be reused", "now it would run", "`a.sh` changed", "`b.sh` changed", "`weft.yaml` changed"])
            Assert.Contains(part, refused.Error, StringComparison.Ordinal);
        Write("plan.json", "{}");
        Assert.Contains("is no plan of this version", WeftProgram.Run(_root, "run", "--plan", "plan.json").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_executions_of_a_graph_are_compared()
    {
        Write("weft.yaml", "weft: 1\nparams: {day: {default: mon}}\ntasks: {a: {run: 'sh a.sh ${{ params.day }}', outputs: {t: t.txt}}}\n");
        Write("a.sh", "echo $1 > \"$WEFT_OUTPUT_T\"\n");
        Weft("run", "main", "--name", "one");
        Write("a.sh", "echo $1, edited > \"$WEFT_OUTPUT_T\"\n");
        Weft("run", "main", "day=tue", "--name", "two");
        string difference = Weft("diff", "one", "two").Out;
        Assert.Matches(@"input +day +mon +tue", difference);
        Assert.Matches(@"code +a\.sh +changed", difference);
        Assert.Contains("differ in nothing", Weft("diff", "one", "one").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_exact_tree_comes_back_and_its_plan_runs_there()
    {
        Write(".gitignore", "data/\n");
        Write("weft.yaml", "weft: 1\ntasks: {a: {run: 'sh main.sh ${{ inputs.raw }}', inputs: {raw: ./data/raw.csv}, outputs: {t: t.txt}}}\n");
        Write("main.sh", "first\n");
        Write("gone.txt", "gone\n");
        Write("old name.txt", "a text that is renamed\n");
        Write("größe/tool", "#!/bin/sh\n");
        Write("data/raw.csv", "7\n");
        Git("init", "-q");
        Commit();
        // Changed and staged, changed, untracked, binary, deleted, renamed, made executable, linked.
        Write("staged.py", "1\n");
        Git("add", "staged.py");
        Write("main.sh", "cat \"$1\" uncommitted.txt > \"$WEFT_OUTPUT_T\"\n");
        Write("uncommitted.txt", "uncommitted\n");
        File.WriteAllBytes(At("binary.bin"), [0, 255, 10, 13, 0]);
        File.Delete(At("gone.txt"));
        Git("mv", "old name.txt", "new name.txt");
        File.SetUnixFileMode(At("größe/tool"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(At("link"), "größe/tool");
        File.CreateSymbolicLink(At("dangling"), "/nowhere");
        Weft("run", "main", "--name", "first");
        string[] before = Tree(_root);

        Commit();
        Write("main.sh", "false\n");
        Write("later.txt", "later\n");
        ProgramResult again = Weft("reproduce", "first", "-o", "../again here");
        Assert.Contains("./data/raw.csv is no part of the code", again.Error, StringComparison.Ordinal);
        Assert.Equal(before, Tree(_folder.Path("again here")));
        ProgramResult got = WeftProgram.Run(_folder.Path("again here"), "artifacts", "get", "-", "t");
        Assert.True(got.ExitCode == 0, got.ToString());
        Assert.Equal("7\nuncommitted\n", File.ReadAllText(_folder.Path("again here/t.txt")));
        Assert.Contains("is there already and not empty", WeftProgram.Run(_root, "reproduce", "first", "-o", "../again here").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_git_the_sources_come_back_with_the_inputs_and_workspaces_are_filled_from_them()
    {
        Write("weft.yaml", "weft: 1\ntasks: {a: {run: 'sh main.sh ${{ inputs.raw }}', workspace: private, inputs: {raw: ./raw.csv}, outputs: {t: t.txt}}}\n");
        Write("main.sh", "test ! -e .weft && cat \"$1\" sub/one.yaml > \"$WEFT_OUTPUT_T\"; echo x > made-here.txt\n");
        Write("sub/one.yaml", "a: 1\n");
        Write("raw.csv", "7\n");
        Weft("run", "main", "--name", "first");
        Assert.False(File.Exists(At("made-here.txt")));
        Write("sub/one.yaml", "a: 2\n");
        Weft("reproduce", "first", "-o", "again");
        ProgramResult got = WeftProgram.Run(At("again"), "artifacts", "get", "-", "t");
        Assert.True(got.ExitCode == 0, got.ToString());
        Assert.Equal("7\na: 1\n", File.ReadAllText(At("again/t.txt")));
    }

    [Fact]
    public void The_script_of_a_run_gives_the_same_outputs_without_weft()
    {
        Write("weft.yaml", """
            weft: 1
            params: {word: {default: "it's \"$HOME\" `x` \\ ü"}}
            tasks:
              prepare: {run: "sh prepare.sh ${{ params.word }}", inputs: {raw: ./raw.csv}, outputs: {my_data: data/}}
              train:
                script: |
                  cat ${{ inputs.data }}/* > "$WEFT_OUTPUT_MODEL"; echo "lr $(grep -o '"lr":[0-9]*' "$WEFT_PARAMS")" >> ${{ outputs.model }}
                  echo acc=${{ inputs.lr }} > "$WEFT_RESULTS"
                inputs: {data: prepare.my_data}
                outputs: {model: model.txt}
                sweep: {grid: {lr: [1, 2]}, select: max(acc)}
              report: {run: "sh report.sh ${{ inputs.best }} ${{ outputs.page }}", workspace: private, inputs: {best: train.best.model, all: train.runs}, outputs: {page: page.html}}
            """);
        Write("prepare.sh", "mkdir -p \"$WEFT_OUTPUT_MY_DATA/sub\"; cp \"$WEFT_INPUT_RAW\" \"$WEFT_OUTPUT_MY_DATA/raw\"; printf '%s\\n' \"$1\" > \"$WEFT_OUTPUT_MY_DATA/word\"; rmdir \"$WEFT_OUTPUT_MY_DATA/sub\"\n");
        Write("report.sh", "{ cat \"$1\"; cat \"$WEFT_INPUT_ALL/index.json\" | tr , '\\n' | grep -c model; } > \"$2\"\n");
        Write("raw.csv", "7\n");
        Weft("run", "main");
        Weft("artifacts", "get", "-", "page");
        string clean = _folder.Path("clean ü");
        Directory.CreateDirectory(clean);
        foreach (string file in (string[])["prepare.sh", "report.sh", "raw.csv"])
            File.Copy(At(file), Path.Combine(clean, file));
        File.WriteAllText(_folder.Path("again.sh"), Weft("show", "-", "--script").Out);
        // What Weft keeps is not there to help.
        Directory.Move(_root, _folder.Path("elsewhere"));
        ProgramResult script = WeftProgram.Finish(WeftProgram.StartProgram(_folder.Root, [new("RUN", _folder.Path("run")), new("HOME", "/")], "sh", "again.sh", clean));
        Assert.True(script.ExitCode == 0, script.ToString());
        string page = Directory.GetFiles(_folder.Path("run"), "page.html", SearchOption.AllDirectories).Single();
        Assert.Equal(File.ReadAllText(_folder.Path("elsewhere/page.html")), File.ReadAllText(page));
        Assert.Contains("it's \"$HOME\" `x` \\ ü", File.ReadAllText(page), StringComparison.Ordinal);
    }

    /// <summary>Every file and link with mode and content; without what tools keep beside them.</summary>
    private static string[] Tree(string root) =>
    [
        .. Directory.EnumerateFileSystemEntries(root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Select(path => Path.GetRelativePath(root, path))
            .Where(path => !path.StartsWith(".git/", StringComparison.Ordinal) && !path.StartsWith(".weft", StringComparison.Ordinal) && !path.StartsWith("mlruns", StringComparison.Ordinal) && path != ".git")
            .Order(StringComparer.Ordinal)
            .Select(path => new FileInfo(Path.Combine(root, path)) switch
            {
                { LinkTarget: { } target } => $"{path} -> {target}",
                { Exists: true } file => $"{path} {(file.UnixFileMode & UnixFileMode.UserExecute) != 0} {Convert.ToHexString(File.ReadAllBytes(file.FullName))}",
                _ => path + "/",
            }),
    ];

    private ProgramResult Weft(params string[] arguments)
    {
        ProgramResult result = WeftProgram.Run(_root, arguments);
        Assert.True(result.ExitCode == 0, $"weft {string.Join(' ', arguments)}: {result}");
        return result;
    }

    private void Commit()
    {
        Git("add", "-A");
        Git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "state");
    }

    private void Git(params string[] arguments)
    {
        ProgramResult result = WeftProgram.Finish(WeftProgram.StartProgram(_root, [], "git", arguments));
        Assert.True(result.ExitCode == 0, result.ToString());
    }

    private string At(string path) => Path.Combine(_root, path);

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
    }
}
