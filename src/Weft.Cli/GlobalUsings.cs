// The command line's own words win over names of the library's folders.
global using Arguments = Weft.Cli.CommandLine.Arguments;
global using Command = Weft.Cli.CommandLine.Command;
