using System.Collections.Immutable;
using System.Numerics;
using Weft.Applications;
using Weft.Config.Composition;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Sweeps;
using Weft.Text;

namespace Weft.Dialects.Hydra;

/// <summary>
/// What came of composing the points of a sweep before the first starts, when the program is Hydra's and names its folder of configurations.
/// </summary>
/// <param name="Config">The primary configuration, as a path from the project's folder.</param>
/// <param name="Checked">How many compositions were made; a command that sweeps itself makes several.</param>
/// <param name="Total">How many there are.</param>
/// <param name="Obstacle">Why nothing was checked; null when it was.</param>
public sealed record ConfigurationCheck(string Config, BigInteger Checked, BigInteger Total, string? Obstacle = null)
{
    /// <summary>Composes the points that are left while the sweep runs; null when all were.</summary>
    public ConfigurationsAhead? Ahead { get; private init; }

    /// <summary>Whether all that could be checked was.</summary>
    public bool IsWhole => Obstacle is null && Checked == Total;

    /// <summary>One line for people.</summary>
    public override string ToString() => Obstacle is not null ? $"not checked against {Config}: {Obstacle}"
        : Checked == Total ? $"{Config}: {(Total == 1 ? "the configuration composes" : $"all {Total:N0} configurations compose")}"
        : $"{Config}: {Checked:N0} of {Total:N0} configurations checked: the first {SweepCheck.Window:N0} points, and of every key all values up to {SweepCheck.MaxPoints:N0}; the others ahead of their start";

    /// <param name="points">Of a job or an ad-hoc sweep.</param>
    /// <param name="environment">What <c>${oc.env:NAME}</c> reads.</param>
    /// <returns>Null when the program names no configuration.</returns>
    public static ConfigurationCheck? Run(CommandPoints points, IReadOnlyDictionary<string, string> environment, Diagnostics diagnostics)
    {
        if (points.Space.Size == 0 || ProgramConfiguration.Of(points) is not { } program)
            return null;
        string shown = Path.GetRelativePath(points.Folder, program.Folder);
        if (!Directory.Exists(program.Folder))
        {
            diagnostics.Error("hydra/no-folder", $"`{Path.GetRelativePath(points.Folder, program.Script)}` takes its configurations from `{shown}`, which is no folder", points.At);
            return null;
        }
        string config = Path.Combine(shown, program.Name + ".yaml");
        if (HydraCommand.FindRegistration(program.Script, points.Folder) is { } module)
            return new ConfigurationCheck(config, 0, points.Space.Size, $"`{Path.GetRelativePath(points.Folder, module)}` adds configurations while it runs");
        return new Checking(program, points, environment).Run(config, diagnostics);
    }

    /// <summary>Checks the commands of several nodes.</summary>
    public static ImmutableArray<ConfigurationCheck> RunAll(IEnumerable<CommandPoints> nodes, IReadOnlyDictionary<string, string> environment, Diagnostics diagnostics) =>
        [.. nodes.Select(points => Run(points, environment, diagnostics)).OfType<ConfigurationCheck>()];

    /// <summary>The rest of a sweep whose first points were checked by another process.</summary>
    /// <returns>Null when there is no rest, or the program cannot be checked.</returns>
    public static ConfigurationsAhead? RestOf(CommandPoints points, IReadOnlyDictionary<string, string> environment) =>
        points.Space.Size > SweepCheck.MaxPoints && ProgramConfiguration.Of(points) is { } program && Directory.Exists(program.Folder) && HydraCommand.FindRegistration(program.Script, points.Folder) is null
            ? new ConfigurationsAhead(new Checking(program, points, environment))
            : null;

    /// <summary>The state of one check.</summary>
    internal sealed class Checking
    {
        private readonly Composer _composer;
        private readonly ProgramConfiguration _program;
        private readonly SweepCheck _check;
        private readonly bool _isAlwaysSweep;
        private BigInteger _total;

        public Checking(ProgramConfiguration program, CommandPoints points, IReadOnlyDictionary<string, string> environment)
        {
            _program = program;
            Points = points;
            _composer = new Composer(
                new SearchPath
                {
                    Main = new FileConfigSource("main", program.Folder, Path.GetRelativePath(points.Folder, program.Folder)),
                    CommandLine = program.AddedFolder is { } added ? [new FileConfigSource("command-line", added, Path.GetRelativePath(points.Folder, added))] : [],
                },
                new ComposerOptions { VersionBase = program.VersionBase, WorkingFolder = points.Folder, Environment = environment });
            _check = new SweepCheck(_composer, program.Name);
            _isAlwaysSweep = IsMultiRun();
        }

        public CommandPoints Points { get; }

        public ConfigurationCheck Run(string config, Diagnostics diagnostics)
        {
            BigInteger commands = 0;
            foreach (BigInteger number in SweepCheck.Choose(Points.Space.Size, Points.Space.Cover(SweepCheck.MaxPoints).Select(index => (BigInteger)index)))
            {
                if (_check.IsFull)
                    break;
                if (Points.Space.PointAt((long)number) is not { } point)
                    continue;
                commands++;
                if (Compose(point) is { } obstacle)
                    return new ConfigurationCheck(config, 0, Points.Space.Size, obstacle);
            }
            if (commands > 0 && commands < Points.Space.Size)
                _total = _total * Points.Space.Size / commands;
            _check.Report(diagnostics, source => Points.PlaceOf(source.Text));
            return new ConfigurationCheck(config, _check.Checked, _total) { Ahead = Points.Space.Size > SweepCheck.MaxPoints ? new ConfigurationsAhead(this) : null };
        }

        /// <summary>Composes the points from one index up to another.</summary>
        /// <returns>What is wrong with them and was not said before.</returns>
        public Diagnostics Compose(long first, long end)
        {
            for (long number = first; number < end && !_check.IsFull; number++)
            {
                if (Points.Space.PointAt(number) is { } point)
                    Compose(point);
            }
            var diagnostics = new Diagnostics();
            _check.Report(diagnostics, source => Points.PlaceOf(source.Text));
            return diagnostics;
        }

        /// <summary>Composes the jobs of one command.</summary>
        /// <returns>Why the whole cannot be checked, or null.</returns>
        private string? Compose(Point point)
        {
            BigInteger number = point.Index;
            ImmutableArray<string> words = [.. _program.Words, .. Points.WordsOf(point)];
            var found = new Diagnostics();
            HydraArguments? arguments = HydraArguments.Parse(words, found);
            IReadOnlyList<Override> overrides = Override.ParseAll(arguments?.Overrides ?? [], found);
            if (arguments is null || found.HasErrors)
            {
                _total++;
                _check.Keep(found, number, Label(words));
                return null;
            }
            bool isSweep = arguments.IsMultiRun || _isAlwaysSweep;
            if (!isSweep || overrides.All(item => !item.IsSweep))
            {
                Composition? job = _composer.Compose(_program.Name, overrides, RunMode.Run, found);
                // What a configuration itself sweeps may be what this job lacks.
                if (!isSweep || (job is not null && HydraSweep.Parameters(job, found).Count == 0))
                {
                    _total++;
                    return Keep(found, number, words);
                }
                found = [];
            }
            Composition? frame = _composer.Compose(_program.Name, overrides, RunMode.MultiRun, found);
            IReadOnlyList<Override> swept = frame is null ? [] : [.. HydraSweep.Parameters(frame, found), .. overrides];
            BasicSweep? sweep = found.HasErrors ? null : BasicSweep.Of(swept, group => _composer.Options(group, _program.Name, overrides), found);
            if (sweep is null)
            {
                _total++;
                return Keep(found, number, words);
            }
            _total += sweep.Count;
            foreach (BigInteger job in SweepCheck.Choose(sweep.Count, SweepCheck.Cover(sweep)))
            {
                if (_check.IsFull || (_check.Checked >= SweepCheck.MaxPoints && job > 0))
                    break;
                _check.Compose(sweep.Job(job), number, Label([.. sweep.Job(job)]));
            }
            return null;
        }

        private string? Keep(Diagnostics found, BigInteger number, ImmutableArray<string> words)
        {
            // Launchers and sweepers that are Python plugins bring options that stand in no file.
            if (found.FirstOrDefault(problem => problem.Id == "compose/config-not-found" && problem.Message.Contains("`hydra/", StringComparison.Ordinal)) is { } plugin)
                return plugin.Message;
            _check.Keep(found, number, Label(words));
            _check.Count();
            return null;
        }

        private bool IsMultiRun() =>
            _composer.Compose(_program.Name, Array.Empty<Override>(), RunMode.MultiRun, []) is { } plain
            && plain.Resolution.Select(plain.Config, "hydra.mode").Node is { Content.Kind: ScalarKind.Enum } mode && mode.Content.Enum.Name == "MULTIRUN";

        /// <summary>The words of a point without those that every point has.</summary>
        private static string Label(ImmutableArray<string> words) =>
            string.Join(' ', words.Where(word => !word.StartsWith('-') && !word.StartsWith("hydra.", StringComparison.Ordinal)));
    }
}
