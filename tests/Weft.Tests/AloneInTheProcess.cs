namespace Weft.Tests;

/// <summary>Tests that count what the whole process holds: they run when no other test does.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;
