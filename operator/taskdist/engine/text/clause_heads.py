"""What a fragment heads: a command, a statement, a phrase; and which word is its verb."""

from __future__ import annotations

from taskdist.engine.text.clause import Clause
from taskdist.engine.text.fragments import Fragment
from taskdist.engine.text.word import Word
from taskdist.engine.text.words import nouns


def headed(fragment: Fragment, number: int) -> Clause:
    """Read what kind of clause a fragment heads, and which word is its verb."""
    clause = Clause(
        fragment.words,
        fragment.delim,
        label=fragment.label,
        asides=list(fragment.asides),
        sentence=number,
        frame=fragment.frame,
    )
    words = fragment.words
    asked = next((k for k, w in enumerate(words) if k and w.tag == "WH"), len(words))
    clause.cues = [
        (w.role, w.lower)
        for k, w in enumerate(words)
        if w.tag == "RB" and w.role and w.role != "plain" and not (k > asked and w.role in {"first", "finally"})
    ]
    i = _skip_adverbs(words, 0)
    if i >= len(words):
        clause.mood = "adv"
        return clause
    if words[i].tag == "SC":
        clause.sub, clause.sub_words = words[i].role or "if", words[i].lower
        i = _skip_adverbs(words, i + 1)
    if i >= len(words):
        clause.mood = "adv"
        return clause
    if words[i].tag == "WH" and words[i].lower in {"which", "who", "whose", "whom"} and fragment.delim != "" and i == 0:
        clause.mood = "rel"
        return clause
    _head(clause, words, i)
    return clause


def _skip_adverbs(words: list[Word], i: int) -> int:
    while i < len(words) and words[i].tag == "RB" and words[i].kind != "abbr":
        i += 1
    return i


def _head(clause: Clause, words: list[Word], i: int) -> None:  # noqa: C901, PLR0912 - cases of English, in order
    head = words[i]
    if head.tag == "V":
        clause.mood, clause.verb = "imp", i
    elif head.tag in {"DO", "NOT", "MD"} and _is_prohibition(words, i):
        clause.mood, clause.verb = "neg", _next_verb(words, i)
    elif head.tag == "DO" and i + 1 < len(words) and words[i + 1].tag in {"DT", "PS", "PRP", "N", "CD", "JJ"}:
        clause.mood, clause.verb = "imp", i
    elif head.tag == "MD" and head.lower == "let's":
        clause.mood, clause.verb = "imp", _next_verb(words, i)
    elif (
        head.tag in {"MD", "BE", "HV"}
        and "'" in head.lower
        and not head.lower.endswith("n't")
        and head.lower not in {"let's", "who's", "what's"}
    ):
        clause.subject = [head]
        _verb_group(clause, words, i)
    elif (
        head.tag == "MD"
        and i + 1 < len(words)
        and words[i + 1].tag in {"PRP", "N", "DT"}
        and head.lower in {"can", "could", "would", "will"}
    ):
        clause.mood, clause.verb = "imp", _next_verb(words, i)
    elif head.tag in {"MD", "VZ"}:
        clause.mood, clause.verb = "cont", _next_verb(words, i) if head.tag == "MD" else i
    elif (
        head.tag == "HV" and head.lower == "have" and i + 1 < len(words) and words[i + 1].tag not in {"VN", "RB", "TO"}
    ):
        clause.mood, clause.verb = "imp", i
    elif head.tag in {"HV", "BE"}:
        clause.mood, clause.verb = ("imp", i) if head.lower == "be" else ("cont", i)
    elif head.tag == "TO":
        clause.mood, clause.verb = "inf", _next_verb(words, i)
    elif head.tag == "VG" and not _runs_finite(words, i):
        clause.mood, clause.verb = "ger", i
    elif (head.tag == "VN" and not _runs_finite(words, i)) or head.tag == "VD":
        clause.mood, clause.verb = ("part", i)
    elif (late := _late_command(words, i)) and not _runs_finite(words, late):
        clause.mood, clause.verb, clause.front = "imp", late, words[i:late]
    elif not read_statement(clause, words, i):
        if head.tag == "IN" and read_statement(clause, words, i, contact=False):
            pass
        else:
            clause.mood = "pp" if head.tag == "IN" and clause.sub == "" else "np"


def _is_prohibition(words: list[Word], i: int) -> bool:
    low = words[i].lower
    if low in {"don't", "never", "not"}:
        return _next_verb(words, i) >= 0
    return low == "do" and i + 1 < len(words) and words[i + 1].lower in {"not", "n't"}


def _next_verb(words: list[Word], i: int) -> int:
    for j in range(i + 1, min(i + 6, len(words))):
        if words[j].tag in {"V", "VN", "VG"}:
            return j
        if words[j].tag in {"BE", "HV", "DO"} and not any(w.tag in {"V", "VN", "VG"} for w in words[j + 1 : j + 3]):
            return j
    return -1


def _runs_finite(words: list[Word], i: int) -> bool:
    """ "Testing the build takes long": the ing-form is the subject of what follows."""
    for j in range(i + 1, len(words)):
        if words[j].tag in {"MD", "BE", "VZ", "HV"} and words[j - 1].tag not in {"WH", "CC"}:
            return not _in_relative(words, i, j)
        if words[j].tag == "SC":
            return False
    return False


def _in_relative(words: list[Word], start: int, j: int, *, contact: bool = True) -> bool:
    """True if a relative word, or a pronoun after a noun ("the model we use"), stands from ``start`` to the verb at ``j``."""
    seen = 0
    for k in range(start, j):
        if words[k].tag == "WH" or (
            contact
            and words[k].tag == "PRP"
            and words[k].lower in {"we", "i", "you", "they", "he", "she", "it"}
            and k > start
            and words[k - 1].tag in {"N", "CD", "RP"}
        ):
            seen += 1
    if not seen:
        return False
    verbs_between = sum(
        1
        for k in range(start, j)
        if (words[k].tag in {"VZ", "VD", "MD", "BE", "HV"} and words[k - 1].tag not in {"MD", "BE", "HV"})
        or (words[k].tag == "V" and words[k - 1].tag not in {"MD", "TO", "DO"} and k > start)
    )
    return verbs_between < seen


def read_statement(clause: Clause, words: list[Word], i: int, *, contact: bool = True) -> bool:
    """Find subject and finite verb group from ``i`` on; false if there is none outside relative clauses.

    ``contact`` counts a pronoun right after a noun as a relative clause ("the model we use").
    """
    for j in range(i + 1, len(words)):
        word = words[j]
        if word.tag == "TO" and j + 1 < len(words) and words[j + 1].tag in {"V", "BE"} and words[j - 1].tag != "HV":
            return False
        starts_group = word.tag in {"MD", "BE", "HV", "DO", "VZ", "VD"} or (
            word.tag == "V"
            and (
                (words[j - 1].tag in {"N", "PRP", "RB", "WH", "CD", "DT"} and _may_be_plural(words, i, j))
                or (words[j - 1].tag in {"V", "VZ", "VD", "VN"} and any(w.tag == "WH" for w in words[i + 1 : j]))
            )
        )
        if not starts_group or _in_relative(words, i, j, contact=contact):
            continue
        clause.subject = words[i:j]
        _verb_group(clause, words, j)
        return True
    return False


def _verb_group(clause: Clause, words: list[Word], j: int) -> None:
    """Read auxiliaries and main verb of a statement whose verb group begins at ``j``."""
    clause.mood = "fin"
    k = j
    while k < len(words) and (
        words[k].tag in {"MD", "BE", "HV", "DO", "NOT", "RB", "TO"} or _semi_modal(words, k) or _floats(words, k, j)
    ):
        clause.aux.append(words[k])
        k += 1
    if k < len(words) and words[k].tag in {"V", "VZ", "VD", "VN", "VG"}:
        clause.verb = k
    else:
        clause.verb = max((m for m in range(j, k) if words[m].lemma), default=j)


_SEMI_MODAL_WORDS = """
need needs going supposed ought expected meant due want wants like plan plans able yet remains remain waiting left
scheduled required planned intended obliged about bound likely set ready deserve deserves
"""
_SEMI_MODALS = frozenset(_SEMI_MODAL_WORDS.split())


def _semi_modal(words: list[Word], k: int) -> bool:
    return words[k].lower in _SEMI_MODALS and k + 1 < len(words) and words[k + 1].tag == "TO"


def _floats(words: list[Word], k: int, start: int) -> bool:
    """ "They will all have to be told": all, both and each among the auxiliaries."""
    return (
        k > start
        and words[k].lower in {"all", "both", "each"}
        and k + 1 < len(words)
        and words[k + 1].tag in {"BE", "HV", "V", "VN", "TO"}
    )


def _may_be_plural(words: list[Word], i: int, j: int) -> bool:
    subject = words[j - 1] if words[j - 1].tag != "RB" else words[max(i, j - 2)]
    low = subject.lower
    if subject.tag == "PRP":
        return low in {"i", "we", "you", "they", "somebody", "those", "these", "both", "all", "nobody", "who"}
    if words[j].lower in {"need", "want"}:
        return True
    return (
        low.endswith("s")
        or low in nouns.ACTORS
        or low in {"people", "folks", "data", "all", "both"}
        or any(w.tag == "CC" for w in words[i:j])
    )


def _late_command(words: list[Word], i: int) -> int:
    """ "Per quarter compile the list", "out of the lists compute …": a command after a phrase in front; 0 if there is none."""
    if (
        words[i].tag != "IN"
        and words[i].kind != "phrase"
        and not (words[i].tag == "N" and words[i].lower in nouns.TIMES)
    ):
        return 0
    for j in range(i + 1, len(words)):
        if words[j].tag in {"PRP", "MD", "BE", "VZ", "HV", "DO"} and words[j].lower not in {
            "it",
            "them",
            "that",
            "this",
            "those",
            "these",
        }:
            return 0
        if words[j].tag == "V" and words[j - 1].tag in {"N", "CD", "PRP", "VN", "VG", "RB", "JJ"}:
            return 0 if words[j - 1].lower in nouns.ACTORS else j
        if words[j].tag in {"WH", "TO"}:
            return 0
    return 0
