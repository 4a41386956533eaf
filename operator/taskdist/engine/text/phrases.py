"""Set phrases read as one word: "as soon as", "in parallel with", "after that"."""

from __future__ import annotations

from taskdist.engine.text import inflect
from taskdist.engine.text.word import Word
from taskdist.engine.text.words import function, nouns
from taskdist.engine.text.words.phrases import ADVERBIAL, COMPOUND_VERBS, SUBORDINATE, WISHES

_ROLE_OF_ADVERB: dict[str, str] = {}
_ROLE_OF_SUBORDINATOR: dict[str, str] = {}
_BY_START: dict[tuple[str, str], list[tuple[tuple[str, ...], str, str]]] = {}
for _table, _kind, _single in ((ADVERBIAL, "RB", _ROLE_OF_ADVERB), (SUBORDINATE, "SC", _ROLE_OF_SUBORDINATOR)):
    for _role, _phrases in _table.items():
        for _phrase in _phrases:
            _parts = tuple(_phrase.split())
            if len(_parts) == 1:
                _single.setdefault(_phrase, _role)
            else:
                _BY_START.setdefault((_parts[0], _parts[1]), []).append((_parts, _kind, _role))
for _phrase in WISHES:
    _parts = tuple(_phrase.split())
    _BY_START.setdefault((_parts[0], _parts[1]), []).append((_parts, "V", "wish"))
for _phrase in COMPOUND_VERBS:
    _parts = tuple(_phrase.split())
    _BY_START.setdefault((_parts[0], _parts[1]), []).append((_parts, "V", "verb"))
for _rows in _BY_START.values():
    _rows.sort(key=lambda row: -len(row[0]))

_POINTERS = frozenset({"that", "this", "those", "these", "it", "them", "both"})
_NEEDS_COMMA = frozenset({"with that", "with this", "with those", "with these", "now"})


def merge(words: list[Word]) -> list[Word]:
    """Join set phrases into single words with a role; the rest is returned as it came."""
    out: list[Word] = []
    i = 0
    while i < len(words):
        follows = words[i + 1].lower if i + 1 < len(words) else ""
        found = _match(words, i) if (words[i].lower, follows) in _BY_START else None
        if found is None:
            out.append(words[i])
            i += 1
            continue
        length, tag, role = found
        first, last = words[i], words[i + length - 1]
        text = " ".join(w.text for w in words[i : i + length])
        lemma = {"wish": "want", "verb": last.lower}.get(role, "")
        out.append(
            Word(
                text,
                text.lower(),
                first.start,
                last.end,
                "phrase",
                "IN" if role == "with" else tag,
                lemma,
                role,
                first.frame,
            )
        )
        i += length
    return out


def _match(words: list[Word], i: int) -> tuple[int, str, str] | None:
    for parts, tag, role in _BY_START[words[i].lower, words[i + 1].lower]:
        n = len(parts)
        if (
            i + n <= len(words)
            and all(words[i + k].lower == parts[k] for k in range(2, n))
            and _stands_alone(words, i, n, parts, tag)
        ):
            return n, tag, role
    return None


def _stands_alone(words: list[Word], i: int, n: int, parts: tuple[str, ...], tag: str) -> bool:
    """A phrase that ends in a pointing word is one only if that word is not the start of something longer."""
    after = words[i + n] if i + n < len(words) else None
    ended = after is None or after.kind in {"punct", "arrow"}
    if tag == "V" and " ".join(parts) in COMPOUND_VERBS:
        return _opens(words, i) and (
            ended
            or (
                after is not None
                and after.lower in function.DETERMINERS | function.POSSESSIVES | function.OBJECT_PRONOUNS
            )
        )
    if parts in {("if", "any"), ("at", "once")}:
        return ended
    if " ".join(parts) in _NEEDS_COMMA:
        return ended and after is not None and after.lower == ","
    if tag == "RB" and parts[-1] in _POINTERS:
        if ended or after is None:
            return True
        low = after.lower
        if parts[-1] in {"it", "them"}:
            return low in function.DETERMINERS or low in function.POSSESSIVES
        if (
            low in function.BE
            or low in function.HAVE
            or low in function.MODALS
            or (inflect.third_person(low) and low not in function.POSSESSIVES)
        ):
            return False
        pointed = inflect.is_verb(low) and (
            low not in inflect.AMBIGUOUS
            or (i + n + 1 < len(words) and words[i + n + 1].lower in function.DETERMINERS | function.POSSESSIVES)
        )
        return (
            low in function.DETERMINERS
            or low in function.POSSESSIVES
            or low in function.SUBJECT_PRONOUNS
            or pointed
            or low in {"and", "please"}
        )
    if tag == "RB" and parts[0] == "if" and parts[-1].endswith("n't") and not ended:
        # "If it doesn't start within a minute, call …" has a verb of its own.
        return not any(w.kind == "punct" for w in words[i + n :][:12])
    if tag == "RB" and parts[0] in {"once", "when", "if", "while", "as"} and not ended and after is not None:
        return parts[-1] not in {"fails", "runs", "works", "fail"} or after.lower not in {
            "for",
            "on",
            "at",
            "in",
            "with",
            "to",
        }
    if parts[-1] == "same" or (parts == ("in", "order") and after is not None and after.lower == "to"):
        return False
    if parts[0] == "so" and n == 2 and tag == "SC" and parts[1] not in {"that", "as"}:
        return i > 0
    return True


def _opens(words: list[Word], i: int) -> bool:
    return (
        i == 0
        or words[i - 1].kind in {"punct", "arrow", "label"}
        or words[i - 1].lower in {"and", "then", "finally", "please", "also"}
    )


def assign_roles(words: list[Word]) -> list[Word]:
    """Give single tagged words their role; an adjective or noun of the same spelling keeps none."""
    for i, word in enumerate(words):
        if word.role or word.kind != "word":
            continue
        if word.lower in {"last", "next"} and i + 1 < len(words) and words[i + 1].lower in nouns.TIMES:
            word.tag = "JJ"
        elif word.lower == "than" and word.tag == "RB":
            word.role = "then"
        elif word.tag in {"RB", "JJ"} and word.lower in _ROLE_OF_ADVERB:
            if word.tag == "RB" or (word.lower == "parallel" and _lone(words, i)):
                word.role = _ROLE_OF_ADVERB[word.lower]
        elif word.tag in {"SC", "IN"} and word.lower in _ROLE_OF_SUBORDINATOR:
            word.role = _ROLE_OF_SUBORDINATOR[word.lower]
        elif word.tag == "RB" and word.lower == "once" and not _lone(words, i):
            word.tag, word.role = "SC", "after"
    return words


def _lone(words: list[Word], i: int) -> bool:
    return i + 1 >= len(words) or words[i + 1].tag in {"P", "A"}
