using System.Globalization;
using Weft.Tracking;

namespace Weft.Server.Http;

/// <summary>Refuses a call whose caller may not do that. It is asked only for callers that may not do everything.</summary>
internal delegate ValueTask Guard(Call call);

/// <summary>What the routes ask of their callers. A route without one of these is for who may do everything.</summary>
internal static class Guards
{
    /// <summary>Everybody with an account; what is found is filtered by what they may read.</summary>
    public static readonly Guard Anyone = _ => default;

    /// <summary>On the experiment that the request names.</summary>
    public static Guard Experiment(Permission least) => async call =>
    {
        Fields fields = await KeptAsync(call);
        call.Caller.Demand(NamedExperiment(fields.Text("experiment_id") is { Length: > 0 } id ? id : "0"), least);
    };

    /// <summary>By an id as clients write it. One that is no number names no experiment of ours; permissions on it may be kept all the same.</summary>
    public static Subject NamedExperiment(string id) => long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? Subject.Experiment(number) : new Subject("experiment", id);

    public static Guard ExperimentByName(Permission least) => async call =>
    {
        if (call.Store.Experiments.FindByName((await KeptAsync(call)).Required("experiment_name")) is { } experiment)
            call.Caller.Demand(Subject.Experiment(experiment.Id), least);
    };

    /// <summary>On the experiment of the run that the request names.</summary>
    public static Guard Run(Permission least) => async call =>
    {
        Fields fields = await KeptAsync(call);
        string id = fields.Text("run_id") is { Length: > 0 } given ? given : fields.Text("run_uuid") ?? "";
        OnRun(call, id, least);
    };

    /// <summary>On the experiment of the run that the query names; the body is a file.</summary>
    public static Guard RunOfQuery(Permission least) => call =>
    {
        OnRun(call, call.Query("run_uuid") is { Length: > 0 } old ? old : call.Query("run_id"), least);
        return default;
    };

    /// <summary>On the experiment that a new trace says it belongs to.</summary>
    public static readonly Guard NewTrace = async call =>
    {
        Fields? experiment = (await KeptAsync(call)).Item("trace")?.Item("trace_info")?.Item("trace_location")?.Item("mlflow_experiment");
        call.Caller.Demand(Subject.Experiment(experiment?.RequiredExperiment() ?? -1), Permission.Edit);
    };

    /// <summary>On executions, which belong to no experiment: what the caller may do where nothing was granted.</summary>
    public static Guard Project(Permission least) => call => call.Caller.Default >= least ? default : throw Denied();

    /// <summary>On the experiment of the run in the path.</summary>
    public static Guard RunOfPath(Permission least) => call =>
    {
        OnRun(call, Uri.UnescapeDataString(call.Parts[0]), least);
        return default;
    };

    /// <summary>On the experiments of all runs that the request names.</summary>
    public static Guard Runs(string name, Permission least) => async call =>
    {
        foreach (string id in (await KeptAsync(call)).Texts(name))
            OnRun(call, id, least);
    };

    /// <summary>On the registered model that the request names.</summary>
    public static Guard Model(Permission least) => async call => call.Caller.Demand(Subject.Model((await KeptAsync(call)).Text("name") ?? ""), least);

    /// <summary>On the experiment of the logged model in the path.</summary>
    public static Guard LoggedModel(Permission least) => call =>
    {
        call.Caller.Demand(Subject.Experiment(call.Store.LoggedModels.Get(Uri.UnescapeDataString(call.Parts[0])).Experiment), least);
        return default;
    };

    /// <summary>On the experiment of the trace in the path.</summary>
    public static Guard Trace(Permission least) => call =>
    {
        call.Caller.Demand(Subject.Experiment(call.Store.Traces.Get(Uri.UnescapeDataString(call.Parts[0])).Experiment), least);
        return default;
    };

    /// <summary>On the experiments of the traces that any of these members names.</summary>
    public static Guard Traces(Permission least, params string[] names) => async call =>
    {
        Fields fields = await KeptAsync(call);
        foreach (Trace trace in call.Store.Traces.Find([.. names.SelectMany(name => fields.OneOrMore(name))]))
            call.Caller.Demand(Subject.Experiment(trace.Experiment), least);
    };

    /// <summary>On the experiment that the header of OpenTelemetry's protocol names.</summary>
    public static readonly Guard Spans = call =>
    {
        call.Caller.Demand(Subject.Experiment(Fields.ExperimentId(call.Http.Request.Headers["x-mlflow-experiment-id"].FirstOrDefault() ?? "")), Permission.Edit);
        return default;
    };

    /// <summary>On the experiment that proxied files belong to: they lie below a folder of its number.</summary>
    public static Guard Files(Permission least) => call =>
    {
        string path = call.Parts.Length > 0 ? Uri.UnescapeDataString(call.Parts[0]) : call.Query("path");
        string first = path.Split('/')[0];
        if (!long.TryParse(first, out long experiment) || call.Store.Experiments.Find(experiment) is null)
            throw Denied();
        call.Caller.Demand(Subject.Experiment(experiment), least);
        return default;
    };

    public static TrackingException Denied() => new(TrackingError.PermissionDenied, "Permission denied");

    private static void OnRun(Call call, string id, Permission least)
    {
        // Of a run that is not there the handler says so.
        if (call.Store.Runs.Find(new RunId(id)) is { } run)
            call.Caller.Demand(Subject.Experiment(run.Info.Experiment), least);
    }

    private static async ValueTask<Fields> KeptAsync(Call call)
    {
        if (!call.HasQuery)
            await call.KeepBodyAsync();
        return await call.ReadAsync();
    }
}
