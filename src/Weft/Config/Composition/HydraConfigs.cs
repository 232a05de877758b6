using Weft.Config.Nodes;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// The configurations of the <c>hydra</c> node itself: its typed shape, and the options of its groups. It is the first source of every
/// search path.
/// </summary>
internal static class HydraConfigs
{
    public static readonly EnumSchema RunModes = new("RunMode", [new("RUN", 1), new("MULTIRUN", 2)]);

    /// <summary>The <c>hydra</c> node; its keys and their types are Hydra's.</summary>
    public static readonly ConfigSchema Hydra = new("HydraConf",
    [
        new("mode", new EnumType(RunModes).Optional, Null),
        Listed("searchpath"),
        Nested("run", Schema("RunDir", Text("dir"))),
        Nested("sweep", Schema("SweepDir", Text("dir"), Text("subdir"))),
        new("hydra_logging", OpenDict),
        new("job_logging", OpenDict),
        new("sweeper", ConfigType.Any),
        new("launcher", ConfigType.Any),
        new("callbacks", OpenDict, EmptyDict),
        Nested("help", Schema("HelpConf", Text("app_name"), Text("header"), Text("footer"), Text("template"))),
        Nested("hydra_help", Schema("HydraHelpConf", Text("hydra_help"), Text("template"))),
        new("output_subdir", ConfigType.Str.Optional, () => new ValueNode(Scalar.Of(".hydra"))),
        Nested("overrides", Schema("OverridesConf", Listed("hydra"), Listed("task"))),
        Nested("job", Job()),
        Nested("runtime", Runtime()),
        new("verbose", ConfigType.Any, () => new ValueNode(Scalar.False)),
    ]);

    public static IConfigSource Source { get; } = new HydraSource();

    private static ConfigType OpenDict => new DictType(ConfigType.Str, ConfigType.Any);

    private static ConfigSchema Job() => Schema("JobConf",
        Text("name"),
        new("chdir", ConfigType.Bool.Optional, Null),
        Text("override_dirname"),
        Text("id"),
        new("num", ConfigType.Int),
        new("config_name", ConfigType.Str.Optional),
        new("env_set", new DictType(ConfigType.Str, ConfigType.Str), EmptyDict),
        Listed("env_copy"),
        Nested("config", Schema("JobConfig", Nested("override_dirname", Schema("OverrideDirname",
            new("kv_sep", ConfigType.Str, () => new ValueNode(Scalar.Of("="))),
            new("item_sep", ConfigType.Str, () => new ValueNode(Scalar.Of(","))),
            Listed("exclude_keys"))))));

    private static ConfigSchema Runtime() => Schema("RuntimeConf",
        Text("version"),
        Text("version_base"),
        Text("cwd"),
        new("config_sources", new ListType(new StructuredType(Schema("ConfigSourceInfo", Text("path"), Text("schema"), Text("provider"))))),
        Text("output_dir"),
        new("choices", OpenDict, EmptyDict));

    private static ConfigSchema Sweeper() => Schema("BasicSweeperConf",
        new("_target_", ConfigType.Str, () => new ValueNode(Scalar.Of("hydra._internal.core_plugins.basic_sweeper.BasicSweeper"))),
        new("max_batch_size", ConfigType.Int.Optional, Null),
        new("params", new DictType(ConfigType.Str, ConfigType.Str).Optional, () => new DictConfig(Scalar.Null, default)));

    private static ConfigSchema Launcher() => Schema("BasicLauncherConf",
        new ConfigField("_target_", ConfigType.Str, () => new ValueNode(Scalar.Of("hydra._internal.core_plugins.basic_launcher.BasicLauncher"))));

    private static ConfigSchema Schema(string name, params ConfigField[] fields) => new(name, fields);

    private static ConfigField Text(string name) => new(name, ConfigType.Str);

    private static ConfigField Listed(string name) => new(name, new ListType(ConfigType.Str), () => new ListConfig());

    private static ConfigField Nested(string name, ConfigSchema schema) => new(name, new StructuredType(schema), () => Create(schema));

    private static DictConfig Create(ConfigSchema schema) => Typed.Create(schema, []);

    private static ValueNode Null() => new(Scalar.Null);

    private static DictConfig EmptyDict() => new();

    /// <summary>In the order in which Hydra lists them; each option can be chosen anew with <c>hydra/GROUP=OPTION</c>.</summary>
    private const string Defaults =
        """
        - output: default
        - launcher: basic
        - sweeper: basic
        - help: default
        - hydra_help: default
        - hydra_logging: default
        - job_logging: default
        - callbacks: null
        - env: default
        """;

    private const string Output =
        """
        # @package hydra
        run:
          dir: outputs/${now:%Y-%m-%d}/${now:%H-%M-%S}
        sweep:
          dir: multirun/${now:%Y-%m-%d}/${now:%H-%M-%S}
          subdir: ${hydra.job.num}
        """;

    private const string Help =
        """
        app_name: ${hydra.job.name}
        header: ${hydra.help.app_name} takes its configuration from these groups and values.
        footer: --hydra-help tells about the flags.
        template: |
          ${hydra.help.header}

          == Groups ==
          group=option chooses a configuration

          $APP_CONFIG_GROUPS

          == Configuration ==
          key=value changes a value

          $CONFIG

          ${hydra.help.footer}
        """;

    private const string HydraHelp =
        """
        template: |
          Composition of configurations, version ${hydra.runtime.version}

          == Flags ==
          $FLAGS_HELP

          == Groups ==
          group=option chooses a configuration

          $HYDRA_CONFIG_GROUPS

          --cfg hydra shows the configuration of all this.
        """;

    private const string Silent = "version: 1\nroot: null\ndisable_existing_loggers: false\n";

    private const string Disabled = "version: 1\nroot:\n  level: ERROR\ndisable_existing_loggers: true\n";

    /// <summary>A logging dictionary with one formatter that all its handlers use.</summary>
    private static string Logging(string format, string handlers, string names) =>
        $$"""
        version: 1
        formatters:
          simple:
            format: '{{format}}'
        handlers:
        {{handlers}}
        root:
          level: INFO
          handlers: [{{names}}]
        disable_existing_loggers: false
        """;

    private const string Console = "  console:\n    class: logging.StreamHandler\n    formatter: simple\n    stream: ext://sys.stdout";

    private const string LogFile = "  file:\n    class: logging.FileHandler\n    formatter: simple\n    filename: ${hydra.runtime.output_dir}/${hydra.job.name}.log";

    private const string DebugLogFile = "  file:\n    class: logging.FileHandler\n    mode: w\n    formatter: simple\n    filename: hydra-${hydra.job.name}.log\n    delay: true";

    private const string JobFormat = "[%(asctime)s][%(name)s][%(levelname)s] - %(message)s";

    /// <summary>Texts and typed entries as one source.</summary>
    private sealed class HydraSource : IConfigSource
    {
        private readonly TextConfigSource _texts;
        private readonly ConfigStore _typed = new();

        public HydraSource()
        {
            _texts = new TextConfigSource(Provider, Path, new Dictionary<string, string>
            {
                ["hydra/env/default.yaml"] = "",
                ["hydra/help/default.yaml"] = Help,
                ["hydra/hydra_help/default.yaml"] = HydraHelp,
                ["hydra/hydra_logging/default.yaml"] = Logging("[%(asctime)s][HYDRA] %(message)s", Console, "console"),
                ["hydra/hydra_logging/disabled.yaml"] = Disabled,
                ["hydra/hydra_logging/hydra_debug.yaml"] = Logging(JobFormat, DebugLogFile, "file"),
                ["hydra/hydra_logging/none.yaml"] = Silent,
                ["hydra/job_logging/default.yaml"] = Logging(JobFormat, Console + "\n" + LogFile, "console, file"),
                ["hydra/job_logging/disabled.yaml"] = Disabled,
                ["hydra/job_logging/none.yaml"] = Silent,
                ["hydra/job_logging/stdout.yaml"] = Logging("%(message)s", Console, "console"),
                ["hydra/output/default.yaml"] = Output,
            });
            DictConfig config = Create(Hydra);
            config.Put("defaults", ConfigReader.Read(new Source("hydra/config", Defaults), [])!);
            _typed.Store("config", config, "hydra");
            _typed.Store("basic", Create(Launcher()), "hydra/launcher");
            _typed.Store("basic", Create(Sweeper()), "hydra/sweeper");
        }

        public string Provider => "hydra";

        public string Path => "pkg://hydra.conf";

        public bool IsAvailable => true;

        public bool HasGroup(string group) => _texts.HasGroup(group) || _typed.HasGroup(group);

        public bool HasConfig(string path) => _texts.HasConfig(path) || _typed.HasConfig(path);

        public IEnumerable<string> Options(string group) => _texts.Options(group).Concat(_typed.Options(group));

        public IEnumerable<string> Groups(string group) => _texts.Groups(group).Concat(_typed.Groups(group));

        public ConfigDocument? Load(string path, Diagnostics diagnostics) => _texts.HasConfig(path) ? _texts.Load(path, diagnostics) : _typed.Load(path, diagnostics);
    }
}
