using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Weft.Records;

namespace Weft.Tracking;

/// <summary>What somebody may do with an experiment or a registered model; each includes those below it.</summary>
public enum Permission
{
    None,
    Read,
    Use,
    Edit,
    Manage,
}

/// <summary>What a permission is for.</summary>
/// <param name="Kind"><c>experiment</c> or <c>model</c>.</param>
/// <param name="Id">The experiment's number or the model's name.</param>
public readonly record struct Subject(string Kind, string Id)
{
    public static Subject Experiment(long id) => new("experiment", id.ToString());

    public static Subject Model(string name) => new("model", name);
}

/// <summary>Which subjects of a kind somebody may read: only these, or all but these. Lists are cut to it before they are cut to pages.</summary>
public sealed record Sight(bool IsOnly, IReadOnlyList<Subject> Subjects)
{
    internal void AddTo(SqlText sql, string column)
    {
        // Permissions may be kept on experiments whose ids are no numbers; none of those is here.
        object[] ids = [.. Subjects.Select(subject => subject.Kind != "experiment" ? subject.Id : long.TryParse(subject.Id, out long id) ? id : (object?)null).OfType<object>()];
        if (ids.Length > 0)
            sql.Add($" AND {column} {(IsOnly ? "IN" : "NOT IN")} ").Values(ids);
        else if (IsOnly)
            sql.Add(" AND 1 = 0");
    }
}

/// <summary>Somebody who may log in.</summary>
public sealed record Account(long Id, string Name, bool IsAdmin)
{
    /// <summary>What was granted explicitly, by subject.</summary>
    public ImmutableArray<(Subject Subject, Permission Permission)> Grants { get; init; } = [];
}

/// <summary>
/// Accounts with their passwords, tokens and permissions. A password is kept as PBKDF2 with SHA-256, a token, which is random, as its SHA-256: who reads
/// the database can log in with neither. Thread-safe.
/// </summary>
public sealed class AccountStore
{
    private const int SaltLength = 16;
    private const int HashLength = 32;
    private const int ShortestPassword = 8;
    private const int LongestPassword = 1024;
    private const int LongestName = 255;

    /// <summary>Passwords that were right, so that not every request costs their rounds; forgotten when there are too many.</summary>
    private const int MostRemembered = 1024;

    private readonly WriteLoop _writer;
    private readonly ReaderPool _readers;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, string> _verified = new();
    private string? _nobody;

    internal AccountStore(WriteLoop writer, ReaderPool readers)
    {
        _writer = writer;
        _readers = readers;
    }

    /// <summary>How many rounds a new password is hashed with. Default 600,000: OWASP's recommendation for PBKDF2-HMAC-SHA256 (2023).</summary>
    public int Rounds { get; set; } = 600_000;

    public bool IsEmpty => _readers.Read(reader => !reader.Database.Prepare("SELECT 1 FROM account LIMIT 1").Any());

    public Task<Account> CreateAsync(string name, string password, bool isAdmin)
    {
        if (name.Length is 0 or > LongestName || name.Any(c => char.IsControl(c) || c == ':'))
            throw TrackingException.Invalid($"Username must have 1 to {LongestName} characters, no colon and no control characters");
        string hash = Hash(password);
        return _writer.WriteAsync(turn =>
        {
            if (Find(turn.Database, name) is not null)
                throw TrackingException.Exists($"User (username={name}) already exists.");
            turn.Database.Prepare("INSERT INTO account (name, hash, admin, created) VALUES (?1, ?2, ?3, ?4)").Bind(1, name).Bind(2, hash).Bind(3, isAdmin).Bind(4, turn.Now).Run();
            return Require(turn.Database, name);
        });
    }

    public Account Get(string name) => _readers.Read(reader => Require(reader.Database, name), oneState: true);

    public ImmutableArray<Account> List() => _readers.Read<ImmutableArray<Account>>(reader =>
    {
        var names = new List<string>();
        foreach (Row row in reader.Database.Prepare("SELECT name FROM account ORDER BY name").Query())
            names.Add(row.Text(0));
        return [.. names.Select(name => Require(reader.Database, name))];
    }, oneState: true);

    public Task SetPasswordAsync(string name, string password)
    {
        string hash = Hash(password);
        return ChangeAsync(name, (turn, id) => turn.Database.Prepare("UPDATE account SET hash = ?2 WHERE id = ?1").Bind(1, id).Bind(2, hash).Run());
    }

    public Task SetAdminAsync(string name, bool isAdmin) =>
        ChangeAsync(name, (turn, id) => turn.Database.Prepare("UPDATE account SET admin = ?2 WHERE id = ?1").Bind(1, id).Bind(2, isAdmin).Run());

    public Task DeleteAsync(string name) => ChangeAsync(name, (turn, id) =>
    {
        foreach (string sql in new[] { "DELETE FROM account_token WHERE account = ?1", "DELETE FROM permission WHERE account = ?1", "DELETE FROM account WHERE id = ?1" })
            turn.Database.Prepare(sql).Bind(1, id).Run();
    });

    /// <summary>A new token of an account; it is told this once.</summary>
    public async Task<string> NewTokenAsync(string name)
    {
        string token = "weft_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        await ChangeAsync(name, (turn, id) =>
            turn.Database.Prepare("INSERT INTO account_token (hash, account, created) VALUES (?1, ?2, ?3)").Bind(1, HashToken(token)).Bind(2, id).Bind(3, turn.Now).Run());
        return token;
    }

    /// <summary>Makes all tokens of an account worthless.</summary>
    public Task RevokeTokensAsync(string name) =>
        ChangeAsync(name, (turn, id) => turn.Database.Prepare("DELETE FROM account_token WHERE account = ?1").Bind(1, id).Run());

    /// <summary>The account of a name and password, or null. The first time, a password costs its rounds.</summary>
    public Account? Verify(string name, string password)
    {
        string? hash = _readers.Read(reader => reader.Database.Prepare("SELECT hash FROM account WHERE name = ?1").Bind(1, name).QueryText());
        // Whoever guesses names must not tell by the time which ones exist.
        bool isRight = IsRight(password, hash ?? (_nobody ??= Hash("nobody has this password")));
        return hash is not null && isRight ? _readers.Read(reader => Find(reader.Database, name), oneState: true) : null;
    }

    /// <summary>The account of a token, or null.</summary>
    public Account? Verify(string token) => _readers.Read(reader =>
    {
        string? name = reader.Database.Prepare("SELECT a.name FROM account_token t JOIN account a ON a.id = t.account WHERE t.hash = ?1").Bind(1, HashToken(token)).QueryText();
        return name is null ? null : Find(reader.Database, name);
    }, oneState: true);

    public Task GrantAsync(string name, Subject subject, Permission permission) => ChangeAsync(name, (turn, id) =>
        turn.Database.Prepare("INSERT INTO permission (account, kind, subject, level) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (account, kind, subject) DO UPDATE SET level = excluded.level")
            .Bind(1, id).Bind(2, subject.Kind).Bind(3, subject.Id).Bind(4, (long)permission).Run());

    /// <summary>Takes back what was granted explicitly, and says whether there was anything.</summary>
    public async Task<bool> RevokeAsync(string name, Subject subject)
    {
        int removed = 0;
        await ChangeAsync(name, (turn, id) =>
            removed = turn.Database.Prepare("DELETE FROM permission WHERE account = ?1 AND kind = ?2 AND subject = ?3").Bind(1, id).Bind(2, subject.Kind).Bind(3, subject.Id).Run());
        return removed > 0;
    }

    /// <summary>Permissions on a model follow its name, and go with it.</summary>
    internal static void Rename(Database db, Subject from, Subject? to)
    {
        if (to is { } renamed)
            db.Prepare("UPDATE permission SET subject = ?3 WHERE kind = ?1 AND subject = ?2").Bind(1, from.Kind).Bind(2, from.Id).Bind(3, renamed.Id).Run();
        else
            db.Prepare("DELETE FROM permission WHERE kind = ?1 AND subject = ?2").Bind(1, from.Kind).Bind(2, from.Id).Run();
    }

    private Task ChangeAsync(string name, Action<WriteTurn, long> change) => _writer.WriteAsync(turn => change(turn, Require(turn.Database, name).Id));

    private bool IsRight(string password, string hash)
    {
        string remembered = hash + Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(password)));
        if (_verified.ContainsKey(remembered))
            return true;
        string[] parts = hash.Split('$');
        byte[] expected = Convert.FromHexString(parts[3]);
        byte[] given = Rfc2898DeriveBytes.Pbkdf2(
            password.Length <= LongestPassword ? password : "", Convert.FromHexString(parts[2]), int.Parse(parts[1]), HashAlgorithmName.SHA256, expected.Length);
        if (!CryptographicOperations.FixedTimeEquals(given, expected))
            return false;
        if (_verified.Count >= MostRemembered)
            _verified.Clear();
        _verified[remembered] = hash;
        return true;
    }

    /// <summary><c>pbkdf2-sha256$ROUNDS$SALT$HASH</c></summary>
    private string Hash(string password)
    {
        if (password.Length is < ShortestPassword or > LongestPassword)
            throw TrackingException.Invalid($"Password must have {ShortestPassword} to {LongestPassword} characters");
        byte[] salt = RandomNumberGenerator.GetBytes(SaltLength);
        byte[] hash = Rfc2898DeriveBytes.Pbkdf2(password, salt, Rounds, HashAlgorithmName.SHA256, HashLength);
        return $"pbkdf2-sha256${Rounds}${Convert.ToHexStringLower(salt)}${Convert.ToHexStringLower(hash)}";
    }

    private static string HashToken(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private static Account Require(Database db, string name) => Find(db, name) ?? throw TrackingException.Missing($"User with username={name} not found");

    private static Account? Find(Database db, string name)
    {
        Account? account = null;
        foreach (Row row in db.Prepare("SELECT id, admin FROM account WHERE name = ?1").Bind(1, name).Query())
            account = new Account(row.Long(0), name, row.Bool(1));
        if (account is null)
            return null;
        var grants = ImmutableArray.CreateBuilder<(Subject, Permission)>();
        foreach (Row row in db.Prepare("SELECT kind, subject, level FROM permission WHERE account = ?1 ORDER BY kind, subject").Bind(1, account.Id).Query())
            grants.Add((new Subject(row.Text(0), row.Text(1)), (Permission)row.Int(2)));
        return account with { Grants = grants.DrainToImmutable() };
    }
}
