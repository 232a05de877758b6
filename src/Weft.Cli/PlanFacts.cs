using Weft.Execution;
using Weft.Storage;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>What a plan may know of the world before anything runs: the files of the project.</summary>
internal static class PlanFacts
{
    public static Facts Of(string root, TimeProvider clock) =>
        new ProjectFiles(root, new FileHashes(null, clock)).AddTo(new Facts(new ExecutionId(Ulid.New(clock)), clock.GetUtcNow()));
}
