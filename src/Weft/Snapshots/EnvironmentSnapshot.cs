using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Weft.Snapshots;

/// <summary>
/// What programs of an execution found around themselves beside the code: interpreters with the packages installed for them, the machine, and those environment
/// variables that programs of this field are known to read. All of it is read from files, no program is started for it.
/// </summary>
/// <param name="Interpreters">By path: the version and the packages of each.</param>
public sealed record EnvironmentSnapshot(
    ImmutableSortedDictionary<string, Interpreter> Interpreters, ImmutableSortedDictionary<string, string> Machine, ImmutableSortedDictionary<string, string> Variables)
{
    private const int Format = 1;

    private static readonly string[] s_variables =
        ["PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH", "PYTHONHOME", "PYTHONHASHSEED", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "LANG", "LC_ALL", "TZ"];

    private static readonly string[] s_families =
        ["OMP_", "MKL_", "OPENBLAS_", "KMP_", "NUMEXPR_", "CUDA_", "CUBLAS_", "CUDNN_", "NCCL_", "NVIDIA_", "HIP_", "ROCR_", "TF_", "TORCH_", "PYTORCH_", "XLA_", "JAX_", "HYDRA_"];

    private static readonly string[] s_secretive = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH"];

    /// <summary>Reads what is there now.</summary>
    /// <param name="programs">Absolute paths of the programs that tasks start; those that are no Python are left out.</param>
    /// <param name="folder">Where they start, since pyenv looks there for the version to run.</param>
    public static EnvironmentSnapshot Take(IEnumerable<string> programs, string folder, IReadOnlyDictionary<string, string> variables)
    {
        var interpreters = ImmutableSortedDictionary.CreateBuilder<string, Interpreter>(StringComparer.Ordinal);
        foreach (string path in programs)
            if (!interpreters.ContainsKey(path) && Interpreter.Of(Pyenv(path, folder, variables) ?? path) is { } found)
                interpreters[path] = found;
        var telling = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach ((string name, string value) in variables)
            if (IsTelling(name))
                telling[name] = value;
        return new EnvironmentSnapshot(interpreters.ToImmutable(), OfMachine(), telling.ToImmutable());
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("format", Format);
        json.WriteStartObject("interpreters");
        foreach ((string path, Interpreter one) in Interpreters)
        {
            json.WriteStartObject(path);
            json.WriteString("version", one.Version);
            Write(json, "packages", one.Packages);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        Write(json, "machine", Machine);
        Write(json, "variables", Variables);
        json.WriteEndObject();
    }

    /// <exception cref="JsonException">It was written by a newer version, or is no such file.</exception>
    public static EnvironmentSnapshot Read(JsonElement json)
    {
        if (json.GetProperty("format").GetInt32() > Format)
            throw new JsonException("the environment was written by a newer version of weft");
        return new EnvironmentSnapshot(
            json.GetProperty("interpreters").EnumerateObject().ToImmutableSortedDictionary(
                one => one.Name, one => new Interpreter(one.Value.GetProperty("version").GetString()!, ReadTexts(one.Value.GetProperty("packages"))), StringComparer.Ordinal),
            ReadTexts(json.GetProperty("machine")),
            ReadTexts(json.GetProperty("variables")));
    }

    private static void Write(Utf8JsonWriter json, string name, ImmutableSortedDictionary<string, string> texts)
    {
        json.WriteStartObject(name);
        foreach ((string key, string text) in texts)
            json.WriteString(key, text);
        json.WriteEndObject();
    }

    private static ImmutableSortedDictionary<string, string> ReadTexts(JsonElement json) =>
        json.EnumerateObject().ToImmutableSortedDictionary(one => one.Name, one => one.Value.GetString()!, StringComparer.Ordinal);

    /// <summary>Only variables of known use, since others may hold what is nobody's business; none that by its name holds a secret.</summary>
    private static bool IsTelling(string name) =>
        (s_variables.Contains(name) || s_families.Any(family => name.StartsWith(family, StringComparison.Ordinal)))
        && !s_secretive.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));

    /// <summary>The interpreter that a script of pyenv's <c>shims</c> would start; null of any other program.</summary>
    private static string? Pyenv(string path, string folder, IReadOnlyDictionary<string, string> variables)
    {
        if (Path.GetDirectoryName(path) is not { } shims || Path.GetFileName(shims) != "shims" || Path.GetDirectoryName(shims) is not { } root)
            return null;
        string? version = variables.GetValueOrDefault("PYENV_VERSION") is { Length: > 0 } given ? given : null;
        for (string? at = folder; at is not null && version is null; at = Path.GetDirectoryName(at))
            version = FirstLine(Path.Combine(at, ".python-version"));
        version ??= FirstLine(Path.Combine(root, "version"));
        return version is null ? null : Path.Combine(root, "versions", version.Trim(), "bin", Path.GetFileName(path));
    }

    private static ImmutableSortedDictionary<string, string> OfMachine()
    {
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        facts["host"] = Platform.Machine.HostName;
        facts["system"] = ValueIn("/etc/os-release", "PRETTY_NAME=")?.Trim('"') ?? RuntimeInformation.OSDescription;
        facts["kernel"] = FirstLine("/proc/sys/kernel/osrelease") ?? Environment.OSVersion.VersionString;
        facts["architecture"] = RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant();
        facts["processors"] = Environment.ProcessorCount.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (ValueIn("/proc/cpuinfo", "model name")?.TrimStart('\t', ' ', ':') is { } processor)
            facts["processor"] = processor;
        facts["memory"] = $"{Platform.Machine.MemoryBytes >> 20} MiB";
        if (FirstLine("/proc/driver/nvidia/version") is { } driver)
            facts["gpu driver"] = driver;
        const string gpus = "/proc/driver/nvidia/gpus";
        string[] models = [.. (Directory.Exists(gpus) ? Directory.EnumerateDirectories(gpus) : []).Order(StringComparer.Ordinal)
            .Select(gpu => ValueIn(Path.Combine(gpu, "information"), "Model:")?.Trim() ?? "unknown")];
        if (models.Length > 0)
            facts["gpus"] = string.Join(", ", models);
        return facts.ToImmutable();
    }

    private static string? FirstLine(string path) => ValueIn(path, "");

    /// <summary>What follows on the first line that begins so; null when there is none, or no such file.</summary>
    private static string? ValueIn(string path, string beginning)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            return File.ReadLines(path).FirstOrDefault(line => line.StartsWith(beginning, StringComparison.Ordinal))?[beginning.Length..];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>A Python interpreter.</summary>
/// <param name="Version"><c>3.11</c>, of a virtual environment <c>3.11.7</c>.</param>
/// <param name="Packages">The versions of the packages in its own folders, by their names in lower case, with hyphens. Folders of <c>PYTHONPATH</c> are none of these.</param>
public sealed record Interpreter(string Version, ImmutableSortedDictionary<string, string> Packages)
{
    /// <summary>Reads the interpreter at a path from the folders around it; null when it is no Python, or only a script that looks for one.</summary>
    public static Interpreter? Of(string path)
    {
        if (!Path.GetFileName(path).StartsWith("python", StringComparison.Ordinal))
            return null;
        try
        {
            string prefix = Path.GetDirectoryName(Path.GetDirectoryName(path))!;
            string settings = Path.Combine(prefix, "pyvenv.cfg");
            if (!File.Exists(settings))
                return At(Path.GetDirectoryName(Path.GetDirectoryName(Target(path)))!, VersionIn(Path.GetFileName(Target(path))));
            Dictionary<string, string> virtualEnvironment = ReadSettings(settings);
            Interpreter? own = At(prefix, virtualEnvironment.GetValueOrDefault("version") ?? virtualEnvironment.GetValueOrDefault("version_info"));
            if (own is null || virtualEnvironment.GetValueOrDefault("include-system-site-packages") != "true" || !virtualEnvironment.TryGetValue("home", out string? home))
                return own;
            return Of(Path.Combine(home, "python3")) is { } shared ? own with { Packages = shared.Packages.SetItems(own.Packages) } : own;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Target(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);

    private static Interpreter? At(string prefix, string? version)
    {
        if (version is null)
            return null;
        string minor = string.Join('.', version.Split('.').Take(2));
        // Debian installs into folders of its own names.
        string[] folders = [$"{prefix}/lib/python3/dist-packages", $"{prefix}/local/lib/python{minor}/dist-packages", $"{prefix}/lib64/python{minor}/site-packages", $"{prefix}/lib/python{minor}/site-packages"];
        var packages = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (string entry in folders.Where(Directory.Exists).SelectMany(Directory.EnumerateFileSystemEntries))
        {
            if (PackageOf(Path.GetFileName(entry)) is var (name, number))
                packages[name] = number;
        }
        return new Interpreter(version, packages.ToImmutable());
    }

    /// <summary><c>python3.11</c> → <c>3.11</c>; null of <c>python3</c> and of anything that has no number.</summary>
    private static string? VersionIn(string program) =>
        program["python".Length..] is { Length: > 0 } number && number.Contains('.', StringComparison.Ordinal) && number.All(c => char.IsAsciiDigit(c) || c == '.') ? number : null;

    /// <summary><c>NAME-VERSION.dist-info</c>, <c>NAME-VERSION[-py3.11].egg-info</c>.</summary>
    private static (string Name, string Version)? PackageOf(string entry)
    {
        int end = Math.Max(entry.LastIndexOf(".dist-info", StringComparison.Ordinal), entry.LastIndexOf(".egg-info", StringComparison.Ordinal));
        if (end < 0 || entry[..end].Split('-') is not [var name, var version, ..])
            return null;
        return (name.ToLowerInvariant().Replace('_', '-'), version);
    }

    private static Dictionary<string, string> ReadSettings(string path)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string[] parts in File.ReadLines(path).Select(line => line.Split('=', 2, StringSplitOptions.TrimEntries)).Where(parts => parts.Length == 2))
            settings[parts[0]] = parts[1];
        return settings;
    }
}
