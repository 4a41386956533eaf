"""A step: a clause taken as work, with what other clauses say of it (conditions, times, references)."""

from __future__ import annotations

from dataclasses import dataclass, field

from taskdist.engine.text.clause import Clause
from taskdist.engine.text.word import Word


@dataclass(slots=True)
class Mention:
    """A subordinate clause that hangs on a step: its role, its clause, whether it came before the step."""

    role: str
    clause: Clause
    fronted: bool


@dataclass(slots=True)
class Step:
    """A clause taken as work.

    ``verb`` is the word that names the work; ``mentions`` are conditions and times said of it; ``context`` holds the
    words of remarks right before it; ``loose`` is the same number for steps without order among them; ``soft`` names a
    doubt that the whole text has to settle (``goal``, ``described``, ``sub``); ``member`` is what tells it from its
    twins ("for each of A and B").
    """

    clause: Clause
    verb: Word | None
    words: list[Word]
    number: int = 0
    sentence: int = 0
    mentions: list[Mention] = field(default_factory=list)
    soft: str = ""
    member: list[Word] = field(default_factory=list)
    condition: Condition | None = None
    link: str = ""
    context: list[Word] = field(default_factory=list)
    lead: str = ""
    loose: int = 0
    is_free: bool = False
    is_spread: bool = False
    is_because: bool = False


@dataclass(slots=True)
class Condition:
    """ "If the tests pass" or its counterpart "otherwise": the words, whether negated, and the clause it was said in."""

    clause: Clause
    otherwise: bool = False
    text: str = ""
    is_test: bool = False
