using System.Reflection;
using Weft.Config.Composition;
using Weft.Config.Resolvers;

namespace Weft.Applications;

/// <summary>What an application says about itself; everything has a default.</summary>
public sealed record WeftAppOptions
{
    /// <summary>
    /// The folder of configurations: absolute, or relative to the program's own folder, or (where the program runs from its sources) to the source
    /// file that starts it. <c>pkg://NAME</c> are resources of <see cref="Resources"/>. Default: <c>conf</c> where there is one.
    /// </summary>
    public string? ConfigPath { get; init; }

    /// <summary>The primary configuration. Default: <c>config</c> where there are configurations.</summary>
    public string? ConfigName { get; init; }

    /// <summary>The name of the job unless the configuration gives one, and of the command that shells complete. Default: the name of the program.</summary>
    public string? Name { get; init; }

    /// <summary>What <c>--version</c> prints. Default: the name with the version of the program.</summary>
    public string? Version { get; init; }

    /// <summary>The release of Hydra whose rules apply: <c>1.1</c>, <c>1.2</c> or <c>1.3</c> (the default).</summary>
    public string VersionBase { get; init; } = "1.3";

    /// <summary>The assembly whose resources <c>pkg://NAME</c> names. Default: that of the program.</summary>
    public Assembly? Resources { get; init; }

    /// <summary>Configurations that the program declares, such as records.</summary>
    public ConfigStore Store { get; init; } = new();

    /// <summary>Adds resolvers of the application's own.</summary>
    public Action<Resolvers>? AddResolvers { get; init; }

    /// <summary>Callbacks that <c>hydra.callbacks</c> may name, and those that are always called.</summary>
    public CallbackRegistry Callbacks { get; init; } = new();

    /// <summary>Results and logs. Default: standard output.</summary>
    public TextWriter? Output { get; init; }

    /// <summary>What is wrong. Default: standard error.</summary>
    public TextWriter? Error { get; init; }

    /// <summary>The folder in which the application was started; absolute. Default: that of the process.</summary>
    public string? WorkingFolder { get; init; }

    /// <summary>Environment variables. Default: those of the process.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>The clock of logs and of <c>${now:…}</c>. Default: that of the system.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
