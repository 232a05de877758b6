namespace Weft.Config.Nodes;

/// <summary>
/// Ids of the diagnostics of tree operations. Each stands for one of OmegaConf's error classes, named beside it, so that a program can tell
/// them apart as a Python program does.
/// </summary>
internal static class ConfigErrors
{
    /// <summary>ValidationError: the value does not fit the declared type.</summary>
    public const string WrongValue = "config/wrong-value";

    /// <summary>UnsupportedValueType: no configuration can hold such a value.</summary>
    public const string UnsupportedValue = "config/unsupported-value";

    /// <summary>KeyValidationError: such a key cannot stand here.</summary>
    public const string WrongKey = "config/wrong-key";

    /// <summary>ConfigKeyError: there is no such key, or it may not be added.</summary>
    public const string UnknownKey = "config/unknown-key";

    /// <summary>ConfigAttributeError: as <see cref="UnknownKey"/>, where OmegaConf reads or writes an attribute.</summary>
    public const string UnknownAttribute = "config/unknown-attribute";

    /// <summary>ConfigTypeError: the operation does not suit the kind of node.</summary>
    public const string WrongNode = "config/wrong-node";

    /// <summary>ConfigIndexError: the list has no such index.</summary>
    public const string OutOfRange = "config/index-out-of-range";

    /// <summary>ReadonlyConfigError.</summary>
    public const string ReadOnly = "config/read-only";

    /// <summary>MissingMandatoryValue: <c>???</c> was read.</summary>
    public const string MissingValue = "config/missing-value";

    /// <summary>GrammarParseError: the text of an interpolation breaks the grammar.</summary>
    public const string Grammar = "config/grammar";

    /// <summary>InterpolationResolutionError: it could not be evaluated.</summary>
    public const string Interpolation = "config/interpolation";

    /// <summary>InterpolationKeyError: it names a key that is not there.</summary>
    public const string InterpolationKey = "config/interpolation-key";

    /// <summary>InterpolationToMissingValueError: it leads to <c>???</c>.</summary>
    public const string InterpolationToMissing = "config/interpolation-to-missing";

    /// <summary>InterpolationValidationError: what it evaluates to does not fit the declared type.</summary>
    public const string InterpolationValue = "config/interpolation-value";

    /// <summary>UnsupportedInterpolationType: no resolver has this name.</summary>
    public const string UnknownResolver = "config/unknown-resolver";

    /// <summary>AssertionError: a document that is neither a dictionary nor a list.</summary>
    public const string NotAContainer = "config/not-a-container";

    /// <summary>RecursionError: deeper than any configuration that a person writes.</summary>
    public const string TooDeep = "config/too-deep";
}
