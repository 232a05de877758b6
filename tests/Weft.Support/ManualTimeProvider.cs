namespace Weft.Support;

/// <summary>A clock that stands still until the test turns it.</summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private long _ticks = new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _ticks;

    public override DateTimeOffset GetUtcNow() => new(_ticks, TimeSpan.Zero);

    public void Pass(TimeSpan time) => _ticks += time.Ticks;
}
