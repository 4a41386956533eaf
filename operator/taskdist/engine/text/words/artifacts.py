"""Nouns of things that pass from step to step."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Too general to tell one thing from another.
GENERIC = _set("""thing things stuff way ways part parts one ones case cases sure etc e.g. i.e. place note fact lot bit kind sort number numbers eye end point go time step steps task item items
everything anything something whole rest half use need work job order e g i ok okay side need needs ones top set""")
# Heads that need their modifier ("log file", "spreadsheet tab").
VAGUE = _set("file files copy version list name page entry entries")
# Nouns (as stems) for what a kind of work leaves behind.
LEFT_BEHIND: dict[str, frozenset[str]] = {
    "study": _set(
        "result find outcome output insight number figure analyz report conclusion answer recommend metric score"
    ),
    "check": _set("result outcome output find report log verdict error failur issue"),
    "obtain": _set("data file dump export extract copy response answer list material"),
    "transform": _set("data output result set file"),
    "make": _set("output artifact result draft file version"),
    "plan": _set("plan schedul decid list choos outcome"),
    "run": _set("result output outcome log"),
    "modify": _set("chang fix version"),
}
# "The results", "those findings": they belong to whatever came before.
RESULT_NOUNS = _set(
    "result find outcome output insight figure answer metric score number conclusion recommend finding data file draft artifact fix chang list report response verdict"
)
