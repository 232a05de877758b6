using System.Text;
using Weft.Config.Composition;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Tests.Config.Composition;

/// <summary>Random folders of configurations, half of them broken by random edits: composing them ends in a configuration or in diagnostics.</summary>
public sealed class ComposerLawTests
{
    private static readonly string[] Groups = ["db", "app", "db/ext", "x"];
    private static readonly string[] Options = ["a", "b", "c"];

    private static readonly string[] Items =
    [
        "_self_", "db: a", "db: b", "/db: c", "optional app: a", "override db: b", "override /db: c", "db@two: a", "db@_global_: b", "app@_here_.y: c", "db/ext: a", "x: [a, b]",
        "x: null", "app: ???", "app: ${db}", "x: ${nope}", "db: a/b", "a", "/x/b", "optional override x: a", "1", "{}", "{a: 1, b: 2}", "db@a:b: c", "../x: a", "x: ${oc.env:HOME,a}",
    ];

    private static readonly string[] Contents =
    [
        "k: 1", "k: ${.j}", "j: [1, 2]", "m: {a: 1}", "m: null", "k: ???", "db: {k: ${..k}}", "hydra: {run: {dir: x}}", "hydra: null", "hydra: {job: {num: x}}", "'y': ${x.k}", "? [a]", "\tk: 1", "k: ${",
    ];

    private static readonly string[] Words =
    [
        "db=a", "db=[a,b]", "+x=b", "~db", "~db=a", "db@two=b", "k=2", "+k.j=3", "++m={a:2,b:[1]}", "~k", "k=${j}", "hydra.job.num=1", "hydra/launcher=basic", "m.a=x", "j.0=9", "j=extend_list(3)",
        "hydra.run=null", "~hydra.job", "hydra.searchpath=[x]", "hydra={}", "hydra.job='${x}'", "=1", "+={z:1}", "@x=1", "k=choice(1,2)",
    ];

    [Fact]
    public void Any_folder_and_any_words_end_in_a_configuration_or_in_diagnostics()
    {
        var random = new Random(11);
        int composed = 0;
        for (int round = 0; round < 1500; round++)
        {
            Conf conf = Folder(random);
            string[] words = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Words[random.Next(Words.Length)])];
            if (round % 10 == 0)
                ConfigCheck.Run(conf.Composer, null, [], []);
            foreach (RunMode mode in new[] { RunMode.Run, RunMode.MultiRun })
            {
                var diagnostics = new Diagnostics();
                var composition = conf.Composer.Compose("config", words, mode, diagnostics);
                Assert.True(composition is null == diagnostics.HasErrors, $"round {round}: {string.Join(' ', words)}\n{DiagnosticPrinter.Print(diagnostics)}");
                if (composition is null)
                    continue;
                composed++;
                composition.JobResolution.Resolve(composition.Job, diagnostics);
                Assert.All(new Provenance(composition).ExplainBelow(""), explanation => Assert.NotEmpty(explanation.Lines()));
            }
        }
        Assert.InRange(composed, 100, 3000);
    }

    [Fact]
    public void Composing_again_or_with_what_is_there_already_changes_nothing()
    {
        var random = new Random(3);
        for (int round = 0; round < 500; round++)
        {
            Conf conf = Folder(random);
            if (conf.Composer.Compose("config", Array.Empty<string>(), RunMode.Run, []) is not { } first)
                continue;
            string yaml = ConfigWriter.ToYaml(first.Job);
            Assert.Equal(yaml, ConfigWriter.ToYaml(conf.Composer.Compose("config", Array.Empty<string>(), RunMode.Run, [])!.Job));
            if (first.Job["k"] is ValueNode { Content.Kind: ScalarKind.Int } k)
                Assert.Equal(yaml, ConfigWriter.ToYaml(conf.Composer.Compose("config", [$"k={k.Content}"], RunMode.Run, [])!.Job));
        }
    }

    private static Conf Folder(Random random)
    {
        var files = new Dictionary<string, string> { ["config.yaml"] = Text(random, 4) };
        foreach (string group in Groups)
        {
            foreach (string option in Options)
            {
                if (random.Next(4) > 0)
                    files[$"{group}/{option}.yaml"] = Text(random, 2);
            }
        }
        return new Conf(files);
    }

    private static string Text(Random random, int items)
    {
        var text = new StringBuilder();
        if (random.Next(8) == 0)
            text.Append(random.Next(2) == 0 ? "# @package _global_\n" : "# @package p.q\n");
        int count = random.Next(items + 1);
        if (count > 0)
        {
            text.Append("defaults:\n");
            for (int i = 0; i < count; i++)
                text.Append("  - ").Append(Items[random.Next(random.Next(3) == 0 ? Items.Length : 10)]).Append('\n');
        }
        for (int i = random.Next(3); i > 0; i--)
            text.Append(Contents[random.Next(random.Next(3) == 0 ? Contents.Length : 5)]).Append('\n');
        if (random.Next(10) == 0)
            text.Insert(random.Next(text.Length + 1), "{[:-'\"@$#"[random.Next(9)]);
        return text.ToString();
    }
}
