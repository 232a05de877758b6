using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Support;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Workflows;

/// <summary>What a task host is told to run.</summary>
public sealed class CallsTests
{
    private static readonly Value.Blob Data = new(Digest.Of("data"), 4, BlobKind.Folder);

    [Fact]
    public void Words_and_variables_have_their_values_and_files_their_paths()
    {
        Invocation call = Start(new TaskDefinition("train", new TaskBody.Command(Words("python train.py --data ${{ inputs.data }} --lr=${{ inputs.lr }} ${{ inputs.tags }} --out ${{ outputs.model }} -n ${{ run.attempt }}")), Expr.Nowhere)
        {
            In = Graphs.Ports("data:dir,lr:float,tags:list<str>,note:str?"),
            Out = Port.None.Add("model", new Port(TypeParser.Parse("file:pkl"), Path: "out/model.pkl")).Add("acc", new Port(TypeExpr.Float)),
            Env = Expr.NoBindings.Add("LR", Graphs.Parse("inputs.lr * 2")).Add("NOTE", Graphs.Parse("inputs.note")),
            Secrets = ["WANDB_API_KEY"],
        });
        Assert.Equal("python|train.py|--data|/run/train/1/inputs/data|--lr=1e-05|a|b c|--out|/run/train/1/out/model.pkl|-n|1", string.Join('|', ((CallBody.Command)call.Body).Words));
        Assert.Equal("LR=2e-05", string.Join(' ', call.Env.Select(variable => $"{variable.Key}={variable.Value}")));
        Staged staged = Assert.Single(call.Staged);
        Assert.Equal(("data", (Value)Data, "/run/train/1/inputs/data"), (staged.Name, staged.Value, staged.Path));
        Assert.Equal("acc float , model file:pkl /run/train/1/out/model.pkl", string.Join(", ", call.Outputs.Select(output => $"{output.Name} {output.Type} {output.Path}")));
        Assert.Equal(Value.None, call.Inputs["note"]);
        Assert.Equal(["WANDB_API_KEY"], call.Secrets);
    }

    [Fact]
    public void Values_in_a_script_are_quoted_and_lists_are_words()
    {
        Expr script = Template.Parse("for x in ${{ inputs.tags }}; do echo \"$x\" ${{ inputs.lr }} ${{ inputs.note }}; done", Expr.Nowhere, new Diagnostics())!;
        Invocation call = Start(new TaskDefinition("train", new TaskBody.Shell(script), Expr.Nowhere) { In = Graphs.Ports("data:dir,lr:float,tags:list<str>,note:str?") }, note: "it's; rm -rf /");
        Assert.Equal("for x in a 'b c'; do echo \"$x\" 1e-05 'it'\\''s; rm -rf /'; done", ((CallBody.Shell)call.Body).Script);
    }

    [Theory]
    [InlineData("${{ secrets.KEY }}", "a secret reaches a program as an environment variable, never as a value")]
    [InlineData("${{ item.x }}", "`item` is only known inside a sweep or a map")]
    [InlineData("${{ inputs.tags[5] }}", "`inputs.tags` has 2 items, none at index 5")]
    public void What_a_command_cannot_have_fails_the_task_before_it_starts(string word, string reason)
    {
        Step step = Decide(new TaskDefinition("train", new TaskBody.Command(Words(word)), Expr.Nowhere) { In = Graphs.Ports("data:dir,lr:float,tags:list<str>,note:str?") });
        Assert.Equal(reason, Assert.IsType<Step.Fail>(step).Why.Reason);
    }

    [Theory]
    [InlineData("${{ inputs.lrr }}", "the task `train` has no input `lrr`")]
    [InlineData("${{ outputs.mdel }}", "the task `train` has no output `mdel`")]
    [InlineData("${{ prepare.data }}", "the task `train` sees its inputs, not the node `prepare`")]
    public void What_a_task_cannot_see_is_known_before_anything_runs(string word, string message)
    {
        var problems = new Diagnostics();
        TaskDefinition task = new("train", new TaskBody.Command(Words(word)), Expr.Nowhere) { In = Graphs.Ports("lr:float?"), Out = Graphs.Ports("model:file") };
        Assert.Null(Planner.Plan(Graphs.Close(Graphs.Read("train"), new Definition.OfTask(task)), "main", Value.NoEntries, new Facts(default, default), problems));
        Assert.Equal(message, Assert.Single(problems).Message);
    }

    [Fact]
    public void A_computed_version_follows_command_code_environment_image_and_salt_only()
    {
        TaskDefinition task = new("train", new TaskBody.Command(Words("python t.py ${{ inputs.lr }}")), Expr.Nowhere) { In = Graphs.Ports("lr:float"), Cache = new CacheRule(true) { Code = new FileSet(["*.py"]) } };
        string Key(TaskDefinition one, string code = "a") => Calls.DocumentOf(new Facts(default, default) { Files = _ => new FileDigests(ImmutableSortedDictionary<string, Digest>.Empty.Add("a.py", Digest.Of(code))) }, one, Value.NoEntries.Add("lr", Value.Of(0.1)))!.Key();
        string key = Key(task);
        Assert.Equal(key, Key(task with { Needs = new Resources(8), Retry = new Retry(3), Secrets = ["S"], Limits = new Limits(TimeSpan.FromHours(1)) }));
        string[] others =
        [
            Key(task with { Body = new TaskBody.Command(Words("python t.py --lr ${{ inputs.lr }}")) }), Key(task, "b"), Key(task with { Image = "i" }),
            Key(task with { Env = Expr.NoBindings.Add("A", Expr.Of("1")) }), Key(task with { Cache = task.Cache with { Salt = "s" } }), Key(task with { Name = "other" }),
        ];
        Assert.Equal(7, others.Append(key).Distinct().Count());
        Assert.Null(Calls.DocumentOf(new Facts(default, default) { Files = _ => null }, task, Value.NoEntries));
    }

    private static System.Collections.Immutable.ImmutableArray<Expr> Words(string text) => Template.Words(text, Expr.Nowhere, new Diagnostics())!.Value;

    private static Invocation Start(TaskDefinition task, string? note = null) => Assert.IsType<Step.Start>(Decide(task, note)).Invocation;

    private static Step Decide(TaskDefinition task, string? note = null)
    {
        Expr Input(Value value) => new Expr.Literal(value, Expr.Nowhere);
        var bind = Expr.NoBindings.Add("data", Input(Data)).Add("lr", Input(Value.Of(0.00001))).Add("tags", Input(Value.ListOf([Value.Of("a"), Value.Of("b c")])));
        if (note is not null)
            bind = bind.Add("note", Expr.Of(note));
        var node = new Node.Use(new NodeId("train"), new Callee(CalleeKind.Task, "train", Expr.Nowhere), Expr.Nowhere) { Bind = bind };
        Plan plan = Graphs.Plan(new Closure([new Definition.OfTask(task), new Definition.OfWorkflow(new WorkflowDefinition("main", [node], Expr.Nowhere))]));
        var root = new NodeState(NodePath.Root, Phase.Running) { Tally = new Tally(Open: 1) };
        return Decision.Decide(plan, new NodePath("train"), path => path.IsRoot ? root : null, new Facts(default, default) { Folder = id => $"/run/{id.Path}/{id.Number}" });
    }
}
