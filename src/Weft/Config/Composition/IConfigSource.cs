using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// A place of the search path that holds configurations by slash path without ending (<c>db/mysql</c>). Sources are asked in order; the first
/// that holds a path wins.
/// </summary>
public interface IConfigSource
{
    /// <summary>Who put the source on the search path: <c>hydra</c>, <c>main</c>, <c>command-line</c>, <c>schema</c>, ….</summary>
    string Provider { get; }

    /// <summary>With its scheme, as <c>--info searchpath</c> shows it: <c>file:///home/me/conf</c>.</summary>
    string Path { get; }

    /// <summary>False when the folder or package is not there.</summary>
    bool IsAvailable { get; }

    /// <summary>Whether there is a group of this name; the empty name is the source itself.</summary>
    bool HasGroup(string group);

    bool HasConfig(string path);

    /// <summary>Names of the configurations in a group, in any order.</summary>
    IEnumerable<string> Options(string group);

    /// <summary>Names of the groups directly in a group, in any order.</summary>
    IEnumerable<string> Groups(string group);

    /// <summary>Reads a configuration that is there; null when it is broken (then a diagnostic says why).</summary>
    ConfigDocument? Load(string path, Diagnostics diagnostics);
}

/// <summary>A configuration as a source gives it. The node belongs to the receiver.</summary>
/// <param name="Package">Of the header <c># @package …</c>, or of the store entry; null when there is none.</param>
public sealed record ConfigDocument(ConfigNode Root, string? Package);
