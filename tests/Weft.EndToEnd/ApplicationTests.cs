using System.Diagnostics;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>A C# program that is configured as Hydra's are: <c>examples/classifier</c>, run as a program.</summary>
public sealed class ApplicationTests : IDisposable
{
    private static readonly string Classifier = Repository.Path("artifacts/bin/Classifier/debug/classifier");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_guide_of_C_programs_is_real_output() =>
        Assert.True(ConsolePage.Check("docs/guides/hydra-in-csharp.md", _folder.Root, ("classifier", Classifier), ("weft", WeftProgram.Binary)) >= 12);

    [Fact]
    public void The_page_of_sweeps_is_real_output() =>
        Assert.True(ConsolePage.Check("docs/concepts/sweeps.md", _folder.Root, ("weft", WeftProgram.Binary)) >= 5);

    [Fact]
    public void Bash_completes_groups_options_keys_and_flags()
    {
        ProgramResult result = Run("bash", "--norc", "-c",
            """
            eval "$(classifier -sc install=bash)"
            complete_line() {
              COMP_LINE=$1 COMP_POINT=${#1}; COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
              _complete_classifier
              echo "${COMPREPLY[@]}"
            }
            complete_line 'classifier opt'
            complete_line 'classifier optimizer='
            complete_line 'classifier optimizer=adam optimizer.lr='
            complete_line 'classifier --exp'
            eval "$(classifier -sc uninstall=bash)"
            complete -p classifier 2>/dev/null || echo gone
            """);
        Assert.Equal("optimizer. optimizer=\nadam sgd\n0.05\n--experimental-rerun\ngone\n", result.Out);
    }

    [Fact]
    public async Task Ctrl_C_ends_a_sweep_with_130()
    {
        using Process process = WeftProgram.StartProgram(_folder.Root, Path, Classifier, "-m", "seed=range(100000)", "epochs=200", "hydra.sweep.dir=sweep", "hydra.sweeper.max_batch_size=10");
        // The line that announces the first job: from then on the handler is there.
        Assert.NotNull(await process.StandardOutput.ReadLineAsync());
        Assert.NotNull(await process.StandardOutput.ReadLineAsync());
        using (Process kill = WeftProgram.StartProgram(_folder.Root, [], "kill", "-INT", $"{process.Id}"))
            WeftProgram.Finish(kill);
        Assert.Equal(130, WeftProgram.Finish(process).ExitCode);
    }

    /// <summary>Packs what was built, builds a project that knows nothing but the packages, and runs it.</summary>
    [Fact]
    public void A_program_outside_of_the_repository_is_built_against_the_packages()
    {
        string packages = _folder.Path("packages");
        foreach (string project in (string[])["src/Weft", "src/Weft.Generators"])
            Dotnet(_folder.Root, "pack", Repository.Path(project), "--no-build", "-c", "Debug", "-o", packages, "-v", "q");
        Assert.Equal(["Weft.0.1.0.nupkg", "Weft.Generators.0.1.0.nupkg"], Directory.GetFiles(packages, "*.nupkg").Select(file => System.IO.Path.GetFileName(file)).Order(StringComparer.Ordinal));
        _folder.Write("outside/nuget.config", "<configuration><packageSources><clear /><add key=\"weft\" value=\"../packages\" /></packageSources></configuration>");
        _folder.Write("outside/Outside.csproj",
            """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Weft" Version="0.1.0" />
                <PackageReference Include="Weft.Generators" Version="0.1.0" PrivateAssets="all" />
              </ItemGroup>
            </Project>
            """);
        _folder.Write("outside/Program.cs",
            """
            using Weft.Applications;
            using Weft.Config.Structured;

            return WeftApp.Run<TrainConfig>(args, (config, job) => Console.WriteLine($"lr is {config.Lr}, epochs are {config.Epochs}"));

            [Config]
            public sealed partial record TrainConfig(double Lr = 0.5, int Epochs = 3);
            """);
        _folder.Write("outside/conf/config.yaml", "epochs: 4\n");
        // What the packages depend on was restored when this test was built; the packages themselves are unpacked here, and not among the user's own.
        string known = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } given ? given : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages");
        Dotnet(_folder.Path("outside"), "build", "-v", "q", $"-p:RestorePackagesPath={_folder.Path("unpacked")}", $"-p:RestoreFallbackFolders={known}");
        ProgramResult result = Run(_folder.Path("outside/bin/Debug/net10.0/Outside"), "lr=2", "hydra.run.dir=out");
        Assert.Equal((0, "lr is 2, epochs are 4\n", ""), (result.ExitCode, result.Out, result.Error));
    }

    private static KeyValuePair<string, string?>[] Path => [new("PATH", $"{System.IO.Path.GetDirectoryName(Classifier)}:/usr/bin:/bin")];

    private ProgramResult Run(string program, params string[] words)
    {
        using Process process = WeftProgram.StartProgram(_folder.Root, Path, program, words);
        process.StandardInput.Close();
        return WeftProgram.Finish(process);
    }

    /// <summary>Runs the SDK without the servers that outlive a command.</summary>
    private static void Dotnet(string folder, string verb, params string[] words)
    {
        using Process process = WeftProgram.StartProgram(folder, [new("MSBUILDDISABLENODEREUSE", "1"), new("DOTNET_CLI_TELEMETRY_OPTOUT", "1")], "dotnet", [verb, .. words, "--nologo", "-p:UseSharedCompilation=false"]);
        process.StandardInput.Close();
        ProgramResult result = WeftProgram.Finish(process, 5 * WeftProgram.Deadline);
        Assert.True(result.ExitCode == 0, result.ToString());
    }
}
