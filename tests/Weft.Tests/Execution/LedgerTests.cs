using Weft.Execution;
using Weft.Platform;
using Weft.Support;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Tests.Execution;

public sealed class LedgerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Two_processes_do_not_hand_out_the_same_processors()
    {
        Ledger here = NewLedger(), there = NewLedger();
        using Grant? first = here.TryTake(new Resources(Cpu: 1.5));
        using Grant? second = there.TryTake(new Resources(Cpu: 2));
        Assert.NotNull(first);
        Assert.NotNull(second);
        Assert.Null(here.TryTake(new Resources(Cpu: 0.51)));
        using Grant? rest = here.TryTake(new Resources(Cpu: 0.5));
        Assert.NotNull(rest);
    }

    [Fact]
    public void What_is_given_up_is_granted_again_also_in_pieces()
    {
        Ledger ledger = NewLedger();
        Grant[] quarters = [.. Enumerable.Range(0, 16).Select(_ => ledger.TryTake(new Resources(Cpu: 0.25))!)];
        for (int i = 0; i < 16; i += 2)
            quarters[i].Dispose();
        using (Grant? scattered = ledger.TryTake(new Resources(Cpu: 2)))
            Assert.NotNull(scattered);
        Assert.Null(ledger.TryTake(new Resources(Cpu: 2.25)));
    }

    [Fact]
    public void Nothing_is_kept_of_a_grant_that_could_not_be_had_whole()
    {
        Ledger ledger = NewLedger();
        Assert.Null(ledger.TryTake(new Resources(Cpu: 4, Gpu: new GpuRequest(3))));
        using Grant? all = ledger.TryTake(new Resources(Cpu: 4, Memory: new ByteSize(1 << 30), Gpu: new GpuRequest(2)));
        Assert.NotNull(all);
    }

    [Fact]
    public void Each_GPU_is_handed_to_one_task_by_its_name()
    {
        Ledger here = NewLedger(), there = NewLedger();
        using Grant first = here.TryTake(new Resources(Gpu: new GpuRequest(1)))!;
        using Grant second = there.TryTake(new Resources(Gpu: new GpuRequest(1)))!;
        Assert.Equal(["0", "GPU-8f1c"], first.Gpus.Concat(second.Gpus).Order(StringComparer.Ordinal));
        Assert.Null(there.TryTake(new Resources(Gpu: new GpuRequest(1))));
    }

    [Fact]
    public void A_task_keeps_its_grant_after_we_are_gone()
    {
        Ledger ledger = NewLedger();
        Grant grant = ledger.TryTake(new Resources(Cpu: 3))!;
        using ChildProcess task = ChildProcess.Start(new ProgramStart
        {
            Path = "/bin/sleep",
            Arguments = ["sleep", "100"],
            Environment = EnvironmentBlock.Current(),
            Descriptors = [null, null, null, grant.File],
        });
        grant.Dispose();
        Assert.Null(NewLedger().TryTake(new Resources(Cpu: 2)));
        ProcessGroup.Signal(task.Id, ProcessSignal.Kill);
        task.Reap();
        using Grant? freed = NewLedger().TryTake(new Resources(Cpu: 2));
        Assert.NotNull(freed);
    }

    [Fact]
    public void What_is_not_declared_is_not_charged_and_what_never_fits_is_said()
    {
        Ledger ledger = NewLedger();
        Assert.Same(Grant.Nothing, ledger.TryTake(Resources.None));
        Assert.Null(ledger.WhyNever(new Resources(Cpu: 4)));
        Assert.Equal("it asks for 5 processors, this machine grants 4", ledger.WhyNever(new Resources(Cpu: 5)));
        Assert.Equal("it asks for 3 GPUs, this machine grants 2", ledger.WhyNever(new Resources(Gpu: new GpuRequest(3))));
        Assert.Equal("it asks for 2 GB of memory, this machine grants 1.1 GB", ledger.WhyNever(new Resources(Memory: new ByteSize(2_000_000_000))));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("0,3", 2)]
    [InlineData("GPU-8f1c, GPU-77aa", 2)]
    [InlineData("-1", 0)]
    public void An_allocation_bounds_the_GPUs_that_we_own(string visible, int count) => Assert.Equal(count, OwnedResources.Find(visible).Gpus.Length);

    private Ledger NewLedger() => new(_folder.Root, new OwnedResources(4, 1 << 30, ["0", "GPU-8f1c"]));
}
