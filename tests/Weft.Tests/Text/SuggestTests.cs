using Weft.Text;

namespace Weft.Tests.Text;

public sealed class SuggestTests
{
    [Theory]
    [InlineData("trian", new[] { "train", "test" }, "train")]
    [InlineData("lr", new[] { "lt", "l" }, null)] // two at the same distance
    [InlineData("lr", new[] { "lt", "momentum" }, "lt")]
    [InlineData("optimiser", new[] { "optimizer" }, "optimizer")]
    [InlineData("a", new[] { "bcd" }, null)]
    public void The_one_nearest_candidate_is_suggested(string word, string[] candidates, string? expected) =>
        Assert.Equal(expected, Suggest.Nearest(word, candidates));
}
