using Weft.Cli.CommandLine;
using Weft.Cli.Terminal;
using Weft.Config.Composition;
using Weft.Text;

namespace Weft.Cli.Commands;

/// <summary><c>weft check</c>: finds what is wrong before anything starts.</summary>
internal static class CheckCommand
{
    public static readonly Command Command = new("check", "check a Hydra folder: every option of every group", "[KEY=VALUE …]", ConfigTarget.Flags, Run)
    {
        Detail = "Reads every file, composes every primary configuration with every option of every group,\nand evaluates all interpolations. Words are overrides that hold for all of it.",
        Examples = [("weft check", "the nearest conf/"), ("weft check --config-path configs", "another folder")],
    };

    private static int Run(Arguments arguments, Session session) => CheckConfigurations(ConfigTarget.Find(arguments, arguments.Words, session), arguments.Value(ConfigTarget.Name), session);

    private static int CheckConfigurations(ConfigTarget target, string? configName, Session session)
    {
        var diagnostics = new Diagnostics();
        (IReadOnlyList<string> names, int compositions) = ConfigCheck.Run(target.Composer, configName, target.Overrides, diagnostics);
        session.Report(diagnostics);
        if (!diagnostics.HasErrors && !session.Json)
            session.Say($"{Amounts.Count(compositions, "composition")} of {Suggest.List(names, "and")}: {(diagnostics.Count == 0 ? "nothing wrong" : "no errors")}");
        return diagnostics.HasErrors ? ExitCodes.BadInput : ExitCodes.Succeeded;
    }
}
