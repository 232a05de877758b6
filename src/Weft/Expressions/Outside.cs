namespace Weft.Expressions;

/// <summary>
/// The kinds of <see cref="Root.Outside"/>: values that come neither from the workflow's inputs nor from its nodes. The path of such a reference is
/// its kind and two words.
/// </summary>
public static class Outside
{
    /// <summary>A file or folder: its path, and by what a change is noticed (<see cref="Content"/>, <see cref="Stat"/>, <see cref="None"/>).</summary>
    public const string File = "file";

    /// <summary>An output of a task's newest success: the task, the output.</summary>
    public const string Last = "last";

    /// <summary>An output of what a tag names: the tag, the output.</summary>
    public const string Tag = "tag";

    public const string Content = "content";

    public const string Stat = "stat";

    public const string None = "none";
}
