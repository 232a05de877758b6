using System.Collections.Immutable;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Resolvers;

/// <summary>
/// A function that interpolations call: <c>${name:arguments}</c>. It gives the value, or null after a failure of the call. What it throws
/// is contained and becomes the error of the interpolation.
/// </summary>
public delegate ConfigNode? ResolverFunction(ResolverCall call);

/// <summary>One call of a resolver: its arguments and where it stands.</summary>
public sealed class ResolverCall
{
    internal ResolverCall(Resolution resolution, string name, ImmutableArray<ConfigNode> arguments, ConfigNode node, ConfigNode parent)
    {
        Resolution = resolution;
        Name = name;
        Arguments = arguments;
        Node = node;
        Parent = parent;
    }

    public string Name { get; }

    /// <summary>Evaluated: a leaf for a value, a container for a list, a dictionary or a reference to one.</summary>
    public ImmutableArray<ConfigNode> Arguments { get; }

    /// <summary>The node that holds the interpolation.</summary>
    public ConfigNode Node { get; }

    /// <summary>The container of that node.</summary>
    public ConfigNode Parent { get; }

    public ConfigNode Root => Parent.Root;

    public Resolution Resolution { get; }

    internal Diagnostic? Error { get; private set; }

    /// <summary>Ends the call with an error. <paramref name="kind"/> names it in the words of Python, as users of Hydra know it: <c>KeyError</c>.</summary>
    /// <returns>Null, for the resolver to give.</returns>
    public ConfigNode? Fail(string kind, string message, string? hint = null)
    {
        Error ??= new Diagnostic(ConfigErrors.Interpolation, $"`{Name}`: {message}") { Hint = hint };
        Kind = kind;
        return null;
    }

    internal string? Kind { get; private set; }

    /// <summary>Ends the call with an error that has a place and class of its own.</summary>
    internal ConfigNode? Fail(Diagnostic error)
    {
        Error ??= error;
        return null;
    }

    /// <summary>Checks the number of arguments.</summary>
    /// <returns>False after a failure.</returns>
    public bool Takes(int least, int most)
    {
        if (Arguments.Length >= least && Arguments.Length <= most)
            return true;
        string expected = least == most ? $"{least}" : most == int.MaxValue ? $"at least {least}" : $"{least} to {most}";
        Fail("TypeError", $"takes {expected} {(expected == "1" ? "argument" : "arguments")}, found {Arguments.Length}");
        return false;
    }
}

/// <summary>
/// The resolvers that interpolations of one application may call. Build it once, before the first composition; afterwards it is only read and may be
/// shared by threads.
/// </summary>
public sealed class Resolvers
{
    private readonly Dictionary<string, Resolver> _byName = new(StringComparer.Ordinal);

    private Resolvers()
    {
    }

    public IReadOnlyCollection<string> Names => _byName.Keys;

    /// <summary>OmegaConf's own resolvers, see <see cref="BuiltinResolvers"/>. <paramref name="environment"/> is what <c>oc.env</c> reads.</summary>
    public static Resolvers Standard(IReadOnlyDictionary<string, string> environment)
    {
        var resolvers = new Resolvers();
        BuiltinResolvers.AddTo(resolvers, environment);
        return resolvers;
    }

    /// <param name="isCached">
    /// One call per text of the arguments and composition, as <c>use_cache=True</c>; the result is kept in the <see cref="Resolution"/>.
    /// </param>
    public Resolvers Add(string name, ResolverFunction function, bool isCached = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        _byName[name] = new Resolver(function, isCached);
        return this;
    }

    /// <summary>A copy that can be added to without changing this one.</summary>
    public Resolvers Copy()
    {
        var copy = new Resolvers();
        foreach ((string name, Resolver resolver) in _byName)
            copy._byName.Add(name, resolver);
        return copy;
    }

    internal Resolver? Find(string name) => _byName.GetValueOrDefault(name);
}

internal sealed record Resolver(ResolverFunction Function, bool IsCached);
