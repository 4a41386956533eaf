"""The one decision: what follows from what is seen of a distribution, now.

Level-based: the answer depends on the projection and the clock alone, never on which event came. Deciding again after the
actions were carried out decides nothing more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from taskdist.api.agent_type import AgentType
from taskdist.api.names import SubTaskPhase, SubTaskReason
from taskdist.api.provider import Prices
from taskdist.api.task_distribution import FailurePolicy, TaskDistribution
from taskdist.engine.durations import factor
from taskdist.reconcile.actions import Action, CreatePod, Decision, DeletePod, PatchSubTaskStatus
from taskdist.reconcile.attempts import conclude, settle, show
from taskdist.reconcile.outcome import Outcome, outcome_of, stuck
from taskdist.reconcile.planning import Mode, Planning, plan_ahead
from taskdist.reconcile.pod_object import pod_object
from taskdist.reconcile.projection import Catalogue, Projection
from taskdist.reconcile.root_status import root_events, root_status
from taskdist.reconcile.trigger import Verdict, verdict
from taskdist.reconcile.views import PodPhase, PodView, SubTaskView

_VISIBLE_AFTER = timedelta(seconds=2)
"""A subtask that runs shorter than this costs no status write for ``Running``."""
_STUCK_AFTER = timedelta(seconds=5)
"""A pod that has not started by then gets its reason shown."""
_DEFAULT_PRICES = Prices()


def decide(seen: Projection, catalogue: Catalogue, now: datetime) -> Decision:
    """Decide on everything that may have changed since the last decision.

    Args:
        seen: what is known of the distribution; the phases found are recorded in it.
        catalogue: agent types and providers.
        now: the moment of the decision.

    Returns:
        the writes to make, the root's new status if it differs, events, and when to look again.
    """
    root = seen.root
    if root is None or root.metadata.deletion_timestamp is not None:
        return Decision()
    planning = plan_ahead(seen, root)
    actions: list[Action] = list(planning.actions)
    if planning.mode is not Mode.HELD:
        pass_ = _Pass(seen, catalogue, root, planning, now, actions)
        while dirty := seen.take_dirty(now):
            for id_ in dirty:
                pass_.assess(id_)
        pass_.dispatch()
    status = root_status(seen, root, planning, now)
    changed = status != seen.root_status
    events = root_events(seen.root_status, status) if changed else ()
    look = seen.next_look if planning.mode is not Mode.HELD else None
    return Decision(
        tuple(actions),
        status if changed else None,
        events,
        max((look - now).total_seconds(), 0.0) if look is not None else None,
    )


class _Pass:
    """One decision under way: the inputs that every subtask shares, and the actions so far."""

    def __init__(
        self,
        seen: Projection,
        catalogue: Catalogue,
        root: TaskDistribution,
        planning: Planning,
        now: datetime,
        actions: list[Action],
    ) -> None:
        self.seen = seen
        self.catalogue = catalogue
        self.root = root
        self.planning = planning
        self.now = now
        self.actions = actions
        self.fail_fast = root.spec.failure_policy is FailurePolicy.FAIL_FAST

    def assess(self, id_: str) -> None:
        """Decide on one subtask."""
        subtask = self.seen.subtasks.get(id_)
        if subtask is None or subtask.deleting:
            return
        if subtask.terminal:
            self._finished(subtask)
        elif ("status", id_) not in self.seen.pending:
            key = (id_, subtask.attempt)
            pod = self.seen.pods.get(key)
            gone = self.seen.lost.get(key)
            if pod is not None and pod.owner_uid == subtask.uid:
                self._running(subtask, pod)
            elif gone is not None or subtask.current.pod_uid:
                self._conclude(subtask, gone, _LOST)
            elif ("pod", id_) not in self.seen.pending:
                self._waiting(subtask)

    def _finished(self, subtask: SubTaskView) -> None:
        self.seen.withdraw(subtask.id)
        assert subtask.phase is not None  # noqa: S101 - a terminal subtask has one
        failed_before = self.seen.phases[SubTaskPhase.FAILED]
        self.seen.set_phase(subtask.id, subtask.phase)
        if self.fail_fast and not failed_before and self.seen.phases[SubTaskPhase.FAILED]:
            self.seen.touch(s.id for s in self.seen.subtasks.values() if not s.terminal)
        for pod in self.seen.pods_of(subtask.id):
            if not pod.ended:
                self._delete(pod)

    def _running(self, subtask: SubTaskView, pod: PodView) -> None:
        self.seen.withdraw(subtask.id)
        self.seen.set_phase(subtask.id, SubTaskPhase.RUNNING)
        outcome = outcome_of(pod)
        if outcome is not None:
            self._conclude(subtask, pod, outcome)
        elif self.planning.mode is Mode.CANCELLED:
            self._write(settle(subtask, SubTaskPhase.CANCELLED, SubTaskReason.CANCELLED, self.planning.cancel_message))
            self._delete(pod)
        elif pod.phase is PodPhase.RUNNING:
            self._started(subtask, pod)
        else:
            self._starting(subtask, pod)

    def _started(self, subtask: SubTaskView, pod: PodView) -> None:
        if subtask.phase is SubTaskPhase.RUNNING:
            return
        visible_at = (pod.started_at or pod.created_at or self.now) + _VISIBLE_AFTER
        if self.now >= visible_at:
            self._write(show(subtask, pod, SubTaskPhase.RUNNING, SubTaskReason.STARTED, ""))
        else:
            self.seen.look_again(subtask.id, visible_at)

    def _starting(self, subtask: SubTaskView, pod: PodView) -> None:
        since = pod.created_at or self.now
        given_up_at = since + timedelta(seconds=self.root.spec.limits.pending_timeout_seconds)
        why = stuck(pod)
        if self.now >= given_up_at:
            reason, message = why or (SubTaskReason.PENDING_TIMEOUT, "the pod did not start in time")
            self._conclude(subtask, pod, Outcome(reason, message))
            self._delete(pod)
            return
        if why is not None and subtask.reason is not why[0]:
            if self.now >= since + _STUCK_AFTER:
                phase = SubTaskPhase.QUEUED if pod.gated else SubTaskPhase.READY
                self._write(show(subtask, pod, phase, *why))
            else:
                self.seen.look_again(subtask.id, since + _STUCK_AFTER)
        self.seen.look_again(subtask.id, given_up_at)

    def _waiting(self, subtask: SubTaskView) -> None:
        id_ = subtask.id
        if self.planning.mode is Mode.CANCELLED:
            self._write(settle(subtask, SubTaskPhase.CANCELLED, SubTaskReason.CANCELLED, self.planning.cancel_message))
            return
        parents = [self._parent_phase(parent) for parent in subtask.depends_on]
        said = verdict(subtask.trigger_rule, parents)
        stopped = self.fail_fast and self.seen.phases[SubTaskPhase.FAILED] and id_ not in self.seen.survivors
        if said is Verdict.NEVER:
            self._write(settle(subtask, SubTaskPhase.SKIPPED, *_unmet(subtask, parents)))
        elif stopped:
            message = "another subtask failed and failurePolicy is FailFast"
            self._write(settle(subtask, SubTaskPhase.SKIPPED, SubTaskReason.FAIL_FAST, message))
        elif said is Verdict.WAIT:
            self.seen.withdraw(id_)
            self.seen.set_phase(id_, SubTaskPhase.WAITING)
        elif subtask.next_attempt_at is not None and subtask.next_attempt_at > self.now:
            self.seen.set_phase(id_, SubTaskPhase.RETRYING)
            self.seen.look_again(id_, subtask.next_attempt_at)
        else:
            self.seen.set_phase(id_, SubTaskPhase.READY)
            self.seen.offer(subtask)

    def _parent_phase(self, id_: str) -> SubTaskPhase:
        parent = self.seen.subtasks.get(id_)
        return (parent.phase if parent is not None else None) or SubTaskPhase.WAITING

    def dispatch(self) -> None:
        """Start what is ready, the most important first, while there is room."""
        if self.planning.mode is not Mode.RUNNING:
            return
        room = self.root.spec.limits.max_parallel - self.seen.phases[SubTaskPhase.RUNNING]
        held_back = []
        while room > 0 and (subtask := self.seen.next_ready()) is not None:
            agent_type = self.catalogue.agent_types.get(subtask.agent_type)
            if agent_type is None:
                held_back.append(subtask)
                continue
            upstream = [self.seen.subtasks[p] for p in subtask.depends_on if p in self.seen.subtasks]
            provider = self.catalogue.providers.get(subtask.provider)
            body = pod_object(self.root, subtask, agent_type, provider, upstream, self.catalogue.agent_image)
            self.actions.append(CreatePod(subtask.id, subtask.attempt, body["metadata"]["name"], body))
            self.seen.pending.add(("pod", subtask.id))
            self.seen.set_phase(subtask.id, SubTaskPhase.RUNNING)
            room -= 1
        for subtask in held_back:
            self.seen.offer(subtask)

    def _conclude(self, subtask: SubTaskView, pod: PodView | None, outcome: Outcome) -> None:
        provider = self.catalogue.providers.get(subtask.provider)
        agent_type = self.catalogue.agent_types.get(subtask.agent_type)
        self._write(
            conclude(
                subtask,
                pod,
                outcome,
                oom=self.root.spec.resource_policy.oom,
                prices=provider.spec.prices if provider else _DEFAULT_PRICES,
                base_cost_usd=_base_cost(agent_type, subtask),
                now=self.now,
            )
        )

    def _write(self, patch: PatchSubTaskStatus) -> None:
        self.seen.withdraw(patch.id)
        self.seen.pending.add(("status", patch.id))
        self.actions.append(patch)

    def _delete(self, pod: PodView) -> None:
        if not pod.deleting and ("delete", pod.uid) not in self.seen.pending:
            self.seen.pending.add(("delete", pod.uid))
            self.actions.append(DeletePod(pod.subtask_id, pod.attempt, pod.name, pod.uid))


def _base_cost(agent_type: AgentType | None, subtask: SubTaskView) -> Decimal:
    """What one attempt of the agent costs whatever its time: scaled by complexity, as the plan estimates it."""
    if agent_type is None:
        return Decimal(0)
    return Decimal(agent_type.spec.base_cost_usd) * Decimal(str(round(factor(subtask.complexity), 4)))


_LOST = Outcome(SubTaskReason.POD_LOST, "the pod was deleted before its result was seen")


def _unmet(subtask: SubTaskView, parents: list[SubTaskPhase]) -> tuple[SubTaskReason, str]:
    ended = [f"{name} {p.value}" for name, p in zip(subtask.depends_on, parents, strict=True) if p.terminal]
    reason = SubTaskReason.DEPENDENCY_FAILED
    if subtask.trigger_rule.value != "AllSucceeded":
        reason = SubTaskReason.TRIGGER_RULE_UNMET
    return reason, f"trigger rule {subtask.trigger_rule.value} cannot be met: {', '.join(ended)}"[:1024]
