"""Short readable ids: the verb and the head of what it works on, as a DNS label."""

from __future__ import annotations

import re
import unicodedata

from taskdist.engine.text.content import object_phrase
from taskdist.engine.text.step import Step
from taskdist.engine.text.word import Word
from taskdist.engine.text.words import function

LONGEST = 40
_MOST_OBJECT_WORDS = 3
_NOT_NAME = re.compile(r"[^a-z0-9]+")


def slug(text: str) -> str:
    """``text`` as a DNS label: ASCII, lower case, hyphens; "" if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_NAME.sub("-", plain).strip("-")


def _shorten(parts: list[str]) -> str:
    """Join as many parts as fit, whole words first."""
    out = ""
    for part in parts:
        longer = f"{out}-{part}" if out else part
        if len(longer) > LONGEST:
            break
        out = longer
    return (out or parts[0][:LONGEST]).strip("-") if parts else ""


def name(step: Step) -> str:
    """The id of a step, not yet unique; "" if its words give none."""
    parts: list[str] = []
    if step.verb is not None:
        parts.append(slug(step.verb.lemma or step.verb.lower))
    parts.extend(slug(w.lower) for w in _object_words(step))
    if step.member:
        parts.extend(slug(w.lower) for w in step.member[:_MOST_OBJECT_WORDS] if w.tag != "DT")
    if len([p for p in parts if p]) == 0:
        parts = [slug(w.lower) for w in step.words[:_MOST_OBJECT_WORDS]]
    seen: list[str] = []
    for part in parts:
        if part and part not in seen:
            seen.append(part)
    return _shorten(seen)


def _object_words(step: Step) -> list[Word]:
    phrase = object_phrase(step)
    kept = [
        w
        for w in phrase
        if w.lower not in function.COMMON_ADJECTIVES and w.lower not in function.NUMBERS and not w.lower.isdigit()
    ]
    return (kept or phrase)[:_MOST_OBJECT_WORDS]


def unique(names: list[str]) -> list[str]:
    """The names with ``task`` for empty ones and -2, -3 … where one comes again; each stays a DNS label."""
    out: list[str] = []
    taken: set[str] = set()
    last: dict[str, int] = {}
    for wanted in names:
        base = wanted or "task"
        candidate, n = base, last.get(base, 1)
        while candidate in taken:
            n += 1
            tail = f"-{n}"
            candidate = base[: LONGEST - len(tail)].rstrip("-") + tail
        last[base] = n
        taken.add(candidate)
        out.append(candidate)
    return out
