"""When all will be done: the schedule's dispatch order played through time, with what comes between the pieces of work.

The schedule decides on the order, by the work alone; this tells how long that order takes. A subtask is created; when what it
waits for has ended and there is room, its pod is asked for and holds its room; the pod runs, and ends; the end is passed on.
Each of these steps begins with a write, and writes stand in one line; the rest of a step lasts the longer the more others of its
kind are under way (:mod:`taskdist.engine.delays`).
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from taskdist.engine.delays import MICRO, NONE, steps
from taskdist.engine.model import Basis, Forecast
from taskdist.engine.schedule import pack
from taskdist.engine.schedule.generate import Lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskdist.engine.delays import Step, Steps
    from taskdist.engine.durations import Duration
    from taskdist.engine.model import Observation
    from taskdist.engine.schedule import Problem

_HUNDREDTH: Final = 10_000


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A plan's forecast, and its ``range``: whole seconds if all work is fast, as expected, and slow."""

    forecast: Forecast
    range: tuple[int, int, int]


def forecast(
    of: Problem,
    ranks: Sequence[int],
    durations: Sequence[Duration],
    agent_types: Sequence[str],
    history: Sequence[Observation],
) -> Foreseen:
    """Tell how long the order of ``ranks`` takes; ``durations`` and ``agent_types`` are those of the tasks."""
    known = steps(history, sorted(set(agent_types)))
    between = [known[name] for name in agent_types]
    exact = [round(one.mean * MICRO) for one in durations]
    middle = played(of, ranks, exact, between)
    low = played(of, ranks, [one.low * MICRO for one in durations], between)
    high = played(of, ranks, [one.high * MICRO for one in durations], between)
    start = _middle(one.start.alone for one in between)
    told = Forecast(
        seconds=_hundredths(middle),
        work_seconds=_hundredths(played(of, ranks, exact, [NONE] * len(between))),
        start_seconds=_hundredths(start),
        hand_over_seconds=_hundredths(_middle(one.hand_over.alone for one in between)),
        starts_a_second=_hundredths(MICRO * MICRO // max(1, _middle(_pace(one.start) for one in between))),
        basis=Basis.HISTORY if all(one.basis is Basis.HISTORY for one in between) else Basis.PRIOR,
    )
    return Foreseen(told, (_whole(min(low, middle)), _whole(middle), _whole(max(high, middle))))


def _pace(start: Step) -> int:
    """Microseconds from one start to the next when many wait for it."""
    return max(start.crowd, start.turn)


def _middle(values: Iterable[int]) -> int:
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2]


def _hundredths(micros: int) -> Decimal:
    return Decimal((micros + _HUNDREDTH // 2) // _HUNDREDTH) / 100


def _whole(micros: int) -> int:
    return (micros + MICRO // 2) // MICRO


_OVER, _ENDED, _RUNNING, _CREATED, _WISHED, _WRITTEN = range(6)
"""What happens to a subtask, in this order at the same moment: what gives something free comes first."""
_LINE: Final = (_RUNNING, _OVER, _CREATED)
"""What writes lead to, in the order in which they are made."""


def played(of: Problem, ranks: Sequence[int], runs: Sequence[int], steps: Sequence[Steps]) -> int:
    """Microseconds until the last end is passed on, if subtask ``i`` runs for ``runs[i]`` of them and has ``steps[i]``."""
    return _Play(of, ranks, runs, steps).end()


class _Play:
    """One performance: what has happened until ``_now``, and ``_events`` to come.

    Writes stand in one line, each at its head for its turn: starts before ends, ends before what prepares, as in the operator.
    """

    def __init__(self, of: Problem, ranks: Sequence[int], runs: Sequence[int], steps: Sequence[Steps]) -> None:
        packed = pack(of)
        self._amounts, self._after = packed.amounts, of.graph.after
        self._free = packed.free | packed.guards
        self._lines = Lines(of, packed, ranks)
        self._runs, self._steps = runs, steps
        self._missing = [1 + len(earlier) for earlier in of.graph.before]  # itself must be created, too
        size = len(of.order)
        self._events = [(steps[node].opening.lasts(size), _WISHED, node) for node in of.order]
        heapq.heapify(self._events)
        self._ready: list[int] = []
        self._writes: dict[int, deque[tuple[int, int, int]]] = {event: deque() for event in _LINE}
        self._busy = False
        self._starting = self._ending = self._now = 0

    def end(self) -> int:
        """Play to the end, and tell when that is."""
        events, happens = self._events, (
            self._over, self._ended, self._running, self._created, self._wished, self._written
        )  # fmt: skip
        while events:
            self._now = now = events[0][0]
            while events and events[0][0] == now:
                _, event, node = heapq.heappop(events)
                happens[event](node)
            if self._ready:
                self._lines.join(self._ready)
                self._ready = []
            for node in self._lines.take(self._free):
                self._free -= self._amounts[node]
                start = self._steps[node].start
                self._write(_RUNNING, node, start.turn, start.lasts(self._starting))
                self._starting += 1
            if not self._busy:
                self._take_turn()
        return self._now

    def _wished(self, node: int) -> None:
        self._write(_CREATED, node, self._steps[node].opening.turn, 0)

    def _created(self, node: int) -> None:
        self._nearer(node)

    def _nearer(self, node: int) -> None:
        """One thing less is missing to a subtask."""
        self._missing[node] -= 1
        if not self._missing[node]:
            self._ready.append(node)

    def _running(self, node: int) -> None:
        self._starting -= 1
        heapq.heappush(self._events, (self._now + self._runs[node], _ENDED, node))

    def _ended(self, node: int) -> None:
        self._free += self._amounts[node]
        hand_over = self._steps[node].hand_over
        self._write(_OVER, node, hand_over.turn, hand_over.lasts(self._ending))
        self._ending += 1

    def _over(self, node: int) -> None:
        self._ending -= 1
        for later in self._after[node]:
            self._nearer(later)

    def _written(self, _node: int) -> None:
        self._busy = False

    def _write(self, leads_to: int, node: int, turn: int, lasts: int) -> None:
        """Put a write into the line that leads to an event some time after it; one that takes no turn need not wait for one."""
        if turn:
            self._writes[leads_to].append((node, turn, lasts))
        else:
            heapq.heappush(self._events, (self._now + lasts, leads_to, node))

    def _take_turn(self) -> None:
        for leads_to, waiting in self._writes.items():
            if waiting:
                node, turn, lasts = waiting.popleft()
                self._busy = True
                heapq.heappush(self._events, (self._now + turn, _WRITTEN, node))
                heapq.heappush(self._events, (self._now + turn + lasts, leads_to, node))
                return
