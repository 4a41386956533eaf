"""Verb or noun: the forms of verbs, told from nouns of the same spelling by what stands beside them."""

from __future__ import annotations

from taskdist.engine.text import inflect
from taskdist.engine.text.surroundings import (
    clause_opens,
    finite_ahead,
    looks_like_verb,
    peek,
    phrase_ends,
    verb_since_boundary,
    word_before,
)
from taskdist.engine.text.word import Word
from taskdist.engine.text.words import nouns
from taskdist.engine.text.words.classes import CLOSED, OPENERS
from taskdist.engine.text.words.order import OUTCOMES

_SELDOM_PLURAL = frozenset(
    {"go", "get", "take", "make", "keep", "give", "meet", "have", "sit", "need", "know", "let", "say"}
)
_BEHIND_OBJECT = frozenset(
    ["and", "as", "at", "else", "for", "from", "in", "on", "or", "otherwise", "then", "to", "with"]
)


def by_base_form(words: list[Word], i: int, low: str) -> tuple[str, str] | None:
    """Tag and base of a word that looks like a base form ("test"); none if it does not."""
    if not inflect.is_verb(low):
        return None
    if inflect.participle(low) == low and i and (words[i - 1].tag in {"BE", "HV"}):
        return "VN", low
    previous = word_before(words, i)
    if _is_subject(words, i):
        return "N", ""
    if _behind_condition(words, i):
        return "V", low
    if _after_adjectival_participle(words, i):
        return "N", ""
    if _ends_phrase(words, i):
        return "N", ""
    if low in inflect.AMBIGUOUS:
        if looks_like_verb(words, i) or _causative(words, i) or _plural_subject(words, i):
            return "V", low
        return "N", ""
    if (
        previous is not None
        and previous.tag in {"DT", "PS"}
        and previous.lower not in {"all", "each", "both", "either", "neither", "that", "this", "some"}
    ):
        return "N", ""
    if previous is not None and previous.tag in {"IN", "JJ", "CD"} and not clause_opens(words, i):
        return "N", ""
    if low in {"well", "like"}:
        return None
    return "V", low


def _ends_phrase(words: list[Word], i: int) -> bool:
    """ "Of the privacy notice": the last of the nouns behind a preposition and a determiner."""
    j = i - 1
    while j >= 0 and words[j].tag in {"N", "JJ", "CD"}:
        j -= 1
    inside = 0 < j < i - 1 and words[j].tag in {"DT", "PS"} and words[j - 1].tag == "IN"
    return inside and phrase_ends(words, i + 1)


def _is_subject(words: list[Word], i: int) -> bool:
    """ "Budget is no issue", "cost must not rise": what opens a clause right before a finite verb is its subject."""
    after = peek(words, i + 1)
    if "'" in after or after in {"being", "having"}:
        return False
    return clause_opens(words, i) and CLOSED.get(after) in {"BE", "MD", "HV"}


def _behind_condition(words: list[Word], i: int) -> bool:
    """ "If the scan is clean deploy it", "once the tests pass merge the branch": an outcome, then a verb with its object."""
    if i < 3 or words[i - 1].lower not in OUTCOMES or i + 1 >= len(words):
        return False
    after = words[i + 1].lower
    if after in {"it", "them"}:
        behind = words[i + 2] if i + 2 < len(words) else None
        if behind is not None and behind.kind != "punct" and behind.lower not in _BEHIND_OBJECT:
            return False
    elif after not in {"the", "a", "an", "our", "all", "every", "this", "these"}:
        return False
    for word in reversed(words[: i - 1]):
        if word.tag in {"P", "A", "CC"}:
            return False
        if word.tag == "SC":
            return word.role not in {"reason", "with"}
    return False


def _after_adjectival_participle(words: list[Word], i: int) -> bool:
    """ "One combined comment", "the locked record": what follows is the noun."""
    return i > 1 and words[i - 1].tag == "VN" and words[i - 2].tag in {"DT", "PS", "CD", "JJ", "IN"}


def _causative(words: list[Word], i: int) -> bool:
    """ "Have security review the policies", "let QA test it": a base form after have, let, make or help and its object."""
    j = i - 1
    while j >= 0 and words[j].tag in {"N", "DT", "PS", "JJ", "PRP", "CC"} and i - j < 6:
        j -= 1
    if j < 0 or j == i - 1 or words[i - 1].tag == "CC":
        return False
    if words[j].lower in {"have", "let", "make", "help", "has"}:
        return (
            words[j].lower in {"have", "let", "has"} and not phrase_ends(words, i + 1) and _starts_object(words, i + 1)
        )
    return False


def _starts_object(words: list[Word], i: int) -> bool:
    low = peek(words, i)
    return bool(low) and (CLOSED.get(low, "N") in {"DT", "PS", "PRP", "CD", "WH", "JJ", "IN", "TO", "N"})


def _plural_subject(words: list[Word], i: int) -> bool:
    """ "The movers need a copy": an ambiguous form after a plural noun, before an object, with no verb yet in the clause."""
    if i == 0 or words[i - 1].tag not in {"N", "RB"}:
        return False
    subject = word_before(words, i)
    if subject is None or subject.tag != "N":
        return False
    low = subject.lower
    if not (low.endswith("s") or low in {"people", "folks", "ops", "staff", "devs"}) and low not in nouns.ACTORS:
        return False
    after = peek(words, i + 1)
    if not after or (CLOSED.get(after) not in {"DT", "PS", "PRP", "CD", "TO", "IN"}):
        return False
    if CLOSED.get(after) in {"IN", "TO"} and words[i].lower not in {
        "need",
        "go",
        "look",
        "work",
        "report",
        "meet",
        "start",
        "stay",
    }:
        return False
    return not verb_since_boundary(words, i)


def by_s_form(words: list[Word], i: int, low: str) -> tuple[str, str] | None:  # noqa: C901 - cases of English, in order
    """Tag and base of a word that looks like a third person ("tests"); none if it does not."""
    base = inflect.third_person(low)
    if not base:
        return None
    previous = word_before(words, i)
    if (
        base in {"need", "want"}
        and i
        and words[i - 1].tag == "N"
        and i + 1 < len(words)
        and (inflect.gerund(words[i + 1].lower) or words[i + 1].lower in {"to", "a", "an"})
    ):
        return "VZ", base
    if previous is None or (clause_opens(words, i) and previous.tag in {"P", "A", "SC"}):
        return _s_after_boundary(words, i, base)
    if previous.tag == "CC":
        return _s_after_boundary(words, i, base)
    if previous.tag in {"DT", "PS", "JJ", "CD", "IN", "TO", "V", "MD", "VG"} and previous.lower not in {
        "that",
        "each",
        "this",
        "which",
        "one",
        "both",
    }:
        return "N", ""
    if previous.tag == "WH" or previous.lower in {
        "it",
        "he",
        "she",
        "somebody",
        "someone",
        "everybody",
        "everyone",
        "nobody",
        "who",
        "which",
        "that",
        "one",
        "this",
        "each",
    }:
        return "VZ", base
    of_them = previous.tag == "PRP" and i > 1 and words[i - 2].lower == "of"
    if (
        (previous.tag in {"N", "CD"} or of_them)
        and not verb_since_boundary(words, i)
        and not previous.lower.endswith(("'s", "s'"))
    ):
        if phrase_ends(words, i + 1):
            unlikely = base in inflect.AMBIGUOUS
            return ("N", "") if unlikely else ("VZ", base)
        after = peek(words, i + 1)
        if CLOSED.get(after) in {"DT", "PS", "PRP", "CD", "TO", "SC"} or after in {"not", "all"}:
            return "VZ", base
        if base not in inflect.AMBIGUOUS or base in _SELDOM_PLURAL:
            return "VZ", base
        if CLOSED.get(after) in {"IN", "RB", "WH", "JJ"}:
            actor = previous.lower in nouns.ACTORS or _definite_subject(words, i)
            return ("VZ", base) if actor and after != "of" and not finite_ahead(words, i + 1) else ("N", "")
        if (previous.lower in nouns.ACTORS or _person(words, i)) and not finite_ahead(words, i + 1):
            return "VZ", base
    return "N", ""


def _person(words: list[Word], i: int) -> bool:
    """ "…, Lea extracts quotes": a capitalised unknown word alone before ``i`` is somebody."""
    name = words[i - 1]
    alone = i == 1 or words[i - 2].tag in OPENERS or words[i - 2].role != ""
    return (
        alone
        and name.text[:1].isupper()
        and name.text[1:].islower()
        and len(name.text) < 10
        and not inflect.lemma(name.lower)
        and not name.lower.endswith("s")
    )


def _definite_subject(words: list[Word], i: int) -> bool:
    """ "The annual report draws on …": a determiner opens the clause and only nouns stand between it and ``i``."""
    j = i - 1
    while j >= 0 and words[j].tag in {"N", "JJ", "CD", "VN", "VG"}:
        j -= 1
    return (
        j >= 0 and words[j].tag in {"DT", "PS"} and (j == 0 or words[j - 1].tag in OPENERS or words[j - 1].role != "")
    )


def _s_after_boundary(words: list[Word], i: int, base: str) -> tuple[str, str]:
    """ "… logs in, adds an item and checks out": a third person that goes on with the one before."""
    running = False
    for j in range(i - 1, -1, -1):
        if words[j].tag in {"V", "VZ", "MD", "VD"} or words[j].lower in {"is", "has"}:
            running = words[j].tag == "VZ" or words[j].lower in {"is", "has"}
            break
    if running and (not phrase_ends(words, i + 1) or base not in inflect.AMBIGUOUS):
        after = peek(words, i + 1)
        if (
            base not in inflect.AMBIGUOUS
            or CLOSED.get(after) in {"DT", "PS", "PRP", "CD", "IN", "TO", "RB", "JJ"}
            or words[i + 1].kind in {"code", "url", "quote"}
        ):
            return "VZ", base
    return "N", ""


def by_ing_form(words: list[Word], i: int, low: str) -> tuple[str, str] | None:
    """Tag and base of a word that looks like an ing-form; none if it does not."""
    base = inflect.gerund(low)
    if not base:
        return None
    if low in nouns.ACTORS:
        return "N", ""
    previous = word_before(words, i)
    if previous is not None and previous.tag in {"DT", "PS", "JJ"} and previous.lower not in {"all", "both", "any"}:
        return "N", ""
    return "VG", base


def by_ed_form(words: list[Word], i: int, low: str) -> tuple[str, str] | None:
    """Tag and base of a word that looks like a past or a participle; none if it does not."""
    as_participle, as_past = inflect.participle(low), inflect.past(low)
    if not (as_participle or as_past):
        return None
    previous = word_before(words, i)
    if previous is None:
        return ("VN", as_participle) if as_participle else ("VD", as_past)
    if previous.tag in {"BE", "HV"} or previous.lower in {"get", "gets", "got", "getting", "being"}:
        return ("VN", as_participle or as_past)
    if previous.tag in {"DT", "PS", "JJ", "IN", "CD"} and as_participle:
        return "VN", as_participle
    if (
        previous.tag == "PRP"
        and previous.lower
        in {
            "i",
            "we",
            "you",
            "he",
            "she",
            "they",
            "who",
            "it",
            "somebody",
            "someone",
            "nobody",
            "everybody",
            "that",
            "this",
        }
        and as_past
    ):
        if _needs_participle(words, i):
            return "VN", as_participle or as_past
        return "VD", as_past
    if previous.tag == "WH" and as_past:
        return "VD", as_past
    if previous.tag == "N" and as_past and not _needs_participle(words, i) and not verb_since_boundary(words, i):
        after = peek(words, i + 1)
        if CLOSED.get(after) in {"DT", "PS", "PRP", "CD"} or (
            words[i - 1].tag == "RB"
            and words[i - 1].lower in {"already", "just", "recently", "once", "never", "finally", "accidentally"}
        ):
            return "VD", as_past
        if not as_participle:
            return "VD", as_past
    return ("VN", as_participle) if as_participle else ("VD", as_past)


def _needs_participle(words: list[Word], i: int) -> bool:
    """ "We need the report published": somewhere before in the clause stands a verb of wishing or having."""
    for j in range(i - 1, -1, -1):
        if words[j].tag in {"A", "SC", "WH"} or words[j].lower in {";", "."}:
            return False
        if words[j].lower in {
            "need",
            "needs",
            "want",
            "wants",
            "like",
            "get",
            "have",
            "has",
            "expect",
            "see",
            "prefer",
            "love",
            "appreciate",
            "require",
        }:
            return True
        if words[j].tag in {"MD", "VZ", "VD", "V"} and words[j].lower not in {"would", "'d"}:
            return False
    return False
