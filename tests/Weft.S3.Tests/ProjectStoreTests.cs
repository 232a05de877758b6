using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Weft.Platform;
using Weft.Server;
using Weft.Storage;
using Weft.Support;
using Weft.Values;

namespace Weft.S3.Tests;

/// <summary>A bucket behind a folder of this machine, and the program with a project that keeps its outputs there.</summary>
public sealed class ProjectStoreTests : IDisposable
{
    private readonly TemporaryFolder _files = new();
    private readonly string _place = $"s3://{S3Server.Bucket}/p-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
    private readonly S3Folder _folder;
    private readonly S3BlobStore _far;

    public ProjectStoreTests()
    {
        _folder = new S3Folder(S3Location.Parse(_place), S3Server.Shared.Options, TimeProvider.System);
        _far = new S3BlobStore(_folder, new FileHashes(null, TimeProvider.System), TimeProvider.System);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _files.Dispose();
    }

    [Fact]
    public void What_is_put_on_one_machine_is_fetched_once_on_another()
    {
        NearBlobStore here = Near("here"), there = Near("there");
        string[] paths = [_files.Write("one", "1"), _files.Write("two", "2"), _files.Write("again", "1")];
        StoredBlob[] blobs = here.PutFiles(paths, Intake.Copy, default);
        Assert.Equal([Digest.Of("1"), Digest.Of("2"), Digest.Of("1")], blobs.Select(blob => blob.Digest));
        Assert.True(there.Contains(blobs[0].Digest));
        Assert.Empty(there.List());
        there.Get(blobs[0].Digest, _files.Path("got"), HandOut.ReadOnly, isExecutable: false);
        Assert.Equal("1", File.ReadAllText(_files.Path("got")));
        Assert.Equal([blobs[0]], there.List().Select(one => one.Blob));
        // It needs the other store no more.
        _far.TryRemove(blobs[0].Digest, DateTimeOffset.MaxValue);
        there.Get(blobs[0].Digest, _files.Path("got again"), HandOut.Writable, isExecutable: true);
        Assert.Equal("1", File.ReadAllText(_files.Path("got again")));
        Assert.Throws<BlobMissingException>(() => there.Get(Digest.Of("none"), _files.Path("none"), HandOut.ReadOnly, isExecutable: false));
        Assert.Equal(["1"], Directory.GetFiles(_files.Path("there"), "*", SearchOption.AllDirectories).Select(File.ReadAllText).Where(text => text.Length > 0));
    }

    [Fact]
    public void A_download_that_broke_off_is_gone_on_with()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(300_000);
        Digest digest = _far.Put(bytes).Digest;
        File.WriteAllBytes(_files.Write($"here/new/{digest.Hex}.weft-part", ""), bytes[..100_000]);
        NearBlobStore here = Near("here");
        here.Get(digest, _files.Path("got"), HandOut.ReadOnly, isExecutable: false);
        Assert.Equal(bytes, File.ReadAllBytes(_files.Path("got")));
        Assert.Empty(Directory.GetFiles(_files.Path("here/new")));
    }

    [Fact]
    public void Outputs_of_a_project_lie_in_its_bucket_and_a_clone_takes_them_from_there()
    {
        _files.Write("weft.yaml", $$$"""
            weft: 1
            project: shared
            store: {{{_place}}}
            env: {secrets: [TOKEN]}
            tasks:
              make: {script: "seq 1 100 > ${{ outputs.all }}/a; : > ${{ outputs.all }}/empty", outputs: {all: all/}}
              use: {run: "wc -l ${{ inputs.all }}/a", inputs: {all: make.all}, cache: false}
            """);
        Assert.Contains("100", Weft("run", "main").Out, StringComparison.Ordinal);
        Assert.Equal(3, _far.List().Count());
        Directory.Delete(_files.Path(".weft/blobs"), recursive: true);
        Assert.Contains("reuse", Weft("plan", "main").Out, StringComparison.Ordinal);
        Assert.Contains("100", Weft("run", "main").Out, StringComparison.Ordinal);
        Assert.Contains("was reused", Weft("why", "-/make").Out, StringComparison.Ordinal);
        Directory.Delete(_files.Path(".weft/blobs"), recursive: true);
        Weft("artifacts", "get", "-", "all/a", "-o", "a");
        Assert.Equal(100, File.ReadAllLines(_files.Path("a")).Length);
        Weft("artifacts", "put", "a");
        Assert.Equal(3, _far.List().Count());
    }

    [Fact]
    public async Task A_server_finds_outputs_of_other_machines_in_the_bucket()
    {
        _files.Write("weft.yaml", $$$"""
            weft: 1
            store: {{{_place}}}
            tasks:
              make: {script: "echo far > ${{ outputs.note }}", outputs: {note: note.txt}}
            """);
        Weft("run", "main");
        Directory.Delete(_files.Path(".weft/blobs"), recursive: true);
        var options = new ServerOptions
        {
            Database = _files.Path(".weft/weft.db"),
            StateFolder = _files.Path(".weft"),
            RuntimeFolder = Machine.RuntimeFolder(_files.Root),
            ArtifactFolder = _files.Path("mlruns"),
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Variable = S3Server.Shared.Variable,
        };
        await using WeftServer server = await WeftServer.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        using var client = new HttpClient { BaseAddress = server.Address };
        Assert.Equal("far\n", await client.GetStringAsync("/api/weft/v1/executions/-/artifacts/note", CancellationToken.None));
    }

    [Fact]
    public void A_bucket_that_does_not_answer_is_found_out_before_anything_starts()
    {
        _files.Write("weft.yaml", "weft: 1\nstore: s3://no-such-bucket/x\ntasks: {a: {run: 'touch ran'}}\n");
        ProgramResult refused = WeftProgram.Run(_files.Root, S3Server.Shared.Variables, "run", "main");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("make the bucket first", refused.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_files.Path("ran")));
        _files.Write("weft.yaml", "weft: 1\nstore: gs://x\ntasks: {a: {run: 'touch ran'}}\n");
        Assert.Contains("`store` of the file must be a place such as `s3://BUCKET/FOLDER`", WeftProgram.Run(_files.Root, "check").Error, StringComparison.Ordinal);
    }

    private NearBlobStore Near(string name) => new(new FolderBlobStore(_files.Path(name), new FileHashes(null, TimeProvider.System), TimeProvider.System), _far);

    private ProgramResult Weft(params string[] arguments)
    {
        ProgramResult result = WeftProgram.Run(_files.Root, [.. S3Server.Shared.Variables, new("TOKEN", "a token that nobody sees")], arguments);
        Assert.True(result.ExitCode == 0, $"weft {string.Join(' ', arguments)}: {result}");
        return result;
    }
}
