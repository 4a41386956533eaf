"""How long the steps between two pieces of work take, as the operator sees them: finer than the times that pods carry.

A kubelet cuts times to the second, and nobody writes down when a pod was asked for, or when its end was seen. The operator was
there: it takes the time of each step with a clock that nobody sets, and counts how many others were under way when it began.
What a step's write waits for its turn is told apart: it depends on what else there is to write. How fast turns come is seen when
more waits than may be written at once. What happened while it was not looking (before a list, after a restart) teaches nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from taskdist.reconcile.outcome import stuck
from taskdist.reconcile.views import PodPhase, PodView, SubTaskView

K = TypeVar("K")
V = TypeVar("V")

_MOST = 10_000
"""Steps of one kind that are timed at once, and runs that are remembered; the oldest are forgotten first."""
_LONGEST_SECONDS = 600.0
"""What is not done by then is no step that takes long, but one that never came."""


class Step(StrEnum):
    """What lies between a plan in force and the first run, and between one run and the next."""

    OPENING = "opening"
    """From the wish for a SubTask to its being there; where nobody need approve the plan, from the wish for that."""
    START = "start"
    """From the wish for a pod to the sight of its running: queue of writes, creation, scheduling, image, container."""
    HAND_OVER = "handOver"
    """From the sight of a pod's end to the record of it, on which what waits for it may start."""


@dataclass(frozen=True, slots=True)
class Took:
    """One step of an agent type's subtask: how long it took beside the wait for its write's turn.

    ``others`` is how many of its kind were under way as it began; for an opening, of how many subtasks the plan was that it had
    to wait for: the longer the plan, the longer it takes to make and to store. ``busy`` is whether more than may be written at
    once waited then: the server was no faster for it being alone.
    """

    step: Step
    agent_type: str
    seconds: float
    others: int
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Timed:
    """A write that belongs to a step: of which agent type's subtask, and the ``key`` by which the step is known here."""

    step: Step
    agent_type: str
    key: Hashable


@dataclass(frozen=True, slots=True)
class Turn:
    """The write of one step of an agent type's subtask: seconds from the end of the write before it, while more waited."""

    step: Step
    agent_type: str
    seconds: float


@dataclass(slots=True)
class _Begun:
    at: float
    others: int
    busy: bool


@dataclass(slots=True)
class Stopwatch:
    """Times steps and runs. Every moment is given, in seconds of a clock that only goes forward."""

    _begun: dict[Step, dict[Hashable, _Begun]] = field(default_factory=lambda: {step: {} for step in Step})
    _planned: dict[tuple[str, str], float] = field(default_factory=dict)
    _running: dict[str, float] = field(default_factory=dict)
    _ran: dict[str, float] = field(default_factory=dict)
    _busy_since: float | None = None

    def plan_wanted(self, namespace: str, distribution: str, at: float) -> None:
        """A distribution is about to be planned, and its SubTasks will be created as soon as it is."""
        _keep(self._planned, (namespace, distribution), at)

    def subtask_wanted(
        self, namespace: str, distribution: str, name: str, at: float, size: int = 0, *, agent_type: str = ""
    ) -> Timed:
        """A SubTask is about to be created, of a plan of this size; returns its write."""
        write = Timed(Step.OPENING, agent_type, (namespace, name))
        wanted = self._planned.get((namespace, distribution))
        self._begin(write.step, write.key, *((at, 0) if wanted is None else (wanted, size)))
        return write

    def opened(self, namespace: str, distribution: str) -> None:
        """The SubTasks of a plan are on their way: what is created later was not waiting for the plan."""
        self._planned.pop((namespace, distribution), None)

    def pod_wanted(self, namespace: str, name: str, at: float, *, agent_type: str = "") -> Timed:
        """A pod is about to be created; returns its write."""
        write = Timed(Step.START, agent_type, (namespace, name))
        self._begin(write.step, write.key, at)
        return write

    def record_wanted(self, subtask: SubTaskView) -> Timed:
        """The end of a SubTask's attempt, which was seen, is about to be recorded; returns that write."""
        return Timed(Step.HAND_OVER, subtask.agent_type, (subtask.uid, subtask.attempt))

    def refused(self, namespace: str, name: str) -> None:
        """The SubTask or pod was not created; how long it waits for that says nothing about a step."""
        for step in (Step.OPENING, Step.START):
            self._begun[step].pop((namespace, name), None)

    def waited(self, write: Timed, seconds: float) -> None:
        """The write of a step is about to be made, after so many seconds in line."""
        if (begun := self._begun[write.step].get(write.key)) is not None:
            begun.at += seconds

    def wrote(self, write: Timed | None, at: float, *, more: bool) -> list[Turn]:
        """A write was made, of a step or of anything else, and ``more`` wait than may be made at once."""
        since, self._busy_since = self._busy_since, at if more else None
        return [Turn(write.step, write.agent_type, at - since)] if write is not None and since is not None else []

    def subtask_seen(self, namespace: str, seen: SubTaskView, at: float) -> list[Took]:
        """A SubTask as it is now: it was created, or an end was recorded in it."""
        took = [self._end(Step.OPENING, (namespace, seen.name), at, seen.agent_type)]
        for attempt in seen.attempts[-2:]:
            if attempt.finished_at is not None:
                agent_type = attempt.agent_type or seen.agent_type
                took.append(self._end(Step.HAND_OVER, (seen.uid, attempt.number), at, agent_type))
        return [one for one in took if one is not None]

    def pod_seen(self, namespace: str, seen: PodView, at: float) -> list[Took]:
        """A pod as it is now."""
        key = namespace, seen.name
        if seen.phase is PodPhase.RUNNING and not seen.deleting:
            if seen.uid not in self._running:
                _keep(self._running, seen.uid, at)
            took = self._end(Step.START, key, at, seen.agent_type)
            return [took] if took is not None else []
        if seen.ended:
            begun = self._running.pop(seen.uid, None)
            if begun is not None:
                _keep(self._ran, seen.uid, at - begun)
            self._begun[Step.START].pop(key, None)
            if (seen.owner_uid, seen.attempt) not in self._begun[Step.HAND_OVER]:
                self._begin(Step.HAND_OVER, (seen.owner_uid, seen.attempt), at)
        elif seen.gated or seen.deleting or stuck(seen) is not None:
            self._begun[Step.START].pop(
                key, None
            )  # it waits for room, which the schedule knows of, or cannot start at all
        return []

    def pod_gone(self, namespace: str, seen: PodView) -> None:
        """A pod is no more."""
        self._begun[Step.START].pop((namespace, seen.name), None)
        self._running.pop(seen.uid, None)

    def ran(self, pod_uid: str) -> float | None:
        """Seconds between the sights of a pod's start and end, if both were seen as they came."""
        return self._ran.get(pod_uid)

    def blink(self) -> None:
        """Something was not seen as it came: what is under way cannot be timed."""
        for steps in self._begun.values():
            steps.clear()
        self._busy_since = None
        self._planned.clear()
        self._running.clear()

    def _begin(self, step: Step, key: Hashable, at: float, size: int = 0) -> None:
        begun = self._begun[step]
        while begun and at - next(iter(begun.values())).at > _LONGEST_SECONDS:
            del begun[next(iter(begun))]
        begun.pop(key, None)
        if step is Step.OPENING:
            _keep(begun, key, _Begun(at, others=size, busy=False))
        else:
            _keep(begun, key, _Begun(at, others=len(begun), busy=self._busy_since is not None))

    def _end(self, step: Step, key: Hashable, at: float, agent_type: str) -> Took | None:
        begun = self._begun[step].pop(key, None)
        if begun is None:
            return None
        return Took(step, agent_type, max(0.0, at - begun.at), begun.others, begun.busy)


def _keep(kept: dict[K, V], key: K, value: V) -> None:
    kept[key] = value
    if len(kept) > _MOST:
        del kept[next(iter(kept))]
