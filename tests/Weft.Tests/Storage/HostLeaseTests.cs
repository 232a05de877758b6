using Weft.Storage;
using Weft.Support;

namespace Weft.Tests.Storage;

public sealed class HostLeaseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_first_host_gets_it_with_all_its_processes_and_another_hears_who_has_it()
    {
        HostLease? first = Take("a").Lease;
        Assert.NotNull(first);
        Assert.NotNull(Take("a").Lease);
        (HostLease? none, LeaseHolder? holder) = Take("b", wait: _ => false);
        Assert.Null(none);
        Assert.Equal("a", holder?.Host);
        Assert.Null(first.Renew());
    }

    [Fact]
    public void An_owner_that_renews_keeps_it_and_the_watcher_notices_at_once()
    {
        HostLease first = Take("a").Lease!;
        int looks = 0;
        (HostLease? none, LeaseHolder? holder) = Take("b", pause =>
        {
            _clock.Pass(pause);
            if (++looks == 6)
                Assert.Null(first.Renew());
            return true;
        });
        Assert.Null(none);
        Assert.Equal(("a", 6), (holder?.Host, looks));
    }

    [Fact]
    public void An_owner_that_fell_silent_loses_it_and_is_told_so()
    {
        HostLease first = Take("a").Lease!;
        HostLease? second = Take("b", PassTime).Lease;
        Assert.NotNull(second);
        Assert.Null(second.Renew());
        Assert.Equal("b", first.Renew()?.Host);
        second.Release();
        Assert.Null(first.Renew());
        _clock.Pass(HostLease.RenewalTime);
        Assert.Equal("a", second.Renew()?.Host);
    }

    [Fact]
    public void A_released_lease_and_one_of_an_earlier_boot_are_free_at_once()
    {
        Take("a").Lease!.Release();
        Assert.NotNull(Take("b", _ => throw new InvalidOperationException("it waited")).Lease);
        Assert.NotNull(HostLease.TryTake(_folder.Path("owner"), "b", "boot 2", _clock, _ => throw new InvalidOperationException("it waited")).Lease);
    }

    [Fact]
    public void Of_many_hosts_that_want_a_free_lease_one_gets_it()
    {
        string[] winners = [.. Enumerable.Range(0, 12).AsParallel().WithDegreeOfParallelism(6)
            .Select(i => $"host {i}").Where(host => HostLease.TryTake(_folder.Path("owner"), host, "boot", _clock, _ => false).Lease is not null)];
        Assert.Single(winners);
    }

    [Fact]
    public void Within_the_renewal_time_nothing_is_written()
    {
        HostLease lease = Take("a").Lease!;
        Assert.Null(lease.Renew());
        string content = File.ReadAllText(_folder.Path("owner/1"));
        _clock.Pass(TimeSpan.FromSeconds(4));
        Assert.Null(lease.Renew());
        Assert.Equal(content, File.ReadAllText(_folder.Path("owner/1")));
        _clock.Pass(TimeSpan.FromSeconds(2));
        Assert.Null(lease.Renew());
        Assert.NotEqual(content, File.ReadAllText(_folder.Path("owner/1")));
    }

    [Fact]
    public void Requests_are_read_in_the_order_of_their_dropping_and_stay_until_removed()
    {
        var inbox = new Inbox(_folder.Path("inbox"), _clock);
        Assert.Empty(inbox.Read());
        foreach (string request in (string[])["one", "two", "three"])
        {
            inbox.Drop(System.Text.Encoding.UTF8.GetBytes(request));
            _clock.Pass(TimeSpan.FromMilliseconds(1));
        }
        Assert.Equal(["one", "two", "three"], inbox.Read().Select(found => System.Text.Encoding.UTF8.GetString(found.Request)));
        inbox.Remove(inbox.Read()[0].Name);
        Assert.Equal(2, inbox.Read().Count);
    }

    private (HostLease? Lease, LeaseHolder? Holder) Take(string host, Func<TimeSpan, bool>? wait = null) =>
        HostLease.TryTake(_folder.Path("owner"), host, "boot", _clock, wait ?? (_ => false));

    private bool PassTime(TimeSpan time)
    {
        _clock.Pass(time);
        return true;
    }
}
