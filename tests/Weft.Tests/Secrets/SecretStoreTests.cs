using System.Text;
using Weft.Secrets;
using Weft.Support;

namespace Weft.Tests.Secrets;

public sealed class SecretStoreTests : IDisposable
{
    [Theory]
    [InlineData("""{"a": "geheim", "b\"geheim\\": [1234567, "x geheim y"]}""", """{"a": "***", "b\"***\\": [1234567, "x *** y"]}""")]
    [InlineData("\"open geheim", "\"open ***")]
    [InlineData("\"open \\", "\"open \\")]
    [InlineData("", "")]
    public void In_JSON_only_texts_are_covered(string json, string covered) =>
        Assert.Equal(covered, Encoding.UTF8.GetString(Mask.Of(["geheim", "1234567"]).CoverTexts(Encoding.UTF8.GetBytes(json))));

    private const string Value = "s3cr3t/Wört with=signs+";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_value_is_read_back_and_stands_nowhere_in_clear()
    {
        SecretStore secrets = Open();
        secrets.Set("KEY", Value);
        secrets.Set("OTHER", "x");
        Assert.Equal(["KEY", "OTHER"], Open().Names);
        Assert.Equal(Value, Open().Find("KEY"));
        Assert.Null(Open().Find("NONE"));
        string file = File.ReadAllText(_folder.Path("secrets.json"));
        Assert.DoesNotContain("s3cr3t", file);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(Value))[..8], file);
        Assert.True(secrets.Remove("KEY"));
        Assert.False(secrets.Remove("KEY"));
    }

    [Fact]
    public void The_key_is_the_owner_s_alone()
    {
        Open().Set("KEY", Value);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.Path("home/secret.key")));
        File.SetUnixFileMode(_folder.Path("home/secret.key"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Contains("others can read the key", Assert.Throws<IOException>(() => Open().Find("KEY")).Message);
    }

    [Fact]
    public void A_value_under_another_name_or_key_or_that_was_changed_is_refused()
    {
        Open().Set("KEY", Value);
        string file = File.ReadAllText(_folder.Path("secrets.json"));
        File.WriteAllText(_folder.Path("secrets.json"), file.Replace("KEY", "NEW", StringComparison.Ordinal));
        Assert.Throws<IOException>(() => Open().Find("NEW"));
        File.WriteAllText(_folder.Path("secrets.json"), file);
        File.Delete(_folder.Path("home/secret.key"));
        Assert.Throws<IOException>(() => Open().Find("KEY"));
        Open().Set("OTHER", "x");
        Assert.Contains("another key", Assert.Throws<IOException>(() => Open().Find("KEY")).Message);
    }

    public static TheoryData<string> Logged => new(
        Value,
        Uri.EscapeDataString(Value),
        "s3cr3t%2fW%c3%b6rt%20with%3dsigns%2b",
        "s3cr3t/W%C3%B6rt%20with%3Dsigns%2B",
        "s3cr3t%2FW%C3%B6rt+with%3Dsigns%2B",
        "{\"key\": \"s3cr3t/W\\u00f6rt with=signs+\"}",
        "{\"key\": \"s3cr3t\\/W\\u00f6rt with=signs+\"}",
        Convert.ToBase64String(Encoding.UTF8.GetBytes(Value)),
        Convert.ToBase64String(Encoding.UTF8.GetBytes("user:" + Value)),
        Convert.ToBase64String(Encoding.UTF8.GetBytes("user1:" + Value + "\n")),
        Convert.ToBase64String(Encoding.UTF8.GetBytes("me:" + Value)).Replace('+', '-').Replace('/', '_'));

    [Theory]
    [MemberData(nameof(Logged))]
    public void Every_form_of_a_value_is_masked_however_it_is_split(string logged)
    {
        byte[] bytes = Encoding.UTF8.GetBytes($"before {logged} after");
        foreach (int size in new[] { 1, 2, 7, bytes.Length })
        {
            var mask = Mask.Of([Value]);
            var output = new List<byte>();
            foreach (byte[] piece in bytes.Chunk(size))
                mask.Push(piece, output);
            mask.End(output);
            string text = Encoding.UTF8.GetString([.. output]);
            Assert.Contains("***", text);
            Assert.StartsWith("before ", text);
            Assert.EndsWith(" after", text);
            // What is left of a longer base64 are the few letters that the secret shares with its neighbours.
            Assert.True(text.Length <= "before ***".Length + 14 + " after".Length, text);
        }
    }

    private SecretStore Open() => new(_folder.Path("secrets.json"), _folder.Path("home/secret.key"));
}
