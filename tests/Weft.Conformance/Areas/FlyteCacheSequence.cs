using System.Globalization;
using System.Text.Json;
using Weft.Execution;
using Weft.Expressions;
using Weft.Storage;
using Weft.Support;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Conformance.Areas;

/// <summary>
/// Several equal calls one after another or at once, told in steps (<c>A starts</c>, <c>B checks again</c>, <c>A at 59 s</c>): each call is an
/// execution of one cached task with a cache of its own, as a process has it; all of them lie over one folder.
/// </summary>
internal sealed class FlyteCacheSequence : IDisposable
{
    private readonly Plan _plan;
    private readonly bool _isSerialized;
    private readonly bool _cannotRead;
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly List<Call> _calls = [];
    private readonly DateTimeOffset _epoch;
    private int _runs;

    private FlyteCacheSequence(JsonElement one)
    {
        JsonElement setup = one.GetProperty("setup");
        string about = one.GetProperty("about").GetString()!;
        _cannotRead = about.Contains("error when reading", StringComparison.Ordinal);
        _isSerialized = setup.TryGetProperty("serialize", out JsonElement serialize) && serialize.GetBoolean();
        TimeSpan? maxAge = setup.TryGetProperty("maxAgeSeconds", out JsonElement age) ? TimeSpan.FromSeconds(age.GetDouble()) : null;
        bool isNodes = setup.TryGetProperty("node", out JsonElement node) && node.TryGetProperty("cache", out _);
        var rule = new CacheRule(true, "1", _isSerialized, maxAge);
        TaskDefinition task = Graphs.Task("t", outputs: "o0:int") with { Cache = isNodes ? CacheRule.Off : rule };
        var use = new Node.Use(new NodeId("n0"), new Callee(CalleeKind.Task, "t", Expr.Nowhere), Expr.Nowhere) { With = isNodes ? new Overrides(Cache: rule) : Overrides.None };
        _plan = Graphs.Plan(new Closure([new Definition.OfTask(task), new Definition.OfWorkflow(new WorkflowDefinition("main", [use], Expr.Nowhere))]));
        _epoch = _clock.GetUtcNow();
        // Nothing can be made below a file, and a folder cannot be read as an entry.
        if (about.Contains("store is down when writing", StringComparison.Ordinal))
            _folder.Write("cache", "");
        if (_cannotRead)
            Directory.CreateDirectory(_folder.Path($"cache/{Decision.DocumentOf(_plan, Node, _ => null, FactsOf(null))!.Key()}.json"));
    }

    private static NodePath Node => new("n0");

    public void Dispose()
    {
        foreach (Call call in _calls)
            call.Keeper.Dispose();
        _folder.Dispose();
    }

    public static CaseResult Judge(JsonElement one)
    {
        string id = one.GetProperty("id").GetString()!;
        using var sequence = new FlyteCacheSequence(one);
        foreach (JsonElement step in one.GetProperty("steps").EnumerateArray())
        {
            if (!sequence.Do(step.GetString()!))
                return new CaseResult(id, Verdict.Failed, $"the step `{step.GetString()}` is not known here");
        }
        sequence.Finish();
        string problem = sequence.Compare(one.GetProperty("expect"));
        return new CaseResult(id, problem.Length == 0 ? Verdict.Passed : Verdict.Failed, problem);
    }

    private bool Do(string step)
    {
        string[] words = step.Split(' ');
        if (step == "clear")
        {
            foreach (string entry in Directory.GetFiles(_folder.Path("cache"), "*.json"))
                File.Delete(entry);
            return true;
        }
        string name = words[0];
        switch (words[1..])
        {
            case [] or ["again"]:
                Run(Begin(name));
                return true;
            case ["overwrite"]:
                Run(Begin(name, CacheMode.Overwrite));
                return true;
            case ["disabled"]:
                Run(Begin(name, CacheMode.Disabled));
                return true;
            case ["at", var seconds, "s"]:
                _clock.Pass(_epoch + TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)) - _clock.GetUtcNow());
                Run(Begin(name));
                return true;
            case ["starts"] or ["waits"]:
                Begin(name);
                return true;
            case ["ends"]:
                Run(Last(name));
                return true;
            case ["fails", ..]:
                Call failing = _calls.LastOrDefault(call => call.Name == name && call.IsRunning) ?? Begin(name);
                End(failing, new Outcome.Failed(ErrorClass.User, "task/exit", "told to fail"));
                return true;
            case ["checks", "again"]:
                Decide(Last(name));
                return true;
            default:
                return false;
        }
    }

    private Call Last(string name) => _calls.Last(call => call.Name == name);

    private Call Begin(string name, CacheMode mode = CacheMode.Enabled)
    {
        var cache = new ResultCache(new CacheObjects(_folder.Path("cache")), new FolderBlobStore(_folder.Path("blobs"), new FileHashes(null, _clock), _clock), _clock);
        var call = new Call(name, new Frontier(_plan), mode, new ResultKeeper(Execution, _plan, cache, mode, _clock));
        _calls.Add(call);
        Decide(call);
        return call;
    }

    private void Run(Call call)
    {
        if (call.IsRunning)
            End(call, new Outcome.Succeeded());
    }

    /// <summary>Those that wait look again, those that run come to their end.</summary>
    private void Finish()
    {
        for (int i = 0; i < 2 * _calls.Count; i++)
        {
            foreach (Call call in _calls.Where(call => !call.Frontier.IsFinished).ToList())
            {
                Decide(call);
                Run(call);
            }
        }
    }

    private void Decide(Call call)
    {
        foreach (NodePath waiting in call.Waiting.Order().ToList())
            call.Frontier.Wake(waiting);
        call.Waiting.Clear();
        while (call.Frontier.TryNext(true, out NodePath path))
        {
            Step step = Decision.Decide(_plan, path, call.Frontier.State, FactsOf(call));
            switch (step)
            {
                case Step.Start start when !call.Keeper.TryClaim(start):
                    call.Waiting.Add(path);
                    continue;
                case Step.Start start:
                    Started(call, start);
                    break;
                case Step.Reuse:
                    call.Statuses.Add("HIT");
                    break;
                case Step.Wait { Until: not null }:
                    call.Statuses.AddRange(call.Statuses.Count == 0 ? ["MISS", "RESERVATION_EXISTS"] : []);
                    call.Waiting.Add(path);
                    break;
            }
            call.Frontier.Apply(path, step, _clock.GetUtcNow());
            if (path == Node && call.Frontier.State(Node) is { Phase.IsTerminal: true } ended)
                Ended(call, ended);
        }
    }

    private void Started(Call call, Step.Start start)
    {
        _runs++;
        call.IsRunning = true;
        call.Keeper.Began(start);
        if (start.Document is not { } document)
        {
            call.Statuses.Add("DISABLED");
            return;
        }
        call.Key = document.Key();
        if (call.Statuses.Count == 0)
            call.Statuses.Add(call.Mode == CacheMode.Overwrite ? "SKIPPED" : call.Keeper.Trouble() is null ? "MISS" : "LOOKUP_FAILURE");
        if (IsClaimed(document.Key()))
            call.Statuses.Add("RESERVATION_ACQUIRED");
    }

    private void End(Call call, Outcome end)
    {
        call.IsRunning = false;
        call.Frontier.AttemptEnded(Node, end, end is Outcome.Succeeded ? Value.NoEntries.Add("o0", Value.Of(_runs)) : Value.NoEntries, _clock.GetUtcNow());
        Decide(call);
    }

    private void Ended(Call call, NodeState state)
    {
        if (call.Key is not { } key)
            return;
        bool wasClaimed = IsClaimed(key);
        string? failure = call.Keeper.Ended(state, FactsOf(call), call.Frontier.State);
        if (state.Phase == Phase.Succeeded)
            call.Statuses.Add(failure is null ? "POPULATED" : "PUT_FAILURE");
        if (wasClaimed && !IsClaimed(key))
            call.Statuses.Add("RESERVATION_RELEASED");
        call.Key = null;
    }

    /// <summary>As another process sees it.</summary>
    private bool IsClaimed(string key)
    {
        using var other = new CacheObjects(_folder.Path("cache"));
        return other.IsClaimed(key);
    }

    private static ExecutionId Execution => new("01JDXQ3M5Z8W4T6R2N9P7K1V0B");

    private Facts FactsOf(Call? call) => new(Execution, _clock.GetUtcNow())
    {
        CacheMode = call?.Mode ?? CacheMode.Enabled,
        Cache = key => call?.Keeper.Ask(key) ?? CacheAnswer.Nothing,
    };

    private string Compare(JsonElement expect)
    {
        if (expect.TryGetProperty("runs", out JsonElement runs) && runs.GetInt32() != _runs)
            return $"expected {runs} runs, ours {_runs}";
        if (expect.TryGetProperty("phase", out JsonElement phase) && (phase.GetString() == "SUCCEEDED") != (_calls[^1].Frontier.State(NodePath.Root)?.Phase == Phase.Succeeded))
            return $"expected {phase}";
        if (_cannotRead && !_calls[0].Statuses.Contains("LOOKUP_FAILURE"))
            return "a cache that cannot be read must not stop the call";
        if (!expect.TryGetProperty("status", out JsonElement status))
            return "";
        if (status.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty one in status.EnumerateObject())
            {
                string wanted = string.Join(',', one.Value.GetString()!.Split(',').Select(word => word.Split(' ')[0]));
                string ours = string.Join(',', Last(one.Name).Statuses);
                if (wanted != ours)
                    return $"{one.Name}: expected {wanted}, ours {ours}";
            }
            return "";
        }
        string[] list = [.. status.EnumerateArray().Select(one => one.GetString()!)];
        string[] found = list.Length == _calls.Count
            ? [.. _calls.Select((call, i) => list[i].Contains('+', StringComparison.Ordinal) ? string.Join('+', call.Statuses) : call.Statuses[0])]
            : [.. _calls.SelectMany(call => call.Statuses)];
        return list.SequenceEqual(found) ? "" : $"expected {string.Join(' ', list)}, ours {string.Join(' ', found)}";
    }

    private sealed class Call(string name, Frontier frontier, CacheMode mode, ResultKeeper keeper)
    {
        public ResultKeeper Keeper => keeper;

        public string Name => name;

        public Frontier Frontier => frontier;

        public CacheMode Mode => mode;

        public bool IsRunning { get; set; }

        /// <summary>Of the result that it makes.</summary>
        public string? Key { get; set; }

        public List<string> Statuses { get; } = [];

        public HashSet<NodePath> Waiting { get; } = [];
    }
}
