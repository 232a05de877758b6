using System.Diagnostics;
using System.Text;
using Weft.Config.Composition;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Config.Resolvers;
using Weft.Text;

namespace Weft.Micro;

/// <summary>
/// Reads mutated texts of each grammar, as many as one has time for; the tests read 50,000. A text must be read or be refused with a diagnostic: an
/// exception, an endless loop or an overflown stack ends the program, with the seed by which the text is found again.
/// </summary>
internal static class Mutations
{
    private const int Seed = 20261121;

    private static readonly (string Grammar, string[] Seeds, string Alphabet, Action<string> Read)[] Grammars =
    [
        ("overrides", ["+db@a.b=mysql", "k=choice(1,'a b',{x:[1,2]})", "k=range(0,1,step=0.1)", "k=sort(shuffle(1,2),reverse=true)", "k='it\\'s',\"b\"", "~a.0.b=[1,{a:null},-1.5e-3]", "k=json_str({a:'é'})"],
            "abk01.,:=+~@/$\\'\"(){}[] \t_-eEinf!é\u0001\ud83d", ReadOverride),
        ("interpolations", ["${a.b[0]}", "x${oc.env:A,'b'}y", "${f:[1,{k: v}],\"${a}\"}", "\\${a}\\\\${..b}", "${${a}.b}", "${oc.decode:'[1'}"], "ab01.,:${}[]'\"\\ \té\0oc", ReadInterpolation),
        ("documents", ["a: 1\nb: [x, 'y', \"z\\n\"]\nc: {d: ~, e: ${a}}\n", "- a\n- b: |\n    text\n", "x: &m {a: 1}\ny: {<<: *m}\n", "? k\n: v\n!!int '1': 2\n"], "ab01 \n\t:-?[]{},&*!|>'\"%@`#${}\\~.é\0\uFEFF", ReadDocument),
        ("defaults lists", ["defaults: [a, {b: c}, _self_]\nx: 1\n", "defaults:\n  - db@x: a\n  - optional override /db: b\n", "# @package _global_.x\ndefaults:\n  - db: ${b}\n"], "abdx01 \n:-@/_$?[]{},~", ReadDefaults),
    ];

    public static int Run(int rounds, TextWriter output)
    {
        foreach ((string grammar, string[] seeds, string alphabet, Action<string> read) in Grammars)
        {
            var random = new Random(Seed);
            long started = Stopwatch.GetTimestamp();
            TimeSpan longest = TimeSpan.Zero;
            for (int round = 0; round < rounds; round++)
            {
                string text = Mutate(seeds[random.Next(seeds.Length)], alphabet, random);
                long before = Stopwatch.GetTimestamp();
                try
                {
                    read(text);
                }
                catch (Exception e)
                {
                    output.WriteLine($"{grammar}, seed {Seed}, round {round}: {text}\n{e}");
                    return 1;
                }
                TimeSpan took = Stopwatch.GetElapsedTime(before);
                longest = took > longest ? took : longest;
            }
            output.WriteLine($"{grammar}: {rounds:N0} texts in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s, the longest took {longest.TotalMilliseconds:0.0} ms");
        }
        return 0;
    }

    private static string Mutate(string seed, string alphabet, Random random)
    {
        var text = new StringBuilder(seed);
        for (int edits = random.Next(1, 6); edits > 0; edits--)
        {
            int at = random.Next(text.Length + 1);
            int kind = random.Next(8);
            if (kind < 3 && at < text.Length)
                text.Remove(at, 1);
            else if (kind == 7 && text.Length < 2_000)
                text.Insert(at, text.ToString(0, at));
            else
                text.Insert(at, alphabet[random.Next(alphabet.Length)]);
        }
        return text.ToString();
    }

    private static void ReadOverride(string text)
    {
        if (Override.Parse(Source.OfArgument(1, text), []) is { Value: { } value })
            _ = Override.Parse(Source.OfArgument(1, "k=" + ElementPrinter.Print(value)), []) ?? throw new InvalidOperationException("what is printed cannot be read");
    }

    private static void ReadInterpolation(string text)
    {
        if (Interpolated.Parse(text, out _) is not { } interpolated)
            return;
        var root = new DictConfig();
        root.Put("a", new ValueNode(Scalar.Of("b")));
        root.Put("v", new ValueNode(Scalar.Of(interpolated)));
        new Resolution(Resolvers.Standard(new Dictionary<string, string>())).Resolve(root, []);
    }

    private static void ReadDocument(string text)
    {
        if (ConfigReader.Read(new Source("f.yaml", text), []) is { } node)
            ConfigWriter.ToYaml(node);
    }

    private static void ReadDefaults(string text)
    {
        var files = new Dictionary<string, string> { ["config.yaml"] = text, ["a.yaml"] = "defaults: [{db: a}]\n", ["b/c.yaml"] = "y: 1\n", ["db/a.yaml"] = "z: ${x}\n", ["db/b.yaml"] = "" };
        new Composer(new SearchPath { Main = new TextConfigSource("main", "pkg://conf", files) }).Compose("config", (string[])["+db=b"], RunMode.Run, []);
    }
}
