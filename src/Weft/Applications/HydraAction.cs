using Weft.Text;

namespace Weft.Applications;

/// <summary>What a command line of a Hydra application asks for, decided without touching anything.</summary>
internal abstract record HydraAction
{
    private HydraAction()
    {
    }

    /// <summary>Print to standard output and end.</summary>
    public sealed record Print(string Output) : HydraAction;

    /// <summary>Print what is wrong to standard error and end with the code: 1, or 2 for flags that do not fit.</summary>
    public sealed record Refuse(Diagnostics Diagnostics, int ExitCode) : HydraAction;

    public sealed record Run(HydraJob Job, Diagnostics Warnings) : HydraAction;

    public sealed record MultiRun(HydraSweep Sweep, Diagnostics Warnings) : HydraAction;
}
