"""Builders of plans for views: only what matters is given."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from taskdist.engine.model import (
    Complexity,
    Dependency,
    Estimate,
    Finding,
    Parallelism,
    Plan,
    PlannedSubTask,
    Resources,
    Routing,
    ScheduleQuality,
    Severity,
    TriggerRule,
    Work,
)
from taskdist.planning.document import Planned


def subtask(
    name: str, after: str = "", *, seconds: int = 300, start: int = 0, cost: str = "0.05", **changes
) -> PlannedSubTask:
    planned = PlannedSubTask(
        id=name,
        description=f"{name.capitalize()} it",
        agent_type="analysis",
        specialization="analysis",
        depends_on=tuple(Dependency(one) for one in after.split()),
        trigger_rule=TriggerRule.ALL_SUCCEEDED,
        work=Work(),
        complexity=Complexity(0.5, (("length", 0.25), ("verbs", 0.25))),
        routing=Routing("analysis", 2.5, "general", 0.5, 'matched "analyze"'),
        resources=Resources(500, 1024**3),
        provider="default",
        estimate=Estimate(seconds, Decimal(cost), seconds // 2, seconds * 2, Decimal(cost) / 2, Decimal(cost) * 2),
        start=start,
        finish=start + seconds,
        slack_seconds=0,
        critical=False,
        priority=1,
        definition_hash="abc",
    )
    return replace(planned, **changes)


def warning(code: str = "HighCost", severity: Severity = Severity.WARNING, **changes) -> Finding:
    return replace(Finding(code, severity, "spec.limits.budgetUSD", "it costs much", "raise the budget"), **changes)


def plan(*subtasks: PlannedSubTask, findings: tuple[Finding, ...] = (), path: str = "", **changes) -> Planned:
    end = max((one.finish for one in subtasks), default=0)
    cost = sum((one.estimate.cost_usd for one in subtasks), Decimal(0))
    made = Plan(
        subtasks=subtasks,
        parallelism=Parallelism(
            2, 3, 0.25, 1.5, tuple(path.split()), end, sum(one.estimate.seconds for one in subtasks)
        ),
        estimate=Estimate(end, cost, end // 2, end * 2, cost / 2, cost * 2),
        schedule=ScheduleQuality(end, end, "list"),
        findings=findings,
        hash="7f3c" * 16,
    )
    return Planned(**{"name": "release", "namespace": "default", "strategy": "Balanced", "plan": made, **changes})


def release() -> Planned:
    """The design's sample: five subtasks in a diamond with a tail."""
    return plan(
        subtask("analyze-access-logs", critical=True),
        subtask(
            "optimize-slow-queries",
            "analyze-access-logs",
            start=300,
            seconds=400,
            critical=True,
            agent_type="optimization",
        ),
        subtask(
            "integrate-fix", "analyze-access-logs", start=300, seconds=260, slack_seconds=140, agent_type="integration"
        ),
        subtask(
            "validate-result",
            "optimize-slow-queries integrate-fix",
            start=700,
            seconds=120,
            critical=True,
            agent_type="testing",
        ),
        subtask(
            "deploy", "validate-result", start=820, seconds=81, critical=True, agent_type="deployment", cost="0.22"
        ),
        findings=(warning(),),
        path="analyze-access-logs optimize-slow-queries validate-result deploy",
    )
