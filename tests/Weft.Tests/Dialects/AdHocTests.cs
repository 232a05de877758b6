using Weft.Dialects;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Dialects;

public sealed class AdHocTests
{
    [Fact]
    public void Swept_words_keep_their_places()
    {
        Prepared prepared = Prepare(true, "python", "src/train.py", "--lr=1e-4,1e-3", "data.csv", "--seed=1:3", "--name=x");
        Assert.Equal("train", prepared.Workflow);
        Assert.Equal(6, prepared.Commands);
        Assert.Equal(
        [
            "python src/train.py --lr=1e-4 data.csv --seed=1 --name=x",
            "python src/train.py --lr=1e-4 data.csv --seed=2 --name=x",
            "python src/train.py --lr=1e-4 data.csv --seed=3 --name=x",
            "python src/train.py --lr=1e-3 data.csv --seed=1 --name=x",
            "python src/train.py --lr=1e-3 data.csv --seed=2 --name=x",
            "python src/train.py --lr=1e-3 data.csv --seed=3 --name=x",
        ], prepared.DryRun(""));
        Assert.Equal(prepared.DryRun(""), Started(prepared));
    }

    [Fact]
    public void Shaped_sweeps_put_their_words_where_the_first_of_them_was()
    {
        var shape = new SweepShape
        {
            Zip = [Of("lr,batch")],
            When = [Of("mu: opt == 'sgd'")],
            Then = [Of("--opt=adam --lr=9 --batch=1")],
            Where = Of("seed != 2 or opt == 'sgd'"),
        };
        Prepared prepared = Prepare(shape, "python", "train.py", "--opt=sgd,adam", "data.csv", "--lr=1,2", "--batch=8,9", "--mu=0.5,0.6", "--seed=2", "--flag");
        Assert.Equal(
        [
            "python train.py --opt=sgd --lr=1 --batch=8 --mu=0.5 --seed=2 data.csv --flag",
            "python train.py --opt=sgd --lr=1 --batch=8 --mu=0.6 --seed=2 data.csv --flag",
            "python train.py --opt=sgd --lr=2 --batch=9 --mu=0.5 --seed=2 data.csv --flag",
            "python train.py --opt=sgd --lr=2 --batch=9 --mu=0.6 --seed=2 data.csv --flag",
        ], prepared.DryRun(""));
        Assert.Equal(4, prepared.Commands);
        Assert.Equal(prepared.DryRun(""), Started(prepared));

        static Excerpt Of(string text) => Excerpt.OfArgument(1, text);
    }

    [Fact]
    public void Without_m_a_command_is_one_command_as_it_is()
    {
        Prepared prepared = Prepare(false, "./train.sh", "a=1,2", "b='x'");
        Assert.Equal(1, prepared.Commands);
        Assert.Equal([ShellWords.Join(["./train.sh", "a=1,2", "b='x'"])], prepared.DryRun(""));
        Assert.Equal(prepared.DryRun(""), Started(prepared));
    }

    [Fact]
    public void A_word_that_cannot_be_a_sweep_is_passed_on_with_a_warning()
    {
        var diagnostics = new Diagnostics();
        Prepared? prepared = Of("python", "-c", "x = {1: 2}; print(x)", "--url=http://host:80/x", "a=b=c").Prepare(new Arguments { IsMultirun = true }, diagnostics);
        Assert.Equal(1, prepared!.Commands);
        Assert.Equal("python", prepared.Workflow);
        Assert.All(diagnostics, one => Assert.Equal(Severity.Warning, one.Severity));
        Assert.Contains("`--url=http://host:80/x` is passed on as it is: `http` is not a number, and `:` makes a range", diagnostics.Select(one => one.Message));
    }

    private static AdHoc Of(params string[] words) => new([.. words.Select((word, i) => Excerpt.OfArgument(i + 1, word))], "/");

    private static Prepared Prepare(bool isMultirun, params string[] words) => Prepare(new Arguments { IsMultirun = isMultirun }, words);

    private static Prepared Prepare(SweepShape shape, params string[] words) => Prepare(new Arguments { IsMultirun = true, Shape = shape }, words);

    private static Prepared Prepare(Arguments arguments, string[] words)
    {
        var diagnostics = new Diagnostics();
        Prepared? prepared = Of(words).Prepare(arguments, diagnostics);
        Assert.Equal("", DiagnosticPrinter.Print(diagnostics));
        return prepared!;
    }

    private static IEnumerable<string> Started(Prepared prepared)
    {
        var facts = new Facts(new ExecutionId("01JABCDEFGHJKMNPQRSTVWXYZ0"), DateTimeOffset.UnixEpoch);
        Plan plan = Planner.Plan(new Closure(prepared.Definitions), prepared.Workflow, Value.NoEntries, facts, new Diagnostics())!;
        NodePath node = plan.Nodes.Single().Path;
        for (long i = 0; i < prepared.Commands; i++)
        {
            NodePath path = plan.Nodes.Single().Node is Node.Each ? node.Element(i) : node;
            yield return ShellWords.Join(((CallBody.Command)Decision.StartOf(plan, new AttemptId(facts.Execution, path, 1), _ => null, facts)!.Invocation.Body).Words);
        }
    }
}
