using System.Globalization;
using System.Text;
using Weft.Config.Composition;

namespace Weft.Applications;

/// <summary>How much a message matters; the numbers are those of Python's logging.</summary>
public enum LogLevel
{
    Debug = 10,
    Info = 20,
    Warning = 30,
    Error = 40,
    Critical = 50,
}

/// <summary>
/// The log of a job, set up by <c>hydra.job_logging</c>: by default lines on standard output and in <c>JOB.log</c> in the job's folder.
/// Safe to use from several threads.
/// </summary>
public sealed class JobLog
{
    private readonly Lock _lock = new();
    private readonly string _name;
    private readonly LogLevel _rootLevel;
    private readonly IReadOnlySet<string> _verbose;
    private readonly (LogSink Sink, string? Path)[] _sinks;
    private readonly TextWriter _output;
    private readonly TextWriter _error;
    private readonly TimeProvider _time;

    /// <param name="name">Of the logger of messages that name none.</param>
    /// <param name="folder">Where relative files of the log are; absolute.</param>
    internal JobLog(Composition composition, string name, string folder, TextWriter output, TextWriter error, TimeProvider time)
    {
        _name = name;
        _rootLevel = HydraLogging.RootLevel(composition);
        _verbose = HydraLogging.Verbose(composition);
        _sinks = [.. HydraLogging.Sinks(composition, "job_logging").Select(sink => (sink, sink.File is null ? null : Path.GetFullPath(sink.File, folder)))];
        _output = output;
        _error = error;
        _time = time;
    }

    /// <summary>Shown only with <c>hydra.verbose</c>.</summary>
    public void Debug(string message) => Write(LogLevel.Debug, message);

    /// <summary>What a person wants to know of every run.</summary>
    public void Info(string message) => Write(LogLevel.Info, message);

    /// <summary>What may be wrong.</summary>
    public void Warning(string message) => Write(LogLevel.Warning, message);

    /// <summary>What is wrong.</summary>
    public void Error(string message) => Write(LogLevel.Error, message);

    /// <summary>Writes a line to every handler that takes its level.</summary>
    /// <param name="logger">The part of the program that says it, which <c>hydra.verbose</c> can name; the job when null.</param>
    public void Write(LogLevel level, string message, string? logger = null)
    {
        logger ??= _name;
        if (level < _rootLevel && !_verbose.Contains(logger))
            return;
        DateTimeOffset now = _time.GetLocalNow();
        lock (_lock)
        {
            foreach ((LogSink sink, string? path) in _sinks)
            {
                if (level < sink.Level)
                    continue;
                string line = Format(sink.Format, level, logger, message, now) + "\n";
                if (path is not null)
                    File.AppendAllText(path, line);
                else
                    (sink.IsOutput ? _output : _error).Write(line);
            }
        }
    }

    /// <summary>Fills <c>%(name)s</c> and its like, with a width when one is given (<c>%(levelname)-8s</c>).</summary>
    internal static string Format(string format, LogLevel level, string logger, string message, DateTimeOffset now)
    {
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            int close = format.AsSpan(i).StartsWith("%(") ? format.IndexOf(')', i) : -1;
            int end = close < 0 ? -1 : format.IndexOfAny(['s', 'd', 'f'], close);
            string? value = end < 0 ? null : format[(i + 2)..close] switch
            {
                "asctime" => now.ToString("yyyy-MM-dd HH:mm:ss,fff", CultureInfo.InvariantCulture),
                "levelname" => level.ToString().ToUpperInvariant(),
                "levelno" => ((int)level).ToString(CultureInfo.InvariantCulture),
                "message" => message,
                "name" => logger,
                "process" => Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
                _ => null,
            };
            if (value is null)
            {
                text.Append(format[i]);
                continue;
            }
            int width = int.TryParse(format.AsSpan(close + 1, end - close - 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int given) ? given : 0;
            text.Append(width < 0 ? value.PadRight(-width) : value.PadLeft(width));
            i = end;
        }
        return text.ToString();
    }
}
