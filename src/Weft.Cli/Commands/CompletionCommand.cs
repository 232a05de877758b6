using System.Text;
using Weft.Cli.CommandLine;
using Weft.Text;

namespace Weft.Cli.Commands;

/// <summary>Completion scripts for bash, zsh and fish, made from the tables of commands and flags.</summary>
internal static class CompletionCommand
{
    /// <summary>
    /// Overrides of configurations. Bash takes `=` for a boundary of words, so what stands before it is cut off; keys and groups that lead on get no
    /// blank behind them.
    /// </summary>
    private const string BashOverrides =
        """
          local line=${COMP_LINE:0:COMP_POINT}; local typed=${line##* } candidate
          case "${COMP_WORDS[1]} ${COMP_WORDS[2]} $typed" in
            *' -'*) ;;
            'config '*|'check '*)
              COMPREPLY=()
              while IFS= read -r candidate; do
                case $candidate in *[=./]) compopt -o nospace 2>/dev/null;; esac
                case $typed in *=*) candidate=${candidate#"${typed%"${typed##*=}"}"};; esac
                COMPREPLY+=("$candidate")
              done < <(weft config complete "$line" 2>/dev/null)
              return;;
          esac

        """;

    /// <summary>Parameters and swept keys behind the name of what is run; files where it has none.</summary>
    private const string BashKeys =
        """
          if [ "$COMP_CWORD" -gt 2 ]; then case "${COMP_WORDS[1]} $typed" in
            *' -'*|*=*) ;;
            'run '*|'plan '*)
              COMPREPLY=($(compgen -S = -W "$(weft ls --quiet --keys "${COMP_WORDS[2]}" 2>/dev/null)" -- "$word"))
              if [ ${#COMPREPLY[@]} -gt 0 ]; then compopt -o nospace 2>/dev/null; return; fi;;
          esac; fi

        """;

    /// <summary>The end of the function of zsh, in which a word is completed whole; as a file on <c>fpath</c> it is run to complete, else to be known.</summary>
    private const string ZshWords =
        """
          case $verb in
            config|check)
              found=(${(f)"$(weft config complete "$LBUFFER" 2>/dev/null)"})
              compadd -Q -S '' -- ${(M)found:#*[=./]}
              compadd -Q -- ${found:#*[=./]}
              return;;
            run|plan|show) found=(${(f)"$(weft ls --quiet --names 2>/dev/null)"});;
          esac
          compadd -- $found || _files
        }
        if [ "$funcstack[1]" = _weft ]; then _weft "$@"; else compdef _weft weft; fi
        """;

    private static readonly string[] Shells = ["bash", "zsh", "fish"];

    public static readonly Command Command = new("completion", "print a completion script for bash, zsh or fish", "SHELL", [], Run)
    {
        Count = (1, 1),
        Examples = [("eval \"$(weft completion bash)\"", "complete in this shell")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        Source shell = arguments.Words[0];
        session.Out.Write(shell.Text switch
        {
            "bash" => Bash(),
            "zsh" => Zsh(),
            "fish" => Fish(),
            _ => throw new DiagnosticException("cli/bad-choice", $"no completion for `{shell.Text}`; there are {Suggest.List(Shells, "and")}", shell.Whole, Suggest.Hint(shell.Text, Shells)),
        });
        return ExitCodes.Succeeded;
    }

    private static IEnumerable<IGrouping<string, string[]>> SecondWords =>
        Visible.Select(command => command.Name.Split(' ')).Where(name => name.Length > 1).GroupBy(name => name[0]);

    private static IEnumerable<string> FlagsOf(IEnumerable<Command> verb) =>
        verb.SelectMany(command => command.Flags).Concat(GlobalFlags.All).Where(flag => !flag.Hidden).Select(flag => "--" + flag.Name).Distinct();

    private static IEnumerable<Command> Visible => CommandTable.All.Where(command => !command.Hidden);

    private static string Bash()
    {
        var text = new StringBuilder("_weft() {\n  local word=${COMP_WORDS[COMP_CWORD]} flags=\n");
        text.Append("  if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W '").AppendJoin(' ', Visible.Select(command => command.Name.Split(' ')[0]).Distinct()).Append("' -- \"$word\")); return; fi\n");
        text.Append("  case ${COMP_WORDS[1]} in\n");
        foreach (IGrouping<string, Command> verb in Visible.GroupBy(command => command.Name.Split(' ')[0]))
            text.Append("    ").Append(verb.Key).Append(") flags='").AppendJoin(' ', FlagsOf(verb)).Append("';;\n");
        text.Append("  esac\n");
        text.Append(BashVerbs());
        text.Append(BashOverrides);
        text.Append(BashKeys);
        text.Append("  case $word in\n    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\"));;\n");
        text.Append("    *) case ${COMP_WORDS[1]} in run|plan|show) COMPREPLY=($(compgen -W \"$(weft ls --quiet --names 2>/dev/null)\" -- \"$word\"));; esac\n       [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$word\"));;\n  esac\n}\ncomplete -F _weft weft\n");
        return text.ToString();
    }

    /// <summary>The second words of verbs that have them.</summary>
    private static string BashVerbs()
    {
        var text = new StringBuilder("  if [ \"$COMP_CWORD\" -eq 2 ]; then case ${COMP_WORDS[1]} in\n");
        foreach (IGrouping<string, string[]> verb in SecondWords)
            text.Append("    ").Append(verb.Key).Append(") COMPREPLY=($(compgen -W '").AppendJoin(' ', verb.Select(name => name[1])).Append("' -- \"$word\")); return;;\n");
        return text.Append("  esac; fi\n").ToString();
    }

    private static string Zsh()
    {
        var text = new StringBuilder("#compdef weft\n_weft() {\n  local verb=${words[2]}\n  local -a found\n");
        text.Append("  if (( CURRENT == 2 )); then compadd -- ").AppendJoin(' ', Visible.Select(command => command.Name.Split(' ')[0]).Distinct()).Append("; return; fi\n");
        text.Append("  if (( CURRENT == 3 )); then case $verb in\n");
        foreach (IGrouping<string, string[]> verb in SecondWords)
            text.Append("    ").Append(verb.Key).Append(") compadd -- ").AppendJoin(' ', verb.Select(name => name[1])).Append(" && return;;\n");
        text.Append("  esac; fi\n  if [[ $PREFIX == -* ]]; then case $verb in\n");
        foreach (IGrouping<string, Command> verb in Visible.GroupBy(command => command.Name.Split(' ')[0]))
            text.Append("    ").Append(verb.Key).Append(") compadd -- ").AppendJoin(' ', FlagsOf(verb)).Append(";;\n");
        return text.Append("  esac; return; fi\n").Append(ZshWords).ToString();
    }

    private static string Fish()
    {
        var text = new StringBuilder("complete -c weft -f\n");
        foreach (Command command in Visible)
        {
            string[] words = command.Name.Split(' ');
            string verb = words[0];
            if (words.Length > 1)
                text.Append("complete -c weft -n '__fish_seen_subcommand_from ").Append(verb).Append("' -a ").Append(words[1]).Append(" -d '").Append(command.Summary.Replace("'", "\\'", StringComparison.Ordinal)).Append("'\n");
            text.Append("complete -c weft -n __fish_use_subcommand -a ").Append(verb).Append(" -d '").Append(command.Summary.Replace("'", "\\'", StringComparison.Ordinal)).Append("'\n");
            foreach (Flag flag in command.Flags.Where(flag => !flag.Hidden))
            {
                text.Append("complete -c weft -n '__fish_seen_subcommand_from ").Append(verb).Append("' -l ").Append(flag.Name);
                if (flag.Short is { } letter)
                    text.Append(" -s ").Append(letter);
                if (flag.TakesValue)
                    text.Append(" -r");
                text.Append(" -d '").Append(flag.Summary.Replace("'", "\\'", StringComparison.Ordinal)).Append("'\n");
            }
        }
        text.Append("complete -c weft -n '__fish_seen_subcommand_from config check' -a '(weft config complete (commandline -cp) 2>/dev/null)'\n");
        text.Append("complete -c weft -n '__fish_seen_subcommand_from run plan show' -a '(weft ls --quiet --names 2>/dev/null)'\n");
        text.Append("complete -c weft -n '__fish_seen_subcommand_from run plan' -a '(weft ls --quiet --keys (commandline -opc)[3] 2>/dev/null)='\n");
        return text.ToString();
    }
}
