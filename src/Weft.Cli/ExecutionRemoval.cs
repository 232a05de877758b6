using Weft.Platform;
using Weft.Records;
using Weft.Values;

namespace Weft.Cli;

/// <summary>Takes an execution out of the records and deletes its run folder.</summary>
internal static class ExecutionRemoval
{
    /// <summary>
    /// The rows first, in one transaction: a folder without a row is swept up later, a row without a folder would be an execution that lost its logs.
    /// </summary>
    /// <returns>False when a process owns it meanwhile.</returns>
    public static bool Remove(ProjectStore store, ExecutionId id)
    {
        Execution.RunFolder folder = store.Place.FolderOf(id);
        using FileLock? alone = Directory.Exists(folder.Root) ? FileLock.TryAcquire(folder.Lock, LockMode.Exclusive) : null;
        if (alone is null && Directory.Exists(folder.Root))
            return false;
        using (Transaction write = store.Records.Database.BeginWrite(CancellationToken.None))
        {
            store.Catalog.Remove(id);
            write.Commit();
        }
        if (Directory.Exists(folder.Root))
            Directory.Delete(folder.Root, recursive: true);
        return true;
    }
}
