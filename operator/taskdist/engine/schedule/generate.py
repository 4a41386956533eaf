"""The two schedule generation schemes (Kolisch 1996, EJOR 90:320): from an order of the tasks to a schedule.

:func:`serial` puts one task after the other at its earliest feasible start; some order gives an optimal schedule.
:func:`dispatch` goes through time and starts whatever fits, best priority first, as the operator does at run time; it
never waits on purpose.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskdist.engine.schedule.problem import Packing, Problem


def serial(of: Problem, packed: Packing, activities: Sequence[int]) -> list[int]:
    """Starts of a schedule made in the order of ``activities``, which must respect the graph."""
    durations, before, amounts = of.durations, of.graph.before, packed.amounts
    guards = packed.guards
    starts = [0] * len(durations)
    # The profile: free[i] holds from times[i] to times[i + 1], with the guard bits set; the last interval never ends.
    times, free = [0], [packed.free | guards]
    for node in activities:
        earliest = 0
        for earlier in before[node]:
            end = starts[earlier] + durations[earlier]
            earliest = max(earliest, end)
        length, amount = durations[node], amounts[node]
        if not length or not amount:
            starts[node] = earliest
            continue
        first = bisect_right(times, earliest) - 1
        start, i, last = earliest, first, len(times)
        while True:
            if (free[i] - amount) & guards != guards:
                i += 1
                start, first = times[i], i
                continue
            i += 1
            if i == last or times[i] >= start + length:
                break
        end = start + length
        starts[node] = start
        if times[first] != start:
            first += 1
            times.insert(first, start)
            free.insert(first, free[first - 1])
        stop = bisect_left(times, end, first)
        if stop == len(times) or times[stop] != end:
            times.insert(stop, end)
            free.insert(stop, free[stop - 1])
        for k in range(first, stop):
            free[k] -= amount
    return starts


def dispatch(of: Problem, packed: Packing, ranks: Sequence[int], durations: Sequence[int] | None = None) -> list[int]:
    """Starts that result when ready tasks start at once, in the order of ``ranks`` (lowest first), as far as they fit.

    ``durations`` replace the problem's own, to see what the same priorities give when work takes longer.
    """
    lengths = of.durations if durations is None else durations
    amounts, after = packed.amounts, of.graph.after
    missing = [len(earlier) for earlier in of.graph.before]
    starts = [0] * of.size
    lines = Lines(of, packed, ranks)
    running: list[tuple[int, int]] = []
    free = packed.free | packed.guards
    now = 0
    ready = [node for node, count in enumerate(missing) if count == 0]
    while True:
        lines.join(ready)
        for node in lines.take(free):
            starts[node] = now
            free -= amounts[node]
            heapq.heappush(running, (now + lengths[node], node))
        if not running:
            return starts
        ready = []
        now = running[0][0]
        while running and running[0][0] == now:
            _, node = heapq.heappop(running)
            free += amounts[node]
            for later in after[node]:
                missing[later] -= 1
                if not missing[later]:
                    ready.append(later)


class Lines:
    """Tasks that could start. Those of equal demand wait in one line, best rank first: it is passed over as a whole."""

    __slots__ = ("_amounts", "_guards", "_least", "_lines", "_ranks")

    def __init__(self, of: Problem, packed: Packing, ranks: Sequence[int]) -> None:
        self._amounts, self._guards, self._ranks = packed.amounts, packed.guards, ranks
        self._least = _least(of)
        self._lines: dict[int, list[tuple[int, int]]] = {}

    def join(self, ready: Iterable[int]) -> None:
        """Let tasks wait."""
        lines, amounts, ranks = self._lines, self._amounts, self._ranks
        for node in ready:
            heapq.heappush(lines.setdefault(amounts[node], []), (ranks[node], node))

    def take(self, free: int) -> list[int]:
        """Take out those that start now: in the order of their ranks, as far as they fit into ``free``, guards set."""
        guards, least, lines = self._guards, self._least, self._lines
        taken: list[int] = []
        if (free - least) & guards != guards:
            return taken
        heads = [(line[0], amount) for amount, line in lines.items() if line]
        heapq.heapify(heads)
        while heads and (free - least) & guards == guards:
            (_, node), amount = heapq.heappop(heads)
            if (free - amount) & guards != guards:
                continue
            line = lines[amount]
            heapq.heappop(line)
            if line:
                heapq.heappush(heads, (line[0], amount))
            taken.append(node)
            free -= amount
        return taken


def _least(of: Problem) -> int:
    """Packed amounts that every task holds at least; where less is free, nothing can start."""
    if not of.size or not of.capacities:
        return 0
    common = dict(of.demands[0])
    for held in of.demands:
        amounts = dict(held)
        common = {k: min(a, amounts[k]) for k, a in common.items() if k in amounts}
        if not common:
            return 0
    shift, at = [], 0
    for capacity in of.capacities:
        shift.append(at)
        at += capacity.bit_length() + 1
    return sum(a << shift[k] for k, a in common.items())
