using System.Collections.Frozen;

namespace Weft.Server.GraphQl;

/// <summary>What a field of a type is.</summary>
/// <param name="Type">A scalar (<c>String</c>, <c>Long</c>, <c>Float</c>, <c>Boolean</c>, <c>Enum</c>) or another type's name.</param>
/// <param name="Json">The member of the REST answer that holds it.</param>
internal sealed record FieldType(string Type, bool IsList, string Json);

/// <summary>
/// The types of MLflow's GraphQL, which mirror the REST answers: a table of names. A field is a String unless the table says otherwise;
/// <c>Long</c> is a 64-bit integer as a string.
/// </summary>
internal static class Schema
{
    private const string Table = """
        Test output
        GetExperiment experiment:Experiment apiError:ApiError
        GetRun run:Run apiError:ApiError
        ListArtifacts rootUri files:[FileInfo] nextPageToken apiError:ApiError
        GetMetricHistoryBulkInterval metrics:[Metric] apiError:ApiError
        SearchModelVersions modelVersions:[ModelVersion] nextPageToken apiError:ApiError
        SearchRuns runs:[Run] nextPageToken apiError:ApiError
        SearchDatasets datasetSummaries:[DatasetSummary] apiError:ApiError
        ApiError code message helpUrl
        Experiment experimentId name artifactLocation lifecycleStage lastUpdateTime:Long creationTime:Long tags:[Tag]
        Run info:RunInfo data:RunData inputs:RunInputs outputs:RunOutputs experiment:Experiment modelVersions:[ModelVersion]
        RunInfo runId runUuid runName experimentId userId status:Enum startTime:Long endTime:Long artifactUri lifecycleStage
        RunData metrics:[Metric] params:[Tag] tags:[Tag]
        RunInputs datasetInputs:[DatasetInput] modelInputs:[ModelInput]
        RunOutputs modelOutputs:[ModelOutput]
        Metric key value:Float timestamp:Long step:Long datasetName datasetDigest modelId runId
        Tag key value
        DatasetInput tags:[Tag] dataset:Dataset
        Dataset name digest sourceType source schema profile
        ModelInput modelId
        ModelOutput modelId step:Long
        FileInfo path isDir:Boolean fileSize:Long
        DatasetSummary experimentId name digest context
        ModelVersion name version creationTimestamp:Long lastUpdatedTimestamp:Long userId currentStage description source runId status:Enum statusMessage tags:[Tag] runLink aliases:[String] modelId modelParams:[ModelParam] modelMetrics:[Metric] deploymentJobState:DeploymentJobState
        ModelParam name value
        DeploymentJobState jobId runId jobState:Enum runState:Enum currentTaskName
        """;

    private static readonly FrozenDictionary<string, FrozenDictionary<string, FieldType>> s_types = Read();

    /// <summary>The field, or null; <c>__typename</c> is a field of every type.</summary>
    public static FieldType? Find(string type, string field)
    {
        if (field == "__typename")
            return new FieldType("String", false, "");
        return s_types.GetValueOrDefault(type)?.GetValueOrDefault(field);
    }

    public static bool IsObject(string type) => s_types.ContainsKey(type);

    private static FrozenDictionary<string, FrozenDictionary<string, FieldType>> Read()
    {
        var types = new Dictionary<string, FrozenDictionary<string, FieldType>>();
        foreach (string line in Table.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] words = line.Split(' ');
            types[words[0]] = words.Skip(1).Select(Field).ToFrozenDictionary(field => field.Name, field => field.Type);
        }
        return types.ToFrozenDictionary();
    }

    private static (string Name, FieldType Type) Field(string word)
    {
        int colon = word.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? word : word[..colon];
        string type = colon < 0 ? "String" : word[(colon + 1)..];
        bool isList = type[0] == '[';
        return (name, new FieldType(isList ? type[1..^1] : type, isList, Snake(name)));
    }

    private static string Snake(string name) => string.Concat(name.Select(c => char.IsAsciiLetterUpper(c) ? $"_{char.ToLowerInvariant(c)}" : c.ToString()));
}
