"""Search for a shorter schedule in plain Python: justification, and a small genetic algorithm over orders of the tasks.

Everything is deterministic: the generator is seeded by a constant, and the budget is counted in tasks placed, not in
seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from taskdist.engine.schedule.generate import serial
from taskdist.engine.schedule.problem import makespan, pack, reverse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskdist.engine.schedule.problem import Problem

_POPULATION: Final = 24
_STALE: Final = 60
"""The search ends when so many orders in a row were known already."""


class Search:
    """One search: the best schedule found so far, what it may still spend, and when it is done."""

    def __init__(self, of: Problem, bound: int, budget: int) -> None:
        self._of = of
        self._mirror = reverse(of)
        self._packed = pack(of)
        self._place = [0] * of.size
        for place, node in enumerate(of.order):
            self._place[node] = place
        self._bound = bound
        self._left = budget
        self._dice = Dice()
        self.starts: list[int] = []
        self.makespan = 0

    def done(self) -> bool:
        """True if nothing better can be found, or nothing is left to spend."""
        return self._left <= 0 or (bool(self.starts) and self.makespan <= self._bound)

    def offer(self, starts: Sequence[int]) -> int:
        """Keep ``starts`` if it is the best so far; return its makespan."""
        length = makespan(self._of, starts)
        if not self.starts or length < self.makespan:
            self.starts, self.makespan = list(starts), length
        return length

    def evaluate(self, activities: Sequence[int]) -> tuple[int, tuple[int, ...]]:
        """Schedule an order, justify it to the right and back; return its makespan and the order that came out.

        Valls, Ballestín and Quintanilla 2005 (EJOR 165:375): double justification never makes a schedule longer and
        mostly shorter.
        """
        starts = serial(self._of, self._packed, activities)
        self._spend(1)
        length = self.offer(starts)
        while not self.done():
            justified = self._justified(starts)
            self._spend(2)
            shorter = self.offer(justified)
            starts = justified
            if shorter >= length:
                break
            length = shorter
        return min(length, makespan(self._of, starts)), tuple(self.ordered(starts))

    def ordered(self, starts: Sequence[int]) -> list[int]:
        """Tasks by start; those of equal start in topological order, since a task may take no time."""
        place = self._place
        return sorted(range(self._of.size), key=lambda node: (starts[node], place[node]))

    def genetic(self, seeds: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
        """Cross and mutate orders until done (Hartmann 1998, Naval Res. Logistics 45:733), justifying each.

        Returns the last generation's orders, the best first.
        """
        pool: dict[tuple[int, ...], int] = {}
        for seed in seeds:
            if not self.done():
                length, order = self.evaluate(seed)
                pool[order] = length
        known = 0
        while len(pool) < _POPULATION and known < _POPULATION and not self.done():
            length, order = self.evaluate(self._shuffled())
            known += order in pool
            pool[order] = length
        people = sorted((length, order) for order, length in pool.items())
        known = 0
        # A small problem runs out of orders long before the budget does.
        while len(people) > 1 and known < _STALE and not self.done():
            child = self._mutated(self._crossed(self._parent(people), self._parent(people)))
            length, order = self.evaluate(child)
            if order in pool:
                known += 1
            elif length <= people[-1][0]:
                known = 0
                pool[order] = length
                people.append((length, order))
                people.sort()
                if len(people) > _POPULATION:
                    del pool[people.pop()[1]]
        return [order for _, order in people]

    def _spend(self, schedules: int) -> None:
        self._left -= schedules * self._of.size

    def _justified(self, starts: Sequence[int]) -> list[int]:
        durations, place = self._of.durations, self._place
        nodes = range(self._of.size)
        last_first = sorted(nodes, key=lambda n: (-starts[n] - durations[n], -place[n]))
        mirrored = serial(self._mirror, self._packed, last_first)
        first_first = sorted(nodes, key=lambda n: (-mirrored[n] - durations[n], place[n]))
        return serial(self._of, self._packed, first_first)

    def _parent(self, people: Sequence[tuple[int, tuple[int, ...]]]) -> tuple[int, ...]:
        one, other = self._dice.below(len(people)), self._dice.below(len(people))
        return people[min(one, other)][1]

    def _crossed(self, mother: Sequence[int], father: Sequence[int]) -> list[int]:
        """Two-point crossover: begin and end in the mother's order, the middle in the father's."""
        size = self._of.size
        first = self._dice.below(size)
        second = first + 1 + self._dice.below(max(1, size - first - 1))
        child = list(mother[:first])
        taken = set(child)
        for node in father:
            if len(child) >= second:
                break
            if node not in taken:
                child.append(node)
                taken.add(node)
        child.extend(node for node in mother if node not in taken)
        return child

    def _mutated(self, child: list[int]) -> list[int]:
        """Swap neighbours that do not wait for each other, one in twenty."""
        before = self._of.graph.before
        for i in range(len(child) - 1):
            if self._dice.below(20) == 0 and child[i] not in before[child[i + 1]]:
                child[i], child[i + 1] = child[i + 1], child[i]
        return child

    def _shuffled(self) -> list[int]:
        """Draw a random order that respects the graph."""
        missing = [len(earlier) for earlier in self._of.graph.before]
        free = [node for node, count in enumerate(missing) if count == 0]
        order: list[int] = []
        while free:
            i = self._dice.below(len(free))
            node = free[i]
            free[i] = free[-1]
            free.pop()
            order.append(node)
            for later in self._of.graph.after[node]:
                missing[later] -= 1
                if not missing[later]:
                    free.append(later)
        return order


class Dice:
    """A small deterministic generator (xorshift64*, Vigna 2016): the same numbers on every machine."""

    def __init__(self, seed: int = 0x9E3779B97F4A7C15) -> None:
        self._state = seed

    def below(self, bound: int) -> int:
        """Draw a number from 0 to ``bound - 1``."""
        x = self._state
        x ^= x >> 12
        x = (x ^ (x << 25)) & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 27
        self._state = x
        return ((x * 0x2545F4914F6CDD1D & 0xFFFFFFFFFFFFFFFF) >> 33) % bound
