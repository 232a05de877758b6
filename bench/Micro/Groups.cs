using Weft.Config.Composition;

namespace Weft.Micro;

/// <summary>
/// The configuration that the measurements are made on: 50 groups with 3 options of 8 keys each, two levels deep, with interpolations; written to a
/// folder as a user has it.
/// </summary>
internal sealed class Groups : IDisposable
{
    public const int Count = 50;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("weft-micro-");

    public Groups()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "config.yaml"), "defaults:\n" + string.Concat(Enumerable.Range(0, Count).Select(i => $"  - g{i}: a\n")) + "  - _self_\nlr: 0.1\nseed: 1\n");
        for (int i = 0; i < Count; i++)
        {
            string folder = Path.Combine(_folder.FullName, $"g{i}");
            Directory.CreateDirectory(folder);
            foreach (string option in (string[])["a", "b", "c"])
                File.WriteAllText(Path.Combine(folder, option + ".yaml"), $"name: {option}{i}\nsize: {i}\nrate: 0.{i + 1}\nflags: [true, false]\ninner:\n  lr: ${{lr}}\n  path: /data/${{..name}}\n  depth: 3\n  tags: [x, y]\n");
        }
    }

    public Composer NewComposer() => new(new SearchPath { Main = new FileConfigSource("main", _folder.FullName) });

    public void Dispose() => _folder.Delete(recursive: true);
}
