using System.Globalization;
using System.Text.Json;
using Weft.Server.Artifacts;
using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary><c>registered-models/…</c> and <c>model-versions/…</c></summary>
internal static class RegistryRoutes
{
    public static async ValueTask CreateAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RegisteredModel model = await call.Store.Registry.CreateAsync(fields.Required("name"), fields.Text("description"), fields.Labels("tags"));
        if (call.Caller.Account is { } account)
            await call.Store.Accounts.GrantAsync(account.Name, Subject.Model(model.Name), Permission.Manage);
        await AnswerAsync(call, model);
    }

    public static async ValueTask GetAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await AnswerAsync(call, call.Store.Registry.Get(fields.Required("name")));
    }

    public static async ValueTask UpdateAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await AnswerAsync(call, await call.Store.Registry.UpdateAsync(fields.Required("name"), fields.Text("description")));
    }

    public static async ValueTask RenameAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("name");
        await AnswerAsync(call, await call.Store.Registry.RenameAsync(name, fields.Required("new_name")));
    }

    public static async ValueTask DeleteAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await call.Store.Registry.DeleteAsync(fields.Required("name"));
        await call.DoneAsync();
    }

    public static async ValueTask SearchAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        Page<RegisteredModel> page = call.Store.Registry.Search(
            fields.Text("filter") ?? "", fields.Texts("order_by"), fields.Int("max_results") ?? 100, fields.Text("page_token"), call.Caller.Sees("model"));
        await call.AnswerAsync(json =>
        {
            if (!page.Items.IsEmpty)
            {
                json.WriteStartArray("registered_models"u8);
                foreach (RegisteredModel model in page.Items)
                    Write(json, model);
                json.WriteEndArray();
            }
            if (page.NextToken is { } token)
                json.WriteString("next_page_token"u8, token);
        });
    }

    public static async ValueTask LatestVersionsAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        var versions = call.Store.Registry.Latest(fields.Required("name"), fields.Texts("stages"));
        await call.AnswerAsync(json => WriteVersions(json, versions));
    }

    public static async ValueTask SetLabelAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("name");
        await call.Store.Registry.SetLabelAsync(name, new Label(fields.Required("key"), fields.Text("value") ?? ""));
        await call.DoneAsync();
    }

    public static async ValueTask DeleteLabelAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("name");
        await call.Store.Registry.DeleteLabelAsync(name, fields.Required("key"));
        await call.DoneAsync();
    }

    public static async ValueTask SetAliasAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("name");
        string alias = fields.Required("alias");
        await call.Store.Registry.SetAliasAsync(name, alias, VersionOf(fields));
        await call.DoneAsync();
    }

    public static async ValueTask DeleteAliasAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("name");
        await call.Store.Registry.DeleteAliasAsync(name, fields.Required("alias"));
        await call.DoneAsync();
    }

    public static async ValueTask GetByAliasAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("name");
        await AnswerAsync(call, call.Store.Registry.GetByAlias(name, fields.Required("alias")));
    }

    public static async ValueTask CreateVersionAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        var version = new NewModelVersion(fields.Required("name"), fields.Required("source"))
        {
            Run = fields.Text("run_id") is { Length: > 0 } run ? run : null,
            RunLink = fields.Text("run_link") is { Length: > 0 } link ? link : null,
            Description = fields.Text("description") is { Length: > 0 } description ? description : null,
            LoggedModel = fields.Text("model_id") is { Length: > 0 } model ? model : null,
            Labels = fields.Labels("tags"),
        };
        ModelSource.Check(call.Store, version);
        if (!call.Caller.MayDoAll)
        {
            ModelSource.CheckReadable(call, version.Source);
            if (version.LoggedModel is { } logged)
                call.Caller.Demand(Subject.Experiment(call.Store.LoggedModels.Get(logged).Experiment), Permission.Read);
        }
        await AnswerAsync(call, await call.Store.Registry.CreateVersionAsync(version));
    }

    public static async ValueTask GetVersionAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await AnswerAsync(call, call.Store.Registry.GetVersion(fields.Required("name"), VersionOf(fields)));
    }

    public static async ValueTask UpdateVersionAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await AnswerAsync(call, await call.Store.Registry.UpdateVersionAsync(fields.Required("name"), VersionOf(fields), fields.Text("description")));
    }

    public static async ValueTask DeleteVersionAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await call.Store.Registry.DeleteVersionAsync(fields.Required("name"), VersionOf(fields));
        await call.DoneAsync();
    }

    public static async ValueTask SearchVersionsAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        Page<ModelVersion> page = call.Store.Registry.SearchVersions(
            fields.Text("filter") ?? "", fields.Texts("order_by"), fields.Int("max_results") ?? ModelRegistry.VersionsPage, fields.Text("page_token"),
            call.Caller.Sees("model"));
        await call.AnswerAsync(json =>
        {
            WriteVersions(json, page.Items);
            if (page.NextToken is { } token)
                json.WriteString("next_page_token"u8, token);
        });
    }

    public static async ValueTask DownloadUriAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        ModelVersion version = call.Store.Registry.GetVersion(fields.Required("name"), VersionOf(fields));
        await call.AnswerAsync(json => json.WriteString("artifact_uri"u8, version.Storage));
    }

    public static async ValueTask TransitionAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("name");
        long version = VersionOf(fields);
        string stage = fields.Required("stage");
        bool archives = fields.Bool("archive_existing_versions") ?? throw Fields.Missing("archive_existing_versions");
        await AnswerAsync(call, await call.Store.Registry.TransitionAsync(name, version, stage, archives));
    }

    public static async ValueTask SetVersionLabelAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("name");
        long version = VersionOf(fields);
        await call.Store.Registry.SetVersionLabelAsync(name, version, new Label(fields.Required("key"), fields.Text("value") ?? ""));
        await call.DoneAsync();
    }

    public static async ValueTask DeleteVersionLabelAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string name = fields.Required("name");
        long version = VersionOf(fields);
        await call.Store.Registry.DeleteVersionLabelAsync(name, version, fields.Required("key"));
        await call.DoneAsync();
    }

    public static ValueTask GetFileAsync(Call call)
    {
        if (call.Query("name").Length == 0)
            throw Fields.Missing("name");
        if (call.Query("path").Length == 0)
            throw Fields.Missing("path");
        string path = ArtifactPath.Check(call.Query("path"));
        ModelVersion version = call.Store.Registry.GetVersion(call.Query("name"), ParseVersion(call.Query("version")));
        return ArtifactRoutes.SendFileAsync(call, ArtifactRoutes.Find(call, version.Storage, path));
    }

    private static long VersionOf(Fields fields) => ParseVersion(fields.Required("version"));

    private static long ParseVersion(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long version)
            ? version
            : throw TrackingException.Invalid($"Parameter 'version' must be an integer, got '{text}'.");

    private static ValueTask AnswerAsync(Call call, RegisteredModel model) => call.AnswerAsync(json =>
    {
        json.WritePropertyName("registered_model"u8);
        Write(json, model);
    });

    private static ValueTask AnswerAsync(Call call, ModelVersion version) => call.AnswerAsync(json =>
    {
        json.WritePropertyName("model_version"u8);
        Write(json, version);
    });

    private static void Write(Utf8JsonWriter json, RegisteredModel model)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, model.Name);
        json.WriteNumber("creation_timestamp"u8, model.Created);
        json.WriteNumber("last_updated_timestamp"u8, model.Updated);
        if (!string.IsNullOrEmpty(model.Description))
            json.WriteString("description"u8, model.Description);
        if (!model.Latest.IsEmpty)
        {
            json.WriteStartArray("latest_versions"u8);
            foreach (ModelVersion version in model.Latest)
                Write(json, version);
            json.WriteEndArray();
        }
        TrackingJson.WriteLabels(json, "tags", model.Labels);
        if (!model.Aliases.IsEmpty)
        {
            json.WriteStartArray("aliases"u8);
            foreach ((string alias, long version) in model.Aliases)
            {
                json.WriteStartObject();
                json.WriteString("alias"u8, alias);
                json.WriteString("version"u8, version.ToString());
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void WriteVersions(Utf8JsonWriter json, IReadOnlyList<ModelVersion> versions)
    {
        if (versions.Count == 0)
            return;
        json.WriteStartArray("model_versions"u8);
        foreach (ModelVersion version in versions)
            Write(json, version);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, ModelVersion version)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, version.Name);
        json.WriteString("version"u8, version.Version.ToString());
        json.WriteNumber("creation_timestamp"u8, version.Created);
        json.WriteNumber("last_updated_timestamp"u8, version.Updated);
        if (version.User is { } user)
            json.WriteString("user_id"u8, user);
        json.WriteString("current_stage"u8, version.Stage);
        json.WriteString("description"u8, version.Description ?? "");
        json.WriteString("source"u8, version.Source);
        json.WriteString("run_id"u8, version.Run ?? "");
        json.WriteString("status"u8, version.Status);
        if (version.RunLink is { } link)
            json.WriteString("run_link"u8, link);
        if (version.LoggedModel is { } model)
            json.WriteString("model_id"u8, model);
        TrackingJson.WriteLabels(json, "tags", version.Labels);
        if (!version.Aliases.IsEmpty)
        {
            json.WriteStartArray("aliases"u8);
            foreach (string alias in version.Aliases)
                json.WriteStringValue(alias);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }
}
