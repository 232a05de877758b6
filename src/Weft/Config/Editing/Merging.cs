using System.Runtime.CompilerServices;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Config.Editing;

/// <summary>
/// One merge: the source's entries into the target's, in their order; what is there keeps its place. <c>???</c> in the source changes nothing, a dictionary
/// that meets an interpolation is merged into a copy of what it leads to.
/// </summary>
internal sealed class Merging(ConfigEditor editor)
{
    public void Merge(ConfigNode target, ConfigNode source)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (target, source)
        {
            case (DictConfig into, DictConfig from):
                MergeDict(into, from);
                break;
            case (ListConfig into, ListConfig from):
                MergeList(into, from);
                break;
            default:
                string key = target.FullKey;
                var error = new Diagnostic(ConfigErrors.WrongNode, $"cannot merge {Describe(source)} into {Describe(target)}{(key.Length > 0 ? $" `{key}`" : "")}", source.At.Source is null ? null : source.At);
                editor.Fail(target.At.Source is null ? error : error.WithNote($"{Describe(target)} was given here", target.At));
                break;
        }
    }

    private void MergeDict(DictConfig target, DictConfig source)
    {
        if (source.IsNull || source.IsInterpolation)
        {
            SetSpecial(target, source);
            return;
        }
        if (!MayMerge(target, source))
            return;
        if (source.IsMissing && !target.IsMissing && source.Type is StructuredType declared)
        {
            // A missing object of a schema still makes the target an object of it, without touching the fields that are there.
            source = Typed.Create(declared.Schema, editor.Diagnostics);
            foreach (ConfigNode child in source)
                Blank(child);
        }
        if ((target.IsInterpolation || target.IsMissing) && !source.IsMissing)
            Expand(target);
        foreach (ConfigNode child in source)
            MergeEntry(target, source, child);
        Retype(target, source);
        target.CopyFlags(source);
    }

    private void MergeEntry(DictConfig target, DictConfig source, ConfigNode from)
    {
        editor.Merged++;
        ConfigNode? into = Keys.Normalize(target, from.Key, out _) is { } normal ? target.Find(normal) : null;
        if (into is DictConfig typed && !MayMerge(typed, from))
            return;
        if (into is DictConfig or ListConfig && into.IsNull && !from.IsMissing && !IsNone(from))
            Expand(into);
        if (into is { IsInterpolation: true })
            into = Copied(target, into);
        if (into is null && ConfigEditor.ElementType(target) is StructuredType element && !from.IsMissing)
        {
            if (!editor.SetEntry(target, from.Key, Typed.Create(element.Schema, editor.Diagnostics), ConfigErrors.UnknownKey))
                return;
            into = target.Find(Keys.Normalize(target, from.Key, out _)!.Value)!;
        }
        if (into is null)
            Add(target, source, from);
        else if (into is ValueNode && from is ValueNode && into.Type.IsAny && from.IsMissing)
            TakeType(into, from);
        else if (into is not ValueNode && from is not ValueNode)
            Merge(into, from);
        else if (!(from.IsMissing && from is ValueNode))
            editor.SetEntry(target, from.Key, from, ConfigErrors.UnknownKey);
    }

    /// <summary>A new key. An object of a derived schema brings its own fields into one of the base.</summary>
    private void Add(DictConfig target, DictConfig source, ConfigNode from)
    {
        bool? wasStruct = target.Struct;
        if (source.Schema is not null)
            target.Struct = false;
        editor.SetEntry(target, from.Key, from, ConfigErrors.UnknownKey);
        target.Struct = wasStruct;
    }

    /// <summary>An untyped value that meets a typed missing one keeps its value, if it fits, and takes the type.</summary>
    private void TakeType(ConfigNode into, ConfigNode from)
    {
        if (from.Type.IsAny)
            return;
        if (Typed.Wrap(from.Type, into, into.FullKey, editor.Diagnostics) is not { } wrapped)
            return;
        into.Content = wrapped.Content;
        into.Type = from.Type;
    }

    private void MergeList(ListConfig target, ListConfig source)
    {
        if (source.IsNull || source.IsInterpolation)
        {
            SetSpecial(target, source);
            return;
        }
        if (source.IsMissing)
        {
            if (ConfigEditor.ElementType(target).IsAny)
                target.ContentType = source.ContentType;
            return;
        }
        if (target.IsReadOnly)
        {
            editor.Fail(ConfigErrors.ReadOnly, $"`{target.FullKey}` is read-only", source);
            return;
        }
        ConfigType element = ConfigEditor.ElementType(target);
        var items = new List<ConfigNode>();
        for (int i = 0; i < source.Count; i++)
        {
            if (Item(element, source[i], $"{target.FullKey}[{i}]") is { } item)
                items.Add(item);
        }
        target.Clear(Scalar.Container);
        target.At = source.At;
        foreach (ConfigNode item in items)
            target.Add(item);
        target.CopyFlags(source);
        if (target.Type.IsAny)
            Typed.Promote(target, source.Type, editor.Diagnostics);
    }

    /// <summary>A dictionary in a list of objects of a schema is merged into a new object.</summary>
    private ConfigNode? Item(ConfigType element, ConfigNode item, string key)
    {
        if (element is not StructuredType structured || item is not DictConfig { IsSpecial: false })
            return Typed.Wrap(element, item, key, editor.Diagnostics);
        DictConfig created = Typed.Create(structured.Schema, editor.Diagnostics);
        created.Type = element;
        int before = editor.Diagnostics.Errors;
        MergeDict(created, (DictConfig)item);
        return editor.Diagnostics.Errors > before ? null : created;
    }

    private void SetSpecial(ConfigNode target, ConfigNode source)
    {
        if (source.IsNull && !target.Type.IsOptional)
        {
            editor.Fail(ConfigErrors.WrongValue, $"`{target.FullKey}` is not optional: null is no value of type `{target.Type}`", source);
            return;
        }
        if (target is DictConfig dict)
            dict.Clear(source.Content);
        else
            ((ListConfig)target).Clear(source.Content);
        target.At = source.At;
        if (target.Type.IsAny)
            Typed.Promote(target, source.Type, editor.Diagnostics);
    }

    /// <summary>Objects of a schema take fields, and objects of it or of a derived one; what is not optional is not made null.</summary>
    private bool MayMerge(DictConfig target, ConfigNode source)
    {
        if (!target.Type.IsOptional && IsNone(source))
            return editor.Fail(ConfigErrors.WrongValue, $"`{target.FullKey}` is not optional: null is no value of type `{target.Type}`", source);
        if (source.IsMissing || source.IsNull)
            return true;
        ConfigSchema? expected = target.Schema is { } own && !target.IsNull && !target.IsMissing ? own : null;
        if (target.IsMissing && source is DictConfig { Schema: not null } or ListConfig && target.Type is StructuredType declared)
            expected = declared.Schema;
        if (expected is null)
            return true;
        return source switch
        {
            DictConfig { Schema: { } given } when given.IsSubclassOf(expected) => true,
            DictConfig { Schema: { } given } => editor.Fail(ConfigErrors.WrongValue, $"cannot merge a `{given.Name}` into `{target.FullKey}`: expected a `{expected.Name}`", source),
            DictConfig => true,
            _ when source.IsInterpolation => true,
            _ => editor.Fail(ConfigErrors.WrongValue, $"cannot merge {Describe(source)} into `{target.FullKey}`: expected a `{expected.Name}`", source),
        };
    }

    /// <summary>Makes a container that holds nothing hold what its type begins with.</summary>
    private void Expand(ConfigNode node)
    {
        if (node is ListConfig list)
        {
            list.Clear(Scalar.Container);
            return;
        }
        var dict = (DictConfig)node;
        dict.Clear(Scalar.Container);
        if (dict.Type is not StructuredType declared)
            return;
        dict.ContentType = declared.Required;
        DictConfig created = Typed.Create(declared.Schema, editor.Diagnostics);
        foreach (ConfigNode child in created.ToList())
        {
            created.Remove(child.Key);
            dict.Put(child.Key, child);
        }
    }

    /// <summary>The copy of what an interpolation leads to, in its place, when that is a container; else the interpolation.</summary>
    private ConfigNode Copied(DictConfig target, ConfigNode into)
    {
        // With other text around it, it is a text: to evaluate that may take time, as ${now:…} takes the file of the time zone.
        if (into.Content.Interpolation.Tree is InterpolationTree.Joined)
            return into;
        ConfigNode? behind = editor.Resolution.Dereference(into, out _);
        if (behind is not (DictConfig or ListConfig) || behind.IsSpecial)
            return into;
        Scalar key = into.Key;
        return editor.SetEntry(target, key, behind, ConfigErrors.UnknownKey) ? target.Find(key)! : into;
    }

    private void Retype(DictConfig target, DictConfig source)
    {
        if (source.Schema is { } schema && !target.IsSpecial)
            target.ContentType = new StructuredType(schema);
        if (target.Type.IsAny)
            Typed.Promote(target, source.Type, editor.Diagnostics);
    }

    private static void Blank(ConfigNode node)
    {
        if (node is DictConfig dict)
            dict.Clear(Scalar.Missing);
        else if (node is ListConfig list)
            list.Clear(Scalar.Missing);
        else
            node.Content = Scalar.Missing;
    }

    private bool IsNone(ConfigNode node) => node.IsNull || (node.IsInterpolation && editor.Resolution.Dereference(node, out _) is { IsNull: true });

    private static string Describe(ConfigNode node) => node switch
    {
        DictConfig => "a dictionary",
        ListConfig => "a list",
        _ => $"the value `{node.Content}`",
    };
}
