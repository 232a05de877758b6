using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>A graph made at run time: one workflow with the definitions it uses. Those of the plan it may use too.</summary>
public sealed record Fragment(Closure Closure, string Workflow)
{
    /// <summary>How many nodes it has, the handler left out.</summary>
    internal int Open => Closure.Workflows[Workflow] is { } workflow ? workflow.Nodes.Length - (workflow.Handler is null ? 0 : 1) : 0;

    /// <summary>The text that a builder gives as its output <see cref="Node.Grow.Graph"/>.</summary>
    public string Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, PlainJson.Compact))
        {
            json.WriteStartObject();
            json.WriteNumber("format", PlanJson.Format);
            json.WriteString("workflow", Workflow);
            json.WritePropertyName("definitions");
            PlanJson.WriteClosure(json, Closure);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <exception cref="JsonException">It is no fragment, or of a newer form.</exception>
    /// <exception cref="KeyNotFoundException">A part is missing.</exception>
    public static Fragment Read(string text, Closure around)
    {
        using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 1000 });
        JsonElement json = document.RootElement;
        if (json.GetProperty("format").GetInt32() > PlanJson.Format)
            throw new JsonException($"the graph has format {json.GetProperty("format")}; this version of weft reads up to {PlanJson.Format}");
        Closure own = PlanJson.ReadClosure(json.GetProperty("definitions"));
        return new Fragment(new Closure([.. own.Definitions, .. around.Definitions]), json.GetProperty("workflow").GetString()!);
    }

    /// <summary>Reads and checks what a builder gave.</summary>
    /// <returns>Why nothing can grow from it; null when it can.</returns>
    internal static Outcome.Failed? Grow(Closure around, ImmutableSortedDictionary<string, Value> outputs, out Fragment? fragment)
    {
        fragment = null;
        if (outputs.GetValueOrDefault(Node.Grow.Graph) is not Value.Text text)
            return new Outcome.Failed(ErrorClass.User, "grow/graph", $"the builder gave no `{Node.Grow.Graph}`");
        Fragment read;
        try
        {
            read = Read(text.Content, around);
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return new Outcome.Failed(ErrorClass.User, "grow/graph", $"what the builder gave is no graph: {problem.Message}");
        }
        if (!read.Closure.Workflows.ContainsKey(read.Workflow))
            return new Outcome.Failed(ErrorClass.User, "grow/graph", $"the graph has no workflow `{read.Workflow}`");
        if (new GraphCheck(read.Closure).Check(read.Workflow).FirstOrDefault(problem => problem.Diagnostic.Severity == Severity.Error) is { } wrong)
            return new Outcome.Failed(ErrorClass.User, "grow/graph", wrong.Diagnostic.Message);
        fragment = read;
        return null;
    }
}
