"""What finished attempts taught, as tables: of each agent type, or of one and the tasks that it is known to run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from taskdist.cli.lines import Column, Line, clean, duration, memory, table
from taskdist.planning.learned import learned

if TYPE_CHECKING:
    from taskdist.api import AgentType
    from taskdist.engine.history import KnownDelay
    from taskdist.engine.model import Delay, Observation, TaskObservation

_FIGURES = (
    Column("ATTEMPTS", right=True),
    Column("HALF WITHIN", right=True),
    Column("90 % WITHIN", right=True),
    Column("95 % FIT IN", right=True),
)


def agent_types_text(found: Sequence[AgentType]) -> list[Line]:
    """Return a line per agent type; durations and memory are those at middle complexity."""
    rows = [
        [
            clean(one.metadata.name),
            *_figures(one.status.samples, learned(one.status).observation("")),
            str(len(one.status.history.tasks)),
            _fine(learned(one.status).delays.start),
            _fine(learned(one.status).delays.hand_over),
        ]
        for one in found
    ]
    columns = [Column(title, right=True) for title in ("TASKS", "A START", "A HAND-OVER")]
    return table([Column("AGENT TYPE"), *_FIGURES, *columns], rows, indent="")


def _fine(known: KnownDelay) -> str:
    """Seconds of a step that finds hardly any other under way."""
    return f"{known.alone:.2f}s" if known.samples else "-"


def tasks_text(agent_type: AgentType) -> list[Line]:
    """Return a line per task of an agent type, the one that ran last first."""
    seen = {task.key: task for task in learned(agent_type.status).observation("").tasks}
    rows = [
        [clean(task.key), *_figures(task.samples, seen[task.key])] for task in reversed(agent_type.status.history.tasks)
    ]
    return table([Column("TASK"), *_FIGURES], rows, indent="")


def _figures(samples: int, seen: Observation | TaskObservation) -> list[str]:
    return [
        str(samples),
        duration(seen.seconds_p50) if seen.seconds_p50 else "-",
        duration(seen.seconds_p90) if seen.seconds_p90 else "-",
        memory(seen.memory_bytes_p95) if seen.memory_bytes_p95 else "-",
    ]


def history_document(found: Sequence[AgentType]) -> dict[str, Any]:
    """Return the same for a program; seconds of attempts are whole, and null is unknown."""
    items = []
    for one in found:
        seen = learned(one.status).observation("")
        samples = {task.key: task.samples for task in one.status.history.tasks}
        until = one.status.history.until
        items.append(
            {
                "agentType": one.metadata.name,
                "until": until.isoformat() if until else None,
                **_numbers(one.status.samples, seen),
                "startSeconds": _decimal(seen.delays.start),
                "handOverSeconds": _decimal(seen.delays.hand_over),
                "tasks": [{"key": task.key, **_numbers(samples[task.key], task)} for task in seen.tasks],
            }
        )
    return {"items": items}


def _decimal(delay: Delay) -> str | None:
    return f"{delay.seconds:.3f}" if delay.samples else None


def _numbers(samples: int, seen: Observation | TaskObservation) -> dict[str, int | None]:
    return {
        "samples": samples,
        "measured": seen.measured,
        "secondsP50": round(seen.seconds_p50) or None,
        "secondsP90": round(seen.seconds_p90) or None,
        "memoryBytesP95": seen.memory_bytes_p95 or None,
    }
