"""Whether a fragment is a clause of its own, joins the one before, or waits for the one behind."""

from __future__ import annotations

from taskdist.engine.text import annotations as remarks
from taskdist.engine.text.clause import Clause
from taskdist.engine.text.clause_heads import read_statement
from taskdist.engine.text.fragments import Fragment
from taskdist.engine.text.word import Word

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


def wait_or_join(clause: Clause, out: list[Clause], front: list[Clause], following: Fragment | None) -> str:
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
            and (
                clause.words[j + 1].tag in {"IN", "RB", "P"}
                if j + 1 < len(clause.words)
                else clause.words[1].tag in {"DT", "PS", "CD"}  # "with names changed" only says how
            )
        ):
            clause.verb = j
            return True
    return False


def _noun(clause: Clause, out: list[Clause], front: list[Clause], following: Fragment | None) -> str:
    if out and not out[-1].sub and _ends_undone(out[-1]) and _ends_undone(clause):
        clause.mood, clause.verb = "part", len(clause.words) - 1
        return "own"
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


def _ends_undone(clause: Clause) -> bool:
    """ "… the mailing house to be called"."""
    return len(clause.words) > 2 and [w.tag for w in clause.words[-3:]] == ["TO", "BE", "VN"]


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
    stated = read_statement(clause, clause.words, 1) or _needs_doing(clause)
    if not stated or not ({w.lower for w in clause.aux} & _OBLIGING or _needs_doing(clause)):
        clause.mood, clause.verb, clause.subject, clause.aux = "rel", -1, [], []
        return "join"
    clause.antecedent = _last_noun_phrase(out[-1].words)
    clause.subject = clause.subject or clause.antecedent
    return "own"


def _needs_doing(clause: Clause) -> bool:
    """ "…, which needs sorting out"."""
    words = [w for w in clause.words if w.tag != "RB"]
    if len(words) < 3 or words[1].lower not in {"needs", "need", "wants", "want"} or words[2].tag != "VG":
        return False
    clause.mood, clause.verb = "fin", next(k for k, w in enumerate(clause.words) if w is words[1])
    return True


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
    inside = any(w.tag == "WH" for w in last.words[last.verb + 1 :])
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
    if len(tail) > 1 and tail[-2].lower in {"they", "we", "i", "he", "she"}:
        return False  # "write up what they say, and sketch …"
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
