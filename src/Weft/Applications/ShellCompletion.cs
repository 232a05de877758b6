using System.Collections.Immutable;
using System.Globalization;
using Weft.Config.Composition;
using Weft.Text;

namespace Weft.Applications;

/// <summary>
/// Completion in shells: <c>-sc install=bash</c> prints what the shell is to evaluate, <c>-sc query=bash</c> answers it, reading the line from
/// <c>COMP_LINE</c> and the place of the cursor from <c>COMP_POINT</c>. File names are left to the shell.
/// </summary>
internal sealed class ShellCompletion(HydraProgram program, Composer composer, string? configName)
{
    private static readonly string[] Shells = ["bash", "zsh", "fish"];

    private static readonly string[] Verbs = ["install", "uninstall", "query"];

    public HydraAction? Decide(ImmutableArray<string> words, Diagnostics diagnostics)
    {
        string[] parts = words is [var only] ? only.Split('=', 2) : [];
        if (parts.Length != 2 || !Verbs.Contains(parts[0]) || !Shells.Contains(parts[1]))
        {
            diagnostics.Error("arguments/completion", $"`--shell-completion` takes `install=SHELL`, `uninstall=SHELL` or `query=SHELL`, found `{string.Join(' ', words)}`", null, $"shells: {Suggest.List(Shells, "and")}");
            return null;
        }
        return new HydraAction.Print((parts[0], parts[1]) switch
        {
            ("install", "bash") => Bash(program.Command),
            ("install", "zsh") => Zsh(program.Command),
            ("install", _) => Fish(program.Command),
            ("uninstall", "bash") => $"complete -r {program.Command}\nunset -f {FunctionOf(program.Command)}\n",
            ("uninstall", "zsh") => $"compdef -d {program.Command}\nunfunction {FunctionOf(program.Command)}\n",
            ("uninstall", _) => $"complete -c {program.Command} -e\n",
            _ => string.Concat(Query().Select(candidate => candidate + "\n")),
        });
    }

    /// <summary>What the last word of the line can become.</summary>
    private IEnumerable<string> Query()
    {
        IReadOnlyDictionary<string, string> environment = program.Options.Environment;
        string line = environment.GetValueOrDefault("COMP_LINE", "");
        if (int.TryParse(environment.GetValueOrDefault("COMP_POINT", ""), NumberStyles.None, CultureInfo.InvariantCulture, out int cursor) && cursor < line.Length)
            line = line[..cursor];
        string[] words = line.Split(' ');
        string typed = words[^1];
        string[] before = [.. words.Skip(1).SkipLast(1).Where(word => word.Length > 0)];
        if (before.Length > 0 && FlagOf(before[^1]) is { Choices: { } choices })
        {
            if (choices.Length > 0 || before[^1] is not ("--package" or "-p"))
                return choices.Where(choice => choice.StartsWith(typed, StringComparison.Ordinal));
        }
        if (typed.StartsWith('-'))
            return HydraArguments.Flags.Select(flag => flag.Long).Where(flag => flag.StartsWith(typed, StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        // What stands before it chooses the groups and folders that it is completed from.
        HydraArguments? known = HydraArguments.Parse(before, []);
        return new OverrideCompletion(composer, known?.ConfigName ?? configName, known?.Overrides ?? []).Complete(typed);
    }

    private static HydraArguments.Flag? FlagOf(string word) => HydraArguments.Flags.FirstOrDefault(flag => flag.Long == word || flag.Short == word);

    private static string FunctionOf(string command) => "_complete_" + string.Concat(command.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));

    /// <summary>Bash takes `=` for a boundary of words, so what stands before it is cut off; what leads on gets no blank behind it.</summary>
    private static string Bash(string command) =>
        $$"""
        {{FunctionOf(command)}}() {
          local line=${COMP_LINE:0:COMP_POINT} candidate
          local typed=${line##* }
          COMPREPLY=()
          while IFS= read -r candidate; do
            case $candidate in *[=./]) compopt -o nospace 2>/dev/null;; esac
            case $typed in *=*) candidate=${candidate#"${typed%"${typed##*=}"}"};; esac
            COMPREPLY+=("$candidate")
          done < <(COMP_LINE=$COMP_LINE COMP_POINT=$COMP_POINT "${COMP_WORDS[0]}" -sc query=bash 2>/dev/null)
        }
        complete -o default -F {{FunctionOf(command)}} {{command}}

        """;

    private static string Zsh(string command) =>
        $$"""
        {{FunctionOf(command)}}() {
          local -a found
          found=(${(f)"$(COMP_LINE=$BUFFER COMP_POINT=$CURSOR ${words[1]} -sc query=zsh 2>/dev/null)"})
          (( $#found )) || { _files; return }
          compadd -Q -S '' -- ${(M)found:#*[=./]}
          compadd -Q -- ${found:#*[=./]}
        }
        compdef {{FunctionOf(command)}} {{command}}

        """;

    /// <summary>Files are offered only where a value begins like a path.</summary>
    private static string Fish(string command) =>
        $$"""
        complete -c {{command}} -f -a '(env COMP_LINE=(commandline -cp) {{command}} -sc query=fish 2>/dev/null)'
        complete -c {{command}} -n 'string match -qr "=[./~]" -- (commandline -ct)' -F

        """;
}
