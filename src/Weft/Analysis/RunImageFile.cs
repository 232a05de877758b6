using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Weft.Storage;
using Weft.Tracking;

namespace Weft.Analysis;

/// <summary>
/// Images of runs as one file: a version, a checksum, the folder they are of, every text once, then the runs with numbers in place of texts.
/// Numbers are of variable length, seven bits to a byte.
/// </summary>
internal static class RunImageFile
{
    /// <summary>To be raised when the form changes, or what is read from a run's files.</summary>
    private const int Version = 3;

    public static byte[] Write(string root, IEnumerable<(string Name, RunImage Image)> images)
    {
        var texts = new Dictionary<string, int>(StringComparer.Ordinal);
        var body = new Writer(texts);
        int count = 0;
        foreach ((string name, RunImage image) in images)
        {
            count++;
            body.Text(name);
            Write(body, image);
        }
        var head = new Writer([]);
        head.Bytes(Encoding.UTF8.GetBytes(root));
        head.Number(texts.Count);
        foreach (string text in texts.Keys)
            head.Bytes(Encoding.UTF8.GetBytes(text));
        head.Number(count);
        byte[] file = [.. new byte[8], .. head.ToArray(), .. body.ToArray()];
        BinaryPrimitives.WriteInt32LittleEndian(file, Version);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(4), Crc32C.Of(file.AsSpan(8)));
        return file;
    }

    /// <summary>The images by name; null when the bytes are no such file, or of another folder or version.</summary>
    public static Dictionary<string, RunImage>? TryRead(ReadOnlySpan<byte> file, string root)
    {
        if (file.Length < 8 || BinaryPrimitives.ReadInt32LittleEndian(file) != Version || BinaryPrimitives.ReadUInt32LittleEndian(file[4..]) != Crc32C.Of(file[8..]))
            return null;
        var reader = new Reader(file[8..]);
        if (reader.String() != root)
            return null;
        string[] texts = new string[reader.Number()];
        for (int i = 0; i < texts.Length; i++)
            texts[i] = reader.String();
        reader.Texts = texts;
        int count = (int)reader.Number();
        var images = new Dictionary<string, RunImage>(count, StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
            images.Add(reader.Text(), ReadImage(ref reader));
        return images;
    }

    private static void Write(Writer to, RunImage image)
    {
        to.Number((long)image.Stamp);
        to.Number(image.Newest);
        to.Number(image.HasFacts ? 1 : 0);
        RunInfo info = image.Facts.Info;
        to.Text(info.Id.Value);
        to.Number(info.Experiment);
        to.Text(info.Name);
        to.Text(info.User);
        to.Number((long)info.Status);
        to.Number(info.Started);
        to.Number(info.Ended ?? -1);
        to.Text(info.ArtifactUri);
        to.Number((long)info.Stage);
        Write(to, image.Facts.Params);
        to.Number(image.Facts.Metrics.Length);
        foreach (MetricSummary metric in image.Facts.Metrics)
        {
            to.Text(metric.Last.Key);
            to.Double(metric.Last.Value);
            to.Number(metric.Last.Timestamp);
            to.Number(metric.Last.Step);
            to.Double(metric.Min);
            to.Double(metric.Max);
        }
        to.Number(image.Leaves?.Length ?? -1);
        foreach (Leaf leaf in image.Leaves ?? [])
        {
            to.Text(leaf.Path);
            to.Text(leaf.Json);
        }
    }

    private static void Write(Writer to, ImmutableArray<Param> all)
    {
        to.Number(all.Length);
        foreach (Param param in all)
        {
            to.Text(param.Key);
            to.Text(param.Value);
        }
    }

    private static RunImage ReadImage(ref Reader from)
    {
        ulong stamp = (ulong)from.Number();
        long newest = from.Number();
        bool hasFacts = from.Number() == 1;
        var info = new RunInfo(
            new RunId(from.Text()), from.Number(), from.Text(), from.Text(), (RunStatus)from.Number(), from.Number(), from.Number() is var ended and not -1 ? ended : null, from.Text(),
            (LifecycleStage)from.Number());
        ImmutableArray<Param> parameters = ReadParams(ref from);
        var metrics = new MetricSummary[from.Number()];
        for (int i = 0; i < metrics.Length; i++)
        {
            string key = from.Text();
            double value = from.Double();
            metrics[i] = new MetricSummary(new MetricPoint(key, value, from.Number(), from.Number()), from.Double(), from.Double());
        }
        var facts = new Tracking.Run(info) { Params = parameters, Metrics = ImmutableCollectionsMarshal.AsImmutableArray(metrics) };
        return new RunImage(facts, hasFacts) { Stamp = stamp, Newest = newest, Leaves = ReadLeaves(ref from) };
    }

    private static ImmutableArray<Param> ReadParams(ref Reader from)
    {
        var all = new Param[from.Number()];
        for (int i = 0; i < all.Length; i++)
            all[i] = new Param(from.Text(), from.Text());
        return ImmutableCollectionsMarshal.AsImmutableArray(all);
    }

    private static ImmutableArray<Leaf>? ReadLeaves(ref Reader from)
    {
        long count = from.Number();
        if (count < 0)
            return null;
        var all = new Leaf[count];
        for (int i = 0; i < all.Length; i++)
            all[i] = new Leaf(from.Text(), from.Text());
        return ImmutableCollectionsMarshal.AsImmutableArray(all);
    }

    private sealed class Writer(Dictionary<string, int> texts)
    {
        private readonly ArrayBufferWriter<byte> _bytes = new(1 << 16);

        public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

        public void Number(long number)
        {
            ulong rest = (ulong)number;
            while (rest >= 0x80)
            {
                Byte((byte)(rest | 0x80));
                rest >>= 7;
            }
            Byte((byte)rest);
        }

        public void Double(double number)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteDoubleLittleEndian(bytes, number);
            _bytes.Write(bytes);
        }

        public void Bytes(byte[] bytes)
        {
            Number(bytes.Length);
            _bytes.Write(bytes);
        }

        public void Text(string text)
        {
            if (!texts.TryGetValue(text, out int number))
                texts.Add(text, number = texts.Count);
            Number(number);
        }

        private void Byte(byte one)
        {
            _bytes.GetSpan(1)[0] = one;
            _bytes.Advance(1);
        }
    }

    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public string[] Texts = [];

        public long Number()
        {
            ulong number = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte next = _rest[0];
                _rest = _rest[1..];
                number |= (ulong)(next & 0x7F) << shift;
                if (next < 0x80)
                    return (long)number;
            }
        }

        public double Double()
        {
            double number = BinaryPrimitives.ReadDoubleLittleEndian(_rest);
            _rest = _rest[8..];
            return number;
        }

        public string String()
        {
            int length = (int)Number();
            string text = Encoding.UTF8.GetString(_rest[..length]);
            _rest = _rest[length..];
            return text;
        }

        public string Text() => Texts[Number()];
    }
}
