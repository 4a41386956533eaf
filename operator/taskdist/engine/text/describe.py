"""A step in words that stand on their own: cut from the text, without order words, with its pronoun explained."""

from __future__ import annotations

import re

from taskdist.engine.text import annotations as remarks
from taskdist.engine.text.step import Step
from taskdist.engine.text.word import Word

_CONNECTORS = re.compile(r"^[\W_]*(?:(?:and|or|but|&|plus|as well as)[\W_]*)?$", re.IGNORECASE)
_ASIDE = re.compile(r"^\s*[(\[][^()\[\]]*[)\]][\s,]*$")
_TRAILING = re.compile(r"\s*\(([^()\n]{1,120})\)")
_LEADING = frozenset({"please", "and", "so", "also", "kindly", "just", "now"})


def describe(text: str, step: Step, meant: list[Word]) -> str:
    """The words of ``step`` as they stand in ``text``; what was left out between them is left out here too.

    ``meant`` is the noun phrase that its pronoun stands for, if it has one: it is named behind.
    """
    words = _without_cues(step)
    out = ""
    for k, word in enumerate(words):
        if k:
            gap = text[words[k - 1].end : word.start] if word.start >= words[k - 1].end else " "
            out += gap if _CONNECTORS.match(gap) or _ASIDE.match(gap) else " "
        out += text[word.start : word.end]
    tail = _TRAILING.match(text, words[-1].end)
    if tail and words[-1] is step.clause.words[-1] and not _is_remark(tail.group(1)):
        out += tail.group()
    if meant:
        out += f" ({_joined(text, meant)})"
    if step.member and not any(w is m for m in step.member for w in words):
        out += " (" + _joined(text, step.member) + ")"
    return " ".join(out.split())


def _is_remark(aside: str) -> bool:
    """ "(done)", "(needs a)", "(after step 3)": about the order, not about the work."""
    words = aside.strip().lower()
    return (
        remarks.is_free(words)
        or remarks.needs(words) is not None
        or words in {"done", "optional", "later", "urgent", "if possible"}
    )


def _without_cues(step: Step) -> list[Word]:
    words = step.words
    start = 0
    while start < len(words) - 1 and (
        (words[start].role and words[start].tag in {"RB", "SC"}) or words[start].lower in _LEADING
    ):
        start += 1
    end = len(words)
    while (
        end > start + 1
        and words[end - 1].tag == "RB"
        and words[end - 1].role in {"then", "finally", "first", "beforehand", "join"}
    ):
        end -= 1
    return words[start:end]


def _joined(text: str, words: list[Word]) -> str:
    return " ".join(text[words[0].start : words[-1].end].split())


def span(step: Step) -> tuple[int, int]:
    """Where the words of ``step`` begin and end in the text."""
    return min(w.start for w in step.words), max(w.end for w in step.words)
