using System.Diagnostics;
using System.Text.Json;
using Weft.Records;
using Weft.Records.Sqlite;
using Weft.Support;
using Weft.Tracking.Exchange;

namespace Weft.EndToEnd;

/// <summary>Imports of some size with the published program, killed and started again.</summary>
public sealed class ImportTests : IDisposable
{
    private const int Runs = 2000;
    private const int PointsPerRun = 40;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_import_that_is_killed_again_and_again_ends_with_every_point()
    {
        MakeDatabase(_folder.Path("mlflow.db"));
        long seen = 0;
        for (int kills = 0; kills < 4; kills++)
        {
            using Process import = WeftProgram.Start(_folder.Root, [], "import", "mlflow", "mlflow.db");
            // Killed as soon as it has written more than the one before.
            while (!import.HasExited && CountRuns() <= seen)
            {
            }
            import.Kill();
            import.WaitForExit();
            seen = CountRuns();
        }
        ProgramResult last = WeftProgram.Run(_folder.Root, "import", "mlflow", "mlflow.db", "--json");
        Assert.Equal(0, last.ExitCode);
        JsonElement counts = JsonElement.Parse(last.Out);
        Assert.Equal(Runs, counts.GetProperty("runs").GetInt64() + counts.GetProperty("present").GetInt64());
        JsonElement exported = JsonElement.Parse(WeftProgram.Run(_folder.Root, "export", "mlflow", "back.db", "--json").Out);
        Assert.Equal((Runs, Runs * PointsPerRun), (exported.GetProperty("runs").GetInt32(), exported.GetProperty("points").GetInt32()));
    }

    private long CountRuns()
    {
        string path = _folder.Path(".weft/weft.db");
        if (!File.Exists(path))
            return 0;
        try
        {
            using SqliteDatabase db = SqliteDatabase.OpenForeign(path, mustExist: true, TimeProvider.System, default);
            return db.Prepare("SELECT count(*) FROM run").QueryLong() ?? 0;
        }
        catch (DatabaseException)
        {
            // Its tables are being made.
            return 0;
        }
    }

    private static void MakeDatabase(string path)
    {
        using SqliteDatabase db = SqliteDatabase.OpenForeign(path, mustExist: false, TimeProvider.System, default);
        using Transaction change = db.BeginWrite(default);
        db.Execute(MlflowSchema.Tables);
        db.Execute("INSERT INTO experiments VALUES (0, 'Default', '/a/0', 'active', 1, 1)");
        for (int run = 0; run < Runs; run++)
        {
            string id = $"{run:x32}";
            db.Prepare("INSERT INTO runs VALUES (?1, ?1, 'UNKNOWN', '', '', 'u', 'FINISHED', ?2, ?2, '', 'active', '/a/0', 0, NULL)").Bind(1, id).Bind(2, run).Run();
            for (int step = 0; step < PointsPerRun; step++)
                db.Prepare("INSERT INTO metrics VALUES ('loss', ?1, ?2, ?3, ?2, 0)").Bind(1, run + step / 7.0).Bind(2, step).Bind(3, id).Run();
        }
        change.Commit();
    }
}
