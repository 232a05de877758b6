using System.Text;
using System.Text.Json;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>Files that are wrong: every problem at once with its place, exit code 2, nothing started, in reasonable time and memory.</summary>
public sealed class BadFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string, string, string> Files => new()
    {
        { "unknown key", "jobs:\n  job:\n    run: touch began\n    sets:\n      - eech: a=1\n", "hydraflow.yaml:5:9", "did you mean `each`?" },
        { "wrong type", "jobs:\n  job:\n    run: touch began\n    sets: a=1\n", "hydraflow.yaml:4:11", "expected `sets`" },
        { "bad range", "jobs:\n  job:\n    run: touch began\n    sets:\n      - each: a=3:1\n", "hydraflow.yaml:5:17", "to count down write `3:1:-1`" },
        { "unclosed quote", "jobs:\n  job:\n    run: touch 'began\n    sets: [{}]\n", "hydraflow.yaml:3:16", "no closing `'`" },
        { "duplicate key", "jobs:\n  job:\n    run: touch began\n    run: touch ended\n    sets: [{}]\n", "hydraflow.yaml:4:5", "key `run` stands twice" },
        { "tabs", "jobs:\n\tjob:\n    run: touch began\n", "hydraflow.yaml:2:1", "hint: indent with spaces; YAML does not allow tabs there" },
        { "not UTF-8", "jobs:\n  job:\n    run: touch began\n    add: \u00FF\n", "hydraflow.yaml:4:10", "UTF-8" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void A_wrong_file_is_explained_and_nothing_starts(string what, string text, string place, string words)
    {
        // Latin 1 writes every character as one byte, which is UTF-8 for all but the last case.
        File.WriteAllBytes(_folder.Path("hydraflow.yaml"), Encoding.Latin1.GetBytes(text));
        ProgramResult result = WeftProgram.Run(_folder.Root, "run", "job");
        Assert.True(result.ExitCode == 2, $"{what}: {result}");
        Assert.Contains($"--> {place}\n", result.Error);
        Assert.Contains(words, result.Error);
        Assert.Equal("", result.Out);
        Assert.False(File.Exists(_folder.Path("began")));
        Assert.False(Directory.Exists(_folder.Path(".weft")));
    }

    [Fact]
    public void All_problems_of_a_file_come_at_once_also_as_json()
    {
        _folder.Write("hydraflow.yaml", "jobs:\n  job:\n    run: touch began\n    color: red\n    sets:\n      - each: a=1:2:0 b='x\n      - all: c\n  other:\n    sets: 5\n");
        Assert.Equal(2, WeftProgram.Run(_folder.Root, "run", "job").ExitCode);
        ProgramResult result = WeftProgram.Run(_folder.Root, "run", "job", "--json");
        Assert.Equal(2, result.ExitCode);
        JsonElement problems = JsonDocument.Parse(result.Out).RootElement.GetProperty("diagnostics");
        Assert.Equal(["hydraflow/unknown-key", "hydraflow/wrong-type", "shell/no-closing-quote", "sweep/no-assignment"], problems.EnumerateArray().Select(one => one.GetProperty("id").GetString()));
        // What only a use of the job tells (an empty range, words of `add`) comes when the rest is in order.
        _folder.Write("hydraflow.yaml", "jobs:\n  job:\n    run: touch began\n    sets:\n      - each: a=1:2:0 b=2:1\n      - all: c\n        add: 'x\"'\n");
        string[] ids = [.. JsonDocument.Parse(WeftProgram.Run(_folder.Root, "run", "job", "--json").Out).RootElement.GetProperty("diagnostics").EnumerateArray().Select(one => one.GetProperty("id").GetString()!)];
        Assert.Equal(["sweep/zero-step", "sweep/range-direction", "sweep/no-assignment", "shell/no-closing-quote"], ids);
    }

    [Fact]
    public void A_file_of_fifty_megabytes_is_refused_by_its_size()
    {
        using (FileStream file = File.Create(_folder.Path("hydraflow.yaml")))
            file.SetLength(50 << 20);
        ProgramResult result = WeftProgram.Run(_folder.Root, "run", "job");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("`hydraflow.yaml` has more than the 32 MiB", result.Error);
    }

    [Fact]
    public void Aliases_that_multiply_are_refused_before_they_are_expanded()
    {
        var text = new StringBuilder("jobs:\n  job:\n    run: touch began\n    sets: [{}]\n    add: &l0 x\n");
        for (int i = 1; i < 40; i++)
            text.Append($"  j{i}: &l{i} [{string.Join(", ", Enumerable.Repeat($"*l{i - 1}", 10))}]\n");
        _folder.Write("hydraflow.yaml", text.ToString());
        ProgramResult result = WeftProgram.Run(_folder.Root, "run", "job");
        Assert.True(result.ExitCode == 2, result.ToString());
        Assert.Contains("this document has uncountably many nodes with its aliases expanded", result.Error);
        Assert.False(File.Exists(_folder.Path("began")));
    }
}
