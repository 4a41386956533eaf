"""Closed classes of words: determiners, pronouns, auxiliaries, prepositions, conjunctions, adverbs."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


DETERMINERS = _set("""a an the this that these those each every some any no another both either neither all half several many few
more most other such what which whose whatever whichever enough much""")
POSSESSIVES = _set("my our your his her its their whose one's everyone's somebody's")
SUBJECT_PRONOUNS = _set(
    "i we you he she they it someone somebody anyone anybody everyone everybody nobody one who this that these those there "
    "both neither none all each"
)
OBJECT_PRONOUNS = _set(
    "me us you him her them it this that these those itself themselves everything something anything nothing"
)
# A pronoun that stands for a thing named before.
ANAPHORS = _set("it them they this that these those its their he she him her both one ones same")

MODALS = _set(
    "should must can could may might will would shall ought i'll we'll you'll they'll it'll he'll she'll i'd we'd you'd they'd he'd she'd it'd that'd this'd there'd that'll this'll"
)
BE = _set(
    "be is are was were been being am isn't aren't wasn't weren't i'm we're you're they're it's that's he's she's there's who's what's"
)
HAVE = _set("have has had having haven't hasn't hadn't i've we've you've they've")
DO = _set("do does did don't doesn't didn't")
NEGATIONS = _set(
    "not no never don't doesn't didn't won't can't cannot isn't aren't wasn't weren't shouldn't mustn't needn't couldn't wouldn't "
    "haven't hasn't hadn't nor without"
)

PREPOSITIONS = _set("""of to in into on onto for from with without by at as about above across against along amid among
around behind below beneath beside besides between beyond despite during except inside like near off out outside over past
per plus regarding round since than through throughout till toward towards under underneath until up upon versus via vs vs. within minus next
according ahead due using incl. including excluding e.g. re""")

# Words that open a clause which is no main clause, by what that clause says.
CONDITIONALS = _set("if unless whether provided assuming supposing")
TEMPORALS = _set("after before once when whenever while until till as")
REASONS = _set("because since as although though whereas so-that for-the-reason")
COORDINATORS = _set("and or but then nor plus & yet so")

ADVERBS = _set("""also already always again afterwards afterward almost altogether anyway away back beforehand briefly carefully
concurrently currently directly down early either else else's elsewhere else eventually ever exactly finally first firstly
further furthermore hence here however immediately in-parallel independently indeed initially instead just kindly last lastly late later
likewise maybe meanwhile merely moreover most mostly much nearly never next nevertheless nonetheless not now off often once only originally otherwise
ourselves out overall overnight perhaps please possibly preferably presumably previously probably promptly properly quickly quietly quite
rather really recently right roughly second secondly separately shortly similarly simply simultaneously so sometimes somewhere soon still straight subsequently
suddenly then there thereafter therefore third thirdly thoroughly though thus today together tomorrow tonight too twice ultimately up usually very well
yesterday yet ideally basically ultimately obviously hopefully actually apparently manually automatically daily weekly monthly nightly hourly
fully partly partially safely gently slowly respectively accordingly additionally alternatively simply alone""")

# Open a new thought about the time of what follows it.
NUMBERS = _set("""zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen twenty thirty forty
fifty hundred thousand million dozen""")

COMMON_ADJECTIVES = _set("""new old big small large short long quick slow full final first second third fourth next last previous latest recent
current same different main major minor key critical important urgent annual monthly weekly daily nightly yearly quarterly hourly good bad better best
worst worse high low higher lower great right wrong whole entire single double existing missing remaining stale dead broken failing unused raw
public private internal external local remote global regional national financial technical commercial available ready able free open closed
clean dirty dry wet hot cold warm cool safe secure live active inactive dark light red green blue black white yellow heavy light early late
simple complex easy hard difficult possible impossible necessary optional mandatory required own various relevant correct incorrect
temporary permanent automatic manual static dynamic empty true false real actual initial original happy sad careful certain sure due
separate parallel independent joint common shared general specific special normal regular usual custom custom-made
clear brief rough actual particular respective upcoming resulting nightly daily""")
