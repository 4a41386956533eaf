"""Doubts that only the whole text can settle: goals beside steps, descriptions, work told twice."""

from __future__ import annotations

import re

from taskdist.engine.text import inflect
from taskdist.engine.text.content import stems
from taskdist.engine.text.groups import Group
from taskdist.engine.text.step import Step

_ASKING = frozenset({"ask", "call", "contact", "message", "phone", "ping", "reach", "shout", "talk", "tell", "write"})
_IN_DOUBT = re.compile(
    r"^(?:if|when|whenever|should|in case)\b.*"
    r"\b(?:doubt|questions?|unclear|unsure|stuck|trouble|problems?|help|unexpected|wrong)\b"
)


def settle(root: Group) -> None:
    """Drop from the tree what turns out to be no step of its own."""
    steps = root.steps()
    firm = [s for s in steps if not s.soft]
    gone = {
        id(s)
        for s in steps
        if (s.soft and not _stays(s, firm, steps)) or _is_made_next(s, steps) or (len(firm) > 1 and _is_on_call(s))
    }
    if gone:
        _drop(root, gone)


def _stays(step: Step, firm: list[Step], steps: list[Step]) -> bool:
    if step.soft == "goal":
        return not firm or any(s.sentence < step.sentence or _beside(step, s) for s in firm)
    if step.soft == "described":
        return len(firm) >= 1
    if step.soft == "sub":
        return not any(_same(step, other) for other in steps if other is not step)
    return True


def _beside(goal: Step, other: Step) -> bool:
    """ "I'd love a chart, and could someone check the numbers?": a wish among others of its sentence is no heading of theirs."""
    return other.sentence == goal.sentence and (bool(other.clause.frame) or "and" in other.clause.delim)


def _is_on_call(step: Step) -> bool:
    """ "Call Svenja if in doubt": whom to ask, no work of this job."""
    said = [m.clause.words for m in step.mentions] + ([step.condition.clause.words] if step.condition else [])
    asks = step.verb is not None and step.verb.lemma in _ASKING
    return asks and any(_IN_DOUBT.search(" ".join(w.lower for w in words)) for words in said)


def _is_made_next(step: Step, steps: list[Step]) -> bool:
    """ "What's missing is a policy; legal should draft one": the thing and its making are one piece of work."""
    if step.clause.frame not in {"thing", "wanted"} or step.verb is not None:
        return False
    following = next(
        (
            s
            for s in steps
            if s.clause is not step.clause and s.sentence >= step.sentence and s.words[0].start > step.words[0].start
        ),
        None,
    )
    if following is None or following.sentence > step.sentence + 1 or following.verb is None:
        return False
    makes = following.verb.lemma in {
        "draft",
        "write",
        "create",
        "build",
        "make",
        "develop",
        "prepare",
        "design",
        "produce",
        "set",
        "implement",
        "compile",
        "draw",
        "generate",
        "order",
        "buy",
        "get",
    }
    return makes and any(w.lower in {"one", "it", "this", "that", "them", "those", "these"} for w in following.words)


def _same(step: Step, other: Step) -> bool:
    """True if ``other`` is the work that ``step`` only mentions."""
    if step.verb is None:
        return False
    verb = inflect.stem(step.verb.lemma or step.verb.lower)
    theirs = stems(other.words) | ({inflect.stem(other.verb.lemma)} if other.verb is not None else set())
    if verb in theirs:
        return True
    mine = stems([w for w in step.words if w is not step.verb])
    return len(mine) > 1 and mine <= theirs


def _drop(group: Group, gone: set[int]) -> None:
    kept: list[Group | Step] = []
    for child in group.children:
        if isinstance(child, Group):
            _drop(child, gone)
            kept.append(child)
        elif id(child) not in gone:
            kept.append(child)
    group.children = kept
