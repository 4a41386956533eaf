"""What an AgentType's status holds of finished attempts, as the engine has it, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskdist.engine.history import TASK, WHOLE, Known, Learned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskdist.api.agent_type import AgentType, AgentTypeStatus
    from taskdist.engine.model import Observation


def observations(agent_types: Iterable[AgentType]) -> tuple[Observation, ...]:
    """What the statuses of agent types teach a plan."""
    return tuple(learned(one.status).observation(one.metadata.name) for one in agent_types if one.status.samples)


def learned(status: AgentTypeStatus) -> Learned:
    """Read what is known of an agent type's attempts from its status."""
    history = status.history
    return Learned(
        Known(WHOLE).read(status.samples, history.seconds, history.memory, history.cpu),
        {task.key: Known(TASK).read(task.samples, task.seconds, task.memory, task.cpu) for task in history.tasks},
    )


def written(known: Learned, until: str) -> dict[str, Any]:
    """Return the fields of the status that hold ``known``, of which the last attempt ended ``until``."""
    return {
        "samples": known.whole.samples,
        "history": {
            "until": until,
            **_sketches(known.whole),
            "tasks": [{"key": key, "samples": task.samples, **_sketches(task)} for key, task in known.tasks.items()],
        },
    }


def _sketches(known: Known) -> dict[str, str]:
    return {"seconds": known.seconds.text(), "memory": known.memory.text(), "cpu": known.cpu.text()}
