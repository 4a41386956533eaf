"""Words that tell work from talk: verbs that never command, states, habits, wishes."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# As a command these ask for attention, not for work.
NEVER_COMMANDS = _set(
    "say remember bear mind beware forget assume hope expect wait feel stick thank note be stay suppose imagine believe avoid ignore skip rely trust worry hurry hesitate notice wish like enjoy guess behave hang"
)
LEAVING = _set("leave ignore skip avoid")
LEAVING_WORK = ("a comment", "a note", "a message", "a review", "feedback", "comments", "a reply")
KEEPING_WORK = (
    "an eye",
    "watch",
    "track",
    "a log",
    "a record",
    "monitoring",
    "watching",
    "a list",
    "a diary",
    "a protocol",
    "notes",
)
SEEING_NOTE = (
    "the wiki",
    "the ticket",
    "the doc",
    "above",
    "below",
    "also",
    "attached",
    "for details",
    "ticket",
    "wiki",
    "docs",
    "the attached",
    "section",
    "the section",
    "the runbook",
    "the readme",
)

OBLIGING = _set("should must shall ought needs need has have")
OBLIGING_PHRASES = (
    "has to",
    "have to",
    "needs to",
    "need to",
    "ought to",
    "is to",
    "are to",
    "got to",
    "is supposed to",
    "are supposed to",
    "expected to",
    "is meant to",
    "are meant to",
    "is due to",
    "are due to",
    "needs also to",
    "still needs to",
    "still need to",
    "still has to",
    "still have to",
    "also needs to",
    "also need to",
    "also has to",
    "also have to",
    "'ve got to",
    "we've to",
    "going to",
    "plans to",
    "plan to",
    "wants to",
    "want to",
    "'d like to",
    "like to",
)
WISHES = _set("need want like expect love prefer require appreciate get")
EFFORTS = ("it", "it'd", "it'll", "that", "this", "that'd", "it would", "this'd", "i", "we", "it will")
# "The report should include …": says what a thing is like.
SPECIFYING = _set(
    "include contain cover have be fit support use work survive take cost last stay remain keep happen begin end match allow accept exist show follow stand feel return live break fail exceed succeed reach hold help depend belong apply count handle drop rise fall mean respect reflect carry pass start stop run finish complete"
)
FINISHING = _set("finish complete do ready end wrap conclude")
# "The service is used …", "the racks are leased": states, not work.
STATES = _set(
    "use lease base locate own know expect need host place call name say think mean intend require allow block share break keep hold concern include store limit restrict pay charge count leave forbid support book rent make write set schedule plan cap freeze lock list build mount exempt close staff run handle involve"
)
HABIT = (
    "every morning",
    "every day",
    "every night",
    "every week",
    "every month",
    "every year",
    "usually",
    "normally",
    "always",
    "often",
    "each month",
    "each week",
    "each year",
    "each day",
    "each night",
    "currently",
    "at the moment",
    "these days",
    "right now",
    "already",
    "automatically",
    "nowadays",
    "sometimes",
    "since",
    "for years",
    "for ages",
    "typically",
    "by default",
    "still",
    "never",
    "anyway",
    "as usual",
    "as always",
    "so far",
    "every quarter",
    "every monday",
    "every friday",
    "on mondays",
    "on fridays",
    "rarely",
    "hardly",
    "twice a",
)
# "The memo goes to the board", "the report draws on the metrics": what becomes of a thing.
MOVING = _set("go come draw feed build follow rest flow land move end belong")
# "We need more time": no deliverable.
VAGUE_NEEDS = _set(
    "time memory space room patience help money budget access care attention power rest sleep it this that them more less anything something nothing everything you me us downtime approval answer idea trolley one"
)

# "Take the file and load it": the first verb only serves the second.
PREPARATORY = _set(
    "take read use open go grab get fetch visit log ssh sit pick hop jump head walk drive find look come sit sign connect try start stop dig bring"
)
PREPARATORY_ALWAYS = _set("use go visit sit hop jump head come try ssh read")
# … unless what is taken is work itself: "take a dump and restore it".
LIGHT_OBJECTS = _set(
    "dump backup snapshot copy photo photos picture pictures measurement measurements sample samples inventory minutes note notes screenshot screenshots reading readings backup order orders scan image images recording decision survey export x-ray readings baseline quote quotes approval sign-off signature permission feedback access statement statements consent"
)
FIXED_PAIRS = tuple(
    _set(pair)
    for pair in (
        "review approve",
        "search replace",
        "find replace",
        "copy paste",
        "cut paste",
        "drag drop",
        "check verify validate confirm",
        "clean tidy",
        "fix repair",
        "read understand",
        "plan organise organize arrange schedule",
        "update refresh",
        "delete remove purge",
        "lift shift",
        "rinse repeat",
        "track trace",
        "pick pack",
        "mix match",
        "stop start",
        "sign date",
        "analyze analyse investigate",
        "analyze analyse study",
        "examine inspect check",
        "collect gather",
        "describe document",
        "monitor watch observe",
        "polish refine",
        "debug troubleshoot",
        "plan prepare",
        "inform notify tell",
        "sift sort",
        "crop trim",
        "review sign",
        "review comment",
        "measure record",
        "print sign",
        "cut trim",
        "watch learn",
        "test try",
        "tidy sort",
        "design plan",
        "review discuss",
        "discuss agree",
        "discuss decide",
        "investigate diagnose",
        "diagnose debug",
        "tune optimize optimise",
        "tweak tune",
        "inspect review",
        "see fix",
        "validate sanity-check",
        "name describe",
        "listen respond",
        "build compile",
        "compile assemble",
        "write draft",
        "compare contrast",
        "maintain update",
        "scrub clean",
        "cleanse clean",
        "reconcile match",
        "prune trim",
        "sweep mop",
        "wash rinse",
        "peel chop",
        "wrap pack",
        "label tag",
        "stop disable",
        "disable remove",
        "secure harden",
        "restructure reorganize reorganise",
        "rename rebrand",
        "identify list",
        "find list",
        "find identify",
        "identify document",
        "locate identify",
        "stop kill",
        "shut close",
        "merge squash",
        "rebase merge",
        "review edit",
        "proofread correct",
        "proofread edit",
        "read sign",
        "review amend",
        "touch feel",
        "adopt adapt",
        "evaluate assess",
        "rank prioritize prioritise",
        "sort rank",
        "lock seal",
        "check correct",
        "check fix",
    )
)
# These take all their objects at once; a list after them is never handed out one by one.
# "The switch can happen alongside", "a test run comes next": the subject is the work.
HAPPENING = _set("happen follow come begin start proceed occur")
COLLECTIVE = _set(
    "compare merge combine join reconcile match concatenate consolidate correlate contrast mix blend aggregate stitch unify pair cross-check align sync synchronize synchronise connect link swap sort assemble balance"
)
# "A load test would be a must": the thing before it is asked for.
NECESSARY = (
    "a must",
    "a must-have",
    "must-haves",
    "needed",
    "required",
    "necessary",
    "mandatory",
    "missing",
    "still missing",
    "overdue",
    "long overdue",
    "outstanding",
    "still outstanding",
    "pending",
    "still pending",
    "in order",
    "called for",
    "essential",
    "next",
    "still open",
    "due",
    "also due",
    "also needed",
    "also required",
    "also missing",
    "indispensable",
    "urgently needed",
    "still needed",
    "still to do",
    "to do",
    "still to be done",
    "up next",
    "next on the list",
    "first on the list",
    "on the list",
    "on the agenda",
    "on the to-do list",
)
NECESSARY_ANYWAY = (
    "a must",
    "must-haves",
    "overdue",
    "long overdue",
    "outstanding",
    "still outstanding",
    "still missing",
    "still needed",
    "still pending",
    "still open",
    "in order",
    "called for",
    "urgently needed",
    "still to be done",
    "next on the list",
    "missing",
)
# "The vendor claims that …": talk, not work.
SAYING = _set(
    "claim say state think know believe promise argue insist hope expect complain note mention assume suggest warn report tell guarantee predict estimate"
)
# "Consolidate the findings": takes in all that was left open before it.
GATHERING = _set(
    "consolidate combine merge join collate aggregate assemble concatenate compile unify intersect bundle weave stitch fuse summarize summarise pool"
)
# What is opened on the way to something else.
OPENED = _set(
    "console file app editor page browser door panel menu link tool shell terminal settings lid window spreadsheet folder session connection portal admin lab drawer valve"
)
# "We run about 60 vans", "I keep getting mail": what is so, not what is to be done.
HABITUAL = _set(
    "use run have do keep get see hold live work go take make offer serve own operate receive pay store rely track know think like lose miss face sell ship process handle support host manage maintain spend save send allow cover"
)
