using Weft.Config.Composition;
using Weft.Config.Editing;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Resolvers;
using Weft.Support;
using Weft.Tests.Config.Structured;
using Weft.Text;

namespace Weft.Tests.Config.Composition;

/// <summary>The configuration engine as a library, as docs/guides/hydra-in-csharp.md shows it.</summary>
public sealed class LibraryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_is_composed_without_an_application()
    {
        _folder.Write("conf/config.yaml", "defaults:\n  - db: mysql\n  - _self_\nlr: 0.1\nurl: ${db.host}:${db.port}\n");
        _folder.Write("conf/db/mysql.yaml", "host: localhost\nport: 3306\n");
        _folder.Write("conf/db/postgres.yaml", "host: localhost\nport: 5432\n");
        string folder = _folder.Path("conf");

        Composer composer = Composer.OfFolder(folder);
        var composition = composer.Compose("config", "db=postgres", "lr=0.5");
        string? url = composition.Select("url")?.Content.ToString();
        string yaml = ConfigWriter.ToYaml(composition.Resolved());

        Assert.Equal("localhost:5432", url);
        Assert.Equal("db:\n  host: localhost\n  port: 5432\nlr: 0.5\nurl: localhost:5432\n", yaml);
        Assert.Null(composition.Select("nope"));
        DiagnosticException refused = Assert.Throws<DiagnosticException>(() => composer.Compose("config", "db=postgre"));
        Assert.Equal("did you mean `postgres`?", refused.Diagnostics.First().Hint);
    }

    [Fact]
    public void A_composition_is_read_into_a_record()
    {
        _folder.Write("conf/config.yaml", "name: adam\nlearning_rate: 0.5\n");
        OptimizerConfig optimizer = Composer.OfFolder(_folder.Path("conf")).Compose("config", "+momentum=0.9").To<OptimizerConfig>();
        Assert.Equal(("adam", 0.5, 0.9), (optimizer.Name, optimizer.LearningRate, optimizer.Momentum));
        DiagnosticException refused = Assert.Throws<DiagnosticException>(() => Composer.OfFolder(_folder.Path("conf")).Compose("config", "learning_rate=fast").To<OptimizerConfig>());
        Assert.Equal("<argument 1>:1:15", refused.Diagnostics.First().At.ToString());
    }

    [Fact]
    public void Values_are_merged_and_changed_as_OmegaConf_does()
    {
        var problems = new Diagnostics();
        ConfigNode config = ConfigReader.Read(new Source("a.yaml", "a: {x: 1}\nl: [1, 2]\n"), problems)!;
        ConfigNode other = ConfigReader.Read(new Source("b.yaml", "a: {y: '${a.x}'}\nl: [3]\n"), problems)!;

        var resolution = new Resolution(Resolvers.Standard(new Dictionary<string, string>()));
        var editor = new ConfigEditor(resolution, problems);
        editor.Merge(config, other);
        editor.Update(config, "a.z", new ValueNode(Scalar.Of(true)));
        ConfigNode? y = resolution.Select(config, "a.y").Node;

        Assert.Empty(problems);
        Assert.Equal("1", y?.Content.ToString());
        Assert.Equal("a:\n  x: 1\n  'y': ${a.x}\n  z: true\nl:\n- 3\n", ConfigWriter.ToYaml(config));
    }
}
