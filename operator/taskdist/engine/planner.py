"""The one entry: from a request to the explained, checked and costed plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskdist.engine.draw import draw
from taskdist.engine.facts import Facts
from taskdist.engine.hashing import plan_hash
from taskdist.engine.model import Plan
from taskdist.engine.outline import understand
from taskdist.engine.rules import can_be_planned, findings

if TYPE_CHECKING:
    from taskdist.engine.model import PlanRequest


def plan(request: PlanRequest) -> Plan:
    """Plan a request. Pure: equal requests give equal plans, on every machine.

    Mistakes of the user are findings of severity Error, all of them at once; where the graph itself is wrong there
    are no subtasks and the hash is empty. The order of agent types, providers and history does not matter; that of
    tasks decides between equals.
    """
    outline = understand(request)
    facts = Facts(outline)
    if not can_be_planned(facts):
        return Plan(findings=findings(facts))
    drawn = draw(outline)
    return Plan(
        subtasks=drawn.subtasks,
        parallelism=drawn.parallelism,
        estimate=drawn.estimate,
        schedule=drawn.schedule,
        findings=findings(Facts(outline, drawn)),
        hash=plan_hash(drawn.subtasks),
        waits=drawn.waits,
        insights=drawn.insights,
        conflict_seconds=drawn.conflict_seconds,
        lock_seconds=drawn.lock_seconds,
        forecast=drawn.forecast,
    )
