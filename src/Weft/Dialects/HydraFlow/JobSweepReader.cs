using System.Collections.Immutable;
using Weft.Sweeps;
using Weft.Text;
using Weft.Values;

namespace Weft.Dialects.HydraFlow;

/// <summary>Reads the sweeps of a job.</summary>
public sealed class JobSweepReader
{
    private readonly HydraFlowJob _job;
    private readonly Arguments _arguments;
    private readonly Diagnostics _diagnostics;
    private readonly SweepReader _sweeps;
    private readonly List<string> _notes = [];

    private JobSweepReader(HydraFlowJob job, Arguments arguments, Diagnostics diagnostics)
    {
        _job = job;
        _arguments = arguments;
        _diagnostics = diagnostics;
        _sweeps = new SweepReader(diagnostics, job.Generation == Generation.Sets ? RangeOrder.StepLast : RangeOrder.StepInTheMiddle);
    }

    /// <returns>Null when anything is wrong, the diagnostics say what.</returns>
    public static JobSweep? Read(HydraFlowJob job, Arguments arguments, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        JobSweep? sweep = new JobSweepReader(job, arguments, diagnostics).Read();
        return diagnostics.Errors > before ? null : sweep;
    }

    private JobSweep? Read()
    {
        foreach (Diagnostic unresolved in _job.Unresolved)
            _diagnostics.Add(unresolved);
        if (_job.Kind is not { } kind)
        {
            if (_job.Unresolved.IsEmpty)
                _diagnostics.Error("hydraflow/no-command", $"no command in job `{_job.Key}`", _job.At, "give it `run`, `call` or `submit`");
            return null;
        }
        ImmutableArray<Excerpt> command = Split(_job.Command);
        Excerpt? function = kind == JobKind.Call ? command.FirstOrDefault() : null;
        if (function is not null && !function.Text.Contains('.'))
            _diagnostics.Error("hydraflow/function-path", $"`{function.Text}` has no module; expected a path such as `package.module.function`", function.At);
        if (_job.Sets.IsEmpty)
        {
            string name = _job.Generation == Generation.Sets ? "sets" : "steps";
            string what = kind == JobKind.Submit ? "so it submits an empty file" : "so nothing is run";
            _diagnostics.Warning("hydraflow/no-sets", $"job `{_job.Key}` has no `{name}`, {what}", _job.At, $"for one command without parameters write `{name}: [{{}}]`");
        }
        ImmutableArray<Override> overrides = [.. _arguments.Overrides.Select(word => Override.Read(word, _arguments.IsMultirun, _diagnostics))];
        var sets = new List<ReadSet>();
        foreach (HydraFlowSet set in _job.Sets)
        {
            if (ReadOne(set, overrides) is { } one)
                sets.Add(one);
        }
        if (sets.Count < _job.Sets.Length)
            return null;
        bool isShared = sets.TrueForAll(set => set.Add.SequenceEqual(sets[0].Add));
        string? parameter = isShared ? null : FreeName(sets);
        Space[] spaces = [.. sets.Select(set => _arguments.ExpandsInner ? set.ToExpandedSpace(parameter) : set.ToSpace(parameter))];
        Space space = spaces.Length == 1 ? spaces[0] : new Concat([.. spaces], _job.At);
        if (space.Size > Space.MaxSize)
            _diagnostics.Error("sweep/too-many-points", $"job `{_job.Key}` has more than {Space.MaxSize:N0} commands", _job.At);
        return new JobSweep(_job, kind, space)
        {
            Command = [.. command.Select(word => word.Text), .. _arguments.Extra],
            Function = function,
            Add = isShared && sets.Count > 0 ? [.. sets[0].Add] : [],
            AddParameter = parameter,
            IsExpanded = _arguments.ExpandsInner,
            Notes = [.. _notes],
        };
    }

    private ReadSet? ReadOne(HydraFlowSet set, ImmutableArray<Override> overrides)
    {
        ImmutableArray<SweptWord> each = set.Each is null ? [] : _sweeps.ReadEach(set.Each);
        var all = new List<InnerWord>();
        bool isGood = !each.IsDefault;
        foreach (Excerpt text in set.All)
        {
            ImmutableArray<InnerWord> words = _sweeps.ReadAll(text);
            isGood &= !words.IsDefault;
            if (!words.IsDefault)
                all.AddRange(words);
        }
        IReadOnlyList<string> add = AddOf(set);
        if (!isGood)
            return null;
        var read = new ReadSet([.. each], all, add, _job.Generation == Generation.Sets ? Fastest.Last : Fastest.First, set.At);
        foreach (Override one in overrides)
            Apply(one, read);
        return read;
    }

    private IReadOnlyList<string> AddOf(HydraFlowSet set)
    {
        IReadOnlyList<string> job = Words(_job.Add);
        if (set.Add is null)
            return job;
        IReadOnlyList<string> own = Words(set.Add);
        if (_job.Generation == Generation.Sets)
            return AddWords.Merge(job, own);
        return own.Count == 0 ? job : own;
    }

    private IReadOnlyList<string> Words(Excerpt? text) => [.. Split(text).Select(word => word.Text)];

    private ImmutableArray<Excerpt> Split(Excerpt? text)
    {
        if (text is null)
            return [];
        ImmutableArray<Excerpt> words = ShellWords.Split(text, _diagnostics);
        return words.IsDefault ? [] : words;
    }

    /// <summary>Replaces the sweep of a key, or the inner one, or puts the word at the end of every command.</summary>
    private void Apply(Override given, ReadSet set)
    {
        if (given.Word is null)
        {
            set.Add = AddWords.Merge(set.Add, [given.Text]);
            return;
        }
        int place = set.Each.FindIndex(word => word.Parts.Any(part => part.Key == given.Key));
        if (place >= 0)
        {
            SweptWord old = set.Each[place];
            set.Each[place] = given.Word;
            set.Each.RemoveAll(word => word != given.Word && word.Parts.All(part => part.Key == given.Key));
            Note(given, old.At);
            return;
        }
        int inner = set.All.FindIndex(word => word.Key == given.Key);
        if (inner >= 0)
        {
            Span old = set.All[inner].At;
            set.All[inner] = new InnerWord(given.Key, given.Joined, given.Word.Parts[0].Values, given.Word.At);
            set.All.RemoveAll(word => word.Key == given.Key && word.At != given.Word.At);
            Note(given, old);
            return;
        }
        if (given.Word.Count > 1)
            set.Each.Add(given.Word);
        else
            set.Add = AddWords.Merge(set.Add, [given.Text]);
    }

    private void Note(Override given, Span old)
    {
        string note = $"`{given.Text}` replaces the sweep `{old.Text}` ({old})";
        if (!_notes.Contains(note))
            _notes.Add(note);
    }

    /// <summary>A name for the last words of a point that no swept key has.</summary>
    private static string FreeName(List<ReadSet> sets)
    {
        string name = "add";
        while (sets.Exists(set => set.Keys().Contains(name)))
            name += "_";
        return name;
    }

    /// <summary>A set while words of the command line are worked in.</summary>
    private sealed class ReadSet(List<SweptWord> each, List<InnerWord> all, IReadOnlyList<string> add, Fastest fastest, Span at)
    {
        public List<SweptWord> Each { get; } = each;

        public List<InnerWord> All { get; } = all;

        public IReadOnlyList<string> Add { get; set; } = add;

        public IEnumerable<string> Keys() => Each.SelectMany(word => word.Parts.Select(part => Axis.NameOf(part.Key))).Concat(All.Select(word => Axis.NameOf(word.Key)));

        /// <summary>A point for each command.</summary>
        public Space ToSpace(string? addParameter)
        {
            IEnumerable<Space> outer = Each.Select(word => Joined(word, part => new Axis(part.Key, part.Values, part.At) { RunsOfEach = part.InnerRuns }));
            IEnumerable<Space> inner = All.Select(word => new Axis(word.Key, new Choices.Listed([word.Value]), word.At) { RunsOfEach = word.InnerRuns });
            return new Product([.. outer, .. inner, .. Added(addParameter)], fastest, at);
        }

        /// <summary>A point for each run that the programs would make: for each command the values of its inner sweep, the last key fastest.</summary>
        public Space ToExpandedSpace(string? addParameter)
        {
            IEnumerable<Space> outer = Each.Select(word => Joined(word, part => new Axis(part.Key, part.Inner ?? part.Values, part.At)));
            IEnumerable<Space> inner = All.Select(word => new Axis(word.Key, word.Choices.Count == 0 ? new Choices.Listed([""]) : word.Choices, word.At));
            return new Product([new Product([.. outer], fastest, at), new Product([.. inner, .. Added(addParameter)], Fastest.Last, at)], Fastest.Last, at);
        }

        private static Space Joined(SweptWord word, Func<SweptParameter, Axis> axisOf)
        {
            Axis[] axes = [.. word.Parts.Select(axisOf)];
            return axes.Length == 1 ? axes[0] : new Concat([.. axes], word.At);
        }

        private IEnumerable<Space> Added(string? parameter) => parameter is null
            ? []
            : [new Listing([new Point(0, [], Value.NoEntries.Add(parameter, Value.ListOf(Add.Select(Value.Of))))], at)];
    }

    /// <summary>A word of the command line that replaces a parameter.</summary>
    /// <param name="Key">Empty when the word has no <c>=</c>.</param>
    /// <param name="Word">What it makes of a swept key; null without a key.</param>
    /// <param name="Joined">Its values joined by commas.</param>
    private sealed record Override(string Key, string Text, SweptWord? Word, string Joined)
    {
        public static Override Read(Excerpt word, bool isMultirun, Diagnostics diagnostics)
        {
            int equals = word.Text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                return new Override("", word.Text, null, "");
            string key = word.Text[..equals];
            string value = word.Text[(equals + 1)..];
            var literal = new SweptWord(word.At, [new SweptParameter(key, new Choices.Listed([value]), 1, word.At)]);
            if (!isMultirun || value.Length == 0)
                return new Override(key, word.Text, literal, value);
            var reader = new SweepReader(diagnostics);
            if (reader.ReadEachWord(word) is not { } swept)
                return new Override(key, word.Text, literal, value);
            string joined = reader.ReadAllWord(word)?.Value ?? value;
            return new Override(swept.Parts[0].Key, word.Text, swept, joined);
        }
    }
}
