using Weft.Support;

namespace Weft.Tests;

/// <summary>No text of any grammar crashes its reader, hangs it or goes unanswered. More of them: <c>bench/Micro mutate</c>.</summary>
public sealed class MutatedTextTests
{
    private const int Texts = 50_000;

    public static TheoryData<string> Names => [.. MutatedTexts.Grammars.Select(grammar => grammar.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mutated_text_is_read_or_refused(string grammar) => MutatedTexts.Grammars.Single(one => one.Name == grammar).Run(Texts);
}
