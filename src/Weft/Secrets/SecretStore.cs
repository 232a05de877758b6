using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Weft.Storage;

namespace Weft.Secrets;

/// <summary>
/// The secrets of a project, in a file of its state: names in clear, values encrypted (AES-256-GCM, the name bound in). The key lies in a file of the user's own
/// that only he can read, so that a copy of the project gives nothing away.
/// </summary>
/// <param name="file">The encrypted file.</param>
/// <param name="keyFile">Made when the first secret is kept.</param>
internal sealed class SecretStore(string file, string keyFile)
{
    private const int Format = 1;
    private const int KeyBytes = 32;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>The file of a project's secrets.</summary>
    public static string FileIn(string stateFolder) => Path.Combine(stateFolder, "secrets.json");

    /// <summary>The user's key: in <c>$XDG_CONFIG_HOME/weft</c>, else in <c>~/.config/weft</c>.</summary>
    public static string KeyFileOf(string? configHome, string home) =>
        Path.Combine(string.IsNullOrEmpty(configHome) ? Path.Combine(home, ".config") : configHome, "weft", "secret.key");

    public IReadOnlyList<string> Names => [.. Read().Keys];

    public bool Has(string name) => Read().ContainsKey(name);

    /// <summary>The value; null when there is no such secret.</summary>
    /// <exception cref="IOException">The key is missing, open to others, or not the one it was encrypted with.</exception>
    public string? Find(string name)
    {
        if (!Read().TryGetValue(name, out byte[]? sealedValue))
            return null;
        int data = sealedValue.Length - AesGcm.NonceByteSizes.MaxSize - AesGcm.TagByteSizes.MaxSize;
        if (data < 0)
            throw new IOException($"the secret `{name}` is damaged: set it again");
        byte[] plain = new byte[data];
        using var cipher = new AesGcm(ReadKey(), AesGcm.TagByteSizes.MaxSize);
        ReadOnlySpan<byte> all = sealedValue;
        try
        {
            cipher.Decrypt(all[..AesGcm.NonceByteSizes.MaxSize], all[(AesGcm.NonceByteSizes.MaxSize + AesGcm.TagByteSizes.MaxSize)..], all.Slice(AesGcm.NonceByteSizes.MaxSize, AesGcm.TagByteSizes.MaxSize), plain, Encoding.UTF8.GetBytes(name));
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new IOException($"the secret `{name}` was encrypted with another key than {keyFile}: set it again");
        }
        return Encoding.UTF8.GetString(plain);
    }

    public void Set(string name, string value)
    {
        byte[] plain = Encoding.UTF8.GetBytes(value);
        byte[] sealedValue = new byte[AesGcm.NonceByteSizes.MaxSize + AesGcm.TagByteSizes.MaxSize + plain.Length];
        Span<byte> all = sealedValue;
        RandomNumberGenerator.Fill(all[..AesGcm.NonceByteSizes.MaxSize]);
        using var cipher = new AesGcm(File.Exists(keyFile) ? ReadKey() : MakeKey(), AesGcm.TagByteSizes.MaxSize);
        cipher.Encrypt(all[..AesGcm.NonceByteSizes.MaxSize], plain, all[(AesGcm.NonceByteSizes.MaxSize + AesGcm.TagByteSizes.MaxSize)..], all.Slice(AesGcm.NonceByteSizes.MaxSize, AesGcm.TagByteSizes.MaxSize), Encoding.UTF8.GetBytes(name));
        Write(Read().SetItem(name, sealedValue));
    }

    /// <summary>False when there was no such secret.</summary>
    public bool Remove(string name)
    {
        ImmutableSortedDictionary<string, byte[]> all = Read();
        if (!all.ContainsKey(name))
            return false;
        Write(all.Remove(name));
        return true;
    }

    private byte[] ReadKey()
    {
        if (!File.Exists(keyFile))
            throw new IOException($"the key {keyFile} is missing: secrets that were encrypted with it must be set again");
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(keyFile) & Others) != 0)
            throw new IOException($"others can read the key {keyFile}: `chmod 600 {keyFile}`");
        byte[] key = Convert.FromHexString(File.ReadAllText(keyFile).Trim());
        return key.Length == KeyBytes ? key : throw new IOException($"{keyFile} holds no key of {KeyBytes} bytes");
    }

    private byte[] MakeKey()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(keyFile)!);
        byte[] key = RandomNumberGenerator.GetBytes(KeyBytes);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(keyFile, options);
        stream.Write(Encoding.ASCII.GetBytes(Convert.ToHexString(key) + "\n"));
        return key;
    }

    private ImmutableSortedDictionary<string, byte[]> Read()
    {
        var found = ImmutableSortedDictionary.CreateBuilder<string, byte[]>(StringComparer.Ordinal);
        if (AtomicFile.TryRead(file) is not { } content)
            return found.ToImmutable();
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            if (document.RootElement.GetProperty("format").GetInt32() != Format)
                throw new IOException($"{file} was written by a newer version of weft");
            foreach (JsonProperty secret in document.RootElement.GetProperty("secrets").EnumerateObject())
                found[secret.Name] = secret.Value.GetBytesFromBase64();
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new IOException($"{file} is damaged: {error.Message}");
        }
        return found.ToImmutable();
    }

    private void Write(ImmutableSortedDictionary<string, byte[]> secrets)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteStartObject("secrets");
            foreach ((string name, byte[] value) in secrets)
                json.WriteBase64String(name, value);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        AtomicFile.Write(file, buffer.WrittenSpan);
    }
}
