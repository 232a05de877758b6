using System.Diagnostics;
using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Weft.Micro;
using Weft.Support;

// dotnet run -c Release --project bench/Micro -- --filter '*'           measures
// dotnet run -c Release --project bench/Micro -- figures                sizes: points enumerated, tasks planned
// dotnet run -c Release --project bench/Micro -- mutate 1000000         reads so many mutated texts of each grammar, or of those named behind it
if (args is ["figures"])
    return Figures.Run(Console.Out);
if (args is ["mutate", var rounds, .. var named])
{
    foreach (MutatedTexts grammar in MutatedTexts.Grammars.Where(grammar => named.Length == 0 || named.Contains(grammar.Name)))
    {
        long started = Stopwatch.GetTimestamp();
        TimeSpan longest = grammar.Run(int.Parse(rounds, CultureInfo.InvariantCulture));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{grammar.Name}: {rounds} texts in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s, the longest took {longest.TotalMilliseconds:0.0} ms"));
    }
    return 0;
}
// In this process: a project made for each benchmark would not find the central versions of packages.
IConfig config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
BenchmarkSwitcher.FromAssembly(typeof(ComposeBenchmarks).Assembly).Run(args, config);
return 0;
