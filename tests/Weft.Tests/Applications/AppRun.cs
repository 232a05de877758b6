using Weft.Applications;
using Weft.Config.Structured;
using Weft.Support;

namespace Weft.Tests.Applications;

[Config]
public sealed partial record OptConfig(string Name, double Lr = 0.1)
{
    public double? Momentum { get; init; }
}

/// <summary>The configuration of the application under test.</summary>
[Config]
public sealed partial record AppConfig
{
    public required OptConfig Opt { get; init; }

    public int Seed { get; init; } = 1;

    [ConfigDefault("${opt.name}-${seed}")]
    public string Title { get; init; } = "";
}

/// <summary>An application run inside the test, with its own folder of configurations.</summary>
internal sealed class AppRun : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public AppRun()
    {
        Folder.Write("conf/config.yaml", "defaults:\n  - opt: sgd\n  - _self_\nseed: 2\n");
        Folder.Write("conf/opt/sgd.yaml", "name: sgd\nmomentum: 0.9\n");
        Folder.Write("conf/opt/adam.yaml", "name: adam\nlr: 0.001\n");
    }

    public TemporaryFolder Folder { get; } = new();

    public string Output => _output.ToString();

    public string Error => _error.ToString();

    public List<AppConfig> Configs { get; } = [];

    public List<AppJob> Jobs { get; } = [];

    public WeftAppOptions Options { get; set; } = new();

    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>What a job does besides being recorded.</summary>
    public Action<AppConfig, AppJob> Task { get; set; } = (_, _) => { };

    public int Run(params string[] words)
    {
        _output.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
        Configs.Clear();
        Jobs.Clear();
        WeftAppOptions options = Options with
        {
            ConfigPath = Options.ConfigPath ?? Folder.Path("conf"),
            Name = "app",
            Output = _output,
            Error = _error,
            WorkingFolder = Folder.Root,
            Environment = Environment,
        };
        return WeftApp.Run<AppConfig>(words, (config, job) =>
        {
            Configs.Add(config);
            Jobs.Add(job);
            Task(config, job);
        }, options);
    }

    public void Dispose() => Folder.Dispose();
}
