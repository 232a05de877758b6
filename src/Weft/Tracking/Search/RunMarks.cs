using System.Numerics;
using Weft.Records;

namespace Weft.Tracking.Search;

/// <summary>
/// A set of runs by their numbers, a bit each. A database's own set of 50,000 numbers costs a tree of them; this one costs reading the index that they come from.
/// </summary>
internal sealed class RunMarks
{
    private ulong[] _bits = [];

    /// <summary>The runs of a query whose first column is a run's number.</summary>
    public static RunMarks Of(Database database, SqlText sql)
    {
        var marks = new RunMarks();
        using Statement statement = sql.Prepare(database);
        foreach (Row row in statement.Query())
            marks.Add(row.Long(0));
        return marks;
    }

    public long Count
    {
        get
        {
            long count = 0;
            foreach (ulong bits in _bits)
                count += BitOperations.PopCount(bits);
            return count;
        }
    }

    public void Add(long run)
    {
        int word = checked((int)(run >> 6));
        if (word >= _bits.Length)
            Array.Resize(ref _bits, Math.Max(word + 1, _bits.Length * 2));
        _bits[word] |= 1UL << (int)(run & 63);
    }

    /// <summary>Takes a run out; whether it was there.</summary>
    public bool Remove(long run)
    {
        long word = run >> 6;
        ulong bit = 1UL << (int)(run & 63);
        if (word >= _bits.Length || (_bits[word] & bit) == 0)
            return false;
        _bits[word] &= ~bit;
        return true;
    }

    public void IntersectWith(RunMarks other)
    {
        for (int i = 0; i < _bits.Length; i++)
            _bits[i] &= i < other._bits.Length ? other._bits[i] : 0;
    }

    public void ExceptWith(RunMarks other)
    {
        for (int i = 0; i < Math.Min(_bits.Length, other._bits.Length); i++)
            _bits[i] &= ~other._bits[i];
    }

    /// <summary>The numbers, ascending.</summary>
    public List<long> ToList()
    {
        var runs = new List<long>();
        for (int i = 0; i < _bits.Length; i++)
        {
            for (ulong bits = _bits[i]; bits != 0; bits &= bits - 1)
                runs.Add(((long)i << 6) + BitOperations.TrailingZeroCount(bits));
        }
        return runs;
    }
}
