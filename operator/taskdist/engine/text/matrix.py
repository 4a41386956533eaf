"""Wishes put indirectly: "it would be great if someone could …", "the plan is to …", "there ought to be a …".

Such a frame is taken off, and what it wraps is read as if it had been said directly: as a command (``do``), an ing-form
(``ing``), a statement of what shall be (``done``) or would be (``past``), something not done so far (``undone``), a thing
(``thing``) or a thing with what shall become of it (``wanted``). The frames stand in ``words/frames.py``; one is compiled
when its first word is met.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from taskdist.engine.text.words.frames import ANY_FRAMES, FRAMES, SOFT, SOFT_STARTS


def frame(words: list[str]) -> tuple[int, str]:
    """How many of ``words`` (lower case, one clause) are a frame and how to read the rest; (0, "") if none."""
    start = _soft(words, 0)
    if start >= len(words):
        return 0, ""
    rest = " ".join(words[start:]) + " "
    for pattern, kind in _candidates(words[start]):
        found = pattern.match(rest)
        if found and found.end() < len(rest):
            return _soft(words, start + len(rest[: found.end()].split())), kind
    return 0, ""


def _soft(words: list[str], i: int) -> int:
    """Skip politeness and hedges: "please", "maybe", "I think"."""
    moved = True
    while moved and i < len(words):
        moved = words[i] in SOFT
        if moved:
            i += 1
            continue
        for start in SOFT_STARTS.get(words[i], ()):
            if tuple(words[i : i + len(start)]) == start and i + len(start) < len(words):
                i, moved = i + len(start), True
                break
    return i


@lru_cache(maxsize=4096)
def _candidates(first: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    rows = [row for heads, row in _ROWS if first in heads] + list(ANY_FRAMES)
    return tuple((_compiled(pattern), kind) for pattern, kind in rows)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"^(?:{pattern})\s*(?<=\s)")


_ROWS: tuple[tuple[frozenset[str], tuple[str, str]], ...] = tuple(
    (frozenset(heads.split()), (pattern, kind)) for heads, pattern, kind in FRAMES
)
