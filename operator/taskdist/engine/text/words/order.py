"""Words about order that are no adverbs: stages of a job, outcomes, closing verbs."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Where in a job work of a kind usually stands.
STAGE = {
    "plan": 0,
    "obtain": 1,
    "transform": 2,
    "study": 3,
    "make": 4,
    "modify": 4,
    "run": 4,
    "other": 4,
    "check": 5,
    "release": 6,
    "tell": 7,
    "dispose": 8,
}
# A last step of this kind closes over everything before it.
CLOSING = _set(
    "summarize summarise compare deploy publish release announce notify sign ship present circulate distribute report submit merge combine consolidate launch promote handover deliver inform email tell send file"
)
# Upkeep and errands: a list of only these is no pipeline.
ERRANDS = _set(
    "label defrost walk iron dust muck sweep mop scrub rake shovel unclog shear repot fertilize irrigate vacuum descale sharpen trim weed prune hang fill recycle donate refill polish mend sew grease top fix bump remove delete renew update upgrade clean rename add replace book order call buy pay cancel water feed empty mow repair paint wash move archive close drop patch refresh tidy sort restock return pick collect get migrate rotate enable disable set increase reduce improve send write"
)
# Said of a step's outcome.
OUTCOMES = _set(
    "exist exists there place pass passes passed fail fails failed failing failure succeed succeeds succeeded success successful green red ok okay clean good bad positive negative done ready complete completed finished through up live error errors found approve approves approved reject rejects rejected agree agrees agreed yes no accept accepts accepted confirmed confirm confirms available works work working stable in match matches differ differs exceed exceeds exceeded reached fine broken wrong correct valid invalid empty missing present finish finishes happy satisfied convinced worse better higher lower holds"
)
# Stands for every step so far.
WHOLE = _set(
    "all everything both everybody everyone each tracks steps tasks three four five two streams parts pieces rest above these those workstreams branches sides them items"
)
# "The two outputs".
COUNTS = {"both": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "2": 2, "3": 3, "4": 4, "5": 5}
# "The whole flow": everything done so far, not one thing that happens to be whole.
WHOLES = _set(
    "flow thing pipeline system process chain stack application app setup package release lot journey workflow solution product project path suite"
)
# The last of a list of bullets, if one of these, waits for the others.
CLOSING_LISTS = _set(
    "roll notify tell inform compare summarize summarise publish deploy release present submit launch ship merge combine consolidate"
)
# Getting somewhere: what is told next happens there.
ABOUT = _set("arrive board climb come drive enter exit fly go head leave park return ride run sit stand travel walk")
GETTING_ABOUT = frozenset({"get in", "get into", "get to", "get out", "get on", "get off", "get up", "get home"})
