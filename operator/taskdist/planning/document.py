"""A plan as a document: the JSON of ``taskdist plan -o json``.

It is for programs and for keeping (``--out plan.json``, ``plan diff``; :mod:`taskdist.planning.document_reader` reads
it back). Its form is versioned; money, ratios and scores are decimal strings, durations whole seconds, CPU and memory
Kubernetes quantities, as everywhere in the API. Equal plans give equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from taskdist.engine.model import Dependency, Plan, PlannedSubTask
from taskdist.engine.quantity import format_cpu, format_memory

if TYPE_CHECKING:
    from taskdist.engine.model import PlanRequest

FORMAT_VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with the name of what it plans: what every view of a plan is drawn from."""

    name: str
    namespace: str
    strategy: str
    plan: Plan


def plan_document(plan: Plan, request: PlanRequest) -> dict[str, Any]:
    """Return the JSON document of a plan."""
    return planned_document(Planned(request.name, request.namespace, request.strategy.value, plan))


def planned_document(planned: Planned) -> dict[str, Any]:
    """Return the JSON document of a plan, wherever it comes from."""
    plan = planned.plan
    return {
        "formatVersion": FORMAT_VERSION,
        "name": planned.name,
        "namespace": planned.namespace,
        "strategy": planned.strategy,
        "valid": plan.valid,
        "subtasks": [_subtask(subtask) for subtask in plan.subtasks],
        "edges": [_edge(subtask.id, edge) for subtask in plan.subtasks for edge in subtask.depends_on],
        "parallelism": {
            "width": plan.parallelism.width,
            "layers": plan.parallelism.layers,
            "parallelizationPotential": _number(plan.parallelism.potential, 2),
            "speedup": _number(plan.parallelism.speedup, 2),
            "criticalPath": list(plan.parallelism.critical_path),
            "criticalPathSeconds": plan.parallelism.critical_path_seconds,
            "workSeconds": plan.parallelism.work_seconds,
        },
        "schedule": {
            "makespanSeconds": plan.schedule.makespan_seconds,
            "lowerBoundSeconds": plan.schedule.lower_bound_seconds,
            "gap": _number(plan.schedule.gap, 4),
            "method": plan.schedule.method,
        },
        "estimate": {
            "costUSD": _money(plan.estimate.cost_usd),
            "costLowUSD": _money(plan.estimate.cost_low_usd),
            "costHighUSD": _money(plan.estimate.cost_high_usd),
            "durationSeconds": plan.estimate.seconds,
            "durationLowSeconds": plan.estimate.seconds_low,
            "durationHighSeconds": plan.estimate.seconds_high,
            "basis": plan.estimate.basis.value,
        },
        "forecast": {
            "seconds": _number(plan.forecast.seconds, 2),
            "workSeconds": _number(plan.forecast.work_seconds, 2),
            "startSeconds": _number(plan.forecast.start_seconds, 2),
            "handOverSeconds": _number(plan.forecast.hand_over_seconds, 2),
            "startsASecond": _number(plan.forecast.starts_a_second, 2),
            "basis": plan.forecast.basis.value,
        },
        "waits": [
            {
                "lock": wait.lock,
                "before": wait.before,
                "after": wait.after,
                "seconds": wait.seconds,
                "inferred": wait.inferred,
            }
            for wait in plan.waits
        ],
        "conflictSeconds": plan.conflict_seconds,
        "lockSeconds": plan.lock_seconds,
        "insights": [
            {
                "code": insight.code,
                "path": insight.path,
                "message": insight.message,
                "recommendation": insight.recommendation,
                "savesUSD": _money(insight.saves_usd),
                "savesSeconds": insight.saves_seconds,
                "savesPods": insight.saves_pods,
                "costsSeconds": insight.costs_seconds,
            }
            for insight in plan.insights
        ],
        "warnings": [
            {
                "code": finding.code,
                "severity": finding.severity.value,
                "path": finding.path,
                "message": finding.message,
                "recommendation": finding.recommendation,
            }
            for finding in plan.findings
        ],
        "hash": plan.hash,
    }


def _subtask(subtask: PlannedSubTask) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": subtask.id,
        "description": subtask.description,
        "agentType": subtask.agent_type,
        "specialization": subtask.specialization,
        "dependsOn": [edge.name for edge in subtask.depends_on],
        "triggerRule": subtask.trigger_rule.value,
        "complexity": _number(subtask.complexity.score, 2),
        "complexityParts": {name: _number(value, 4) for name, value in subtask.complexity.parts},
        "resources": {
            "cpu": format_cpu(subtask.resources.cpu_millis),
            "memory": format_memory(subtask.resources.memory_bytes),
        },
        "provider": subtask.provider,
        "estimate": {
            "seconds": subtask.estimate.seconds,
            "secondsLow": subtask.estimate.seconds_low,
            "secondsHigh": subtask.estimate.seconds_high,
            "costUSD": _money(subtask.estimate.cost_usd),
            "costLowUSD": _money(subtask.estimate.cost_low_usd),
            "costHighUSD": _money(subtask.estimate.cost_high_usd),
            "basis": subtask.estimate.basis.value,
        },
        "start": subtask.start,
        "finish": subtask.finish,
        "slackSeconds": subtask.slack_seconds,
        "critical": subtask.critical,
        "priority": subtask.priority,
        "routing": {
            "chosen": subtask.routing.chosen,
            "score": _number(subtask.routing.score, 2),
            "runnerUp": subtask.routing.runner_up,
            "runnerUpScore": _number(subtask.routing.runner_up_score, 2),
            "reason": subtask.routing.reason,
        },
        "definitionHash": subtask.definition_hash,
    }
    for key, value in (("item", subtask.item), ("forEachResult", subtask.for_each_result), ("locks", subtask.locks)):
        if value:
            entry[key] = list(value) if isinstance(value, tuple) else value
    return entry


def _edge(after: str, edge: Dependency) -> dict[str, Any]:
    return {
        "from": edge.name,
        "to": after,
        "source": edge.source.value,
        "cue": edge.cue,
        "confidence": _number(edge.confidence, 2),
    }


def _number(value: float | Decimal, places: int) -> str:
    return f"{value:.{places}f}"


def _money(value: Decimal) -> str:
    """Write cents, and what is below a cent as far as a hundredth of it."""
    return f"{value:.4f}" if value and abs(value) < Decimal("0.1") else f"{value:.2f}"


def as_json(document: Mapping[str, Any]) -> str:
    """Return the text of a document, with a line break at its end."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
