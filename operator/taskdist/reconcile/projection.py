"""Everything that is known of one TaskDistribution and its children, indexed for decisions.

A projection is a cache, never the truth: it is rebuilt from a list at any time, and a rebuilt one leads to the same decisions
(property-tested). Observing a change marks the subtasks whose decision may differ; a decision looks only at those, so that a
graph of 5,000 costs no more per subtask than one of 50.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from taskdist.api.agent_type import AgentType
from taskdist.api.names import Annotation, SubTaskPhase, SubTaskReason
from taskdist.api.provider import Provider
from taskdist.api.task_distribution import PlanningMode, TaskDistribution
from taskdist.engine.model import Plan
from taskdist.reconcile.actions import Body
from taskdist.reconcile.health import Health
from taskdist.reconcile.slots import Claimant, Slot, Slots
from taskdist.reconcile.spec_hash import spec_hash
from taskdist.reconcile.views import PodView, SubTaskView, UsageView

PodKey = tuple[str, int, str]
"""A pod's subtask, its attempt, and the UID of the SubTask that owns it: labels alone can be forged."""
AttemptKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """The ExecutionPlan in force, as far as decisions need it."""

    name: str
    revision: int
    hash: str
    spec_hash: str
    total: int
    owner_uid: str = ""
    uid: str = ""
    rests_on: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The API server did not let a pod be created; it is asked again at ``until``."""

    until: datetime
    reason: SubTaskReason
    message: str


@dataclass(slots=True)
class Projection:
    """One distribution.

    ``pending`` holds writes on their way: what they will change is not decided on again. ``planned`` is the engine's answer for
    the spec with hash ``planned_for``; ``priority`` is the value of its PriorityClass; ``blocked`` says since when and why a
    subtask that could start does not, and ``refused`` what the server said of its pod. ``materialized`` is the hash of the plan
    whose subtasks are all known to exist, ``scanned`` that of the plan last compared with them, ``awaited`` what it then lacked.
    ``believed`` says up to which version a subtask's success was found to be true, ``doubted`` why one is strange, by UID.
    ``strays`` are pods with our finalizer that no SubTask owns any more; ``unrecorded`` says since when a pod that has ended
    and is to go was seen without a record of its end. ``gone`` are the UIDs of SubTasks that we deleted and no watch has told
    the end of yet. ``predecessors`` are, by id, the UIDs of the SubTasks that were there before. ``admitted`` says when a pod
    that had to be admitted by a queue was first seen without gates. ``first_start`` and ``last_finish`` are those of the run
    since the last resubmit, ``try_start`` is the first start since the last retry of it. ``rests_on`` is what the engine knew
    of finished attempts when it planned
    (:func:`taskdist.planning.learned.kept`).
    """

    namespace: str
    name: str
    root: TaskDistribution | None = None
    root_status: Body = field(default_factory=dict)
    plans: dict[str, PlanRecord] = field(default_factory=dict)
    planned: Plan | None = None
    planned_for: str = ""
    rests_on: str = ""
    materialized: str = ""
    scanned: str = ""
    awaited: set[str] = field(default_factory=set)
    spec_hash: str = ""
    subtasks: dict[str, SubTaskView] = field(default_factory=dict)
    pods: dict[PodKey, PodView] = field(default_factory=dict)
    lost: dict[AttemptKey, PodView] = field(default_factory=dict)
    pending: set[tuple[str, str]] = field(default_factory=set)
    phases: Counter[SubTaskPhase] = field(default_factory=Counter)
    usage: UsageView = field(default_factory=UsageView)
    first_start: datetime | None = None
    try_start: datetime | None = None
    last_finish: datetime | None = None
    priority: int = 0
    blocked: dict[str, tuple[datetime, SubTaskReason]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    predecessors: dict[str, str] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)
    admitted: dict[str, datetime] = field(default_factory=dict)
    strays: dict[str, PodView] = field(default_factory=dict)
    unrecorded: dict[str, datetime] = field(default_factory=dict)
    believed: dict[str, str] = field(default_factory=dict)
    doubted: dict[str, str] = field(default_factory=dict)
    _held: dict[str, PodKey] = field(default_factory=dict)
    _parked: dict[Slot, dict[str, None]] = field(default_factory=dict)
    _parked_at: dict[str, Slot] = field(default_factory=dict)
    _cached: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _members: dict[str, set[str]] = field(default_factory=dict)
    _dependents: dict[str, list[str]] = field(default_factory=dict)
    _pods_of: dict[str, set[PodKey]] = field(default_factory=dict)
    _known_as: dict[str, PodKey] = field(default_factory=dict)
    _effective: dict[str, SubTaskPhase] = field(default_factory=dict)
    _dirty: dict[str, None] = field(default_factory=dict)
    _ready: list[tuple[int, int, str]] = field(default_factory=list)
    _ready_ids: set[str] = field(default_factory=set)
    _timers: list[tuple[datetime, str]] = field(default_factory=list)
    _survivors: frozenset[str] | None = None

    # --- observing -------------------------------------------------------------------------------------------------

    def observe_root(self, root: TaskDistribution, status: Body) -> bool:
        """Take in the root; returns whether anything but our own status changed."""
        changed = self.root is None or _root_key(self.root) != _root_key(root)
        if changed:
            self.spec_hash = spec_hash(root)
            if self.root is not None and _only_planned(self.root) is not _only_planned(root):
                self.planned_for = ""  # what keeps a plan from running is a warning only while nothing would run
            self.rescan()
            self.touch(self.subtasks)
        if self.root is None:
            # Children may be seen before their root; those of an earlier root of the same name are not ours.
            for child in [s for s in self.subtasks.values() if s.owner_uid != root.metadata.uid]:
                self.forget_subtask(child.id, child.uid)
            self.plans = {n: p for n, p in self.plans.items() if p.owner_uid == root.metadata.uid}
        again = self.root is None or tokens(self.root) != tokens(root)
        self.root = root
        self.root_status = status
        if again:  # another run has another beginning
            self.first_start = self.try_start = self.last_finish = None
            for child in self.subtasks.values():
                self._clock_in(child)
        return changed

    def observe_subtask(self, seen: SubTaskView) -> None:
        """Take in one SubTask. An older version than the one known is dropped: own writes are seen before the watch."""
        known = self.subtasks.get(seen.id)
        if known is not None and known.uid == seen.uid and _older(seen.resource_version, known.resource_version):
            return
        if known is None or known.uid != seen.uid or known.depends_on != seen.depends_on:
            for parent in seen.depends_on:
                children = self._dependents.setdefault(parent, [])
                if seen.id not in children:
                    children.append(seen.id)
            self._survivors = None
        self.subtasks[seen.id] = seen
        if seen.forged:
            self.rescan()
        if seen.cache_key:
            self._cached.setdefault((seen.cache_key, seen.definition_hash), set()).add(seen.id)
        if seen.member_of:
            self._members.setdefault(seen.member_of, set()).add(seen.id)
        self.awaited.discard(seen.id)
        was_terminal = known is not None and known.uid == seen.uid and known.terminal
        self.usage = self.usage.plus(seen.usage).minus(known.usage if known else UsageView())
        self._clock_in(seen)
        self.lost.pop((seen.id, seen.attempt - 1), None)
        self.mark(seen.id)
        if seen.terminal and not was_terminal:
            self.touch(self._dependents.get(seen.id, ()))
            if seen.member_of:
                self.mark(seen.member_of)

    def forget_subtask(self, id_: str, uid: str) -> None:
        """The SubTask is gone. A newer one of the same id stays."""
        known = self.subtasks.get(id_)
        if known is None or known.uid != uid:
            return
        del self.subtasks[id_]
        self.predecessors[id_] = uid
        self.believed.pop(uid, None)
        self.doubted.pop(uid, None)
        self.rescan()
        for key in [k for k in self.lost if k[0] == id_]:  # a namesake must not inherit how its predecessor's pod ended
            del self.lost[key]
        self._set_effective(id_, None)
        self._ready_ids.discard(id_)
        self.unpark(id_)
        self.blocked.pop(id_, None)
        self.refused.pop(id_, None)
        if known.cache_key:
            self._cached.get((known.cache_key, known.definition_hash), set()).discard(id_)
        if known.member_of:
            self._members.get(known.member_of, set()).discard(id_)
            self.mark(known.member_of)
        self.usage = self.usage.minus(known.usage)
        self._survivors = None
        self.mark(id_)
        self.touch(self._dependents.get(id_, ()))

    def observe_pod(self, seen: PodView) -> None:
        """Take in one pod. One that no SubTask owns is somebody else's; one that was ours until now is lost."""
        key = pod_key(seen)
        before = self._known_as.get(seen.uid)
        if before is not None and before != key and (known := self.pods.get(before)) is not None:
            self.forget_pod(known)  # its labels or its owner were changed
        if not seen.owner_uid:
            if seen.held:
                self.strays[seen.uid] = seen
            else:
                self.strays.pop(seen.uid, None)
            return
        self.pods[key] = seen
        if seen.held:
            self._held[seen.uid] = key
        else:
            self._held.pop(seen.uid, None)
        self._known_as[seen.uid] = key
        self._pods_of.setdefault(seen.subtask_id, set()).add(key)
        self.mark(seen.subtask_id)

    def forget_pod(self, gone: PodView) -> None:
        """The pod is gone; what was last seen of it is kept until the attempt is decided."""
        key = pod_key(gone)
        known = self.pods.get(key)
        self.strays.pop(gone.uid, None)
        if known is None or known.uid != gone.uid:
            return
        self._held.pop(gone.uid, None)
        self.unrecorded.pop(gone.uid, None)
        del self.pods[key]
        self._known_as.pop(gone.uid, None)
        self.admitted.pop(gone.uid, None)
        self._pods_of[gone.subtask_id].discard(key)
        subtask = self.subtasks.get(gone.subtask_id)
        ours = subtask is not None and subtask.uid == gone.owner_uid  # not of an earlier SubTask of the same name
        if ours and subtask is not None and not subtask.terminal and subtask.attempt == gone.attempt:
            self.lost[gone.subtask_id, gone.attempt] = gone
        self.mark(gone.subtask_id)

    def replace_children(self, subtasks: Iterable[SubTaskView]) -> None:
        """Take in a whole list of SubTasks: what is not in it is gone."""
        present = {seen.id: seen for seen in subtasks}
        self.gone.clear()  # a list is the truth
        for known in list(self.subtasks.values()):
            if known.id not in present or present[known.id].uid != known.uid:
                self.forget_subtask(known.id, known.uid)
        for seen in present.values():
            self.observe_subtask(seen)

    def replace_pods(self, pods: Iterable[PodView]) -> None:
        """Take in a whole list of pods: what is not in it is gone."""
        present = {pod_key(seen): seen for seen in pods}
        for key, known in list(self.pods.items()):
            if key not in present or present[key].uid != known.uid:
                self.forget_pod(known)
        self.strays.clear()
        for seen in present.values():
            self.observe_pod(seen)

    def rescan(self) -> None:
        """The subtasks that exist may not be those of the plan: compare them again."""
        self.materialized = self.scanned = ""

    # --- what decisions ask ----------------------------------------------------------------------------------------

    def mark(self, id_: str) -> None:
        """The decision on this subtask may differ now."""
        self._dirty[id_] = None

    def touch(self, ids: Iterable[str] | Mapping[str, object]) -> None:
        """The decisions on these subtasks may differ now."""
        for id_ in ids:
            self._dirty[id_] = None

    def take_dirty(self, now: datetime) -> list[str]:
        """Return, and forget, the subtasks to decide on: changed ones, and those whose time has come."""
        while self._timers and self._timers[0][0] <= now:
            self.mark(heapq.heappop(self._timers)[1])
        taken = list(self._dirty)
        self._dirty.clear()
        return taken

    def look_again(self, id_: str, at: datetime) -> None:
        """Decide on a subtask again at a moment although nothing may be seen of it until then."""
        heapq.heappush(self._timers, (at, id_))

    @property
    def next_look(self) -> datetime | None:
        """When the next subtask's time comes."""
        return self._timers[0][0] if self._timers else None

    def dependents(self, id_: str) -> list[str]:
        """Ids of the subtasks that wait for this one."""
        return self._dependents.get(id_, [])

    def pods_of(self, id_: str) -> list[PodView]:
        """The pods of one subtask, oldest attempt first."""
        return [self.pods[key] for key in sorted(self._pods_of.get(id_, ()))]

    def under_way(self, id_: str) -> bool:
        """True if the pod of the subtask's attempt is there, and waits for a node or runs on one as it should."""
        subtask = self.subtasks.get(id_)
        pod = self.pods.get((id_, subtask.attempt, subtask.uid)) if subtask is not None else None
        return pod is not None and not (
            pod.ended or pod.deleting or pod.gated or pod.unschedulable or pod.waiting_reason
        )

    def held_pods(self) -> list[PodView]:
        """The pods that have our finalizer."""
        return [*self.strays.values(), *(self.pods[key] for key in self._held.values())]

    def released(self, uid: str) -> None:
        """Our finalizer was taken from a pod."""
        self.strays.pop(uid, None)
        key = self._held.pop(uid, None)
        if key is not None:
            self.pods[key] = replace(self.pods[key], held=False)

    def set_phase(self, id_: str, phase: SubTaskPhase) -> None:
        """Record the phase that a decision found, written to the object or not."""
        self._set_effective(id_, phase)

    def phase_of(self, id_: str) -> SubTaskPhase:
        """The phase that the last decision found."""
        return self._effective.get(id_, SubTaskPhase.WAITING)

    def offer(self, subtask: SubTaskView) -> None:
        """The subtask may start as soon as there is room."""
        if subtask.id not in self._ready_ids:
            self._ready_ids.add(subtask.id)
            heapq.heappush(self._ready, (-subtask.priority, len(subtask.id), subtask.id))

    def withdraw(self, id_: str) -> None:
        """The subtask may not start any more."""
        self._ready_ids.discard(id_)

    def park(self, id_: str, slot: Slot) -> None:
        """The subtask waits for a slot, behind those of this distribution that wait for it already."""
        self._parked.setdefault(slot, {})[id_] = None
        self._parked_at[id_] = slot

    def unpark(self, id_: str) -> None:
        """The subtask waits for no slot any more; if it stood first, the next one is looked at."""
        slot = self._parked_at.pop(id_, None)
        if slot is None:
            return
        line = self._parked[slot]
        first = next(iter(line)) == id_
        del line[id_]
        if not line:
            del self._parked[slot]
        elif first:
            self.mark(next(iter(line)))

    def first_parked(self, slot: Slot) -> str:
        """The subtask of this distribution that stands first before a slot, or nothing."""
        return next(iter(self._parked.get(slot, ())), "")

    def next_ready(self) -> SubTaskView | None:
        """Take the most important subtask that may start, or ``None``."""
        while self._ready:
            _, _, id_ = heapq.heappop(self._ready)
            if id_ in self._ready_ids:
                self._ready_ids.discard(id_)
                subtask = self.subtasks.get(id_)
                if subtask is not None:
                    return subtask
        return None

    def members_of(self, id_: str) -> list[SubTaskView]:
        """What a subtask was fanned out into, in the order of its items."""
        prefix = len(id_) + 1
        return [self.subtasks[m] for m in sorted(self._members.get(id_, ()), key=lambda m: int(m[prefix:]))]

    @property
    def member_count(self) -> int:
        """Subtasks that no plan names, because a fan-out at run time made them."""
        return sum(len(members) for members in self._members.values())

    def recall(self, cache_key: str, definition_hash: str) -> SubTaskView | None:
        """A subtask that ran with this key and definition, the last to end, if any."""
        found = map(self.subtasks.get, self._cached.get((cache_key, definition_hash), ()))
        ended = [(s.current.finished_at, s.id, s) for s in found if s is not None and s.phase is SubTaskPhase.SUCCEEDED]
        dated = [(at, id_, s) for at, id_, s in ended if at is not None]
        return max(dated)[2] if dated else None

    @property
    def survivors(self) -> frozenset[str]:
        """Subtasks that a fail-fast stop leaves to their trigger rule: handlers of failure, and what follows them."""
        if self._survivors is None:
            self._survivors = _handlers_and_after(self.subtasks, self._dependents)
        return self._survivors

    def _set_effective(self, id_: str, phase: SubTaskPhase | None) -> None:
        before = self._effective.pop(id_, None)
        if before is not None:
            self.phases[before] -= 1
        if phase is not None:
            self._effective[id_] = phase
            self.phases[phase] += 1

    def _clock_in(self, seen: SubTaskView) -> None:
        retry, resubmit = tokens(self.root) if self.root is not None else ("", "")
        if resubmit and seen.resubmit_token != resubmit:
            return  # of the run before; it is about to be deleted
        for attempt in seen.attempts:
            if attempt.started_at and (self.first_start is None or attempt.started_at < self.first_start):
                self.first_start = attempt.started_at
            if attempt.started_at and (not retry or seen.retry_token == retry):
                self.try_start = min(self.try_start or attempt.started_at, attempt.started_at)
            if attempt.finished_at and (self.last_finish is None or attempt.finished_at > self.last_finish):
                self.last_finish = attempt.finished_at


@dataclass(slots=True)
class Catalogue:
    """What all distributions share: what admins provide, who holds what, and how providers and agent types are doing.

    ``most_pods`` bounds the live pods of one namespace (0: no bound). ``namespaces`` holds each namespace's labels as they are.
    ``peers`` gives a namespace's projections; ``wake`` asks for other subtasks to be decided on again; ``moved`` says that a
    circuit opened or closed.
    """

    agent_types: dict[str, AgentType] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)
    agent_image: str = ""
    most_pods: int = 0
    namespaces: dict[str, Mapping[str, str]] = field(default_factory=dict)
    slots: Slots = field(default_factory=Slots)
    health: Health = field(default_factory=Health)
    peers: Callable[[str], Iterable[Projection]] = lambda _: ()
    wake: Callable[[Iterable[Claimant]], None] = lambda _: None
    moved: Callable[[], None] = lambda: None


def pod_key(pod: PodView) -> PodKey:
    """What a projection finds a pod by."""
    return pod.subtask_id, pod.attempt, pod.owner_uid


def tokens(root: TaskDistribution) -> tuple[str, str]:
    """What the root's annotations ask to run again: the retry token and the resubmit token."""
    annotations = root.metadata.annotations
    return annotations.get(Annotation.RETRY, "")[:128], annotations.get(Annotation.RESUBMIT, "")[:128]


def _only_planned(root: TaskDistribution) -> bool:
    return root.spec.planning.mode is PlanningMode.PLAN_ONLY


def _root_key(root: TaskDistribution) -> tuple[str, int, bool, str, str]:
    return root.metadata.uid, root.metadata.generation, root.metadata.deletion_timestamp is not None, *tokens(root)


def _older(version: str, than: str) -> bool:
    """Resource versions of one object grow; comparing them is allowed since Kubernetes 1.35 (KEP-5504)."""
    return version.isdigit() and than.isdigit() and int(version) < int(than)


def _handlers_and_after(subtasks: Mapping[str, SubTaskView], dependents: Mapping[str, list[str]]) -> frozenset[str]:
    todo = [s.id for s in subtasks.values() if s.trigger_rule.value in {"AnyFailed", "AllFinished"}]
    found = set(todo)
    while todo:
        for child in dependents.get(todo.pop(), ()):
            if child not in found:
                found.add(child)
                todo.append(child)
    return frozenset(found)
