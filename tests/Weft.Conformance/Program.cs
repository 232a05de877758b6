using Weft.Conformance;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: eng/conformance DIR");
    return 2;
}
return Runner.Run(args[0], Console.Out);
