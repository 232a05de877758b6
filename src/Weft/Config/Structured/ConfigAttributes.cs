namespace Weft.Config.Structured;

/// <summary>
/// Marks a partial record whose properties are keys of a configuration: Weft's generator makes the schema of the record and the code that reads it
/// from a composed configuration, both at compile time.
/// </summary>
/// <example>
/// <code>
/// [Config]
/// public sealed partial record TrainConfig(string Model, double Lr, int Epochs = 10);
/// </code>
/// </example>
/// <remarks>
/// A property <c>LearningRate</c> is the key <c>learning_rate</c>. A parameter without a default and a <c>required</c> property must be given by
/// somebody (they are <c>???</c>), except that a record is made of its own defaults. Other properties have the value that C# gives them. Defaults are
/// constants, collections of them, or <c>new</c> of other such records, as the configuration shows them before anything runs.
/// </remarks>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ConfigAttribute : Attribute;

/// <summary>Gives a property of a <see cref="ConfigAttribute"/> record another key than its name in snake case.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class ConfigKeyAttribute(string key) : Attribute
{
    /// <summary>The key.</summary>
    public string Key { get; } = key;
}

/// <summary>
/// Gives a property of a <see cref="ConfigAttribute"/> record a default that is evaluated in the configuration: <c>${seed}</c>,
/// <c>${oc.env:USER}</c>, or <c>???</c> for a value that must be given.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class ConfigDefaultAttribute(string text) : Attribute
{
    /// <summary>The text, as a configuration would hold it.</summary>
    public string Text { get; } = text;
}
