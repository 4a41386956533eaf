"""What a run took and cost, beside what was planned: reckoned from its subtasks' attempts, for the report's text and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from taskdist.api import SubTask, TaskDistribution
from taskdist.api.sub_task import Attempt

_GIB_HOUR = Decimal(3600)


@dataclass(frozen=True, slots=True)
class Spent:
    """Where the time of one subtask went, in seconds, and what it cost.

    ``held``: ready, but without a pod (limits, locks, room). ``starting``: from pod to agent (scheduling, image).
    ``running``: the agent at work. ``between``: from the end of an attempt to the next one's pod (back-off).
    ``ready`` and ``finished`` are moments; None where it has not come so far.
    """

    subtask: SubTask
    ready: datetime | None
    finished: datetime | None
    held: float
    starting: float
    running: float
    between: float
    cost_usd: Decimal
    wasted_gib_seconds: Decimal
    memory_gib_seconds: Decimal

    @property
    def id(self) -> str:
        """Id of the subtask."""
        return self.subtask.spec.id


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run. ``chain`` are the subtasks that decided when it ended, first to last: each waited for the one before."""

    root: TaskDistribution
    spent: tuple[Spent, ...]
    chain: tuple[Spent, ...]

    @property
    def cost_usd(self) -> Decimal:
        """What all subtasks cost so far."""
        return sum((one.cost_usd for one in self.spent), Decimal(0))

    @property
    def wasted_share(self) -> Decimal | None:
        """The part of the requested memory that was not used at the peak of its attempt; None where none was measured."""
        if not any(a.peak_memory is not None for one in self.spent for a in one.subtask.status.attempts):
            return None
        held = sum((one.memory_gib_seconds for one in self.spent), Decimal(0))
        wasted = sum((one.wasted_gib_seconds for one in self.spent), Decimal(0))
        return wasted / held if held else None

    @property
    def wasted_gib_hours(self) -> Decimal:
        """Requested and unused memory times running time."""
        return sum((one.wasted_gib_seconds for one in self.spent), Decimal(0)) / _GIB_HOUR

    @property
    def deviation(self) -> Decimal | None:
        """How far planned running times were off: sum of absolute differences over the sum of the real ones."""
        done = [one for one in self.spent if one.finished is not None and one.running > 0]
        real = sum(one.running for one in done)
        if not real:
            return None
        return Decimal(str(round(sum(abs(one.running - one.subtask.spec.estimate.seconds) for one in done) / real, 4)))


def reckon(root: TaskDistribution, subtasks: Sequence[SubTask], now: datetime) -> Report:
    """Reckon a run up to ``now``; ``subtasks`` come in any order and are kept in the planned one."""
    ordered = sorted(subtasks, key=lambda one: (one.spec.start, one.spec.finish, one.spec.id))
    ends = {one.spec.id: _end(one) for one in ordered}
    begin = root.status.start_time
    first = min((a.create_time for one in ordered for a in one.status.attempts if a.create_time), default=begin)
    spent = tuple(_spent(one, ends, first, now) for one in ordered)
    return Report(root, spent, _chain(spent))


def _spent(subtask: SubTask, ends: Mapping[str, datetime | None], first: datetime | None, now: datetime) -> Spent:
    upstream = [ends.get(edge.name) for edge in subtask.spec.depends_on]
    known = [end for end in upstream if end is not None]
    ready = None if len(known) < len(upstream) else max([*known, *([first] if first is not None else [])], default=None)
    attempts, usage = subtask.status.attempts, subtask.status.usage
    created = attempts[0].create_time if attempts else None
    finished = _end(subtask)
    pairs = pairwise(attempts)
    return Spent(
        subtask=subtask,
        ready=ready,
        finished=finished,
        held=_between(ready, created or (None if subtask.status.phase.terminal else now)),
        starting=sum(_between(one.create_time, one.start_time or one.finish_time or now) for one in attempts),
        running=float(usage.seconds) if usage is not None and finished else sum(_ran(one, now) for one in attempts),
        between=sum(_between(one.finish_time, other.create_time) for one, other in pairs),
        cost_usd=Decimal(usage.cost_usd) if usage is not None else Decimal(0),
        wasted_gib_seconds=Decimal(usage.wasted_memory_gib_seconds) if usage is not None else Decimal(0),
        memory_gib_seconds=Decimal(usage.memory_gib_seconds) if usage is not None else Decimal(0),
    )


def _end(subtask: SubTask) -> datetime | None:
    if not subtask.status.phase.terminal:
        return None
    return max((a.finish_time for a in subtask.status.attempts if a.finish_time), default=None)


def _ran(attempt: Attempt, now: datetime) -> float:
    return _between(attempt.start_time, attempt.finish_time or now)


def _between(begin: datetime | None, end: datetime | None) -> float:
    return max((end - begin).total_seconds(), 0.0) if begin is not None and end is not None else 0.0


def _chain(spent: Iterable[Spent]) -> tuple[Spent, ...]:
    """Walk back from what ended last, each time to the dependency that ended last."""
    known = {one.id: one for one in spent if one.finished is not None}
    chain: list[Spent] = []
    at = _latest(known.values())
    while at is not None:
        chain.append(known.pop(at.id))
        at = _latest(known[edge.name] for edge in at.subtask.spec.depends_on if edge.name in known)
    return tuple(reversed(chain))


def _latest(spent: Iterable[Spent]) -> Spent | None:
    return max(spent, key=lambda one: (one.finished.timestamp() if one.finished else 0.0, one.id), default=None)
