using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// One configuration, or one choice of a group, in the tree that the defaults lists span. It knows its parent's place, and from that its own
/// path, package and the key by which an override finds it.
/// </summary>
public sealed class DefaultsNode
{
    private const string Global = "_global_";

    private readonly string _parentGroup;
    private readonly string _parentPackage;

    /// <summary>The package after <c>@</c>; null when there is none.</summary>
    private readonly string? _package;

    private string? _groupPath;
    private string? _overrideKey;

    internal DefaultsNode(DefaultsEntry? entry, DefaultsNode? parent, string group, string? package, Choice choice)
    {
        Entry = entry;
        Parent = parent;
        GroupName = group;
        Choice = choice;
        _parentGroup = parent is null or { Kind: DefaultsNodeKind.Root } ? "" : parent.GroupPath;
        _parentPackage = parent is null or { Kind: DefaultsNodeKind.Root } ? "" : parent.Package;
        _package = package == "_here_" ? "" : package;
        if (_package is not null && _package.Contains("_group_", StringComparison.Ordinal))
            _package = $"{Global}.{_package.Replace("_group_", GroupPath.Replace('/', '.'), StringComparison.Ordinal)}";
    }

    public DefaultsNodeKind Kind { get; internal init; }

    /// <summary>The item that stands in a defaults list; null for the root, the primary configuration and Hydra's own.</summary>
    public DefaultsEntry? Entry { get; }

    public DefaultsNode? Parent { get; }

    /// <summary>In order; null where nothing was expanded.</summary>
    public IReadOnlyList<DefaultsNode>? Children { get; internal set; }

    /// <summary>The primary configuration.</summary>
    public bool IsPrimary { get; internal init; }

    /// <summary>The group as written (relative or absolute), or the folder part of a configuration's path.</summary>
    internal string GroupName { get; private set; }

    /// <summary>What is chosen; for a configuration, its name.</summary>
    public Choice Choice { get; internal set; }

    /// <summary>Of the header of the configuration; absolute.</summary>
    internal string? Header { get; set; }

    /// <summary>Deleted by <c>~group</c>, or optional and absent.</summary>
    public bool IsDeleted { get; internal set; }

    internal bool IsOptional { get; init; }

    /// <summary>What chose the option: the item of the defaults list, another configuration's <c>override</c>, or an argument.</summary>
    public Span? ChosenAt { get; internal set; }

    /// <summary>Version base 1.1: <c>_name_</c> in packages stands for the option.</summary>
    internal bool ExpandsNames { get; init; }

    /// <summary>An <c>override</c> item: what it says is said by the item that it overrides.</summary>
    internal bool IsReplaced { get; set; }

    /// <summary>An interpolation that was given its value.</summary>
    internal bool IsResolved { get; private set; }

    /// <summary>The problems of its configuration were reported.</summary>
    internal bool HasReported { get; set; }

    /// <summary>Name of the option or configuration; null when none is chosen.</summary>
    public string? Name => Choice.Option;

    public bool IsMissing => Name == "???";

    /// <summary>Absolute path of the group.</summary>
    public string GroupPath => _groupPath ??= GroupName.StartsWith('/') ? GroupName[1..] : Join(_parentGroup, GroupName, '/');

    /// <summary>Absolute path of the configuration.</summary>
    public string ConfigPath => Kind == DefaultsNodeKind.Root ? "<root>" : Kind == DefaultsNodeKind.Self ? Parent!.ConfigPath : Join(GroupPath, Name ?? "null", '/');

    /// <summary>Dotted path of the place where the content goes; empty for the root.</summary>
    public string Package => Kind == DefaultsNodeKind.Self ? Parent!.Package : FinalPackage(_package ?? Header);

    /// <summary>The key of overrides that change the choice: the group, with its package where that is not the usual one.</summary>
    public string OverrideKey => _overrideKey ??= MakeOverrideKey();

    /// <summary>Replaces the option, or the path of a configuration, by what its interpolation gave.</summary>
    internal void Resolve(string text)
    {
        IsResolved = true;
        int slash = Kind == DefaultsNodeKind.Config ? text.LastIndexOf('/') : -1;
        if (slash >= 0)
        {
            GroupName = "/" + text[..slash];
            _groupPath = null;
        }
        Choice = Choice.Of(text[(slash + 1)..]);
    }

    internal string PackageOfHeader(string header)
    {
        if (header != Global && !header.StartsWith(Global + ".", StringComparison.Ordinal))
            header = header.Length == 0 ? Global : $"{Global}.{header}";
        return ExpandsNames ? header.Replace("_group_", GroupPath.Replace('/', '.'), StringComparison.Ordinal) : header;
    }

    private string MakeOverrideKey()
    {
        string package = FinalPackage(_package);
        if (package == GroupPath.Replace('/', '.'))
            return GroupPath;
        return $"{GroupPath}@{(package.Length == 0 ? Global : package)}";
    }

    /// <summary>Below the parent's package, unless it says where it goes from the root.</summary>
    private string FinalPackage(string? package)
    {
        package ??= GroupName.TrimStart('/').Replace('/', '.');
        if (ExpandsNames && Name is { } name)
            package = package.Replace("_name_", name, StringComparison.Ordinal);
        string joined = Join(_parentPackage, package, '.');
        int global = joined.AsSpan().LastIndexOf(Global);
        if (global < 0)
            return joined;
        int start = global + Global.Length + 1;
        return start < joined.Length ? joined[start..] : "";
    }

    private static string Join(string left, string right, char separator) =>
        left.Length == 0 ? right : right.Length == 0 ? left : $"{left}{separator}{right}";

    public override string ToString() => Kind switch
    {
        DefaultsNodeKind.Group => $"{OverrideKey}: {(Choice.IsList ? Choice.ToString() : Name ?? "null")}",
        DefaultsNodeKind.Self => "_self_",
        _ => ConfigPath,
    };
}

public enum DefaultsNodeKind
{
    /// <summary>Holds Hydra's own configuration and the primary one.</summary>
    Root,
    Config,
    Group,

    /// <summary>The place of the parent's own content.</summary>
    Self,
}

/// <summary>A configuration of the final list, in the order in which contents are merged.</summary>
/// <param name="Path">Path of the configuration.</param>
/// <param name="Package">Dotted path of the place where its content goes; empty for the root.</param>
/// <param name="Parent">Path of the configuration whose defaults list brought it; null for the primary one without its own list.</param>
/// <param name="IsSelf">It was placed by a <c>_self_</c>, written or implied.</param>
/// <param name="Node">What it comes from in the tree.</param>
public sealed record ResultDefault(string Path, string Package, string? Parent, bool IsSelf, DefaultsNode Node)
{
    public bool IsPrimary => Node.IsPrimary || (IsSelf && Node.Parent!.IsPrimary);
}

/// <summary>The flattened defaults list with the tree that it comes from.</summary>
/// <param name="Choices">By override key, in the order in which they were met; null where a group has no option.</param>
public sealed record DefaultsList(IReadOnlyList<ResultDefault> Entries, DefaultsNode Tree, IReadOnlyDictionary<string, string?> Choices);
