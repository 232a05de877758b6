using Weft.Execution;
using Weft.Platform;
using Weft.Storage;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>What a plan may know of the world before anything runs: the files of the project, and which results are there already.</summary>
internal static class PlanFacts
{
    /// <param name="project">The project's name, under which its results are kept; null when its definitions keep none.</param>
    /// <param name="store">Where its outputs lie; null for the project's state.</param>
    public static Facts Of(string root, string? project, string? store, CacheMode mode, Surroundings surroundings, TimeProvider clock)
    {
        var hashes = new FileHashes(null, clock);
        Facts facts = new ProjectFiles(root, hashes).AddTo(new Facts(new ExecutionId(Ulid.New(clock)), clock.GetUtcNow())) with
        {
            CacheMode = mode,
            CacheScope = ResultCache.ScopeOf(project),
        };
        return project is not null && CacheOf(root, store, hashes, surroundings, clock) is { } cache ? facts with { Cache = cache.Ask } : facts;
    }

    /// <summary>The kept results of a project; null when it has none.</summary>
    public static ResultCache? CacheOf(string root, string? store, FileHashes hashes, Surroundings surroundings, TimeProvider clock)
    {
        var state = new StateFolder(ProjectStore.FolderOf(root));
        if (!Directory.Exists(state.Cache))
            return null;
        var place = new ExecutionPlace(state.Root, Machine.RuntimeFolder(surroundings.Variable("XDG_RUNTIME_DIR")));
        return new ResultCache(new CacheObjects(state.Cache), OutputStores.Open(root, store, hashes, surroundings, clock), claim => FileLock.IsHeld(place.FolderOf(claim.Execution).Lock), clock);
    }
}
