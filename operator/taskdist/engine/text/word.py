"""A word of a sentence with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Word:
    """A token with its part of speech and, for a verb, its base form."""

    text: str
    lower: str
    start: int
    end: int
    kind: str
    tag: str = "N"
    lemma: str = ""
    role: str = ""
    frame: str = ""
