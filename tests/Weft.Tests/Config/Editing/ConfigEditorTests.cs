using Weft.Config.Editing;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Resolvers;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Tests.Config.Editing;

public sealed class ConfigEditorTests
{
    private static readonly EnumSchema Color = new("Color", [new("RED", 1), new("GREEN", 2)]);
    private static readonly ConfigSchema Optimizer = new("Optimizer", [new("name", ConfigType.Str), new("lr", ConfigType.Float, () => new ValueNode(Scalar.Of(0.1)))]);
    private static readonly ConfigSchema Adam = new("Adam", [new("beta", ConfigType.Float, () => new ValueNode(Scalar.Of(0.9)))], Optimizer);
    private static readonly ConfigSchema Trainer = new("Trainer",
    [
        new("epochs", ConfigType.Int, () => new ValueNode(Scalar.Of(10))),
        new("optimizer", new StructuredType(Optimizer), () => Node("{}", Optimizer)),
        new("color", new EnumType(Color)),
        new("sizes", new ListType(ConfigType.Int), () => Node("[1]")),
        new("tags", new DictType(ConfigType.Str, ConfigType.Int), () => Node("{}")),
        new("note", ConfigType.Str.Optional, () => Node("null")),
    ]);

    private readonly Diagnostics _diagnostics = [];
    private readonly ConfigEditor _editor;

    public ConfigEditorTests() => _editor = new ConfigEditor(new Resolution(Resolvers.Standard(new Dictionary<string, string>())), _diagnostics);

    [Theory]
    [InlineData("a: {x: 1}", "a: {y: 2}", "a: {x: 1, y: 2}")]
    [InlineData("a: [1, 2]", "a: [3]", "a: [3]")]
    [InlineData("a: {x: 1}", "a: 1", "a: 1")]
    [InlineData("a: {x: 1}", "a: null", "a: null")]
    [InlineData("a: 1", "a: '???'", "a: 1")]
    [InlineData("a: '${b}'\nb: {x: 1}", "a: {y: 2}", "a: {x: 1, y: 2}\nb: {x: 1}")]
    [InlineData("b: 1\na: 2", "c: 3\na: 4", "b: 1\na: 4\nc: 3")]
    public void Maps_merge_key_by_key(string target, string source, string expected)
    {
        ConfigNode merged = Node(target);
        Assert.True(_editor.Merge(merged, Node(source)));
        Assert.Equal(Node(expected).ToString(), merged.ToString());
    }

    [Fact]
    public void A_list_replaces_a_list()
    {
        ConfigNode merged = Node("a: [1, 2]");
        _editor.Merge(merged, Node("a: [2, 3]"));
        Assert.Equal(Node("a: [2, 3]").ToString(), merged.ToString());
    }

    [Fact]
    public void A_source_is_copied_and_stays_as_it_was()
    {
        ConfigNode source = Node("a: {x: 1}");
        ConfigNode merged = Node("{}");
        _editor.Merge(merged, source);
        _editor.Update(merged, "a.x", new ValueNode(Scalar.Of(2)));
        Assert.Equal("a:\n  x: 1\n", source.ToString());
    }

    [Fact]
    public void Merging_nothing_changes_nothing()
    {
        ConfigNode node = Node("a: {x: [1, {y: 2}]}\nb: '${a}'\nc: null\nd: '???'");
        string before = node.ToString();
        _editor.Merge(node, new DictConfig());
        Assert.Equal(before, node.ToString());
        _editor.Merge(node, node.Copy());
        Assert.Equal(before, node.ToString());
    }

    [Fact]
    public void Closed_dictionaries_refuse_new_keys_until_they_are_forced()
    {
        ConfigNode node = Node("a: {learning_rate: 1}");
        node.Struct = true;
        Assert.False(_editor.Update(node, "a.leraning_rate", new ValueNode(Scalar.Of(2))));
        Diagnostic error = _diagnostics.Single();
        Assert.Equal(ConfigErrors.UnknownAttribute, error.Id);
        Assert.Equal("unknown key `a.leraning_rate`; no keys may be added here", error.Message);
        Assert.Equal("did you mean `learning_rate`?", error.Hint);
        Assert.True(_editor.Update(node, "a.other.deep", new ValueNode(Scalar.Of(2)), forceAdd: true));
        Assert.True(node.Struct);
    }

    [Fact]
    public void Read_only_trees_refuse_every_change()
    {
        ConfigNode node = Node("a: {x: 1}\nl: [1]");
        node.ReadOnly = true;
        Assert.False(_editor.Update(node, "a.x", new ValueNode(Scalar.Of(2))));
        Assert.False(_editor.Update(node, "l", Node("[2]")));
        Assert.False(_editor.Remove(node, Scalar.Of("a")));
        Assert.All(_diagnostics, d => Assert.Equal(ConfigErrors.ReadOnly, d.Id));
        Assert.Equal(Node("a: {x: 1}\nl: [1]").ToString(), node.ToString());
    }

    [Fact]
    public void Objects_of_a_schema_begin_with_their_defaults()
    {
        Assert.Equal("epochs: 10\noptimizer:\n  name: ???\n  lr: 0.1\ncolor: ???\nsizes:\n- 1\ntags: {}\nnote: null\n", _editor.Create(Trainer).ToString());
        Assert.Equal("name: ???\nlr: 0.1\nbeta: 0.9\n", _editor.Create(Adam).ToString());
        Assert.Empty(_diagnostics);
    }

    [Fact]
    public void Values_are_converted_to_the_declared_types()
    {
        DictConfig trainer = _editor.Create(Trainer);
        Assert.True(_editor.Merge(trainer, Node("epochs: ' 5 '\noptimizer: {lr: 1, name: 3}\ncolor: GREEN\nsizes: ['2']\ntags: {a: '1'}\nnote: true")));
        Assert.Equal("epochs: 5\noptimizer:\n  name: '3'\n  lr: 1.0\ncolor: GREEN\nsizes:\n- 2\ntags:\n  a: 1\nnote: 'True'\n", trainer.ToString());
    }

    /// <summary>One run reports everything that is wrong, each at its place.</summary>
    [Fact]
    public void All_refusals_of_a_merge_are_reported()
    {
        DictConfig trainer = _editor.Create(Trainer);
        Assert.False(_editor.Merge(trainer, Node("epochs: 1.5\noptimizer: {lrr: 1}\ncolor: red\nsizes: [x]\nepoch: 1\nnote: null\n")));
        Assert.Equal(
        [
            "f.yaml:1:9 config/wrong-value: `epochs`: `1.5` is a float, expected an integer",
            "f.yaml:2:13 config/unknown-key: unknown key `optimizer.lrr` in `Optimizer`",
            "f.yaml:3:8 config/wrong-value: `color`: `red` is text, expected one of `RED` or `GREEN`",
            "f.yaml:4:9 config/wrong-value: `sizes[0]`: `x` is text, expected an integer",
            "f.yaml:5:1 config/unknown-key: unknown key `epoch` in `Trainer`",
        ], _diagnostics.Select(d => $"{d.At} {d.Id}: {d.Message}"));
    }

    [Fact]
    public void Derived_objects_may_take_the_place_of_their_base_but_not_the_reverse()
    {
        DictConfig trainer = _editor.Create(Trainer);
        Assert.True(_editor.Set(trainer, Scalar.Of("optimizer"), _editor.Create(Adam)));
        Assert.Same(Adam, ((DictConfig)trainer["optimizer"]!).Schema);
        DictConfig adam = _editor.Create(Adam);
        Assert.False(_editor.Merge(adam, _editor.Create(Optimizer)));
        Assert.Equal(ConfigErrors.WrongValue, _diagnostics.Single().Id);
    }

    [Fact]
    public void A_typed_field_takes_what_its_interpolation_gives_only_in_its_type()
    {
        DictConfig trainer = _editor.Create(Trainer);
        Assert.True(_editor.Merge(trainer, Node("epochs: ${note}\nnote: '7'\n")));
        Assert.Equal(Scalar.Of(7), _editor.Resolution.Get(trainer, Scalar.Of("epochs"), out _)!.Content);
        _editor.Merge(trainer, Node("note: seven\n"));
        Assert.Null(_editor.Resolution.Get(trainer, Scalar.Of("epochs"), out Diagnostic? error));
        Assert.Equal(ConfigErrors.InterpolationValue, error!.Id);
        Assert.Equal("f.yaml:1:7", error.Notes.Single().At.ToString());
    }

    /// <summary>10,000 keys, 10,000 paths and a depth of 500: the time of one is not the time of all squared.</summary>
    [Fact]
    public void Large_trees_are_edited_in_one_pass()
    {
        ConfigNode large = Node(string.Concat(Enumerable.Range(0, 10_000).Select(i => $"k{i}: {i}\n")));
        ConfigNode merged = Node("{}");
        Assert.True(_editor.Merge(merged, large));
        for (int i = 0; i < 10_000; i++)
            Assert.True(_editor.Update(merged, $"k{i}", new ValueNode(Scalar.Of(-i))));
        for (int i = 0; i < 9_999; i++)
            Assert.True(_editor.Remove(merged, Scalar.Of($"k{i}")));
        Assert.Equal("k9999: -9999\n", merged.ToString());
        string path = string.Join('.', Enumerable.Range(0, 500).Select(i => $"d{i}"));
        Assert.True(_editor.Update(merged, path, new ValueNode(Scalar.Of(1))));
        Assert.Equal(Scalar.Of(1), _editor.Resolution.Select(merged.Copy(), path).Node!.Content);
    }

    [Fact]
    public void Endless_paths_are_refused()
    {
        Assert.False(_editor.Update(Node("{}"), new string('.', 100_000), new ValueNode(Scalar.Null)));
        Assert.Equal(ConfigErrors.TooDeep, _diagnostics.Single().Id);
    }

    private static ConfigNode Node(string yaml) => yaml is "null" ? new ValueNode(Scalar.Null) : ConfigReader.Read(new Source("f.yaml", yaml), [])!;

    private static DictConfig Node(string yaml, ConfigSchema schema)
    {
        var editor = new ConfigEditor(new Resolution(Resolvers.Standard(new Dictionary<string, string>())), []);
        DictConfig made = editor.Create(schema);
        editor.Merge(made, Node(yaml));
        return made;
    }
}
