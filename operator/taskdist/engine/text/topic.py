"""What a single description is about: its verb, what the verb works on, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from taskdist.engine.text import inflect, phrases, tags
from taskdist.engine.text.tokens import tokenize
from taskdist.engine.text.word import Word

_AUXILIARY = frozenset(
    {"have", "get", "need", "want", "let", "make", "be", "do", "help", "go", "expect", "like", "wish"}
)
_PREPARATORY = frozenset({"read", "take", "use", "open", "go", "try", "continue", "begin", "start", "log"})
_ASKING = frozenset({"whether", "if", "who", "which", "that"})
_LONGEST = 400


class Place(IntEnum):
    """Where a word stands: the main verb, the head of what it works on, beside that head, anywhere else."""

    VERB = 0
    HEAD = 1
    BESIDE = 2
    ELSEWHERE = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """Base forms of all words in order, each with its place and whether it is used as a verb.

    ``objects`` are the indexes of the words of what the verb works on, heads first; ``head_bits`` has a bit for each head.
    """

    words: tuple[str, ...]
    places: tuple[Place, ...]
    is_verb: tuple[bool, ...]
    objects: tuple[int, ...] = ()
    head_bits: int = 0


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
    bases = tuple(w.lemma if v and w.lemma else inflect.base_form(w.lower) for w, v in zip(words, verbal, strict=True))
    return Topic(bases, places, verbal, (*sorted(heads), *sorted(beside)), sum(1 << k for k in heads))


def _apart(word: Word) -> list[Word]:
    """A set phrase ("load test") as its words again, so that keywords match them."""
    if word.kind != "phrase":
        return [word]
    parts = word.lower.split()
    first = word.tag if word.tag == "V" else "N"
    return [
        Word(p, p, word.start, word.end, "word", first if k == 0 else "N" if word.tag == "V" else word.tag, p)
        for k, p in enumerate(parts)
    ]


def _main_verb(words: list[Word]) -> int:
    auxiliary = -1
    for k, word in enumerate(words):
        if word.tag not in {"V", "VZ", "VN", "VG", "VD"} or not word.lemma:
            continue
        if (word.lemma in _AUXILIARY and k + 1 < len(words)) or _is_preparatory(words, k):
            auxiliary = k if auxiliary < 0 else auxiliary
        elif not (_is_adjectival(words, k) or _is_name(words, k) or _is_aside(words, k)):
            lets_know = word.lemma == "know" and auxiliary >= 0 and words[auxiliary].lemma == "let"
            return auxiliary if lets_know else k
    return auxiliary


def _is_preparatory(words: list[Word], k: int) -> bool:
    """ "Use it to check the balances", "read it and list what is open": the second verb is the work."""
    if words[k].lemma not in _PREPARATORY:
        return False
    later = (j for j in range(k + 2, len(words)) if words[j].tag == "V")
    j = next(later, 0)
    return j > 0 and words[j - 1].tag in {"TO", "CC"} and words[j].lemma not in _AUXILIARY


def _is_aside(words: list[Word], k: int) -> bool:
    """A verb that only tells which or why: "a file that *fails* is moved", "the cost of *moving*", "a test to *show* it"."""
    before = words[k - 1].tag if k else ""
    if (words[k].tag == "VG" and before == "IN") or (before == "WH" and k > 1):
        return True
    if before == "TO" and words[0].tag in {"DT", "JJ", "CD", "N"} and not any(w.lemma for w in words[:k]):
        return True
    return words[k].tag == "VG" and k > 0 and any(w.tag in {"V", "VN", "VZ"} and w.lemma for w in words[k + 1 :])


def _is_name(words: list[Word], k: int) -> bool:
    """ "A test booking on every lane": an ing-form that ends a noun phrase is no verb."""
    if words[k].tag != "VG" or (k + 1 < len(words) and words[k + 1].tag not in {"IN", "P", "CC"}):
        return False
    j = k - 1
    while j >= 0 and words[j].tag in {"N", "JJ", "CD"}:
        j -= 1
    return j >= 0 and words[j].tag in {"DT", "PS"}


def _is_adjectival(words: list[Word], k: int) -> bool:
    """Whether a participle between determiner and noun only describes: "the approved plan", "a test booking"."""
    if words[k].tag not in {"VN", "VG"} or k == 0:
        return False
    follows_noun_word = words[k - 1].tag in {"DT", "PS", "IN", "CD", "JJ", "N"}
    return follows_noun_word and k + 1 < len(words) and words[k + 1].tag == "N"


def _object(words: list[Word], verb: int) -> tuple[frozenset[int], frozenset[int]]:
    """Places of the heads of what the verb works on (after it, or before a passive), and of the words beside them."""
    after = _phrases(words, verb + 1, len(words))
    if 0 <= verb < len(words) - 1 and words[verb + 1].tag == "PRP":
        # "Split it by region (report)": what "it" stands for is named behind; what else follows is no object.
        after = after[-1:] if words[-1].lower == ")" else []
        if not after:
            return frozenset(), frozenset()
    before = _phrases(words, 0, max(verb, 0))
    passive = verb >= 0 and words[verb].tag == "VN"
    first = (before[-1:] or after[:1]) if passive else (after[:1] or before[-1:])
    if not first:
        return frozenset(), frozenset()
    heads, beside = {first[0][-1]}, set(first[0])
    if after and first[0] is after[0] and len(after) > 1:
        joint = words[after[0][-1] + 1].lower
        beside |= set(after[1]) if joint in {"of", "and", "or", ","} else set()
        heads |= {after[1][-1]} if joint in {"and", "or", ","} else set()
        if (
            words[verb + 1].lower in _ASKING
        ):  # "check whether a build ships a token": what is asked about stands in the clause
            heads |= {after[1][-1]}
            beside |= set(after[1])
    return frozenset(heads), frozenset(beside - heads)


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
