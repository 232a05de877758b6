using System.Text.Json;
using Weft.Cli.CommandLine;
using Weft.Cli.Remote;
using Weft.Cli.Terminal;
using Weft.Records;
using Weft.Text;

namespace Weft.Cli.Commands;

/// <summary><c>weft tag</c>: movable names for what has finished, by which any REF finds it as <c>@NAME</c>.</summary>
internal static class TagCommand
{
    private static readonly Flag Delete = new("delete", null, null, "take the tag away; what it names stays");

    public static readonly Command Command = new("tag", "name a finished execution or point; list such names", "[NAME [REF]]", [Delete], Run)
    {
        Count = (0, 2),
        Detail = "A tag that stands elsewhere moves. What a tag names is kept by `gc` and `rm`.",
        Examples = [("weft tag champion train/7", "name the point 7 of the newest `train`"), ("weft show @champion", "find it again"), ("weft tag", "all tags")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        using RemoteProject? remote = RemoteProject.Of(session);
        if (remote is not null)
            return RemoteNodes.Tag(remote, arguments.Words, arguments.Has(Delete), session);
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        if (arguments.Words.Count == 0)
            return List(store, store.Catalog.Tags(), session);
        Source name = arguments.Words[0];
        if (arguments.Has(Delete))
            return Remove(store, name, session);
        if (arguments.Words.Count == 1)
            return List(store, [store.Catalog.FindTag(name.Text) ?? throw Missing(store, name)], session);
        if (!TagRow.IsName(name.Text))
            throw new DiagnosticException("tag/name", $"`{name.Text}` cannot be a tag: expected letters, digits and `-_.`, a letter or digit first", name.Whole);
        Address address = Address.Find(store, arguments.Words[1]);
        if (address.Execution.Ended is null && address.Path is null)
            throw new DiagnosticException("tag/unfinished", $"{address.Execution.Name} has not ended", arguments.Words[1].Whole, "a tag names what is finished, so that it stays the same");
        TagRow? before = store.Catalog.FindTag(name.Text);
        using (Transaction write = store.Records.Database.BeginWrite(CancellationToken.None))
        {
            store.Catalog.MoveTag(name.Text, address.Execution.Id, address.Path);
            write.Commit();
        }
        string from = before is null ? "" : $" (was {Named(store, before)})";
        session.Say($"@{name.Text} is {address.Execution.Name}{(address.Path is { } path ? "/" + path : "")}{from}");
        return ExitCodes.Succeeded;
    }

    private static int Remove(ProjectStore store, Source name, Session session)
    {
        using Transaction write = store.Records.Database.BeginWrite(CancellationToken.None);
        if (!store.Catalog.RemoveTag(name.Text))
            throw Missing(store, name);
        write.Commit();
        session.Say($"no tag `{name.Text}` any more");
        return ExitCodes.Succeeded;
    }

    private static int List(ProjectStore store, IReadOnlyList<TagRow> tags, Session session)
    {
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartArray();
                foreach (TagRow tag in tags)
                    Write(json, store, tag);
                json.WriteEndArray();
            });
            return ExitCodes.Succeeded;
        }
        if (tags.Count == 0)
        {
            session.Say("no tags");
            return ExitCodes.Succeeded;
        }
        var table = new Table("TAG", "NAMES", "SINCE");
        foreach (TagRow tag in tags)
            table.Add(tag.Name, Named(store, tag), Amounts.Instant(tag.Moved, store.Clock));
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        return ExitCodes.Succeeded;
    }

    private static void Write(Utf8JsonWriter json, ProjectStore store, TagRow tag)
    {
        json.WriteStartObject();
        json.WriteString("tag", tag.Name);
        json.WriteString("execution", store.Records.Find(tag.Execution)?.Name);
        if (tag.Path is { } path)
            json.WriteString("path", path.Text);
        json.WriteNumber("moved", tag.Moved.ToUnixTimeMilliseconds());
        json.WriteEndObject();
    }

    private static string Named(ProjectStore store, TagRow tag) => (store.Records.Find(tag.Execution)?.Name ?? "deleted") + (tag.Path is { } path ? "/" + path : "");

    private static DiagnosticException Missing(ProjectStore store, Source name) =>
        new("address/no-tag", $"no tag `{name.Text}`", name.Whole, Suggest.Hint(name.Text, store.Catalog.Tags().Select(tag => tag.Name)) ?? "`weft tag` lists them");
}
