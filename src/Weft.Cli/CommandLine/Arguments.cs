using System.Globalization;
using Weft.Text;

namespace Weft.Cli.CommandLine;

/// <summary>
/// What was typed, and nothing else: stage one of two. It fails only on syntax and touches neither disk nor environment; commands resolve
/// it against the project in stage two. Words keep their number, so that a diagnostic points at <c>&lt;argument 3&gt;</c>.
/// </summary>
internal sealed class Arguments
{
    private readonly Dictionary<Flag, List<Source>> _flags = [];

    public required Command Command { get; init; }

    /// <summary>Positional words in order.</summary>
    public List<Source> Words { get; } = [];

    /// <summary>Words after <c>--</c>; null when there was none.</summary>
    public List<Source>? Rest { get; private set; }

    public bool Has(Flag flag) => _flags.ContainsKey(flag);

    /// <summary>Whether no other flags were given than these.</summary>
    public bool HasOnly(ReadOnlySpan<Flag> flags)
    {
        foreach (Flag flag in _flags.Keys)
        {
            if (!flags.Contains(flag))
                return false;
        }
        return true;
    }

    public string? Value(Flag flag) => _flags.TryGetValue(flag, out var values) ? values[^1].Text : null;

    public Source? SourceOf(Flag flag) => _flags.TryGetValue(flag, out var values) ? values[^1] : null;

    public IReadOnlyList<Source> All(Flag flag) => _flags.TryGetValue(flag, out var values) ? values : [];

    public string? Word(int index) => index < Words.Count ? Words[index].Text : null;

    /// <summary>A whole number of at least <paramref name="least"/>, or null when the flag was not given.</summary>
    public int? Int(Flag flag, int least)
    {
        if (SourceOf(flag) is not { } source)
            return null;
        if (int.TryParse(source.Text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number) && number >= least)
            return number;
        throw new DiagnosticException("cli/bad-number", $"`--{flag.Name}` takes a whole number of at least {least}, found `{source.Text}`", source.Whole);
    }

    /// <summary>Sorts typed words into flags and words of <paramref name="command"/>. <paramref name="from"/> is the index of the first word after the verb.</summary>
    public static Arguments Parse(Command command, IReadOnlyList<Flag> global, string[] typed, int from, Diagnostics diagnostics)
    {
        var arguments = new Arguments { Command = command };
        Flag[] known = [.. command.Flags, .. global];
        for (int i = from; i < typed.Length; i++)
        {
            Source word = Source.OfArgument(i + 1, typed[i]);
            if (typed[i] == "--")
            {
                arguments.Rest = [.. typed.Skip(i + 1).Select((text, n) => Source.OfArgument(i + 2 + n, text))];
                break;
            }
            if (typed[i].StartsWith("--", StringComparison.Ordinal))
                arguments.Long(known, word, typed, ref i, diagnostics);
            else if (typed[i].Length > 1 && typed[i][0] == '-' && !char.IsAsciiDigit(typed[i][1]) && !typed[i].Contains('/', StringComparison.Ordinal) && typed[i] != "-")
                arguments.Shorts(known, word, typed, ref i, diagnostics);
            else
                arguments.Words.Add(word);
        }
        arguments.CheckCount(diagnostics);
        return arguments;
    }

    private void Long(Flag[] known, Source word, string[] typed, ref int i, Diagnostics diagnostics)
    {
        string body = word.Text[2..];
        int equals = body.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? body : body[..equals];
        Flag? flag = known.FirstOrDefault(flag => flag.Name == name || flag.Aliases.Contains(name));
        if (flag is null)
        {
            diagnostics.Error("cli/unknown-flag", $"`{Command.Name}` has no flag `--{name}`", word.At(0, name.Length + 2),
                Suggest.Nearest(name, known.Select(flag => flag.Name)) is { } near ? $"did you mean `--{near}`?" : $"`weft {Command.Name} --help` lists them");
            return;
        }
        if (!flag.TakesValue)
        {
            if (equals >= 0)
                diagnostics.Error("cli/unexpected-value", $"`--{name}` takes no value", word.At(equals + 2, body.Length - equals));
            Record(flag, word, diagnostics);
        }
        else if (equals >= 0)
        {
            Record(flag, new Source(word.Name, body[(equals + 1)..]), diagnostics);
        }
        else
        {
            TakeNext(flag, word, typed, ref i, diagnostics);
        }
    }

    /// <summary>Short flags may be joined: <c>-dj4</c> is <c>-d -j 4</c>.</summary>
    private void Shorts(Flag[] known, Source word, string[] typed, ref int i, Diagnostics diagnostics)
    {
        for (int at = 1; at < word.Text.Length; at++)
        {
            char letter = word.Text[at];
            Flag? flag = known.FirstOrDefault(flag => flag.Short == letter);
            if (flag is null)
            {
                diagnostics.Error("cli/unknown-flag", $"`{Command.Name}` has no flag `-{letter}`", word.At(at, 1), $"`weft {Command.Name} --help` lists them");
                return;
            }
            if (!flag.TakesValue)
            {
                Record(flag, word, diagnostics);
                continue;
            }
            if (at + 1 < word.Text.Length)
                Record(flag, new Source(word.Name, word.Text[(at + 1)..].TrimStart('=')), diagnostics);
            else
                TakeNext(flag, word, typed, ref i, diagnostics);
            return;
        }
    }

    private void TakeNext(Flag flag, Source word, string[] typed, ref int i, Diagnostics diagnostics)
    {
        if (i + 1 < typed.Length && typed[i + 1] != "--")
        {
            i++;
            Record(flag, Source.OfArgument(i + 1, typed[i]), diagnostics);
        }
        else
        {
            diagnostics.Error("cli/missing-value", $"`--{flag.Name}` needs a value: `--{flag.Name} {flag.Value}`", word.Whole);
        }
    }

    private void Record(Flag flag, Source value, Diagnostics diagnostics)
    {
        if (flag.Choices.Length > 0 && !flag.Choices.Contains(value.Text))
        {
            diagnostics.Error("cli/bad-choice", $"`--{flag.Name}` takes {Suggest.List(flag.Choices)}, found `{value.Text}`", value.Whole, Suggest.Hint(value.Text, flag.Choices));
            return;
        }
        if (!_flags.TryGetValue(flag, out var values))
            _flags.Add(flag, values = []);
        else if (!flag.Repeats && flag.TakesValue)
            diagnostics.Add(new Diagnostic("cli/repeated-flag", $"`--{flag.Name}` is given twice", value.Whole).WithNote("first here", values[0].Whole));
        values.Add(value);
    }

    private void CheckCount(Diagnostics diagnostics)
    {
        if (Words.Count < Command.Count.Least)
            diagnostics.Error("cli/missing-word", $"expected `weft {Command.Name} {Command.Words}`", null, $"`weft {Command.Name} --help` says more");
        else if (Words.Count > Command.Count.Most)
            diagnostics.Error("cli/extra-word", $"`weft {Command.Name}` takes {(Command.Count.Most == 0 ? "no words" : $"at most {Command.Count.Most}")}, found `{Words[Command.Count.Most].Text}`", Words[Command.Count.Most].Whole);
    }
}
