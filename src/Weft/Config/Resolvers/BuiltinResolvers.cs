using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Resolvers;

/// <summary>
/// <c>oc.env</c>, <c>oc.decode</c>, <c>oc.create</c>, <c>oc.select</c>, <c>oc.deprecated</c>, <c>oc.dict.keys</c> and <c>oc.dict.values</c>,
/// as in OmegaConf 2.3.
/// </summary>
internal static class BuiltinResolvers
{
    public static void AddTo(Resolvers resolvers, IReadOnlyDictionary<string, string> environment)
    {
        resolvers.Add("oc.env", call => Env(call, environment));
        resolvers.Add("oc.decode", Decode);
        resolvers.Add("oc.create", Create);
        resolvers.Add("oc.select", Select);
        resolvers.Add("oc.deprecated", Deprecated);
        resolvers.Add("oc.dict.keys", DictKeys);
        resolvers.Add("oc.dict.values", DictValues);
    }

    /// <summary><c>oc.env:NAME[,default]</c>: always text; a default other than null too.</summary>
    private static ConfigNode? Env(ResolverCall call, IReadOnlyDictionary<string, string> environment)
    {
        if (!call.Takes(1, 2))
            return null;
        if (call.Arguments[0].Content.AsString is not { } name)
            return call.Fail("TypeError", $"the name of a variable is text, found {Describe(call.Arguments[0])}");
        if (environment.TryGetValue(name, out string? value))
            return new ValueNode(Scalar.Of(value), call.Node.At);
        if (call.Arguments.Length < 2)
            return call.Fail("KeyError", $"environment variable `{name}` is not set", $"set it, or give a default: `${{oc.env:{name},default}}`");
        ConfigNode fallback = call.Arguments[1];
        return new ValueNode(fallback.IsNull ? Scalar.Null : Scalar.Of(PythonText.Str(fallback)), call.Node.At);
    }

    /// <summary><c>oc.decode:text</c>: the value that the text means as an argument.</summary>
    private static ConfigNode? Decode(ResolverCall call)
    {
        if (!call.Takes(1, 1))
            return null;
        ConfigNode argument = call.Arguments[0];
        if (argument.IsNull)
            return argument;
        if (argument.Content.AsString is not { } text)
            return call.Fail("TypeError", $"decodes text or null, found {Describe(argument)}");
        if (InterpolationParser.ParseSingleElement(text, out GrammarError error) is not { } tree)
            return call.Fail("GrammarParseError", $"cannot decode `{text}`: {error.Message}");
        ConfigNode? value = call.Resolution.Evaluate(tree, call.Node, call.Parent, out Diagnostic? failure);
        return value ?? call.Fail(failure!);
    }

    /// <summary><c>oc.create:value</c>: a configuration in the place of the node, so that paths lead into it.</summary>
    private static ConfigNode? Create(ResolverCall call)
    {
        if (!call.Takes(1, 1))
            return null;
        ConfigNode argument = call.Arguments[0];
        ConfigNode? created;
        if (argument.Content.AsString is { } text)
        {
            var diagnostics = new Diagnostics();
            created = ConfigReader.Read(new Source($"<oc.create at {call.Node.FullKey}>", text), diagnostics);
            if (created is null)
                return call.Fail(diagnostics.First() with { Id = ConfigErrors.Interpolation });
        }
        else if (argument.IsNull)
        {
            created = new DictConfig(Scalar.Null, call.Node.At);
        }
        else if (argument is ValueNode)
        {
            return call.Fail("ValidationError", $"makes a configuration from a list, a dictionary or YAML text, found {Describe(argument)}");
        }
        else
        {
            created = Configuration(argument, call, out Diagnostic? failure);
            if (created is null)
                return failure is null ? call.Fail("KeyValidationError", "null cannot be a key") : call.Fail(failure);
        }
        created.Adopt(call.Parent);
        return created;
    }

    /// <summary>A copy in which the texts of a plain list or dictionary mean what they mean in a configuration.</summary>
    private static ConfigNode? Configuration(ConfigNode value, ResolverCall call, out Diagnostic? failure)
    {
        failure = null;
        if (!value.IsResult)
            return value.Copy();
        if (value is ValueNode leaf)
        {
            var diagnostics = new Diagnostics();
            Scalar? content = leaf.Content.AsString is { } text ? ConfigReader.OfText(text, call.Node.At, diagnostics) : leaf.Content;
            failure = diagnostics.FirstOrDefault();
            return content is { } kept ? new ValueNode(kept, call.Node.At) : null;
        }
        if (value is ListConfig list)
        {
            var items = new ListConfig(call.Node.At);
            foreach (ConfigNode item in list)
            {
                if (Configuration(item, call, out failure) is not { } copy)
                    return null;
                items.Add(copy);
            }
            return items;
        }
        var dict = new DictConfig(call.Node.At);
        foreach (ConfigNode child in (DictConfig)value)
        {
            if (child.Key.IsNull || Configuration(child, call, out failure) is not { } copy)
                return null;
            dict.Put(child.Key, copy);
        }
        return dict;
    }

    /// <summary><c>oc.select:key[,default]</c>: the default also for what is missing.</summary>
    private static ConfigNode? Select(ResolverCall call)
    {
        if (!call.Takes(1, 2) || Key(call) is not { } key)
            return null;
        ConfigNode fallback = call.Arguments.Length > 1 ? call.Arguments[1] : new ValueNode(Scalar.Null, call.Node.At);
        Selected selected = call.Resolution.SelectFrom(call.Parent, key, throwOnMissing: false);
        if (selected.Error is { } error)
            return call.Fail(error);
        return selected.Node is null or { IsMissing: true } ? fallback : selected.Node;
    }

    /// <summary><c>oc.deprecated:key[,message]</c>: the value of another key, and a warning.</summary>
    private static ConfigNode? Deprecated(ResolverCall call)
    {
        if (!call.Takes(1, 2) || Key(call) is not { } key)
            return null;
        string message = "'$OLD_KEY' is deprecated. Change your code and config to use '$NEW_KEY'";
        if (call.Arguments.Length > 1)
        {
            if (call.Arguments[1].Content.AsString is not { } given)
                return call.Fail("TypeError", $"the message is text, found {Describe(call.Arguments[1])}");
            message = given;
        }
        Selected selected = call.Resolution.SelectFrom(call.Parent, key, throwOnMissing: false);
        if (selected.Error is { } error)
            return call.Fail(error);
        if (selected.Node is not { } target)
            return call.Fail("ConfigKeyError", $"there is no key `{key}` that replaces `{call.Node.FullKey}`");
        string text = message.Replace("${OLD_KEY}", "$OLD_KEY", StringComparison.Ordinal).Replace("${NEW_KEY}", "$NEW_KEY", StringComparison.Ordinal)
            .Replace("$OLD_KEY", call.Node.FullKey, StringComparison.Ordinal).Replace("$NEW_KEY", target.FullKey, StringComparison.Ordinal)
            .Replace("$$", "$", StringComparison.Ordinal);
        call.Resolution.Warnings.Warning("config/deprecated-key", text, call.Node.KeyAt.Source is null ? null : call.Node.KeyAt);
        return target;
    }

    /// <summary><c>oc.dict.keys:key</c>.</summary>
    private static ConfigNode? DictKeys(ResolverCall call)
    {
        if (Dictionary(call) is not { } dict)
            return null;
        var keys = new ListConfig(call.Node.At);
        foreach (Scalar key in dict.Keys)
            keys.Add(new ValueNode(key, call.Node.At));
        keys.Adopt(call.Parent);
        return keys;
    }

    /// <summary><c>oc.dict.values:key</c>: a list of interpolations to the values, which stay live.</summary>
    private static ConfigNode? DictValues(ResolverCall call)
    {
        if (Dictionary(call) is not { } dict)
            return null;
        string path = call.Arguments[0].Content.Text;
        // The list is one level below the place that the key counts its dots from.
        if (path.StartsWith('.'))
            path = "." + path;
        var values = new ListConfig(call.Node.At);
        foreach (Scalar key in dict.Keys)
        {
            if (Interpolated.Parse($"${{{path}.{key}}}", out _) is not { } reference)
                return call.Fail("GrammarParseError", $"no interpolation can name the key `{key}`");
            values.Add(new ValueNode(Scalar.Of(reference), call.Node.At));
        }
        values.Adopt(call.Parent);
        return values;
    }

    private static DictConfig? Dictionary(ResolverCall call)
    {
        if (!call.Takes(1, 1) || Key(call) is not { } key)
            return null;
        Selected selected = call.Resolution.SelectFrom(call.Parent, key, throwOnMissing: true);
        if (selected.Error is { } error)
            call.Fail(error.Id == ConfigErrors.MissingValue ? error with { Id = ConfigErrors.Interpolation } : error);
        else if (selected.Node is null or { IsMissing: true })
            call.Fail("ConfigKeyError", $"there is no key `{key}`");
        else if (selected.Node is DictConfig { IsSpecial: false, IsResult: false } dict)
            return dict;
        else
            call.Fail("TypeError", $"`{key}` is not a dictionary but {Describe(selected.Node)}");
        return null;
    }

    private static string? Key(ResolverCall call)
    {
        if (call.Arguments[0].Content.AsString is { } key)
            return key;
        call.Fail("TypeError", $"a key is text, found {Describe(call.Arguments[0])}");
        return null;
    }

    private static string Describe(ConfigNode node) => node switch
    {
        DictConfig => "a dictionary",
        ListConfig => "a list",
        _ => node.Content.Kind switch
        {
            ScalarKind.Null => "null",
            ScalarKind.Bool => "a flag",
            ScalarKind.Int => $"the number `{node.Content}`",
            ScalarKind.Float => $"the number `{node.Content}`",
            _ => $"`{node.Content}`",
        },
    };
}
