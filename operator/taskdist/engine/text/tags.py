"""Parts of speech by rule: what each word of a sentence does there.

Tags: ``P`` punctuation, ``A`` arrow, ``CC SC IN TO DT PS PRP MD BE HV DO NOT RB JJ CD WH RP``, ``N`` noun, and of
verbs ``V`` base form, ``VZ`` third person, ``VD`` past, ``VN`` participle, ``VG`` ing-form. Rules look at the word
before and after, as a reader would.
"""

from __future__ import annotations

from taskdist.engine.text import inflect, spelling
from taskdist.engine.text.closed_words import closed_tag, is_open_use
from taskdist.engine.text.surroundings import clause_opens, finite_ahead, word_before
from taskdist.engine.text.verb_forms import by_base_form, by_ed_form, by_ing_form, by_s_form
from taskdist.engine.text.word import Word
from taskdist.engine.text.words import function, nouns
from taskdist.engine.text.words.classes import CLOSED

_ADJECTIVE_ENDINGS = ("able", "ible", "ful", "less", "ous", "ive", "ical", "ent", "ant", "ary", "ic", "al")


def tag(tokens: list[Word]) -> list[Word]:
    """Set ``tag`` and ``lemma`` of the words of one sentence, left to right, and return them."""
    for i in range(len(tokens)):
        _tag_one(tokens, i)
    return tokens


def _tag_one(words: list[Word], i: int) -> None:
    word = words[i]
    low = word.lower
    if word.kind in {"phrase", "label"}:
        return
    if word.frame in {"do", "done"} and inflect.is_verb(low) and low not in function.BE:
        word.tag, word.lemma = "V", low
        return
    if word.kind == "punct":
        word.tag = "CC" if low == "&" else ("CD" if low in "%°€$£" else "P")
        return
    if word.kind == "arrow":
        word.tag = "A"
        return
    if word.kind != "word":
        word.tag = "RB" if word.kind == "abbr" else "N"
        return
    if word.text == "IT" or (word.text.isupper() and len(low) > 1 and low in nouns.ACTORS):
        word.tag = "N"
        return
    if low in {"may", "am", "march"} and i and words[i - 1].tag == "CD":
        word.tag = "N"
        return
    if low in CLOSED and not is_open_use(words, i):
        word.tag = closed_tag(words, i)
        word.lemma = {"BE": "be", "HV": "have", "DO": "do", "V": low}.get(word.tag, "")
        return
    if not low.isalpha() and any(c.isdigit() for c in low) and not inflect.is_verb(low):
        word.tag = "CD" if low[0].isdigit() and not any(c in low for c in "_/@:") else "N"
        return
    word.tag, word.lemma = _open(words, i)


def _open(words: list[Word], i: int) -> tuple[str, str]:
    low = words[i].lower
    for resolve in (by_base_form, by_s_form, by_ing_form, by_ed_form):
        found = resolve(words, i, low)
        if found:
            return found
    if clause_opens(words, i) and (meant := spelling.meant(low)) and _starts_like_command(words, i):
        return "V", meant
    before = word_before(words, i)
    if before is not None and before.tag == "MD" and words[i].kind == "word" and not low.endswith("ly"):
        return "V", low
    if _coined_command(words, i):
        return "V", low
    if (
        low.endswith(_ADJECTIVE_ENDINGS)
        and i
        and (words[i - 1].tag == "BE" or (words[i - 1].tag == "RB" and i > 1 and words[i - 2].tag == "BE"))
    ):
        return "JJ", ""
    if low.endswith("ly") and len(low) > 4:
        return "RB", ""
    if low in {"up", "out"}:
        return "RP", ""
    return "N", ""


def _starts_like_command(words: list[Word], i: int) -> bool:
    """True if an object could follow, and no finite verb does."""
    return i + 1 < len(words) and words[i + 1].kind == "word" and not finite_ahead(words, i + 1)


def _coined_command(words: list[Word], i: int) -> bool:
    """ "PCR the samples", "rsync the folder": an unknown word before an object at the start of a clause commands."""
    if not clause_opens(words, i) or i + 1 >= len(words):
        return False
    low, after = words[i].lower, words[i + 1].lower
    if (
        words[i + 1].kind != "word"
        or low in nouns.TIMES
        or low in nouns.ACTORS
        or low.endswith(("ly", "s", "tion"))
        or not low[0].isalpha()
    ):
        return False
    return after in {
        "the",
        "a",
        "an",
        "all",
        "every",
        "each",
        "our",
        "your",
        "its",
        "their",
        "both",
        "any",
        "it",
        "them",
    } and not finite_ahead(words, i + 1)
