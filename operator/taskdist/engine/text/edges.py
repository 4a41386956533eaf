"""Which step waits for which, with the words that say so and how sure they are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from taskdist.engine.text import inflect
from taskdist.engine.text.groups import Group
from taskdist.engine.text.order_cues import Cues
from taskdist.engine.text.order_flow import Flow
from taskdist.engine.text.order_lists import Lists
from taskdist.engine.text.order_state import (
    EXPLICIT,
    STATED,
)
from taskdist.engine.text.step import Step
from taskdist.engine.text.step_words import (
    frees,
    instructs,
)


class Orderer(Cues, Flow, Lists):
    """Walks the tree once and collects edges between step numbers."""

    def run(self) -> dict[tuple[int, int], tuple[str, float]]:
        """All edges with cue and confidence."""
        self._walk(self.root, [])
        for t, words in self.last_of_all:
            for n in self.sinks([n for n in self.seen if n != t]):
                self.add(n, t, words, STATED)
        for need, numbers in self.awaited:
            if need in self.labels:
                self._chain(self._numbers(self.labels[need]), numbers, f"needs {need}", EXPLICIT)
        return self.edges

    def _walk(self, group: Group, outer: list[Group]) -> list[int]:
        mine: list[int] = []
        previous: list[int] = []
        units: list[list[int]] = []
        chained = self._is_chain(group)
        loose = self._is_loose(group)
        for child in group.children:
            if isinstance(child, Group):
                self._register(child, [*outer, group])
                numbers = self._numbers(child)
                if loose:
                    for n in numbers:
                        self.barred.setdefault(n, set()).update(mine)
                self._walk(child, [*outer, group])
                if not numbers:
                    continue
                if not chained and previous and self._arrow_before(child):
                    self._chain(previous, numbers, "->", EXPLICIT)
                if chained and previous:
                    self._chain(previous, numbers, "phase" if group.phases else "listed order", EXPLICIT)
                self._apply_needs(child, numbers)
            else:
                numbers = [child.number]
                if loose:
                    self.barred.setdefault(child.number, set()).update(mine)
                self._step(child, previous, mine)
                if chained and previous:
                    self._chain(previous, numbers, "listed order", EXPLICIT)
            units.append(numbers)
            mine.extend(numbers)
            previous = numbers
        annotated = any(isinstance(c, Group) and (c.needs or c.free) for c in group.children)
        if group.order == "set" and not loose and not chained and not annotated:
            self._list_order(units)
            if instructs(group.lead):
                self._procedure(units)
        return mine

    def _register(self, child: Group, outer: list[Group]) -> None:
        """Remember what references may call it: "3", and inside of "b" also "b3"."""
        if child.label:
            for prefix in ("", *(upper.label for upper in outer if upper.label)):
                self.labels[prefix + child.label] = child

    def _arrow_before(self, group: Group) -> bool:
        first = self.steps[self._numbers(group)[0]]
        return first.clause.delim == "->" and bool(first.clause.label)

    def _is_chain(self, group: Group) -> bool:
        if group.order != "seq":
            return False
        if self._says(group.lead, "parallel") or frees(group.lead):
            return False
        return not any(isinstance(c, Group) and (c.needs or c.free) for c in group.children)

    def _is_loose(self, group: Group) -> bool:
        if group.free and group.order == "set":
            return True
        return (
            self._says(group.lead, "parallel")
            or frees(group.lead)
            or (
                any(w.lower in {"parallel", "concurrently", "independently"} for c in group.lead for w in c.words)
                and group.order != "text"
            )
        )

    @staticmethod
    def _says(lead: Iterable[object], role: str) -> bool:
        return any(r == role for clause in lead for r, _ in clause.cues)  # type: ignore[attr-defined]

    def _apply_needs(self, group: Group, numbers: list[int]) -> None:
        for need in group.needs:
            if need.startswith("="):
                for part in re.split(r",|\band\b|\+|&", need[1:]):
                    for target in self._named(
                        set(self._stems_of_text(part)), [n for n in self.seen if n not in numbers]
                    ):
                        for b in self.sources(numbers):
                            self.add(target, b, need[1:], STATED)
                continue
            other = self.labels.get(need)
            if other is None:
                self.awaited.append((need, numbers))
            elif other is not group:
                self._chain(self._numbers(other), numbers, f"needs {need}", EXPLICIT)

    @staticmethod
    def _stems_of_text(text: str) -> list[str]:
        return [
            inflect.stem(w)
            for w in text.replace(",", " ").split()
            if len(w) > 2 and w not in {"the", "and", "from", "both"}
        ]

    def _step(self, step: Step, previous: list[int], mine: list[int]) -> None:
        t = step.number
        self._set_side_by_side(step)
        told = self._explicit(step, previous, mine)
        flowed = self._data_flow(step, mine, told=told)
        elsewhere = any(
            n in mine and self.steps[n].sentence == step.sentence and n != mine[-1] for n in self.before.get(t, ())
        )
        if not told and not elsewhere and self._in_list(step, mine):
            self._listed(step, mine)
        elif not told and not flowed:
            self._default(step, previous, mine)
        self._remember(step)
        self.seen.append(t)
        if not any(n in self.seen for n in self.after.get(t, ())):
            self.open[t] = None
