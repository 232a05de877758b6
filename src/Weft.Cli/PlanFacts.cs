using Weft.Execution;
using Weft.Storage;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>What a plan may know of the world before anything runs: the files of the project, and which results are there already.</summary>
internal static class PlanFacts
{
    /// <param name="project">The project's name, under which its results are kept; null when its definitions keep none.</param>
    /// <param name="store">Where its outputs lie; null for the project's state.</param>
    public static Facts Of(string root, string? project, string? store, CacheMode mode, Session session, TimeProvider clock)
    {
        Facts facts = new ProjectFiles(root, new FileHashes(session.DigestsOf(root), clock)).AddTo(new Facts(new ExecutionId(Ulid.New(clock)), clock.GetUtcNow())) with
        {
            CacheMode = mode,
            CacheScope = ResultCache.ScopeOf(project),
        };
        return project is not null && mode == CacheMode.Enabled && CacheOf(root, store, session, clock) is { } cache ? facts with { Cache = cache.Ask } : facts;
    }

    /// <summary>The kept results of a project, its own and those of other clones, to look at; null when there are none.</summary>
    public static ResultCache? CacheOf(string root, string? store, Session session, TimeProvider clock)
    {
        var state = new StateFolder(ProjectStore.FolderOf(root));
        string? shared = store is null && SharedFolder.Of(root, session.Surroundings) is { } folder && Directory.Exists(folder) ? folder : null;
        if (shared is null && !Directory.Exists(state.Cache))
            return null;
        BlobStore blobs = OutputStores.Open(root, store, new FileHashes(null, clock), session.Surroundings, clock);
        return new ResultCache(new CacheObjects(state.Cache), blobs, clock, shared is null ? null : new SharedResults(shared, clock)) { OnlyLooks = true };
    }
}
