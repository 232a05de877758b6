using System.Diagnostics;
using System.Numerics;
using System.Text;
using Weft.Config.Composition;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Config.Resolvers;
using Weft.Config.Yaml;
using Weft.Dialects.HydraFlow;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Text;

namespace Weft.Support;

/// <summary>
/// Reads mutated and random texts of a grammar: the tests 50,000 of each, <c>bench/Micro mutate N</c> as many as one has time for. A text must be read, or be
/// refused with a diagnostic that stands in it; what was read is used (printed, evaluated, enumerated), and printed again reads as the same.
/// </summary>
/// <param name="Name">As people call it.</param>
/// <param name="Seeds">Well-formed texts that hold every construct.</param>
/// <param name="Pieces">What is put in, one at a time.</param>
internal sealed record MutatedTexts(string Name, string[] Seeds, string[] Pieces, Action<string> Read)
{
    private const int Seed = 20261121;

    private const int MostPoints = 20;

    public static readonly MutatedTexts[] Grammars =
    [
        new("overrides",
            [
                "+db@a.b=mysql", "k=choice(1,'a b',{x:[1,2]})", "k=range(0,1,step=0.1)", "k=sort(shuffle(1,2),reverse=true)", "k='it\\'s',\"b\"", "~a.0.b=[1,{a:null},-1.5e-3]",
                "k=json_str({a:'é'})", "k=${a.b:${c},d}", "k=tag(t,shuffle(int(choice('1',2))))", "++k=glob([a*,b?],exclude=[!x])", "k=a\\,b\\ c", "k=extend_list(1,[2])",
            ],
            Letters("abk01.,:=+~@/$\\'\"(){}[] \t_-eEinf!é\u0001\ud83d"), ReadOverride),
        new("interpolations",
            ["${a.b[0]}", "x${oc.env:A,'b'}y", "${f:[1,{k: v}],\"${a}\"}", "\\${a}\\\\${..b}", "${${a}.b}", "${oc.decode:'[1'}", "${oc.create:{x: [${b.c}]}}"],
            [.. Letters("ab01.,:${}[]'\"\\ \té\0oc\n\uD800"), "${", "1e3", "null", "oc.env:", "oc.select:", "oc.decode:", "oc.create:", "${a}", "${b.c}", "oc.dict.values:b", "oc.deprecated:", "😀"], ReadInterpolation),
        new("documents",
            [
                "a: 1\nb: [x, 'y', \"z\\n\"]\nc: {d: ~, e: ${a}}\n", "- a\n- - b\n  - c: |\n      text\n    d: >-\n      folded\n", "x: &m {a: 1}\ny: {<<: *m, b: 2}\nz: [*m, *m]\n",
                "? k\n: v\n!!int '1': !!str 2\n", "# c\na: 1_000 # d\nb: 0x1F\nc: 1:30\nd: .inf\ne: ???\n", "a:\n  b:\n    c: ${..x.${y}:'z'}\n", "defaults: [a, {b: c}, _self_]\n---\n",
            ],
            Letters("ab01 \n\t:-?[]{},&*!|>'\"%@`#${}\\~.é\0\uFEFF\u2028"), ReadDocument),
        new("defaults lists",
            ["defaults: [a, {b: c}, _self_]\nx: 1\n", "defaults:\n  - db@x: a\n  - optional override /db: b\n", "# @package _global_.x\ndefaults:\n  - db: ${b}\n"],
            Letters("abdx01 \n:-@/_$?[]{},~"), ReadDefaults),
        new("swept words of HydraFlow",
            ["a=1:3 b/m=0.1:0.5:0.1", "a=(1,5)e-(1:3)|b=3|4", "k='x,y',\"z\",[1,2] +l=(cnn,vit)_(s,l)", "a=1:2:k,5:M n=-3:3", "a=1e-3:1e-2:1e-3 b=", "a=20240101:20240103 ++c.d@e=(a,b)(1:3)"],
            Letters("01.e-+_:,()[]|=/kmTuEa'\" \\\n\t\0é\u0661\ud83d"), ReadSweptWords),
        new("job files",
            [
                "jobs:\n  a:\n    run: python a.py\n    add: x=1\n    sets:\n      - each: a=1:3 b=x,y\n        all: c=1,2\n        add: x=2\n", "jobs:\n  a:\n    name: n\n    call: m.f\n    steps:\n      - batch: a=1:2:9\n        args: b=1,2\n",
                "jobs:\n  a: &x\n    submit: python s.py\n    sets: [{each: 'a=1,2|3'}]\n  b:\n    <<: *x\n    add: ${jobs.a.submit}\n",
            ],
            Letters("01.e-+_:,()[]|=/kmT{}#&*!%@?$'\" \\\n\t>~é"), ReadJobs),
        new("sweeps of Hydra",
            ["a=1,2 b=range(0,3)", "db=glob(*,exclude=x*) ~c=1,2", "a=choice(x,y) +b=shuffle(range(1,4)) a=3,4", "x=sort(3,1,2,reverse=true) y=tag(t,1,2)", "x=range(10,0,-3) n=interval(0,1)", "a={x:[1,2]},{x:3} b='p q',r"],
            Letters("abx01.,:=+~@/$\\'\"(){}[] \t_-eE*?é"), ReadHydraSweep),
        new("sweeps of weft.yaml",
            [
                "grid: {a: [1, 2], b: '1:3:m'}\nwhere: not (a == 2 and b > 0.001)\n", "zip: [{a: [1, 2], b: [x, y]}, {c: '1:2'}]\nrandom: {n: 2, seed: 3}\n", "concat: [{grid: {m: [small]}}, {list: [{m: large, n: 1}]}]\n",
                "grid: {opt: [sgd, adam], mu: [0.8, 0.9]}\nwhen: {mu: opt == 'sgd'}\n", "each: a=1:2 b=x,y\n",
            ],
            Letters("ab012 \n:-[]{},'\"=<>().*~&!_$é"), ReadSpace),
        new("expressions",
            [
                "1 + 2 * 3 ** -x", "not (model == 'large' and lr > 0.002)", "max(mean(val_acc) over seed)", "rows[0]['a b'][-1].c", "a if b else [1, 2.5e-3, {k: \"v\"}]", "0 < x <= 1 or y not in [1, 'a',]", "`n0/case0`.o0 // 2 % 3",
                "train.best.params.lr", "round(abs(min(1, 2)), 2)",
            ],
            [.. Letters("abx019.,:()[]{}'\"`\\ +-*/%<>=!&|eE_é\0\t"), "**", "//", "==", "<=", " and ", " or ", " not ", " in ", " if ", " else ", " over ", "null", "true"], ReadExpression),
        new("templates",
            ["python train.py --lr ${{ inputs.lr }} '${{ a }} b' x${{ 1 + 1 }}", "a \"b ${{ f('}}') }}\" \\$ c", "$${{ x }} ${y} $z", "${{ words }} ${{ item.a[0] }}"],
            [.. Letters("ab01 '\"\\${}.()[]+\n\té"), "${{", "}}", "${{ a }}"], ReadTemplate),
    ];

    /// <summary>Reads so many texts.</summary>
    /// <exception cref="InvalidOperationException">One broke a law; the message says which text it was.</exception>
    /// <returns>How long the slowest text took.</returns>
    public TimeSpan Run(int rounds)
    {
        var random = new Random(Seed);
        TimeSpan longest = TimeSpan.Zero;
        for (int round = 0; round < rounds; round++)
        {
            string text = Next(random);
            long before = Stopwatch.GetTimestamp();
            try
            {
                Read(text);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"{Name}, seed {Seed}, round {round}: {text}", error);
            }
            TimeSpan took = Stopwatch.GetElapsedTime(before);
            longest = took > longest ? took : longest;
        }
        return longest;
    }

    /// <summary>A seed with one to five changes, or in one of eight rounds nothing but pieces.</summary>
    private string Next(Random random)
    {
        var text = new StringBuilder();
        if (random.Next(8) == 0)
        {
            for (int count = random.Next(1, 12); count > 0; count--)
                text.Append(Pieces[random.Next(Pieces.Length)]);
            return text.ToString();
        }
        text.Append(Seeds[random.Next(Seeds.Length)]);
        for (int edits = random.Next(1, 6); edits > 0; edits--)
        {
            int at = random.Next(text.Length + 1);
            int kind = random.Next(8);
            if (kind < 3 && at < text.Length)
                text.Remove(at, 1);
            else if (kind == 7 && text.Length < 2_000)
                text.Insert(at, text.ToString(0, at));
            else
                text.Insert(at, Pieces[random.Next(Pieces.Length)]);
        }
        return text.ToString();
    }

    private static string[] Letters(string letters) => [.. letters.Select(letter => letter.ToString())];

    private static void ReadOverride(string text)
    {
        var source = Source.OfArgument(1, text);
        var diagnostics = new Diagnostics();
        Override? parsed = Override.Parse(source, diagnostics);
        Check(parsed is not null, diagnostics, source);
        if (parsed?.Value is not { } value)
            return;
        // Whatever functions made of it: what is printed is read, and printing that gives the same word again.
        string printed = ElementPrinter.Print(value);
        Override? read = Override.Parse(Source.OfArgument(1, "k=" + printed), []);
        Law(read?.Value is { } again && ElementPrinter.Print(again) == printed, $"it is printed as {printed}, which is read as {read?.Value}");
    }

    private static void ReadInterpolation(string text)
    {
        if (Interpolated.Parse(text, out GrammarError error) is not { } interpolated)
        {
            Law(error.Start >= 0 && error.Start + error.Length <= text.Length, "the error does not stand in the text");
            return;
        }
        var root = new DictConfig();
        root.Put("a", new ValueNode(Scalar.Of("b")));
        var inner = new DictConfig();
        inner.Put("c", new ValueNode(Scalar.Of(3)));
        root.Put("b", inner);
        root.Put("v", new ValueNode(Scalar.Of(interpolated)));
        var diagnostics = new Diagnostics();
        ConfigNode? resolved = new Resolution(Resolvers.Standard(new Dictionary<string, string>())).Resolve(root, diagnostics);
        Law(resolved is null == diagnostics.HasErrors, "it resolves with an error, or fails without one");
    }

    private static void ReadDocument(string text)
    {
        var source = new Source("f.yaml", text);
        var diagnostics = new Diagnostics();
        ConfigNode? node = ConfigReader.Read(source, diagnostics);
        Check(node is not null, diagnostics, source);
        if (node is null)
            return;
        string printed = ConfigWriter.ToYaml(node);
        Law(printed.Length > 0, "it is printed as nothing");
    }

    private static void ReadDefaults(string text)
    {
        var files = new Dictionary<string, string> { ["config.yaml"] = text, ["a.yaml"] = "defaults: [{db: a}]\n", ["b/c.yaml"] = "y: 1\n", ["db/a.yaml"] = "z: ${x}\n", ["db/b.yaml"] = "" };
        var diagnostics = new Diagnostics();
        Composition? composition = new Composer(new SearchPath { Main = new TextConfigSource("main", "pkg://conf", files) }).Compose("config", (string[])["+db=b"], RunMode.Run, diagnostics);
        Law(composition is not null || diagnostics.HasErrors, "it was refused without a diagnostic");
    }

    private static void ReadSweptWords(string text)
    {
        foreach (RangeOrder order in (ReadOnlySpan<RangeOrder>)[RangeOrder.StepLast, RangeOrder.StepInTheMiddle])
        {
            Excerpt excerpt = Excerpt.OfArgument(1, text);
            var diagnostics = new Diagnostics();
            var each = new SweepReader(diagnostics, order).ReadEach(excerpt);
            Check(!each.IsDefault, diagnostics, excerpt.At.Source);
            foreach (Choices choices in each.IsDefault ? [] : each.SelectMany(word => word.Parts).Select(part => part.Values))
                Use(choices);
            diagnostics = [];
            var all = new SweepReader(diagnostics, order).ReadAll(excerpt);
            Check(!all.IsDefault, diagnostics, excerpt.At.Source);
        }
    }

    private static void Use(Choices choices)
    {
        Law(choices.Count >= 0, "a number of values below zero");
        if (choices.Count == 0)
            return;
        Law(choices.All().First() == choices[0], "the first value is not that of index 0");
        _ = choices.ValueAt(choices.Count - 1);
    }

    private static void ReadJobs(string text)
    {
        var source = new Source("hydraflow.yaml", text);
        var diagnostics = new Diagnostics();
        HydraFlowFile? file = HydraFlowReader.Read(source, new Dictionary<string, string>(), diagnostics);
        Check(file is not null, diagnostics, source);
        foreach (HydraFlowJob job in file?.Jobs ?? [])
        {
            var problems = new Diagnostics();
            JobSweep? sweep = JobSweepReader.Read(job, Dialects.Arguments.None, problems);
            Check(sweep is not null, problems, source);
            if (sweep is not null)
                Use(sweep.Space);
        }
    }

    private static void Use(Space space)
    {
        foreach (Point point in space.Points().Take(MostPoints))
            _ = point.Values;
        for (long index = 0; index < Math.Min(space.Size, MostPoints); index++)
            Law(space.PointAt(index) is not { } point || point.Index == index, "a point has another number");
    }

    private static void ReadHydraSweep(string text)
    {
        var diagnostics = new Diagnostics();
        IReadOnlyList<Override> overrides = Override.ParseAll(text.Split(' '), diagnostics);
        BasicSweep? sweep = diagnostics.HasErrors ? null : BasicSweep.Of(overrides, _ => ["mysql", "xbase", "postgres"], diagnostics);
        Law(sweep is null == diagnostics.HasErrors, "it is a sweep with errors, or none without");
        if (sweep is null || sweep.Count == 0)
            return;
        foreach (BigInteger number in (ReadOnlySpan<BigInteger>)[0, sweep.Count - 1])
        {
            foreach (string word in sweep.Job(number))
                Law(Override.Parse(Source.OfArgument(1, word), []) is { IsSweep: false }, $"the word {word} of a job is no single override");
        }
    }

    private static void ReadSpace(string text)
    {
        var source = new Source("weft.yaml", text);
        var diagnostics = new Diagnostics();
        if (YamlReader.Read(source, diagnostics) is not YamlMapping block || diagnostics.HasErrors)
            return;
        Space? space = SpaceReader.Read(block, diagnostics);
        Check(space is not null, diagnostics, source);
        if (space is not null)
            Use(space);
    }

    private static void ReadExpression(string text)
    {
        var source = new Source("f", text);
        var diagnostics = new Diagnostics();
        Expr? expression = ExprParser.Parse(text, source.Whole, diagnostics);
        Check(expression is not null, diagnostics, source);
        if (expression is null)
            return;
        Evaluator.Evaluate(expression, Evaluator.Nothing);
        string printed = expression.ToString();
        Law(ExprParser.Parse(printed, new Source("f", printed).Whole, []) is { } again && again.ToString() == printed, $"it is printed as {printed}");
    }

    private static void ReadTemplate(string text)
    {
        var source = new Source("f", text);
        var diagnostics = new Diagnostics();
        System.Collections.Immutable.ImmutableArray<Expr>? words = Template.Words(text, source.Whole, diagnostics);
        Check(words is not null, diagnostics, source);
        foreach (Expr word in words ?? [])
            Evaluator.Evaluate(word, Evaluator.Nothing);
    }

    /// <summary>A text is either read, or refused with errors; all that is said stands in the text.</summary>
    private static void Check(bool isRead, Diagnostics diagnostics, Source source)
    {
        Law(isRead != diagnostics.HasErrors, isRead ? "it was read in spite of errors" : "it was refused without an error");
        foreach (Diagnostic problem in diagnostics)
            Law(problem.At is not { } at || at.Source != source || (at.Start >= 0 && at.End <= source.Text.Length), $"`{problem.Message}` stands outside the text");
        if (diagnostics.Count > 0)
            DiagnosticPrinter.Print(diagnostics);
    }

    private static void Law(bool holds, string otherwise)
    {
        if (!holds)
            throw new InvalidOperationException(otherwise);
    }
}
