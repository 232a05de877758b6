using System.Text;
using Weft.Values;

namespace Weft.Records;

/// <summary>Names of executions that people can say and remember: <c>wet-mongoose-1</c>. The number tells executions with the same two words apart.</summary>
internal static class MemorableName
{
    private static readonly string[] Adjectives = Words("""
        able agile airy alert amber ample apt arid bold brave breezy brief bright brisk broad calm candid chilly civil clear clever cosy crisp curly
        dainty daring deep deft dewy dizzy dusty eager early easy fair famous fancy fast fine firm fluffy fond frank free fresh funny gentle giant glad
        golden good grand grave green happy hardy hasty hazy high hollow honest huge humble icy idle jolly jovial keen kind large late lazy light lively
        long loud loyal lucky mellow merry mild mighty misty modest narrow neat nimble noble odd patient plain polite proud quick quiet rapid rare ready
        rich robust rosy round royal rusty salty sandy serene sharp shiny short shy silent silver simple sleek slim slow small smart smooth snowy soft
        solid sour spicy spry stark steady stout strong sturdy sunny sweet swift tall tame tart tender thin tidy tiny tough true vast vivid warm wet wild
        windy wise witty young zesty
        """);

    private static readonly string[] Animals = Words("""
        adder albatross alpaca ant antelope badger barbel bat bear beaver bee beetle bison bittern boar bobcat buffalo bullfinch buzzard camel canary carp
        cat caterpillar chamois cheetah chinchilla cicada cobra cod condor coot cormorant cougar coyote crab crane cricket crow cuckoo curlew deer dingo
        dolphin donkey dormouse dove dragonfly duck dunnock eagle eel egret elephant elk emu falcon ferret finch firefly flamingo fox frog gannet gazelle
        gecko gerbil gibbon giraffe gnu goat goldfinch goose gorilla grebe grouse gull hamster hare hawk hedgehog heron herring hippo hornet horse hyena
        ibex ibis iguana impala jackal jackdaw jaguar jay kangaroo kestrel kingfisher kite kiwi koala kudu lapwing lark lemming lemur leopard lion lizard
        llama lobster lynx macaw magpie mallard manatee marmot marten meerkat mole mongoose moose moth mouse mule newt nightingale ocelot octopus okapi
        orca oriole oryx osprey ostrich otter owl ox oyster panda panther parrot partridge peacock pelican penguin perch pheasant pigeon pike plover
        porcupine possum puffin puma quail quokka rabbit raccoon ram raven ray robin rook salmon sandpiper seal serval shark sheep shrew skink skunk skylark
        sloth snail snake snipe sparrow spider squid squirrel starling stoat stork sturgeon swallow swan swift tapir tern thrush tiger toad tortoise
        toucan trout tuna turtle viper vole vulture wallaby walrus warbler wasp weasel whale wolf wolverine wombat woodpecker wren yak zebra
        """);

    /// <summary>The two words that an execution's id chooses: the same id, the same words.</summary>
    public static string WordsOf(string id)
    {
        ulong chosen = Fingerprint.Of(Encoding.UTF8.GetBytes(id)).Low;
        return Adjectives[(uint)chosen % Adjectives.Length] + "-" + Animals[(chosen >> 32) % (uint)Animals.Length];
    }

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
