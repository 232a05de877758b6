using System.Text;
using System.Text.Json;
using Weft.Dialects.HydraFlow;
using Weft.Support;
using Weft.Text;

namespace Weft.Tests.Dialects.HydraFlow;

public sealed class HydraFlowReaderTests
{
    [Fact]
    public void A_key_that_stands_twice_hides_no_other_problem()
    {
        const string Yaml = """
            jobs:
              one:
                runn: x
                run: python train.py
                sets:
                  - each: a=1:5:0
                    all: b=2
              one: 5
            """;
        var diagnostics = new Diagnostics();
        Assert.Null(HydraFlowReader.Read(new Source("hydraflow.yaml", Yaml), new Dictionary<string, string>(), diagnostics));
        Assert.Equal([(8, 3), (3, 5), (6, 17)], diagnostics.Select(one => one.At!.Value.Source.PositionOf(one.At!.Value.Start)).Select(place => (place.Line, place.Column)));
    }

    [Fact]
    public void Everything_that_is_wrong_with_the_shape_is_said_at_once()
    {
        const string Yaml = """
            jobs:
              train:
                runn: python train.py
                sets:
                  - each: a=1
                    alll: b=2
                  - batch: c=3
                  -
              1:
                run: [python, x]
              eval:
                run: e
                sets:
                  each: a=1
            extra: 1
            """;
        Assert.Equal(
            """
            error: unknown key `runn` in job `train`
              --> hydraflow.yaml:3:5
               |
            3  |     runn: python train.py
               |     ^^^^
            hint: did you mean `run`?

            error: unknown key `alll` in item 1 of `sets` of job `train`
              --> hydraflow.yaml:6:9
               |
            6  |         alll: b=2
               |         ^^^^
            hint: did you mean `all`?

            error: unknown key `batch` in item 2 of `sets` of job `train`
              --> hydraflow.yaml:7:9
               |
            7  |       - batch: c=3
               |         ^^^^^
            hint: `batch` belongs to older files, which have `steps`; here it is `each`

            error: expected item 3 of `sets` of job `train` to be a map, found nothing
              --> hydraflow.yaml:8:8
               |
            8  |       -
               |        ^

            error: the name of a job must be text, found the number `1`
              --> hydraflow.yaml:9:3
               |
            9  |   1:
               |   ^
            hint: write `"1":`

            error: expected `sets` of job `eval` to be a list, found a map
               --> hydraflow.yaml:14:7
                |
            14  |       each: a=1
                |       ^^^^^^^^^
            hint: put `- ` before its first key

            error: unknown key `extra` in the file
               --> hydraflow.yaml:15:1
                |
            15  | extra: 1
                | ^^^^^
            hint: known keys: `jobs`

            """,
            Problems(Yaml));
    }

    [Theory]
    [InlineData("jobs:\n  j:\n    run:\n", "expected `run` to be a text, found nothing")]
    [InlineData("jobs:\n  j:\n    run: {a: b}\n", "expected `run` to be a text, found a map")]
    [InlineData("jobs:\n  j:\n    sets:\n", "expected `sets` of job `j` to be a list, found nothing")]
    [InlineData("jobs:\n  j:\n    run: ' '\n", "`run` holds only blanks")]
    [InlineData("jobs:\n  j:\n    run: x\n    sets:\n      - each: ???\n", "`each` is `???`, a value that is still to be given")]
    [InlineData("jobs:\n  j:\n    run: x\n    run: y\n", "key `run` stands twice in one map")]
    [InlineData("jobs:\n  j:\n    run: x\n    with: k=1\n    sets: []\n", "unknown key `with` in job `j`")]
    [InlineData("- a\n", "expected the file to be a map, found a list")]
    [InlineData("abc\n", "unknown key `abc` in the file")]
    [InlineData("jobs:\n  j:\n   run: e\n  \tx: 1\n", "not YAML")]
    public void A_file_is_used_as_a_whole_or_not_at_all(string yaml, string message) => Assert.StartsWith("error: " + message, Problems(yaml));

    [Fact]
    public void A_file_of_any_generation_is_read()
    {
        HydraFlowFile file = Read("jobs:\n  a: {run: x, with: w=1, steps: [{batch: b=1}]}\n  c: {run: x, configs: w=1}\n  d: {run: x, sets: []}\n  e: {}\n")!;
        Assert.Equal([Generation.Steps, Generation.Steps, Generation.Sets, Generation.Sets], file.Jobs.Select(job => job.Generation));
        Assert.Equal("w=1", file.Jobs[1].Add!.Text);
        Assert.Null(file.Jobs[3].Kind);
        Assert.Empty(Read("")!.Jobs);
    }

    [Fact]
    public void An_interpolation_that_leads_nowhere_is_the_fault_of_its_job_only()
    {
        HydraFlowFile file = Read("jobs:\n  a:\n    run: x ${oc.env:NO_SUCH_THING}\n  b:\n    run: y ${jobs.c.add} ${oc.env:HOME}\n  c:\n    run: z\n    add: k=1\n")!;
        Assert.Equal("y k=1 /home/me", file.Jobs[1].Run!.Text);
        var diagnostics = new Diagnostics();
        Assert.Null(JobSweepReader.Read(file.Jobs[0], Weft.Dialects.Arguments.None, diagnostics));
        Assert.Equal("hydraflow.yaml:3:12", Assert.Single(diagnostics).At.ToString());
    }

    [Fact]
    public void A_word_of_a_folded_text_is_shown_where_it_stands()
    {
        HydraFlowFile file = Read("jobs:\n  j:\n    run: x\n    sets:\n      - each: >-\n          a=1:3\n          b=3:x    # nano\n        all: \"c=1 d=5:1\"\n")!;
        var diagnostics = new Diagnostics();
        Assert.Null(JobSweepReader.Read(file.Jobs[0], Weft.Dialects.Arguments.None, diagnostics));
        Assert.Equal(
            """
            error: `x` is not a number, and `:` makes a range
              --> hydraflow.yaml:7:15
               |
            7  |           b=3:x    # nano
               |               ^

            error: expected `key=values`, found `#`
              --> hydraflow.yaml:7:20
               |
            7  |           b=3:x    # nano
               |                    ^
            hint: `#` starts no comment inside a folded or quoted text

            error: expected `key=values`, found `nano`
              --> hydraflow.yaml:7:22
               |
            7  |           b=3:x    # nano
               |                      ^^^^
            hint: other words, such as flags and `~deletions`, can stand in `add`

            error: this range starts above its stop and counts up
              --> hydraflow.yaml:8:21
               |
            8  |         all: "c=1 d=5:1"
               |                     ^^^
            hint: to count down write `5:1:-1`

            """,
            DiagnosticPrinter.Print(diagnostics));
    }

    [Fact]
    public void Mutilated_files_are_read_or_refused_and_never_crash()
    {
        var random = new Random(20261121);
        using JsonDocument vectors = JsonDocument.Parse(File.ReadAllBytes(Repository.Path("tests/conformance/hydraflow/jobs.json")));
        string[] files = [.. vectors.RootElement.GetProperty("vectors").EnumerateArray().Select(one => one.GetProperty("yaml").GetString()!).Where(yaml => yaml is { Length: > 0 })];
        const string Letters = "01.e-+_:,()[]|=/kmT{}#&*!%@?$'\" \\\n\t>~é";
        for (int i = 0; i < 400; i++)
        {
            var yaml = new StringBuilder(files[random.Next(files.Length)]);
            for (int change = random.Next(1, 5); change > 0; change--)
                yaml[random.Next(yaml.Length)] = Letters[random.Next(Letters.Length)];
            var diagnostics = new Diagnostics();
            HydraFlowFile? file = HydraFlowReader.Read(new Source("hydraflow.yaml", yaml.ToString()), Variables, diagnostics);
            Assert.Equal(file is null, diagnostics.HasErrors);
            foreach (HydraFlowJob job in file?.Jobs ?? [])
            {
                var problems = new Diagnostics();
                JobSweep? sweep = JobSweepReader.Read(job, Weft.Dialects.Arguments.None, problems);
                Assert.Equal(sweep is null, problems.HasErrors);
                _ = sweep?.Space.Points().Take(20).Count();
                _ = DiagnosticPrinter.Print(problems);
            }
        }
    }

    private static readonly Dictionary<string, string> Variables = new() { ["HOME"] = "/home/me" };

    private static HydraFlowFile? Read(string yaml) => HydraFlowReader.Read(new Source("hydraflow.yaml", yaml), Variables, new Diagnostics());

    private static string Problems(string yaml)
    {
        var diagnostics = new Diagnostics();
        Assert.Null(HydraFlowReader.Read(new Source("hydraflow.yaml", yaml), Variables, diagnostics));
        return DiagnosticPrinter.Print(diagnostics);
    }
}
