using System.Text;
using Weft.Storage;

namespace Weft.Execution;

/// <summary>How a host that may not write the records asks for an end: a file in the inbox of the execution, with the name of who asks.</summary>
internal static class StopRequest
{
    private const string Word = "stop ";

    public static void Drop(RunFolder folder, string by, TimeProvider clock) => new Inbox(folder.Inbox, clock).Drop(Encoding.UTF8.GetBytes(Word + by));

    /// <summary>Who asked for an end; null when nobody did.</summary>
    public static string? Find(RunFolder folder, TimeProvider clock)
    {
        foreach ((_, byte[] request) in new Inbox(folder.Inbox, clock).Read())
        {
            string text = Encoding.UTF8.GetString(request);
            if (text.StartsWith(Word, StringComparison.Ordinal))
                return text[Word.Length..];
        }
        return null;
    }

    /// <summary>Takes the requests out of the inbox, once they are recorded.</summary>
    public static void Clear(RunFolder folder, TimeProvider clock)
    {
        var inbox = new Inbox(folder.Inbox, clock);
        foreach ((string name, _) in inbox.Read())
            inbox.Remove(name);
    }
}
