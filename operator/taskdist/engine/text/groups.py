"""The tree that reading a text gives: groups of groups, with steps as leaves."""

from __future__ import annotations

from dataclasses import dataclass, field

from taskdist.engine.text.clause import Clause
from taskdist.engine.text.step import Step


@dataclass(slots=True)
class Group:
    """Steps that stand together: ``order`` is ``seq`` (written order holds), ``set`` (a list) or ``text`` (prose).

    ``label`` is what references call it ("3", "b"); ``lead`` holds the clauses that introduce it; ``needs`` the
    labels, or "=words", of what it waits for; ``free`` lifts the order among its members (of a set) or of itself (of a
    member).
    """

    order: str
    children: list[Group | Step] = field(default_factory=list)
    label: str = ""
    lead: list[Clause] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    free: bool = False
    phases: bool = False

    def steps(self) -> list[Step]:
        """All steps in it, in reading order."""
        out: list[Step] = []
        todo: list[Group | Step] = [self]
        while todo:
            child = todo.pop()
            if isinstance(child, Step):
                out.append(child)
            else:
                todo.extend(reversed(child.children))
        return out
