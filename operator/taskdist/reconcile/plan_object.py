"""The ExecutionPlan object of a plan, and what the root's status shows of it."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from taskdist.api.names import API_VERSION, Annotation, Label
from taskdist.api.task_distribution import TaskDistribution
from taskdist.engine.model import Finding, Forecast, Plan, PlannedSubTask, Severity
from taskdist.engine.quantity import format_cpu, format_memory
from taskdist.reconcile.actions import CreateObject
from taskdist.reconcile.owners import child_metadata
from taskdist.reconcile.text import decimal

SPEC_HASH = "taskdist.dev/spec-hash"
RESTS_ON = "taskdist.dev/rests-on"
"""What the plan knew of finished attempts, packed: what it was made from must not move while a person reads it."""
MOST_INLINE = 500
"""Above so many subtasks the assignments go into a compressed ConfigMap."""
_MOST_WARNINGS = 100
_MOST_CRITICAL = 100


def plan_name(distribution: str, revision: int) -> str:
    """Name of one revision's ExecutionPlan."""
    return f"{distribution}-{revision}"


def plan_objects(
    root: TaskDistribution, plan: Plan, revision: int, spec_hash: str, rests_on: str = ""
) -> tuple[CreateObject, ...]:
    """What is created for a revision: the ExecutionPlan, after a ConfigMap with the assignments where they are many."""
    name = plan_name(root.metadata.name, revision)
    labels = {Label.REVISION: str(revision)}
    assignments = [_assignment(s) for s in plan.subtasks]
    spec: dict[str, Any] = {
        "taskDistribution": root.metadata.name,
        "revision": revision,
        "hash": plan.hash,
        "strategy": root.spec.strategy.value,
        "subtaskCount": len(plan.subtasks),
        "parallelism": parallelism_status(plan),
        "estimate": estimate_status(plan),
        "schedule": {
            "makespanSeconds": plan.schedule.makespan_seconds,
            "lowerBoundSeconds": plan.schedule.lower_bound_seconds,
            "gap": decimal(max(plan.schedule.gap, 0.0), 4),
            "method": plan.schedule.method,
        },
        "warningCount": warning_count(plan),
        "warnings": [warning_status(f) for f in plan.findings[:_MOST_WARNINGS]],
    }
    made = []
    if len(assignments) > MOST_INLINE:
        spec["assignmentsRef"] = {"name": name}
        packed = gzip.compress(json.dumps(assignments, separators=(",", ":")).encode(), mtime=0)
        made.append(
            CreateObject(
                "ConfigMap",
                name,
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": child_metadata(root, name, labels),
                    "immutable": True,
                    "binaryData": {"assignments.json.gz": base64.b64encode(packed).decode()},
                },
            )
        )
    else:
        spec["subtasks"] = assignments
    annotations = {SPEC_HASH: spec_hash, Annotation.PLAN_HASH: plan.hash} | ({RESTS_ON: rests_on} if rests_on else {})
    body = {
        "apiVersion": API_VERSION,
        "kind": "ExecutionPlan",
        "metadata": child_metadata(root, name, labels, annotations),
        "spec": spec,
    }
    return (*made, CreateObject("ExecutionPlan", name, body))


def parallelism_status(plan: Plan) -> dict[str, Any]:
    """The graph's shape for a status."""
    shape = plan.parallelism
    return {
        "width": shape.width,
        "parallelizationPotential": decimal(min(max(shape.potential, 0.0), 1.0)),
        "speedup": decimal(shape.speedup),
        "criticalPath": list(shape.critical_path[:_MOST_CRITICAL]),
    }


def estimate_status(plan: Plan) -> dict[str, Any]:
    """The expected cost and duration for a status."""
    estimate = plan.estimate
    return {
        "costUSD": decimal(estimate.cost_usd),
        "costLowUSD": decimal(estimate.cost_low_usd),
        "costHighUSD": decimal(estimate.cost_high_usd),
        "durationSeconds": estimate.seconds,
        "basis": estimate.basis.value,
        **({"forecast": _forecast(plan.forecast)} if plan.subtasks else {}),
    }


def _forecast(forecast: Forecast) -> dict[str, Any]:
    return {
        "seconds": decimal(forecast.seconds),
        "workSeconds": decimal(forecast.work_seconds),
        "startSeconds": decimal(forecast.start_seconds),
        "handOverSeconds": decimal(forecast.hand_over_seconds),
        "startsASecond": decimal(forecast.starts_a_second),
        "basis": forecast.basis.value,
    }


def warning_count(plan: Plan) -> int:
    """How many findings ask for attention: what is only good to know is no warning."""
    return sum(finding.severity is not Severity.INFO for finding in plan.findings)


def warning_status(finding: Finding) -> dict[str, Any]:
    """One finding as the API shows it."""
    warning = {"code": finding.code, "severity": finding.severity.value, "message": finding.message[:2048]}
    if finding.path:
        warning["path"] = finding.path[:512]
    if finding.recommendation:
        warning["recommendation"] = finding.recommendation[:2048]
    return warning


def _assignment(s: PlannedSubTask) -> dict[str, Any]:
    assignment: dict[str, Any] = {
        "id": s.id,
        "agentType": s.agent_type,
        "complexity": decimal(s.complexity.score),
        "resources": {"cpu": format_cpu(s.resources.cpu_millis), "memory": format_memory(s.resources.memory_bytes)},
        "provider": s.provider,
        "estimate": {
            "seconds": s.estimate.seconds,
            "costUSD": decimal(s.estimate.cost_usd, 4),
            "costLowUSD": decimal(s.estimate.cost_low_usd, 4),
            "costHighUSD": decimal(s.estimate.cost_high_usd, 4),
        },
        "start": s.start,
        "finish": s.finish,
        "critical": s.critical,
        "slackSeconds": s.slack_seconds,
    }
    if s.depends_on:
        assignment["dependsOn"] = [
            {"name": d.name, "source": d.source.value, "confidence": decimal(min(max(d.confidence, 0.0), 1.0))}
            | ({"cue": d.cue[:256]} if d.cue else {})
            for d in s.depends_on
        ]
    return assignment
