"""What the words of a single step, or of a lead, say about its order."""

from __future__ import annotations

import re
from collections.abc import Iterable

from taskdist.engine.text.clause import Clause
from taskdist.engine.text.step import Step
from taskdist.engine.text.word import Word
from taskdist.engine.text.words.order import (
    ABOUT,
    CLOSING,
    COUNTS,
    GETTING_ABOUT,
    WHOLES,
)
from taskdist.engine.text.words.work import GATHERING

_ANY_ORDER = re.compile(r"\b(?:any|no particular|whatever|whichever) order\b|\border (?:does not|doesn't) matter\b")
TOGETHER = re.compile(
    r"\b(?:(both)(?= (?:are|is|have|were|of (?:them|these|those)|[a-z]+ly|and|together"
    r"|after|as|at|before|by|for|from|in|into|on|online|onto|to|under|via|with)\b|$)"
    r"|(?:all|the|these|those) (two|three|four|five|six)(?= (?:are|have|into|in|on|to|together|and|of them)\b|$)"
    r"|all of (?:that|it|them|these|those|this)\b)"
)
_PLURAL_RESULTS = frozenset({"findings", "results", "outputs", "outcomes", "answers", "parts", "pieces", "figures"})
_ADDING = frozenset(
    {"also", "additionally", "furthermore", "moreover", "besides", "too", "likewise", "similarly", "another", "as well"}
)


def instructs(lead: Iterable[Clause]) -> bool:
    """ "How to make chicken curry:"."""
    text = " ".join(w.lower for clause in lead for w in clause.words)
    return text.startswith(("how to ", "how do you ", "instructions ", "recipe "))


def moves(step: Step) -> bool:
    """ "Go to the store", "get in the car": what comes next happens there."""
    return step.verb is not None and (
        step.verb.lemma in ABOUT or " ".join(w.lower for w in step.words[:2]) in GETTING_ABOUT
    )


def is_new(words: list[Word], phrase: list[Word]) -> bool:
    """ "A report", "another list": made here, not used."""
    at = next((k for k, w in enumerate(words) if w is phrase[0]), 0)
    return at > 0 and words[at - 1].lower in {"a", "an", "another"}


def frees(lead: Iterable[Clause]) -> bool:
    """ "Housekeeping, any order:"."""
    text = " ".join(w.lower for clause in lead for w in clause.words)
    return bool(_ANY_ORDER.search(text))


def counted_together(step: Step) -> int:
    """How many of the steps before it ``step`` names at once ("both", "all three"); -1 for all of a list, 0 for none."""
    clauses = [m.clause.words for m in step.mentions] + ([step.condition.clause.words] if step.condition else [])
    for words in (step.words, *clauses):
        found = TOGETHER.search(" ".join(w.lower for w in words))
        if found:
            return COUNTS.get(found.group(1) or found.group(2) or "", -1)
    gathers = takes_in(step)
    gathered = _PLURAL_RESULTS | {"them", "these", "those"}
    return -1 if gathers and any(w.lower in gathered for w in step.words) else 0


def takes_in(step: Step) -> bool:
    """ "Combine", "add up", "bring together": works on several things at once."""
    if step.verb is None:
        return False
    low = {w.lower for w in step.words}
    joins = step.verb.lemma in {"bring", "put", "tie", "pull", "add", "glue", "sew", "edit", "cut", "mix"}
    if "together" in low and low & {"them", "these", "those"}:
        return True
    return step.verb.lemma in GATHERING or (joins and ("together" in low or (step.verb.lemma == "add" and "up" in low)))


def spoken(words: list[Word]) -> set[str]:
    """The words of a phrase that mean something, lower case."""
    return {
        w.lower
        for w in words
        if w.tag in {"N", "V", "VZ", "VN", "VD", "VG", "JJ"} and w.lower not in {"be", "is", "are"}
    }


def lead_cues(step: Step) -> list[tuple[str, str]]:
    """ "Finally: …", "Merge point: …": the cue that a lead gives to the step behind it."""
    if step.lead in {
        "join",
        "merge",
        "finally",
        "at the end",
        "closing",
        "last",
        "lastly",
        "afterwards",
        "then",
        "next",
        "end",
        "finish",
        "after that",
        "to finish",
        "final step",
        "wrap-up",
        "follow-up",
        "merge point",
        "fan-in",
        "sync point",
    }:
        return [("finally", step.lead)]
    return []


def adds_on(step: Step) -> bool:
    """ "Also, …": one more thing, not the next one."""
    return any(w.lower in _ADDING for w in step.clause.words if w.tag == "RB")


def takes_whole(step: Step) -> bool:
    """ "E2E tests for the whole flow": about everything done so far."""
    words = step.words
    return any(
        (
            w.lower in {"whole", "entire", "everything"}
            and k
            and (
                w.lower == "everything"
                or (words[k - 1].lower == "the" and k + 1 < len(words) and words[k + 1].lower in WHOLES)
            )
        )
        or (w.lower in {"end-to-end", "e2e"} and step.verb is None)
        for k, w in enumerate(words)
    )


def closes(step: Step) -> bool:
    """ "Publish", "notify": a last step of this kind closes over what came before."""
    return step.verb is not None and step.verb.lemma in CLOSING
