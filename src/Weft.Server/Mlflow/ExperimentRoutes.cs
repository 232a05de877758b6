using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary><c>experiments/…</c></summary>
internal static class ExperimentRoutes
{
    private const int MostDatasetExperiments = 20;

    public static async ValueTask CreateAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("name");
        // Clients ask for a name and then make it; of several programs of a sweep that do so at once, all but one come second.
        bool mayExist = call.Caller.Attempt is not null;
        string? location = fields.Text("artifact_location");
        if (!string.IsNullOrEmpty(location))
            CheckLocation(call, location);
        long id = await call.Store.Experiments.CreateAsync(name, location, fields.Labels("tags"), mayExist);
        if (call.Caller.Account is { } account)
            await call.Store.Accounts.GrantAsync(account.Name, Subject.Experiment(id), Permission.Manage);
        await call.AnswerAsync(json => json.WriteString("experiment_id"u8, id.ToString()));
    }

    public static async ValueTask GetAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        Experiment experiment = call.Store.Experiments.Get(fields.RequiredExperiment());
        await AnswerAsync(call, experiment);
    }

    public static async ValueTask GetByNameAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("experiment_name");
        Experiment experiment = call.Store.Experiments.FindByName(name)
            ?? throw TrackingException.Missing($"Could not find experiment with name '{name}'");
        await AnswerAsync(call, experiment);
    }

    public static async ValueTask SearchAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        Page<Experiment> page = call.Store.Experiments.Search(
            fields.Text("filter") ?? "", fields.Texts("order_by"), fields.View("view_type") ?? ViewType.ActiveOnly, fields.Int("max_results") ?? 0, fields.Text("page_token"),
            call.Caller.Sees("experiment"));
        await call.AnswerAsync(json =>
        {
            if (!page.Items.IsEmpty)
            {
                json.WriteStartArray("experiments"u8);
                foreach (Experiment experiment in page.Items)
                    TrackingJson.WriteExperiment(json, experiment);
                json.WriteEndArray();
            }
            if (page.NextToken is { } token)
                json.WriteString("next_page_token"u8, token);
        });
    }

    public static async ValueTask UpdateAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        long id = fields.RequiredExperiment();
        await call.Store.Experiments.RenameAsync(id, fields.Required("new_name"));
        await call.DoneAsync();
    }

    public static async ValueTask DeleteAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await call.Store.Experiments.DeleteAsync(fields.RequiredExperiment());
        await call.DoneAsync();
    }

    public static async ValueTask RestoreAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await call.Store.Experiments.RestoreAsync(fields.RequiredExperiment());
        await call.DoneAsync();
    }

    public static async ValueTask SetLabelAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        long id = fields.RequiredExperiment();
        await call.Store.Experiments.SetLabelAsync(id, new Label(fields.Required("key"), fields.Text("value") ?? ""));
        await call.DoneAsync();
    }

    public static async ValueTask DeleteLabelAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        long id = fields.RequiredExperiment();
        await call.Store.Experiments.DeleteLabelAsync(id, fields.Required("key"));
        await call.DoneAsync();
    }

    public static async ValueTask SearchDatasetsAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        var ids = fields.Texts("experiment_ids");
        if (ids.IsEmpty)
            throw TrackingException.Invalid("SearchDatasets request must specify at least one experiment_id.");
        if (ids.Length > MostDatasetExperiments)
            throw TrackingException.Invalid($"SearchDatasets request cannot specify more than {MostDatasetExperiments} experiment_ids. Received {ids.Length} experiment_ids.");
        var summaries = call.Store.Inputs.Summaries(call.Readable(ids));
        await call.AnswerAsync(json =>
        {
            if (summaries.IsEmpty)
                return;
            json.WriteStartArray("dataset_summaries"u8);
            foreach (DatasetSummary summary in summaries)
            {
                json.WriteStartObject();
                json.WriteString("experiment_id"u8, summary.Experiment.ToString());
                json.WriteString("name"u8, summary.Name);
                json.WriteString("digest"u8, summary.Digest);
                if (summary.Context is { } context)
                    json.WriteString("context"u8, context);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    private static void CheckLocation(Call call, string location)
    {
        if (!call.Caller.MayDoAll && !ModelSource.IsElsewhere(location))
            throw TrackingException.Invalid("Only an admin may choose an artifact_location on this server: it would lead to files of others");
        if (Locations.IsLocal(location) && !call.Application.Options.Opens(Locations.PathOf(location)))
            throw TrackingException.Invalid($"Invalid artifact_location: '{location}'. This server has several users and keeps files in its own folders only; leave artifact_location out, or name a store that clients reach on their own.");
    }

    private static ValueTask AnswerAsync(Call call, Experiment experiment) => call.AnswerAsync(json =>
    {
        json.WritePropertyName("experiment"u8);
        TrackingJson.WriteExperiment(json, experiment);
    });
}
