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
            "zsh" => "#compdef weft\nautoload -U +X bashcompinit && bashcompinit\n" + Bash(),
            "fish" => Fish(),
            _ => throw new DiagnosticException("cli/bad-choice", $"no completion for `{shell.Text}`; there are {Suggest.List(Shells, "and")}", shell.Whole, Suggest.Hint(shell.Text, Shells)),
        });
        return ExitCodes.Succeeded;
    }

    private static IEnumerable<Command> Visible => CommandTable.All.Where(command => !command.Hidden);

    private static string Bash()
    {
        var text = new StringBuilder("_weft() {\n  local word=${COMP_WORDS[COMP_CWORD]} flags=\n");
        text.Append("  if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W '").AppendJoin(' ', Visible.Select(command => command.Name.Split(' ')[0]).Distinct()).Append("' -- \"$word\")); return; fi\n");
        text.Append("  case ${COMP_WORDS[1]} in\n");
        foreach (IGrouping<string, Command> verb in Visible.GroupBy(command => command.Name.Split(' ')[0]))
        {
            string flags = string.Join(' ', verb.SelectMany(command => command.Flags).Concat(GlobalFlags.All).Where(flag => !flag.Hidden).Select(flag => "--" + flag.Name).Distinct());
            text.Append("    ").Append(verb.Key).Append(") flags='").Append(flags).Append("';;\n");
        }
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
        foreach (IGrouping<string, string[]> verb in Visible.Select(command => command.Name.Split(' ')).Where(name => name.Length > 1).GroupBy(name => name[0]))
            text.Append("    ").Append(verb.Key).Append(") COMPREPLY=($(compgen -W '").AppendJoin(' ', verb.Select(name => name[1])).Append("' -- \"$word\")); return;;\n");
        return text.Append("  esac; fi\n").ToString();
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
