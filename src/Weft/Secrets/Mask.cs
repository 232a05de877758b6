using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Weft.Values;

namespace Weft.Secrets;

/// <summary>Replaces secrets in a stream of bytes, also where one lies across two pieces of it.</summary>
internal sealed class Mask(ImmutableArray<byte[]> secrets)
{
    public const string Stars = "***";

    private readonly ImmutableArray<byte[]> _secrets = [.. secrets.OrderByDescending(secret => secret.Length)];
    private readonly List<byte> _held = [];

    /// <summary>Covers secrets in all the forms in which they may be written.</summary>
    public static Mask Of(IEnumerable<string> values) => new([.. values.SelectMany(SecretForms.Of)]);

    /// <summary>Takes a piece and hands out what can no longer be part of a secret.</summary>
    public void Push(ReadOnlySpan<byte> piece, List<byte> output)
    {
        _held.AddRange(piece);
        Release(output, isLast: false);
    }

    public void End(List<byte> output) => Release(output, isLast: true);

    private void Release(List<byte> output, bool isLast)
    {
        ReadOnlySpan<byte> held = CollectionsMarshal.AsSpan(_held);
        int at = 0;
        while (at < held.Length)
        {
            ReadOnlySpan<byte> rest = held[at..];
            int length = MatchAt(rest);
            if (length > 0)
            {
                output.AddRange("***"u8);
                at += length;
            }
            else if (!isLast && MayBegin(rest))
            {
                break;
            }
            else
            {
                output.Add(held[at++]);
            }
        }
        _held.RemoveRange(0, at);
    }

    /// <summary>A text with no secret in it.</summary>
    public string Cover(string text) => Encoding.UTF8.GetString(Cover(Encoding.UTF8.GetBytes(text)));

    /// <summary>Bytes with no secret in them.</summary>
    public byte[] Cover(ReadOnlySpan<byte> bytes)
    {
        var covered = new List<byte>(bytes.Length);
        Cover(bytes, covered);
        return [.. covered];
    }

    /// <summary>JSON with no secret in its texts; numbers stay as they are, so that it stays JSON.</summary>
    public byte[] CoverTexts(ReadOnlySpan<byte> json)
    {
        var covered = new List<byte>(json.Length);
        while (json.IndexOf((byte)'"') is >= 0 and var open)
        {
            covered.AddRange(json[..(open + 1)]);
            json = json[(open + 1)..];
            int length = 0;
            while (length < json.Length && json[length] != '"')
                length += json[length] == '\\' ? 2 : 1;
            length = Math.Min(length, json.Length);
            Cover(json[..length], covered);
            json = json[length..];
            // The closing quote, which would open another text.
            if (!json.IsEmpty)
            {
                covered.Add(json[0]);
                json = json[1..];
            }
        }
        covered.AddRange(json);
        return [.. covered];
    }

    /// <summary>A value with no secret in its texts; a number that is one becomes a text.</summary>
    public Value Cover(Value value) => value switch
    {
        Value.Text text => Value.Of(Cover(text.Content)),
        Value.Int or Value.Float => CanonicalJson.Write(value) is var number && Cover(number) == number ? value : Value.Of(Stars),
        Value.List list => new Value.List([.. list.Items.Select(Cover)]),
        Value.Map map => new Value.Map(Cover(map.Entries)),
        _ => value,
    };

    public ImmutableSortedDictionary<string, Value> Cover(ImmutableSortedDictionary<string, Value> values) =>
        values.ToImmutableSortedDictionary(one => one.Key, one => Cover(one.Value), StringComparer.Ordinal);

    private void Cover(ReadOnlySpan<byte> bytes, List<byte> output)
    {
        while (!bytes.IsEmpty)
        {
            int length = MatchAt(bytes);
            if (length > 0)
                output.AddRange("***"u8);
            else
                output.Add(bytes[0]);
            bytes = bytes[Math.Max(length, 1)..];
        }
    }

    private int MatchAt(ReadOnlySpan<byte> rest)
    {
        foreach (byte[] secret in _secrets)
        {
            if (rest.StartsWith(secret))
                return secret.Length;
        }
        return 0;
    }

    /// <summary>Whether all that is left could be the beginning of a secret whose end has not come yet.</summary>
    private bool MayBegin(ReadOnlySpan<byte> rest)
    {
        foreach (byte[] secret in _secrets)
        {
            if (rest.Length < secret.Length && secret.AsSpan().StartsWith(rest))
                return true;
        }
        return false;
    }
}
