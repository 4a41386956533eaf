"""When all will be done: the schedule's dispatch order played through time, with what comes between the pieces of work.

The schedule decides on the order, by the work alone; this tells how long that order takes. A subtask is created; when what it
waits for has ended and there is room, its pod is asked for and holds its room; the pod runs, and ends; the end is passed on.
Each step lasts the longer the more others of its kind are under way (:mod:`taskdist.engine.delays`).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from taskdist.engine.delays import MICRO, NONE, steps
from taskdist.engine.model import Basis, Forecast
from taskdist.engine.schedule import pack
from taskdist.engine.schedule.generate import Lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskdist.engine.delays import Steps
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
        starts_a_second=_hundredths(MICRO * MICRO // max(1, _middle(one.start.crowd for one in between))),
        basis=Basis.HISTORY if all(one.basis is Basis.HISTORY for one in between) else Basis.PRIOR,
    )
    return Foreseen(told, (_whole(min(low, middle)), _whole(middle), _whole(max(high, middle))))


def _middle(values: Iterable[int]) -> int:
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2]


def _hundredths(micros: int) -> Decimal:
    return Decimal((micros + _HUNDREDTH // 2) // _HUNDREDTH) / 100


def _whole(micros: int) -> int:
    return (micros + MICRO // 2) // MICRO


class _Event(IntEnum):
    """What happens to a subtask; at the same moment what gives something free comes first."""

    OVER = 0
    ENDED = 1
    RUNNING = 2
    CREATED = 3


def played(of: Problem, ranks: Sequence[int], runs: Sequence[int], steps: Sequence[Steps]) -> int:
    """Microseconds until the last end is passed on, if subtask ``i`` runs for ``runs[i]`` of them and has ``steps[i]``."""
    packed = pack(of)
    amounts, after = packed.amounts, of.graph.after
    lines = Lines(of, packed, ranks)
    missing = [1 + len(earlier) for earlier in of.graph.before]  # itself must be created, too
    events = [(steps[node].opening.lasts(ahead), int(_Event.CREATED), node) for ahead, node in enumerate(of.order)]
    heapq.heapify(events)
    free = packed.free | packed.guards
    starting = ending = now = 0
    while events:
        now = events[0][0]
        ready: list[int] = []
        while events and events[0][0] == now:
            _, event, node = heapq.heappop(events)
            if event == _Event.CREATED:
                missing[node] -= 1
                if not missing[node]:
                    ready.append(node)
            elif event == _Event.RUNNING:
                starting -= 1
                heapq.heappush(events, (now + runs[node], int(_Event.ENDED), node))
            elif event == _Event.ENDED:
                free += amounts[node]
                heapq.heappush(events, (now + steps[node].hand_over.lasts(ending), int(_Event.OVER), node))
                ending += 1
            else:
                ending -= 1
                for later in after[node]:
                    missing[later] -= 1
                    if not missing[later]:
                        ready.append(later)
        lines.join(ready)
        for node in lines.take(free):
            free -= amounts[node]
            heapq.heappush(events, (now + steps[node].start.lasts(starting), int(_Event.RUNNING), node))
            starting += 1
    return now
