"""What finished attempts taught, as an AgentType's status holds it and as an ExecutionPlan does, and back."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any, Final

from taskdist.engine.delays import PRIOR
from taskdist.engine.history import TASK, WHOLE, Known, KnownDelay, KnownDelays, Learned, task_key
from taskdist.engine.model import Delay, Delays, Observation, TaskObservation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from taskdist.api.agent_type import AgentType, AgentTypeStatus, DelayHistory
    from taskdist.engine.delays import Step
    from taskdist.engine.model import PlannedSubTask

_MOST_KEPT: Final = 128 * 1024
"""Characters that a plan may keep of what it rests on; an object has room for 256 Ki in annotations."""
_NUMBERS: Final = 7
"""Values of an observation before its tasks."""
_NOTHING: Final = Delays()
_MOST_READ: Final = 8 * 1024**2
"""Bytes that it may unpack to: far above what is ever kept, and little enough to be read."""


def kept(history: Iterable[Observation], subtasks: Collection[PlannedSubTask]) -> str:
    """Pack what was known of the agent types and tasks of a plan, also if that is nothing; empty if it is far too much.

    Of other agent types only the delays count, and those of all together: how fast the cluster starts pods.
    """
    used = {s.agent_type for s in subtasks}
    known = [
        one if one.agent_type in used else Observation(one.agent_type, 0, 0.0, 0.0, 0, 0, delays=one.delays)
        for one in history
        if one.agent_type in used or one.delays != _NOTHING
    ]
    if any(one.tasks for one in known):
        tasks = {task_key(s.agent_type, s.description, s.work, s.item) for s in subtasks}
        known = [replace(one, tasks=tuple(task for task in one.tasks if task.key in tasks)) for one in known]
    told = json.dumps([astuple(one) for one in known], separators=(",", ":"))
    packed = base64.b64encode(gzip.compress(told.encode(), mtime=0)).decode()
    return packed if len(packed) <= _MOST_KEPT else ""


def recalled(packed: str) -> tuple[Observation, ...] | None:
    """Unpack what :func:`kept` packed; None if there is nothing, or it was not packed by that."""
    if not packed:
        return None
    try:
        told = zlib.decompressobj(wbits=31).decompress(base64.b64decode(packed, validate=True), _MOST_READ)
        return tuple(_observation(one) for one in json.loads(told))
    except (binascii.Error, zlib.error, ValueError, TypeError, RecursionError):
        return None


def _observation(told: list[Any]) -> Observation:
    """``told`` by an operator that knew of no delays ends with the tasks."""
    *numbers, tasks, mean, delays = told if len(told) > _NUMBERS + 1 else [*told, 0.0, []]
    return replace(
        Observation(*numbers),
        tasks=tuple(TaskObservation(*task) for task in tasks),
        seconds_mean=mean,
        delays=Delays(*(Delay(*delay) for delay in delays)),
    )


def observations(agent_types: Iterable[AgentType]) -> tuple[Observation, ...]:
    """What the statuses of agent types teach a plan."""
    return tuple(learned(one.status).observation(one.metadata.name) for one in agent_types if one.status.samples)


def learned(status: AgentTypeStatus) -> Learned:
    """Read what is known of an agent type's attempts from its status."""
    history = status.history
    return Learned(
        Known(WHOLE).read(status.samples, history.seconds, history.memory, history.cpu),
        {task.key: Known(TASK).read(task.samples, task.seconds, task.memory, task.cpu) for task in history.tasks},
        KnownDelays(
            _known(history.opening, PRIOR.opening),
            _known(history.start, PRIOR.start),
            _known(history.hand_over, PRIOR.hand_over),
        ),
    )


def _known(told: DelayHistory, expected: Step) -> KnownDelay:
    return KnownDelay(
        expected,
        told.samples,
        float(told.seconds),
        told.crowded_samples,
        float(told.crowded_seconds),
        told.others,
        told.turns,
        float(told.turn_seconds),
    )


def written(known: Learned, until: str) -> dict[str, Any]:
    """Return the fields of the status that hold ``known``, of which the last attempt ended ``until``."""
    return {
        "samples": known.whole.samples,
        "history": {
            "until": until,
            **_sketches(known.whole),
            "opening": _delay(known.delays.opening),
            "start": _delay(known.delays.start),
            "handOver": _delay(known.delays.hand_over),
            "tasks": [{"key": key, "samples": task.samples, **_sketches(task)} for key, task in known.tasks.items()],
        },
    }


def _sketches(known: Known) -> dict[str, str]:
    return {"seconds": known.seconds.text(), "memory": known.memory.text(), "cpu": known.cpu.text()}


def _delay(known: KnownDelay) -> dict[str, Any]:
    return {
        "samples": known.samples,
        "seconds": f"{known.seconds:.6f}",
        "crowdedSamples": known.crowded,
        "crowdedSeconds": f"{known.crowded_seconds:.6f}",
        "others": known.others,
        "turns": known.turns,
        "turnSeconds": f"{known.turn_seconds:.6f}",
    }
