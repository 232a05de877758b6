using System.Globalization;
using System.Text;

namespace Weft.Tracking;

/// <summary>
/// The limits and name rules of MLflow's servers. They are kept to the letter: a key that this store took and another server refuses
/// could not be moved there, and clients split and cut by these numbers.
/// </summary>
public static class Rules
{
    public const int KeyLength = 250;
    public const int ParamLength = 6000;
    public const int LabelLength = 8000;
    public const int ExperimentLabelLength = 5000;
    public const int ExperimentNameLength = 500;
    public const int LocationLength = 2048;
    public const int RegistryLabelLength = 100_000;
    public const int AliasLength = 255;
    public const int BatchMetrics = 1000;
    public const int BatchParams = 100;
    public const int BatchLabels = 100;
    public const int BatchTotal = 1000;
    public const int SearchPage = 50_000;
    public const int HistoryPage = 25_000;
    public const int BulkRuns = 100;
    public const int IntervalPoints = 2500;

    private const string KeyCharacters =
        "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).";

    /// <summary>The tag that mirrors the name of a run.</summary>
    public const string RunNameLabel = "mlflow.runName";

    public const string ParentLabel = "mlflow.parentRunId";

    public const string ModelHistoryLabel = "mlflow.log-model.history";

    /// <summary>Letters, digits and <c>_-. /:</c>, at most <see cref="KeyLength"/> characters, and a normal relative path.</summary>
    /// <param name="path">The parameter's name for the message: <c>metrics[3].name</c>.</param>
    public static void CheckKey(string key, string path)
    {
        if (key.Length == 0)
            throw TrackingException.Invalid($"Missing value for required parameter '{path}'. See the API docs for more information about request parameters.");
        if (Length(key) > KeyLength)
            throw TrackingException.BadValue(key, path, $"length {Length(key)} is above the limit of {KeyLength} characters");
        if (!HasKeyCharacters(key))
            throw TrackingException.BadValue(key, path, KeyCharacters);
        if (!IsNormalPath(key))
            throw TrackingException.BadValue(key, path, $"Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to another path than '{key}'");
    }

    /// <summary>A value within its limit, or cut to it when <paramref name="truncates"/>, else refused.</summary>
    public static string Fit(string value, int limit, string path, bool truncates)
    {
        if (value.Length <= limit || Length(value) <= limit)
            return value;
        if (!truncates)
            throw TrackingException.BadValue(value, path, $"length {Length(value)} is above the limit of {limit} characters");
        int end = 0;
        for (int characters = 0; characters < limit && end < value.Length; characters++)
            end += char.IsSurrogatePair(value, end) ? 2 : 1;
        return value[..end];
    }

    /// <summary>Length in Unicode characters, as the limits are meant.</summary>
    public static int Length(string text)
    {
        int length = text.Length;
        foreach (char c in text)
        {
            if (char.IsLowSurrogate(c))
                length--;
        }
        return length;
    }

    public static void CheckExperimentName(string name)
    {
        if (Length(name) > ExperimentNameLength)
            throw TrackingException.BadValue(name, "name", $"length {Length(name)} is above the limit of {ExperimentNameLength} characters");
    }

    /// <summary>
    /// A location has no fragment, no parameters, no <c>..</c> in its query and is not <c>runs:</c>; a local path is made absolute.
    /// </summary>
    public static string CheckLocation(string location)
    {
        if (location.Length > LocationLength)
            throw TrackingException.Invalid($"Invalid artifact path length. The length of the artifact path cannot be greater than {LocationLength} characters.");
        int scheme = location.IndexOf(':', StringComparison.Ordinal);
        bool isUri = scheme > 1 && char.IsAsciiLetter(location[0]) && !location.AsSpan(0, scheme).ContainsAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
        int query = location.IndexOf('?', StringComparison.Ordinal);
        string path = query < 0 ? location : location[..query];
        string last = path[(path.LastIndexOf('/') + 1)..];
        if (location.Contains('#', StringComparison.Ordinal) || (isUri && last.Contains(';', StringComparison.Ordinal)))
            throw TrackingException.Invalid($"'artifact_location' URL can't include fragments or params: '{location}'");
        if (query >= 0 && Uri.UnescapeDataString(location[query..]).Contains("..", StringComparison.Ordinal))
            throw TrackingException.Invalid($"Invalid query string: '{location[(query + 1)..]}'");
        if (isUri && location.StartsWith("runs:", StringComparison.OrdinalIgnoreCase))
            throw TrackingException.Invalid($"Artifact location cannot be a runs:/ URI. Given: '{location}'");
        return isUri || Path.IsPathRooted(location) ? location : Path.GetFullPath(location);
    }

    /// <summary><c>^[a-zA-Z0-9][\w-]{0,255}$</c></summary>
    public static bool IsRunId(string id) => id.Length is > 0 and <= 256 && char.IsAsciiLetterOrDigit(id[0]) && AreWordCharacters(id);

    public static void CheckModelName(string name)
    {
        if (name.Length == 0)
            throw TrackingException.Invalid("Registered model name cannot be empty.");
        if (name.AsSpan().ContainsAny('/', ':'))
            throw TrackingException.Invalid($"Invalid model name: '{name}'. Registered model name cannot contain '/' or ':'");
    }

    public static void CheckLoggedModelName(string name)
    {
        if (name.Length == 0 || name.AsSpan().ContainsAny("/:.%\"'"))
            throw TrackingException.Invalid($"Invalid model name ({name}) provided. Model name must be a non-empty string and cannot contain the following characters: ['/', ':', '.', '%', '\"', \"'\"]");
    }

    /// <summary><c>[\w-]*</c>, at most <see cref="AliasLength"/> characters, neither <c>latest</c> nor <c>v</c> with digits.</summary>
    public static void CheckAlias(string alias)
    {
        if (alias.Length > AliasLength)
            throw TrackingException.Invalid($"Invalid alias name: '{alias}'. Registered model alias name cannot be greater than {AliasLength} characters.");
        if (!AreWordCharacters(alias))
            throw TrackingException.Invalid($"Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_) and dashes (-).");
        if (alias.Equals("latest", StringComparison.OrdinalIgnoreCase))
            throw TrackingException.Invalid("'latest' alias name (case insensitive) is reserved.");
        if (alias.Length > 1 && alias[0] is 'v' or 'V' && !alias.AsSpan(1).ContainsAnyExceptInRange('0', '9'))
            throw TrackingException.Invalid($"Version alias name '{alias}' is reserved.");
    }

    private static bool AreWordCharacters(string text)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!IsWord(rune) && rune.Value != '-')
                return false;
        }
        return true;
    }

    /// <summary>A run's id as clients may name it: an ASCII letter or digit, then at most 255 word characters and dashes.</summary>
    public static void CheckRunId(RunId id)
    {
        if (id.Value is not [var first, ..] || !char.IsAsciiLetterOrDigit(first) || id.Value.Length > 256 || !AreWordCharacters(id.Value))
            throw TrackingException.Invalid($"Invalid run ID: '{id.Value}'");
    }

    private static bool HasKeyCharacters(string key)
    {
        foreach (Rune rune in key.EnumerateRunes())
        {
            if (!IsWord(rune) && !(rune.IsAscii && rune.Value is '-' or '.' or ' ' or '/' or ':'))
                return false;
        }
        return true;
    }

    /// <summary>A letter, mark-free digit or underscore: <c>\w</c> of Python, which is what the rule was written in.</summary>
    private static bool IsWord(Rune rune)
    {
        if (rune.IsAscii)
            return char.IsAsciiLetterOrDigit((char)rune.Value) || rune.Value == '_';
        return Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber
            or UnicodeCategory.OtherNumber;
    }

    /// <summary>Whether the key, read as a POSIX path, is its own normal form.</summary>
    private static bool IsNormalPath(string key)
    {
        if (key[0] == '/' || key[^1] == '/')
            return false;
        foreach (Range part in key.AsSpan().Split('/'))
        {
            if (key.AsSpan()[part] is "" or "." or "..")
                return false;
        }
        return true;
    }
}
