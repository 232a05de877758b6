using System.Collections.Immutable;
using Weft.Dialects.Hydra;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Dialects;

/// <summary>
/// A command that no file names: <c>weft run -m -- python train.py --lr=1e-4,1e-3 --seed=1:5</c>. Its swept words are those with <c>=</c>
/// that stand for several values; each keeps its place. What cannot be a sweep (<c>--url=http://host</c>) is passed on as it is, with a warning.
/// With <c>--zip</c> and its like (<see cref="SweepShape"/>) all words with <c>=</c> stand together where the first of them was typed, as points may differ in them.
/// </summary>
/// <param name="folder">Where it runs, absolute.</param>
public sealed class AdHoc(ImmutableArray<Excerpt> words, string folder) : Runnable
{
    private static readonly string[] Interpreters = ["python", "python3", "bash", "sh", "Rscript", "julia", "node"];

    /// <summary>The program's name, or that of the script that it runs: of <c>python src/train.py</c> it is <c>train</c>.</summary>
    public override string Name { get; } = NameOf(words);

    public override string Kind => "command";

    public override Span At => words[0].At;

    public override Prepared? Prepare(Arguments arguments, Diagnostics diagnostics)
    {
        if (!arguments.Shape.IsPlain)
            return PrepareShaped(arguments.Shape, diagnostics);
        SweptWord?[] swept = [.. words.Select(word => arguments.IsMultirun ? Read(word, diagnostics) : null)];
        int plain = Array.FindIndex(swept, word => word is not null) is >= 0 and var first ? first : words.Length;
        Axis[] axes = [.. swept.OfType<SweptWord>().Select(word => new Axis(word.Parts[0].Key, word.Parts[0].Values, word.At))];
        Space space = new Product([.. axes], Fastest.Last, At);
        if (space.Size > Space.MaxSize)
        {
            diagnostics.Error("sweep/too-many-points", $"this is a sweep of more than {Space.MaxSize:N0} commands", At);
            return null;
        }
        return new Prepared(Name, () => Definitions(swept, space))
        {
            Commands = space.Size,
            InnerRuns = space.Size,
            DryRun = ulid => Lists(swept, space).Select(list => ShellWords.Join(list)),
            Words = ulid => Lists(swept, space),
            Points = [new CommandPoints(space, [.. words.Take(plain).Select(word => word.Text)], point => List(swept, point).Skip(plain), folder, CommandPoints.PlacesOf(space, words.Select(word => word.At)), NodeNames.Of(Name), At)],
        };
    }

    private Prepared? PrepareShaped(SweepShape shape, Diagnostics diagnostics)
    {
        SweptParameter?[] parameters = [.. words.Select(word => word.Text.Contains('=') && !word.Text.Contains('|') ? new SweepReader([]).ReadEachWord(word)?.Parts[0] : null)];
        if (shape.Build(replacing => Dimensions(parameters, replacing, diagnostics), At, diagnostics) is not { } space)
            return null;
        int first = Array.FindIndex(parameters, parameter => parameter is not null) is >= 0 and var found ? found : words.Length;
        string[] before = [.. words.Take(first).Select(word => word.Text)];
        string[] after = [.. words.Skip(first).Where((_, i) => parameters[first + i] is null).Select(word => word.Text)];
        IEnumerable<string> WordsOf(Point point) => [.. point.Words.Select(word => word.Text), .. after];
        IEnumerable<ImmutableArray<string>> Lists() => space.Points().Select(point => ImmutableArray.Create<string>([.. before, .. WordsOf(point)]));
        long commands = space.HasHoles ? space.Points().LongCount() : space.Size;
        return new Prepared(Name, () => Definitions([.. before.Select(Expr.Of), Expr.To(Root.Words), .. after.Select(Expr.Of)], space))
        {
            Commands = commands,
            InnerRuns = commands,
            DryRun = ulid => Lists().Select(list => ShellWords.Join(list)),
            Words = ulid => Lists(),
            Points = [new CommandPoints(space, [.. before], WordsOf, folder, CommandPoints.PlacesOf(space, words.Select(word => word.At)), NodeNames.Of(Name), At)],
        };
    }

    /// <summary>The words as dimensions, those of <c>--then</c> in place of the ones of the same parameters.</summary>
    private static List<Dimension>? Dimensions(SweptParameter?[] parameters, ImmutableArray<Excerpt> replacing, Diagnostics diagnostics)
    {
        var byName = new OrderedDictionary<string, Axis>(StringComparer.Ordinal);
        var reader = new SweepReader(diagnostics);
        SweptParameter?[] others = [.. replacing.Select(word => reader.ReadEachWord(word)?.Parts[0])];
        if (others.Contains(null))
            return null;
        foreach (SweptParameter parameter in parameters.Concat(others).OfType<SweptParameter>())
        {
            var axis = new Axis(parameter.Key, parameter.Values, parameter.At);
            byName[axis.Parameter] = axis;
        }
        return [.. byName.Values.Select(axis => new Dimension([axis.Parameter], axis, axis.At))];
    }

    private static SweptWord? Read(Excerpt word, Diagnostics diagnostics)
    {
        if (!word.Text.Contains('='))
            return null;
        var problems = new Diagnostics();
        // Between pipes a program of Hydra's kind would sweep itself; a plain program takes the text.
        SweptWord? swept = word.Text.Contains('|') ? null : new SweepReader(problems).ReadEachWord(word);
        if (swept is { Count: > 1 })
            return swept;
        if (problems.FirstOrDefault(problem => problem.Severity == Severity.Error) is { } why)
            diagnostics.Add(why with { Severity = Severity.Warning, Message = $"`{word.Text}` is passed on as it is: {why.Message}" });
        return null;
    }

    private IEnumerable<ImmutableArray<string>> Lists(SweptWord?[] swept, Space space)
    {
        foreach (Point point in space.Points())
            yield return List(swept, point);
    }

    private ImmutableArray<string> List(SweptWord?[] swept, Point point)
    {
        string[] list = [.. words.Select(word => word.Text)];
        int next = 0;
        for (int i = 0; i < list.Length; i++)
        {
            if (swept[i] is not null)
                list[i] = point.Words[next++].Text;
        }
        return [.. list];
    }

    private ImmutableArray<Definition> Definitions(SweptWord?[] swept, Space space)
    {
        var body = ImmutableArray.CreateBuilder<Expr>(words.Length);
        int next = 0;
        for (int i = 0; i < words.Length; i++)
            body.Add(swept[i] is null ? Expr.Of(words[i].Text) : new Expr.Ref(Root.Words, [Segment.Of(next++)], words[i].At));
        return Definitions(body.MoveToImmutable(), next == 0 ? null : space);
    }

    /// <param name="space">Null for one command.</param>
    private ImmutableArray<Definition> Definitions(ImmutableArray<Expr> body, Space? space)
    {
        var task = new TaskDefinition(Name, new TaskBody.Command(body), At);
        var callee = new Callee(CalleeKind.Task, Name, At);
        NodeId id = NodeNames.Of(Name);
        Node node = space is null ? new Node.Use(id, callee, At) : new Node.Each(id, new Elements.Known(space), callee, At);
        return [new Definition.OfTask(task), new Definition.OfWorkflow(new WorkflowDefinition(Name, [node], At))];
    }

    private static string NameOf(ImmutableArray<Excerpt> words)
    {
        string program = Path.GetFileNameWithoutExtension(words[0].Text);
        string? script = Interpreters.Contains(program) ? words.Skip(1).FirstOrDefault(word => !word.Text.StartsWith('-'))?.Text : null;
        string name = script is null || script.AsSpan().ContainsAny(" ;()'\"\n") ? program : Path.GetFileNameWithoutExtension(script);
        return name.Length > 0 ? name : "command";
    }
}
