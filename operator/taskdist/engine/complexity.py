"""How hard a subtask is: a score in [0, 1] with the parts that made it. docs/planning.md has the same in words.

The parts follow what effort estimation has long counted: the kind of work, its size, how many things it ties
together, how uncertain and how risky it is (Boehm 2000, COCOMO II: size times cost drivers). Their weights are
documented priors, chosen so that one plain sentence ("Analyze the access logs") lands in the middle band; history
corrects what follows from the score, not the score.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Complexity

if TYPE_CHECKING:
    from taskdist.engine.drafts import Draft

BASE: Final = 0.35
"""What any work starts from."""

_WORD: Final = re.compile(r"[a-z][a-z'-]*[a-z]|[a-z]")
_QUANTITY: Final = re.compile(
    r"\b(\d{1,3}(?:[,_]\d{3})+|\d{1,15}(?:\.\d{1,6})?)\s*(k|m|g|t|tb|gb|mb|pb|tib|gib|thousand|million|billion)?\b",
    re.IGNORECASE,
)
_MULTIPLIERS: Final = {
    **dict.fromkeys(("k", "thousand"), 1e3),
    **dict.fromkeys(("m", "million"), 1e6),
    "billion": 1e9,
    "mb": 1e3,
    **dict.fromkeys(("g", "gb", "gib"), 1e5),
    **dict.fromkeys(("t", "tb", "tib"), 1e7),
    "pb": 1e9,
}
"""Counts as they are; bytes so that a gigabyte weighs like a hundred thousand things."""


def _each(weight: float, words: str) -> dict[str, float]:
    return dict.fromkeys(words.split(), weight)


_LOOK_AND_MOVE = """list show print read check count copy fetch download upload notify send rename tag ping log archive
    collect gather save store label clean lint format restart open close ask tell publish announce post email report export
    import"""
_MAKE_AND_CHECK = """summarize summarise document describe write draft update review test verify validate compare convert
    parse filter sort merge plan schedule monitor measure extract install configure render build package release translate
    classify inspect prepare create add remove delete scan backup restore compile run evaluate profile benchmark"""
_UNDERSTAND = """analyze analyse deploy develop implement design debug fix diagnose transform aggregate index crawl simulate
    audit estimate predict secure harden encrypt automate assess scale provision patch upgrade model cluster train tune
    investigate"""
_CHANGE_THE_WHOLE = """optimize optimise migrate refactor integrate rewrite parallelize parallelise port rearchitect
    re-architect redesign replatform reverse-engineer orchestrate federate shard consolidate modernize modernise reconcile"""
VERBS: Final = {
    **_each(0.05, _LOOK_AND_MOVE),
    **_each(0.10, _MAKE_AND_CHECK),
    **_each(0.15, _UNDERSTAND),
    **_each(0.20, _CHANGE_THE_WHOLE),
}
"""Inherent difficulty of an action."""

_SCALE: Final = _each(
    0.04,
    """all every each entire whole complete full large huge massive big many multiple several various bulk across cluster-wide
    company-wide global thousands millions billions dozens hundreds comprehensive""",
)
_SMALL: Final = _each(
    -0.06, "simple simply quick quickly small tiny trivial trivially minor just brief briefly easy basic single"
)
_UNCERTAIN: Final = _each(
    0.04,
    """investigate explore research discover maybe perhaps possibly unknown unclear somehow whether figure experiment
    prototype evaluate legacy undocumented intermittent flaky why root-cause unexpected""",
)
_RISKY: Final = _each(
    0.04,
    """production prod live customer customers payment payments billing security secrets credentials privacy personal
    compliance gdpr delete drop irreversible migrate migration rollback downtime critical outage encryption
    authentication""",
)

PARTS: Final = {
    "base": "0.35 for any work",
    "actions": "the hardest action word (0.05 to 0.20), and 0.03 for each further one up to 0.09",
    "length": "0.002 a word beyond 8, up to 0.10; a script counts 0.002 a line and 0.01 a loop or pipe, up to 0.15",
    "scale": "0.04 for each word such as all, every, large, up to 0.08; -0.06 for simple, quick, small, down to -0.12",
    "quantity": "0.02 for each power of ten of the largest number, from 100 on, up to 0.12",
    "uncertainty": "0.04 for each word such as investigate, unknown, legacy, up to 0.08",
    "risk": "0.04 for each word such as production, payment, delete, up to 0.08",
    "input": "0.02 for each doubling of inputBytes from 64 MiB on, up to 0.20",
    "fan-in": "0.01 for each dependency beyond the first, up to 0.08",
    "explicit": "the task's own complexity, in place of all others",
}
"""What the score is made of; docs/planning.md repeats it, and a test compares."""


def complexity(draft: Draft) -> Complexity:
    """Score one draft; a value that the user gave replaces all parts."""
    spec = draft.spec
    if spec is not None and spec.complexity is not None:
        score = min(1.0, max(0.0, spec.complexity))
        return Complexity(score, (("explicit", score),))
    parts = dict(_of_text(draft.description))
    if spec is not None and not spec.work.is_text_only:
        work = "\n".join((spec.work.script, *spec.work.command, *spec.work.args))
        parts["length"] = min(0.15, round(parts.get("length", 0.0) + _of_script(work), 4))
    if spec is not None and spec.input_bytes:
        parts["input"] = min(0.20, round(0.02 * max(0.0, math.log2(spec.input_bytes / 2**26)), 4))
    parts["fan-in"] = min(0.08, round(0.01 * max(0, len(draft.dependencies) - 1), 4))
    made = tuple((name, parts[name]) for name in PARTS if parts.get(name))
    return Complexity(round(min(1.0, max(0.0, math.fsum(value for _, value in made))), 4), made)


@lru_cache(maxsize=4096)
def _of_text(text: str) -> tuple[tuple[str, float], ...]:
    """Return the parts that come from the words; cached, because the items of a forEach often share them."""
    words = _WORD.findall(text.lower())
    actions = {stem: VERBS[stem] for stem in map(_stem, words) if stem in VERBS}
    distinct = set(words)
    found = (
        ("base", BASE),
        ("actions", max(actions.values(), default=0.10) + min(0.09, 0.03 * max(0, len(actions) - 1))),
        ("length", min(0.10, 0.002 * max(0, len(words) - 8))),
        ("scale", min(0.08, _weigh(distinct, _SCALE)) + max(-0.12, _weigh(distinct, _SMALL))),
        ("quantity", _of_numbers(text)),
        ("uncertainty", min(0.08, _weigh(distinct, _UNCERTAIN))),
        ("risk", min(0.08, _weigh(distinct, _RISKY))),
    )
    return tuple((name, round(value, 4)) for name, value in found)


def _weigh(words: set[str], table: dict[str, float]) -> float:
    return math.fsum(sorted(table[word] for word in words if word in table))


def _of_numbers(text: str) -> float:
    largest = 0.0
    for number, unit in _QUANTITY.findall(text):
        largest = max(largest, float(number.replace(",", "").replace("_", "")) * _MULTIPLIERS.get(unit.lower(), 1.0))
    # A year is a number that says nothing about size.
    if largest < 100 or 1900 <= largest <= 2100:
        return 0.0
    return min(0.12, 0.02 * (math.floor(math.log10(largest)) - 1))


def _of_script(work: str) -> float:
    lines = sum(1 for line in work.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    joints = len(re.findall(r"\b(?:for|while|xargs|find|sort|join|awk)\b|\|", work))
    return 0.002 * lines + 0.01 * joints


@lru_cache(maxsize=8192)
def _stem(word: str) -> str:
    """Bring an inflected action word back to the table's form: analyzing, migrates, fixed."""
    if word in VERBS:
        return word
    for ending, replacements in (
        ("ies", ("y",)),
        ("ing", ("", "e")),
        ("ied", ("y",)),
        ("es", ("", "e")),
        ("ed", ("", "e")),
        ("s", ("",)),
    ):
        if word.endswith(ending):
            stem = word[: -len(ending)]
            forms = [stem + r for r in replacements]
            if len(stem) > 2 and stem[-1] == stem[-2]:
                forms.append(stem[:-1])
            for form in forms:
                if form in VERBS:
                    return form
    return word
