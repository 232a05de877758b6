using System.Security.Cryptography;
using System.Text;
using Weft.Values;

namespace Weft.Tracking;

/// <summary>
/// A tracking endpoint on loopback for the programs of one execution. What runs programs sees only this: the server behind it is loaded when
/// the first program connects.
/// </summary>
public interface ITrackingEndpoint : IAsyncDisposable
{
    /// <summary>What belongs into MLFLOW_TRACKING_URI.</summary>
    Uri Address { get; }

    /// <summary>The variables that make MLflow's clients in an attempt log here, into this experiment, with the attempt's own token.</summary>
    IEnumerable<KeyValuePair<string, string>> Variables(AttemptId attempt, string experiment);
}

/// <summary>
/// Bearer tokens of attempts: the attempt's name and a code that only who knows the execution's secret can make. Nothing needs to be stored
/// for an attempt, and who goes on with an execution of a killed process takes its tokens with the secret.
/// </summary>
public sealed class AttemptTokens
{
    private const int CodeLength = 16;

    /// <summary>Kept, as making one takes longer than the code of an attempt. Used by the loop and by the server's threads, one at a time.</summary>
    private readonly IncrementalHash _code;

    /// <param name="secret">At least 16 random bytes, kept where only the user can read.</param>
    public AttemptTokens(ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(secret.Length, 16);
        _code = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
    }

    /// <summary>A secret for a new execution.</summary>
    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(32);

    public string Make(AttemptId attempt)
    {
        string name = $"{attempt.Execution} {attempt.Number} {attempt.Rank} {attempt.Path}";
        return Convert.ToHexStringLower(Code(name)) + Convert.ToHexStringLower(Encoding.UTF8.GetBytes(name));
    }

    /// <summary>The attempt a token was made for; null for anything else.</summary>
    public AttemptId? Read(string token)
    {
        if (token.Length <= CodeLength * 2 || token.Length % 2 != 0 || token.AsSpan().ContainsAnyExcept("0123456789abcdef"))
            return null;
        byte[] code = Convert.FromHexString(token.AsSpan(0, CodeLength * 2));
        string name = Encoding.UTF8.GetString(Convert.FromHexString(token.AsSpan(CodeLength * 2)));
        if (!CryptographicOperations.FixedTimeEquals(code, Code(name)))
            return null;
        string[] parts = name.Split(' ', 4);
        return new AttemptId(new ExecutionId(parts[0]), new NodePath(parts[3]), int.Parse(parts[1]), int.Parse(parts[2]));
    }

    private byte[] Code(string name)
    {
        lock (_code)
        {
            _code.AppendData(Encoding.UTF8.GetBytes(name));
            return _code.GetHashAndReset()[..CodeLength];
        }
    }
}
