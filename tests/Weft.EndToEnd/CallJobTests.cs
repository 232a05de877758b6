using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>Jobs with <c>call</c>: a Python function, looked at by the user's interpreter before anything starts.</summary>
public sealed class CallJobTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public CallJobTests()
    {
        _folder.Write("mymod.py",
            """
            import functools
            print("imported")

            def wrapped(function):
                @functools.wraps(function)
                def call(args):
                    return function(len(args), args[-1])
                return call

            def good(args):
                print("called with", args[0], args[2])

            @wrapped
            def decorated(count, last):
                print("called with", count)

            def two(first, second): pass
            def none(): pass
            def named(*, args): pass
            value = 3
            """);
        _folder.Write("broken.py", "def f(args:\n");
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("mymod.good", "called with p a=1")]
    [InlineData("mymod.decorated", "called with 5")]
    public void A_function_is_called_with_the_list_of_its_words(string function, string line)
    {
        ProgramResult result = Run(function);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains(line + "\n", result.Out);
    }

    [Theory]
    [InlineData("mymod.two", "`mymod.two(first, second)` cannot be called with one argument, the list of words: missing a required argument: 'second'")]
    [InlineData("mymod.none", "`mymod.none()` cannot be called with one argument, the list of words: too many positional arguments")]
    [InlineData("mymod.named", "`mymod.named(*, args)` cannot be called with one argument, the list of words: too many positional arguments")]
    [InlineData("mymod.value", "`mymod.value` is an object of the type `int`, which cannot be called")]
    [InlineData("mymod.gud", "the module `mymod` has no `gud`")]
    [InlineData("mymodd.good", "python3 cannot import `mymodd`: ModuleNotFoundError: No module named 'mymodd'")]
    [InlineData("broken.f", "python3 cannot import `broken`: SyntaxError: ")]
    [InlineData("good", "`good` has no module; expected a path such as `package.module.function`")]
    public void A_function_that_cannot_be_called_is_an_error_at_its_place_and_nothing_starts(string function, string message)
    {
        ProgramResult result = Run(function);
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith("error: " + message, result.Error);
        Assert.Contains($"  --> hydraflow.yaml:3:11\n   |\n3  |     call: {function} p\n   |           {new string('^', function.Length)}\n", result.Error);
        Assert.Equal("", result.Out);
        Assert.False(Directory.Exists(_folder.Path(".weft")));
    }

    [Fact]
    public void A_dry_run_imports_nothing()
    {
        ProgramResult result = Run("nowhere.f", "--dry-run");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("nowhere.f(['p', '--multirun', 'a=1', 'hydra.job.name=j', 'hydra.sweep.dir=multirun/<ULID>'])\n", Snapshot.Filter(result.Out));
    }

    private ProgramResult Run(string function, params string[] words)
    {
        _folder.Write("hydraflow.yaml", $"jobs:\n  j:\n    call: {function} p\n    sets:\n      - each: a=1\n");
        return WeftProgram.Run(_folder.Root, [new("PATH", "/usr/bin:/bin")], ["run", "j", .. words]);
    }
}
