"""What the operator knows of the cluster: one projection per TaskDistribution, and the catalogue.

Fed by watches, and by own writes.

Children find their distribution by label *and* owner: a SubTask must be controlled by the distribution's UID, a pod by its
SubTask's, else they are somebody else's and are left alone (CVE-2023-37264 in Tekton was a lookup by name).
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pydantic import ValidationError

from taskdist.api.agent_type import AgentType
from taskdist.api.common import ObjectMeta
from taskdist.api.names import Label, SubTaskPhase
from taskdist.api.provider import Provider
from taskdist.api.task_distribution import TaskDistribution
from taskdist.cluster.turned_away import TurnedAway
from taskdist.cluster.wire import (
    WireNamespace,
    WireNode,
    WirePlan,
    WirePod,
    WireSubTask,
    node_view,
    pod_view,
    subtask_view,
)
from taskdist.reconcile.actions import Body
from taskdist.reconcile.advance import slots_of
from taskdist.reconcile.belief import suspicion
from taskdist.reconcile.health import take_up
from taskdist.reconcile.learning import Lesson, lessons
from taskdist.reconcile.plan_object import RESTS_ON, SPEC_HASH
from taskdist.reconcile.projection import Catalogue, PlanRecord, Projection, pod_key
from taskdist.reconcile.slots import Claimant
from taskdist.reconcile.stopwatch import Stopwatch, Timed, Took, Turn
from taskdist.reconcile.views import PodPhase, PodView

_log = logging.getLogger(__name__)
_MOST_LESSONS = 20_000
_MOST_ENDED = 4_096


@dataclass(frozen=True, slots=True)
class Key:
    """One TaskDistribution in the work queue."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


Ring = Callable[[Key], None]
C = TypeVar("C", WireSubTask, WirePod)
V = TypeVar("V")


@dataclass(slots=True)
class Store:
    """All projections. Every change rings the key of the distribution that it belongs to.

    ``ring_soon`` is for changes that lead to no write of their own, such as a pod that was bound to a node: a burst of them is
    looked at together. Without it they ring at once.
    """

    ring: Ring
    ring_soon: Ring | None = None
    catalogue: Catalogue = field(default_factory=Catalogue)
    projections: dict[Key, Projection] = field(default_factory=dict)
    lessons: deque[Lesson] = field(default_factory=lambda: deque(maxlen=_MOST_LESSONS))
    """What finished attempts teach and nobody has taken yet."""
    delays: deque[Took | Turn] = field(default_factory=lambda: deque(maxlen=_MOST_LESSONS))
    """How long the steps between them took, and their writes, likewise."""
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    steady: Callable[[], float] = time.monotonic
    turned_away: TurnedAway[tuple[Key, str]] = field(default_factory=TurnedAway)
    """Subtasks whose pods a quota did not let in."""
    _ended: dict[str, None] = field(default_factory=dict)
    """UIDs of children whose end a watch told lately: an answer to a write of ours may come after it, and tells of nothing."""

    def __post_init__(self) -> None:
        self.ring_soon = self.ring_soon or self.ring
        self.catalogue.peers = self.peers
        self.catalogue.wake = self.wake
        self.catalogue.moved = self._ring_unfinished

    def projection(self, key: Key) -> Projection:
        """The projection of a key; made empty if children are seen before their root."""
        known = self.projections.get(key)
        if known is None:
            known = self.projections[key] = Projection(key.namespace, key.name)
        return known

    # --- from kopf -------------------------------------------------------------------------------------------------

    def root_changed(self, raw: Body) -> None:
        """A TaskDistribution was added or modified. One that does not parse is logged and left alone."""
        metadata = raw.get("metadata", {})
        key = Key(metadata.get("namespace", ""), metadata.get("name", ""))
        try:
            root = self._root(key, raw)
        except ValidationError as error:
            _log.warning("TaskDistribution %s does not have the known shape and is left alone: %s", key, error)
            return
        projection = self.projection(key)
        another = projection.root is not None and projection.root.metadata.uid != root.metadata.uid
        if another or (projection.root is None and projection.planned is not None):
            self._free(key, tuple(projection.subtasks))
            self.projections[key] = fresh = Projection(key.namespace, key.name)
            projection = fresh
        if projection.observe_root(root, raw.get("status") or {}):
            self.ring(key)

    def _root(self, key: Key, raw: Body) -> TaskDistribution:
        """Parse a root. Most of its changes are of its status, and our own: a spec of the same generation is not read again.

        Raises:
            ValidationError: it does not have the known shape.
        """
        known = self.projections.get(key)
        if known is not None and known.root is not None:
            metadata = ObjectMeta.model_validate(raw.get("metadata", {}))
            before = known.root.metadata
            if metadata.generation and (metadata.uid, metadata.generation) == (before.uid, before.generation):
                return known.root.model_copy(update={"metadata": metadata})
        return TaskDistribution.model_validate({k: v for k, v in raw.items() if k != "status"})

    def root_gone(self, namespace: str, name: str, uid: str = "") -> None:
        """A TaskDistribution is no more; its children go by garbage collection. With ``uid``, only if it is that very one."""
        known = self.projections.get(Key(namespace, name))
        if known is not None and (not uid or known.root is None or known.root.metadata.uid == uid):
            known.root, known.root_status = None, {}  # its pods may still be ending, and hold their locks until then
            self._settle(Key(namespace, name))

    def agent_type_changed(self, raw: Body) -> None:
        """An AgentType was added or modified."""
        try:
            agent_type = AgentType.model_validate(raw)
        except ValidationError as error:
            _log.warning(
                "AgentType %s does not have the known shape and is left out: %s", raw["metadata"]["name"], error
            )
            return
        take_up(self.catalogue.health, agent_type)
        known = self.catalogue.agent_types.get(agent_type.metadata.name)
        self.catalogue.agent_types[agent_type.metadata.name] = agent_type
        if known is None or known.spec != agent_type.spec:
            self.take_stock()
            self._ring_unfinished()

    def agent_type_gone(self, name: str) -> None:
        """An AgentType is no more."""
        self.catalogue.agent_types.pop(name, None)
        self.catalogue.health.agent_types.pop(name, None)

    def provider_changed(self, raw: Body) -> None:
        """A Provider was added or modified."""
        try:
            provider = Provider.model_validate(raw)
        except ValidationError as error:
            _log.warning(
                "Provider %s does not have the known shape and is left out: %s", raw["metadata"]["name"], error
            )
            return
        take_up(self.catalogue.health, provider)
        known = self.catalogue.providers.get(provider.metadata.name)
        self.catalogue.providers[provider.metadata.name] = provider
        if known is None or known.spec != provider.spec:
            self._ring_unfinished()
        elif known.status.healthy != provider.status.healthy:
            self._estimate_anew()

    def provider_gone(self, name: str) -> None:
        """A Provider is no more."""
        self.catalogue.providers.pop(name, None)
        self.catalogue.health.providers.pop(name, None)

    # --- from the raw watches --------------------------------------------------------------------------------------

    def subtasks_listed(self, namespace: str | None, seen: list[WireSubTask]) -> None:
        """A whole list of SubTasks: of one namespace, or of all."""
        self.stopwatch.blink()
        by_key: dict[Key, list[WireSubTask]] = {key: [] for key in self._within(namespace)}
        for subtask in seen:
            by_key.setdefault(_key(subtask), []).append(subtask)
        for key, mine in by_key.items():
            projection = self.projection(key)
            views = (_viewed(subtask_view, s) for s in mine if self._owned(projection, s))
            projection.replace_children(v for v in views if v is not None)
            for view in projection.subtasks.values():
                self.lessons.extend(lessons(view))
            self._settle(key)

    def subtask_gone(self, key: Key, id_: str, uid: str) -> None:
        """A SubTask is no more, by our own deletion. A watch that lags behind may show it once more, and then its end."""
        if (projection := self.projections.get(key)) is not None:
            projection.forget_subtask(id_, uid)
            projection.gone.add(uid)
            self._free(key, (id_,))
            self._settle(key)

    def subtask_event(self, type_: str, seen: WireSubTask) -> None:
        """One change of a SubTask."""
        key = _key(seen)
        if self._over(type_, seen) or (type_ == "DELETED" and key not in self.projections):
            return
        projection = self.projection(key)
        if type_ == "DELETED":
            projection.gone.discard(seen.metadata.uid)
            projection.forget_subtask(seen.spec.id, seen.metadata.uid)
            self._free(key, (seen.spec.id,))
        elif self._owned(projection, seen) and seen.metadata.uid not in projection.gone:
            known = projection.subtasks.get(seen.spec.id)
            if known is not None and (known.uid, known.resource_version) == _version(seen):
                return  # the echo of an own write, or the answer to one whose echo came first
            view = subtask_view(seen)
            if known is not None and known.uid == view.uid and ("status", view.id) not in projection.pending:
                key_of_pod = view.id, view.attempt, view.uid
                pod = projection.pods.get(key_of_pod) or projection.lost.get((view.id, view.attempt))
                if strange := suspicion(known, view, pod):
                    projection.doubted[view.uid] = strange
            projection.observe_subtask(view)
            self.delays.extend(self.stopwatch.subtask_seen(key.namespace, view, self.steady()))
            self.lessons.extend(lessons(view, self.stopwatch.ran))
        elif projection.root is not None:
            known = projection.subtasks.get(seen.spec.id)
            if known is None or known.uid != seen.metadata.uid:
                return
            projection.observe_subtask(replace(known, resource_version=seen.metadata.resource_version, disowned=True))
        self._settle(key)

    def pods_listed(self, namespace: str | None, seen: list[WirePod]) -> None:
        """A whole list of pods: of one namespace, or of all."""
        self.stopwatch.blink()
        by_key: dict[Key, list[WirePod]] = {key: [] for key in self._within(namespace)}
        for pod in seen:
            by_key.setdefault(_key(pod), []).append(pod)
        for key, mine in by_key.items():
            views = (_viewed(pod_view, p) for p in mine)
            self.projection(key).replace_pods(v for v in views if v is not None)
            self._settle(key)

    def pod_event(self, type_: str, seen: WirePod) -> None:
        """One change of a pod."""
        view = pod_view(seen)
        key = _key(seen)
        if self._over(type_, seen) or view is None or (type_ == "DELETED" and key not in self.projections):
            return
        projection = self.projection(key)
        known = projection.pods.get(pod_key(view))
        if (type_ == "DELETED" or view.ended) and not (known is not None and known.ended):
            self._room(key.namespace)
        if type_ == "DELETED":
            if view.ended:
                projection.observe_pod(view)  # its end is the last thing seen of it: nothing is lost
            projection.forget_pod(view)
            self.stopwatch.pod_gone(key.namespace, view)
        elif known == view:
            return  # nothing changed that decisions read
        else:
            projection.observe_pod(view)
            self.delays.extend(self.stopwatch.pod_seen(key.namespace, view, self.steady()))
        if projection.root is None or view.subtask_id not in projection.subtasks:
            self._free(key, (view.subtask_id,))
        self._settle(key, soon=known is not None and type_ != "DELETED" and _got_under_way(known, view))

    def pod_created(self, seen: WirePod) -> None:
        """The answer to our own creation. The watch may have been faster, and what it said is newer: then it stands."""
        view = pod_view(seen)
        if view is None or self._over("ADDED", seen):
            return
        projection = self.projection(_key(seen))
        known = projection.pods.get(pod_key(view)) or projection.lost.get((view.subtask_id, view.attempt))
        if known is None or known.uid != view.uid:
            self.pod_event("ADDED", seen)

    def wrote(self, write: Timed | None, *, more: bool) -> None:
        """A write was made; ``more`` wait than may be made at once."""
        self.delays.extend(self.stopwatch.wrote(write, self.steady(), more=more))

    def let_in(self, key: Key, id_: str) -> None:
        """The pod of a subtask was created: where one found room, the next may."""
        self.turned_away.leave(key.namespace, (key, id_))
        if (projection := self.projections.get(key)) is not None:
            projection.refused.pop(id_, None)
        self._room(key.namespace)

    def _room(self, namespace: str) -> None:
        """Call the first of those that a quota turned away and that would still start."""
        while (who := self.turned_away.call(namespace)) is not None:
            key, id_ = who
            projection = self.projections.get(key)
            if projection is not None and projection.phase_of(id_) is SubTaskPhase.READY and id_ in projection.refused:
                del projection.refused[id_]
                projection.mark(id_)
                self.ring(key)
                return
            self.turned_away.leave(namespace, who)

    def plans_listed(self, namespace: str | None, seen: list[WirePlan]) -> None:
        """A whole list of ExecutionPlans: of one namespace, or of all."""
        for key in self._within(namespace):
            self.projections[key].plans.clear()
            self.ring(key)
        for plan in seen:
            self.plan_event("ADDED", plan)

    def plan_event(self, type_: str, seen: WirePlan) -> None:
        """One change of an ExecutionPlan."""
        key = _key(seen)
        if self._over(type_, seen) or (type_ == "DELETED" and key not in self.projections):
            return
        projection = self.projection(key)
        if type_ == "DELETED":
            projection.plans.pop(seen.metadata.name, None)
        elif self._owned(projection, seen):
            projection.plans[seen.metadata.name] = PlanRecord(
                seen.metadata.name,
                seen.spec.revision,
                seen.spec.hash,
                seen.metadata.annotations.get(SPEC_HASH, ""),
                seen.spec.subtask_count,
                seen.metadata.owner_uid("TaskDistribution"),
                seen.metadata.uid,
                seen.metadata.annotations.get(RESTS_ON, ""),
            )
        self._settle(key)

    def nodes_listed(self, seen: list[WireNode]) -> None:
        """All nodes."""
        self.catalogue.health.nodes.listed([node_view(n) for n in seen])
        self._ring_pods_of(None)

    def node_event(self, type_: str, seen: WireNode) -> None:
        """One change of a node. Its heartbeats come here too, and change nothing."""
        nodes, node = self.catalogue.health.nodes, node_view(seen)
        before = (nodes.seen or {}).get(node.name)
        if type_ == "DELETED":
            nodes.deleted(node.name)
            self._ring_pods_of(node.name)
        else:
            nodes.changed(node)
            if before is not None and before.silent_since != node.silent_since:
                self._ring_pods_of(node.name)
        if type_ == "DELETED" or before != node:
            _log.info(
                "node %s: %s", node.name, "gone" if type_ == "DELETED" else "usable" if node.usable else "not usable"
            )

    def namespaces_listed(self, namespace: str | None, seen: list[WireNamespace]) -> None:
        """One namespace, or all. One that is being deleted counts as gone: nothing can be created there."""
        labels = {n.metadata.name: n.metadata.labels for n in seen if n.metadata.deletion_timestamp is None}
        for name in {*labels, *(k for k in self.catalogue.namespaces if namespace in (None, k))}:
            self._namespace_labelled(name, labels.get(name))

    def namespace_event(self, type_: str, seen: WireNamespace) -> None:
        """One change of a namespace."""
        gone = type_ == "DELETED" or seen.metadata.deletion_timestamp is not None
        self._namespace_labelled(seen.metadata.name, None if gone else seen.metadata.labels)

    def _namespace_labelled(self, name: str, labels: Mapping[str, str] | None) -> None:
        """Its labels open and close agent types: at the next plan, and for every pod."""
        known = self.catalogue.namespaces
        if known.get(name) == labels:
            return
        if labels is None:
            del known[name]
            return
        known[name] = labels
        self._ring_unfinished(name)

    def plan_anew(self, namespace: str) -> None:
        """A distribution has ended: what could not be planned beside it, for want of money or room, may be by now."""
        for key, projection in self.projections.items():
            if key.namespace == namespace and projection.planned is not None and not projection.planned.valid:
                projection.planned_for = ""
                self.ring(key)

    def take_stock(self) -> None:
        """Record who holds what, from the pods that are alive: before the first decision, and when what is counted changes."""
        for key, projection in self.projections.items():
            for pod in projection.pods.values():
                subtask = projection.subtasks.get(pod.subtask_id)
                if subtask is not None and not pod.ended:
                    agent_type = self.catalogue.agent_types.get(pod.agent_type)
                    slots = slots_of(subtask, agent_type, key.namespace, self.catalogue.most_pods)
                    self.catalogue.slots.hold(Claimant(key.namespace, key.name, subtask.id), slots)

    def peers(self, namespace: str) -> list[Projection]:
        """The projections of one namespace."""
        return [p for key, p in self.projections.items() if key.namespace == namespace]

    def written(self, key: Key, projection: Projection, id_: str, *, creates_pod: bool) -> None:
        """A write has been carried out, and its answer taken in.

        What was seen while it was under way was not decided on, and the watch may have shown its outcome before. After the
        creation of a pod that has got no further there is nothing to be done.
        """
        projection.mark(id_)
        self._bell(soon=creates_pod and projection.under_way(id_))(key)

    def _bell(self, *, soon: bool) -> Ring:
        return self.ring_soon if soon and self.ring_soon is not None else self.ring

    def wake(self, claimants: Iterable[Claimant]) -> None:
        """Have waiting subtasks decided on again: something that they wait for was given back."""
        for claimant in claimants:
            key = Key(claimant.namespace, claimant.distribution)
            if (projection := self.projections.get(key)) is not None:
                projection.mark(claimant.subtask)
                self.ring(key)

    def _over(self, type_: str, seen: WireSubTask | WirePod | WirePlan) -> bool:
        """True of something whose end was told before."""
        uid = seen.metadata.uid
        if type_ != "DELETED":
            return uid in self._ended
        self._ended[uid] = None
        if len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]
        return False

    def _free(self, key: Key, ids: tuple[str, ...]) -> None:
        """Give back what subtasks held that are no more, once none of their pods is alive."""
        projection = self.projections[key]
        for id_ in ids:
            self.turned_away.leave(key.namespace, (key, id_))
            if not any(not pod.ended for pod in projection.pods_of(id_)):
                self.wake(self.catalogue.slots.release(Claimant(key.namespace, key.name, id_)))

    def _ring_pods_of(self, node: str | None) -> None:
        for key, projection in self.projections.items():
            on_it = {
                p.subtask_id for p in projection.pods.values() if not p.ended and p.node and node in (None, p.node)
            }
            if on_it:
                projection.touch(on_it)
                self.ring(key)

    def _estimate_anew(self) -> None:
        """A provider became healthy or ceased to be: what is unfinished is estimated again. Plans in force stay in force."""
        for key, projection in self.projections.items():
            if projection.planned is not None and any(not s.terminal for s in projection.subtasks.values()):
                projection.planned_for = ""
                self.ring(key)

    def _settle(self, key: Key, *, soon: bool = False) -> None:
        """Ring for a key; forget one that nothing is left of: its root went before its last child."""
        known = self.projections.get(key)
        if known is not None and known.root is None and not (known.subtasks or known.pods or known.plans):
            del self.projections[key]
        self._bell(soon=soon)(key)  # of what is forgotten, too: others remember things by its key

    def _within(self, namespace: str | None) -> list[Key]:
        return [key for key in self.projections if namespace in (None, key.namespace)]

    def _owned(self, projection: Projection, child: WireSubTask | WirePlan) -> bool:
        """True if the distribution controls the child. Before the root is known it is assumed, and checked by its arrival."""
        owner = child.metadata.owner_uid("TaskDistribution")
        return bool(owner) and (projection.root is None or projection.root.metadata.uid == owner)

    def _ring_unfinished(self, namespace: str | None = None) -> None:
        for key in self._within(namespace):
            projection = self.projections[key]
            projection.touch(s.id for s in projection.subtasks.values() if not s.terminal)
            if projection.planned is not None and not projection.planned.valid:
                projection.planned_for = ""  # what was missing may have come
            self.ring(key)


def _viewed(view: Callable[[C], V | None], seen: C) -> V | None:
    """What decisions read of one child of a list. One that nobody understands is passed over: the others must not suffer."""
    try:
        return view(seen)
    except (ArithmeticError, ValueError, TypeError) as error:
        _log.warning("%s/%s was passed over: %s", seen.metadata.namespace, seen.metadata.name, error)
        return None


def _got_under_way(before: PodView, after: PodView) -> bool:
    """True if nothing has happened to a pod but that it was bound to a node, or started there."""
    if after.phase is not PodPhase.RUNNING and after.phase is not PodPhase.PENDING:
        return False
    return after == replace(before, phase=after.phase, node=after.node, started_at=after.started_at)


def _version(seen: WireSubTask) -> tuple[str, str]:
    return seen.metadata.uid, seen.metadata.resource_version


def _key(child: WireSubTask | WirePod | WirePlan) -> Key:
    return Key(child.metadata.namespace, child.metadata.labels.get(Label.DISTRIBUTION, ""))
