namespace Weft.Config.Overrides;

/// <summary>A shuffled order of 0…n-1 that depends on a text only: Fisher–Yates with numbers from SplitMix64.</summary>
internal static class Permutation
{
    public static int[] Of(int count, string text)
    {
        ulong state = Seed(text);
        int[] order = new int[count];
        for (int i = 0; i < count; i++)
        {
            int other = (int)(Next(ref state) % (ulong)(i + 1));
            order[i] = order[other];
            order[other] = i;
        }
        return order;
    }

    /// <summary>FNV-1a over the UTF-16 units.</summary>
    private static ulong Seed(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in text)
            hash = (hash ^ c) * 1099511628211;
        return hash;
    }

    private static ulong Next(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        ulong z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
