using System.Collections;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Config.Nodes;

/// <summary>
/// A dictionary in insertion order. Small ones are searched entry by entry, larger ones through an index made on first use; removal leaves a
/// hole that is closed when half of the places are holes, so that any sequence of operations is linear.
/// </summary>
public sealed class DictConfig : ConfigNode, IEnumerable<ConfigNode>
{
    private const int IndexedFrom = 9;

    private ConfigNode?[] _places = [];
    private int _used;
    private int _count;
    private Dictionary<Scalar, int>? _index;

    /// <summary>An empty dictionary.</summary>
    public DictConfig(Span at = default) : base(Scalar.Container, at)
    {
    }

    /// <summary>A dictionary in a special state: null, missing or an interpolation.</summary>
    internal DictConfig(Scalar special, Span at) : base(special, at)
    {
    }

    /// <summary>What its entries are: of one element type, or the fields of a schema.</summary>
    public ConfigType ContentType { get; internal set; } = ConfigType.AnyDict;

    /// <summary>The schema when the entries are its fields.</summary>
    public ConfigSchema? Schema => IsSpecial ? null : (ContentType as StructuredType)?.Schema;

    /// <summary>Number of entries; none in a special state.</summary>
    public int Count => _count;

    /// <summary>The entry with a text key as it is kept (an interpolation is not followed), or null.</summary>
    public ConfigNode? this[string key] => Find(Scalar.Of(key));

    /// <summary>The entry with a key, as it is kept, or null.</summary>
    public ConfigNode? Find(Scalar key)
    {
        int place = PlaceOf(key);
        return place < 0 ? null : _places[place];
    }

    public bool Contains(string key) => PlaceOf(Scalar.Of(key)) >= 0;

    /// <summary>Those keys that are texts.</summary>
    internal IEnumerable<string> TextKeys
    {
        get
        {
            foreach (ConfigNode child in this)
            {
                if (child.Key.Kind == ScalarKind.Str)
                    yield return child.Key.Text;
            }
        }
    }

    public IEnumerable<Scalar> Keys
    {
        get
        {
            foreach (ConfigNode child in this)
                yield return child.Key;
        }
    }

    /// <summary>
    /// Puts a node, which must have no parent, under a key: in the place of the one there, else at the end. No check is made: this builds trees;
    /// the writing that users see validates.
    /// </summary>
    public void Put(Scalar key, ConfigNode child)
    {
        if (child.Parent is not null)
            throw new ArgumentException("the node has a parent already", nameof(child));
        Content = Scalar.Container;
        child.Parent = this;
        child.Key = key;
        int place = PlaceOf(key);
        if (place >= 0)
        {
            // Python keeps the first of two equal keys (1 and true) and replaces the value.
            child.Key = _places[place]!.Key;
            _places[place]!.Parent = null;
            _places[place] = child;
            return;
        }
        if (_used == _places.Length)
            Array.Resize(ref _places, Math.Max(4, _used * 2));
        _places[_used] = child;
        _index?.Add(key, _used);
        _used++;
        _count++;
    }

    public void Put(string key, ConfigNode child) => Put(Scalar.Of(key), child);

    /// <returns>False when there is no such key.</returns>
    public bool Remove(Scalar key)
    {
        int place = PlaceOf(key);
        if (place < 0)
            return false;
        _places[place]!.Parent = null;
        _places[place] = null;
        _index?.Remove(key);
        _count--;
        if (_used > 16 && _count < _used / 2)
            Compact();
        return true;
    }

    /// <summary>Removes all entries; afterwards it holds <paramref name="special"/>, or is an empty dictionary.</summary>
    internal void Clear(Scalar special)
    {
        foreach (ConfigNode child in this)
            child.Parent = null;
        _places = [];
        _used = _count = 0;
        _index = null;
        Content = special;
    }

    public override ConfigNode Copy()
    {
        GuardStack();
        var copy = CopyState(new DictConfig(Content, At));
        copy.ContentType = ContentType;
        if (_count > 0)
        {
            copy._places = new ConfigNode?[_count];
            foreach (ConfigNode child in this)
            {
                ConfigNode twin = child.Copy();
                twin.Parent = copy;
                twin.Key = child.Key;
                copy._places[copy._used++] = twin;
            }
            copy._count = copy._used;
        }
        return copy;
    }

    public Enumerator GetEnumerator() => new(this);

    IEnumerator<ConfigNode> IEnumerable<ConfigNode>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int PlaceOf(Scalar key)
    {
        if (_count < IndexedFrom)
        {
            for (int i = 0; i < _used; i++)
            {
                if (_places[i] is { } child && Scalar.KeyComparer.Equals(child.Key, key))
                    return i;
            }
            return -1;
        }
        if (_index is null)
        {
            _index = new Dictionary<Scalar, int>(_count, Scalar.KeyComparer);
            for (int i = 0; i < _used; i++)
            {
                if (_places[i] is { } child)
                    _index.Add(child.Key, i);
            }
        }
        return _index.TryGetValue(key, out int place) ? place : -1;
    }

    private void Compact()
    {
        int next = 0;
        for (int i = 0; i < _used; i++)
        {
            if (_places[i] is { } child)
                _places[next++] = child;
        }
        Array.Clear(_places, next, _used - next);
        _used = next;
        _index = null;
    }

    /// <summary>Walks the entries in order. An entry added during the walk may be seen; replacing one is safe.</summary>
    public struct Enumerator : IEnumerator<ConfigNode>
    {
        private readonly DictConfig _dict;
        private int _place;

        internal Enumerator(DictConfig dict)
        {
            _dict = dict;
            _place = -1;
        }

        public readonly ConfigNode Current => _dict._places[_place]!;

        readonly object IEnumerator.Current => Current;

        public bool MoveNext()
        {
            while (++_place < _dict._used)
            {
                if (_dict._places[_place] is not null)
                    return true;
            }
            return false;
        }

        public void Reset() => _place = -1;

        public readonly void Dispose()
        {
        }
    }
}
