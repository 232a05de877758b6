namespace Weft.Server.Otlp;

/// <summary>A key with a value that is JSON already, spelled as Python spells it.</summary>
internal readonly record struct OtlpAttribute(string Key, string Json);

internal sealed record OtlpEvent(string Name, ulong TimeNs, IReadOnlyList<OtlpAttribute> Attributes);

/// <summary>A span as OpenTelemetry's protocol brings it, in either of its encodings.</summary>
/// <param name="Parent">Empty for a root.</param>
/// <param name="Code">0 unset, 1 OK, 2 error.</param>
internal sealed record OtlpSpan(
    byte[] Trace, byte[] Id, byte[] Parent, string Name, ulong StartNs, ulong EndNs, int Code, string Message,
    IReadOnlyList<OtlpAttribute> Attributes, IReadOnlyList<OtlpEvent> Events);
