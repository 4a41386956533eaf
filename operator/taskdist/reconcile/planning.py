"""Which plan is in force, whether it may run, and the objects that it still lacks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from taskdist.api.names import Reason, SubTaskPhase, SubTaskReason
from taskdist.api.task_distribution import PlanningMode, TaskDistribution
from taskdist.engine.model import Plan, PlannedSubTask
from taskdist.engine.quantity import parse_cpu_millis, parse_memory_bytes
from taskdist.reconcile.actions import Action, CreateSubTask, DeleteObject, DeleteSubTask
from taskdist.reconcile.plan_object import MOST_INLINE, plan_name, plan_objects
from taskdist.reconcile.projection import PlanRecord, Projection, tokens
from taskdist.reconcile.subtask_object import subtask_object
from taskdist.reconcile.text import subtask_name
from taskdist.reconcile.views import SubTaskView


class Mode(Enum):
    """What may be done about the subtasks now."""

    HELD = auto()
    """Nothing: there is no valid plan yet, it waits for approval, or all is over."""
    RUNNING = auto()
    """Everything."""
    SUSPENDED = auto()
    """No pod is started; those that run are let finish."""
    CANCELLED = auto()
    """Everything is ended."""


@dataclass(frozen=True, slots=True)
class Planning:
    """The plan's state: ``plan`` as computed, ``record`` as stored.

    ``over``: all is done, and nothing must start anew. ``complete``: the subtasks seen are those of the plan, none more or less.
    """

    mode: Mode
    gate: Reason
    message: str = ""
    plan: Plan | None = None
    record: PlanRecord | None = None
    actions: tuple[Action, ...] = ()
    over: bool = False
    complete: bool = False

    @property
    def cancel_reason(self) -> SubTaskReason:
        """Why the subtasks are ended."""
        late = self.gate is Reason.DEADLINE_EXCEEDED
        return SubTaskReason.DEADLINE_EXCEEDED if late else SubTaskReason.CANCELLED

    @property
    def cancel_message(self) -> str:
        """The same in words, for their status."""
        return self.message or "the distribution was cancelled"


def latest(seen: Projection) -> PlanRecord | None:
    """The newest plan revision."""
    return max(seen.plans.values(), key=lambda r: r.revision, default=None)


def known_then(seen: Projection) -> str:
    """What the newest plan rests on, if it answers the spec of now: planned anew, it rests on the same.

    What attempts of others teach between a plan and its approval must not make another plan of what a person has read.
    """
    record = latest(seen)
    return record.rests_on if record is not None and record.spec_hash == seen.spec_hash else ""


def is_over(seen: Projection) -> bool:
    """True if the distribution has finished with this very spec: deleted children are not made again.

    Back at this spec after another one, the status still speaks of that: while all children are there, it is derived once more.
    A status that speaks of an older plan says nothing of this spec: it was written before an edit, or by who did not see it.
    Nor does one beside children that have not ended.
    """
    record = latest(seen)
    finished = any(
        c.get("type") == "Finished" and c.get("status") == "True" for c in seen.root_status.get("conditions", ())
    )
    status = seen.root_status
    asked = tokens(seen.root) if seen.root is not None else ("", "")
    done = (status.get("observedRetry", ""), status.get("observedResubmit", ""))
    if not finished or record is None or record.spec_hash != seen.spec_hash or asked != done:
        return False
    if status.get("plan", {}).get("revision", 0) < record.revision:
        return False
    if not all(child.terminal for child in seen.subtasks.values()):
        return False
    if seen.root is None or status.get("observedGeneration") == seen.root.metadata.generation:
        return True
    return _gate(seen.root, record) is not None or len(seen.subtasks) - seen.member_count != record.total


def needs_plan(seen: Projection) -> bool:
    """True if the engine must be asked before anything can be decided."""
    root = seen.root
    if root is None or root.metadata.deletion_timestamp is not None or is_over(seen):
        return False
    return seen.planned is None or seen.planned_for != seen.spec_hash


def plan_ahead(seen: Projection, root: TaskDistribution, now: datetime) -> Planning:
    """Find the plan in force, the gate before it, and the children to create, to replace, or to clean up."""
    record = latest(seen)
    if is_over(seen):
        return Planning(Mode.HELD, Reason.COMPLETED, record=record, actions=_expired(seen, root, now), over=True)
    plan = seen.planned
    wanted = seen.spec_hash
    if plan is None or seen.planned_for != wanted:
        return Planning(Mode.HELD, Reason.PLANNING, record=record)
    if not plan.valid:
        return Planning(Mode.HELD, Reason.INVALID_PLAN, plan=plan, record=record)
    if record is None or not _in_force(seen, record, plan, wanted):
        return _store(seen, root, plan, record, wanted)
    gate = _gate(root, record)
    if gate is not None:
        return Planning(Mode.HELD, gate, plan=plan, record=record, actions=_old_plans(seen, root))
    if root.spec.cancel:
        return Planning(Mode.CANCELLED, Reason.CANCELLED, "spec.cancel is true", plan, record, complete=True)
    again = _again(seen, root)
    if not again and (late := _late(seen, root, now)):
        return Planning(Mode.CANCELLED, Reason.DEADLINE_EXCEEDED, late, plan, record, complete=True)
    mode, reason = (Mode.SUSPENDED, Reason.SUSPENDED) if root.spec.suspend else (Mode.RUNNING, Reason.PROGRESSING)
    actions = () if record.hash != plan.hash else _materialize(seen, root, plan, record)
    complete = record.hash != plan.hash or seen.materialized == record.hash
    actions = (*again, *actions, *_old_plans(seen, root))
    return Planning(
        mode, reason, plan=plan, record=record, actions=actions, complete=complete and not stale(seen, root)
    )


def deadline(seen: Projection, root: TaskDistribution) -> datetime | None:
    """When all must be done; ``None`` before the first start, or without ``limits.deadlineSeconds``.

    A retry has all of the time anew: else what failed for want of it could never be tried again.
    """
    seconds = root.spec.limits.deadline_seconds
    start = seen.try_start or (None if _retry_begins(seen, root) else seen.first_start)
    return start + timedelta(seconds=seconds) if seconds and start is not None else None


def _retry_begins(seen: Projection, root: TaskDistribution) -> bool:
    """Whether a retry is under way of which nothing has started; one that found nothing to try again lifts no deadline."""
    retry, _ = tokens(root)
    record = latest(seen)
    if not retry or record is None:
        return False
    return len(seen.subtasks) - seen.member_count < record.total or any(
        s.retry_token == retry for s in seen.subtasks.values()
    )


def expiry(seen: Projection, root: TaskDistribution) -> datetime | None:
    """When the children of what is over are deleted; ``None`` if they stay, or are gone."""
    seconds, ended = root.spec.ttl_seconds_after_finished, seen.root_status.get("completionTime")
    if seconds is None or not ended or not seen.subtasks:
        return None
    return datetime.fromisoformat(ended) + timedelta(seconds=seconds)


def _expired(seen: Projection, root: TaskDistribution, now: datetime) -> tuple[Action, ...]:
    at = expiry(seen, root)
    if at is None or now < at:
        return ()
    return tuple(action for id_ in seen.subtasks for action in _delete(seen, id_))


def _late(seen: Projection, root: TaskDistribution, now: datetime) -> str:
    at = deadline(seen, root)
    if at is None or now < at:
        return ""
    return f"spec.limits.deadlineSeconds ({root.spec.limits.deadline_seconds} s) has passed"


def stale(seen: Projection, root: TaskDistribution) -> list[str]:
    """Ids of the subtasks that the root's annotations ask to run again.

    A retry means what has failed when it is asked for: it is observed once all of that is deleted, and stands for nothing later.
    """
    retry, resubmit = tokens(root)
    if seen.root_status.get("observedRetry") == retry:
        retry = ""
    if not retry and not resubmit:
        return []
    return [
        s.id
        for s in seen.subtasks.values()
        if (s.resubmit_token != resubmit and resubmit)
        or (s.retry_token != retry and retry and s.terminal and s.phase is not SubTaskPhase.SUCCEEDED)
    ]


def _again(seen: Projection, root: TaskDistribution) -> tuple[Action, ...]:
    return tuple(action for id_ in stale(seen, root) for action in _delete(seen, id_))


def _old_plans(seen: Projection, root: TaskDistribution) -> tuple[Action, ...]:
    """Revisions beyond the limit, with the ConfigMaps of large ones."""
    kept = root.spec.plan_history_limit
    if len(seen.plans) <= kept:
        return ()
    actions: list[Action] = []
    for record in sorted(seen.plans.values(), key=lambda r: r.revision)[:-kept]:
        key = ("delete", record.uid)
        if key not in seen.pending:
            seen.pending.add(key)
            if record.total > MOST_INLINE:
                actions.append(DeleteObject("ConfigMap", record.name))
            actions.append(DeleteObject("ExecutionPlan", record.name, record.uid))
    return tuple(actions)


def _in_force(seen: Projection, record: PlanRecord, plan: Plan, wanted: str) -> bool:
    """A stored plan stays in force if it says the same, or if all its subtasks exist: only the cluster's facts moved on."""
    return record.hash == plan.hash or (
        record.spec_hash == wanted and len(seen.subtasks) - seen.member_count == record.total
    )


def _store(seen: Projection, root: TaskDistribution, plan: Plan, before: PlanRecord | None, wanted: str) -> Planning:
    revision = before.revision + 1 if before else 1
    key = ("plan", plan_name(root.metadata.name, revision))
    if key in seen.pending:
        return Planning(Mode.HELD, Reason.PLANNING, plan=plan, record=before)
    seen.pending.add(key)
    return Planning(
        Mode.HELD,
        Reason.PLANNING,
        plan=plan,
        record=before,
        actions=plan_objects(root, plan, revision, wanted, seen.rests_on),
    )


def _gate(root: TaskDistribution, record: PlanRecord) -> Reason | None:
    match root.spec.planning.mode:
        case PlanningMode.PLAN_ONLY:
            return Reason.PLAN_ONLY
        case PlanningMode.MANUAL if root.spec.approved_plan_hash != record.hash:
            return Reason.AWAITING_APPROVAL
    return None


def _materialize(seen: Projection, root: TaskDistribution, plan: Plan, record: PlanRecord) -> tuple[Action, ...]:
    """The SubTasks that the plan has and the cluster lacks, and those that the cluster has and the plan lacks.

    A subtask is replaced if its own definition changed, or was tampered with, or anything upstream of it is replaced; what is
    finished and unchanged is kept with its results. One whose work is the same but whose requests, provider, time-out,
    retries or locks changed is replaced only while it has not begun: an edit of those never throws work away. The plan is
    scanned once, and again when what it asked for has come or gone: not at every pass, for that would cost the square of the
    graph's size.
    """
    if seen.materialized == record.hash or (seen.scanned == record.hash and seen.awaited):
        return ()
    actions: list[Action] = []
    replaced: set[str] = set()
    awaited: set[str] = set()
    for planned in plan.subtasks:
        existing = seen.subtasks.get(planned.id)
        if existing is not None and (
            existing.definition_hash != planned.definition_hash
            or existing.forged
            or any(d.name in replaced for d in planned.depends_on)
        ):
            replaced.add(planned.id)
            awaited.add(planned.id)
            actions += _delete(seen, planned.id)
        elif existing is not None and _not_begun(seen, existing) and _other_terms(existing, planned):
            awaited.add(planned.id)
            actions += _delete(seen, planned.id)
        elif existing is None:
            awaited.add(planned.id)
            key = ("subtask", planned.id)
            if key not in seen.pending:
                seen.pending.add(key)
                name = subtask_name(root.metadata.name, planned.id)
                actions.append(CreateSubTask(planned.id, name, subtask_object(root, record.name, planned)))
    wanted = {planned.id for planned in plan.subtasks}
    for id_ in seen.subtasks.keys() - wanted:
        parent = seen.subtasks[id_].member_of
        if parent in wanted and parent not in replaced and not seen.subtasks[id_].forged:
            continue  # made by the fan-out of a subtask that stays
        awaited.add(id_)
        actions += _delete(seen, id_)
    seen.scanned, seen.awaited = record.hash, awaited
    if not awaited:
        seen.materialized = record.hash
    return tuple(actions)


def _not_begun(seen: Projection, existing: SubTaskView) -> bool:
    begun = existing.terminal or existing.attempts or (existing.id, 1, existing.uid) in seen.pods
    return not begun and ("pod", existing.id) not in seen.pending


def _other_terms(existing: SubTaskView, planned: PlannedSubTask) -> bool:
    """True if the same work is planned under other terms, which its SubTask, being immutable, cannot take over."""
    return (
        parse_cpu_millis(existing.cpu) != planned.resources.cpu_millis
        or parse_memory_bytes(existing.memory) != planned.resources.memory_bytes
        or existing.provider != planned.provider
        or existing.locks != planned.locks
        or existing.timeout_seconds != planned.timeout_seconds
        or existing.retry != planned.retry
    )


def _delete(seen: Projection, id_: str) -> list[Action]:
    existing = seen.subtasks[id_]
    key = ("delete", existing.uid)
    if existing.deleting or key in seen.pending:
        return []
    seen.pending.add(key)
    # However it ended: its failure stops nothing of the plan that replaces it.
    seen.set_phase(id_, SubTaskPhase.WAITING)
    return [DeleteSubTask(id_, existing.name, existing.uid)]
