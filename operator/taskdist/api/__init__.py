"""The wire types: one pydantic model per kind, and the names that go with them."""

from taskdist.api.agent_type import AgentType
from taskdist.api.execution_plan import ExecutionPlan
from taskdist.api.provider import Provider
from taskdist.api.sub_task import SubTask
from taskdist.api.task_distribution import TaskDistribution

__all__ = ["AgentType", "ExecutionPlan", "Provider", "SubTask", "TaskDistribution"]
