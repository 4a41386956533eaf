"""Learning from finished attempts: what each of them teaches, and that none teaches twice.

An attempt is known by its SubTask's UID and its number. In memory those counted lately are kept; what ended before the oldest
of them is taken for counted. What is written down holds the moment of the last end that it counts, so an operator that takes
over, sees every SubTask anew and counts on from there: a few attempts may be missed, none counts twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from taskdist.api.agent_type import AgentType
from taskdist.api.names import SubTaskReason
from taskdist.engine.history import Learned, Run, task_key
from taskdist.engine.model import Complexity
from taskdist.engine.quantity import parse_memory_bytes
from taskdist.planning.learned import learned, written
from taskdist.reconcile.stopwatch import Step, Took, Turn
from taskdist.reconcile.text import wire_time
from taskdist.reconcile.views import AttemptView, SubTaskView

_REMEMBERED = 4096
"""Attempts per agent type that are known one by one."""
_AHEAD = timedelta(minutes=1)
"""A node's clock may be so far ahead of ours; what ended later than that is left until then."""
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One finished attempt, and what it showed. ``key`` is empty where another agent type than planned ran it."""

    attempt: tuple[str, int]
    agent_type: str
    ended_at: datetime
    complexity: Complexity
    key: str
    run: Run


def lessons(subtask: SubTaskView, ran: Callable[[str], float | None] = lambda _: None) -> Iterator[Lesson]:
    """What the finished attempts of a subtask teach; ``ran`` are the seconds for which a pod was seen running, by its UID.

    One that completed tells what it took. One that was killed for want of memory, or ended for want of time, tells that more is
    needed than it had. All others (evicted, lost, failed for reasons of their own) tell nothing about the work.
    """
    key = ""
    for attempt in subtask.attempts:
        run = _run(attempt, ran) if attempt.finished_at is not None else None
        if run is None or attempt.finished_at is None:
            continue
        stand_in = attempt.agent_type not in {"", subtask.agent_type}
        if not stand_in and not key:
            key = task_key(subtask.agent_type, subtask.description, subtask.work, subtask.item)
        yield Lesson(
            (subtask.uid, attempt.number),
            attempt.agent_type or subtask.agent_type,
            attempt.finished_at,
            subtask.complexity,
            "" if stand_in else key,
            run,
        )


def _run(attempt: AttemptView, ran: Callable[[str], float | None]) -> Run | None:
    seconds = None
    if attempt.started_at is not None and attempt.finished_at is not None:
        seconds = _seconds((attempt.finished_at - attempt.started_at).total_seconds(), ran(attempt.pod_uid))
    match attempt.reason:
        case SubTaskReason.COMPLETED:
            return Run(seconds, memory_bytes=_memory(attempt.peak_memory))
        case SubTaskReason.OOM_KILLED if limit := _memory(attempt.memory):
            return Run(memory_bytes=limit, memory_above=True)
        case SubTaskReason.TIMEOUT if seconds is not None:
            return Run(seconds, seconds_above=True)
    return None


def _seconds(told: float, seen: float | None) -> float:
    """How long an attempt ran: what was seen of it, within what its pod's times allow.

    Both times are cut to the second, so the true difference is less than a second off ``told``, either way. Where the operator
    saw both ends as they came it knows better; where it saw them late, not by more than that.
    """
    return max(1.0, told if seen is None else min(max(seen, told - 1), told + 1))


def _memory(text: str) -> int | None:
    """Bytes, or nothing where nothing is known; an object that somebody wrote by hand teaches nothing either."""
    try:
        return parse_memory_bytes(text) if text else None
    except ValueError:
        return None


@dataclass(slots=True)
class _Pupil:
    """What is known of one AgentType object. ``horizon``: whatever ended until then is counted, or missed for good."""

    uid: str
    known: Learned
    horizon: datetime
    until: datetime
    counted: dict[tuple[str, int], datetime] = field(default_factory=dict)
    tried_at: datetime = _BEGINNING
    unwritten: bool = False

    def take(self, lesson: Lesson) -> None:
        if lesson.ended_at <= self.horizon or lesson.attempt in self.counted:
            return
        self.known.add(lesson.run, lesson.complexity, lesson.key)
        self.counted[lesson.attempt] = lesson.ended_at
        self.until, self.unwritten = max(self.until, lesson.ended_at), True
        if len(self.counted) > _REMEMBERED:
            by_end = sorted(self.counted.items(), key=lambda one: one[1])
            self.horizon = by_end[_REMEMBERED // 2][1]
            self.counted = {attempt: at for attempt, at in by_end if at > self.horizon}


@dataclass(slots=True)
class Learning:
    """All that was learned, by agent type. It begins with what the statuses hold."""

    _pupils: dict[str, _Pupil] = field(default_factory=dict)

    def take(self, seen: Iterable[Lesson], agent_types: dict[str, AgentType], now: datetime) -> list[Lesson]:
        """Count lessons; returns those that cannot be counted yet, because nobody knows their agent type (yet)."""
        left = []
        for lesson in sorted(seen, key=lambda one: one.ended_at):  # a horizon must not overtake what comes late
            agent_type = agent_types.get(lesson.agent_type)
            if agent_type is None:
                left.append(lesson)
            elif lesson.ended_at <= now + _AHEAD:
                self._pupil(agent_type).take(lesson)
        return left

    def time(self, seen: Iterable[Took | Turn], agent_types: dict[str, AgentType]) -> None:
        """Learn how long steps and writes took, if their agent types are known. It is written with the next lesson."""
        for one in seen:
            agent_type = agent_types.get(one.agent_type)
            if agent_type is not None:
                delays = self._pupil(agent_type).known.delays
                known = {Step.OPENING: delays.opening, Step.START: delays.start, Step.HAND_OVER: delays.hand_over}
                if isinstance(one, Turn):
                    known[one.step].add_turn(one.seconds)
                else:
                    known[one.step].add(one.seconds, one.others, busy=one.busy)

    def to_write(self, agent_type: AgentType, now: datetime, interval: timedelta) -> dict[str, Any]:
        """Status fields that must be written, or none: nothing is new, or the last time was less than ``interval`` ago."""
        pupil = self._pupils.get(agent_type.metadata.name)
        if (
            pupil is None
            or pupil.uid != agent_type.metadata.uid
            or not pupil.unwritten
            or now < pupil.tried_at + interval
        ):
            return {}
        pupil.tried_at = now
        return written(pupil.known, wire_time(pupil.until))

    def wrote(self, agent_type: AgentType) -> None:
        """What :meth:`to_write` gave has been written."""
        self._pupils[agent_type.metadata.name].unwritten = False

    def _pupil(self, agent_type: AgentType) -> _Pupil:
        name, uid = agent_type.metadata.name, agent_type.metadata.uid
        pupil = self._pupils.get(name)
        if pupil is None or pupil.uid != uid:
            until = agent_type.status.history.until or _BEGINNING
            pupil = self._pupils[name] = _Pupil(uid, learned(agent_type.status), until, until)
        return pupil
