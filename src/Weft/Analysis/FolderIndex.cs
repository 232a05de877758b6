using Weft.Storage;
using Weft.Values;

namespace Weft.Analysis;

/// <summary>
/// What the last look at a folder of MLflow's file store found, so that the next one reads only what has changed. The first look opens some ten files for each
/// run; later ones ask the file system when those were touched, and read again what was. It is a cache: a file that is lost, broken or
/// of another version is made anew, and one that cannot be written does no harm.
/// </summary>
/// <param name="root">The folder <c>mlruns</c>, absolute.</param>
/// <param name="cacheFolder">Where the index is kept, in a file named by <paramref name="root"/>; made when it is missing.</param>
internal sealed class FolderIndex(string root, string cacheFolder, TimeProvider clock)
{
    /// <summary>What was touched less than this before it was read is read again next time: file systems count time in ticks of up to two seconds.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(2);

    private readonly string _file = Path.Combine(cacheFolder, $"runs-{Digest.Of(root).Short}.index");

    /// <summary>How many runs were read from their files by the last <see cref="Load"/>.</summary>
    public int Read { get; private set; }

    /// <summary>All runs of experiments whose name matches and that are not deleted, in order of experiment and folder.</summary>
    public IReadOnlyList<RunSource> Load(Func<string, bool> experiments, CancellationToken cancel)
    {
        Dictionary<string, RunImage> known = AtomicFile.TryRead(_file) is { } bytes ? RunImageFile.TryRead(bytes, root) ?? [] : [];
        List<(FolderExperiment Experiment, string Run)> places = [.. Experiments(root).SelectMany(experiment => experiment.Folders().Select(run => (experiment, run)))];
        var images = new RunImage?[places.Count];
        int read = 0;
        Parallel.For(0, places.Count, new ParallelOptions { CancellationToken = cancel }, () => new FolderRunReader(), (i, _, reader) =>
        {
            string folder = Path.Combine(places[i].Experiment.Folder, places[i].Run);
            if (known.TryGetValue(Name(places[i]), out RunImage? image) && image.Newest != long.MaxValue && reader.StampOf(folder, image) == image.Stamp)
            {
                images[i] = image;
                return reader;
            }
            long before = (clock.GetUtcNow() - Tick).ToUnixTimeMilliseconds() * 1_000_000;
            image = reader.Read(folder, withLeaves: true);
            if (!image.HasFacts && !Directory.Exists(Path.Combine(folder, "artifacts")))
                return reader;
            images[i] = image.Newest < before ? image : image with { Newest = long.MaxValue };
            Interlocked.Increment(ref read);
            return reader;
        }, _ => { });
        Read = read;
        var runs = places.Zip(images).Where(one => one.Second is not null).Select(one => (Place: one.First, Image: one.Second!)).ToList();
        if (read > 0 || known.Count != runs.Count)
            Save(runs.Select(run => (Name(run.Place), run.Image)));
        return [.. runs.Where(run => !run.Place.Experiment.IsDeleted && experiments(run.Place.Experiment.Name) && run.Image.Facts.Info.Stage == Tracking.LifecycleStage.Active)
            .Select(run => new FolderRun(Path.Combine(run.Place.Experiment.Folder, run.Place.Run), run.Place.Experiment, run.Image))];
    }

    /// <summary>The experiments of a folder, in ordinal order of their folders' names.</summary>
    public static IEnumerable<FolderExperiment> Experiments(string root) => Directory.EnumerateDirectories(root)
        .Where(folder => Path.GetFileName(folder)[0] != '.').Order(StringComparer.Ordinal).Select(FolderExperiment.Of);

    private static string Name((FolderExperiment Experiment, string Run) place) => $"{Path.GetFileName(place.Experiment.Folder)}/{place.Run}";

    private void Save(IEnumerable<(string Name, RunImage Image)> images)
    {
        try
        {
            Directory.CreateDirectory(cacheFolder);
            AtomicFile.Write(_file, RunImageFile.Write(root, images));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Without an index the next look takes as long as this one.
        }
    }
}
