using Weft.Cli;
using Weft.Records;
using Weft.Text;

try
{
    return CommandTable.Run(args, Surroundings.Read());
}
catch (IOException e) when (e.HResult == 32 || e.InnerException is { HResult: 32 } || e.Message.Contains("Broken pipe", StringComparison.Ordinal))
{
    // The reader of our output is gone (`weft runs | head`): nothing is left to say.
    return ExitCodes.Succeeded;
}
catch (DatabaseException e)
{
    Console.Error.WriteLine("error: " + e.Message);
    return ExitCodes.Failed;
}
catch (Exception e) when (e is not DiagnosticException)
{
    Console.Error.WriteLine(e);
    Console.Error.WriteLine($"this is a bug in weft {CommandTable.Version}; please report it with the lines above and the command you typed");
    return ExitCodes.Bug;
}
