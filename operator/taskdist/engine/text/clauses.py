"""From fragments to clauses: which fragments belong together, and what kind of clause each of them heads.

Moods: ``imp`` a command, ``fin`` a statement with its own subject, ``part`` a participle that goes on with a passive
or a wish ("… and published"), ``inf`` a "to"-infinitive that goes on with one, ``ger`` an ing-form, ``np`` a noun
phrase alone, ``neg`` a prohibition. A clause opened by a subordinator has its role in ``sub`` (``after before parallel
if when reason followed preceded``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate

from taskdist.engine.text import annotations as remarks
from taskdist.engine.text.fragments import Fragment
from taskdist.engine.text.tags import Word
from taskdist.engine.text.words import nouns

_WISHING = frozenset(
    {"need", "want", "like", "expect", "love", "prefer", "require", "wish", "appreciate", "see", "get", "have", "help"}
)
_GLUE = frozenset(
    {
        "",
        ",",
        "and",
        ", and",
        "or",
        ", or",
        "but",
        ", but",
        "plus",
        ", plus",
        "nor",
        ", nor",
        "yet",
        ", yet",
        "so",
        ", so",
    }
)


@dataclass(slots=True)
class Clause:
    """A clause with its words in reading order, and how it hangs on the one before.

    ``cues`` are roles of the adverbs that open or close it; ``verb`` is the index of its main verb in ``words`` or -1;
    ``subject`` the words before the verb group of a statement; ``front`` is what stood before its head ("for each of A
    and B"); ``joined`` says where further members were appended and after which delimiter; ``leads`` is the colon or
    arrow that follows, if any; ``frame`` the kind of indirect wish around it (see ``matrix``); ``again`` is true for
    an object that takes up the verb of an earlier command ("…, and a playground, which only needs the lexer").
    """

    words: list[Word]
    delim: str = ""
    mood: str = "np"
    sub: str = ""
    sub_words: str = ""
    verb: int = -1
    subject: list[Word] = field(default_factory=list)
    aux: list[Word] = field(default_factory=list)
    cues: list[tuple[str, str]] = field(default_factory=list)
    front: list[Word] = field(default_factory=list)
    asides: list[list[Word]] = field(default_factory=list)
    label: str = ""
    sentence: int = 0
    joined: list[tuple[str, int]] = field(default_factory=list)
    leads: str = ""
    frame: str = ""
    again: bool = False
    antecedent: list[Word] = field(default_factory=list)

    @property
    def lemma(self) -> str:
        """Base form of the main verb, or ""."""
        return self.words[self.verb].lemma if self.verb >= 0 else ""

    @property
    def wishes(self) -> bool:
        """True for "we need …", "I'd like …", "get … done": what follows may be a participle of the work itself."""
        return self.lemma in _WISHING or any(w.lemma in _WISHING for w in self.words if w.tag in {"V", "VZ", "HV"})

    def has_cue(self, role: str) -> bool:
        """True if an adverb of that role stands in it."""
        return any(r == role for r, _ in self.cues)


# --- one fragment --------------------------------------------------------------------------------------------------


def _type(fragment: Fragment, number: int) -> Clause:
    clause = Clause(
        fragment.words,
        fragment.delim,
        label=fragment.label,
        asides=list(fragment.asides),
        sentence=number,
        frame=fragment.frame,
    )
    words = fragment.words
    clause.cues = [(w.role, w.lower) for w in words if w.tag == "RB" and w.role and w.role != "plain"]
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
    elif not _finite(clause, words, i):
        if head.tag == "IN" and _finite(clause, words, i, contact=False):
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


def _finite(clause: Clause, words: list[Word], i: int, *, contact: bool = True) -> bool:
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


# --- joining -------------------------------------------------------------------------------------------------------


def _wait_or_join(clause: Clause, out: list[Clause], front: list[Clause], following: Fragment | None) -> str:
    """What becomes of a fragment: ``own``, ``join`` to the clause before, or ``wait`` for the one after."""
    rule = _RULES.get(clause.mood)
    if clause.sub:
        return "join" if out and _asks_whether(clause, out[-1]) else "own"
    if clause.label and clause.mood != "adv":
        return "own"
    if clause.frame or (out and _is_remark(clause)):
        return "own"
    return rule(clause, out, front, following) if rule else "own"


def _is_remark(clause: Clause) -> bool:
    """ "…, needs (a)": a remark about order, not an object of the clause before."""
    text = " ".join(w.lower for w in clause.words)
    if remarks.is_free(text):
        return clause.mood in {"cont", "np", "pp"}
    return remarks.only_references(text) and (bool(clause.asides) or bool(remarks.references(text)))


def _asks_whether(clause: Clause, last: Clause) -> bool:
    """ "Ask the owner if …", "check whether …": a question inside the command, not a condition."""
    if clause.delim or last.mood not in {"imp", "fin", "inf", "part"}:
        return False
    if clause.sub_words in {"whether", "whether or not"}:
        return True
    direct = last.verb >= 0 and len(last.words) - last.verb <= 2
    return clause.sub_words == "if" and (
        last.lemma in {"ask", "query"}
        or (
            direct
            and last.lemma in {"check", "see", "test", "verify", "know", "find", "confirm", "determine", "clarify"}
        )
    )


def _adverb(clause: Clause, out: list[Clause], front: list[Clause], following: Fragment | None) -> str:
    if following is None:
        return "join" if out and not front else "own"
    return "join" if out and _lacks_object(out[-1]) and clause.delim == "," and following.delim == "," else "wait"


def _lacks_object(clause: Clause) -> bool:
    """A command whose verb has nothing but adverbs behind it."""
    return clause.mood == "imp" and clause.verb >= 0 and all(w.tag == "RB" for w in clause.words[clause.verb + 1 :])


def _prepositional(clause: Clause, out: list[Clause], front: list[Clause], following: Fragment | None) -> str:
    if _absolute(clause) and out:
        clause.mood = "part"
        return "own"
    if front and following is not None:
        return "wait"
    if not out:
        return "wait" if following is not None else "own"
    if clause.delim in {";", "->", "-"} or (out[-1].sub and clause.delim == "," and following is not None):
        return "wait" if following is not None else "own"
    return "join"


def _absolute(clause: Clause) -> bool:
    """ "With the numbers checked against the old one": a wish that came along."""
    if clause.words[0].lower != "with":
        return False
    for j in range(2, len(clause.words)):
        if (
            clause.words[j].tag == "VN"
            and clause.words[j - 1].tag in {"N", "PRP", "CD"}
            and (j + 1 == len(clause.words) or clause.words[j + 1].tag in {"IN", "RB", "P"})
        ):
            clause.verb = j
            return True
    return False


def _noun(clause: Clause, out: list[Clause], front: list[Clause], following: Fragment | None) -> str:
    if out and out[-1].wishes and _noun_with_participle(clause) and not out[-1].sub:
        clause.mood = "part"
        return "own"
    if (
        following is None
        or following.delim in {";", "->"}
        or (following.words and following.words[0].tag == "MD" and following.delim == ",")
    ):
        waits = False
    else:
        waits = True
    if front:
        return "wait" if waits else "own"
    if not out:
        return "wait" if waits else "own"
    if _own_object(clause, out[-1], following):
        clause.again = True
        return "own"
    if (
        out[-1].frame in {"thing", "wanted"}
        and clause.words[0].lower in {"a", "an", "some", "another", "two", "three", "one"}
        and not out[-1].sub
    ):
        clause.frame = "thing"
        return "own"
    if (
        clause.delim in {";", "->", ":", "-"}
        or clause.has_cue("then")
        or clause.has_cue("finally")
        or clause.has_cue("else")
    ):
        return "own"
    if out[-1].sub and clause.delim == "," and not _lists_on(out[-1]):
        return "wait" if following is not None else "own"
    if following is not None and clause.delim.startswith((", and", ", but", ", so")) and following.delim == "and":
        return "wait"
    return "join"


def _own_object(clause: Clause, last: Clause, following: Fragment | None) -> bool:
    """An object with conditions of its own is handed out on its own."""
    if (
        last.mood == "imp"
        and "and" in clause.delim.split()
        and clause.cues
        and clause.words[0].tag == "RB"
        and clause.cues[0][0] in {"parallel", "then", "finally"}
    ):
        return True
    if (
        clause.delim not in {", and", ",", "and"}
        or clause.words[0].tag not in {"DT", "CD"}
        or clause.words[0].lower in {"this", "that", "which"}
    ):
        return False
    if (
        last.sub in {"after", "when"}
        and not last.joined
        and clause.delim == ", and"
        and (following is None or following.delim not in {"and", ""})
        and last.delim == ""
    ):
        return True
    needs = (
        following is not None
        and following.words
        and following.words[0].tag == "WH"
        and remarks.needs(
            " ".join(w.lower for w in following.words if w.tag != "RB")[len(following.words[0].lower) + 1 :]
        )
    )
    return bool(needs) and last.mood == "imp"


def _lists_on(clause: Clause) -> bool:
    return bool(clause.joined)


def _noun_with_participle(clause: Clause) -> bool:
    words = clause.words
    for j in range(1, len(words)):
        if (
            words[j].tag == "VN"
            and words[j - 1].tag in {"N", "PRP", "CD", "RB"}
            and (j + 1 == len(words) or words[j + 1].tag in {"IN", "RB", "TO"})
        ):
            clause.verb = j
            return True
    return False


def _relative(clause: Clause, out: list[Clause], _front: list[Clause], _following: Fragment | None) -> str:
    """A relative clause belongs to its noun, unless it hands out work: "…, which you should compute"."""
    if not out or clause.words[0].lower not in {"which", "who"}:
        return "join" if out else "own"
    if not _finite(clause, clause.words, 1) or not {w.lower for w in clause.aux} & _OBLIGING:
        clause.mood, clause.verb, clause.subject, clause.aux = "rel", -1, [], []
        return "join"
    clause.antecedent = _last_noun_phrase(out[-1].words)
    clause.subject = clause.subject or clause.antecedent
    return "own"


_OBLIGING = frozenset({"should", "must", "shall", "needs", "need", "has", "have", "ought"})


def _last_noun_phrase(words: list[Word]) -> list[Word]:
    k = len(words)
    while k and words[k - 1].tag in {"N", "CD", "JJ", "VN", "VG"}:
        k -= 1
    return words[max(0, k - 1) :] if k and words[k - 1].tag in {"DT", "PS"} else words[k:]


def _continued(clause: Clause, out: list[Clause], _front: list[Clause], _following: Fragment | None) -> str:
    """A finite verb without subject goes on with the last statement, or with the relative clause at its end."""
    if not out:
        return "own"
    last = out[-1]
    if last.sub and not clause.cues:
        return "join"
    inside = any(w.tag == "WH" for w in last.words[last.verb + 1 :]) if last.verb >= 0 else False
    if inside or last.mood == "imp" or clause.delim in {"or", ", or"}:
        return "join" if clause.words[0].tag != "MD" or inside else "own"
    return "own"


def _command(clause: Clause, out: list[Clause], _front: list[Clause], _following: Fragment | None) -> str:
    if not out or clause.cues:
        return "own"
    last = out[-1]
    if "or" in clause.delim.split() and not last.sub:
        return "own" if any(w.lower == "either" for w in last.words[: last.verb]) else "join"
    if _inside_relative(last) and clause.delim in {",", "and", ", and"}:
        return "join"
    if (
        last.sub
        and clause.delim in {"and", "or"}
        and last.verb >= 0
        and last.words[last.verb].tag == "V"
        and last.mood in {"fin", "imp"}
    ):
        return "join"
    return "own"


def _inside_relative(clause: Clause) -> bool:
    """ "A board which lets me filter, sort …", "a tool to collect, store …": bare verbs that go on with one inside the object."""
    tail = clause.words[clause.verb + 1 :] if clause.verb >= 0 else []
    if not tail or tail[-1].tag != "V":
        return False
    return any(w.tag == "WH" for w in tail) or (
        len(tail) > 1
        and tail[-2].tag == "TO"
        and clause.mood == "imp"
        and clause.lemma not in {"try", "start", "begin", "need", "continue"}
    )


def _participial(clause: Clause, out: list[Clause], _front: list[Clause], _following: Fragment | None) -> str:
    if not out:
        return "own"
    last = out[-1]
    if last.sub:
        inside = clause.delim in {"and", "or", ", or"} or bool(last.delim) or last.sub == "reason"
        return "join" if inside else "own"
    if "or" in clause.delim.split():
        return "join"
    passive = last.mood == "part" or (last.verb >= 0 and last.words[last.verb].tag == "VN") or last.wishes
    return "own" if passive and clause.delim in _GLUE | {";"} else "join"


def _gerund(clause: Clause, out: list[Clause], _front: list[Clause], _following: Fragment | None) -> str:
    if not out:
        return "own"
    last = out[-1]
    if clause.cues or last.mood == "ger" or clause.delim in {";", ":", "->"} or (last.sub and clause.delim == ","):
        return "own"
    return "own" if any(w.tag == "VG" for w in last.words) and "and" in clause.delim else "join"


def _infinitive(clause: Clause, out: list[Clause], _front: list[Clause], _following: Fragment | None) -> str:
    if not out:
        clause.sub = "reason"
        return "own"
    last = out[-1]
    if clause.delim and not last.sub and (last.mood == "inf" or any(w.tag == "TO" for w in last.words)):
        return "own"
    return "join"


def _statement(clause: Clause, out: list[Clause], front: list[Clause], _following: Fragment | None) -> str:
    if out and out[-1].sub and clause.delim in {"and", "or"} and not clause.cues and not front:
        return "join"
    return "own"


_RULES = {
    "adv": _adverb,
    "pp": _prepositional,
    "np": _noun,
    "rel": _relative,
    "cont": _continued,
    "imp": _command,
    "part": _participial,
    "ger": _gerund,
    "inf": _infinitive,
    "fin": _statement,
}


def clauses(sentence: list[Fragment], number: int) -> list[Clause]:
    """Type the fragments of one sentence and join those that are no clause of their own."""
    out: list[Clause] = []
    front: list[Clause] = []
    for i, fragment in enumerate(sentence):
        following = sentence[i + 1] if i + 1 < len(sentence) else None
        clause = _type(fragment, number)
        if front and clause.delim in {":", "->"}:
            out.append(_merge_front(front[0], front[1:]))
            out[-1].leads = clause.delim
            front = []
        if front and clause.sub and any(f.mood == "np" for f in front):
            _flush(front, out)
            front = []
        fate = _wait_or_join(clause, out, front, following)
        if fate == "wait":
            front.append(clause)
        elif fate == "join":
            _absorb(out[-1], clause)
        else:
            out.append(_with_front(front, clause))
            front = []
        if following is not None and following.delim in {":", "->"} and out and not front:
            out[-1].leads = following.delim
    if front:
        _flush(front, out)
    return out


def _merge_front(first: Clause, rest: list[Clause]) -> Clause:
    for other in rest:
        _absorb(first, other)
    return first


def _flush(front: list[Clause], out: list[Clause]) -> None:
    if out and all(c.mood == "adv" for c in front):
        for clause in front:
            _absorb(out[-1], clause)
    else:
        out.append(_merge_front(front[0], front[1:]))


def _with_front(front: list[Clause], clause: Clause) -> Clause:
    """Put waiting phrases before the clause they introduce: a statement takes nouns as part of its subject, others as a front."""
    if not front:
        return clause
    before = [w for f in front for w in f.words]
    shift = len(before)
    clause.words = before + clause.words
    clause.verb += shift if clause.verb >= 0 else 0
    if clause.mood == "fin" and all(f.mood == "np" for f in front):
        clause.subject = before + clause.subject
    else:
        clause.front = before + clause.front
    follows, clause.delim = clause.delim, front[0].delim
    clause.label = clause.label or front[0].label
    clause.cues = [c for f in front for c in f.cues] + clause.cues
    clause.asides = [a for f in front for a in f.asides] + clause.asides
    clause.joined = [(follows, 0), *clause.joined] if clause.mood == "fin" else clause.joined
    starts = list(accumulate(len(f.words) for f in front[:-1]))
    clause.joined = [(f.delim, n) for f, n in zip(front[1:], starts, strict=True)] + [
        (d, n + shift) for d, n in clause.joined
    ]
    return clause


def _absorb(host: Clause, clause: Clause) -> None:
    """Append a fragment's words to the clause that it belongs to."""
    host.joined.append((clause.delim, len(host.words)))
    host.words.extend(clause.words)
    host.asides.extend(clause.asides)
    host.cues.extend(clause.cues)
