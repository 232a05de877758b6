using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// Task hosts as processes of this machine, each in a session of its own: they outlive us. A host holds the lock of its attempt's folder while it lives,
/// and its program holds one beside it.
/// </summary>
/// <param name="program">The words that start a task host; the project's folder, the run folder and the attempt's path and number follow.</param>
internal sealed class LocalHosts(RunFolder folder, IReadOnlyList<string> program, LocalSurroundings surroundings) : IHosts
{
    private readonly Dictionary<AttemptId, ChildProcess> _children = [];

    public void Submit(Invocation call, Grant grant)
    {
        AttemptId id = call.Id;
        EnvironmentBlock environment = surroundings.Environment.With(surroundings.Additional(call));
        if (!grant.Gpus.IsEmpty)
            environment = environment.With([new("CUDA_VISIBLE_DEVICES", string.Join(',', grant.Gpus))]);
        string name = program.Count > 0 ? program[0] : throw new IOException("no task host is known that could run it");
        string path = Executables.Find(name, environment["PATH"], folder.Root) ?? throw new IOException($"there is no program `{name}` to run tasks with");
        Directory.CreateDirectory(folder.Hosted(id));
        using SafeFileHandle words = RawFile.OpenAppend(Path.Combine(folder.Hosted(id), "host.log"));
        ImmutableArray<SafeFileHandle?> descriptors = [null, words, words];
        _children[id] = ChildProcess.Start(new ProgramStart
        {
            Path = path,
            Arguments = [.. program, surroundings.ProjectFolder, folder.Root, id.Path.Text, id.Number.ToString(CultureInfo.InvariantCulture)],
            Environment = environment,
            // What is granted stays granted while the host lives.
            Descriptors = grant.File is null ? descriptors : descriptors.Add(grant.File),
        });
    }

    public bool IsAlive(AttemptId id)
    {
        if (_children.TryGetValue(id, out ChildProcess? child))
        {
            if (child.Peek() is null)
                return true;
            child.Reap();
            child.Dispose();
            _children.Remove(id);
        }
        var attempt = new AttemptFolder(folder.Hosted(id));
        return FileLock.IsHeld(attempt.HostLock) || FileLock.IsHeld(attempt.Places(folder).LockOf(id));
    }

    /// <summary>The request in the attempt's folder is all that a host on this machine needs.</summary>
    public void Cancel(AttemptId id, bool kill)
    {
    }

    public void Dispose()
    {
        foreach (ChildProcess child in _children.Values)
            child.Dispose();
    }
}
