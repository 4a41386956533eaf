"""The TaskDistribution's whole status, derived from what is seen; nothing in it moves by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from taskdist.api.names import ConditionStatus, ConditionType, Phase, Reason, SubTaskPhase
from taskdist.api.task_distribution import PlanningMode, TaskDistribution
from taskdist.engine.model import Finding, Plan, Severity
from taskdist.reconcile.actions import Body, Event
from taskdist.reconcile.plan_object import estimate_status, parallelism_status, warning_count, warning_status
from taskdist.reconcile.planning import Mode, Planning, stale
from taskdist.reconcile.projection import Projection, tokens
from taskdist.reconcile.text import decimal, wire_time

_MOST_WARNINGS = 20
_BUDGET_CODES = frozenset({"BudgetExceeded"})
_FIT_CODES = frozenset({"QuotaExceeded", "NodeTooSmall", "CapacityShort"})

Verdict = tuple[ConditionStatus, Reason, str]
_TRUE, _FALSE, _UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


def root_status(seen: Projection, root: TaskDistribution, planning: Planning, now: datetime) -> Body:
    """Derive the status. Equal inputs give an equal status, so that writing it when it differs writes it once."""
    before = seen.root_status
    if planning.over:
        return {**before, "observedGeneration": root.metadata.generation}
    counts = _counts(seen, planning)
    end = _end(seen, counts, planning)
    status: Body = {"observedGeneration": root.metadata.generation}
    retry, resubmit = tokens(root)
    observed = retry if not stale(seen, root) else before.get("observedRetry", "")
    status |= {"observedRetry": observed} if retry and observed else {}
    status |= {"observedResubmit": resubmit} if resubmit else {}
    status["phase"] = _phase(counts, planning, end).value
    status["conditions"] = _conditions(before, root, planning, counts, end, now)
    if planning.record is not None:
        record = planning.record
        status["plan"] = {"name": record.name, "hash": record.hash, "revision": record.revision}
    status["counts"] = counts
    status["progress"] = f"{_done(counts)}/{counts['total']}"
    if planning.plan is not None:
        status |= _plan_part(planning.plan)
    else:
        kept = ("parallelism", "estimate", "warnings", "warningCount", "warningsOmitted")
        status |= {k: before[k] for k in kept if k in before}
    status |= _actual_part(seen, end)
    return status


def moved(seen: Projection, root: TaskDistribution, planning: Planning) -> bool:
    """True if the status would name another phase or another generation: what nobody should wait for."""
    before = seen.root_status
    if before.get("observedGeneration") != root.metadata.generation:
        return True
    counts = _counts(seen, planning)
    return not planning.over and before.get("phase") != _phase(counts, planning, _end(seen, counts, planning)).value


def root_events(before: Body, after: Body) -> tuple[Event, ...]:
    """One event for each change of phase that a person would care about."""
    phase = after.get("phase")
    if phase == before.get("phase"):
        return ()
    conditions = {c["type"]: c for c in after.get("conditions", ())}
    match phase:
        case Phase.RUNNING.value:
            estimate = after.get("estimate", {})
            total = after.get("counts", {}).get("total", 0)
            return (
                Event(
                    "Normal",
                    "Planned",
                    f"{total} subtasks, about {estimate.get('durationSeconds', 0)} s and "
                    f"${estimate.get('costUSD', '0')}, {after.get('warningCount', 0)} warnings",
                ),
            )
        case Phase.AWAITING_APPROVAL.value | Phase.PLANNED.value | Phase.SUSPENDED.value:
            return (Event("Normal", str(phase), str(conditions["Approved"]["message"])),)
        case Phase.STALLED.value:
            return (
                Event("Warning", str(conditions["Stalled"]["reason"]), str(conditions["Stalled"]["message"])[:1000]),
            )
        case Phase.SUCCEEDED.value:
            return (Event("Normal", "Succeeded", str(conditions["Succeeded"]["message"])),)
        case Phase.FAILED.value | Phase.CANCELLED.value:
            return (Event("Warning", str(phase), str(conditions["Succeeded"]["message"])),)
    return ()


def _counts(seen: Projection, planning: Planning) -> dict[str, int]:
    p = seen.phases
    total = len(planning.plan.subtasks) if planning.plan is not None else len(seen.subtasks)
    if planning.record is not None and planning.record.hash != (planning.plan.hash if planning.plan else ""):
        total = planning.record.total
    if planning.plan is not None:
        total += seen.member_count
    if planning.mode is Mode.CANCELLED:
        total = len(seen.subtasks)
    counts = {
        "ready": p[SubTaskPhase.READY] + p[SubTaskPhase.RETRYING] + p[SubTaskPhase.QUEUED],
        "running": p[SubTaskPhase.RUNNING],
        "succeeded": p[SubTaskPhase.SUCCEEDED],
        "failed": p[SubTaskPhase.FAILED],
        "skipped": p[SubTaskPhase.SKIPPED],
        "cancelled": p[SubTaskPhase.CANCELLED],
    }
    return {"total": total, "waiting": max(total - sum(counts.values()), 0), **counts}


def _done(counts: dict[str, int]) -> int:
    return counts["succeeded"] + counts["failed"] + counts["skipped"] + counts["cancelled"]


def _end(seen: Projection, counts: dict[str, int], planning: Planning) -> Phase | None:
    """How it ended, or ``None`` while anything may still happen."""
    if not planning.complete or _done(counts) < counts["total"]:
        return None
    if counts["cancelled"] or (planning.mode is Mode.CANCELLED and _never_made(seen, planning)):
        return Phase.FAILED if planning.gate is Reason.DEADLINE_EXCEEDED else Phase.CANCELLED
    return Phase.FAILED if counts["failed"] else Phase.SUCCEEDED


def _never_made(seen: Projection, planning: Planning) -> bool:
    """Whether subtasks of the plan are missing: those that there are may all have succeeded, and the work is not done."""
    planned = planning.record.total if planning.record is not None else 0
    made = len(seen.subtasks) - seen.member_count
    return made < planned or not made


def _phase(counts: dict[str, int], planning: Planning, end: Phase | None) -> Phase:
    if end is not None:
        return end
    match planning.gate:
        case Reason.PLANNING:
            return Phase.PENDING
        case Reason.INVALID_PLAN:
            return Phase.STALLED
        case Reason.PLAN_ONLY:
            return Phase.PLANNED
        case Reason.AWAITING_APPROVAL:
            return Phase.AWAITING_APPROVAL
        case Reason.SUSPENDED if not counts["running"]:
            return Phase.SUSPENDED
    return Phase.RUNNING


def _conditions(
    before: Body,
    root: TaskDistribution,
    planning: Planning,
    counts: dict[str, int],
    end: Phase | None,
    now: datetime,
) -> list[dict[str, Any]]:
    known = {c.get("type"): c for c in before.get("conditions", ())}
    conditions = []
    for type_, (state, reason, message) in _verdicts(root, planning, counts, end).items():
        earlier = known.get(type_.value)
        moved = earlier is None or earlier.get("status") != state.value
        conditions.append(
            {
                "type": type_.value,
                "status": state.value,
                "reason": reason.value,
                "message": message,
                "lastTransitionTime": wire_time(now) if moved or earlier is None else earlier["lastTransitionTime"],
                "observedGeneration": root.metadata.generation,
            }
        )
    return conditions


def _verdicts(
    root: TaskDistribution, planning: Planning, counts: dict[str, int], end: Phase | None
) -> dict[ConditionType, Verdict]:
    plan = planning.plan
    summary = f"{counts['succeeded']} of {counts['total']} subtasks succeeded"
    summary += "".join(f", {counts[k]} {k}" for k in ("failed", "skipped", "cancelled") if counts[k])
    return {
        ConditionType.PLANNED: _planned(planning),
        ConditionType.APPROVED: _approved(root, planning),
        ConditionType.BUDGET_AVAILABLE: _budget(root, plan),
        ConditionType.RESOURCES_FIT: _fit(plan),
        ConditionType.SUSPENDED: (
            (_TRUE, Reason.SUSPENDED, "spec.suspend is true: no further pod is started")
            if root.spec.suspend
            else (_FALSE, Reason.NOT_SUSPENDED, "")
        ),
        ConditionType.RECONCILING: (
            (_FALSE, Reason(end.value) if end is not Phase.SUCCEEDED else Reason.COMPLETED, "")
            if end is not None
            else (_FALSE, planning.gate, "")
            if planning.gate in (Reason.INVALID_PLAN, Reason.PLAN_ONLY, Reason.AWAITING_APPROVAL)
            else (_TRUE, planning.gate, "")
        ),
        ConditionType.STALLED: _stalled(planning, end, summary),
        ConditionType.SUCCEEDED: _succeeded(planning, end, summary),
        ConditionType.FINISHED: (
            (_TRUE, Reason(end.value) if end is not Phase.SUCCEEDED else Reason.COMPLETED, summary)
            if end is not None
            else (_FALSE, planning.gate, "")
        ),
    }


def _planned(planning: Planning) -> Verdict:
    plan = planning.plan
    if plan is None:  # a plan that is in force may answer another spec
        return _UNKNOWN, Reason.PLANNING, ""
    if not plan.valid:
        return _FALSE, Reason.INVALID_PLAN, _errors(plan)
    shape = f"{len(plan.subtasks)} subtasks, at most {plan.parallelism.width} at a time"
    return _TRUE, Reason.PLANNED, f"{shape}, hash {plan.hash[:12]}"


def _approved(root: TaskDistribution, planning: Planning) -> Verdict:
    match root.spec.planning.mode:
        case PlanningMode.PLAN_ONLY:
            return _FALSE, Reason.PLAN_ONLY, "spec.planning.mode is PlanOnly: nothing is run"
        case PlanningMode.MANUAL:
            record = planning.record
            if record is not None and root.spec.approved_plan_hash == record.hash:
                return _TRUE, Reason.APPROVED, "spec.approvedPlanHash names the plan"
            name = f"taskdist approve {root.metadata.name}"
            wanted = f": set spec.approvedPlanHash to {record.hash}, or run `{name}`" if record else ""
            return _FALSE, Reason.AWAITING_APPROVAL, f"the plan waits for approval{wanted}"
    return _TRUE, Reason.AUTO_APPROVED, "spec.planning.mode is Auto"


def _budget(root: TaskDistribution, plan: Plan | None) -> Verdict:
    if root.spec.limits.budget_usd is None:
        return _TRUE, Reason.UNKNOWN_BUDGET, "spec.limits.budgetUSD is not set"
    found = _first(plan, _BUDGET_CODES)
    if found is not None:
        return _FALSE, Reason.BUDGET_EXCEEDED, found.message
    return _TRUE, Reason.WITHIN_BUDGET, f"the estimate is within ${root.spec.limits.budget_usd}"


def _fit(plan: Plan | None) -> Verdict:
    if plan is None:
        return _UNKNOWN, Reason.PLANNING, ""
    found = _first(plan, _FIT_CODES)
    if found is not None:
        return _FALSE, Reason.RESOURCES_SHORT, found.message
    return _TRUE, Reason.RESOURCES_FIT, ""


def _stalled(planning: Planning, end: Phase | None, summary: str) -> Verdict:
    if planning.gate is Reason.INVALID_PLAN and planning.plan is not None:
        errors = [f for f in planning.plan.findings if f.severity is Severity.ERROR]
        code = errors[0].code if errors else ""
        reason = Reason(code) if code in {r.value for r in Reason} else Reason.INVALID_PLAN
        return _TRUE, reason, _errors(planning.plan)
    if end is Phase.FAILED:
        if planning.gate is Reason.DEADLINE_EXCEEDED:
            return _TRUE, Reason.DEADLINE_EXCEEDED, f"{planning.message}; {summary}"
        return _TRUE, Reason.SUBTASK_FAILED, summary
    return _FALSE, Reason.PROGRESSING if end is None else Reason.COMPLETED, ""


def _succeeded(planning: Planning, end: Phase | None, summary: str) -> Verdict:
    match end:
        case Phase.SUCCEEDED:
            return _TRUE, Reason.SUBTASKS_SUCCEEDED, summary
        case Phase.FAILED:
            if planning.gate is Reason.DEADLINE_EXCEEDED:
                return _FALSE, Reason.DEADLINE_EXCEEDED, f"{planning.message}; {summary}"
            return _FALSE, Reason.SUBTASK_FAILED, summary
        case Phase.CANCELLED:
            return _FALSE, Reason.CANCELLED, summary
    if planning.gate is Reason.INVALID_PLAN:
        return _FALSE, Reason.INVALID_PLAN, "the plan is invalid; see condition Planned and the warnings"
    return _UNKNOWN, planning.gate, ""


def _errors(plan: Plan) -> str:
    errors = [f for f in plan.findings if f.severity is Severity.ERROR]
    said = "; ".join(f"{f.path}: {f.message}" if f.path else f.message for f in errors)
    return said if len(said) <= 4096 else said[:4095] + "…"


def _first(plan: Plan | None, codes: frozenset[str]) -> Finding | None:
    return next((f for f in plan.findings if f.code in codes), None) if plan is not None else None


def _plan_part(plan: Plan) -> Body:
    part: Body = {
        "warningCount": warning_count(plan),
        "warnings": [warning_status(f) for f in plan.findings[:_MOST_WARNINGS]],
        "warningsOmitted": max(len(plan.findings) - _MOST_WARNINGS, 0),
    }
    if plan.subtasks:
        part |= {"parallelism": parallelism_status(plan), "estimate": estimate_status(plan)}
    return part


def _actual_part(seen: Projection, end: Phase | None) -> Body:
    part: Body = {}
    usage = seen.usage
    duration = 0
    if seen.first_start is not None:
        part["startTime"] = wire_time(seen.first_start)
        if seen.last_finish is not None:
            duration = max(int((seen.last_finish - seen.first_start).total_seconds()), 0)
            if end is not None:
                part["completionTime"] = wire_time(seen.last_finish)
    part["actual"] = {
        "costUSD": decimal(usage.cost_usd, 4),
        "durationSeconds": duration,
        "cpuSeconds": decimal(usage.cpu_seconds),
        "memoryGiBSeconds": decimal(usage.memory_gib_seconds),
        "wastedMemoryGiBSeconds": decimal(usage.wasted_memory_gib_seconds),
    }
    return part
