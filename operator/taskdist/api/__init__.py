"""The wire types: one pydantic model per kind, and the names that go with them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from taskdist.api.agent_type import AgentType
    from taskdist.api.execution_plan import ExecutionPlan
    from taskdist.api.provider import Provider
    from taskdist.api.sub_task import SubTask
    from taskdist.api.task_distribution import TaskDistribution

__all__ = ["AgentType", "ExecutionPlan", "Provider", "SubTask", "TaskDistribution"]

_HOMES: Final = {
    "AgentType": "agent_type",
    "ExecutionPlan": "execution_plan",
    "Provider": "provider",
    "SubTask": "sub_task",
    "TaskDistribution": "task_distribution",
}


def __getattr__(name: str) -> Any:
    """Load a kind when it is first asked for: `taskdist plan` needs two of them, and each takes its time."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
