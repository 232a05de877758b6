using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Weft.Platform;

/// <summary>Runs a program such as git to its end and keeps what it wrote. Not for tasks: they have logs and outlive us.</summary>
public static class Command
{
    /// <summary>The program's end and its output.</summary>
    /// <param name="arguments">The program, looked up in PATH, and its words.</param>
    /// <param name="folder">The working folder.</param>
    /// <param name="environment">Null for our own.</param>
    /// <param name="cancellation">Kills the program and everything it started.</param>
    /// <exception cref="SystemCallException">There is no such program, or it cannot be started.</exception>
    public static CommandResult Run(IReadOnlyList<string> arguments, string folder, EnvironmentBlock? environment, CancellationToken cancellation)
    {
        environment ??= EnvironmentBlock.Current();
        string path = Executables.Find(arguments[0], environment["PATH"], folder)
            ?? throw new SystemCallException($"start {arguments[0]}", Libc.NotFound);
        (SafeFileHandle outputReader, SafeFileHandle outputWriter) = RawFile.Pipe();
        (SafeFileHandle errorReader, SafeFileHandle errorWriter) = RawFile.Pipe();
        using var poller = new Poller();
        using (outputReader)
        using (errorReader)
        {
            ChildProcess child;
            using (outputWriter)
            using (errorWriter)
            {
                child = ChildProcess.Start(new ProgramStart
                {
                    Path = path,
                    Arguments = arguments,
                    Environment = environment,
                    Folder = folder,
                    Descriptors = [null, outputWriter, errorWriter],
                });
            }
            using (child)
            using (cancellation.Register(() => ProcessGroup.Signal(child.Id, ProcessSignal.Kill)))
            {
                var output = new MemoryStream();
                var error = new MemoryStream();
                poller.Add(outputReader, output);
                poller.Add(errorReader, error);
                ReadToEnd(poller, outputReader, output, errorReader, error);
                ExitStatus status = child.Reap();
                cancellation.ThrowIfCancellationRequested();
                return new CommandResult(status, output.ToArray(), Encoding.UTF8.GetString(error.GetBuffer(), 0, (int)error.Length));
            }
        }
    }

    private static void ReadToEnd(Poller poller, SafeFileHandle outputReader, MemoryStream output, SafeFileHandle errorReader, MemoryStream error)
    {
        byte[] buffer = new byte[64 * 1024];
        var ready = new List<object>();
        while (poller.Count > 0)
        {
            ready.Clear();
            poller.Wait(limit: null, ready);
            foreach (object stream in ready)
            {
                SafeFileHandle reader = ReferenceEquals(stream, output) ? outputReader : errorReader;
                int count = RawFile.Read(reader, buffer);
                if (count > 0)
                    ((MemoryStream)stream).Write(buffer, 0, count);
                else
                    poller.Remove(reader);
            }
        }
    }
}

/// <summary>What a program left.</summary>
/// <param name="Output">Its standard output, byte by byte.</param>
/// <param name="Error">Its standard error, for messages.</param>
public sealed record CommandResult(ExitStatus Status, byte[] Output, string Error)
{
    public bool Succeeded => Status is { Code: 0, Unknown: false };

    public string Text => Encoding.UTF8.GetString(Output);
}
