using System.Collections;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Config.Nodes;

/// <summary>A list; the key of an item is its index.</summary>
internal sealed class ListConfig : ConfigNode, IReadOnlyList<ConfigNode>
{
    private readonly List<ConfigNode> _items = [];

    /// <summary>An empty list.</summary>
    public ListConfig(Span at = default) : base(Scalar.Container, at)
    {
    }

    /// <summary>A list in a special state: null, missing or an interpolation.</summary>
    internal ListConfig(Scalar special, Span at) : base(special, at)
    {
    }

    /// <summary>What its items are.</summary>
    public ConfigType ContentType { get; internal set; } = ConfigType.AnyList;

    /// <summary>Number of items; none in a special state.</summary>
    public int Count => _items.Count;

    /// <summary>An item as it is kept; an interpolation is not followed.</summary>
    public ConfigNode this[int index] => _items[index];

    /// <summary>Appends a node, which must have no parent. No check is made: this builds trees; the writing that users see validates.</summary>
    public void Add(ConfigNode item)
    {
        if (item.Parent is not null)
            throw new ArgumentException("the node has a parent already", nameof(item));
        Content = Scalar.Container;
        item.Parent = this;
        item.Key = Scalar.Of(_items.Count);
        _items.Add(item);
    }

    /// <summary>Appends a node that stays where it is: the items of a computed list are evaluated in their own places.</summary>
    internal void Borrow(ConfigNode item) => _items.Add(item);

    /// <summary>Puts a node in the place of an item.</summary>
    internal void Replace(int index, ConfigNode item)
    {
        _items[index].Parent = null;
        item.Parent = this;
        item.Key = Scalar.Of(index);
        _items[index] = item;
    }

    internal void RemoveAt(int index)
    {
        _items[index].Parent = null;
        _items.RemoveAt(index);
        for (int i = index; i < _items.Count; i++)
            _items[i].Key = Scalar.Of(i);
    }

    /// <summary>Removes all items; afterwards it holds <paramref name="special"/>, or is an empty list.</summary>
    internal void Clear(Scalar special)
    {
        foreach (ConfigNode item in _items)
            item.Parent = null;
        _items.Clear();
        Content = special;
    }

    public override ConfigNode Copy()
    {
        GuardStack();
        var copy = CopyState(new ListConfig(Content, At));
        copy.ContentType = ContentType;
        copy._items.Capacity = _items.Count;
        foreach (ConfigNode item in _items)
            copy.Add(item.Copy());
        return copy;
    }

    public List<ConfigNode>.Enumerator GetEnumerator() => _items.GetEnumerator();

    IEnumerator<ConfigNode> IEnumerable<ConfigNode>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
