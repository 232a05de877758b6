using System.Diagnostics;
using System.Text;

namespace Weft.Support;

/// <summary>What a finished program left: exit code and both streams as text.</summary>
public sealed record ProgramResult(int ExitCode, string Out, string Error)
{
    public override string ToString() => $"exit {ExitCode}\n--- stdout\n{Out}\n--- stderr\n{Error}";
}

/// <summary>
/// Runs the published <c>weft</c>, the one that users get: <c>artifacts/weft/weft</c> of this repository, or the path in WEFT_BINARY.
/// Every program that a test starts has a deadline, after which it and its children are killed and the test fails.
/// </summary>
public static class WeftProgram
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    public static string Binary { get; } = Environment.GetEnvironmentVariable("WEFT_BINARY") is { Length: > 0 } given ? given : Repository.Path("artifacts/weft/weft");

    public static ProgramResult Run(string folder, params string[] arguments) => Run(folder, [], arguments);

    /// <summary>Runs to the end with further environment variables; a null value removes one.</summary>
    public static ProgramResult Run(string folder, IEnumerable<KeyValuePair<string, string?>> variables, params string[] arguments)
    {
        using Process process = Start(folder, variables, arguments);
        process.StandardInput.Close();
        return Finish(process);
    }

    /// <summary>Starts without waiting; the caller reads, signals and disposes it.</summary>
    public static Process Start(string folder, IEnumerable<KeyValuePair<string, string?>> variables, params string[] arguments)
    {
        if (!File.Exists(Binary))
            throw new FileNotFoundException("the end-to-end tests run the published program: type eng/build first", Binary);
        return StartProgram(folder, variables, Binary, arguments);
    }

    public static Process StartProgram(string folder, IEnumerable<KeyValuePair<string, string?>> variables, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("WEFT_", StringComparison.Ordinal) || name.StartsWith("MLFLOW_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["NO_COLOR"] = "1";
        // What tests make and remove is not the user's.
        start.Environment["XDG_CACHE_HOME"] = Repository.Path("artifacts/test-cache");
        foreach ((string name, string? value) in variables)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static ProgramResult Finish(Process process) => Finish(process, Deadline);

    public static ProgramResult Finish(Process process, TimeSpan deadline)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(deadline))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"`{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)}` still ran after {deadline.TotalSeconds} s");
        }
        // A grandchild may hold the pipes open: what was written until then is enough.
        Task.WaitAll([output, error], TimeSpan.FromSeconds(10));
        return new ProgramResult(process.ExitCode, output.IsCompleted ? output.Result : "", error.IsCompleted ? error.Result : "");
    }
}
