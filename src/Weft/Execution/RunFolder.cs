using System.Globalization;
using System.Text;
using Weft.Platform;
using Weft.Storage;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// The folder of one execution, <c>.weft/executions/ID</c>: what happened, written by those who saw it and read by any process. Its parts:
/// <c>plan.json</c>, <c>environments/</c>, <c>exits</c> (starts and ends of local attempts), <c>logs/PATH.N.log</c>, <c>results/PATH.N</c> (what programs wrote to
/// WEFT_RESULTS), <c>work/PATH.N/</c> (WEFT_RUN_DIR), <c>attempts/PATH.N/</c> (attempts of task hosts), <c>lock</c> (held by the process that
/// owns the execution), <c>inbox/</c> (requests of hosts that may not write the records), <c>format</c>.
/// </summary>
internal sealed class RunFolder
{
    /// <summary>The format that this version writes, and the newest it reads.</summary>
    public const int Format = 1;

    private readonly string? _lockFolder;
    private readonly HashSet<string> _made = new(StringComparer.Ordinal);

    /// <param name="root">The folder's own path, absolute.</param>
    /// <param name="lockFolder">
    /// Where locks live when the folder is on a network file system, where a lock does not live on in a child: a folder of this host. Null: the
    /// log of an attempt carries its lock.
    /// </param>
    public RunFolder(string root, string? lockFolder = null)
    {
        Root = root;
        Exits = Path.Combine(root, "exits");
        _lockFolder = lockFolder;
    }

    public string Root { get; }

    public string Plan => Path.Combine(Root, "plan.json");

    /// <summary>What programs of the execution found around themselves, see <see cref="Snapshots.EnvironmentSnapshot"/>: a file for each process that ran it.</summary>
    public string Environments => Path.Combine(Root, "environments");

    /// <summary>What the wrappers of local attempts append to. Default: <c>exits</c> in the folder.</summary>
    public string Exits { get; init; }

    /// <summary>What the cache keys of its tasks were made from (<see cref="DocumentLog"/>).</summary>
    public string Documents => Path.Combine(Root, "documents");

    /// <summary>Requests of hosts that may not write the records.</summary>
    public string Inbox => Path.Combine(Root, "inbox");

    public string Lock => Path.Combine(_lockFolder ?? Root, _lockFolder is null ? "lock" : Path.GetFileName(Root) + ".lock");

    /// <summary>Makes the folder; harmless where it exists.</summary>
    /// <exception cref="IOException">It was written by a newer version, or cannot be written.</exception>
    public void Create()
    {
        Directory.CreateDirectory(Path.Combine(Root, "logs"));
        Directory.CreateDirectory(Path.Combine(Root, "results"));
        string format = Path.Combine(Root, "format");
        if (!File.Exists(format))
            RawFile.WriteAll(format, Encoding.ASCII.GetBytes(Format.ToString(CultureInfo.InvariantCulture) + "\n"));
        CheckFormat();
    }

    public void CheckFormat()
    {
        string path = Path.Combine(Root, "format");
        string text = Encoding.ASCII.GetString(AtomicFile.TryRead(path) ?? throw new FileNotFoundException($"there is no {path}", path)).Trim();
        if (!int.TryParse(text, CultureInfo.InvariantCulture, out int format) || format > Format)
            throw new IOException($"{Root} has the format {text}, this version of weft reads up to {Format}: use a newer weft");
    }

    /// <summary>The log of an attempt; its folder exists after this call.</summary>
    public string Log(AttemptId attempt) => In("logs", attempt, ".log");

    /// <summary>What WEFT_RESULTS names; the program makes the file.</summary>
    public string Results(AttemptId attempt) => In("results", attempt, "");

    /// <summary>What WEFT_RUN_DIR names; made by those who use it.</summary>
    public string Work(AttemptId attempt) => Named("work", attempt, "");

    /// <summary>What WEFT_CHECKPOINT names: a folder of the node, which outlives its attempts; made by those who use it.</summary>
    public string Checkpoint(NodePath path) => Path.Combine(Root, "checkpoints", Key(new AttemptId(default, path, 0)));

    /// <summary>Leaves what a node gave, for task hosts: they do not see the records.</summary>
    public void WriteState(NodeState state)
    {
        string path = StatePath(state.Path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(StateRows.WriteValues(state.Outputs)));
    }

    /// <summary>What a node gave, as far as task hosts were told; null when it has not ended.</summary>
    public NodeState? ReadState(NodePath path) => AtomicFile.TryRead(StatePath(path)) is { } content
        ? new NodeState(path, Phase.Succeeded) { Outputs = StateRows.ReadValues(Encoding.UTF8.GetString(content)) }
        : null;

    private string StatePath(NodePath path) => Path.Combine(Root, "states", Key(new AttemptId(default, path, 0)));

    /// <summary>The folder of an attempt that a task host runs: claim, journal and end.</summary>
    public string Hosted(AttemptId attempt) => Named("attempts", attempt, "");

    /// <summary>The file whose lock lives as long as any process of the attempt.</summary>
    public string LockOf(AttemptId attempt) => _lockFolder is null ? Log(attempt) : Path.Combine(_lockFolder, $"{Path.GetFileName(Root)}-{Key(attempt).Replace('/', '%')}.lock");

    /// <summary>Whether log and lock are two files.</summary>
    public bool LocksApart => _lockFolder is not null;

    /// <summary>
    /// An attempt's name in files and in <c>exits</c>: <c>train[17].1</c>. Slashes stay: nodes inside a node have a folder of their own.
    /// Blanks, control characters, <c>%</c> and a point at the start of a part are written as <c>%XX</c>.
    /// </summary>
    public static string Key(AttemptId attempt)
    {
        string path = attempt.Path.IsRoot ? "root" : attempt.Path.Text;
        string number = attempt.Rank == 0 ? $".{attempt.Number}" : $".{attempt.Number}.{attempt.Rank}";
        bool plain = path[0] != '.' && !path.Contains("/.", StringComparison.Ordinal) && !path.Contains("//", StringComparison.Ordinal);
        foreach (char c in path)
            plain &= c > ' ' && c is not ('%' or '\\' or '\u007f');
        return (plain ? path : Escape(path)) + number;
    }

    private static string Escape(string path)
    {
        var text = new StringBuilder(path.Length + 16);
        char before = '/';
        foreach (char c in path)
        {
            if (c <= ' ' || c is '%' or '\\' or '\u007f' || (before == '/' && c is '.' or '/' && before == '/'))
                text.Append('%').Append(((int)c).ToString("X2", CultureInfo.InvariantCulture));
            else
                text.Append(c);
            before = c;
        }
        return text.ToString();
    }

    private string Named(string folder, AttemptId attempt, string suffix) => Path.Combine(Root, folder, Key(attempt) + suffix);

    private string In(string folder, AttemptId attempt, string suffix)
    {
        string path = Named(folder, attempt, suffix);
        if (attempt.Path.Text.Contains('/') && _made.Add(Path.GetDirectoryName(path)!))
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }
}
