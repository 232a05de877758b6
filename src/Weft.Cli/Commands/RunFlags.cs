using Weft.Cli.CommandLine;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <summary>Flags that several commands about executions share.</summary>
internal static class RunFlags
{
    public static readonly Flag Parallel = new("jobs", 'j', "N", "run at most N tasks at a time (default 1)");

    public static readonly Flag Detach = new("detach", 'd', null, "start in the background and return at once");

    public static readonly Flag DryRun = new("dry-run", 'n', null, "print the commands, start nothing");

    public static readonly Flag Fresh = new("fresh", null, null, "a new execution, whatever has run before");

    public static readonly Flag Name = new("name", null, "NAME", "call the execution NAME instead of a memorable one");

    public static readonly Flag Zip = new("zip", null, "KEYS", "with -m: the values of these keys go together, as in --zip lr,batch") { Repeats = true };

    public static readonly Flag When = new("when", null, "KEY: COND", "with -m: KEY has its values only where COND holds") { Repeats = true };

    public static readonly Flag Then = new("then", null, "WORDS", "with -m: afterwards the same sweep with WORDS in place of those of the same keys") { Repeats = true };

    public static readonly Flag Where = new("where", null, "COND", "with -m: only the points for which COND holds");

    public static readonly Flag Multirun = new("multirun", 'm', null, "sweep over the values in KEY=A,B words");

    public static readonly Flag ExpandInner = new("expand-inner", null, null, "make inner sweeps points of their own: for programs other than Hydra's");

    public static readonly Flag IgnoreResources = new("ignore-resources", null, null, "start tasks without waiting for what they declare");

    public static readonly Flag Plan = new("plan", null, "FILE", "do what `weft plan -o FILE` wrote, or say what has changed since");

    public static readonly Flag Rerun = new("rerun", null, null, "run what is cached too, and keep the new results in place of the old");

    public static readonly Flag NoCache = new("no-cache", null, null, "take no kept results, and keep none");

    /// <summary>How kept results are used.</summary>
    /// <exception cref="DiagnosticException">Both flags are given.</exception>
    public static CacheMode CacheModeOf(Arguments arguments) => (arguments.Has(Rerun), arguments.Has(NoCache)) switch
    {
        (true, true) => throw new DiagnosticException("cli/conflict", "`--rerun` keeps the new results, `--no-cache` keeps none: give one of them"),
        (true, false) => CacheMode.Overwrite,
        (false, true) => CacheMode.Disabled,
        _ => CacheMode.Enabled,
    };

    /// <summary>For our own background process: whoever started it has checked the configurations.</summary>
    public static readonly Flag Checked = new("checked", null, null, "the configurations were checked before") { Hidden = true };

    public static readonly Flag[] OfRun = [Plan, Parallel, Detach, DryRun, Multirun, Zip, When, Then, Where, ExpandInner, Fresh, Name, IgnoreResources, Rerun, NoCache];
}
