using Weft.Execution;
using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Execution;

public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("train[17]", "train[17].2")]
    [InlineData("n0/s0[3]", "n0/s0[3].2")]
    [InlineData("größe", "größe.2")]
    [InlineData("a b", "a%20b.2")]
    [InlineData("../x", "%2E./x.2")]
    [InlineData("a/.b", "a/%2Eb.2")]
    [InlineData("100%", "100%25.2")]
    [InlineData("a\\nb", "a%5Cnb.2")]
    [InlineData("", "root.2")]
    public void The_name_of_an_attempt_in_files_is_plain(string path, string key) =>
        Assert.Equal(key, RunFolder.Key(new AttemptId(new ExecutionId("E"), new NodePath(path), 2)));

    [Fact]
    public void A_log_of_a_node_inside_another_has_a_folder()
    {
        var folder = new RunFolder(_folder.Root);
        folder.Create();
        string log = folder.Log(new AttemptId(new ExecutionId("E"), new NodePath("n0/s0[3]"), 1));
        Assert.Equal(_folder.Path("logs/n0/s0[3].1.log"), log);
        Assert.True(Directory.Exists(_folder.Path("logs/n0")));
    }

    [Fact]
    public void A_folder_of_a_newer_version_is_refused()
    {
        _folder.Write("format", "2\n");
        var error = Assert.Throws<IOException>(new RunFolder(_folder.Root).CheckFormat);
        Assert.Contains("has the format 2, this version of weft reads up to 1", error.Message);
    }

    [Fact]
    public void Starts_and_ends_are_read_as_they_come()
    {
        string path = _folder.Write("exits", "s a.1 100\ns b[2].1 101\ne a.1 0\ne b[2");
        using var reader = new ExitsReader(path);
        Assert.Equal([new ExitLine(false, "a.1", 100), new(false, "b[2].1", 101), new(true, "a.1", 0)], reader.ReadNew());
        Assert.Empty(reader.ReadNew());
        File.AppendAllText(path, "].1 137\n");
        Assert.Equal([new ExitLine(true, "b[2].1", 137)], reader.ReadNew());
    }

    [Fact]
    public void What_a_power_cut_left_in_the_file_is_passed_over()
    {
        string path = _folder.Write("exits", $"s a.1 100\n{new string('\0', 200_000)}\nx y z\ne  \ne a.1 1x\ne a.1 3\n");
        using var reader = new ExitsReader(path);
        Assert.Equal([new ExitLine(false, "a.1", 100), new(true, "a.1", 3)], reader.ReadNew());
    }

    [Fact]
    public void Many_lines_are_read_whole_across_the_buffer()
    {
        string path = _folder.Write("exits", string.Concat(Enumerable.Range(0, 20_000).Select(i => $"e points[{i}].1 {i % 256}\n")));
        using var reader = new ExitsReader(path);
        Assert.Equal(Enumerable.Range(0, 20_000).Select(i => new ExitLine(true, $"points[{i}].1", i % 256)), reader.ReadNew());
    }

    [Fact]
    public void Results_are_numbers_conditions_or_text_and_the_last_of_a_name_counts()
    {
        ResultsFile results = ResultsFile.Parse("acc=0.5\n\n n = 12 \r\nok=true\nname=a=b\n{\"acc\": 0.75, \"list\": [1, 2]}\nno result\n{broken\nbad=nan\n");
        Assert.Equal(Value.Of(0.75), results.Values["acc"]);
        Assert.Equal(Value.Of(12), results.Values["n"]);
        Assert.Equal(Value.Of(true), results.Values["ok"]);
        Assert.Equal(Value.Of("a=b"), results.Values["name"]);
        Assert.Equal(Value.Of(double.NaN), results.Values["bad"]);
        Assert.Equal(Value.ListOf([Value.Of(1), Value.Of(2)]), results.Values["list"]);
        Assert.Equal([7, 8], results.BadLines);
    }

    [Fact]
    public void The_last_lines_of_a_log_are_read_from_its_end()
    {
        string log = _folder.Write("log", string.Concat(Enumerable.Range(0, 5000).Select(i => $"line {i}\n")) + "  10%\r  50%\r 100%\n\n  \nlast without an end");
        Assert.Equal(["line 4999", " 100%", "last without an end"], LastLines.Read(log, 3));
        Assert.Empty(LastLines.Read(_folder.Path("none"), 3));
    }
}
