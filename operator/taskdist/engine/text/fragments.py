"""From text to fragments: the pieces of a sentence between commas, conjunctions, semicolons and subordinators."""

from __future__ import annotations

import string
from dataclasses import dataclass, field

from taskdist.engine.text import inflect, matrix, phrases, tags
from taskdist.engine.text.tokens import tokenize
from taskdist.engine.text.word import Word
from taskdist.engine.text.words.order import OUTCOMES

_CLOSERS = {"(": ")", "[": "]"}
_DASHES = frozenset({"—", "–", "-", "--", "…", "..", "..."})
_STOPS = frozenset({".", "!", "?"})
_LETTERS = string.ascii_lowercase


@dataclass(slots=True)
class Fragment:
    """Words between two boundaries.

    ``delim`` is what stood before it (``","``, ``"and"``, ``", and"``, ``";"``, ``":"``, ``"->"``, ``"-"`` or ``""``),
    ``label`` an inline enumerator ("(a)") that opens it, ``asides`` the contents of brackets after its words.
    """

    words: list[Word]
    delim: str = ""
    label: str = ""
    asides: list[list[Word]] = field(default_factory=list)
    frame: str = ""

    @property
    def text(self) -> str:
        """Its words, lower-cased, for table look-ups."""
        return " ".join(w.lower for w in self.words)


def sentences(text: str, start: int, end: int) -> list[list[Fragment]]:
    """Cut ``text[start:end]`` into sentences of fragments, tagged."""
    words = [Word(t.text, t.lower, t.start, t.end, t.kind) for t in tokenize(text[start:end], start)]
    out = []
    for sentence in _split_sentences(_mark_labels(words), text):
        tagged = phrases.assign_roles(tags.tag(phrases.merge(_unframe(sentence))))
        out.append(_fragments(tagged))
    return [s for s in out if s]


def _split_sentences(words: list[Word], text: str) -> list[list[Word]]:
    out: list[list[Word]] = [[]]
    depth = 0
    for i, word in enumerate(words):
        if word.kind == "punct" and word.lower in "([":
            depth += 1
        elif word.kind == "punct" and word.lower in ")]":
            depth = max(0, depth - 1)
        out[-1].append(word)
        if word.lower in _STOPS and word.kind == "punct" and (depth == 0 or _unclosed(words, i)):
            following = text[word.end : word.end + 1]
            if not following or following.isspace() or following in "\"')":
                out.append([])
                depth = 0
    return [s for s in out if any(w.kind != "punct" for w in s)]


def _unclosed(words: list[Word], i: int) -> bool:
    """True if no closing bracket follows within reach: then the opening one was a stray."""
    return not any(w.lower in ")]" and w.kind == "punct" for w in words[i : i + 60])


def _label_spots(words: list[Word]) -> list[tuple[int, int, str]]:
    """Where inline labels may stand: the first word to replace, the label's own, the label. "Step 2:" goes before "(2)"."""
    spots: list[tuple[int, int, str]] = []
    steps: list[tuple[int, int, str]] = []
    for i, word in enumerate(words):
        low = word.lower
        named = _named_label(words, i)
        if named:
            steps.append(named)
            continue
        is_label = word.kind == "word" and len(low) <= 2 and (low in _LETTERS or low.isdigit())
        if not is_label or i + 1 >= len(words):
            continue
        if words[i + 1].lower == "." and low.isdigit() and words[i + 1].start == word.end:
            if i + 2 < len(words) and words[i + 2].start > words[i + 1].end:
                spots.append((i, i, low))
        elif words[i + 1].lower == ")":
            first = i - 1 if i and words[i - 1].lower == "(" else i
            before = words[first - 1] if first else None
            if before is None or before.kind in {"punct", "arrow"} or before.lower in {"and", "then"}:
                spots.append((first, i, low))
    return steps if len(steps) > 1 else spots


def _mark_labels(words: list[Word]) -> list[Word]:
    """Turn "(a) … (b) …" and "1) … 2) …" into label words, if they count up from the first."""
    expected: str | None = None
    chosen: dict[int, tuple[int, str]] = {}
    for first, i, low in _label_spots(words):
        if expected is None and low in {"a", "1"}:
            expected = low
        if low == expected:
            chosen[first] = (i + 2, low)
            expected = str(int(low) + 1) if low.isdigit() else chr(ord(low) + 1)
    if len(chosen) < 2:
        return words
    out = []
    i = 0
    while i < len(words):
        if i in chosen:
            after, low = chosen[i]
            out.append(Word(low, low, words[i].start, words[after - 1].end, "label", "P"))
            i = after
        else:
            out.append(words[i])
            i += 1
    return out


def _unframe(words: list[Word]) -> list[Word]:
    """Take indirect wishes off the start of every main clause; the word after one remembers which it was."""
    out: list[Word] = []
    last = ""
    i = 0
    while i < len(words):
        if not out or out[-1].kind in {"punct", "arrow", "label"} or out[-1].lower in {"and", "but", "so"}:
            j = i
            while j < len(words) and j < i + 40 and words[j].kind == "word":
                j += 1
            taken, kind = matrix.frame([w.lower for w in words[i:j]])
            if not kind and last == "done" and words[i].lower == "that" and out and out[-1].lower == "and":
                taken, kind = 1, "done"
            last = kind or last
            if kind and i + taken < len(words):
                i += taken
                words[i].frame = kind
        out.append(words[i])
        i += 1
    return out


def _named_label(words: list[Word], i: int) -> tuple[int, int, str] | None:
    """ "Step 2: …" in the middle of a paragraph."""
    if (
        words[i].lower not in {"step", "phase", "stage", "task"}
        or i + 2 >= len(words)
        or words[i + 2].lower not in {":", ".", ")", "-", "–", "—"}
    ):
        return None
    number = words[i + 1].lower
    if not number.isdigit() or (i and words[i - 1].kind != "punct"):
        return None
    return i, i + 1, number


def _fragments(words: list[Word]) -> list[Fragment]:
    out: list[Fragment] = []
    current = Fragment([])
    pending = ""
    closings = _closings(words)
    i = 0
    while i < len(words):
        word = words[i]
        if close := closings.get(i):
            (current if current.words or not out else out[-1]).asides.append(words[i + 1 : close])
            i = close + 1
            continue
        boundary = _boundary(words, i)
        if boundary is None:
            if word.frame and not current.words:
                current.frame = word.frame
            if word.kind != "punct" or word.lower in {"%", "°", "€", "$", "£", "/", "+", "≥", "≤", "<", ">", "="}:
                current.words.append(word)
            i += 1
            continue
        opens_with_word, delim = boundary
        if current.words or current.label:
            out.append(current)
            current = Fragment([])
            pending = ""
        pending = _join_delims(pending, delim)
        current.delim = pending
        if word.kind == "label":
            current.label = word.lower
        if opens_with_word:
            current.words.append(word)
        i += 1
    if current.words:
        out.append(current)
    return out


def _closings(words: list[Word]) -> dict[int, int]:
    """The closing bracket of each opening one that has one. One pass: a text may be nothing but opening brackets."""
    found: dict[int, int] = {}
    open_at: dict[str, list[int]] = {")": [], "]": []}
    for j, word in enumerate(words):
        if word.kind != "punct":
            continue
        if word.lower in _CLOSERS:
            open_at[_CLOSERS[word.lower]].append(j)
        elif open_at.get(word.lower):
            found[open_at[word.lower].pop()] = j
    return found


def _join_delims(first: str, second: str) -> str:
    if not first or not second:
        return first or second
    if second in {"and", "or", "but", "so", "nor", "plus", "yet", "&"}:
        return f"{first} {second}" if first == "," else second if first in {"and", "or"} else f"{first} {second}"
    return first if first in {";", ":", "->"} else second if second != "," else first


def _boundary(words: list[Word], i: int) -> tuple[bool, str] | None:  # noqa: C901, PLR0911 - cases of English, in order
    """Whether a fragment begins at ``i``: (its word belongs to the fragment, the delimiter)."""
    word = words[i]
    if word.kind == "label":
        return False, ""
    if word.tag == "A":
        return False, "->"
    if word.kind == "punct":
        if word.lower in {",", ";", ":"}:
            return False, word.lower
        if word.lower in _DASHES:
            return False, "-"
        if word.lower == "&" and word.tag == "CC" and _short_pair(words, i):
            return None
        return (False, "and") if word.lower == "&" else None
    if word.tag == "CC":
        return False, word.lower
    if (
        word.tag == "RB"
        and word.role in {"then", "finally"}
        and i + 1 < len(words)
        and words[i + 1].tag == "V"
        and i
        and words[i - 1].tag not in {"MD", "BE", "TO", "CC", "P", "A", "RB"}
        and words[i - 1].lower not in {"we", "you", "they", "i"}
    ):
        return True, ","
    if word.tag == "V" and _ends_subordinate(words, i):
        return True, ","
    if word.tag == "SC" and word.role != "with":
        if (
            word.role == "reason"
            and word.lower in {"as", "since", "given"}
            and i
            and words[i - 1].lower in {"same", "such", "soon", "well", "long", "far"}
        ):
            return None
        return True, ""
    if word.tag == "WH" and i and words[i - 1].tag == "P" and word.lower in {"which", "who", "whose", "whom", "where"}:
        return True, ""
    return None


def _ends_subordinate(words: list[Word], i: int) -> bool:
    """ "After both are merged update …": a command right behind a subordinate clause, without a comma."""
    if (
        i < 3
        or not (words[i - 1].tag in {"VN", "JJ", "RB", "VZ", "V"} or words[i - 1].lower in OUTCOMES)
        or i + 1 >= len(words)
        or words[i + 1].lower == "of"
        or words[i].lemma not in inflect.KIND_OF
    ):
        return False
    finite = words[i - 1].lower in OUTCOMES and words[i - 1].tag == "N" and words[i - 2].tag == "N"  # "the tests pass"
    for j in range(i - 1, -1, -1):
        if words[j].tag in {"P", "A", "CC", "TO", "MD", "WH"}:
            return False
        finite = finite or words[j].tag in {"BE", "HV", "VZ"} or (words[j].tag == "V" and j < i)
        if words[j].tag == "SC":
            return (
                finite
                and words[j].role not in {"reason", "with"}
                and words[i + 1].tag in {"DT", "PS", "PRP", "N", "IN", "CD", "JJ", "RP"}
            )
    return False


def _short_pair(words: list[Word], i: int) -> bool:
    """ "Q & A", "P & L": an ampersand between two capitals is part of a name."""
    return 0 < i < len(words) - 1 and words[i - 1].text[:1].isupper() and words[i + 1].text[:1].isupper()
