"""Slips of the pen in verbs: "anaylze", "intergate"."""

from __future__ import annotations

from functools import lru_cache

from taskdist.engine.text import inflect

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST, _LONGEST = 6, 24


@lru_cache(maxsize=2048)
def meant(word: str) -> str:
    """The verb that ``word`` is one slip away from: two letters swapped, one left out, added or wrong; "" if none.

    Forms of known words are no slips ("prices" is not "price" misspelt).
    """
    if (
        not _SHORTEST <= len(word) <= _LONGEST
        or not word.isascii()
        or not word.isalpha()
        or inflect.lemma(word)
        or word.endswith(("s", "ed", "ing", "er", "tion"))
    ):
        return ""
    cuts = [(word[:k], word[k:]) for k in range(1, len(word) + 1)]
    for a, b in cuts:
        if len(b) > 1 and (swapped := a + b[1] + b[0] + b[2:]) in inflect.KIND_OF:
            return swapped
    for a, b in cuts:
        if b and a + b[1:] in inflect.KIND_OF:
            return a + b[1:]
        for letter in _LETTERS:
            if a + letter + b in inflect.KIND_OF:
                return a + letter + b
    return ""
