namespace Weft.Cli.CommandLine;

/// <summary>Flags that every command takes.</summary>
internal static class GlobalFlags
{
    public static readonly Flag Directory = new("directory", 'C', "DIR", "work as if started in DIR");

    public static readonly Flag Json = new("json", null, null, "print JSON for programs instead of text");

    public static readonly Flag Quiet = new("quiet", 'q', null, "no progress and no hints, only results and errors");

    public static readonly Flag Color = new("color", null, "WHEN", "colour the output") { Choices = ["auto", "always", "never"] };

    public static readonly Flag Help = new("help", 'h', null, "show this help");

    public static readonly Flag[] All = [Directory, Json, Quiet, Color, Help];
}
