using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Structured;
using Weft.Text;
using Resolvers = Weft.Config.Resolvers.Resolvers;

namespace Weft.Tests.Config.Structured;

public sealed class ConfigRecordTests
{
    private readonly Diagnostics _diagnostics = [];

    [Fact]
    public void Schema_shows_keys_types_and_defaults_as_Hydra_would()
    {
        DictConfig made = Typed.Create(ConfigRecord.SchemaOf<TrainConfig>(), _diagnostics);
        Assert.Empty(_diagnostics);
        Assert.Equal(
            """
            model: ???
            seed: 7
            warmup: null
            optimizer:
              name: adam
              learning_rate: 0.001
              schedule: Cosine
              momentum: null
            steps: 30
            huge: ???
            small: 0
            first: Constant
            dropout: 0.1
            shuffles: true
            salt: !!binary |
              AQL/
            widths:
            - 64
            - 32
            stages:
            - name: a
              learning_rate: 0.1
              schedule: Cosine
              momentum: null
            - name: sgd
              learning_rate: 2.0
              schedule: Cosine
              momentum: null
            notes:
            - x
            - null
            grid:
            - - 1
              - 2
            - []
            weights:
              a: 1.0
              b: -0.5
            by_schedule: {}
            out: runs/${model}
            data_seed: ${seed}
            owner: ???
            extra: null

            """, ConfigWriter.ToYaml(made));
        Assert.Equal(
            ["str", "int", "Optional[OptimizerConfig]", "OptimizerConfig", "int", "int", "int", "Schedule", "float", "bool", "bytes", "List[int]", "List[OptimizerConfig]", "List[Optional[str]]", "List[List[int]]",
                "Dict[str, float]", "Dict[Schedule, OptimizerConfig]", "str", "int", "str", "Any"],
            ConfigRecord.SchemaOf<TrainConfig>().Fields.Select(field => field.Type.ToString()));
    }

    [Fact]
    public void Doc_comments_are_the_descriptions()
    {
        Assert.Equal(["Which optimizer.", null, "How the LearningRate moves & where it ends.", null], ConfigRecord.SchemaOf<OptimizerConfig>().Fields.Select(field => field.Doc));
        Assert.Equal(["Name of the model.", "Of the random numbers."], ConfigRecord.SchemaOf<TrainConfig>().Fields.Take(2).Select(field => field.Doc));
    }

    [Fact]
    public void Every_kind_of_value_is_read()
    {
        TrainConfig read = Read<TrainConfig>(
            """
            model: large
            owner: me
            huge: 123456789012345678901234567890
            warmup: {schedule: Constant, momentum: 0.9}
            optimizer: {learning_rate: 2}
            widths: [1]
            stages: [{name: only}]
            notes: []
            by_schedule: {Cosine: {name: x}}
            weights: {c: 3}
            extra: {any: [thing, "${seed}"]}
            """)!;
        Assert.Empty(_diagnostics);
        Assert.Equal(("large", 7, "me", 30L, 0.1f, true), (read.Model, read.Seed, read.Owner, read.Steps, read.Dropout, read.Shuffles));
        Assert.Equal("123456789012345678901234567890", read.Huge.ToString());
        Assert.Equal(new OptimizerConfig { Schedule = Schedule.Constant, Momentum = 0.9 }, read.Warmup);
        Assert.Equal(new OptimizerConfig("adam", 2), read.Optimizer);
        Assert.Equal([1], read.Widths);
        Assert.Equal([new OptimizerConfig("only")], read.Stages);
        Assert.Empty(read.Notes);
        Assert.Equal([[1, 2], []], read.Grid);
        Assert.Equal([KeyValuePair.Create("a", 1.0), KeyValuePair.Create("b", -0.5), KeyValuePair.Create("c", 3.0)], read.Weights);
        Assert.Equal([KeyValuePair.Create(Schedule.Cosine, new OptimizerConfig("x"))], read.BySchedule);
        Assert.Equal(("runs/large", 7), (read.Folder, read.DataSeed));
        Assert.Equal("any:\n- thing\n- ${seed}\n", ConfigWriter.ToYaml(read.Extra!));
    }

    [Theory]
    [InlineData("sed: 1", "unknown key `sed` in `TrainConfig`", "1:1")]
    [InlineData("seed: x", "`seed`: `x` is text, expected an integer", "1:7")]
    [InlineData("seed: 5000000000", "`seed`: 5000000000 is not in the range from -2147483648 to 2147483647", "1:7")]
    [InlineData("seed: null", "`seed` is not optional: null is no value of type `int`", "1:7")]
    [InlineData("seed: ${model}", "text", "1:7")]
    [InlineData("optimizer: {schedule: cosine}", "`optimizer.schedule`: `cosine` is text, expected one of `Constant` or `Cosine`", "1:23")]
    [InlineData("stages: [{name: a}, {nme: b}]", "unknown key", "1:22")]
    [InlineData("huge: ???", "`huge` must be given a value; it is `???`", null)]
    [InlineData("weights: [1]", "cannot merge a list into a dictionary `weights`", "1:10")]
    public void What_does_not_fit_is_said_where_it_stands(string yaml, string message, string? place)
    {
        Assert.Null(Read<TrainConfig>(yaml + "\nmodel: m\nowner: me" + (yaml.StartsWith("huge") ? "" : "\nhuge: 1")));
        Diagnostic first = _diagnostics.First();
        Assert.Contains(message, first.Message);
        if (place is not null)
            Assert.Equal(place, first.At!.Value.Position.ToString());
    }

    [Fact]
    public void All_missing_values_are_told_at_once()
    {
        Assert.Null(Read<TrainConfig>("{}"));
        // The folder is `runs/${model}`.
        Assert.Equal(["model", "huge", "${model}", "owner"], _diagnostics.Select(one => one.Message.Split('`')[1]));
    }

    [Fact]
    public void A_record_that_derives_from_another_has_its_keys_first()
    {
        ConfigSchema schema = ConfigRecord.SchemaOf<LongTrainConfig>();
        Assert.True(schema.IsSubclassOf(ConfigRecord.SchemaOf<TrainConfig>()));
        Assert.Equal(["model", "seed", "repeats"], [schema.Fields[0].Name, schema.Fields[1].Name, schema.Fields[^1].Name]);
        LongTrainConfig? read = Read<LongTrainConfig>("{model: m, owner: me, huge: 1, repeats: 4}");
        Assert.Empty(_diagnostics);
        Assert.Equal(4, read!.Repeats);
    }

    [Fact]
    public void A_class_may_be_made_of_nullable_ones_of_itself_and_refuse_values()
    {
        TreeConfig tree = Read<TreeConfig>("{name: a, left: {name: b, left: null, others: [{name: c, left: null}]}}")!;
        Assert.Equal("c", tree.Left!.Others[0].Name);
        Assert.Null(Read<TreeConfig>("{name: a, left: {name: '', left: null}}"));
        Assert.Equal("`left`: `TreeConfig` refuses it: a name has a letter", _diagnostics.First().Message);
    }

    [Fact]
    public void Nested_records_and_names_that_are_keywords_are_bound()
    {
        Assert.Equal(new Outer.Middle.@class(5), Read<Outer.Middle.@class>("{int: 5}"));
        Assert.Equal(["int", "default"], ConfigRecord.SchemaOf<Outer.Middle.@class>().Fields.Select(field => field.Name));
    }

    private T? Read<T>(string yaml) where T : class, IConfigRecord<T> =>
        ConfigRecord.Read<T>(ConfigReader.Read(new Source("c.yaml", yaml), _diagnostics)!, new Resolution(Resolvers.Standard(new Dictionary<string, string>())), _diagnostics);
}
