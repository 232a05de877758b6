using Weft.Config.Composition;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Tests.Config.Composition;

/// <summary>Configurations written as one text: a line <c>== path.yaml</c> begins each.</summary>
internal sealed class Conf
{
    private readonly CountingSource _source;

    public Conf(string files) : this(Split(files))
    {
    }

    public Conf(IEnumerable<KeyValuePair<string, string>> files)
    {
        _source = new CountingSource(new TextConfigSource("main", "pkg://conf", files));
        Composer = new Composer(new SearchPath { Main = _source });
    }

    public Composer Composer { get; private set; }

    public int FilesRead => _source.Loads;

    public Conf With(ComposerOptions options)
    {
        Composer = new Composer(new SearchPath { Main = _source }, options);
        return this;
    }

    public Weft.Config.Composition.Composition Compose(params string[] words)
    {
        var diagnostics = new Diagnostics();
        Weft.Config.Composition.Composition? composition = Composer.Compose("config", words, RunMode.Run, diagnostics);
        Assert.True(composition is not null, DiagnosticPrinter.Print(diagnostics));
        return composition;
    }

    public string Yaml(params string[] words) => ConfigWriter.ToYaml(Compose(words).Job);

    /// <summary>What is printed when the composition fails.</summary>
    public string Refusal(params string[] words)
    {
        var diagnostics = new Diagnostics();
        Assert.Null(Composer.Compose("config", words, RunMode.Run, diagnostics));
        return DiagnosticPrinter.Print(diagnostics);
    }

    private static Dictionary<string, string> Split(string files)
    {
        var byPath = new Dictionary<string, string>();
        foreach (string part in ("\n" + files).Split("\n== ", StringSplitOptions.RemoveEmptyEntries))
        {
            int end = part.IndexOf('\n');
            byPath.Add(end < 0 ? part.Trim() : part[..end].Trim(), end < 0 ? "" : part[(end + 1)..] + "\n");
        }
        return byPath;
    }

    private sealed class CountingSource(IConfigSource source) : IConfigSource
    {
        public int Loads { get; private set; }

        public string Provider => source.Provider;

        public string Path => source.Path;

        public bool IsAvailable => source.IsAvailable;

        public bool HasGroup(string group) => source.HasGroup(group);

        public bool HasConfig(string path) => source.HasConfig(path);

        public IEnumerable<string> Options(string group) => source.Options(group);

        public IEnumerable<string> Groups(string group) => source.Groups(group);

        public ConfigDocument? Load(string path, Diagnostics diagnostics)
        {
            Loads++;
            return source.Load(path, diagnostics);
        }
    }
}
