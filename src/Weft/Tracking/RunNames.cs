using System.Security.Cryptography;

namespace Weft.Tracking;

/// <summary>Names and ids that the store gives when nobody else did.</summary>
internal static class RunNames
{
    private const int Longest = 20;

    private static readonly string[] s_adjectives =
    [
        "able", "amber", "ample", "brave", "brisk", "calm", "clean", "clear", "crisp", "deft", "eager", "early", "fair", "fleet", "fond", "frank",
        "gentle", "glad", "grand", "green", "happy", "hardy", "keen", "kind", "light", "lively", "loyal", "lucid", "lucky", "mellow", "merry",
        "mild", "neat", "noble", "patient", "placid", "polite", "prime", "proud", "quick", "quiet", "rapid", "rare", "ready", "regal", "robust",
        "rustic", "serene", "sharp", "silent", "sleek", "smart", "smooth", "snug", "sober", "solid", "steady", "sunny", "swift", "tidy", "vivid",
        "warm", "wise", "witty",
    ];

    private static readonly string[] s_animals =
    [
        "ant", "bat", "bear", "bee", "boar", "bream", "carp", "cat", "clam", "cod", "colt", "crab", "crane", "crow", "deer", "doe", "dove", "duck",
        "eel", "elk", "ewe", "fawn", "finch", "fish", "flea", "foal", "fowl", "fox", "frog", "gnat", "goat", "goose", "grouse", "gull", "hare",
        "hawk", "hen", "horse", "kit", "koi", "lamb", "lark", "loon", "lynx", "midge", "mole", "moose", "moth", "mouse", "mule", "newt", "owl",
        "perch", "quail", "ram", "rat", "ray", "robin", "rook", "seal", "shad", "shark", "sheep", "shrew", "slug", "snail", "snipe", "sow", "stag",
        "stork", "swan", "tern", "toad", "trout", "vole", "wasp", "wolf", "worm", "wren", "yak",
    ];

    /// <summary><c>adjective-animal-0…1000</c>, at most 20 characters.</summary>
    public static string New()
    {
        while (true)
        {
            string name = $"{s_adjectives[RandomNumberGenerator.GetInt32(s_adjectives.Length)]}-{s_animals[RandomNumberGenerator.GetInt32(s_animals.Length)]}-{RandomNumberGenerator.GetInt32(1001)}";
            if (name.Length <= Longest)
                return name;
        }
    }

    /// <summary>32 lower-case hexadecimal digits: a random UUID without dashes.</summary>
    public static string NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return Convert.ToHexStringLower(bytes);
    }
}
