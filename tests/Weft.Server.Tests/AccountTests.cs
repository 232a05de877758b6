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
        Assert.Equal("403 PERMISSION_DENIED", (await As("böb", "POST", "runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":1,"timestamp":1}""")).Error);
        Assert.Equal("403 PERMISSION_DENIED", (await As("böb", "POST", "runs/log-batch", $$"""{"run_id":"{{run}}"}""")).Error);
        Assert.Equal("403 PERMISSION_DENIED", (await As("böb", "POST", "runs/create", $$"""{"experiment_id":"{{id}}"}""")).Error);
        Assert.Equal("403 PERMISSION_DENIED", (await As("böb", "POST", "experiments/permissions/create", $$"""{"experiment_id":"{{id}}","username":"böb","permission":"MANAGE"}""")).Error);

        Assert.Equal(200, (await As("ann", "POST", "experiments/permissions/create", $$"""{"experiment_id":"{{id}}","username":"böb","permission":"EDIT"}""")).Status);
        Assert.Equal("EDIT", (await As("ann", "GET", $"experiments/permissions/get?experiment_id={id}&username=b%C3%B6b")).Json.GetProperty("experiment_permission").GetProperty("permission").GetString());
        Assert.Equal(200, (await As("böb", "POST", "runs/log-batch", $$"""{"run_id":"{{run}}","params":[{"key":"p","value":"v"}]}""")).Status);
        Assert.Equal("403 PERMISSION_DENIED", (await As("böb", "POST", "runs/delete", $$"""{"run_id":"{{run}}"}""")).Error);
        Assert.Equal("403 PERMISSION_DENIED", (await As("böb", "POST", "experiments/delete", $$"""{"experiment_id":"{{id}}"}""")).Error);

        Assert.Equal("{}", (await As("ann", "PATCH", "experiments/permissions/update", $$"""{"experiment_id":"{{id}}","username":"böb","permission":"NO_PERMISSIONS"}""")).Body);
        Assert.Equal("403 PERMISSION_DENIED", (await As("böb", "GET", "runs/get?run_id=" + run)).Error);
        Assert.Equal("403 PERMISSION_DENIED", (await As("böb", "GET", "experiments/get-by-name?experiment_name=e")).Error);
        Assert.DoesNotContain(run, (await As("böb", "POST", "runs/search", $$"""{"experiment_ids":["{{id}}"]}""")).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("\"e\"", (await As("böb", "POST", "experiments/search", """{"max_results":10}""")).Body, StringComparison.Ordinal);
        Assert.Equal("403 PERMISSION_DENIED", (await As("böb", "GET", $"/api/2.0/mlflow-artifacts/artifacts/{id}/{run}/artifacts/x")).Error);
        Assert.Equal("403 PERMISSION_DENIED", (await As("böb", "GET", $"/get-artifact?run_id={run}&path=x")).Error);
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
        Assert.Equal("403 PERMISSION_DENIED", (await As("böb", "GET", "registered-models/get?name=n")).Error);
        Assert.Equal("{}", (await As("böb", "GET", "registered-models/search")).Body);
        Assert.Equal(200, (await As("ann", "DELETE", "registered-models/delete", """{"name":"n"}""")).Status);
        await As("böb", "POST", "registered-models/create", """{"name":"n"}""");
        Assert.Equal(200, (await As("böb", "GET", "registered-models/get?name=n")).Status);
    }

    [Fact]
    public async Task Only_admins_manage_users_and_choose_places_on_the_server()
    {
        Assert.Equal("403 PERMISSION_DENIED", (await As("ann", "POST", "users/create", """{"username":"eve","password":"eve's password"}""")).Error);
        Assert.Equal("403 PERMISSION_DENIED", (await As("ann", "GET", "users/list")).Error);
        Assert.Equal("403 PERMISSION_DENIED", (await As("ann", "PATCH", "users/update-admin", """{"username":"ann","is_admin":true}""")).Error);
        Assert.Equal("403 PERMISSION_DENIED", (await As("ann", "PATCH", "users/update-password", """{"username":"root","password":"mine is better"}""")).Error);
        Assert.Equal("403 PERMISSION_DENIED", (await As("ann", "GET", "/metrics")).Error);
        Assert.Equal(200, (await As("root", "POST", "users/create", """{"username":"eve","password":"eve's password"}""")).Status);
        Assert.Equal("400 RESOURCE_ALREADY_EXISTS", (await As("root", "POST", "users/create", """{"username":"eve","password":"eve's password"}""")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await As("root", "POST", "users/create", """{"username":"eva","password":"short"}""")).Error);
        Assert.Equal("{}", (await As("root", "DELETE", "users/delete", """{"username":"eve"}""")).Body);
        foreach (string place in new[] { "/etc", "file:///etc", "mlflow-artifacts:/0", "http://localhost/api/2.0/mlflow-artifacts/artifacts/0" })
            Assert.Equal("400 INVALID_PARAMETER_VALUE", (await As("ann", "POST", "experiments/create", $$"""{"name":"x","artifact_location":"{{place}}"}""")).Error);
        Assert.Equal(200, (await As("root", "POST", "experiments/create", """{"name":"x","artifact_location":"/tmp/x"}""")).Status);
    }

    [Fact]
    public async Task A_model_is_no_way_to_files_of_others()
    {
        string id = (await As("ann", "POST", "experiments/create", """{"name":"secret"}""")).Json.GetProperty("experiment_id").GetString()!;
        await As("ann", "POST", "experiments/permissions/create", $$"""{"experiment_id":"{{id}}","username":"böb","permission":"NO_PERMISSIONS"}""");
        await As("böb", "POST", "registered-models/create", """{"name":"thief"}""");
        foreach (string source in new[] { $"mlflow-artifacts:/{id}/x", "mlflow-artifacts:/", $"mlflow-artifacts://localhost/{id}/x", $"http://localhost/api/2.0/mlflow-artifacts/artifacts/{id}/x" })
            Assert.Equal("403 PERMISSION_DENIED", (await As("böb", "POST", "model-versions/create", $$"""{"name":"thief","source":"{{source}}"}""")).Error);
    }

    /// <summary>A route that nobody thought of must not be open to everybody.</summary>
    [Fact]
    public void Every_route_says_what_it_asks_for()
    {
        string[] forAdmins = [.. Mlflow.Routes.All.Where(route => route.Guard is null).Select(route => route.Template).Distinct()];
        Assert.Equal(["metrics", Api[1..] + "users/create", Api[1..] + "users/get", Api[1..] + "users/list", Api[1..] + "users/update-admin", Api[1..] + "users/delete"], forAdmins);
    }

    private async Task<string> NewRun(string name, string experiment) =>
        (await As(name, "POST", "runs/create", $$"""{"experiment_id":"{{experiment}}"}""")).Json.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;

    private static AuthenticationHeaderValue Basic(string name, string password) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}")));

    private Task<Answer> As(string name, string verb, string path, string? json = null) => Call(Basic(name, Password), verb, path, json);

    private async Task<Answer> Call(AuthenticationHeaderValue? who, string verb, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), path.StartsWith('/') ? path : Api + path);
        request.Headers.Authorization = who;
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return await _server.Send(request);
    }
}
