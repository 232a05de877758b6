using Weft.Tracking;

namespace Weft.Server.Http;

/// <summary>MLflow's error bodies: a name, a status, a message. What is not permitted is told as text, as by its basic-auth app, except by Weft's own REST.</summary>
internal static class ErrorAnswer
{
    public static (int Status, string Code) Of(TrackingError error) => error switch
    {
        TrackingError.InvalidParameterValue => (400, "INVALID_PARAMETER_VALUE"),
        TrackingError.BadRequest => (400, "BAD_REQUEST"),
        TrackingError.ResourceAlreadyExists => (400, "RESOURCE_ALREADY_EXISTS"),
        TrackingError.ResourceDoesNotExist => (404, "RESOURCE_DOES_NOT_EXIST"),
        TrackingError.EndpointNotFound => (404, "ENDPOINT_NOT_FOUND"),
        TrackingError.PermissionDenied => (403, "PERMISSION_DENIED"),
        TrackingError.Unauthenticated => (401, "UNAUTHENTICATED"),
        TrackingError.RequestLimitExceeded => (429, "REQUEST_LIMIT_EXCEEDED"),
        TrackingError.NotImplemented => (501, "NOT_IMPLEMENTED"),
        TrackingError.TemporarilyUnavailable => (503, "TEMPORARILY_UNAVAILABLE"),
        TrackingError.InvalidState => (500, "INVALID_STATE"),
        _ => (500, "INTERNAL_ERROR"),
    };

    public static ValueTask SendAsync(Call call, TrackingException error)
    {
        (int status, string code) = Of(error.Error);
        if (error.Error == TrackingError.PermissionDenied && !call.Path.StartsWith(Rest.RestRoutes.Prefix, StringComparison.Ordinal))
            return call.TextAsync(error.Message, status);
        return call.AnswerAsync(json =>
        {
            json.WriteString("error_code"u8, code);
            json.WriteString("message"u8, error.Message);
        }, status);
    }
}
