using Weft.Cli.CommandLine;
using Weft.Cli.Terminal;
using Weft.Config.Composition;
using Weft.Dialects;
using Weft.Dialects.Native;
using Weft.Text;

namespace Weft.Cli.Commands;

/// <summary><c>weft check</c>: finds what is wrong before anything starts.</summary>
internal static class CheckCommand
{
    private static readonly Flag Schema = new("schema", null, null, "print the JSON Schema of weft.yaml");

    public static readonly Command Command = new("check", "check all that can be run and all configurations, start nothing", "[NAME | KEY=VALUE …]", [Schema, .. ConfigTarget.Flags], Run)
    {
        Detail = "Every definition of the project with every point of its sweeps, and every file of a Hydra folder: each primary\n"
            + "configuration is composed with every option of every group, and all interpolations are evaluated. KEY=VALUE words are\n"
            + "overrides that hold for all of that.",
        Examples =
        [
            ("weft check", "the project and the nearest conf/"),
            ("weft check train", "one definition"),
            ("weft check --schema > weft.schema.json", "for an editor"),
            ("weft check --config-path configs", "another folder of configurations"),
        ],
    };

    private static int Run(Arguments arguments, Session session)
    {
        if (arguments.Has(Schema))
        {
            session.Out.Flush();
            JsonSchema.Write(session.OutStream);
            session.OutStream.WriteByte((byte)'\n');
            return ExitCodes.Succeeded;
        }
        string? name = arguments.Word(0) is { } word && !word.Contains('=', StringComparison.Ordinal) ? word : null;
        bool isAboutConfigurations = Array.Exists(ConfigTarget.Flags, arguments.Has) || (arguments.Words.Count > 0 && name is null);
        if (isAboutConfigurations || Project.FindRoot(Launch.WorkingFolder(arguments, session)) is not { } root || Project.Open(root, session.Surroundings.Variables) is not { Files.IsEmpty: false } project)
            return CheckConfigurations(ConfigTarget.Find(arguments, arguments.Words, session), arguments.Value(ConfigTarget.Name), session);
        int code = ProjectCheck.Run(project, name, session);
        bool hasFolder = name is null && !session.Json && Directory.Exists(Path.Combine(root, "conf"));
        return hasFolder ? Math.Max(code, CheckConfigurations(ConfigTarget.Find(arguments, [], session), null, session)) : code;
    }

    private static int CheckConfigurations(ConfigTarget target, string? configName, Session session)
    {
        var diagnostics = new Diagnostics();
        (IReadOnlyList<string> names, int compositions) = ConfigCheck.Run(target.Composer, configName, target.ReadOverrides(), diagnostics);
        session.Report(diagnostics);
        if (!diagnostics.HasErrors && !session.Json)
            session.Say($"{Amounts.Count(compositions, "composition")} of {Suggest.List(names, "and")}: {(diagnostics.Count == 0 ? "nothing wrong" : "no errors")}");
        return diagnostics.HasErrors ? ExitCodes.BadInput : ExitCodes.Succeeded;
    }
}
