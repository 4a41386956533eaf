"""One distribution's subtasks, each brought a step forward: from waiting to a pod, from a pod's end to what follows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from taskdist.api.agent_type import AgentType
from taskdist.api.names import SubTaskPhase, SubTaskReason
from taskdist.api.provider import Prices, Provider
from taskdist.api.task_distribution import FailurePolicy, OnSuspend, TaskDistribution
from taskdist.engine.durations import factor
from taskdist.reconcile import fan_out
from taskdist.reconcile.actions import Action, CreatePod, CreateSubTask, DeletePod, DeleteSubTask, PatchSubTaskStatus
from taskdist.reconcile.assignment import Assignment, Unassigned, alternative, assign, next_agent_type
from taskdist.reconcile.attempts import conclude, hold_up, remember, settle, show
from taskdist.reconcile.belief import doubt
from taskdist.reconcile.outcome import Outcome, outcome_of, outcome_of_gone, stuck
from taskdist.reconcile.planning import Mode, Planning
from taskdist.reconcile.pod_object import pod_object
from taskdist.reconcile.projection import Catalogue, Projection
from taskdist.reconcile.slots import Claimant, Kind, Rank, Slot
from taskdist.reconcile.subtask_object import subtask_object
from taskdist.reconcile.text import subtask_name, wire_time
from taskdist.reconcile.trigger import Verdict, verdict
from taskdist.reconcile.views import PodPhase, PodView, SubTaskView

_VISIBLE_AFTER = timedelta(seconds=3)
"""A subtask that runs shorter than two seconds costs no status write for ``Running``: kubelets cut times to the second, so that
a pod may have started up to one second later than it says."""
_STUCK_AFTER = timedelta(seconds=5)
"""What keeps a subtask from starting is shown once it has lasted that long."""
_DEFAULT_PRICES = Prices()
_NODE_LOST = Outcome(SubTaskReason.NODE_LOST, "the pod's node is no more")
_GIVE_UP = "it is begun anew once the node answers, is deleted, or is tainted node.kubernetes.io/out-of-service"
_STOPPED = Outcome(
    SubTaskReason.SUSPENDED, "stopped because the distribution was suspended; it runs again when it is resumed"
)


class Advance:
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
        self._namespace_labels = catalogue.namespaces.get(seen.namespace, {})
        self.fail_fast = root.spec.failure_policy is FailurePolicy.FAIL_FAST

    def assess(self, id_: str) -> None:
        """Decide on one subtask."""
        subtask = self.seen.subtasks.get(id_)
        if subtask is None or subtask.deleting or ("delete", subtask.uid) in self.seen.pending:
            return
        if subtask.forged:  # it is being replaced; nothing starts from it meanwhile
            self._withdraw(id_)
            return
        if subtask.terminal:
            self._finished(subtask)
        elif ("status", id_) not in self.seen.pending:
            pod = self.seen.pods.get((id_, subtask.attempt, subtask.uid))
            gone = self.seen.lost.get((id_, subtask.attempt))
            if pod is not None:
                self._running(subtask, pod)
            elif gone is not None or subtask.current.pod_uid:
                self._conclude(subtask, gone, self._by_its_node(outcome_of_gone(gone), gone))
            elif ("pod", id_) not in self.seen.pending:
                self._waiting(subtask)

    # --- the states ------------------------------------------------------------------------------------------------

    def _finished(self, subtask: SubTaskView) -> None:
        self._withdraw(subtask.id)
        if why := doubt(self.seen, subtask):
            self.seen.set_phase(subtask.id, SubTaskPhase.WAITING)
            self.seen.pending.add(("delete", subtask.uid))
            asked = subtask.current.pod if subtask.current.pod_uid else ""
            self.actions.append(DeleteSubTask(subtask.id, subtask.name, subtask.uid, asked, why))
            return
        assert subtask.phase is not None  # noqa: S101 - a terminal subtask has one
        failed_before = self.seen.phases[SubTaskPhase.FAILED]
        self.seen.set_phase(subtask.id, subtask.phase)
        if self.fail_fast and not failed_before and self.seen.phases[SubTaskPhase.FAILED]:
            self.seen.touch(s.id for s in self.seen.subtasks.values() if not s.terminal)
        alive = [pod for pod in self.seen.pods_of(subtask.id) if not pod.ended]
        for pod in alive:
            self._delete(pod)
        if not alive:
            self._give_back(subtask.id)

    def _running(self, subtask: SubTaskView, pod: PodView) -> None:
        self._withdraw(subtask.id)
        self.seen.set_phase(subtask.id, SubTaskPhase.QUEUED if pod.gated else SubTaskPhase.RUNNING)
        outcome = outcome_of(pod)
        if outcome is not None:
            self._conclude(subtask, pod, self._by_its_node(outcome, pod))
            if all(other.ended for other in self.seen.pods_of(subtask.id)):
                self._give_back(subtask.id)
        elif self.planning.mode is Mode.CANCELLED:
            self._cancel(subtask)
            self._delete(pod)
        elif self.catalogue.health.nodes.lost(pod, self.now):
            self._conclude(subtask, pod, _NODE_LOST)
            self._delete(pod, force=True)
        elif self.planning.mode is Mode.SUSPENDED and (pod.gated or self.root.spec.on_suspend is OnSuspend.STOP):
            # What waits in a queue has not started: left there, it would start while all is to stand still.
            self._conclude(subtask, pod, _STOPPED)
            self._delete(pod)
        elif (since := self.catalogue.health.nodes.silent_since(pod)) is not None:
            self._unreachable(subtask, pod, since)
        elif pod.phase is PodPhase.RUNNING:
            self._started(subtask, pod)
        else:
            self._starting(subtask, pod)

    def _unreachable(self, subtask: SubTaskView, pod: PodView, since: datetime) -> None:
        """Its node has fallen silent: it may be at work there, so that nothing is begun beside it unless that is asked for."""
        if self._given_up(pod):
            message = f"node {pod.node} has been unreachable since {wire_time(since)}"
            self._conclude(subtask, pod, Outcome(SubTaskReason.NODE_LOST, message))
            self._delete(pod)  # not by force: a kubelet that comes back ends it, and until then it can be seen
        elif subtask.reason is not SubTaskReason.NODE_UNREACHABLE:
            if self.now >= since + _STUCK_AFTER:
                phase = SubTaskPhase.RUNNING if pod.phase is PodPhase.RUNNING else SubTaskPhase.READY
                self._write(show(subtask, pod, phase, SubTaskReason.NODE_UNREACHABLE, self._while_silent(pod, since)))
            else:
                self.seen.look_again(subtask.id, since + _STUCK_AFTER)

    def _given_up(self, pod: PodView) -> bool:
        """Whether its node has been silent for as long as the user lets work wait; else looks again when it will have been."""
        since = self.catalogue.health.nodes.silent_since(pod)
        seconds = self.root.spec.placement.replace_unreachable_seconds
        if since is None or seconds is None:
            return False
        given_up_at = since + timedelta(seconds=seconds)
        if self.now < given_up_at:
            self.seen.look_again(pod.subtask_id, given_up_at)
        return self.now >= given_up_at

    def _while_silent(self, pod: PodView, since: datetime) -> str:
        seconds = self.root.spec.placement.replace_unreachable_seconds
        then = f"it is begun anew at {wire_time(since + timedelta(seconds=seconds))}" if seconds else _GIVE_UP
        return (
            f"node {pod.node} has been unreachable since {wire_time(since)}, and pod {pod.name} may run there; {then}"
        )

    def _by_its_node(self, outcome: Outcome, pod: PodView | None) -> Outcome:
        """What was taken from a silent node was not merely evicted: the provider is to blame, and another may do better."""
        since = self.catalogue.health.nodes.silent_since(pod) if pod is not None else None
        if pod is None or since is None or outcome.reason is not SubTaskReason.EVICTED:
            return outcome
        message = f"node {pod.node} has been unreachable since {wire_time(since)}: {outcome.message}"
        return replace(outcome, reason=SubTaskReason.NODE_LOST, message=message[:1024])

    def _started(self, subtask: SubTaskView, pod: PodView) -> None:
        if subtask.phase is SubTaskPhase.RUNNING and subtask.reason is not SubTaskReason.NODE_UNREACHABLE:
            return
        visible_at = (pod.started_at or pod.created_at or self.now) + _VISIBLE_AFTER
        if self.now >= visible_at:
            self._write(show(subtask, pod, SubTaskPhase.RUNNING, SubTaskReason.STARTED, ""))
        else:
            self.seen.look_again(subtask.id, visible_at)

    def _queued(self, subtask: SubTaskView, pod: PodView) -> None:
        """It waits until its queue has room: as long as that takes, and no node is to blame."""
        self.seen.admitted.pop(pod.uid, None)
        shown_at = (pod.created_at or self.now) + _STUCK_AFTER
        if subtask.phase is SubTaskPhase.QUEUED:
            return
        if self.now >= shown_at:
            reason, message = stuck(pod) or (SubTaskReason.ADMISSION_PENDING, "")
            self._write(show(subtask, pod, SubTaskPhase.QUEUED, reason, message))
        else:
            self.seen.look_again(subtask.id, shown_at)

    def _pending_since(self, pod: PodView) -> datetime:
        """Since when it could start: since it was created, or for what had to be admitted, since it was seen admitted.

        No field of a pod tells when its gates were removed. An operator that starts anew counts from then: later, never sooner.
        """
        if not self.root.spec.queue_name:
            return pod.created_at or self.now
        return self.seen.admitted.setdefault(pod.uid, self.now)

    def _starting(self, subtask: SubTaskView, pod: PodView) -> None:
        if pod.gated:
            self._queued(subtask, pod)
            return
        since = self._pending_since(pod)
        given_up_at = since + timedelta(seconds=self.root.spec.limits.pending_timeout_seconds)
        why = stuck(pod)
        if self.now >= given_up_at:
            reason, message = why or (SubTaskReason.PENDING_TIMEOUT, "the pod did not start in time")
            self._conclude(subtask, pod, Outcome(reason, message))
            self._delete(pod)
            return
        if pod.unschedulable and self._may_move(subtask, pod):
            moves_at = since + timedelta(seconds=self.root.spec.placement.failover_seconds)
            if self.now >= moves_at:
                message = f"provider {pod.provider} has no node for it: {pod.unschedulable}"
                self._conclude(subtask, pod, Outcome(SubTaskReason.PROVIDER_UNAVAILABLE, message[:1024]))
                self._delete(pod)
                return
            self.seen.look_again(subtask.id, moves_at)
        if why is None and subtask.phase is SubTaskPhase.QUEUED:
            why = SubTaskReason.SCHEDULING, "admitted by its queue, and about to start"
        if why is not None and subtask.reason is not why[0]:
            if self.now >= since + _STUCK_AFTER:
                self._write(show(subtask, pod, SubTaskPhase.READY, *why))
            else:
                self.seen.look_again(subtask.id, since + _STUCK_AFTER)
        self.seen.look_again(subtask.id, given_up_at)

    def _may_move(self, subtask: SubTaskView, pod: PodView) -> bool:
        placement = self.root.spec.placement
        if not placement.failover or not pod.provider:
            return False
        return alternative(subtask, pod.provider, placement, self.catalogue.providers, self.catalogue.health, self.now)

    def _waiting(self, subtask: SubTaskView) -> None:
        id_ = subtask.id
        if self.planning.mode is Mode.CANCELLED:
            self._cancel(subtask)
            return
        parents = [self._parent_phase(parent) for parent in subtask.depends_on]
        said = verdict(subtask.trigger_rule, parents)
        stopped = self.fail_fast and self.seen.phases[SubTaskPhase.FAILED] and id_ not in self.seen.survivors
        if said is Verdict.NEVER:
            self._settle(subtask, SubTaskPhase.SKIPPED, *_unmet(subtask, parents))
        elif stopped:
            message = "another subtask failed and failurePolicy is FailFast"
            self._settle(subtask, SubTaskPhase.SKIPPED, SubTaskReason.FAIL_FAST, message)
        elif said is Verdict.WAIT:
            self._withdraw(id_)
            self.seen.set_phase(id_, SubTaskPhase.WAITING)
        elif subtask.for_each_result:
            self._fan_out(subtask)
        elif subtask.next_attempt_at is not None and subtask.next_attempt_at > self.now:
            self.seen.set_phase(id_, SubTaskPhase.RETRYING)
            self.seen.look_again(id_, subtask.next_attempt_at)
        elif self._in_the_way(subtask):
            # An earlier attempt's pod is still ending: two must not work on the same thing side by side.
            self.seen.set_phase(id_, SubTaskPhase.RETRYING)
            self._held_up_by_a_node(subtask)
        else:
            self.seen.unpark(id_)
            self.seen.set_phase(id_, SubTaskPhase.READY)
            self.seen.offer(subtask)

    def _in_the_way(self, subtask: SubTaskView) -> bool:
        """True while pods of earlier attempts live, or any pod of the SubTask that this one replaces is there.

        The latter are deleted here: the garbage collector would do it, but may learn of a new kind half a minute late.
        """
        former = self.seen.predecessors.get(subtask.id)
        pods = self.seen.pods_of(subtask.id)
        left = [pod for pod in pods if pod.owner_uid == former]
        for pod in left:
            self._delete(pod)
        alive = [pod for pod in pods if not pod.ended]
        for pod in alive:
            if self.catalogue.health.nodes.lost(pod, self.now):
                self._delete(pod, force=True)
        return bool(left) or any(not self._given_up(pod) for pod in alive)

    def _held_up_by_a_node(self, subtask: SubTaskView) -> None:
        """Say so where a pod of an earlier attempt cannot be ended, because its node does not answer."""
        for pod in self.seen.pods_of(subtask.id):
            since = self.catalogue.health.nodes.silent_since(pod)
            if since is not None and not pod.ended:
                message = self._while_silent(pod, since)
                self._hold_up(subtask, SubTaskReason.NODE_UNREACHABLE, message, (pod.name,))
                return

    def _parent_phase(self, id_: str) -> SubTaskPhase:
        """Phase of a parent; one that is about to be replaced has not ended, however its predecessor did."""
        parent = self.seen.subtasks.get(id_)
        if parent is None or parent.deleting or ("delete", parent.uid) in self.seen.pending:
            return SubTaskPhase.WAITING
        if doubt(self.seen, parent):
            return SubTaskPhase.WAITING
        return parent.phase or SubTaskPhase.WAITING

    def _fan_out(self, subtask: SubTaskView) -> None:
        """Make the members that are still missing, or end with them."""
        id_ = subtask.id
        self.seen.set_phase(id_, SubTaskPhase.WAITING)
        items, problem = fan_out.items(subtask.for_each_result, self.seen.subtasks)
        members = self.seen.members_of(id_)
        if not problem:
            own = {m.id for m in members}
            ids, problem = fan_out.member_ids(id_, len(items), self.seen.subtasks.keys() - own)
        if problem:
            self._settle(subtask, SubTaskPhase.FAILED, SubTaskReason.RESULT_MISSING, problem)
            return
        planned = next((p for p in self.planning.plan.subtasks if p.id == id_), None) if self.planning.plan else None
        record = self.planning.record
        missing = [pair for pair in zip(ids, items, strict=True) if pair[0] not in self.seen.subtasks]
        if missing and planned is not None and record is not None:
            for member_id, item in missing:
                key = ("subtask", member_id)
                if key not in self.seen.pending:
                    self.seen.pending.add(key)
                    name = subtask_name(self.root.metadata.name, member_id)
                    body = subtask_object(self.root, record.name, fan_out.member(planned, member_id, item), id_)
                    self.actions.append(CreateSubTask(member_id, name, body))
        elif not missing and (end := fan_out.end(members)) is not None:
            self._settle(subtask, *end)

    # --- starting --------------------------------------------------------------------------------------------------

    def dispatch(self) -> None:
        """Start what is ready, the most important first, while there is room."""
        if self.planning.mode is not Mode.RUNNING:
            for id_ in tuple(self.seen.blocked):
                self._withdraw(id_)
            return
        alive = self.seen.phases[SubTaskPhase.RUNNING] + self.seen.phases[SubTaskPhase.QUEUED]
        room = self.root.spec.limits.max_parallel - alive
        while room > 0 and (subtask := self.seen.next_ready()) is not None:
            room -= self._start(subtask)

    def _start(self, subtask: SubTaskView) -> bool:
        """Create the pod of the current attempt; returns false if something stands in the way."""
        if subtask.cache_key and self._take_from_cache(subtask):
            return False
        assignment = assign(
            subtask,
            self.root.spec.placement,
            self.catalogue.agent_types,
            self.catalogue.providers,
            self.catalogue.health,
            self._namespace_labels,
            self.now,
        )
        if isinstance(assignment, Unassigned):
            self._hold_up(subtask, assignment.reason, assignment.message, ())
            if assignment.until is not None:
                self.seen.look_again(subtask.id, max(assignment.until, self.now + timedelta(seconds=1)))
            return False
        refusal = self.seen.refused.get(subtask.id)
        if refusal is not None and refusal.until > self.now:
            self._give_back(subtask.id)
            self._hold_up(subtask, refusal.reason, refusal.message, ())
            self.seen.look_again(subtask.id, refusal.until)
            return False
        slots = self._slots(subtask, assignment)
        if slots and not self._claim(subtask, slots):
            return False
        self.seen.blocked.pop(subtask.id, None)
        body = pod_object(
            self.root,
            subtask,
            assignment.agent_type,
            assignment.provider,
            self._upstream(subtask),
            self.catalogue.agent_image,
        )
        self.actions.append(CreatePod(subtask.id, subtask.attempt, body["metadata"]["name"], body))
        self.seen.pending.add(("pod", subtask.id))
        self.seen.set_phase(subtask.id, SubTaskPhase.RUNNING)
        return True

    def _upstream(self, subtask: SubTaskView) -> list[SubTaskView]:
        """Whose results it gets: what it depends on, with the members of what was fanned out."""
        found = []
        for parent in subtask.depends_on:
            known = self.seen.subtasks.get(parent)
            if known is not None:
                found.append(known)
                if known.for_each_result:
                    found += self.seen.members_of(parent)
        return found

    def _take_from_cache(self, subtask: SubTaskView) -> bool:
        """End the subtask with the results of an equal one that has finished in this namespace, if it is young enough."""
        found = [
            s
            for peer in (self.seen, *self.catalogue.peers(self.root.metadata.namespace))
            if (s := peer.recall(subtask.cache_key, subtask.definition_hash)) is not None and s.uid != subtask.uid
        ]
        oldest = self.now - timedelta(seconds=subtask.cache_seconds) if subtask.cache_seconds else None
        young = [s for s in found if oldest is None or (s.current.finished_at or oldest) > oldest]
        if not young:
            return False
        self._write(remember(subtask, max(young, key=lambda s: s.current.finished_at or self.now)))
        return True

    def _slots(self, subtask: SubTaskView, assignment: Assignment) -> tuple[Slot, ...]:
        return (
            slots_of(subtask, assignment.agent_type, self.root.metadata.namespace, self.catalogue.most_pods)
            + assignment.probes
        )

    def _claim(self, subtask: SubTaskView, slots: tuple[Slot, ...]) -> bool:
        """Take the slots, or stand in line for them behind those of this distribution that came first."""
        id_ = subtask.id
        first = next((head for slot in slots if (head := self.seen.first_parked(slot)) not in {"", id_}), "")
        if first and not self.catalogue.slots.holds(self._claimant(id_)):
            slot = next(s for s in slots if self.seen.first_parked(s) == first)
            self.seen.park(id_, slot)
            self.seen.set_phase(id_, SubTaskPhase.READY)
            return False
        created = self.root.metadata.creation_timestamp or _DAWN
        rank = Rank(-self.seen.priority, created, -subtask.priority, f"{self.root.metadata.name}/{id_}")
        blocked = self.catalogue.slots.claim(self._claimant(id_), slots, rank)
        if blocked is not None:
            self.seen.park(id_, blocked.slot)
            self._hold_up(subtask, blocked.reason, blocked.message, tuple(map(str, blocked.by)))
            return False
        for slot in slots:
            if behind := self.seen.first_parked(slot):
                self.seen.unpark(behind)
                self.seen.offer(self.seen.subtasks[behind])
        return True

    def _hold_up(self, subtask: SubTaskView, reason: SubTaskReason, message: str, by: tuple[str, ...]) -> None:
        """Remember why it does not start; show it once it lasts."""
        since, before = self.seen.blocked.get(subtask.id, (self.now, reason))
        self.seen.blocked[subtask.id] = (since if before is reason else self.now, reason)
        self.seen.set_phase(subtask.id, SubTaskPhase.READY)
        shown_at = self.seen.blocked[subtask.id][0] + _STUCK_AFTER
        if subtask.reason is reason and subtask.phase is SubTaskPhase.READY:
            return
        if self.now >= shown_at:
            self.seen.pending.add(("status", subtask.id))
            self.actions.append(hold_up(subtask, reason, message, by))
        else:
            self.seen.look_again(subtask.id, shown_at)

    # --- ends ------------------------------------------------------------------------------------------------------

    def _conclude(self, subtask: SubTaskView, pod: PodView | None, outcome: Outcome) -> None:
        provider = self._provider_of(subtask, pod)
        name = (pod.agent_type if pod is not None else "") or subtask.current.agent_type or subtask.agent_type
        agent_type = self.catalogue.agent_types.get(name)
        if self.catalogue.health.record(
            outcome.reason, outcome.message, name, provider, self.now, own_work=subtask.own_work
        ):
            self.catalogue.moved()
        self._write(
            conclude(
                subtask,
                pod,
                outcome,
                agent_type=name,
                fallback=next_agent_type(subtask, self.catalogue.agent_types, self._namespace_labels),
                oom=self.root.spec.resource_policy.oom,
                prices=provider.spec.prices if provider else _DEFAULT_PRICES,
                base_cost_usd=_base_cost(agent_type, subtask),
                now=self.now,
            )
        )

    def _provider_of(self, subtask: SubTaskView, pod: PodView | None) -> Provider | None:
        name = pod.provider if pod is not None else subtask.current.provider
        return self.catalogue.providers.get(name or subtask.provider)

    def _cancel(self, subtask: SubTaskView) -> None:
        self._settle(subtask, SubTaskPhase.CANCELLED, self.planning.cancel_reason, self.planning.cancel_message)

    def _settle(self, subtask: SubTaskView, phase: SubTaskPhase, reason: SubTaskReason, message: str) -> None:
        self._write(settle(subtask, phase, reason, message))

    def _write(self, patch: PatchSubTaskStatus) -> None:
        self._withdraw(patch.id)
        self.seen.pending.add(("status", patch.id))
        self.actions.append(patch)

    def _delete(self, pod: PodView, *, force: bool = False) -> None:
        if (force or not pod.deleting) and ("delete", pod.uid) not in self.seen.pending:
            self.seen.pending.add(("delete", pod.uid))
            self.actions.append(DeletePod(pod.subtask_id, pod.attempt, pod.name, pod.uid, force))

    # --- slots -----------------------------------------------------------------------------------------------------

    def _claimant(self, id_: str) -> Claimant:
        return Claimant(self.root.metadata.namespace, self.root.metadata.name, id_)

    def _withdraw(self, id_: str) -> None:
        """It does not want to start now: others need not wait behind it."""
        self.seen.withdraw(id_)
        self.seen.unpark(id_)
        if self.seen.blocked.pop(id_, None) is not None and not self.catalogue.slots.holds(self._claimant(id_)):
            self._give_back(id_)

    def _give_back(self, id_: str) -> None:
        if freed := self.catalogue.slots.release(self._claimant(id_)):
            self.catalogue.wake(freed)


def slots_of(subtask: SubTaskView, agent_type: AgentType | None, namespace: str, most_pods: int) -> tuple[Slot, ...]:
    """What a subtask's live pod takes part in: its locks, and the places of its agent type and namespace if they are counted."""
    slots = [lock_slot(name, namespace) for name in subtask.locks]
    if agent_type is not None and agent_type.spec.max_concurrent is not None:
        slots.append(Slot(Kind.AGENT_TYPE, agent_type.metadata.name, room=agent_type.spec.max_concurrent))
    if most_pods:
        slots.append(Slot(Kind.NAMESPACE, namespace, room=most_pods))
    return tuple(slots)


def lock_slot(name: str, namespace: str) -> Slot:
    """A lock; ``NAME=N`` is a semaphore that N may hold at the same time."""
    stem, equals, number = name.rpartition("=")
    if equals and stem and number.isdecimal() and int(number) > 0:
        return Slot(Kind.LOCK, stem, namespace, int(number))
    return Slot(Kind.LOCK, name, namespace)


_DAWN = datetime(2000, 1, 1, tzinfo=UTC)


def _base_cost(agent_type: AgentType | None, subtask: SubTaskView) -> Decimal:
    """What one attempt of the agent costs whatever its time: scaled by complexity, as the plan estimates it."""
    if agent_type is None:
        return Decimal(0)
    return Decimal(agent_type.spec.base_cost_usd) * Decimal(str(round(factor(subtask.complexity), 4)))


def _unmet(subtask: SubTaskView, parents: list[SubTaskPhase]) -> tuple[SubTaskReason, str]:
    ended = [f"{name} {p.value}" for name, p in zip(subtask.depends_on, parents, strict=True) if p.terminal]
    reason = SubTaskReason.DEPENDENCY_FAILED
    if subtask.trigger_rule.value != "AllSucceeded":
        reason = SubTaskReason.TRIGGER_RULE_UNMET
    return reason, f"trigger rule {subtask.trigger_rule.value} cannot be met: {', '.join(ended)}"[:1024]
