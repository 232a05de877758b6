using System.IO.Compression;
using Weft.Execution;
using Weft.Platform;
using Weft.Support;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>Tasks with requirements run in an environment that has them. The package comes from a folder: no index is asked.</summary>
public sealed class PythonEnvironmentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tasks_with_requirements_share_an_environment_that_is_made_once_per_content()
    {
        using var project = new GraphProject(_folder.Root);
        WriteWheel("wheels", "tinypack", "1.0");
        WriteWheel("wheels", "tinypack", "2.0");
        project.Write("requirements.txt", "--no-index\n--find-links ./wheels\n-r \"more requirements.txt\"\n");
        project.Write("more requirements.txt", "tinypack==1.0\n");
        const string Yaml = """
            weft: 1
            env: {requirements: requirements.txt}
            tasks:
              a: {run: "tinypack-version ${{ outputs.v }}", outputs: {v: v.txt}}
              b: {run: [python, -c, "import tinypack, sys, os; assert sys.prefix == os.environ['VIRTUAL_ENV']; print(tinypack.version)"]}
              c: {run: [python3, -c, "pass"], env: {requirements: requirements.txt, setup: "test -n \"$VIRTUAL_ENV\""}}
            """;
        ExecutionEnd end = project.Run(Yaml);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        Assert.Equal("1.0", project.ResultOf(end, "v.txt"));
        Assert.Single(Environments());

        ExecutionEnd again = project.Run(Yaml);
        Assert.Equal("a=Reused", project.Phases(again, "a"));
        project.Write("more requirements.txt", "tinypack==2.0\n");
        ExecutionEnd newer = project.Run(Yaml);
        Assert.Equal("a=Succeeded", project.Phases(newer, "a"));
        Assert.Equal("2.0", project.ResultOf(newer, "v.txt"));
        Assert.Equal(2, Environments().Length);
    }

    [Fact]
    public void What_pip_says_is_shown_when_it_fails_and_the_next_run_tries_again()
    {
        using var project = new GraphProject(_folder.Root);
        project.Write("requirements.txt", "--no-index\n--find-links ./wheels\ntinypack\n");
        const string Yaml = """
            weft: 1
            tasks: {a: {run: [python, -c, "import tinypack"], env: {requirements: requirements.txt}}}
            """;
        ExecutionEnd end = project.Run(Yaml);
        Assert.Equal(Phase.Failed, end.State);
        Assert.Contains("the environment of `requirements.txt` cannot be made", end.Failures[0].Reason);
        Assert.Contains("tinypack", end.Failures[0].LastLine);
        WriteWheel("wheels", "tinypack", "1.0");
        Assert.Equal("Succeeded", GraphProject.Verdict(project.Run(Yaml)));
    }

    [Fact]
    public void An_environment_is_removed_by_age_and_never_while_it_is_used()
    {
        using var project = new GraphProject(_folder.Root);
        project.Write("requirements.txt", "--no-index\n");
        ExecutionEnd end = project.Run("""
            weft: 1
            tasks: {a: {script: '! flock --nonblock "$VIRTUAL_ENV.lock" true', env: {requirements: requirements.txt}}}
            """);
        Assert.Equal("Succeeded", GraphProject.Verdict(end));
        string environment = Assert.Single(Environments());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Assert.Equal((0, 0), PythonEnvironments.Collect(_folder.Path(".weft/environments"), now - TimeSpan.FromDays(1), isDry: false));
        using (FileLock.TryAcquire(environment + ".lock", LockMode.Shared))
            Assert.Equal((0, 0), PythonEnvironments.Collect(_folder.Path(".weft/environments"), now + TimeSpan.FromDays(1), isDry: false));
        (int count, long bytes) = PythonEnvironments.Collect(_folder.Path(".weft/environments"), now + TimeSpan.FromDays(1), isDry: true);
        Assert.True(count == 1 && bytes > 0 && Directory.Exists(environment));
        Assert.Equal((count, bytes), PythonEnvironments.Collect(_folder.Path(".weft/environments"), now + TimeSpan.FromDays(1), isDry: false));
        Assert.Empty(Environments());
    }

    private string[] Environments() => Directory.GetDirectories(_folder.Path(".weft/environments"));

    /// <summary>A wheel is a zip with a package, what it is called, and a program that it installs.</summary>
    private void WriteWheel(string folder, string name, string version)
    {
        Directory.CreateDirectory(_folder.Path(folder));
        using ZipArchive wheel = ZipFile.Open(_folder.Path($"{folder}/{name}-{version}-py3-none-any.whl"), ZipArchiveMode.Create);
        Add($"{name}/__init__.py", $"version = '{version}'\ndef main():\n    import sys\n    open(sys.argv[1], 'w').write(version)\n");
        Add($"{name}-{version}.dist-info/METADATA", $"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        Add($"{name}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
        Add($"{name}-{version}.dist-info/entry_points.txt", $"[console_scripts]\n{name}-version = {name}:main\n");
        Add($"{name}-{version}.dist-info/RECORD", "");

        void Add(string path, string text)
        {
            using var writer = new StreamWriter(wheel.CreateEntry(path).Open());
            writer.Write(text);
        }
    }
}
