using Weft.Execution;
using Weft.Support;

namespace Weft.Tests.Execution;

/// <summary>Clones of one project that share what they have made.</summary>
public sealed class SharedResultsTests : IDisposable
{
    private const string Yaml = """
        weft: 1
        project: shared
        tasks:
          a: {script: 'echo a >> ran; echo one > ${{ outputs.f }}', outputs: {f: f.txt}}
          b: {script: 'echo b >> ran; cp ${{ inputs.f }} ${{ outputs.g }}/one; ln -s one ${{ outputs.g }}/link', inputs: {f: a.f}, outputs: {g: g/}}
          c: {script: 'cat ${{ inputs.g }}/link > shown', inputs: {g: b.g}}
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_one_clone_has_made_another_takes_and_has_for_itself()
    {
        using (GraphProject first = Clone("first"))
            Assert.Equal("Succeeded", GraphProject.Verdict(first.Run(Yaml)));
        Directory.Delete(_folder.Path("first"), recursive: true);
        using GraphProject second = Clone("second");
        ExecutionEnd end = second.Run(Yaml);
        Assert.Equal("a=Reused b=Reused c=Succeeded", second.Phases(end, "a", "b", "c"));
        Assert.Equal("one\n", second.Read("shown"));
        Assert.False(File.Exists(_folder.Path("second/ran")));

        Directory.Delete(_folder.Path("shared"), recursive: true);
        File.Delete(_folder.Path("second/shown"));
        ExecutionEnd again = second.Run(Yaml);
        Assert.Equal("a=Reused b=Reused c=Succeeded", second.Phases(again, "a", "b", "c"));
        Assert.Equal("one\n", second.Read("shown"));
    }

    [Fact]
    public void Results_whose_contents_are_gone_are_made_again()
    {
        using (GraphProject first = Clone("first"))
            first.Run(Yaml);
        foreach (string blob in Directory.GetFiles(_folder.Path("shared/blobs"), "*", SearchOption.AllDirectories))
            File.Delete(blob);
        using GraphProject second = Clone("second");
        Assert.Equal("a=Succeeded b=Succeeded c=Succeeded", second.Phases(second.Run(Yaml), "a", "b", "c"));
    }

    [Fact]
    public void What_nobody_has_used_for_long_is_collected_and_clones_keep_theirs()
    {
        using GraphProject first = Clone("first");
        first.Run(Yaml);
        var later = new ManualTimeProvider();
        later.Pass(DateTimeOffset.UtcNow - later.GetUtcNow() + TimeSpan.FromDays(1));
        using (var shared = new SharedResults(_folder.Path("shared"), later))
            Assert.Equal((0, 0L), shared.Collect(isDry: false));
        later.Pass(SharedResults.KeepTime);
        using (var shared = new SharedResults(_folder.Path("shared"), later))
        {
            (int entries, long bytes) = shared.Collect(isDry: true);
            Assert.Equal(2, entries);
            Assert.True(bytes > 4);
            Assert.Equal((entries, bytes), shared.Collect(isDry: false));
            Assert.Equal((0, 0L), shared.Collect(isDry: false));
        }
        Assert.Equal("a=Reused b=Reused c=Succeeded", first.Phases(first.Run(Yaml), "a", "b", "c"));
    }

    [Fact]
    public void A_folder_that_cannot_be_used_shares_nothing_and_stops_nothing()
    {
        _folder.Write("shared", "a file, not a folder");
        using GraphProject first = Clone("first");
        Assert.Equal("Succeeded", GraphProject.Verdict(first.Run(Yaml)));
    }

    private GraphProject Clone(string name)
    {
        Directory.CreateDirectory(_folder.Path(name));
        return new GraphProject(_folder.Path(name)) { SharedFolder = _folder.Path("shared") };
    }
}
