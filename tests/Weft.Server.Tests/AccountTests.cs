using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Tests;

/// <summary>Users with passwords and tokens, and what each may do.</summary>
public sealed class AccountTests : IAsyncLifetime
{
    private const string Password = "correct horse";
    private const string Api = "/api/2.0/mlflow/";

    private TestServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(options => options with { Access = new Access.Users("server-token", Permission.Read) });
        AccountStore accounts = _server.Server.Store.Accounts;
        accounts.Rounds = 1000;
        await accounts.CreateAsync("root", Password, isAdmin: true);
        await accounts.CreateAsync("ann", Password, isAdmin: false);
        await accounts.CreateAsync("böb", Password, isAdmin: false);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_password_and_a_token_are_taken_as_clients_send_them()
    {
        string token = await _server.Server.Store.Accounts.NewTokenAsync("ann");
        Assert.Equal("ann", await Who(new AuthenticationHeaderValue("Bearer", token)));
        Assert.Equal("ann", await Who(Basic("ann", Password)));
        Assert.Equal("böb", await Who(Basic("böb", Password)));
        Assert.Equal("401", await Who(Basic("ann", "wrong horse")));
        Assert.Equal("401", await Who(Basic("nobody", Password)));
        Assert.Equal("401", await Who(new AuthenticationHeaderValue("Bearer", token + "0")));
        Assert.Equal("401", await Who(null));
        await _server.Server.Store.Accounts.RevokeTokensAsync("ann");
        Assert.Equal("401", await Who(new AuthenticationHeaderValue("Bearer", token)));
        await _server.Server.Store.Accounts.SetPasswordAsync("ann", "another horse");
        Assert.Equal("401", await Who(Basic("ann", Password)));
        Assert.Equal("ann", await Who(Basic("ann", "another horse")));
        Assert.Equal("admin", await Who(new AuthenticationHeaderValue("Bearer", "server-token")));

        async Task<string> Who(AuthenticationHeaderValue? who)
        {
            Answer answer = await Call(who, "GET", "users/current");
            return answer.Status == 200 ? answer.Json.GetProperty("user").GetProperty("username").GetString()! : answer.Status.ToString();
        }
    }

    [Fact]
    public async Task Who_changes_their_own_password_gives_the_present_one()
    {
        Assert.Equal(
            "Current password is required when changing your own password.",
            Refusal(await As("ann", "PATCH", "users/update-password", """{"username":"ann","password":"another horse"}""")));
        Assert.Equal(
            "Current password does not match.",
            Refusal(await As("ann", "PATCH", "users/update-password", """{"username":"ann","password":"another horse","current_password":"a wrong horse"}""")));
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await As("ann", "PATCH", "users/update-password", "null")).Error);
        Assert.Equal(200, (await As("ann", "PATCH", "users/update-password", $$"""{"username":"ann","password":"another horse","current_password":"{{Password}}"}""")).Status);
        Assert.Equal(200, (await Call(Basic("ann", "another horse"), "GET", "users/current")).Status);
        Assert.Equal(200, (await As("root", "PATCH", "users/update-password", """{"username":"ann","password":"a third horse"}""")).Status);

        static string? Refusal(Answer answer) => answer.Status == 400 ? answer.Json.GetProperty("message").GetString() : answer.Error;
    }

    [Theory]
    [InlineData("mlflow-python-client/2.13.2", 200)]
    [InlineData("mlflow-python-client/3.10.0.dev0", 200)]
    [InlineData("mlflow-python-client/3.11.2.dev0", 400)]
    [InlineData("mlflow-python-client/x", 400)]
    [InlineData("Mozilla/5.0 (mlflow-python-client/2.13.2)", 400)]
    public async Task Clients_that_cannot_give_the_present_password_need_not(string agent, int status)
    {
        const string Change = """{"username":"ann","password":"another horse"}""";
        Assert.Equal(status, (await Call(Basic("ann", Password), "PATCH", "users/update-password", Change, agent)).Status);
        Assert.Equal(200, (await Call(Basic("ann", status == 200 ? "another horse" : Password), "GET", "users/current")).Status);
    }

    [Fact]
    public async Task A_token_changes_no_password_by_itself()
    {
        string token = await _server.Server.Store.Accounts.NewTokenAsync("ann");
        Answer answer = await Call(new AuthenticationHeaderValue("Bearer", token), "PATCH", "users/update-password", """{"username":"ann","password":"another horse"}""", "mlflow-python-client/2.13.2");
        Assert.Equal("400 INVALID_PARAMETER_VALUE", answer.Error);
    }

    [Fact]
    public async Task A_user_is_told_with_all_lists_that_clients_of_version_3_read()
    {
        Answer created = await As("root", "POST", "users/create", """{"username":"eve","password":"eve's password"}""");
        Assert.Equal(
            ["id", "username", "is_admin", "experiment_permissions", "registered_model_permissions", "scorer_permissions"],
            created.Json.GetProperty("user").EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task Everybody_sees_their_own_account_and_only_that()
    {
        Assert.Equal("ann", (await As("ann", "GET", "users/get?username=ann")).Json.GetProperty("user").GetProperty("username").GetString());
        Assert.Equal("403 Permission denied", (await As("ann", "GET", "users/get?username=root")).Error);
        Assert.Equal("403 Permission denied", (await As("ann", "GET", "users/get?username=nobody")).Error);
        Assert.Equal(["id", "username", "is_admin"], (await As("ann", "GET", "users/current")).Json.GetProperty("user").EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task Permissions_on_experiments_of_other_ids_are_kept_and_open_nothing()
    {
        Assert.Equal(200, (await As("root", "POST", "experiments/permissions/create", """{"experiment_id":"abc","username":"ann","permission":"NO_PERMISSIONS"}""")).Status);
        Assert.Equal("NO_PERMISSIONS", (await As("root", "GET", "experiments/permissions/get?experiment_id=abc&username=ann")).Json.GetProperty("experiment_permission").GetProperty("permission").GetString());
        Assert.Equal("403 Permission denied", (await As("ann", "POST", "experiments/permissions/create", """{"experiment_id":"abd","username":"ann","permission":"MANAGE"}""")).Error);
        Assert.Equal(1, (await As("ann", "POST", "experiments/search", """{"max_results":10}""")).Json.GetProperty("experiments").GetArrayLength());
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await As("böb", "GET", "experiments/get?experiment_id=abc")).Error);
    }

    [Fact]
    public async Task Who_guesses_is_made_to_wait()
    {
        for (int i = 0; i < FailedLogins.Most; i++)
            Assert.Equal(401, (await Call(new AuthenticationHeaderValue("Bearer", $"guess{i}"), "GET", "users/current")).Status);
        Assert.Equal("429 REQUEST_LIMIT_EXCEEDED", (await Call(Basic("ann", Password), "GET", "users/current")).Error);
        Assert.Equal(200, (await Call(new AuthenticationHeaderValue("Bearer", "server-token"), "GET", "users/current")).Status);
    }

    [Fact]
    public async Task Who_makes_an_experiment_manages_it_and_others_read_it()
    {
        string id = (await As("ann", "POST", "experiments/create", """{"name":"e"}""")).Json.GetProperty("experiment_id").GetString()!;
        string run = await NewRun("ann", id);
        Assert.Equal(200, (await As("böb", "GET", "runs/get?run_id=" + run)).Status);
        Assert.Equal("403 Permission denied", (await As("böb", "POST", "runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":1,"timestamp":1}""")).Error);
        Assert.Equal("403 Permission denied", (await As("böb", "POST", "runs/log-batch", $$"""{"run_id":"{{run}}"}""")).Error);
        Assert.Equal("403 Permission denied", (await As("böb", "POST", "runs/create", $$"""{"experiment_id":"{{id}}"}""")).Error);
        Assert.Equal("403 Permission denied", (await As("böb", "POST", "experiments/permissions/create", $$"""{"experiment_id":"{{id}}","username":"böb","permission":"MANAGE"}""")).Error);

        Assert.Equal(200, (await As("ann", "POST", "experiments/permissions/create", $$"""{"experiment_id":"{{id}}","username":"böb","permission":"EDIT"}""")).Status);
        Assert.Equal("EDIT", (await As("ann", "GET", $"experiments/permissions/get?experiment_id={id}&username=b%C3%B6b")).Json.GetProperty("experiment_permission").GetProperty("permission").GetString());
        Assert.Equal(200, (await As("böb", "POST", "runs/log-batch", $$"""{"run_id":"{{run}}","params":[{"key":"p","value":"v"}]}""")).Status);
        Assert.Equal("403 Permission denied", (await As("böb", "POST", "runs/delete", $$"""{"run_id":"{{run}}"}""")).Error);
        Assert.Equal("403 Permission denied", (await As("böb", "POST", "experiments/delete", $$"""{"experiment_id":"{{id}}"}""")).Error);

        Assert.Equal("{}", (await As("ann", "PATCH", "experiments/permissions/update", $$"""{"experiment_id":"{{id}}","username":"böb","permission":"NO_PERMISSIONS"}""")).Body);
        Assert.Equal("403 Permission denied", (await As("böb", "GET", "runs/get?run_id=" + run)).Error);
        Assert.Equal("403 Permission denied", (await As("böb", "GET", "experiments/get-by-name?experiment_name=e")).Error);
        Assert.DoesNotContain(run, (await As("böb", "POST", "runs/search", $$"""{"experiment_ids":["{{id}}"]}""")).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("\"e\"", (await As("böb", "POST", "experiments/search", """{"max_results":10}""")).Body, StringComparison.Ordinal);
        Assert.Equal("403 Permission denied", (await As("böb", "GET", $"/api/2.0/mlflow-artifacts/artifacts/{id}/{run}/artifacts/x")).Error);
        Assert.Equal("403 Permission denied", (await As("böb", "GET", $"/get-artifact?run_id={run}&path=x")).Error);
        Answer graph = await As("böb", "POST", "/graphql", JsonSerializer.Serialize(new Dictionary<string, string> { ["query"] = $"{{ mlflowGetRun(input: {{runId: \"{run}\"}}) {{ run {{ info {{ runId }} }} }} }}" }));
        Assert.Equal("""{"data":{"mlflowGetRun":null},"errors":["Permission denied"]}""", graph.Body);
        Assert.Equal(200, (await As("root", "GET", "runs/get?run_id=" + run)).Status);
        Assert.Equal("{}", (await As("ann", "DELETE", "experiments/permissions/delete", $$"""{"experiment_id":"{{id}}","username":"böb"}""")).Body);
        Assert.Equal(200, (await As("böb", "GET", "runs/get?run_id=" + run)).Status);
    }

    [Fact]
    public async Task Models_have_permissions_that_follow_their_names()
    {
        await As("ann", "POST", "registered-models/create", """{"name":"m"}""");
        await As("ann", "POST", "registered-models/permissions/create", """{"name":"m","username":"böb","permission":"NO_PERMISSIONS"}""");
        await As("ann", "POST", "registered-models/rename", """{"name":"m","new_name":"n"}""");
        Assert.Equal("403 Permission denied", (await As("böb", "GET", "registered-models/get?name=n")).Error);
        Assert.Equal("{}", (await As("böb", "GET", "registered-models/search")).Body);
        Assert.Equal(200, (await As("ann", "DELETE", "registered-models/delete", """{"name":"n"}""")).Status);
        await As("böb", "POST", "registered-models/create", """{"name":"n"}""");
        Assert.Equal(200, (await As("böb", "GET", "registered-models/get?name=n")).Status);
    }

    [Fact]
    public async Task Only_admins_manage_users_and_choose_places_on_the_server()
    {
        Assert.Equal("403 Permission denied", (await As("ann", "POST", "users/create", """{"username":"eve","password":"eve's password"}""")).Error);
        Assert.Equal("403 Permission denied", (await As("ann", "GET", "users/list")).Error);
        Assert.Equal("403 Permission denied", (await As("ann", "PATCH", "users/update-admin", """{"username":"ann","is_admin":true}""")).Error);
        Assert.Equal("403 Permission denied", (await As("ann", "PATCH", "users/update-password", """{"username":"root","password":"mine is better"}""")).Error);
        Assert.Equal("403 Permission denied", (await As("ann", "GET", "/metrics")).Error);
        Assert.Equal("403 PERMISSION_DENIED", (await As("ann", "PUT", "/api/weft/v1/tags/x", """{"execution":"-"}""")).Error);
        Assert.Equal(200, (await As("root", "POST", "users/create", """{"username":"eve","password":"eve's password"}""")).Status);
        Assert.Equal("400 RESOURCE_ALREADY_EXISTS", (await As("root", "POST", "users/create", """{"username":"eve","password":"eve's password"}""")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await As("root", "POST", "users/create", """{"username":"eva","password":"short"}""")).Error);
        Assert.Equal("{}", (await As("root", "DELETE", "users/delete", """{"username":"eve"}""")).Body);
        foreach (string place in new[] { "/etc", "file:///etc", "mlflow-artifacts:/0", "http://localhost/api/2.0/mlflow-artifacts/artifacts/0" })
            Assert.Equal("400 INVALID_PARAMETER_VALUE", (await As("ann", "POST", "experiments/create", $$"""{"name":"x","artifact_location":"{{place}}"}""")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await As("root", "POST", "experiments/create", """{"name":"x","artifact_location":"/etc"}""")).Error);
        Assert.Equal(200, (await As("root", "POST", "experiments/create", $$"""{"name":"x","artifact_location":"{{_server.Root}}/mlartifacts/x"}""")).Status);
        Assert.Equal(200, (await As("ann", "POST", "experiments/create", """{"name":"y","artifact_location":"gs://bucket/y"}""")).Status);
    }

    [Fact]
    public async Task A_model_is_no_way_to_files_of_others()
    {
        string id = (await As("ann", "POST", "experiments/create", """{"name":"secret"}""")).Json.GetProperty("experiment_id").GetString()!;
        await As("ann", "POST", "experiments/permissions/create", $$"""{"experiment_id":"{{id}}","username":"böb","permission":"NO_PERMISSIONS"}""");
        await As("böb", "POST", "registered-models/create", """{"name":"thief"}""");
        foreach (string source in new[] { $"mlflow-artifacts:/{id}/x", "mlflow-artifacts:/", $"mlflow-artifacts://localhost/{id}/x", $"http://localhost/api/2.0/mlflow-artifacts/artifacts/{id}/x" })
            Assert.Equal("403 Permission denied", (await As("böb", "POST", "model-versions/create", $$"""{"name":"thief","source":"{{source}}"}""")).Error);
    }

    /// <summary>A route that nobody thought of must not be open to everybody.</summary>
    [Fact]
    public void Every_route_says_what_it_asks_for()
    {
        string[] forAdmins = [.. Mlflow.Routes.All.Where(route => route.Guard is null).Select(route => route.Template).Distinct()];
        Assert.Equal(["metrics", Api[1..] + "users/create", Api[1..] + "users/list", Api[1..] + "users/update-admin", Api[1..] + "users/delete"], forAdmins);
    }

    /// <summary>Who may do nothing with an experiment and a model is refused by every route that names them, whatever else it wants.</summary>
    [Fact]
    public async Task No_route_lets_in_who_has_no_permission()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { Access = new Access.Users("server-token", Permission.None), StateFolder = null });
        TrackingStore store = server.Server.Store;
        store.Accounts.Rounds = 1000;
        await store.Accounts.CreateAsync("eve", Password, isAdmin: false);
        await store.Accounts.CreateAsync("ann", Password, isAdmin: false);
        long experiment = await store.Experiments.CreateAsync("secret", null, []);
        Run run = await store.Runs.CreateAsync(new NewRun(experiment, "r", "u", 1));
        LoggedModel logged = await store.LoggedModels.CreateAsync(experiment, "m", null, null, [], []);
        Trace trace = await store.Traces.StartAsync(new Trace(TraceStore.NewId(), experiment, 1, 1, "OK"));
        await store.Registry.CreateAsync("secret", null, []);
        string body = $$$$"""
            {"experiment_id":"{{{{experiment}}}}","experiment_name":"secret","run_id":"{{{{run.Info.Id}}}}","name":"secret","version":"1","username":"eve","permission":"READ","path":"x",
             "trace_id":"{{{{trace.Id}}}}","trace_ids":["{{{{trace.Id}}}}"],"prompt_versions":[],
             "trace":{"trace_info":{"trace_location":{"mlflow_experiment":{"experiment_id":"{{{{experiment}}}}"} } } } }
            """;
        string query = $"?experiment_id={experiment}&experiment_name=secret&run_id={run.Info.Id}&run_uuid={run.Info.Id}&run_ids={run.Info.Id}&run={run.Info.Id}&name=secret&version=1"
            + $"&username=eve&path={experiment}/x&request_id={trace.Id}&trace_id={trace.Id}&trace_ids={trace.Id}";
        var open = new List<string>();
        foreach (Route route in Mlflow.Routes.All.Concat(Rest.RestRoutes.ForRouter()).Where(route => route.Guard != Guards.Anyone))
        {
            string path = route.Template.Replace("{*}", $"{experiment}/x", StringComparison.Ordinal);
            string id = path.Contains("logged-models", StringComparison.Ordinal) ? logged.Id : path.Contains("traces", StringComparison.Ordinal) ? trace.Id : run.Info.Id.Value;
            using var request = new HttpRequestMessage(new HttpMethod(route.Verb), $"/{path.Replace("{}", id, StringComparison.Ordinal)}{query}");
            request.Headers.Authorization = Basic("eve", Password);
            request.Headers.Add("x-mlflow-experiment-id", experiment.ToString());
            if (route.Verb != "GET")
                request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            Answer answer = await server.Send(request);
            if (answer.Status != 403)
                open.Add($"{route.Verb} {route.Template} {answer.Status}");
            // HEAD is answered as GET, and tells whether a file is there and how long it is.
            if (route.Verb == "GET" && (await server.Send(new HttpRequestMessage(HttpMethod.Head, request.RequestUri) { Headers = { Authorization = Basic("eve", Password) } })).Status != 403)
                open.Add($"HEAD {route.Template}");
        }
        Assert.Equal([], open);
    }

    /// <summary>What everybody with an account may ask: of these each filters what it finds, or tells nothing that is anybody's.</summary>
    [Fact]
    public void What_everybody_may_ask_is_listed()
    {
        string[] groups = ["datasets", "demo", "gateway", "genai", "issues", "jobs", "prompt-optimization", "roles", "scorer", "scorers", "webhooks", "workspaces"];
        string[] open =
        [
            .. Mlflow.Routes.All.Where(route => route.Guard == Guards.Anyone).Select(route => route.Template)
                .Where(path => !groups.Any(group => path.Split('/') is [_, _, _, var first, ..] && first == group)).Distinct().Order(StringComparer.Ordinal),
        ];
        Assert.Equal(
            [
                "api/2.0/mlflow/experiments/create", "api/2.0/mlflow/experiments/search", "api/2.0/mlflow/experiments/search-datasets",
                "api/2.0/mlflow/gateway-proxy", "api/2.0/mlflow/get-online-trace-details", "api/2.0/mlflow/logged-models/search", "api/2.0/mlflow/model-versions/search",
                "api/2.0/mlflow/registered-models/create", "api/2.0/mlflow/registered-models/search", "api/2.0/mlflow/runs/create-promptlab-run", "api/2.0/mlflow/runs/search",
                "api/2.0/mlflow/traces", "api/2.0/mlflow/unified-traces", "api/2.0/mlflow/users/current", "api/2.0/mlflow/users/get", "api/2.0/mlflow/users/update-password",
                "api/3.0/jobs", "api/3.0/jobs/{*}", "api/3.0/mlflow/server-info", "api/3.0/mlflow/traces/calculate-filter-correlation", "api/3.0/mlflow/traces/metrics",
                "api/3.0/mlflow/traces/search", "api/3.0/mlflow/ui-telemetry", "graphql", "health", "healthz", "version",
            ], open);
    }

    [Fact]
    public async Task A_model_of_others_is_not_measured()
    {
        string own = (await As("ann", "POST", "experiments/create", """{"name":"own"}""")).Json.GetProperty("experiment_id").GetString()!;
        string run = await NewRun("ann", own);
        string model = (await _server.Server.Store.LoggedModels.CreateAsync(0, "theirs", null, null, [], [])).Id;
        string metric = $$"""{"key":"acc","value":1,"timestamp":1,"step":0,"model_id":"{{model}}"}""";
        Assert.Equal("403 Permission denied", (await As("ann", "POST", "runs/log-batch", $$"""{"run_id":"{{run}}","metrics":[{{metric}}]}""")).Error);
        Assert.Equal("403 Permission denied", (await As("ann", "POST", "runs/log-metric", $$"""{"run_id":"{{run}}",{{metric[1..]}}""")).Error);
    }

    [Fact]
    public async Task A_label_of_a_trace_is_no_way_to_files_of_others()
    {
        string own = (await As("ann", "POST", "experiments/create", """{"name":"own"}""")).Json.GetProperty("experiment_id").GetString()!;
        string body = $$$"""{"trace":{"trace_info":{"trace_location":{"mlflow_experiment":{"experiment_id":"{{{own}}}"}},"state":"OK"} } }""";
        string trace = (await As("ann", "POST", "/api/3.0/mlflow/traces", body)).Json.GetProperty("trace").GetProperty("trace_info").GetProperty("trace_id").GetString()!;
        foreach (string place in new[] { "/etc", "file:///etc", "mlflow-artifacts:/0", $"mlflow-artifacts:/{own}/../0", $"mlflow-artifacts:/{own}/%2e%2e/0" })
        {
            Assert.Equal(200, (await As("ann", "PATCH", $"/api/3.0/mlflow/traces/{trace}/tags", $$"""{"key":"mlflow.artifactLocation","value":"{{place}}"}""")).Status);
            Assert.Equal("400 INVALID_PARAMETER_VALUE", (await As("ann", "GET", $"get-trace-artifact?request_id={trace}&path=passwd")).Error);
        }
    }

    private async Task<string> NewRun(string name, string experiment) =>
        (await As(name, "POST", "runs/create", $$"""{"experiment_id":"{{experiment}}"}""")).Json.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;

    private static AuthenticationHeaderValue Basic(string name, string password) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}")));

    private Task<Answer> As(string name, string verb, string path, string? json = null) => Call(Basic(name, Password), verb, path, json);

    private async Task<Answer> Call(AuthenticationHeaderValue? who, string verb, string path, string? json = null, string? agent = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), path.StartsWith('/') ? path : Api + path);
        request.Headers.Authorization = who;
        if (agent is not null)
            request.Headers.TryAddWithoutValidation("User-Agent", agent);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return await _server.Send(request);
    }
}
