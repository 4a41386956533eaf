"""Doubts that only the whole text can settle: goals beside steps, descriptions, work told twice."""

from __future__ import annotations

from taskdist.engine.text import inflect
from taskdist.engine.text.content import stems
from taskdist.engine.text.reader import Group
from taskdist.engine.text.steps import Step


def settle(root: Group) -> None:
    """Drop from the tree what turns out to be no step of its own."""
    steps = root.steps()
    firm = [s for s in steps if not s.soft]
    gone = {id(s) for s in steps if s.soft and not _stays(s, firm, steps)}
    if gone:
        _drop(root, gone)


def _stays(step: Step, firm: list[Step], steps: list[Step]) -> bool:
    if step.soft == "goal":
        return not firm
    if step.soft == "described":
        return len(firm) >= 1
    if step.soft == "sub":
        return not any(_same(step, other) for other in steps if other is not step)
    return True


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
