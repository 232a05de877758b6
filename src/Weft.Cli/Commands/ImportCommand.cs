using System.Net.Http.Headers;
using System.Text;
using Weft.Text;
using Weft.Tracking.Exchange;

namespace Weft.Cli.Commands;

/// <summary><c>weft import mlflow</c>: experiments, runs and models of MLflow into our store.</summary>
internal static class ImportCommand
{
    public static readonly Command Command = new("import mlflow", "take over experiments, runs and models from MLflow", "SOURCE",
        [Transfer.Names, Transfer.CopyArtifacts, StoreChoice.Flag, StoreChoice.Artifacts], Run)
    {
        Count = (1, 1),
        Detail = "SOURCE is an `mlruns` folder, a SQLite file, or a server's http:// address (MLFLOW_TRACKING_TOKEN, or _USERNAME and _PASSWORD, are sent to it). Runs that are here already stay as they are, so an import that broke off is simply started again.",
        Examples =
        [
            ("weft import mlflow ./mlruns", "a file store"),
            ("weft import mlflow mlflow.db --copy-artifacts", "a database, and the files of its runs"),
            ("weft import mlflow http://mlflow:5000 -e iris", "one experiment of a server"),
        ],
    };

    private static int Run(Arguments arguments, Session session) => Transfer.Run(
        arguments, session, (_, _) => Open(arguments.Words[0], Launch.WorkingFolder(arguments, session), session), (store, artifacts) => new StoreTarget(store, artifacts), "imported");

    private static RunSource Open(Source word, string folder, Session session)
    {
        string source = word.Text;
        if (source.StartsWith("http://", StringComparison.Ordinal) || source.StartsWith("https://", StringComparison.Ordinal))
            return Uri.TryCreate(source, UriKind.Absolute, out Uri? address) ? new MlflowServer(address, Authorization(address, session)) : throw Unknown();
        foreach (string scheme in (string[])["sqlite:///", "file://", "file:"])
        {
            if (source.StartsWith(scheme, StringComparison.Ordinal))
            {
                source = source[scheme.Length..];
                break;
            }
        }
        string path = Path.GetFullPath(source, folder);
        if (File.Exists(path))
            return new MlflowDatabase(path, TimeProvider.System);
        if (Directory.Exists(Path.Combine(path, "mlruns")) && !MlflowFiles.IsOne(path))
            path = Path.Combine(path, "mlruns");
        return MlflowFiles.IsOne(path) ? new MlflowFiles(path) : throw Unknown();

        DiagnosticException Unknown() => new("import/source", $"`{word.Text}` is no `mlruns` folder, no file and no server's address", word.Whole, "expected a folder with experiments, a SQLite file, or http://…");
    }

    /// <summary>As MLflow's own clients find it: in the environment, or before the host of the address.</summary>
    private static AuthenticationHeaderValue? Authorization(Uri address, Session session)
    {
        if (session.Surroundings.Variable("MLFLOW_TRACKING_TOKEN") is { Length: > 0 } token)
            return new AuthenticationHeaderValue("Bearer", token);
        string? user = session.Surroundings.Variable("MLFLOW_TRACKING_USERNAME") is { Length: > 0 } name
            ? $"{name}:{session.Surroundings.Variable("MLFLOW_TRACKING_PASSWORD")}"
            : address.UserInfo.Length > 0 ? Uri.UnescapeDataString(address.UserInfo) : null;
        return user is null ? null : new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(user)));
    }
}
