using Weft.Cli.CommandLine;

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

    public static readonly Flag[] OfRun = [Plan, Parallel, Detach, DryRun, Multirun, Zip, When, Then, Where, ExpandInner, Fresh, Name, IgnoreResources];
}
