using System.Collections.Immutable;
using System.Globalization;
using Weft.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Weft.Config.Yaml;

/// <summary>
/// Reads YAML text into nodes with spans, from the events of YamlDotNet. Anchors, aliases and merge keys (<c>&lt;&lt;</c>) are resolved here.
/// Limits: <see cref="MaxDepth"/> levels, <see cref="MaxExpandedSize"/> nodes with every alias written out (an alias bomb is refused
/// before anything walks it). A broken document gives a diagnostic and null.
/// </summary>
internal static class YamlReader
{
    public const int MaxDepth = 1000;

    public const long MaxExpandedSize = 5_000_000;

    /// <param name="isTextKey">
    /// Says which scalar keys are text; only those must be unique in their map, and other keys may repeat. Null: every key must be unique as written.
    /// </param>
    /// <returns>The root node of the first document; null when the text is empty or broken (then a diagnostic says so).</returns>
    public static YamlNode? Read(Source source, Diagnostics diagnostics, Func<YamlScalar, bool>? isTextKey = null)
    {
        var documents = ReadAll(source, diagnostics, isTextKey);
        if (documents.Count > 1)
        {
            diagnostics.Error("yaml/several-documents", "expected one YAML document, found another one", documents[1].At, "remove the line `---`");
            return null;
        }
        return documents.Count == 0 ? null : documents[0];
    }

    /// <summary>The roots of all documents of a stream, in order. Empty documents are left out.</summary>
    public static IReadOnlyList<YamlNode> ReadAll(Source source, Diagnostics diagnostics, Func<YamlScalar, bool>? isTextKey = null)
    {
        var roots = new List<YamlNode>();
        var events = new Events(source, diagnostics, isTextKey);
        try
        {
            while (events.NextDocument() is { } isEmpty)
            {
                YamlNode? root = events.ReadNode(0);
                if (root is not null && !isEmpty)
                    roots.Add(root);
            }
        }
        catch (YamlException e)
        {
            int start = events.PlaceOf(e.Start);
            int end = Math.Max(start, events.PlaceOf(e.End));
            // The scanner names the place where the map began.
            if (e.Message.Contains("tab as indentation", StringComparison.Ordinal) && TabAfter(source, start) is { } tab)
                (start, end) = (tab, tab + 1);
            diagnostics.Error("yaml/syntax", Describe(e), source.At(start, end - start), HintFor(source, start));
            return [];
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // YamlDotNet's scanner leaves with these on some unfinished documents instead of with its own exception.
            diagnostics.Error("yaml/syntax", "not YAML: the structure before this place is not closed, or the text is not a value", source.At(events.Offset), HintFor(source, events.Offset));
            return [];
        }
        catch (TooDeepException e)
        {
            diagnostics.Error("yaml/too-deep", $"more than {MaxDepth} nested levels", e.At);
            return [];
        }
        foreach (YamlNode root in roots)
        {
            if (root.ExpandedSize > MaxExpandedSize)
            {
                diagnostics.Error("yaml/too-large", $"this document has {Many(root.ExpandedSize)} nodes with its aliases expanded, more than the {MaxExpandedSize:N0} that one may have", root.At.Part(0, Math.Min(1, root.At.Length)));
                return [];
            }
        }
        return roots;
    }

    private static string Many(long number) => number == long.MaxValue ? "uncountably many" : number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>The first tab among the blanks at the start of a line.</summary>
    private static int? TabAfter(Source source, int start)
    {
        for (int at = start; at < source.Text.Length; at++)
        {
            if (source.Text[at] == '\t' && source.Text[(source.Text.LastIndexOf('\n', at) + 1)..at].Trim(' ').Length == 0)
                return at;
        }
        return null;
    }

    private static string Describe(YamlException e)
    {
        string message = e.Message;
        // YamlDotNet writes "(Lin: 1, Col: 2, Chr: 3) - (…): text" in front; the place is printed by our own means.
        int colon = message.AsSpan().LastIndexOf("): ");
        if (colon >= 0)
            message = message[(colon + 3)..];
        message = message.TrimEnd('.');
        return message.Length == 0 ? "this is not YAML" : "not YAML: " + char.ToLowerInvariant(message[0]) + message[1..];
    }

    private static string? HintFor(Source source, int start)
    {
        Position position = source.PositionOf(start);
        ReadOnlySpan<char> line = source.Line(position.Line);
        ReadOnlySpan<char> indent = line[..(line.Length - line.TrimStart(" \t").Length)];
        return indent.Contains('\t') ? "indent with spaces; YAML does not allow tabs there" : null;
    }

    private sealed class TooDeepException(Span at) : Exception
    {
        public Span At { get; } = at;
    }

    /// <summary>The event stream with one event of look-ahead and the anchors seen so far.</summary>
    private sealed class Events
    {
        private readonly Source _source;
        private readonly Diagnostics _diagnostics;
        private readonly Func<YamlScalar, bool>? _isTextKey;
        private readonly FlowText _text;
        private readonly Scanner _scanner;
        private readonly Parser _parser;
        private readonly Dictionary<string, YamlNode?> _anchors = new(StringComparer.Ordinal);

        public Events(Source source, Diagnostics diagnostics, Func<YamlScalar, bool>? isTextKey)
        {
            _isTextKey = isTextKey;
            _source = source;
            _diagnostics = diagnostics;
            _text = FlowText.Of(source.Text);
            _scanner = new Scanner(new StringReader(_text.Text), skipComments: true);
            _parser = new Parser(_scanner);
        }

        /// <summary>How far the text was read.</summary>
        public int Offset => PlaceOf(_scanner.CurrentPosition);

        /// <summary>A place of the parser in the source.</summary>
        public int PlaceOf(Mark mark) => _text.Original((int)Math.Min(mark.Index, _text.Text.Length));

        /// <summary>Moves to the next document: true when it is empty, null at the end of the stream.</summary>
        public bool? NextDocument()
        {
            while (_parser.MoveNext())
            {
                if (_parser.Current is DocumentStart)
                {
                    _anchors.Clear();
                    _parser.MoveNext();
                    return _parser.Current is YamlDotNet.Core.Events.Scalar { IsPlainImplicit: true, Style: ScalarStyle.Plain, Value.Length: 0 } scalar && scalar.Anchor.IsEmpty;
                }
            }
            return null;
        }

        /// <summary>The parser leaves without a word in the middle of some documents, such as a map with an empty key.</summary>
        private ParsingEvent Current => _parser.Current ?? throw new InvalidOperationException("the events end inside a node");

        /// <summary>Reads the node at the current event and leaves the parser on the last event of it.</summary>
        public YamlNode? ReadNode(int depth)
        {
            ParsingEvent current = Current;
            Span at = SpanOf(current);
            if (depth > MaxDepth)
                throw new TooDeepException(at);
            switch (current)
            {
                case AnchorAlias alias:
                    return Resolve(alias, at);
                case YamlDotNet.Core.Events.Scalar scalar:
                    var leaf = new YamlScalar(at, TagOf(scalar.Tag), _text.Restore(scalar.Value), scalar.Style == ScalarStyle.Plain)
                    {
                        IsBlock = scalar.Style is ScalarStyle.Literal or ScalarStyle.Folded,
                    };
                    return Named(scalar.Anchor, leaf);
                case SequenceStart start:
                    Announce(start.Anchor);
                    return Named(start.Anchor, ReadSequence(start, at, depth));
                case MappingStart start:
                    Announce(start.Anchor);
                    return Named(start.Anchor, ReadMapping(start, at, depth));
                default:
                    return null;
            }
        }

        private YamlSequence ReadSequence(SequenceStart start, Span at, int depth)
        {
            var items = ImmutableArray.CreateBuilder<YamlNode>();
            while (_parser.MoveNext() && _parser.Current is not SequenceEnd)
            {
                if (ReadNode(depth + 1) is { } item)
                    items.Add(item);
            }
            return new YamlSequence(at.To(SpanOf(Current)), TagOf(start.Tag), items.DrainToImmutable());
        }

        private YamlMapping ReadMapping(MappingStart start, Span at, int depth)
        {
            var own = new List<YamlEntry>();
            var merged = new List<YamlEntry>();
            var seen = new Dictionary<(string, bool), YamlNode>();
            while (_parser.MoveNext() && _parser.Current is not MappingEnd)
            {
                YamlNode? key = ReadNode(depth + 1);
                _parser.MoveNext();
                YamlNode? value = ReadNode(depth + 1);
                if (key is null || value is null)
                    continue;
                if (key is YamlScalar { Text: "<<", IsPlain: true })
                {
                    CollectMerged(value, merged);
                    continue;
                }
                if (key is YamlScalar scalar && Identity(scalar) is { } identity && !seen.TryAdd(identity, key))
                {
                    _diagnostics.Add(new Diagnostic("yaml/duplicate-key", $"key `{scalar.Text}` stands twice in one map", key.At)
                        .WithNote("it was first given here", seen[identity].At));
                    continue;
                }
                own.Add(new YamlEntry(key, value));
            }
            return new YamlMapping(at.To(SpanOf(Current)), TagOf(start.Tag), [.. Merge(merged, own)]);
        }

        /// <summary>What must not stand twice in one map; null for a key that may.</summary>
        private (string, bool)? Identity(YamlScalar key) =>
            _isTextKey is null ? (key.Text, key.IsPlain)
            : _isTextKey(key) ? (key.Text, true)
            : null;

        private void CollectMerged(YamlNode value, List<YamlEntry> merged)
        {
            switch (value)
            {
                case YamlMapping mapping:
                    merged.AddRange(mapping.Entries);
                    break;
                case YamlSequence sequence when sequence.Items.All(item => item is YamlMapping):
                    // The first map of the list has precedence: it comes last here, and later entries replace earlier ones.
                    foreach (YamlMapping mapping in sequence.Items.Reverse().Cast<YamlMapping>())
                        merged.AddRange(mapping.Entries);
                    break;
                default:
                    _diagnostics.Error("yaml/merge", $"`<<` merges a map or a list of maps, found {value.Kind}", value.At);
                    break;
            }
        }

        /// <summary>Merged entries first, in the position of their first appearance; later ones and the map's own replace their values.</summary>
        private IEnumerable<YamlEntry> Merge(List<YamlEntry> merged, List<YamlEntry> own)
        {
            if (merged.Count == 0)
                return own;
            var result = new List<YamlEntry>();
            var index = new Dictionary<(string, bool), int>();
            foreach (YamlEntry entry in merged.Concat(own))
            {
                if (entry.Key is YamlScalar scalar && Identity(scalar) is { } identity)
                {
                    if (index.TryGetValue(identity, out int at))
                    {
                        result[at] = entry;
                        continue;
                    }
                    index.Add(identity, result.Count);
                }
                result.Add(entry);
            }
            return result;
        }

        private void Announce(AnchorName anchor)
        {
            if (!anchor.IsEmpty)
                _anchors[anchor.Value] = null;
        }

        private YamlNode Named(AnchorName anchor, YamlNode node)
        {
            if (!anchor.IsEmpty)
                _anchors[anchor.Value] = node;
            return node;
        }

        private YamlNode? Resolve(AnchorAlias alias, Span at)
        {
            if (_anchors.TryGetValue(alias.Value.Value, out YamlNode? node))
            {
                if (node is not null)
                    return node;
                _diagnostics.Error("yaml/recursive-alias", $"`*{alias.Value.Value}` stands inside its own anchor", at);
            }
            else
            {
                _diagnostics.Error("yaml/unknown-alias", $"no anchor `&{alias.Value.Value}` before this alias", at, Suggest.Hint(alias.Value.Value, _anchors.Keys));
            }
            return new YamlScalar(at, null, "", true);
        }

        private Span SpanOf(ParsingEvent e)
        {
            int start = PlaceOf(e.Start);
            return _source.At(start, Math.Max(0, PlaceOf(e.End) - start));
        }

        private static string? TagOf(TagName tag) => tag.IsEmpty ? null : tag.Value;
    }
}
