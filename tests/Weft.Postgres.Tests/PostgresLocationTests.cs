using Npgsql;
using Weft.Text;

namespace Weft.Postgres.Tests;

public sealed class PostgresLocationTests
{
    [Theory]
    [InlineData("postgresql://me:p%40ss@db.example:6432/weft", "postgresql://me@db.example:6432/weft", "weft")]
    [InlineData("postgres://db.example/weft?schema=team_a", "postgresql://db.example:5432/weft?schema=team_a", "team_a")]
    [InlineData("postgresql+psycopg2://me:x@db/mlflow", "postgresql://me@db:5432/mlflow", "weft")]
    [InlineData("postgresql://me@[::1]:5433/weft", "postgresql://me@::1:5433/weft", "weft")]
    [InlineData("postgresql:///weft?host=/run/postgresql", "postgresql:///weft?host=/run/postgresql", "weft")]
    public void An_address_is_read_and_shown_without_its_password(string address, string shown, string schema)
    {
        PostgresLocation location = PostgresLocation.Parse(address);
        Assert.Equal((shown, schema), (location.Shown, location.Schema));
    }

    [Fact]
    public void Names_of_libpq_are_understood()
    {
        PostgresLocation location = PostgresLocation.Parse("postgresql://db/weft?user=me&password=a%26b&sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=3");
        var connection = new NpgsqlConnectionStringBuilder(location.ConnectionString);
        Assert.Equal(("me", "a&b", SslMode.VerifyFull, "/ca.pem", 3), (connection.Username, connection.Password, connection.SslMode, connection.RootCertificate, connection.Timeout));
    }

    [Theory]
    [InlineData("postgresql://me:secret@db/weft?sslmod=require", "the store's address has `sslmod=require`, which is not understood")]
    [InlineData("postgresql://me:secret@db/weft?sslmode=sometimes", "the store's address has `sslmode=sometimes`, which is not understood")]
    [InlineData("postgresql://me:secret@db:many/weft", "the store's address has the port `many`")]
    [InlineData("postgresql://me:secret@db/weft?schema=Team-A", "`Team-A` is no name for a schema")]
    [InlineData("mysql://me:secret@db/weft", "the store's address cannot be read")]
    public void What_is_wrong_with_an_address_is_said_without_its_password(string address, string message)
    {
        Diagnostic wrong = Assert.Single(Assert.Throws<DiagnosticException>(() => PostgresLocation.Parse(address)).Diagnostics);
        Assert.Equal("store/address", wrong.Id);
        Assert.Equal(message, wrong.Message);
    }
}
