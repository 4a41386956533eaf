"""What a distribution that has begun holds of its namespace, and will still take: room and money for others to plan beside."""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal
from typing import TYPE_CHECKING

from taskdist.api.names import ConditionStatus, ConditionType
from taskdist.api.task_distribution import PlanningMode
from taskdist.engine.model import Reservation, Resources
from taskdist.engine.peak import peak

if TYPE_CHECKING:
    from taskdist.api import TaskDistribution
    from taskdist.engine.model import PlannedSubTask


def reserves(root: TaskDistribution) -> bool:
    """True if a distribution, as its status tells, may start pods or runs some: it has a plan that may run, and is not over."""
    status = root.status
    over = {ConditionType.FINISHED.value, ConditionType.STALLED.value}
    if status.plan is None or any(c.type in over and c.status is ConditionStatus.TRUE for c in status.conditions):
        return False
    return may_run(root, status.plan.hash)


def may_run(root: TaskDistribution, plan_hash: str) -> bool:
    """True if the spec lets a plan of that hash run: it is approved where it must be, and nobody wants it ended."""
    mode = root.spec.planning.mode
    if root.metadata.deletion_timestamp is not None or root.spec.cancel or mode is PlanningMode.PLAN_ONLY:
        return False
    return mode is not PlanningMode.MANUAL or root.spec.approved_plan_hash == plan_hash


def reservation(
    name: str,
    subtasks: tuple[PlannedSubTask, ...],
    *,
    done: Container[str],
    running: Container[str],
    priority: int = 0,
    remaining_seconds: int = 0,
) -> Reservation:
    """Return what is left of a plan: of its ``subtasks``, those that are not ``done``.

    ``running`` are the ids of those that have a live pod. The peak is that of the plan's own schedule, and at least what
    runs now; the money is what the rest is expected to cost, also that which runs.
    """
    left = [one for one in subtasks if one.id not in done]
    live = [one.resources for one in left if one.id in running]
    held = Resources(sum(r.cpu_millis for r in live), sum(r.memory_bytes for r in live))
    most = peak([one.start for one in left], [one.finish - one.start for one in left], [one.resources for one in left])
    return Reservation(
        name=name,
        priority=priority,
        held=held,
        held_pods=len(live),
        peak=Resources(
            max(most.resources.cpu_millis, held.cpu_millis), max(most.resources.memory_bytes, held.memory_bytes)
        ),
        peak_pods=max(most.pods, len(live)),
        reserved_usd=sum((one.estimate.cost_usd for one in left), Decimal(0)),
        remaining_seconds=remaining_seconds,
    )
