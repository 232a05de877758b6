using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Tasks;

namespace Weft.Execution;

/// <summary>One attempt that runs on this machine: started by us, or adopted from a process that is gone.</summary>
internal sealed class LocalAttempt(Invocation call, Grant grant, DateTimeOffset started)
{
    public Invocation Call { get; } = call;

    public Grant Grant { get; } = grant;

    public DateTimeOffset Started { get; } = started;

    /// <summary>Our child, the wrapper; null for an adopted attempt.</summary>
    public ChildProcess? Child { get; init; }

    /// <summary>Number of the wrapper and of its group; null while an adopted one has not written it.</summary>
    public int? Group { get; set; }

    /// <summary>Readable once the wrapper has ended; null when only the lock can tell.</summary>
    public SafeFileHandle? Watch { get; set; }

    /// <summary>The code that the wrapper wrote, or how our child ended.</summary>
    public ExitStatus? Status { get; set; }

    /// <summary>When the wrapper's end was seen: from then on only left-over processes of the group are waited for.</summary>
    public DateTimeOffset? WrapperEnded { get; set; }

    public StopCause? Cause { get; set; }

    /// <summary>The next thing to do by the clock, and when; null for nothing.</summary>
    public DateTimeOffset? Due { get; set; }

    public bool Warned { get; set; }

    public bool Terminated { get; set; }

    public bool Killed { get; set; }

    public TimeSpan Grace => Call.Limits.Grace ?? TimeSpan.FromSeconds(10);

    public void Release()
    {
        if (Child is not null)
            Child.Dispose();
        else
            Watch?.Dispose();
        Grant.Dispose();
    }
}
