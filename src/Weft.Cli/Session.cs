using System.Text;
using System.Text.Json;
using Weft.Platform;
using Weft.Text;

namespace Weft.Cli;

/// <summary>
/// What a command works with: its surroundings and its two streams. Results go to <see cref="Out"/>, everything else to
/// <see cref="Error"/>. Both are UTF-8 without a byte-order mark and buffered; they are flushed when the command ends.
/// </summary>
internal sealed class Session : IDisposable
{
    private readonly Dictionary<string, ProjectDigests> _digests = new(StringComparer.Ordinal);

    public Session(Surroundings surroundings, bool json, bool quiet, string color)
    {
        Surroundings = surroundings;
        Json = json;
        Quiet = quiet;
        var utf8 = new UTF8Encoding(false);
        OutStream = StandardStream.OpenOutput();
        Out = new StreamWriter(OutStream, utf8, 1 << 16) { AutoFlush = false, NewLine = "\n" };
        Error = new StreamWriter(StandardStream.OpenError(), utf8, 1 << 12) { AutoFlush = true, NewLine = "\n" };
        bool wanted = color == "always" || (color != "never" && surroundings.Variable("NO_COLOR") is null && surroundings.Variable("TERM") != "dumb");
        ColorsOut = wanted && (color == "always" || surroundings.OutputIsTerminal);
        ColorsError = wanted && (color == "always" || surroundings.ErrorIsTerminal);
    }

    public Surroundings Surroundings { get; }

    /// <summary>What is known of the content of a project's files.</summary>
    public ProjectDigests DigestsOf(string root)
    {
        if (_digests.TryGetValue(root, out ProjectDigests? known))
            return known;
        return _digests[root] = new ProjectDigests(root);
    }

    public bool Json { get; }

    public bool Quiet { get; }

    public StreamWriter Out { get; }

    public Stream OutStream { get; }

    public StreamWriter Error { get; }

    public bool ColorsOut { get; }

    public bool ColorsError { get; }

    /// <summary>A line for people beside the result: on standard error, and not with <c>--quiet</c>.</summary>
    public void Say(string line)
    {
        Out.Flush();
        if (!Quiet)
            Error.WriteLine(line);
    }

    /// <summary>Writes one JSON document and a line feed to standard output.</summary>
    public void WriteJson(Action<Utf8JsonWriter> write)
    {
        Out.Flush();
        using (var json = new Utf8JsonWriter(OutStream, new JsonWriterOptions { Indented = true, MaxDepth = Config.Nodes.ConfigJson.MaxDepth, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            write(json);
        OutStream.WriteByte((byte)'\n');
        OutStream.Flush();
    }

    /// <summary>Prints what is wrong: text on standard error, or with <c>--json</c> one document on standard output.</summary>
    public void Report(Diagnostics diagnostics)
    {
        if (Json)
        {
            WriteJson(json =>
            {
                json.WriteStartObject();
                json.WritePropertyName("diagnostics");
                DiagnosticPrinter.WriteJson(json, diagnostics);
                json.WriteEndObject();
            });
            return;
        }
        Out.Flush();
        string text = DiagnosticPrinter.Print(diagnostics);
        Error.Write(ColorsError ? Paint(text) : text);
    }

    private static string Paint(string text) => text
        .Replace("error: ", "\u001b[1;31merror\u001b[0m: ", StringComparison.Ordinal)
        .Replace("warning: ", "\u001b[1;33mwarning\u001b[0m: ", StringComparison.Ordinal)
        .Replace("\nhint: ", "\n\u001b[1;36mhint\u001b[0m: ", StringComparison.Ordinal);

    public void Dispose()
    {
        foreach (ProjectDigests digests in _digests.Values)
            digests.Dispose();
        try
        {
            Out.Flush();
            Error.Flush();
        }
        catch (IOException)
        {
            // The terminal or the reader of our output is gone: nobody is left to be told.
        }
    }
}
