namespace Weft.Cli.Commands;

/// <summary><c>weft python</c>: prints the module for programs in Python, which is a resource of this program.</summary>
internal static class PythonCommand
{
    public static readonly Command Command = new("python", "print the module that Python programs may import", "", [], Run)
    {
        Count = (0, 0),
        Detail = "One file without dependencies, for Python 3.8 or newer: params, input, output, log, result, checkpoint, stopping,\nrequeue, runs, get. Programs that import it also run without weft. Nothing is installed.",
        Examples = [("weft python > weft.py", "then `import weft` in the program beside it")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        using Stream module = typeof(PythonCommand).Assembly.GetManifestResourceStream("weft.py") ?? throw new InvalidOperationException("this program was built without its Python module");
        session.Out.Flush();
        module.CopyTo(session.OutStream);
        session.OutStream.Flush();
        return ExitCodes.Succeeded;
    }
}
