using Weft.Text;

namespace Weft.Tracking;

/// <summary>What went wrong, in the words that MLflow's clients look for.</summary>
public enum TrackingError
{
    InvalidParameterValue,
    BadRequest,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
    EndpointNotFound,
    InvalidState,
    PermissionDenied,
    Unauthenticated,
    RequestLimitExceeded,
    NotImplemented,
    TemporarilyUnavailable,
    InternalError,
}

/// <summary>
/// A request that the store refuses: nothing of it was written. The message is MLflow's where clients match on its leading words.
/// </summary>
public sealed class TrackingException(TrackingError error, string message) : Exception(message)
{
    public TrackingError Error { get; } = error;

    public static TrackingException Invalid(string message) => new(TrackingError.InvalidParameterValue, message);

    public static TrackingException Missing(string message) => new(TrackingError.ResourceDoesNotExist, message);

    public static TrackingException Exists(string message) => new(TrackingError.ResourceAlreadyExists, message);

    /// <summary>A value that breaks a rule of one parameter, named by its path: <c>metrics[3].name</c>.</summary>
    public static TrackingException BadValue(string value, string path, string reason) =>
        Invalid($"Invalid value \"{(value.Length > 500 ? value[..500] + "…" : value)}\" for parameter '{path}' supplied: {reason}");

    /// <summary>The first thing wrong with a filter or an order.</summary>
    internal static void ThrowIfAny(Diagnostics diagnostics, string what)
    {
        foreach (Diagnostic diagnostic in diagnostics)
        {
            string at = diagnostic.At is { } span ? $" (at character {span.Start + 1} of `{span.Source.Text}`)" : "";
            throw Invalid($"Invalid {what}: {diagnostic.Message}{at}{(diagnostic.Hint is { } hint ? "; " + hint : "")}");
        }
    }
}
