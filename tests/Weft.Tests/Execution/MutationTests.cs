using System.Collections.Immutable;
using Weft.Execution;
using Weft.Storage;
using Weft.Support;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>
/// Two hundred edits of a project, before and while it runs: the plan foresees what runs, exactly what an edit touches runs, and the comparison of what the keys
/// were made from names the edit. Planner, decisions and cache are the real ones over real files; only the programs are functions.
/// </summary>
public sealed class MutationTests : IDisposable
{
    private const int Rounds = 200;

    private static readonly string[] Computed = ["prepare", "clean", "train[0]", "train[1]", "train[2]", "report"];

    /// <summary>An edit, the places that it touches, and what the answer to "why" must name there.</summary>
    private static readonly (string Component, string[] Touched, Action<Settings, Random> Edit)[] Mutations =
    [
        ("the input `raw`", ["prepare"], (world, random) => world.Files["raw.csv"] = Flip(world.Files["raw.csv"], random)),
        ("the input `day`", ["prepare"], (world, random) => world.Day = "day" + random.Next()),
        ("the input `lr`", ["train[0]", "train[1]", "train[2]"], (world, random) => world.Rate = random.Next()),
        ("the file `prepare.py`", ["prepare"], (world, random) => world.Files["prepare.py"] += $"# {random.Next()}\n"),
        ("the file `clean.py`", ["clean"], (world, random) => world.Files["clean.py"] += $"# {random.Next()}\n"),
        ("the file `report.py`", ["report"], (world, random) => world.Files["report.py"] = $"import lib\nprint({random.Next()})\n"),
        ("the file `lib.py`", ["train[0]", "train[1]", "train[2]", "report"], (world, random) => world.Files["lib.py"] += $"x{random.Next()} = 1\n"),
        ("the variable `THREADS`", Computed, (world, random) => world.Threads = random.Next()),
        ("the version", ["fixed"], (world, random) => world.Version = "v" + random.Next()),
        ("the command", ["report"], (world, random) => world.Word = "--w" + random.Next()),
        ("", [], (world, random) => world.Note = "note" + random.Next()),
        ("", [], (world, random) => world.Doc = "doc" + random.Next()),
        ("", [], (world, random) => world.Cpu = random.Next(1, 9)),
        ("", [], (world, random) => world.Files["fixed.py"] += $"# {random.Next()}\n"),
        ("", [], (world, random) => world.Files["unrelated.txt"] = random.Next().ToString()),
        ("", [], (world, _) => world.Touch = true),
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly Settings _settings = new();
    private readonly Dictionary<NodePath, CacheDocument> _last = [];
    private int _executions;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_edit_runs_what_it_touches_and_is_named()
    {
        using var project = new GraphProject(_folder.Root);
        Play(project, null, out _, out _);
        for (int round = 0; round < Rounds; round++)
        {
            var random = new Random(round);
            var edits = Enumerable.Range(0, random.Next(4) == 0 ? 2 : 1).Select(_ => Mutations[random.Next(Mutations.Length)]).ToArray();
            foreach (var edit in edits)
                edit.Edit(_settings, random);
            // While it runs a file of the sweep is edited, too: whatever of the sweep runs now is run again the next time.
            bool isMeanwhile = round % 5 == 0;
            if (isMeanwhile)
                _settings.Rate = random.Next();
            HashSet<string> ran = Play(project, isMeanwhile ? () => Write("train.py", _settings.Files["train.py"] += $"# {round}\n") : null, out List<string> said, out Dictionary<string, string[]> why);
            string seed = $"round {round}, {string.Join(" and ", edits.Select(edit => edit.Component.Length > 0 ? edit.Component : "nothing that counts"))}: ran {string.Join(' ', ran)}";
            foreach (var (component, touched, _) in edits)
            {
                Assert.All(touched, path => Assert.True(ran.Contains(path) && why[path].Contains(component), $"{seed}; why {path}: {string.Join(", ", why.GetValueOrDefault(path, []))}"));
            }
            HashSet<string> direct = [.. edits.SelectMany(edit => edit.Touched)];
            // What was not edited itself ran because of what it takes.
            Assert.All(ran.Where(path => !direct.Contains(path)), path => Assert.True(why[path].All(one => one.StartsWith("the input `", StringComparison.Ordinal)), $"{seed}; why {path}: {string.Join(", ", why[path])}"));
            if (direct.Count == 0 && !isMeanwhile)
                Assert.True(ran.Count == 0, seed);
            if (!isMeanwhile)
            {
                Assert.True(said.Count == 0, $"{seed}; {string.Join("; ", said)}");
                continue;
            }
            Assert.Equal(3, said.Count(text => text.StartsWith("train[", StringComparison.Ordinal) && text.Contains("the file `train.py` changed while it ran", StringComparison.Ordinal)));
            HashSet<string> again = Play(project, null, out _, out Dictionary<string, string[]> whyAgain);
            Assert.Equal(["train[0]", "train[1]", "train[2]"], again.Order());
            Assert.All(again, path => Assert.Equal(["the file `train.py`"], whyAgain[path]));
        }
    }

    /// <summary>Plans and plays; asserts the law of forecasts.</summary>
    /// <returns>The places that ran.</returns>
    private HashSet<string> Play(GraphProject project, Action? meanwhile, out List<string> said, out Dictionary<string, string[]> why)
    {
        _settings.Write(Write);
        if (_settings.Touch)
            File.SetLastWriteTimeUtc(_folder.Path("raw.csv"), DateTime.UtcNow.AddSeconds(-_executions - 1));
        _settings.Touch = false;
        var blobs = new FolderBlobStore(_folder.Path("blobs"), new FileHashes(null, TimeProvider.System), TimeProvider.System);
        using var cache = new ResultCache(new CacheObjects(_folder.Path("cache")), blobs, TimeProvider.System);
        project.Foresee = facts => facts with { Cache = cache.Ask };
        Plan plan = project.PlanOf(_settings.Yaml);
        using var play = new Run(plan, cache, project, new ExecutionId($"{_executions++:D26}")) { Meanwhile = meanwhile };
        play.ToItsEnd();
        foreach (PlanNode node in plan.Nodes)
        {
            bool ran = play.Started.Keys.Any(path => path == node.Path || path.Parent == node.Path);
            Assert.True(!ran || node.Forecast is Forecast.Run or Forecast.Depends, $"{node.Path} was forecast as {node.Forecast} and ran");
            Assert.True(ran || node.Forecast is not Forecast.Run, $"{node.Path} was forecast to run and did not");
        }
        said = play.Said;
        why = [];
        foreach ((NodePath path, CacheDocument document) in play.Started)
        {
            why[path.Text] = _last.TryGetValue(path, out CacheDocument? before) ? [.. CacheComparison.Differences(before, document).Select(one => one.Component)] : [];
            _last[path] = document;
        }
        return [.. play.Started.Keys.Select(path => path.Text)];
    }

    private void Write(string path, string text) => _folder.Write(path, text);

    private static string Flip(string text, Random random)
    {
        int at = random.Next(text.Length);
        return $"{text[..at]}{(char)('0' + ((text[at] - '0' + random.Next(1, 9)) % 10))}{text[(at + 1)..]}";
    }

    /// <summary>All that can be edited.</summary>
    private sealed class Settings
    {
        public Dictionary<string, string> Files { get; } = new()
        {
            ["raw.csv"] = "0123456789",
            ["prepare.py"] = "print(1)\n",
            ["clean.py"] = "print(1)\n",
            ["train.py"] = "from lib import *\n",
            ["report.py"] = "import lib\n",
            ["fixed.py"] = "print(1)\n",
            ["lib.py"] = "y = 1\n",
        };

        public string Day { get; set; } = "monday";

        public string Note { get; set; } = "none";

        public string Doc { get; set; } = "";

        public string Version { get; set; } = "v1";

        public string Word { get; set; } = "--w";

        public int Rate { get; set; }

        public int Threads { get; set; }

        public int Cpu { get; set; } = 1;

        public bool Touch { get; set; }

        public string Yaml => $$$$"""
            weft: 1
            project: mutations
            doc: "{{{{Doc}}}}"
            params: {day: {type: str, default: "{{{{Day}}}}"}, note: {type: str, default: "{{{{Note}}}}"}}
            env: {vars: {THREADS: "{{{{Threads}}}}"}}
            tasks:
              prepare: {run: "python3 prepare.py ${{ params.day }}", inputs: {raw: ./raw.csv}, outputs: {data: {type: str}}}
              clean: {run: python3 clean.py, inputs: {data: prepare.data}, outputs: {kind: {type: str}}}
              train: {run: python3 train.py, inputs: {data: prepare.data, lr: {{{{Rate}}}} }, outputs: {acc: {type: str}}, sweep: {grid: {seed: [1, 2, 3]}}}
              fixed: {run: python3 fixed.py, inputs: {data: prepare.data, note: "${{ params.note }}"}, outputs: {x: {type: str}}, cache: {version: {{{{Version}}}}, ignore: [note]}}
              report: {run: python3 report.py {{{{Word}}}}, inputs: {kind: clean.kind, x: fixed.x}, outputs: {page: {type: str}}, resources: {cpu: {{{{Cpu}}}} }}
            """;

        public void Write(Action<string, string> write)
        {
            foreach ((string path, string text) in Files)
                write(path, text);
        }
    }

    /// <summary>One execution: as the loop does it, without processes and without a record.</summary>
    private sealed class Run : IDisposable
    {
        private readonly Plan _plan;
        private readonly GraphProject _project;
        private readonly ExecutionId _id;
        private readonly Frontier _frontier;
        private readonly ResultKeeper _keeper;
        private readonly Dictionary<NodePath, NodeState> _touched = [];
        private readonly List<Step.Start> _running = [];
        private readonly List<NodePath> _waiting = [];

        public Run(Plan plan, ResultCache cache, GraphProject project, ExecutionId id)
        {
            (_plan, _project, _id) = (plan, project, id);
            _frontier = new Frontier(plan, state => _touched[state.Path] = state);
            _keeper = new ResultKeeper(id, plan, cache, CacheMode.Enabled, TimeProvider.System);
        }

        /// <summary>Done once, when the sweep runs.</summary>
        public Action? Meanwhile { get; set; }

        public Dictionary<NodePath, CacheDocument> Started { get; } = [];

        public List<string> Said { get; } = [];

        public void Dispose() => _keeper.Dispose();

        public void ToItsEnd()
        {
            while (!_frontier.IsFinished)
            {
                while (_frontier.TryNext(true, out NodePath path))
                    Decide(path);
                if (_running.Count == 0)
                {
                    _waiting.ForEach(_frontier.Wake);
                    _waiting.Clear();
                    continue;
                }
                if (Meanwhile is { } edit && _running.Count(start => start.Invocation.Task == "train") == 3)
                {
                    edit();
                    Meanwhile = null;
                }
                Step.Start ended = _running[0];
                _running.RemoveAt(0);
                _frontier.AttemptEnded(ended.Invocation.Path, new Outcome.Succeeded(), ResultOf(ended), DateTimeOffset.UnixEpoch);
                KeepResults();
            }
            Assert.Equal(Phase.Succeeded, _frontier.State(NodePath.Root)!.Phase);
        }

        private void Decide(NodePath path)
        {
            Step step = Decision.Decide(_plan, path, _frontier.State, FactsNow());
            if (step is Step.Wait { Until: not null } || (step is Step.Start claimed && !_keeper.TryClaim(claimed)))
            {
                _waiting.Add(path);
                return;
            }
            if (step is Step.Start start)
            {
                _keeper.Began(start);
                _running.Add(start);
                Started[path] = start.Document!;
            }
            _frontier.Apply(path, step, DateTimeOffset.UnixEpoch);
            KeepResults();
        }

        private Facts FactsNow() => _project.FactsOf(_id) with { Cache = _keeper.Ask };

        private void KeepResults()
        {
            foreach (NodeState state in _touched.Values.Where(state => state.Phase.IsTerminal))
            {
                if (_keeper.Ended(state, FactsNow(), _frontier.State) is { } sentence)
                    Said.Add(sentence);
            }
            _touched.Clear();
        }

        /// <summary>What follows from code and inputs; of <c>clean</c> always the same, so that what is below it is not touched.</summary>
        private static ImmutableSortedDictionary<string, Value> ResultOf(Step.Start start)
        {
            string text = start.Invocation.Task == "clean" ? "same" : Digest.Of(start.Document!.Canonical()).Short;
            return start.Invocation.Outputs.Aggregate(Value.NoEntries, (all, output) => all.Add(output.Name, Value.Of(text)));
        }
    }
}
