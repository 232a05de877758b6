using System.Text.Json;
using Weft.Config.Editing;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Resolvers;
using Weft.Text;

namespace Weft.Conformance.Areas;

/// <summary>Judges <c>omegaconf.json</c>: YAML to nodes and back, access, interpolation, merge, update, structured configurations.</summary>
internal static class HydraOmegaConf
{
    private const string NoMergeModes = "merge-modes";

    public static IEnumerable<CaseResult> Judge(JsonElement file)
    {
        foreach (JsonElement vector in file.GetProperty("cases").EnumerateArray())
            yield return JudgeCase(vector);
    }

    private static CaseResult JudgeCase(JsonElement vector)
    {
        string id = vector.GetProperty("id").GetString()!;
        var run = new Run(vector);
        JsonElement expected = vector.GetProperty("expect");
        if (HydraDifferences.Of(vector, expected) is { } difference)
        {
            string wantedOurs = difference.Ours;
            string foundOurs = run.FirstError ?? HydraNodes.Canonical(run.Config!);
            return wantedOurs == foundOurs ? new(id, Verdict.KnownDifference, difference.Reason) : Failed(id, "difference", wantedOurs, foundOurs);
        }
        if (expected.TryGetProperty("error", out JsonElement error))
        {
            string wanted = error.GetProperty("class").GetString()!;
            string? found = run.FirstError;
            return found is not null && SameClass(wanted, found) ? new(id, Verdict.Passed) : Failed(id, "error", wanted, found ?? "no error");
        }
        if (run.FirstError is { } unexpected)
            return Failed(id, "build", "no error", $"{unexpected}: {run.FirstMessage}");
        JsonElement ok = expected.GetProperty("ok");
        foreach (JsonProperty part in ok.EnumerateObject())
        {
            (string wanted, string found) = Compare(part, run, ok);
            if (wanted == found)
                continue;
            return HydraDifferences.OfDump(part, ok) is { } dump && dump.Ours == found ? new(id, Verdict.KnownDifference, dump.Reason) : Failed(id, part.Name, wanted, found);
        }
        return new(id, Verdict.Passed);
    }

    private static (string Wanted, string Found) Compare(JsonProperty part, Run run, JsonElement ok)
    {
        switch (part.Name)
        {
            case "json":
                return (HydraNodes.Canonical(part.Value), HydraNodes.Canonical(run.Config!));
            case "yaml_out":
                return (part.Value.GetString()!, ConfigWriter.ToYaml(run.Config!));
            case "resolved":
                return (HydraNodes.Canonical(part.Value), run.Resolved is { } resolved ? HydraNodes.Canonical(resolved) : run.ResolveMessage);
            case "resolved_yaml":
                return (part.Value.GetString()!, run.Resolved is { } printed ? ConfigWriter.ToYaml(printed) : run.ResolveMessage);
            case "missing_keys":
                return (string.Join(' ', part.Value.EnumerateArray().Select(key => key.GetString()).Order(StringComparer.Ordinal)), string.Join(' ', run.MissingKeys().Order(StringComparer.Ordinal)));
            case "get" or "select":
                return (HydraNodes.Canonical(part.Value), run.Read(out string? error) is { } value ? HydraNodes.Canonical(value) : error!);
            default:
                string wanted = part.Value.GetProperty("class").GetString()!;
                string? found;
                if (part.Name == "resolve_error")
                    found = run.Resolved is null ? run.ResolveError : "no error";
                else
                    found = run.Read(out string? id) is { } got ? "value " + HydraNodes.Canonical(got) : id;
                return SameClass(wanted, found!) ? ("", "") : (wanted, found!);
        }
    }

    /// <summary>Ids by OmegaConf's class. PyYAML's reader, scanner, parser and composer are one reader here, so their classes are one id.</summary>
    public static bool SameClass(string wanted, string id) => wanted switch
    {
        "ReaderError" or "ScannerError" or "ParserError" or "ComposerError" => id.StartsWith("yaml/", StringComparison.Ordinal),
        "ConstructorError" => id is "yaml/duplicate-key" or "yaml/tag" or "yaml/key" or "yaml/merge",
        "ValidationError" => id == ConfigErrors.WrongValue,
        "UnsupportedValueType" => id == ConfigErrors.UnsupportedValue,
        "KeyValidationError" => id == ConfigErrors.WrongKey,
        "ConfigKeyError" => id == ConfigErrors.UnknownKey,
        "ConfigAttributeError" => id == ConfigErrors.UnknownAttribute,
        "ConfigTypeError" or "TypeError" => id == ConfigErrors.WrongNode,
        "ConfigIndexError" => id == ConfigErrors.OutOfRange,
        "ReadonlyConfigError" => id == ConfigErrors.ReadOnly,
        "MissingMandatoryValue" => id == ConfigErrors.MissingValue,
        "GrammarParseError" => id == ConfigErrors.Grammar,
        "InterpolationResolutionError" => id == ConfigErrors.Interpolation,
        "InterpolationKeyError" => id == ConfigErrors.InterpolationKey,
        "InterpolationToMissingValueError" => id == ConfigErrors.InterpolationToMissing,
        "InterpolationValidationError" => id == ConfigErrors.InterpolationValue,
        "UnsupportedInterpolationType" => id == ConfigErrors.UnknownResolver,
        "ValueError" => id is ConfigErrors.WrongKey or "yaml/tag",
        "AssertionError" => id == ConfigErrors.NotAContainer,
        "ImportError" => id == NoMergeModes,
        _ => false,
    };

    private static CaseResult Failed(string id, string part, string wanted, string found) =>
        new(id, Verdict.Failed, $"{part}: expected {wanted.ReplaceLineEndings("\\n")}, found {found.ReplaceLineEndings("\\n")}");

    /// <summary>One case: the configuration that its input makes, and what reading it gives.</summary>
    private sealed class Run
    {
        private readonly JsonElement _vector;
        private readonly Diagnostics _diagnostics = [];
        private readonly Diagnostics _resolving = [];
        private readonly HydraTypes _types;
        private readonly Resolution _resolution;
        private readonly ConfigEditor _editor;

        public Run(JsonElement vector)
        {
            _vector = vector;
            _types = new HydraTypes(vector.TryGetProperty("types", out JsonElement types) ? types : JsonDocument.Parse("{}").RootElement);
            var environment = new Dictionary<string, string>();
            if (vector.TryGetProperty("env", out JsonElement variables))
            {
                foreach (JsonProperty variable in variables.EnumerateObject())
                    environment[variable.Name] = variable.Value.GetString()!;
            }
            _resolution = new Resolution(HydraResolvers.AddTo(Resolvers.Standard(environment)));
            _editor = new ConfigEditor(_resolution, _diagnostics);
            Config = Build();
            if (Config is not null && FirstError is null)
                Resolved = _resolution.Resolve(Config, _resolving);
        }

        public ConfigNode? Config { get; }

        public ConfigNode? Resolved { get; }

        public string? FirstError => _diagnostics.FirstOrDefault()?.Id;

        public string FirstMessage => _diagnostics.First().Message;

        public string ResolveError => _resolving.First().Id;

        public string ResolveMessage => _resolving.FirstOrDefault()?.Message ?? "";

        public IEnumerable<string> MissingKeys() => MissingBelow(Config!);

        /// <summary>The value that <c>get</c> or <c>select</c> asks for.</summary>
        public ConfigNode? Read(out string? error)
        {
            error = null;
            ConfigNode? value = Config;
            Diagnostic? failure = null;
            if (_vector.TryGetProperty("select", out JsonElement path))
            {
                bool throwOnMissing = _vector.TryGetProperty("throw_on_missing", out JsonElement set) && set.GetBoolean();
                Selected selected = _resolution.Select(Config!, path.GetString()!, throwOnMissing);
                failure = selected.Error;
                value = failure is not null ? null : selected.Node is null or { IsMissing: true } ? new ValueNode(Scalar.Null) : selected.Node;
            }
            else
            {
                foreach (JsonElement key in _vector.GetProperty("get").EnumerateArray())
                {
                    value = _resolution.Get(value!, HydraNodes.FromJson(key, isText: true).Content, out failure);
                    if (value is null)
                        break;
                }
            }
            if (value is not null)
            {
                var diagnostics = new Diagnostics();
                value = value is ValueNode ? value : _resolution.Resolve(value, diagnostics);
                failure = diagnostics.FirstOrDefault();
            }
            error = failure?.Id;
            return value;
        }

        private ConfigNode? Build()
        {
            ConfigNode? config = Start();
            if (config is null || FirstError is not null)
                return config;
            SetFlags(config, "flags");
            if (_vector.TryGetProperty("ops", out JsonElement operations))
            {
                foreach (JsonElement operation in operations.EnumerateArray())
                {
                    Apply(config, operation);
                    if (FirstError is not null)
                        break;
                }
            }
            return config;
        }

        private ConfigNode? Start()
        {
            if (_vector.TryGetProperty("yaml", out JsonElement yaml))
                return ConfigReader.Read(new Source("config.yaml", yaml.GetString()!), _diagnostics);
            if (_vector.TryGetProperty("schema", out JsonElement schema))
                return _editor.Create(_types.Schema(schema.GetProperty("type").GetString()!));
            if (_vector.TryGetProperty("list_merge_mode", out JsonElement mode))
            {
                // As in OmegaConf 2.3, there are no modes to choose from.
                _diagnostics.Error(NoMergeModes, $"lists are replaced, there is no mode `{mode.GetString()}`");
                return null;
            }
            ConfigNode? merged = null;
            foreach (JsonElement input in _vector.GetProperty("inputs").EnumerateArray())
            {
                ConfigNode node = Input(input);
                if (FirstError is not null)
                    return node;
                if (merged is null)
                {
                    merged = node;
                    SetFlags(merged, "flags_first");
                }
                else if (!_editor.Merge(merged, node))
                {
                    return merged;
                }
            }
            return merged;
        }

        private ConfigNode Input(JsonElement input) =>
            input.ValueKind == JsonValueKind.Object && input.TryGetProperty("type", out JsonElement type) && input.EnumerateObject().Count() == 1 && _vector.TryGetProperty("types", out _)
                ? _editor.Create(_types.Schema(type.GetString()!))
                : _types.Value(input, _diagnostics);

        private void SetFlags(ConfigNode node, string name)
        {
            if (!_vector.TryGetProperty(name, out JsonElement flags))
                return;
            if (flags.TryGetProperty("struct", out JsonElement isStruct))
                node.Struct = isStruct.GetBoolean();
            if (flags.TryGetProperty("readonly", out JsonElement isReadOnly))
                node.ReadOnly = isReadOnly.GetBoolean();
        }

        private void Apply(ConfigNode config, JsonElement operation)
        {
            string name = operation[0].GetString()!;
            if (name == "dotlist")
            {
                foreach (JsonElement item in operation[1].EnumerateArray())
                    ApplyDotted(config, item.GetString()!);
                return;
            }
            string path = operation[1].GetString()!;
            if (name is "set" or "replace")
            {
                bool forceAdd = operation.GetArrayLength() > 3;
                _editor.Update(config, path, _types.Value(operation[2], _diagnostics), merge: name == "set", forceAdd);
                return;
            }
            (ConfigNode? container, Scalar key) = Parent(config, path);
            if (container is null)
                return;
            if (name == "pop")
                _editor.Remove(container, key);
            else
                _editor.Set(container, key, _types.Value(operation[2], _diagnostics));
        }

        private void ApplyDotted(ConfigNode config, string item)
        {
            int equals = item.IndexOf('=');
            string key = equals < 0 ? item : item[..equals];
            ConfigNode value = new ValueNode(Scalar.Null);
            if (equals >= 0 && Weft.Config.Yaml.YamlReader.Read(new Source("value", item[(equals + 1)..]), _diagnostics) is { } yaml)
                value = ConfigReader.Convert(yaml, _diagnostics) ?? value;
            if (FirstError is null)
                _editor.Update(config, key, value);
        }

        private (ConfigNode?, Scalar) Parent(ConfigNode config, string path)
        {
            List<string> keys = ConfigPath.Split(path);
            ConfigNode? container = config;
            foreach (string key in keys.SkipLast(1))
            {
                container = _resolution.Get(container, KeyOf(container, key), out Diagnostic? error);
                if (container is not null)
                    continue;
                _diagnostics.Add(error!);
                return default;
            }
            return (container, KeyOf(container, keys[^1]));
        }

        private static Scalar KeyOf(ConfigNode container, string key) =>
            container is ListConfig && int.TryParse(key, out int index) ? Scalar.Of(index) : Scalar.Of(key);

        private IEnumerable<string> MissingBelow(ConfigNode node)
        {
            if (node.IsMissing)
                return [node.FullKey];
            if (node.IsInterpolation)
                return _resolution.Dereference(node, out _) is { } target && target != node ? target is ValueNode ? [] : MissingBelow(target) : [];
            return node switch
            {
                DictConfig dict => dict.SelectMany(MissingBelow),
                ListConfig list => list.SelectMany(MissingBelow),
                _ => [],
            };
        }
    }
}

/// <summary>The resolvers that the vectors register besides OmegaConf's own.</summary>
internal static class HydraResolvers
{
    public static Resolvers AddTo(Resolvers resolvers) => resolvers
        .Add("identity", call => call.Takes(1, 1) ? call.Arguments[0] : null)
        .Add("list_of", call =>
        {
            var list = new ListConfig { IsResult = true };
            foreach (ConfigNode argument in call.Arguments)
                list.Borrow(argument);
            return list;
        })
        .Add("sum", Sum)
        .Add("upper", call => !call.Takes(1, 1) ? null
            : call.Arguments[0].Content.AsString is { } text ? new ValueNode(Scalar.Of(text.ToUpperInvariant()))
            : call.Fail("AttributeError", "not text"))
        .Add("type_of", call => !call.Takes(1, 1) ? null : new ValueNode(Scalar.Of(call.Arguments[0] switch
        {
            DictConfig { IsNull: false } => "dict",
            ListConfig { IsNull: false } => "list",
            var leaf => leaf.IsNull ? "null" : leaf.Content.Kind.ToString().ToLowerInvariant(),
        })))
        .Add("ns.join", call => new ValueNode(Scalar.Of(string.Join('-', call.Arguments.Select(PythonText.Str)))));

    private static ConfigNode? Sum(ResolverCall call)
    {
        System.Numerics.BigInteger whole = 0;
        double fraction = 0;
        bool isFloat = false;
        foreach (ConfigNode argument in call.Arguments)
        {
            switch (argument.Content.Kind)
            {
                case ScalarKind.Int or ScalarKind.Bool:
                    whole += argument.Content.Int;
                    break;
                case ScalarKind.Float:
                    isFloat = true;
                    fraction += argument.Content.Float;
                    break;
                default:
                    return call.Fail("TypeError", "not a number");
            }
        }
        return new ValueNode(isFloat ? Scalar.Of((double)whole + fraction) : Scalar.Of(whole));
    }
}
