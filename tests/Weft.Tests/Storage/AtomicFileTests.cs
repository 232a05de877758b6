using System.Text;
using Weft.Storage;
using Weft.Support;

namespace Weft.Tests.Storage;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Writing_replaces_what_was_there_and_leaves_nothing_beside()
    {
        string path = _folder.Path("file");
        AtomicFile.Write(path, "one"u8);
        AtomicFile.Write(path, "two"u8);
        Assert.Equal("two", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void Of_many_that_create_one_file_one_wins_and_its_content_stands()
    {
        string path = _folder.Path("end.json");
        int[] winners = [.. Enumerable.Range(0, 16).AsParallel().WithDegreeOfParallelism(8).Where(i => AtomicFile.TryCreate(path, Encoding.UTF8.GetBytes($"{i}")))];
        Assert.Equal($"{Assert.Single(winners)}", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void A_missing_file_or_folder_reads_as_null()
    {
        Assert.Null(AtomicFile.TryRead(_folder.Path("none")));
        Assert.Null(AtomicFile.TryRead(_folder.Path("no/none")));
    }

    [Fact]
    public void The_state_folder_keeps_itself_out_of_git()
    {
        var state = new StateFolder(_folder.Path(".weft"));
        Assert.False(state.Exists);
        state.Create();
        state.Create();
        Assert.Equal("*\n", File.ReadAllText(_folder.Path(".weft/.gitignore")));
        Assert.Single(Directory.GetFileSystemEntries(state.Root));
    }

    [Fact]
    public void A_cache_object_is_saved_once_and_removed()
    {
        using var cache = new CacheObjects(_folder.Path("cache"));
        Assert.Null(cache.Find("c1-a"));
        Assert.Empty(cache.List());
        Assert.True(cache.TrySave("c1-a", "first"u8));
        Assert.False(cache.TrySave("c1-a", "second"u8));
        Assert.Equal("first"u8.ToArray(), cache.Find("c1-a"));
        Assert.Equal(["c1-a"], cache.List().Select(one => one.Key));
        cache.Remove("c1-a");
        cache.Remove("c1-a");
        Assert.Null(cache.Find("c1-a"));
        Assert.Throws<ArgumentException>(() => cache.Find("../weft"));
    }

    [Fact]
    public void A_claim_is_held_by_one_until_it_is_given_back_or_its_holder_is_gone()
    {
        using var one = new CacheObjects(_folder.Path("cache"));
        var other = new CacheObjects(_folder.Path("cache"));
        Assert.False(one.IsClaimed("k"));
        Assert.True(one.TryClaim("k"));
        Assert.False(one.IsClaimed("k"));
        Assert.True(other.IsClaimed("k"));
        Assert.False(other.TryClaim("k"));
        Assert.True(other.TryClaim("l"));
        one.Release("k");
        Assert.True(other.TryClaim("k"));
        Assert.True(one.IsClaimed("k"));
        other.Dispose();
        Assert.False(one.IsClaimed("k"));
        Assert.True(one.TryClaim("l"));
        Assert.Single(Directory.GetFiles(_folder.Path("cache")));
    }
}
