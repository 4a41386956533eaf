"""What stands before a colon or an arrow: an announcement, a label that rules out, a test, an answer."""

from __future__ import annotations

from taskdist.engine.text.clause import Clause
from taskdist.engine.text.judge import Judgement, names_action
from taskdist.engine.text.words.leads import ASIDE_LEADS, COMPARISONS, GENERIC, NO, WORK_LEADS, YES


def announces(clause: Clause, judgement: Judgement, parts: list[Clause], i: int) -> bool:
    """True if a clause before a colon only announces what follows, which is work of its own."""
    if clause.leads != ":" or i + 1 >= len(parts):
        return False
    following = parts[i + 1]
    if following.sub in {"if", "when"} and judgement.kind in {"task", "described", "wish"}:
        return False
    if judgement.kind in {"note", "phrase", "goal", "described"} or clause.mood in {"np", "adv", "pp"}:
        return True
    tail = {w.lower for w in clause.words[clause.verb + 1 :]} if clause.verb >= 0 else set()
    if tail & GENERIC or not tail:
        return True
    if following.mood == "fin" and not following.sub:
        return sum(1 for p in parts[i + 1 :] if p.mood in {"fin", "imp", "part"} and not p.sub) > 1
    return following.mood in {"imp", "ger"} or bool(following.label)


def rules_out(text: str) -> bool:
    """True for "Background", "Out of scope", "FYI": what follows is no work."""
    text = text.strip(" :.*#").lower()
    return text in ASIDE_LEADS or text.startswith(
        ("out of scope", "not in scope", "not part of", "explicitly not", "non-goal")
    )


def lists_work(text: str) -> bool:
    """True for "To do", "Still missing", "Deliverables": the things listed behind are work."""
    return text.strip(" :.") in WORK_LEADS


def answer(clause: Clause) -> str:
    """``yes`` or ``no`` for a clause that is nothing but the answer to a question asked before."""
    text = " ".join(w.lower for w in clause.words)
    if not clause.leads and not text.startswith("if "):
        return ""
    return "yes" if text in YES else "no" if text in NO else ""


def is_test(clause: Clause) -> bool:
    """ "Confidence ≥ 0.9 → …", "Score below 550: …": what stands before an arrow or colon may be a test."""
    if clause.leads not in {"->", ":"}:
        return False
    words = {w.lower for w in clause.words}
    if clause.mood in {"np", "pp", "part"}:
        return bool(words & COMPARISONS) and not names_action(clause.words)
    measured = any(c.isdigit() for w in words for c in w)
    return measured and len(clause.words) <= 6 and (bool(words & COMPARISONS) or any(_is_range(w) for w in words))


def _is_range(word: str) -> bool:
    first, _, second = word.replace("–", "-").partition("-")
    return first.isdigit() and second.isdigit()
