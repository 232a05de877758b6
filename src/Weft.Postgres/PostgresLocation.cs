using System.Globalization;
using Npgsql;
using Weft.Text;

namespace Weft.Postgres;

/// <summary>
/// Where the records are on PostgreSQL: <c>postgresql://[USER[:PASSWORD]@][HOST][:PORT][/DATABASE][?NAME=VALUE…]</c>. The names are libpq's
/// (<c>host</c>, which may be the folder of a socket, <c>port</c>, <c>user</c>, <c>password</c>, <c>dbname</c>, <c>sslmode</c>,
/// <c>sslrootcert</c>, <c>sslcert</c>, <c>sslkey</c>, <c>passfile</c>, <c>connect_timeout</c>, <c>application_name</c>), and <c>schema</c> for
/// the schema that holds the tables (default <c>weft</c>). What is not given comes from libpq's environment variables and <c>~/.pgpass</c>.
/// </summary>
/// <param name="ConnectionString">In Npgsql's words, with the password: never shown.</param>
/// <param name="Shown">The address without its password, for messages.</param>
/// <param name="Schema">A plain lower-case name.</param>
internal sealed record PostgresLocation(string ConnectionString, string Shown, string Schema)
{
    private const string DefaultSchema = "weft";
    private const int PreparedStatements = 256;

    /// <summary>Whether an address names a PostgreSQL server; SQLAlchemy's <c>postgresql+psycopg2:</c> does, too.</summary>
    public static bool IsAddress(string text)
    {
        int end = text.IndexOf("://", StringComparison.Ordinal);
        return end > 0 && text[..end] is var scheme && (scheme is "postgresql" or "postgres" || scheme.StartsWith("postgresql+", StringComparison.Ordinal));
    }

    /// <exception cref="DiagnosticException">The address is not of the form above.</exception>
    public static PostgresLocation Parse(string address)
    {
        if (!IsAddress(address))
            throw Wrong("the store's address cannot be read", "postgresql://USER@HOST:5432/DATABASE");
        var connection = new NpgsqlConnectionStringBuilder
        {
            ApplicationName = "weft",
            Pooling = false,
            MaxAutoPrepare = PreparedStatements,
            AutoPrepareMinUsages = 2,
            CommandTimeout = 0,
            IncludeErrorDetail = true,
        };
        string rest = address[(address.IndexOf("://", StringComparison.Ordinal) + 3)..];
        (rest, string query) = Cut(rest, '?');
        (string authority, string name) = Cut(rest, '/');
        int at = authority.LastIndexOf('@');
        (string user, string password) = Cut(at < 0 ? "" : authority[..at], ':');
        string host = authority[(at + 1)..];
        int colon = host.LastIndexOf(':');
        if (colon >= 0 && colon > host.LastIndexOf(']'))
        {
            if (!TrySet(connection, "port", host[(colon + 1)..]))
                throw Wrong($"the store's address has the port `{host[(colon + 1)..]}`", "a port is a number, such as 5432");
            host = host[..colon];
        }
        foreach ((string key, string value) in ((string, string)[])[("host", host.Trim('[', ']')), ("user", user), ("password", password), ("dbname", name)])
        {
            if (value.Length > 0)
                TrySet(connection, key, Uri.UnescapeDataString(value));
        }
        string schema = DefaultSchema;
        foreach (string pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            (string key, string value) = Cut(pair, '=');
            value = Uri.UnescapeDataString(value.Replace('+', ' '));
            if (key == "schema")
                schema = value;
            else if (!TrySet(connection, key, value))
                throw Wrong($"the store's address has `{pair}`, which is not understood", "sslmode=verify-full, sslrootcert=FILE, host=FOLDER and schema=NAME are");
        }
        if (!IsPlainName(schema))
            throw Wrong($"`{schema}` is no name for a schema", "lower-case letters, digits and `_`, at most 63 of them");
        bool isSocket = connection.Host is ['/' or '@', ..];
        if (!isSocket)
        {
            connection.TcpKeepAlive = true;
            connection.TcpKeepAliveTime = 30;
            connection.TcpKeepAliveInterval = 10;
        }
        string who = connection.Username is { Length: > 0 } named ? named + "@" : "";
        string place = isSocket ? "" : $"{connection.Host ?? "localhost"}:{connection.Port}";
        string[] more = [.. isSocket ? [$"host={connection.Host}"] : Array.Empty<string>(), .. schema == DefaultSchema ? Array.Empty<string>() : [$"schema={schema}"]];
        string shown = $"postgresql://{who}{place}/{connection.Database}{(more.Length > 0 ? "?" : "")}{string.Join('&', more)}";
        return new PostgresLocation(connection.ConnectionString, shown, schema);

        // The address itself may hold a password, so no message shows it.
        DiagnosticException Wrong(string message, string hint) => new("store/address", message, null, hint);
    }

    /// <summary>What stands before and after the first of a character.</summary>
    private static (string Before, string After) Cut(string text, char mark)
    {
        int place = text.IndexOf(mark, StringComparison.Ordinal);
        return place < 0 ? (text, "") : (text[..place], text[(place + 1)..]);
    }

    private static bool TrySet(NpgsqlConnectionStringBuilder connection, string name, string value)
    {
        switch (name)
        {
            case "host":
                connection.Host = value;
                return value.Length > 0;
            case "port" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int port):
                connection.Port = port;
                return true;
            case "user":
                connection.Username = value;
                return true;
            case "password":
                connection.Password = value;
                return true;
            case "dbname":
                connection.Database = value;
                return true;
            case "sslmode":
                SslMode? mode = ModeOf(value);
                connection.SslMode = mode ?? SslMode.Prefer;
                return mode is not null;
            case "sslrootcert":
                connection.RootCertificate = value;
                return true;
            case "sslcert":
                connection.SslCertificate = value;
                return true;
            case "sslkey":
                connection.SslKey = value;
                return true;
            case "passfile":
                connection.Passfile = value;
                return true;
            case "connect_timeout" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds):
                connection.Timeout = seconds;
                return true;
            case "application_name":
                connection.ApplicationName = value;
                return true;
            default:
                return false;
        }
    }

    private static SslMode? ModeOf(string word) => word switch
    {
        "disable" => SslMode.Disable,
        "allow" => SslMode.Allow,
        "prefer" => SslMode.Prefer,
        "require" => SslMode.Require,
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        _ => null,
    };

    private static bool IsPlainName(string name) =>
        name.Length is > 0 and <= 63 && !char.IsAsciiDigit(name[0]) && !name.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789_");
}
