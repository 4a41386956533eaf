"""Parts of speech of the closed classes: determiners, prepositions, conjunctions, and words that look like them."""

from __future__ import annotations

from taskdist.engine.text import inflect
from taskdist.engine.text.surroundings import (
    clause_opens,
    finite_ahead,
    is_base_form,
    looks_like_verb,
    peek,
    phrase_ends,
    word_before,
)
from taskdist.engine.text.word import Word
from taskdist.engine.text.words import function
from taskdist.engine.text.words.classes import CLOSED

_NEVER_OPEN = frozenset({"do", "even", "fine", "live", "own", "right", "second"})


def is_open_use(words: list[Word], i: int) -> bool:
    """A closed-class word in verb's clothes: "clean the data", "open a ticket", "back up", "slow down"."""
    low = words[i].lower
    if low in {"back", "down", "out", "last", "past", "near", "like", "round"}:
        return low == "back" and clause_opens(words, i) and peek(words, i + 1) in {"up", "fill"}
    doubtful = low in inflect.AMBIGUOUS and low in inflect.KIND_OF and low not in _NEVER_OPEN
    if not doubtful or not (low in function.COMMON_ADJECTIVES or low in {"pass", "up", "close"}):
        return False
    if phrase_ends(words, i + 1):
        return False
    # "With that knowledge open a case": no adjective stands before a determiner.
    bare = peek(words, i + 1) in {"a", "an", "the"} and i > 0 and words[i - 1].tag == "N"
    return bare or looks_like_verb(words, i)


def _is_clausal_as(words: list[Word], i: int) -> bool:
    """ "As the build is broken" opens a clause; "mark it as done" does not."""
    if i == 0 or words[i - 1].tag == "P" or words[i - 1].kind == "punct":
        return True
    return finite_ahead(words, i + 1) or peek(words, i + 1) in {
        "we",
        "they",
        "i",
        "you",
        "it",
        "he",
        "she",
        "this",
        "that",
    }


def closed_tag(words: list[Word], i: int) -> str:  # noqa: C901, PLR0911, PLR0912 - cases of English, in order
    """The tag of the closed-class word at ``i``, by what stands beside it."""
    low, name = words[i].lower, CLOSED[words[i].lower]
    after = peek(words, i + 1)
    if low == "to":
        return (
            "TO"
            if is_base_form(after)
            or after in {"be", "have", "do"}
            or (after in function.ADVERBS and is_base_form(peek(words, i + 2)))
            else "IN"
        )
    if low in {"that", "this", "these", "those"}:
        if low == "that" and i and words[i - 1].tag in {"N", "VN", "CD"} and not clause_opens(words, i):
            return "WH"
        return (
            "DT"
            if after
            and CLOSED.get(after, "N") in {"N", "JJ", "CD"}
            and not phrase_ends(words, i + 1)
            and not inflect.third_person(after)
            else "PRP"
        )
    if low in {"whatever", "whichever"} and (
        CLOSED.get(after) in {"BE", "MD", "HV", "PRP", "DT", "PS"} or inflect.third_person(after)
    ):
        return "WH"
    if low == "her":
        return "PS" if after and CLOSED.get(after, "N") in {"N", "JJ"} else "PRP"
    if low in {"first", "last", "next", "second", "third", "early", "late", "daily", "weekly", "nightly"}:
        if i and words[i - 1].tag in {"DT", "PS"}:
            return "JJ"
        nxt = CLOSED.get(after, "")
        return "RB" if clause_opens(words, i) or phrase_ends(words, i + 1) or nxt in {"IN", "SC"} else "JJ"
    if low == "than" and clause_opens(words, i) and is_base_form(after):
        return "RB"
    if low == "either" and is_base_form(after) and clause_opens(words, i):
        return "RB"
    if low == "like" and i and (before := word_before(words, i)) is not None and before.tag == "MD":
        return "V"
    if (
        low == "should"
        and clause_opens(words, i)
        and (CLOSED.get(after) in {"PRP", "DT", "PS"} or i == 0)
        and after not in {"i", "we"}
    ):
        return "SC"
    if low == "as" and not _is_clausal_as(words, i):
        return "IN"
    if low in {"once", "as", "since", "before", "after", "until", "till"}:
        return name
    if low in {"do", "does", "did", "have", "has", "had"}:
        return name
    if low in {"all", "both", "each", "either", "neither", "some", "any", "most", "several", "many", "few", "half"}:
        return "DT"
    if low in {"will", "may", "can"} and i and words[i - 1].tag in {"DT", "PS"}:
        return "N"
    if (
        low == "will"
        and i
        and words[i - 1].lower.endswith("'s")
        and CLOSED.get(after) in {"BE", "HV", "MD", "IN"}
        and after != "be"
    ):
        return "N"  # "grandmother's will was read"
    if (
        name == "JJ"
        and i
        and words[i - 1].tag in {"DT", "PS", "N"}
        and (phrase_ends(words, i + 1) or CLOSED.get(after) in {"IN", "TO", "RB", "BE", "MD", "HV", "SC"})
    ):
        return "N"
    if low == "so":
        return "CC" if clause_opens(words, i) else "RB"
    return name
