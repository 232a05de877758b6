using System.Collections.Immutable;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Where configurations are looked for: Hydra's own, the application's, what was added on the command line, what <c>hydra.searchpath</c>
/// names, and the store, in this order.
/// </summary>
internal sealed record SearchPath
{
    /// <summary>The application's folder; null when it has none.</summary>
    public IConfigSource? Main { get; init; }

    /// <summary>Sources that <c>--config-dir</c> adds.</summary>
    public ImmutableArray<IConfigSource> CommandLine { get; init; } = [];

    /// <summary>What the program declares.</summary>
    public ConfigStore Store { get; init; } = new();

    /// <summary>Makes the source of <c>pkg://NAME</c> in <c>hydra.searchpath</c> from its name; null for a name that is not known.</summary>
    public Func<string, string, IConfigSource?> Package { get; init; } = (_, _) => null;

    /// <summary>All sources, with those that <c>hydra.searchpath</c> adds.</summary>
    internal ImmutableArray<IConfigSource> Sources(IEnumerable<IConfigSource> added)
    {
        var sources = ImmutableArray.CreateBuilder<IConfigSource>();
        sources.Add(HydraConfigs.Source);
        if (Main is not null)
            sources.Add(Main);
        sources.AddRange(CommandLine);
        sources.AddRange(added);
        sources.Add(Store);
        return sources.ToImmutable();
    }

    /// <summary>The source that an item of <c>hydra.searchpath</c> names; null when its scheme is not known (then a diagnostic says so).</summary>
    /// <param name="provider">Where the item stands.</param>
    internal IConfigSource? Open(string provider, string item, Span? at, Diagnostics diagnostics)
    {
        int scheme = item.IndexOf("://", StringComparison.Ordinal);
        switch (scheme < 0 ? "file" : item[..scheme])
        {
            case "file":
                return new FileConfigSource(provider, item);
            case "pkg":
                return Package(provider, item["pkg://".Length..]) ?? new TextConfigSource(provider, item, []);
            case "structured":
                return Store;
            case var unknown:
                diagnostics.Error("compose/unknown-scheme", $"no kind of source has the scheme `{unknown}://`", at, "known: `file://`, `pkg://` and `structured://`");
                return null;
        }
    }
}
