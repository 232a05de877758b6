namespace Weft.Tests.Applications;

public sealed class ShellCompletionTests : IDisposable
{
    private readonly AppRun _app = new();

    public void Dispose() => _app.Dispose();

    [Theory]
    [InlineData("app o", "opt. opt=")]
    [InlineData("app opt=", "opt=adam opt=sgd")]
    [InlineData("app opt=a", "opt=adam")]
    [InlineData("app opt=adam opt.", "opt.lr= opt.momentum= opt.name=")]
    [InlineData("app opt=adam opt.lr=", "opt.lr=0.001")]
    [InlineData("app +hydra/j", "+hydra/job_logging=")]
    [InlineData("app ~op", "~opt ~opt.")]
    [InlineData("app --cf", "--cfg")]
    [InlineData("app --cfg ", "all hydra job")]
    [InlineData("app -m --z", "--zip")]
    [InlineData("app --config-dir con", "")]
    [InlineData("app seed=", "seed=2")]
    public void The_word_at_the_cursor_is_completed(string line, string candidates)
    {
        _app.Environment["COMP_LINE"] = line + " ignored";
        _app.Environment["COMP_POINT"] = $"{line.Length}";
        Assert.Equal(0, _app.Run("-sc", "query=bash"));
        Assert.Equal(candidates.Split(' ', StringSplitOptions.RemoveEmptyEntries), _app.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("install=bash", "complete -o default -F _complete_app app\n")]
    [InlineData("install=zsh", "compdef _complete_app app\n")]
    [InlineData("install=fish", "complete -c app -f -a ")]
    [InlineData("uninstall=bash", "complete -r app\n")]
    [InlineData("uninstall=zsh", "compdef -d app\n")]
    [InlineData("uninstall=fish", "complete -c app -e\n")]
    public void A_shell_is_told_what_to_evaluate(string word, string text)
    {
        Assert.Equal(0, _app.Run("-sc", word));
        Assert.Contains(text, _app.Output);
    }
}
