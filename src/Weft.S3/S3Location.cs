using Weft.Text;

namespace Weft.S3;

/// <summary>What is the same for all buckets: where the service is, and who asks.</summary>
/// <param name="Endpoint">The service's address where it is not Amazon's, such as <c>http://minio:9000</c>.</param>
/// <param name="Region">Null: <c>us-east-1</c>.</param>
/// <param name="AccessKey">Null: as Amazon's own programs find it (profiles, the machine's role).</param>
public sealed record S3Options(Uri? Endpoint = null, string? Region = null, string? AccessKey = null, string? SecretKey = null, string? SessionToken = null)
{
    /// <summary>As Amazon's and MLflow's programs name it in the environment.</summary>
    /// <exception cref="DiagnosticException">The endpoint is no address.</exception>
    public static S3Options Read(Func<string, string?> variable)
    {
        string? endpoint = Given("MLFLOW_S3_ENDPOINT_URL") ?? Given("AWS_ENDPOINT_URL_S3") ?? Given("AWS_ENDPOINT_URL");
        Uri? address = null;
        if (endpoint is not null && (!Uri.TryCreate(endpoint, UriKind.Absolute, out address) || address.Scheme is not ("http" or "https")))
            throw new DiagnosticException("s3/endpoint", $"the endpoint of S3 is no address: `{endpoint}`", null, "http://HOST:PORT or https://HOST");
        return new S3Options(address, Given("AWS_REGION") ?? Given("AWS_DEFAULT_REGION"), Given("AWS_ACCESS_KEY_ID"), Given("AWS_SECRET_ACCESS_KEY"), Given("AWS_SESSION_TOKEN"));

        string? Given(string name) => variable(name) is { Length: > 0 } value ? value : null;
    }
}

/// <summary>A folder of a bucket: <c>s3://BUCKET/FOLDER</c>.</summary>
/// <param name="Prefix">Without slashes at its ends; empty: the whole bucket.</param>
public sealed record S3Location(string Bucket, string Prefix)
{
    private const string Scheme = "s3://";

    public static bool IsLocation(string text) => text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <exception cref="DiagnosticException">The text does not name a bucket.</exception>
    public static S3Location Parse(string text)
    {
        string rest = IsLocation(text) ? text[Scheme.Length..] : "";
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        string bucket = slash < 0 ? rest : rest[..slash];
        if (bucket.Length is < 3 or > 63 || bucket.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"))
            throw new DiagnosticException("s3/location", $"`{text}` names no bucket", null, "s3://BUCKET/FOLDER");
        return new S3Location(bucket, slash < 0 ? "" : rest[(slash + 1)..].Trim('/'));
    }

    /// <summary>The key of a path in the folder.</summary>
    public string Key(string path) => Prefix.Length == 0 ? path : path.Length == 0 ? Prefix : $"{Prefix}/{path}";

    public override string ToString() => $"{Scheme}{Bucket}{(Prefix.Length > 0 ? "/" : "")}{Prefix}";
}
