using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Resolvers;
using Weft.Text;

namespace Weft.Tests.Config.Interpolation;

public sealed class ResolutionTests
{
    private readonly Dictionary<string, string> _environment = new() { ["HOME_DIR"] = "/home/x" };

    [Theory]
    [InlineData("a: {b: 1}\nv: ${a.b}\n", "1")]
    [InlineData("a: {b: 1}\nv: x${a.b}y\n", "x1y")]
    [InlineData("a: [1, x, null, 1.0]\nv: =${a}=\n", "=[1, 'x', None, 1.0]=")]
    [InlineData("v: '\\${x}'\n", "${x}")]
    [InlineData("x: 1\nv: '\\\\${x}'\n", "\\1")]
    [InlineData("k: a\nd: {a: 5}\nv: ${d.${k}}\n", "5")]
    [InlineData("k: a.b\na: {b: 5}\nv: ${${k}}\n", "5")]
    [InlineData("v: ${oc.env:HOME_DIR}/x\n", "/home/x/x")]
    [InlineData("v: ${oc.env:NOT_SET,1}\n", "1")]
    [InlineData("v: ${oc.decode:'[1, a]'}\n", "[1, 'a']")]
    [InlineData("d: {x: 1, y: 2}\nv: ${oc.dict.keys:d}\n", "['x', 'y']")]
    [InlineData("v: ${oc.select:nope,7}\n", "7")]
    public void Interpolations_evaluate(string yaml, string expected)
    {
        var (resolution, root) = Read(yaml);
        ConfigNode? value = resolution.Get(root, Scalar.Of("v"), out Diagnostic? error);
        Assert.Null(error);
        Assert.Equal(expected, PythonText.Str(value!));
    }

    [Fact]
    public void Relative_references_count_from_where_they_are_written()
    {
        var (resolution, root) = Read("a:\n  x: 1\n  b: {y: '${..x}', z: '${.y}'}\nref: ${a.b.z}\n");
        Assert.Equal(Scalar.Of(1), resolution.Select(root, "ref").Node!.Content);
    }

    /// <summary>The whole message, as a user sees it: the key that is not there, what is near, and who led there.</summary>
    [Fact]
    public void An_unknown_key_is_shown_at_both_ends()
    {
        var (resolution, root) = Read("server: {host: h}\nurl: http://${server.hosst}/\nlink: ${url}\n");
        resolution.Get(root, Scalar.Of("link"), out Diagnostic? error);
        Assert.Equal(ConfigErrors.InterpolationKey, error!.Id);
        Assert.Equal("interpolation key `server.hosst` not found", error.Message);
        Assert.Equal("did you mean `host`?", error.Hint);
        Assert.Equal("f.yaml:2:13", error.At.ToString());
        Assert.Equal("${server.hosst}", error.At!.Value.Text.ToString());
        Note note = Assert.Single(error.Notes);
        Assert.Equal(("`link` leads there", "f.yaml:3:7"), (note.Message, note.At.ToString()));
    }

    [Theory]
    [InlineData("v: ${v}\n", ConfigErrors.Interpolation)]
    [InlineData("v: ${w}\nw: x${v}\n", ConfigErrors.Interpolation)]
    [InlineData("a: {v: '${a}'}\nv: ${a.v}\n", ConfigErrors.Interpolation)]
    [InlineData("v: ${.v.x}\n", ConfigErrors.Interpolation)]
    [InlineData("v: ${m}\nm: ???\n", ConfigErrors.InterpolationToMissing)]
    [InlineData("v: ${..x}\n", ConfigErrors.InterpolationKey)]
    [InlineData("v: ${s.x}\ns: text\n", ConfigErrors.Interpolation)]
    [InlineData("v: ${nope:1}\n", ConfigErrors.UnknownResolver)]
    [InlineData("v: ${oc.env:NOT_SET}\n", ConfigErrors.Interpolation)]
    [InlineData("v: ${l.${i}}\nl: [1]\ni: 0\n", ConfigErrors.Interpolation)]
    public void Failures_have_a_class_and_a_place(string yaml, string id)
    {
        var (resolution, root) = Read(yaml);
        Assert.Null(resolution.Get(root, Scalar.Of("v"), out Diagnostic? error));
        Assert.Equal(id, error!.Id);
        Assert.NotNull(error.At);
    }

    [Fact]
    public void Resolving_reports_every_failure_in_order()
    {
        var (resolution, root) = Read("a: ${x}\nb: 1\nc: [${y}, 2]\nd: ${m}\nm: ???\n".Replace("[${y}", "['${y}'", StringComparison.Ordinal));
        var diagnostics = new Diagnostics();
        Assert.Null(resolution.Resolve(root, diagnostics));
        Assert.Equal([ConfigErrors.InterpolationKey, ConfigErrors.InterpolationKey, ConfigErrors.InterpolationToMissing], diagnostics.Select(d => d.Id));
        Assert.Equal(["f.yaml:1:4", "f.yaml:3:6", "f.yaml:4:4"], diagnostics.Select(d => d.At.ToString()));
    }

    [Fact]
    public void Containers_that_refer_to_each_other_are_diagnosed()
    {
        var (resolution, root) = Read("a: {b: '${c}'}\nc: {d: '${a}'}\n");
        var diagnostics = new Diagnostics();
        Assert.Null(resolution.Resolve(root, diagnostics));
        Assert.All(diagnostics, d => Assert.Equal(ConfigErrors.Interpolation, d.Id));
    }

    [Fact]
    public void What_a_resolver_throws_becomes_the_error_of_its_interpolation()
    {
        var (resolution, root) = Read("v: ${boom:1}\n", resolvers => resolvers.Add("boom", _ => throw new InvalidOperationException("no fuse")));
        Assert.Null(resolution.Get(root, Scalar.Of("v"), out Diagnostic? error));
        Assert.Equal("`boom` failed: no fuse", error!.Message);
    }

    [Fact]
    public void Cached_resolvers_run_once_per_text_of_their_arguments_and_share_with_the_jobs_of_a_sweep()
    {
        int calls = 0;
        void Count(Resolvers resolvers) => resolvers.Add("count", _ => new ValueNode(Scalar.Of(++calls)), isCached: true);
        var (first, root) = Read("a: ${count:x}\nb: ${count:x}\nc: ${count:y}\n", Count);
        Assert.Equal("a: 1\nb: 1\nc: 2\n", first.Resolve(root, [])!.ToString());
        var (second, other) = Read("a: ${count:y}\n", Count);
        second.CopyCacheFrom(first);
        Assert.Equal("a: 2\n", second.Resolve(other, [])!.ToString());
    }

    [Fact]
    public void Deprecated_keys_warn()
    {
        var (resolution, root) = Read("rate: 0.1\nlr: ${oc.deprecated:rate}\n");
        Assert.Equal(0.1, resolution.Get(root, Scalar.Of("lr"), out _)!.Content.Float);
        Assert.Equal("'lr' is deprecated. Change your code and config to use 'rate'", resolution.Warnings.Single().Message);
    }

    /// <summary>Each of 10,000 interpolations is evaluated once when a tree is resolved, however they lead to one another.</summary>
    [Fact]
    public void Work_grows_with_the_number_of_interpolations()
    {
        const int Count = 10_000;
        string yaml = "k0: 1\n" + string.Concat(Enumerable.Range(1, Count).Select(i => $"k{i}: ${{k{i - 1}}}\n"));
        var (resolution, root) = Read(yaml);
        ConfigNode? resolved = resolution.Resolve(root, []);
        Assert.Equal(Scalar.Of(1), ((DictConfig)resolved!)[$"k{Count}"]!.Content);
        Assert.Equal(Count, resolution.Evaluations);
    }

    [Fact]
    public void A_long_chain_is_followed_and_an_endless_one_diagnosed()
    {
        string Chain(int length) => string.Concat(Enumerable.Range(0, length).Select(i => $"k{i}: ${{k{i + 1}}}\n")) + $"k{length}: 1\n";
        var (resolution, root) = Read(Chain(500));
        Assert.Equal(Scalar.Of(1), resolution.Get(root, Scalar.Of("k0"), out _)!.Content);
        (resolution, root) = Read(Chain(5000));
        Assert.Null(resolution.Get(root, Scalar.Of("k0"), out Diagnostic? error));
        Assert.Equal(ConfigErrors.Interpolation, error!.Id);
    }

    [Fact]
    public void References_that_multiply_are_diagnosed()
    {
        string yaml = "a0: [1, 1]\n" + string.Concat(Enumerable.Range(1, 40).Select(i => $"a{i}: ['${{a{i - 1}}}', '${{a{i - 1}}}']\n"));
        var (resolution, root) = Read(yaml);
        var diagnostics = new Diagnostics();
        Assert.Null(resolution.Resolve(root, diagnostics));
        Assert.Equal(ConfigErrors.TooDeep, diagnostics.First().Id);
    }

    private (Resolution, DictConfig) Read(string yaml, Action<Resolvers>? add = null)
    {
        var resolvers = Resolvers.Standard(_environment);
        add?.Invoke(resolvers);
        var diagnostics = new Diagnostics();
        ConfigNode? root = ConfigReader.Read(new Source("f.yaml", yaml), diagnostics);
        Assert.Empty(diagnostics);
        return (new Resolution(resolvers), (DictConfig)root!);
    }
}
