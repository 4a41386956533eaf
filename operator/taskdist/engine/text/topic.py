"""What a single description is about: its verb, what the verb works on, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from taskdist.engine.text import inflect, phrases, tags
from taskdist.engine.text.tags import Word
from taskdist.engine.text.tokens import tokenize

_AUXILIARY = frozenset(
    {"have", "get", "need", "want", "let", "make", "be", "do", "help", "go", "expect", "like", "wish"}
)
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Topic:
    """Stems of all words in order; ``verb`` is the place of the main verb or -1, ``heads`` of the heads of its object, ``modifiers`` beside them."""

    stems: tuple[str, ...]
    verb: int
    heads: frozenset[int]
    modifiers: frozenset[int]


@lru_cache(maxsize=4096)
def topic(description: str) -> Topic:
    """Read the first ``_LONGEST`` words of a description."""
    words = [Word(t.text, t.lower, t.start, t.end, t.kind) for t in tokenize(description)[:_LONGEST]]
    words = [part for w in phrases.assign_roles(tags.tag(phrases.merge(words))) for part in _apart(w)]
    verb = _main_verb(words)
    heads, modifiers = _object(words, verb)
    return Topic(tuple(inflect.stem(w.lower) for w in words), verb, heads, modifiers)


def _apart(word: Word) -> list[Word]:
    """A set phrase ("load test") as its words again, so that keywords match them."""
    if word.kind != "phrase":
        return [word]
    parts = word.lower.split()
    return [
        Word(p, p, word.start, word.end, "word", word.tag if k == len(parts) - 1 else "N", word.lemma)
        for k, p in enumerate(parts)
    ]


def _main_verb(words: list[Word]) -> int:
    first = -1
    for k, word in enumerate(words):
        if word.tag in {"V", "VZ", "VN", "VG", "VD"} and word.lemma:
            if word.lemma in _AUXILIARY:
                first = k if first < 0 else first
                continue
            if (
                word.tag in {"VN", "VG"}
                and k
                and words[k - 1].tag in {"DT", "PS", "IN", "CD", "JJ"}
                and k + 1 < len(words)
                and words[k + 1].tag == "N"
            ):
                continue
            return k
    return first


def _object(words: list[Word], verb: int) -> tuple[frozenset[int], frozenset[int]]:
    """Places of the head and of the modifiers of the first noun phrase after the verb, or, for a passive, before it."""
    after = _phrases(words, verb + 1, len(words))
    before = _phrases(words, 0, max(verb, 0))
    passive = verb >= 0 and words[verb].tag == "VN"
    chosen = (before[-1:] or after[:1]) if passive and before else (after[:1] or before[-1:])
    if not chosen:
        return frozenset(), frozenset()
    phrase = chosen[0]
    second = after[1] if len(after) > 1 and phrase is after[0] and words[phrase[-1] + 1].lower in {"of", "and"} else []
    heads = {phrase[-1], *second[-1:]}
    return frozenset(heads), frozenset(set(phrase) | set(second)) - frozenset(heads)


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
