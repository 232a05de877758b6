using System.Collections.Immutable;
using Weft.Config.Yaml;
using Weft.Expressions;
using Weft.Text;
using Weft.Values;

namespace Weft.Dialects.Native;

/// <summary>
/// What stands behind an input: <c>./path</c>, <c>scheme://…</c>, <c>task.output</c>, <c>task@last.output</c>, <c>@tag/output</c>, any other expression, a text with
/// <c>${{ }}</c>, or a value of YAML.
/// </summary>
internal sealed class References(IReadOnlySet<string> tasks, Naming naming, Diagnostics problems)
{
    public Expr? Read(YamlNode node)
    {
        switch (node)
        {
            case YamlScalar scalar:
                return CoreScalar.Read(scalar) is Value.Text { Content: var text } ? OfText(text, scalar.At) : new Expr.Literal(CoreScalar.Read(scalar), scalar.At);
            case YamlSequence list:
                Expr?[] items = [.. list.Items.Select(Read)];
                return items.Contains(null) ? null : new Expr.ListOf([.. items!], list.At);
            case YamlMapping map:
                return map.TextOf("path") is { } path ? File(path, map.TextOf("digest") ?? Outside.Content, map["path"]!.At) : null;
            default:
                return null;
        }
    }

    private Expr? OfText(string text, Span at)
    {
        if (text.Contains("${{", StringComparison.Ordinal))
            return Template.Parse(text, at, problems, naming);
        if (text.StartsWith("./", StringComparison.Ordinal) || text.StartsWith("../", StringComparison.Ordinal) || text.StartsWith('/') || text.StartsWith("~/", StringComparison.Ordinal))
            return File(text, Outside.Content, at);
        if (text.StartsWith("file://", StringComparison.Ordinal))
            return File(text["file://".Length..], Outside.Content, at);
        if (text.Contains("://", StringComparison.Ordinal))
            return new Expr.Literal(Value.Of(text), at);
        if (text.StartsWith('@'))
            return Tagged(text, at);
        int last = text.IndexOf("@last.", StringComparison.Ordinal);
        if (last > 0)
            return new Expr.Ref(Root.Outside, [new(Outside.Last), new(text[..last]), new(text[(last + "@last.".Length)..])], at);
        return Plain(text, at) ?? ExprParser.Parse(text, at, problems, naming);
    }

    private static Expr.Ref File(string path, string digest, Span at) => new(Root.Outside, [new(Outside.File), new(path), new(digest)], at);

    private Expr.Ref? Tagged(string text, Span at)
    {
        int slash = text.IndexOf('/');
        if (slash > 1 && slash + 1 < text.Length)
            return new Expr.Ref(Root.Outside, [new(Outside.Tag), new(text[1..slash]), new(text[(slash + 1)..])], at);
        problems.Error("weft/reference", $"`{text}` names no output of a tag", at, "write `\"@TAG/OUTPUT\"`");
        return null;
    }

    /// <summary>A path that begins with the name of a task, be it one that expressions know as something else: <c>2nd.data</c>, <c>run.data</c>.</summary>
    private Expr.Ref? Plain(string text, Span at)
    {
        string[] parts = text.Split('.');
        return tasks.Contains(parts[0]) && parts.Skip(1).All(part => Functions.IsName(part))
            ? new Expr.Ref(Root.Node, [.. parts.Select(part => new Segment(part))], at)
            : null;
    }

    /// <summary>An expression with some of its references replaced by others.</summary>
    /// <param name="replace">What stands for a reference; null leaves it.</param>
    public static Expr Replace(Expr expression, Func<Expr.Ref, Expr?> replace) => expression switch
    {
        Expr.Ref reference => replace(reference) ?? reference,
        Expr.ListOf list => list with { Items = [.. list.Items.Select(item => Replace(item, replace))] },
        Expr.MapOf map => map with { Entries = [.. map.Entries.Select(entry => KeyValuePair.Create(entry.Key, Replace(entry.Value, replace)))] },
        Expr.Apply apply => apply with { Arguments = [.. apply.Arguments.Select(argument => Replace(argument, replace))] },
        Expr.Concat concat => concat with { Parts = [.. concat.Parts.Select(part => Replace(part, replace))] },
        Expr.First first => first with { Options = [.. first.Options.Select(option => Replace(option, replace))] },
        _ => expression,
    };
}
