using System.Text;

namespace Weft.Dialects.Native;

/// <summary>The page <c>docs/reference/weft-yaml.md</c>, made from the table of keys.</summary>
public static class KeyReference
{
    private const string Opening = """
        # weft.yaml

        Every key that may stand in `weft.yaml`. This page is made from the table that the program itself reads; `weft check --schema` prints the same as a
        JSON Schema for editors.

        The file is YAML 1.2: `yes`, `on` and `12:30` are texts. An unknown key is an error. Only `${{ }}` belongs to Weft: `${x}` is OmegaConf's inside a
        configuration, and the shell's inside `script`. A key that is marked *later* is part of the language, but does nothing in
        this version; whoever uses it is warned.

        In expressions a name with `-` is read as one where the file declares it: `prepare.my-data`; with blanks around it, `-` subtracts. Other names with signs in
        them, of metrics for instance, stand in brackets: `train.best['val/acc'] > 0.9`.

        """;

    public static string Write()
    {
        var text = new StringBuilder(Opening);
        foreach (Section section in Vocabulary.All)
        {
            text.Append("\n## ").Append(section.Name).Append("\n\n").Append(section.Doc).Append('\n');
            if (!section.OneOf.IsDefaultOrEmpty)
                text.Append("At most one of ").AppendJoin(", ", section.OneOf.Select(name => $"`{name}`")).Append(" may stand.\n");
            if (!section.AnyOf.IsEmpty)
                text.Append("At least one of ").AppendJoin(", ", section.AnyOf.Select(name => $"`{name}`")).Append(" must stand.\n");
            text.Append("\n| key | value | meaning |\n| --- | --- | --- |\n");
            foreach (Key key in section.Keys)
            {
                string marks = key.IsRequired ? " (required)" : key.Later is not null ? " (*later*)" : "";
                string standard = key.Default is { } value ? $" Default: {value}." : "";
                text.Append("| `").Append(key.Name).Append('`').Append(marks).Append(" | ").Append(Cell(key.Form.Noun)).Append(" | ").Append(Cell(key.Doc + standard)).Append(" |\n");
            }
        }
        return text.ToString();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
