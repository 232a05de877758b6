using Weft.Cli.CommandLine;
using Weft.Config.Composition;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Cli.Commands;

/// <summary><c>weft config show</c>: a configuration as Hydra composes it.</summary>
internal static class ConfigShowCommand
{
    private static readonly Flag Part = new("cfg", 'c', "PART", "what of it: the job's, Hydra's own node, or all") { Choices = ["job", "hydra", "all"] };

    private static readonly Flag Package = new("package", 'p', "KEY", "only what stands below KEY");

    private static readonly Flag Resolve = new("resolve", null, null, "values in place of interpolations");

    public static readonly Command Command = new("config show", "compose a Hydra configuration and print it", "[KEY=VALUE …]", [.. ConfigTarget.Flags, Part, Package, Resolve], Run)
    {
        Detail = "Words are Hydra's overrides: db=mysql, lr=0.1, +key=value, ~key. The folder is the\nnearest conf/, from here upward. `weft config explain KEY` says where values come from.",
        Examples =
        [
            ("weft config show db=mysql lr=0.1", "the configuration with these overrides"),
            ("weft config show -p db --resolve", "one part of it, evaluated"),
            ("weft config show --cfg hydra --json", "Hydra's own settings, for programs"),
        ],
    };

    private static int Run(Arguments arguments, Session session)
    {
        Composition composition = ConfigTarget.Find(arguments, arguments.Words, session).Compose(session);
        var diagnostics = new Diagnostics();
        if (ConfigView.Of(composition, arguments.Value(Part) ?? "job", arguments.Value(Package), arguments.Has(Resolve), diagnostics) is not { } view)
            throw new DiagnosticException(diagnostics);
        if (session.Json)
            session.WriteJson(json => ConfigJson.Write(json, view.Node));
        else
            session.Out.Write(view.ToYaml());
        return ExitCodes.Succeeded;
    }
}
