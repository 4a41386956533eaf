"""What stands around a word: whether a clause opens or ends there, whether a finite verb follows."""

from __future__ import annotations

from taskdist.engine.text import inflect
from taskdist.engine.text.word import Word
from taskdist.engine.text.words import function, nouns
from taskdist.engine.text.words.classes import CLOSED, OPENERS, ORDER_ADVERBS


def peek(words: list[Word], i: int) -> str:
    """The word at ``i`` in lower case, "" for punctuation and outside of the sentence."""
    return words[i].lower if 0 <= i < len(words) and words[i].kind not in {"punct", "arrow"} else ""


def phrase_ends(words: list[Word], i: int) -> bool:
    """True if nothing of this phrase stands at ``i``: the end, punctuation or a conjunction."""
    return i >= len(words) or words[i].kind in {"punct", "arrow"} or words[i].lower in {"and", "or", "but", "then", "&"}


def is_base_form(low: str) -> bool:
    """True if ``low`` is the base form of a known verb."""
    return bool(low) and inflect.is_verb(low)


def clause_opens(words: list[Word], i: int) -> bool:
    """True if a clause could begin at ``i``: only adverbs of order since a conjunction, punctuation or the start."""
    j = i - 1
    while (
        j >= 0
        and words[j].tag == "RB"
        and (words[j].role or words[j].lower in ORDER_ADVERBS or words[j].lower.endswith("ly"))
    ):
        j -= 1
    return j < 0 or words[j].tag in OPENERS


def word_before(words: list[Word], i: int) -> Word | None:
    """The word before ``i``, adverbs and negations skipped."""
    j = i - 1
    while j >= 0 and words[j].tag in {"RB", "NOT"} and words[j].kind == "word":
        j -= 1
    return words[j] if j >= 0 else None


def looks_like_verb(words: list[Word], i: int) -> bool:
    """Whether an ambiguous base form at ``i`` is used as a verb, by its neighbours."""
    previous = word_before(words, i)
    if previous is not None:
        if previous.tag in {"TO", "MD", "DO"}:
            return True
        if previous.tag == "PRP" and previous.lower in {"i", "we", "you", "they"}:
            return True
        if previous.tag == "WH" and previous.lower in {"who", "that"} and not phrase_ends(words, i + 1):
            return True
        if (
            previous.tag == "PRP"
            and i > 1
            and words[i - 2].lower in {"let", "lets", "help", "helps", "make", "makes", "letting", "helping"}
        ):
            return True
        if (
            previous.tag in {"VN", "JJ"}
            and peek(words, i + 1) in function.DETERMINERS | function.POSSESSIVES
            and _in_subordinate(words, i)
        ):
            return True
        if previous.tag in {"DT", "PS", "JJ", "CD", "IN", "BE", "WH"} and not clause_opens(words, i):
            return False
    if clause_opens(words, i):
        return _imperative_like(words, i)
    return False


def _in_subordinate(words: list[Word], i: int) -> bool:
    """True if the clause at ``i`` was opened by "after", "if" and the like and has its verb already."""
    seen = False
    for j in range(i - 1, -1, -1):
        if words[j].tag in {"P", "A", "CC"}:
            return False
        seen = seen or words[j].tag in {"BE", "HV", "VZ"}
        if words[j].tag == "SC":
            return seen
    return False


def _imperative_like(words: list[Word], i: int) -> bool:
    """At the start of a clause: is this ambiguous form a command rather than a noun?"""
    if phrase_ends(words, i + 1):
        if words[i].lower in nouns.ACTORS and i:
            return False
        return not (
            i
            and words[i - 1].lower in {"and", "or"}
            and any(w.lower in {"between", "both"} for w in words[max(0, i - 5) : i])
        )
    after = words[i + 1]
    low = after.lower
    if (
        after.kind in {"code", "url", "quote", "email"}
        or low in function.POSSESSIVES
        or low in function.DETERMINERS
        or low in function.OBJECT_PRONOUNS
    ):
        return not (low in {"that", "which", "this"} and finite_ahead(words, i + 1))
    if low in {
        "of",
        "is",
        "are",
        "was",
        "were",
        "has",
        "had",
        "have",
        "should",
        "must",
        "will",
        "can",
        "could",
        "may",
        "shall",
        "would",
        "needs",
        "need",
        "goes",
    }:
        return False
    if low in CLOSED and CLOSED[low] in {"SC", "CC", "MD", "BE", "HV"}:
        return low in {"if", "whether", "until", "as", "before", "after", "once", "when"}
    if low in CLOSED:
        return True
    return not finite_ahead(words, i + 1)


def finite_ahead(words: list[Word], i: int) -> bool:
    """True if the phrase at ``i`` runs into a finite verb before any punctuation: then what precedes was its subject."""
    for j in range(i, min(i + 10, len(words))):
        low = words[j].lower
        if words[j].kind in {"punct", "arrow"} or low in {
            "and",
            "or",
            "that",
            "which",
            "who",
            "if",
            "when",
            "so",
            "because",
            "until",
            "once",
            "where",
            "whether",
            "how",
            "what",
            "to",
            "as",
            "before",
            "after",
            "since",
            "while",
        }:
            return False
        if (
            low in function.MODALS
            or low in function.BE
            or low in {"has", "have", "had", "needs", "need"}
            or low in function.DO
        ):
            return True
    return False


def verb_since_boundary(words: list[Word], i: int) -> bool:
    """True if the clause at ``i`` has a verb already."""
    for j in range(i - 1, -1, -1):
        if words[j].tag in {"P", "A", "SC", "CC", "WH"}:
            return False
        if words[j].tag in {"V", "VZ", "VD", "MD", "BE", "HV", "DO"}:
            return True
    return False
