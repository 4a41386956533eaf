"""Records of attempts in a SubTask's status: what an end means for the subtask, written in one patch."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from taskdist.api.names import SubTaskPhase, SubTaskReason
from taskdist.api.provider import Prices
from taskdist.api.task_distribution import OutOfMemory
from taskdist.engine.quantity import format_memory, parse_cpu_millis, parse_memory_bytes
from taskdist.reconcile.actions import PatchSubTaskStatus
from taskdist.reconcile.outcome import Outcome, Report
from taskdist.reconcile.retry import BLAME, Blame, NextAttempt, next_attempt
from taskdist.reconcile.text import decimal, pod_name, wire_time
from taskdist.reconcile.views import AttemptView, PodPhase, PodView, SubTaskView, UsageView

_KEPT_ATTEMPTS = 10
_GIB = Decimal(2**30)


def conclude(
    subtask: SubTaskView,
    pod: PodView | None,
    outcome: Outcome,
    *,
    agent_type: str,
    fallback: str,
    oom: OutOfMemory,
    prices: Prices,
    base_cost_usd: Decimal,
    now: datetime,
) -> PatchSubTaskStatus:
    """Record the end of the current attempt, and in the same write either the end of the subtask or its next attempt.

    What is taken for lost is asked for once more before it is written down: a cache may be older than the pod.

    ``agent_type`` ran the attempt; ``fallback`` gets a series of tries of its own when that one's are used up.
    """
    ended = replace(
        _ended(subtask, pod, outcome, now), agent_type=agent_type if agent_type != subtask.agent_type else ""
    )
    usage = subtask.usage.plus(_used(ended, outcome, prices, base_cost_usd))
    earlier = tuple(a.reason for a in subtask.attempts[:-1] if a.agent_type == ended.agent_type)
    attempts = (*subtask.attempts[:-1], ended)
    follow = None
    if not outcome.succeeded:
        follow = next_attempt(outcome.reason, earlier, subtask.retry, oom, ended.memory)
    runs_next = ended.agent_type
    blamed = not outcome.succeeded and BLAME.get(outcome.reason, Blame.AGENT) is Blame.AGENT
    if follow is None and fallback and blamed:
        follow, runs_next = NextAttempt(0.0, ended.memory), fallback
    if follow is None:
        phase = SubTaskPhase.SUCCEEDED if outcome.succeeded else SubTaskPhase.FAILED
        patch = _patch(subtask, phase, outcome, attempts, usage)
    else:
        number = ended.number + 1
        begun = AttemptView(
            number,
            pod=pod_name(subtask.name, subtask.uid, number),
            cpu=ended.cpu,
            memory=follow.memory,
            agent_type=runs_next,
        )
        at = now + timedelta(seconds=follow.wait_seconds)
        patch = _patch(subtask, SubTaskPhase.RETRYING, outcome, (*attempts, begun), usage, next_at=at)
    gone = pod is None or not pod.ended
    unless_pod = ended.pod if outcome.reason is SubTaskReason.POD_LOST and gone else ""
    return replace(patch, ended=outcome.reason, unless_pod=unless_pod)


def settle(subtask: SubTaskView, phase: SubTaskPhase, reason: SubTaskReason, message: str) -> PatchSubTaskStatus:
    """End a subtask that no pod ends: skipped, or cancelled."""
    return _patch(subtask, phase, Outcome(reason, message), subtask.attempts, subtask.usage)


def remember(subtask: SubTaskView, found: SubTaskView) -> PatchSubTaskStatus:
    """End a subtask with what an equal one handed back."""
    ended = found.current.finished_at
    message = f"taken from SubTask {found.name}" + (f", which ended at {wire_time(ended)}" if ended else "")
    report = Report(results=found.results, artifacts=found.artifacts)
    outcome = Outcome(SubTaskReason.CACHED, message, None, report)
    return _patch(subtask, SubTaskPhase.SUCCEEDED, outcome, subtask.attempts, subtask.usage)


def hold_up(subtask: SubTaskView, reason: SubTaskReason, message: str, by: tuple[str, ...]) -> PatchSubTaskStatus:
    """Make visible why a subtask that could start does not."""
    patch = _patch(subtask, SubTaskPhase.READY, Outcome(reason, message[:1024]), subtask.attempts, subtask.usage)
    return replace(patch, status=patch.status | {"blockedBy": [name[:128] for name in by[:20]]})


def show(
    subtask: SubTaskView, pod: PodView, phase: SubTaskPhase, reason: SubTaskReason, message: str
) -> PatchSubTaskStatus:
    """Make visible where an attempt is that lasts: running, or waiting for a node, an image, or admission."""
    current = replace(
        subtask.current,
        pod=pod.name,
        pod_uid=pod.uid,
        node=pod.node,
        provider=pod.provider,
        agent_type=pod.agent_type if pod.agent_type != subtask.agent_type else "",
        cpu=pod.cpu or subtask.cpu,
        memory=pod.memory or subtask.memory,
        created_at=pod.created_at,
        started_at=pod.started_at,
    )
    return _patch(subtask, phase, Outcome(reason, message), (*subtask.attempts[:-1], current), subtask.usage)


def _ended(subtask: SubTaskView, pod: PodView | None, outcome: Outcome, now: datetime) -> AttemptView:
    current = subtask.current
    peak = outcome.report.peak_memory_bytes
    seen = pod or PodView("", "", subtask.id, current.number, "", phase=PodPhase.UNKNOWN)
    return AttemptView(
        number=current.number,
        pod=seen.name or current.pod or pod_name(subtask.name, subtask.uid, current.number),
        pod_uid=seen.uid or current.pod_uid,
        node=seen.node or current.node,
        provider=seen.provider or current.provider,
        reason=outcome.reason,
        message=outcome.message,
        exit_code=outcome.exit_code,
        cpu=seen.cpu or current.cpu or subtask.cpu,
        memory=seen.memory or current.memory or subtask.memory,
        peak_memory=format_memory(peak) if peak else "",
        created_at=seen.created_at or current.created_at,
        started_at=seen.started_at or current.started_at,
        finished_at=seen.finished_at or now,
    )


def _used(attempt: AttemptView, outcome: Outcome, prices: Prices, base_cost_usd: Decimal) -> UsageView:
    """Reserved amounts times running time: what a pod holds is paid for, used or not."""
    if attempt.started_at is None or attempt.finished_at is None:
        return UsageView(cost_usd=outcome.report.cost_usd, tokens=outcome.report.tokens)
    seconds = max(int((attempt.finished_at - attempt.started_at).total_seconds()), 0)
    cpu = Decimal(parse_cpu_millis(attempt.cpu)) / 1000 * seconds
    reserved = parse_memory_bytes(attempt.memory)
    memory = Decimal(reserved) / _GIB * seconds
    peak = outcome.report.peak_memory_bytes
    wasted = Decimal(max(reserved - peak, 0)) / _GIB * seconds if peak is not None else Decimal(0)
    hourly = cpu * Decimal(prices.cpu_hour_usd) + memory * Decimal(prices.memory_gib_hour_usd)
    discount = 1 - Decimal(prices.spot_discount)
    cost = hourly / 3600 * discount + base_cost_usd + outcome.report.cost_usd
    return UsageView(seconds, cpu, memory, wasted, cost, outcome.report.tokens)


def _patch(
    subtask: SubTaskView,
    phase: SubTaskPhase,
    outcome: Outcome,
    attempts: tuple[AttemptView, ...],
    usage: UsageView,
    next_at: datetime | None = None,
) -> PatchSubTaskStatus:
    kept = attempts[-_KEPT_ATTEMPTS:]
    status: dict[str, Any] = {
        "observedGeneration": 1,
        "phase": phase.value,
        "reason": outcome.reason.value,
        "message": outcome.message,
        "attempts": [_attempt(a) for a in kept],
        "attemptCount": kept[-1].number if kept else 0,
        "usage": _usage(usage),
    }
    if subtask.blocked:
        status["blockedBy"] = None
    if subtask.next_attempt_at is not None or next_at is not None:
        status["nextAttemptTime"] = wire_time(next_at) if next_at else None
    if outcome.report.results and phase is SubTaskPhase.SUCCEEDED:
        status["results"] = dict(outcome.report.results)
    if outcome.report.artifacts and phase is SubTaskPhase.SUCCEEDED:
        status["artifacts"] = [{"name": n, "uri": uri} if uri else {"name": n} for n, uri in outcome.report.artifacts]
    lost = next((a.pod for a in reversed(kept) if a.reason is SubTaskReason.POD_LOST), "")
    unless = lost if outcome.reason is SubTaskReason.POD_LOST else ""
    return PatchSubTaskStatus(subtask.id, subtask.name, subtask.resource_version, status, unless)


def _attempt(a: AttemptView) -> dict[str, Any]:
    record: dict[str, Any] = {"number": a.number}
    texts = {
        "pod": a.pod,
        "podUID": a.pod_uid,
        "node": a.node,
        "provider": a.provider,
        "agentType": a.agent_type,
        "message": a.message,
    }
    record.update({name: text for name, text in texts.items() if text})
    if a.reason is not None:
        record["reason"] = a.reason.value
    if a.exit_code is not None:
        record["exitCode"] = a.exit_code
    if a.cpu and a.memory:
        record["requested"] = {"cpu": a.cpu, "memory": a.memory}
    if a.peak_memory:
        record["peakMemory"] = a.peak_memory
    times = {"createTime": a.created_at, "startTime": a.started_at, "finishTime": a.finished_at}
    record.update({name: wire_time(at) for name, at in times.items() if at is not None})
    return record


def _usage(usage: UsageView) -> dict[str, Any]:
    return {
        "seconds": usage.seconds,
        "cpuSeconds": decimal(usage.cpu_seconds),
        "memoryGiBSeconds": decimal(usage.memory_gib_seconds),
        "wastedMemoryGiBSeconds": decimal(usage.wasted_memory_gib_seconds),
        "costUSD": decimal(usage.cost_usd, 6),
        "tokens": usage.tokens,
    }
