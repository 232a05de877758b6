using Microsoft.Extensions.Logging;

namespace Weft.Server;

/// <summary>The server's log: one JSON object a line, so that a machine can read it and a person still can.</summary>
public sealed class LineLog(TextWriter output, TimeProvider clock, LogLevel least = LogLevel.Warning) : ILoggerFactory
{
    private readonly Lock _lock = new();

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("the log has one place");

    public void Dispose()
    {
    }

    private void Write(string category, LogLevel level, EventId id, string message, Exception? failure)
    {
        using var buffer = new MemoryStream();
        using (var json = new System.Text.Json.Utf8JsonWriter(buffer, Tracking.TrackingJson.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("time"u8, clock.GetUtcNow());
            json.WriteString("level"u8, level.ToString());
            json.WriteString("category"u8, category);
            json.WriteNumber("event"u8, id.Id);
            json.WriteString("message"u8, message);
            if (failure is not null)
                json.WriteString("exception"u8, failure.ToString());
            json.WriteEndObject();
        }
        string line = System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
        lock (_lock)
            output.WriteLine(line);
    }

    private sealed class Category(LineLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= log.Least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                log.Write(name, logLevel, eventId, formatter(state, exception), exception);
        }
    }

    private LogLevel Least { get; } = least;
}
