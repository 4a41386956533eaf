"""What a single description is about: its verb, what the verb works on, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from taskdist.engine.text import inflect, phrases, tags
from taskdist.engine.text.tags import Word
from taskdist.engine.text.tokens import tokenize

_AUXILIARY = frozenset(
    {"have", "get", "need", "want", "let", "make", "be", "do", "help", "go", "expect", "like", "wish"}
)
_LONGEST = 400


class Place(IntEnum):
    """Where a word stands: the main verb, the head of what it works on, beside that head, anywhere else."""

    VERB = 0
    HEAD = 1
    BESIDE = 2
    ELSEWHERE = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """Base forms of all words in order, each with its place and whether it is used as a verb."""

    words: tuple[str, ...]
    places: tuple[Place, ...]
    is_verb: tuple[bool, ...]


@lru_cache(maxsize=4096)
def topic(description: str) -> Topic:
    """Read the first ``_LONGEST`` words of a description."""
    words = [Word(t.text, t.lower, t.start, t.end, t.kind) for t in tokenize(description)[:_LONGEST]]
    words = [part for w in phrases.assign_roles(tags.tag(phrases.merge(words))) for part in _apart(w)]
    verb = _main_verb(words)
    heads, beside = _object(words, verb)
    places = tuple(
        Place.VERB if k == verb else Place.HEAD if k in heads else Place.BESIDE if k in beside else Place.ELSEWHERE
        for k in range(len(words))
    )
    verbal = tuple(k == verb or w.tag in {"V", "VZ", "VD"} for k, w in enumerate(words))
    return Topic(tuple(inflect.base_form(w.lower) for w in words), places, verbal)


def _apart(word: Word) -> list[Word]:
    """A set phrase ("load test") as its words again, so that keywords match them."""
    if word.kind != "phrase":
        return [word]
    parts = word.lower.split()
    first = word.tag if word.tag == "V" else "N"
    return [
        Word(p, p, word.start, word.end, "word", first if k == 0 else "N" if word.tag == "V" else word.tag, word.lemma)
        for k, p in enumerate(parts)
    ]


def _main_verb(words: list[Word]) -> int:
    auxiliary = -1
    for k, word in enumerate(words):
        if word.tag not in {"V", "VZ", "VN", "VG", "VD"} or not word.lemma:
            continue
        if word.lemma in _AUXILIARY and k + 1 < len(words):
            auxiliary = k if auxiliary < 0 else auxiliary
        elif not _is_adjectival(words, k):
            return k
    return auxiliary


def _is_adjectival(words: list[Word], k: int) -> bool:
    """Whether a participle between determiner and noun only describes: "the approved plan", "a test booking"."""
    if words[k].tag not in {"VN", "VG"} or k == 0:
        return False
    follows_noun_word = words[k - 1].tag in {"DT", "PS", "IN", "CD", "JJ", "N"}
    return follows_noun_word and k + 1 < len(words) and words[k + 1].tag == "N"


def _object(words: list[Word], verb: int) -> tuple[frozenset[int], frozenset[int]]:
    """Places of the heads of what the verb works on (after it, or before a passive), and of the words beside them."""
    after = _phrases(words, verb + 1, len(words))
    before = _phrases(words, 0, max(verb, 0))
    passive = verb >= 0 and words[verb].tag == "VN"
    first = (before[-1:] or after[:1]) if passive else (after[:1] or before[-1:])
    if not first:
        return frozenset(), frozenset()
    chosen = [first[0]]
    if after and first[0] is after[0] and len(after) > 1 and words[after[0][-1] + 1].lower in {"of", "and", "or", ","}:
        chosen.append(after[1])
    heads = frozenset(phrase[-1] for phrase in chosen)
    return heads, frozenset(k for phrase in chosen for k in phrase) - heads


def _phrases(words: list[Word], start: int, end: int) -> list[list[int]]:
    out: list[list[int]] = []
    current: list[int] = []
    for k in range(start, end):
        if words[k].tag in {"N", "VG", "CD", "JJ", "VN"}:
            current.append(k)
            continue
        if any(words[i].tag in {"N", "VG"} for i in current):
            out.append(current)
        current = []
    if any(words[i].tag in {"N", "VG"} for i in current):
        out.append(current)
    return out
