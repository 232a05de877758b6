using Amazon.S3.Model;

namespace Weft.S3;

/// <summary>Reads an object. A connection that breaks is opened again where it was; moving about opens it where it is read next.</summary>
internal sealed class S3Stream(S3Folder folder, string path, long length) : Stream
{
    private const int Retries = 5;

    private GetObjectResponse? _open;
    private long _openAt;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => _position = value;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position >= length || buffer.IsEmpty)
            return 0;
        for (int retry = 0; ; retry++)
        {
            try
            {
                Stream content = await OpenAsync(cancellationToken);
                int read = await content.ReadAsync(buffer, cancellationToken);
                if (read == 0)
                    throw new EndOfStreamException($"{folder.Location}/{path} ended at {_position} of {length} bytes");
                _position += read;
                _openAt += read;
                return read;
            }
            catch (Exception broken) when (broken is IOException or HttpRequestException && retry < Retries)
            {
                Leave();
            }
            catch (Exception failure) when (S3Folder.IsFailure(failure))
            {
                throw folder.Failed("read", path, failure);
            }
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override long Seek(long offset, SeekOrigin origin) => _position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        Leave();
        base.Dispose(disposing);
    }

    private async Task<Stream> OpenAsync(CancellationToken cancel)
    {
        if (_open is not null && _openAt == _position)
            return _open.ResponseStream;
        Leave();
        var request = new GetObjectRequest { BucketName = folder.Location.Bucket, Key = folder.Location.Key(path) };
        if (_position > 0)
            request.ByteRange = new ByteRange(_position, length - 1);
        _open = await folder.Client.GetObjectAsync(request, cancel);
        _openAt = _position;
        return _open.ResponseStream;
    }

    private void Leave()
    {
        _open?.Dispose();
        _open = null;
    }
}
