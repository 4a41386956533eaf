"""What is known of the order of steps so far: edges with cue and confidence, what is open, who may wait for whom."""

from __future__ import annotations

from collections.abc import Iterable

from taskdist.engine.text.content import Content, content, with_parts
from taskdist.engine.text.groups import Group
from taskdist.engine.text.step import Step

# How sure an edge is, by what says it; docs/splitting.md has examples.
EXPLICIT = 0.95
STATED = 0.9
DATA_FLOW = 0.85
SAME_THING = 0.7
LISTED = 0.6
FOLLOWS = 0.5
KEPT = 0.5
GUESSED = 0.4
REACH = 60
"""How many steps back a reference may point."""


class OrderState:
    """The steps of a text, what they are about, and the edges found between their numbers.

    ``before`` and ``after`` have the edges that are KEPT; ``open`` those steps that nothing waits for yet; ``barred`` whom a
    step must not wait for; ``branches`` of which condition a step is, and on which side; ``index`` the steps by the stems of
    what they make or handle; ``due`` for steps told in front ("before we file it, …") the sentence that says what comes first;
    ``meant`` which step a step's pronoun points to; ``seen`` the steps in reading order.
    """

    def __init__(self, root: Group) -> None:
        self.root = root
        self.steps: list[Step] = root.steps()
        for number, step in enumerate(self.steps):
            step.number = number
        self.runs: dict[tuple[int, int], list[Step]] = {}
        for step in self.steps:
            self.runs.setdefault((step.sentence, id(step.condition)), []).append(step)
        self.contents: list[Content] = [content(s) for s in self.steps]
        self.things: list[set[str]] = [set(c.things) for c in self.contents]
        self.heads: list[set[str]] = [set() for _ in self.steps]
        self.edges: dict[tuple[int, int], tuple[str, float]] = {}
        self.before: dict[int, set[int]] = {}
        self.after: dict[int, set[int]] = {}
        self.barred: dict[int, set[int]] = {}
        self.index: dict[str, list[int]] = {}
        self.labels: dict[str, Group] = {}
        self.branches: dict[int, list[tuple[tuple[int, ...], int]]] = {}
        self.open: dict[int, None] = {}
        self.seen: list[int] = []
        self.last_of_all: list[tuple[int, str]] = []
        self.meant: dict[int, int] = {}
        self.awaited: list[tuple[str, list[int]]] = []
        self.conditions: dict[int, tuple[int, ...]] = {}
        self.due: dict[int, tuple[int, str]] = {}

    def add(self, before: int, after: int, cue: str, confidence: float) -> None:
        """Add an edge unless it contradicts a stronger one or runs in a circle."""
        if before == after or self._reaches(after, before):
            return
        known = self.edges.get((before, after))
        if known is None or known[1] < confidence:
            self.edges[(before, after)] = (cue, confidence)
        if confidence < KEPT:
            return
        self.before.setdefault(after, set()).add(before)
        self.after.setdefault(before, set()).add(after)
        self.open.pop(before, None)

    def _reaches(self, start: int, goal: int) -> bool:
        todo, done = [start], {start}
        while todo:
            node = todo.pop()
            if node == goal:
                return True
            for following in self.after.get(node, ()):
                if following not in done:
                    done.add(following)
                    todo.append(following)
        return False

    def _excluded(self, a: int, b: int) -> bool:
        """True if ``a`` and ``b`` are in branches of which only one runs."""
        first = dict(self.branches.get(a, ()))
        return any(key in first and first[key] != side for key, side in self.branches.get(b, ()))

    def sinks(self, numbers: Iterable[int]) -> list[int]:
        """Those of ``numbers`` that no other of them waits on."""
        inside = set(numbers)
        return [n for n in sorted(inside) if not (self.after.get(n, set()) & inside)]

    def sources(self, numbers: Iterable[int]) -> list[int]:
        """Those of ``numbers`` that wait for no other of them."""
        inside = set(numbers)
        return [n for n in sorted(inside) if not (self.before.get(n, set()) & inside)]

    def _may(self, a: int, t: int) -> bool:
        if self.steps[t].is_free:
            return False
        if a == t or a in self.barred.get(t, ()) or self._excluded(a, t):
            return False
        one, two = self.steps[a], self.steps[t]
        return not (one.loose and one.loose == two.loose and two.clause.mood != "cont")

    def _siblings(self, a: int, t: int) -> bool:
        """ "Build the arm image, build the amd image": the same work on different things."""
        one, two = self.steps[a], self.steps[t]
        return (
            one.verb is not None
            and two.verb is not None
            and one.verb.lemma == two.verb.lemma
            and not self.contents[t].pronoun
            and not self.contents[t].elided
        )

    def _hang(self, t: int, targets: list[int], cue: str, confidence: float) -> bool:
        found = False
        for n in targets:
            if self._may(n, t):
                self.add(n, t, cue, confidence)
                found = found or confidence >= 0.5
        return found

    def _remember(self, step: Step) -> None:
        t = step.number
        c = self.contents[t]
        for stem in with_parts({c.verb}) | self.things[t] | c.made:
            if stem:
                self.index.setdefault(stem, []).append(t)

    def _numbers(self, group: Group) -> list[int]:
        return [s.number for s in group.steps()]

    def _chain(self, first: list[int], second: list[int], cue: str, confidence: float) -> None:
        for a in self.sinks(first):
            for b in self.sources(second):
                self.add(a, b, cue, confidence)
