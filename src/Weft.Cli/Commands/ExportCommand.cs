using Weft.Text;
using Weft.Tracking.Exchange;

namespace Weft.Cli.Commands;

/// <summary><c>weft export mlflow</c>: our store as a database or a file store that MLflow opens.</summary>
internal static class ExportCommand
{
    private static readonly string[] s_databaseEnds = [".db", ".sqlite", ".sqlite3"];

    public static readonly Command Command = new("export mlflow", "write experiments, runs and models for MLflow", "TARGET",
        [Transfer.Names, Transfer.CopyArtifacts, StoreChoice.Flag, StoreChoice.Artifacts], Run)
    {
        Count = (1, 1),
        Detail = "TARGET is a SQLite file (FILE.db), which MLflow 2.13 opens and later versions bring up to date by `mlflow db upgrade`, or a folder for a file store. What is there already stays as it is, so an export that broke off is simply started again.",
        Examples =
        [
            ("weft export mlflow mlflow.db", "then: mlflow server --backend-store-uri sqlite:///mlflow.db"),
            ("weft export mlflow ./mlruns --copy-artifacts", "a file store with the files of its runs"),
        ],
    };

    private static int Run(Arguments arguments, Session session) => Transfer.Run(
        arguments, session, (store, artifacts) => new StoreSource(store, artifacts), (_, _) => Open(arguments.Words[0], Launch.WorkingFolder(arguments, session), arguments.Has(Transfer.CopyArtifacts)), "exported");

    private static RunTarget Open(Source word, string folder, bool copies)
    {
        string target = word.Text.StartsWith("sqlite:///", StringComparison.Ordinal) ? word.Text["sqlite:///".Length..] : word.Text;
        string path = Path.GetFullPath(target, folder);
        bool isDatabase = File.Exists(path) || s_databaseEnds.Any(end => path.EndsWith(end, StringComparison.OrdinalIgnoreCase));
        if (!isDatabase)
            return new MlflowFilesTarget(path, copies);
        string place = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(place))
            throw new DiagnosticException("export/folder", $"there is no folder `{place}`", word.Whole, $"mkdir -p {place}");
        return new MlflowDatabaseTarget(path, copies ? Path.Combine(place, "mlruns") : null, TimeProvider.System);
    }
}
