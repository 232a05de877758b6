using System.Collections.Immutable;
using Weft.Values;

namespace Weft.Tasks;

/// <summary>An input with files in it: one file or folder, or a list or map of such.</summary>
/// <param name="Value">As it came.</param>
/// <param name="Path">Where the program finds it, absolute: the file or folder itself, or the folder in which those of a list or map lie.</param>
/// <param name="Given">What the task's own words see: every file and folder replaced by its path; or the path of the folder.</param>
/// <param name="Laid">Every file and folder replaced by its path.</param>
/// <param name="Files">The files and folders that must be put in their places; those from outside the store lie where they are.</param>
public sealed record Staged(string Name, Value Value, string Path, Value Given, Value Laid, ImmutableArray<(Value.Blob Blob, string Path)> Files)
{
    /// <summary>What the URI of a file or folder from outside the store begins with; its path follows.</summary>
    public const string OutsideScheme = "file:";

    /// <summary>What the URI of an output begins with; the name that the program gave it follows.</summary>
    public const string NameScheme = "name:";

    /// <summary>As <see cref="NameScheme"/>, of an output that can be executed.</summary>
    public const string ProgramScheme = "program:";

    /// <summary>A list of these is handed over as a folder of which the program reads the index.</summary>
    public const string Index = "index.json";

    /// <summary>The places of an input; null when there are no files in it.</summary>
    /// <param name="asFolder">The program sees the folder, whatever is in it.</param>
    public static Staged? Of(string name, Value value, string folder, bool asFolder)
    {
        if (!asFolder && !HasFiles(value))
            return null;
        var files = ImmutableArray.CreateBuilder<(Value.Blob, string)>();
        string path = value is Value.Blob blob ? PlaceOf(blob, $"{folder}/{name}") : $"{folder}/{name}";
        Value given = Place(value, $"{folder}/{name}", files);
        return new Staged(name, value, path, asFolder ? Value.Of(path) : given, given, files.ToImmutable());
    }

    /// <summary>How an output is marked with the name that its program gave it.</summary>
    public static string UriOf(string path, bool isExecutable) => (isExecutable ? ProgramScheme : NameScheme) + System.IO.Path.GetFileName(path);

    /// <summary>Whether a file can be executed, as far as that was noted.</summary>
    public static bool IsProgram(Value.Blob blob) => blob.Uri?.StartsWith(ProgramScheme, StringComparison.Ordinal) == true;

    /// <summary>The ending of the name that its program gave it, with its point, as many programs tell formats by it; none of a folder.</summary>
    public static string EndingOf(Value.Blob blob) =>
        blob is { Kind: not BlobKind.Folder, Uri: { } uri } && (uri.StartsWith(NameScheme, StringComparison.Ordinal) || IsProgram(blob)) ? System.IO.Path.GetExtension(uri) : "";

    /// <summary>The place of an input of a list or map: itself and an index of it lie in a folder.</summary>
    public bool IsFolderOfMany => Value is not Value.Blob;

    private static bool HasFiles(Value value) => value switch
    {
        Value.Blob => true,
        Value.List list => list.Items.Any(HasFiles),
        Value.Map map => map.Entries.Any(entry => HasFiles(entry.Value)),
        _ => false,
    };

    private static Value Place(Value value, string path, ImmutableArray<(Value.Blob, string)>.Builder files)
    {
        switch (value)
        {
            case Value.Blob blob:
                string place = PlaceOf(blob, path);
                if (blob.Uri?.StartsWith(OutsideScheme, StringComparison.Ordinal) != true)
                    files.Add((blob, place));
                return Value.Of(place);
            case Value.List list:
                var items = ImmutableArray.CreateBuilder<Value>(list.Items.Length);
                for (int i = 0; i < list.Items.Length; i++)
                    items.Add(Place(list.Items[i], $"{path}/{i}", files));
                return new Value.List(items.MoveToImmutable());
            case Value.Map map:
                return new Value.Map(map.Entries.ToImmutableSortedDictionary(entry => entry.Key, entry => Place(entry.Value, $"{path}/{SafeName(entry.Key)}", files), StringComparer.Ordinal));
            default:
                return value;
        }
    }

    private static string PlaceOf(Value.Blob blob, string path)
    {
        if (blob.Uri?.StartsWith(OutsideScheme, StringComparison.Ordinal) == true)
            return blob.Uri[OutsideScheme.Length..];
        return path + EndingOf(blob);
    }

    private static string SafeName(string key) => key is "." or ".." or "" ? "_" : key.Replace('/', '_').Replace('\0', '_');
}
