namespace Weft.Cli;

/// <summary>Exit codes of every command.</summary>
internal static class ExitCodes
{
    public const int Succeeded = 0;

    /// <summary>Something that was run failed.</summary>
    public const int Failed = 1;

    /// <summary>What the user wrote is wrong; nothing was started.</summary>
    public const int BadInput = 2;

    /// <summary>A bug of ours.</summary>
    public const int Bug = 70;

    /// <summary>Cancelled by the user.</summary>
    public const int Cancelled = 130;
}
