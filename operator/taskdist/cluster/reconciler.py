"""The loop: gather, decide, apply, publish. One key at a time per distribution, many distributions side by side."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from taskdist import engine
from taskdist.api.names import Phase
from taskdist.api.task_distribution import PlanningMode, TaskDistribution
from taskdist.cluster import paths
from taskdist.cluster.apply import LABEL_SELECTOR, Applier
from taskdist.cluster.census import publish
from taskdist.cluster.client import MERGE_PATCH, Client
from taskdist.cluster.errors import ApiError, ClusterUnreachableError
from taskdist.cluster.facts import cluster_facts, priority_value
from taskdist.cluster.publish import publish_event
from taskdist.cluster.queue import WorkQueue
from taskdist.cluster.store import Key, Store
from taskdist.cluster.turns import Turns
from taskdist.cluster.watch import Watch
from taskdist.cluster.wire import WireNamespace, WireNode, WirePlan, WirePod, WireSubTask
from taskdist.cluster.writes import Priority, WriteQueue
from taskdist.engine.model import Plan, PlanRequest
from taskdist.planning.learned import kept, recalled
from taskdist.planning.request import InvalidRequest, plan_request
from taskdist.reconcile.actions import Body, CreateSubTask, Decision
from taskdist.reconcile.decide import decide
from taskdist.reconcile.planning import known_then, needs_plan
from taskdist.reconcile.projection import Projection
from taskdist.reconcile.reserved import Reserved
from taskdist.telemetry import metrics

_log = logging.getLogger(__name__)

_ROOT_INTERVAL = 1.0
"""A root is patched at most once in this many seconds; its first status, a new phase and the end go at once."""
_ROOT_SHARE = 0.02
"""Of the time, how much may go into writing one root. The server validates the whole spec at every patch of the status: a patch
took 0.33 s at 500 tasks on a busy machine of two cores. Once a second, that leaves little for the work itself."""
_LAST_ROOT_INTERVAL = 30.0
_SOON_SECONDS = 0.2
"""How long what leads to no write may lie before it is looked at, so that more of it can be looked at together."""
_WORKERS = 4
_ENDED = frozenset(phase.value for phase in Phase if phase.terminal)
_LAST_BACKOFF = 10.0


class Reconciler:
    """All that runs beside kopf: the raw watches, the workers, and the write queue."""

    def __init__(
        self,
        client: Client,
        *,
        namespaces: Sequence[str] = (),
        agent_image: str = "",
        in_flight: int = 6,
        most_pods: int = 0,
        catalogue: bool = True,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._client = client
        self._catalogue = catalogue
        self._clock = clock or client.clock.now
        self.queue: WorkQueue[Key] = WorkQueue(time.monotonic, lambda key: key.namespace)
        self._reserved = Reserved()
        self.store = Store(self._rung, self._rung_soon)
        self.store.catalogue.agent_image = agent_image
        self.store.catalogue.most_pods = most_pods
        self.writes = WriteQueue(in_flight)
        self._applier = Applier(client, self.store, self.writes, self._write_failed)
        self._next_root: dict[Key, float] = {}
        self._publishing: set[Key] = set()
        self._refusals: dict[Key, int] = {}
        self._planning: Turns[Key] = Turns()
        self.watches = [watch for namespace in namespaces or (None,) for watch in self._watches(namespace)]
        if not namespaces:  # an operator of some namespaces only has no business with the cluster's nodes
            store = self.store
            nodes = Watch(
                client, paths.collection("Node"), WireNode, on_replace=store.nodes_listed, on_event=store.node_event
            )
            self.watches.append(nodes)

    def _watches(self, namespace: str | None) -> list[Watch[Any]]:
        """The raw watches of one namespace, or of the whole cluster."""
        store, follow = self.store, partial(Watch, self._client, label_selector=LABEL_SELECTOR)
        return [
            follow(
                paths.collection("SubTask", namespace),
                WireSubTask,
                on_replace=partial(store.subtasks_listed, namespace),
                on_event=store.subtask_event,
            ),
            follow(
                paths.collection("Pod", namespace),
                WirePod,
                on_replace=partial(store.pods_listed, namespace),
                on_event=store.pod_event,
            ),
            follow(
                paths.collection("ExecutionPlan", namespace),
                WirePlan,
                on_replace=partial(store.plans_listed, namespace),
                on_event=store.plan_event,
            ),
            Watch(
                self._client,
                paths.collection("Namespace"),
                WireNamespace,
                on_replace=partial(store.namespaces_listed, namespace),
                on_event=store.namespace_event,
                field_selector=f"metadata.name={namespace}" if namespace else "",
            ),
        ]

    async def run(self) -> None:
        """Work until cancelled. Nothing is decided before every watch has listed once."""
        metrics.DISTRIBUTIONS.set_function(lambda: len(self.store.projections))
        metrics.QUEUE_DEPTH.set_function(lambda: len(self.queue))
        metrics.WRITES_WAITING.set_function(lambda: len(self.writes))
        metrics.WATCH_RELISTS.set_function(lambda: sum(watch.relists for watch in self.watches))
        loop = asyncio.get_running_loop()
        metrics.TASKS.set_function(lambda: len(asyncio.all_tasks(loop)))
        async with asyncio.TaskGroup() as group:
            for watch in self.watches:
                group.create_task(watch.run())
            group.create_task(self.writes.run())
            await asyncio.to_thread(_rehearse)
            for watch in self.watches:
                await watch.synced.wait()
            self.store.take_stock()
            _log.info("in sync: %d distributions", len(self.store.projections))
            group.create_task(publish(self._client, self.store, self._clock, writes=self._catalogue))
            for _ in range(_WORKERS):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self.queue.take()
            try:
                await self.reconcile(key)
            except (ApiError, ClusterUnreachableError) as error:
                pause = self.queue.failed(key, getattr(error, "retry_after", None))
                _log.warning("%s: %s; again in %.1f s", key, error, pause)
            except Exception:  # noqa: BLE001 - the last line of defence of one key
                # One object's trouble must not stop the others; it is logged whole, counted, and tried again later.
                metrics.RECONCILE_ERRORS.inc()
                self.queue.failed(key)
                _log.exception("%s: reconcile failed", key)
            else:
                self.queue.done(key)
            await asyncio.sleep(0)  # a key that is always ready must not starve the watches

    def _rung(self, key: Key) -> None:
        """Something was seen of a distribution."""
        self._reserved.touch(key.namespace, key.name)
        self.queue.ring(key)

    def _rung_soon(self, key: Key) -> None:
        """Something was seen of a distribution that asks for nothing to be done at once."""
        self._reserved.touch(key.namespace, key.name)
        self.queue.ring_later(key, _SOON_SECONDS)

    async def reconcile(self, key: Key) -> None:
        """One pass over one distribution."""
        try:
            await self._pass(key)
        finally:
            if key in self.store.projections:
                self._reserved.touch(key.namespace, key.name)
            else:
                self._reserved.forget(key.namespace, key.name)
            if (waiting := self._planning.next(key.namespace)) is not None:
                self.queue.ring(waiting)

    async def _pass(self, key: Key) -> None:
        seen = self.store.projections.get(key)
        if seen is None or seen.root is None:
            self._next_root.pop(key, None)
            self._refusals.pop(key, None)
            self.queue.forget(key)
            if seen is not None:
                self._carry_out(key, decide(seen, self.store.catalogue, self._clock()))
            return
        if needs_plan(seen):
            if seen.namespace not in self.store.catalogue.namespaces:
                return  # just made: the watch that tells its labels rings again
            if not self._planning.take(key.namespace, key):
                return  # a worker that waited here would be missing to the other namespaces
            try:
                await self._ask_the_engine(seen, seen.root)
            finally:
                self._planning.done(key.namespace)
        too_early = self._next_root.get(key, 0.0) - time.monotonic()
        with metrics.DECIDE_SECONDS.time():
            decision = decide(seen, self.store.catalogue, self._clock(), report=too_early <= 0)
        self._carry_out(key, decision)
        self._publish(key, seen, decision)
        if too_early > 0:
            self.queue.ring_later(key, too_early)

    def _carry_out(self, key: Key, decision: Decision) -> None:
        for action in decision.actions:
            self._applier.submit(key, action)
        if any(isinstance(action, CreateSubTask) for action in decision.actions):
            self.store.stopwatch.opened(key.namespace, key.name)
        if decision.requeue_seconds is not None:
            self.queue.ring_later(key, decision.requeue_seconds)

    async def _ask_the_engine(self, seen: Projection, root: TaskDistribution) -> None:
        """In a thread, for a graph of thousands takes it seconds.

        Of a namespace one at a time: what one plan reserves, the next must see.
        """
        wanted = seen.spec_hash  # an edit that comes meanwhile is planned after this
        if root.spec.planning.mode is PlanningMode.AUTO and not seen.subtasks:
            self.store.stopwatch.plan_wanted(seen.namespace, seen.name, self.store.steady())
        watched = self.store.catalogue.health.nodes.seen
        rooms = None if watched is None else [node.room for node in watched.values() if node.room is not None]
        facts = await cluster_facts(self._client, root.metadata.namespace, rooms)
        seen.priority = await priority_value(self._client, root.spec.priority_class_name)
        try:
            request = plan_request(
                root,
                tuple(self.store.catalogue.agent_types.values()),
                tuple(self.store.catalogue.providers.values()),
                cluster=replace(facts, running=self._reserved.beside(seen, self._peer(seen.namespace))),
                history=recalled(known_then(seen)),
                namespace_labels=self.store.catalogue.namespaces[seen.namespace],
                priority=seen.priority,
            )
        except InvalidRequest as invalid:
            plan = Plan(findings=invalid.findings)
        else:
            with metrics.PLAN_SECONDS.time():
                plan = await asyncio.to_thread(engine.plan, request)
            seen.rests_on = kept(request.history, plan.subtasks)
        seen.planned, seen.planned_for = plan, wanted
        _log.info("%s/%s: planned %d subtasks", seen.namespace, seen.name, len(plan.subtasks))

    def _peer(self, namespace: str) -> Callable[[str], Projection | None]:
        return lambda name: self.store.projections.get(Key(namespace, name))

    def _publish(self, key: Key, seen: Projection, decision: Decision) -> None:
        """Write the root's status if it differs."""
        if decision.status is None or key in self._publishing:
            return
        self._publishing.add(key)
        self._next_root[key] = time.monotonic() + _ROOT_INTERVAL
        root = seen.root
        assert root is not None  # noqa: S101 - without a root nothing was decided
        phase = decision.status.get("phase")
        ends = phase in _ENDED and phase != seen.root_status.get("phase")
        self.writes.put(Priority.ROOT, lambda: self._write_root(key, seen, root, decision, ends=ends), key.namespace)

    async def _write_root(
        self, key: Key, seen: Projection, root: TaskDistribution, decision: Decision, *, ends: bool
    ) -> None:
        """``root`` is the one that was decided on: it may be gone by now, and its successor must not get its status."""
        status = decision.status or {}
        body = {"metadata": {"uid": root.metadata.uid}, "status": _replacing(seen.root_status, status)}
        path = paths.item("TaskDistribution", key.namespace, key.name, "status")
        begun = time.monotonic()
        try:
            answer = await self._client.patch(path, body, MERGE_PATCH)
        except ApiError as error:
            if error.status == 404:
                # A deletion that no watch told of: without its root a projection would make children for ever.
                self.store.root_gone(key.namespace, key.name, root.metadata.uid)
            else:
                _log.warning("%s: status not written: %s", key, error)
                self._write_failed(key, error.retry_after)
        except ClusterUnreachableError as error:
            _log.warning("%s: status not written: %s", key, error)
            self._write_failed(key, None)
        else:
            self._refusals.pop(key, None)
            self._next_root[key] = begun + root_interval(time.monotonic() - begun)
            seen.root_status = answer.get("status") or {}
            if ends:
                self.store.plan_anew(key.namespace)
            for event in decision.events:
                await publish_event(self._client, root, event)
            self.queue.ring(key)
        finally:
            self._publishing.discard(key)

    def _write_failed(self, key: Key, retry_after: float | None) -> None:
        """A write failed: look at the key again after a while that doubles up to ten seconds."""
        failures = self._refusals.get(key, 0)
        self._refusals[key] = failures + 1
        self.queue.ring_later(key, max(min(0.2 * 2 ** min(failures, 10), _LAST_BACKOFF), retry_after or 0.0))


def _rehearse() -> None:
    """Make a plan for nobody: parts of the planner are loaded when first needed, and no user should wait for that."""
    engine.plan(PlanRequest("rehearsal", description="Build the site, then test and publish it."))


def root_interval(took: float) -> float:
    """Seconds from one patch of a root to the next, by how long the server took for the last one."""
    return min(max(took / _ROOT_SHARE, _ROOT_INTERVAL), _LAST_ROOT_INTERVAL)


def _replacing(before: Body, after: Body) -> Body:
    """A merge patch that makes ``before`` into ``after``: what is gone is named as null, at the first level and below."""
    patch: Body = dict.fromkeys(before.keys() - after.keys())
    for name, value in after.items():
        was = before.get(name)
        if isinstance(value, dict) and isinstance(was, dict):
            patch[name] = _replacing(was, value)
        elif value != was:
            patch[name] = value
    return patch
