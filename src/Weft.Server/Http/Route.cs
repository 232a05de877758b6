using System.Collections.Frozen;

namespace Weft.Server.Http;

internal delegate ValueTask Handler(Call call);

/// <summary>One path and verb.</summary>
/// <param name="Template">Segments; <c>{}</c> matches one segment, <c>{*}</c> at the end all the rest.</param>
/// <param name="Guard">What a caller needs who may not do everything; null: nobody but those may call.</param>
internal sealed record Route(string Verb, string Template, Handler Handle, Guard? Guard = null)
{
    public string[] Segments { get; } = Template.Split('/');

    public bool IsPlain => !Template.Contains('{', StringComparison.Ordinal);
}

/// <summary>Finds the route of a request. Paths without braces are one look-up; the few others are tried in order.</summary>
internal sealed class Router
{
    private readonly FrozenDictionary<string, Route[]> _plain;
    private readonly Route[] _templates;

    public Router(IReadOnlyList<Route> routes)
    {
        _plain = routes.Where(route => route.IsPlain).GroupBy(route => route.Template).ToFrozenDictionary(group => group.Key, group => group.ToArray());
        _templates = [.. routes.Where(route => !route.IsPlain)];
    }

    /// <summary>The route, or null and whether the path exists with another verb.</summary>
    /// <param name="path">Without the leading slash.</param>
    public Route? Find(string verb, string path, out string[] parts, out bool isKnown)
    {
        parts = [];
        isKnown = false;
        if (_plain.TryGetValue(path, out Route[]? plain))
        {
            isKnown = true;
            foreach (Route route in plain)
            {
                if (route.Verb == verb)
                    return route;
            }
        }
        string[] segments = path.Split('/');
        foreach (Route route in _templates)
        {
            if (!Matches(route.Segments, segments, out string[] found))
                continue;
            isKnown = true;
            if (route.Verb != verb)
                continue;
            parts = found;
            return route;
        }
        return null;
    }

    private static bool Matches(string[] template, string[] segments, out string[] parts)
    {
        parts = [];
        bool takesRest = template[^1] == "{*}";
        if (takesRest ? segments.Length < template.Length : segments.Length != template.Length)
            return false;
        var found = new List<string>();
        for (int i = 0; i < template.Length; i++)
        {
            if (template[i] == "{*}")
                found.Add(string.Join('/', segments[i..]));
            else if (template[i] == "{}" && segments[i].Length > 0)
                found.Add(segments[i]);
            else if (template[i] != segments[i])
                return false;
        }
        parts = [.. found];
        return true;
    }
}
