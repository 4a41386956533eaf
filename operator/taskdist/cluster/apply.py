"""Carries out actions: one write each, errors classified in one place, answers taken into the store at once.

An answer is at least as new as anything the watch has said, so that no decision is made from a cache older than the last own
write.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Hashable
from datetime import timedelta
from typing import Any

import msgspec

from taskdist.api.names import RESULT_FINALIZER, Label, SubTaskPhase, SubTaskReason
from taskdist.cluster import paths
from taskdist.cluster.client import MERGE_PATCH, STRATEGIC_MERGE_PATCH, Client
from taskdist.cluster.errors import ApiError, ClusterUnreachableError
from taskdist.cluster.store import Key, Store
from taskdist.cluster.wire import WirePlan, WirePod, WireSubTask, pod_view
from taskdist.cluster.writes import Priority, WriteQueue
from taskdist.reconcile.actions import (
    Action,
    CreateObject,
    CreatePod,
    CreateSubTask,
    DeleteObject,
    DeletePod,
    DeleteSubTask,
    PatchSubTaskStatus,
    ReleasePod,
)
from taskdist.reconcile.belief import contradiction
from taskdist.reconcile.outcome import clean, read_report
from taskdist.reconcile.projection import Refusal
from taskdist.reconcile.stopwatch import Timed
from taskdist.telemetry import metrics

_log = logging.getLogger(__name__)

_REFUSAL_PAUSE = timedelta(seconds=30)
_REFUSALS = frozenset({400, 403, 422})
"""What a quota, an admission policy or the schema answers."""

_QUOTA = re.compile(r"exceeded quota:.*", re.DOTALL)
_COUNTED = re.compile(r"requested: (?:\S*,)?(?:count/)?pods=")
"""A quota names those of its figures that are exceeded, and no others: ``exceeded quota: small, requested: pods=1, used: pods=5,
limited: pods=5``."""

_UNFINISHED = frozenset(phase.value for phase in SubTaskPhase if not phase.terminal)

_CREATIONS = CreatePod | CreateSubTask | CreateObject

PendingKey = tuple[str, str]
Failed = Callable[[Key, float | None], None]


class Applier:
    """Turns actions into writes. ``on_failure`` is told the key, and how long the server asks to wait."""

    def __init__(self, client: Client, store: Store, writes: WriteQueue, on_failure: Failed) -> None:
        self._client = client
        self._store = store
        self._writes = writes
        self._on_failure = on_failure
        self._decode_subtask = msgspec.json.Decoder(WireSubTask).decode
        self._decode_pod = msgspec.json.Decoder(WirePod).decode
        self._decode_plan = msgspec.json.Decoder(WirePlan).decode

    def submit(self, key: Key, action: Action) -> None:
        """Enqueue the write of one action; its mark among the projection's pending writes goes when it is done.

        In a namespace that ends nothing is created: the server would refuse it, once for each child that it takes away.
        """
        if isinstance(action, _CREATIONS) and key.namespace not in self._store.catalogue.namespaces:
            self._store.projection(key).pending.discard(_mark(action))
            return
        watch, projection, now = self._store.stopwatch, self._store.projection(key), self._store.steady()
        match action:
            case CreatePod():
                timed = watch.pod_wanted(key.namespace, action.name, now, agent_type=_agent_type(action.body))
                self._put(key, Priority.POD, _mark(action), lambda: self._create_pod(key, action), timed=timed)
            case PatchSubTaskStatus():
                shows_only = action.ended is None and action.status.get("phase") in _UNFINISHED
                priority = Priority.ROOT if shows_only else Priority.RESULT
                subtask = projection.subtasks.get(action.id) if action.ended is not None else None
                self._put(
                    key,
                    priority,
                    ("status", action.id),
                    lambda: self._patch_status(key, action),
                    timed=watch.record_wanted(subtask) if subtask is not None else None,
                )
            case CreateSubTask():
                size = len(projection.planned.subtasks) if projection.planned is not None else 0
                agent_type = _agent_type(action.body)
                timed = watch.subtask_wanted(key.namespace, key.name, action.name, now, size, agent_type=agent_type)
                self._put(key, Priority.PREPARE, _mark(action), lambda: self._create_subtask(key, action), timed=timed)
            case CreateObject():
                self._put(key, Priority.RESULT, _mark(action), lambda: self._create_object(key, action))
            case DeleteObject():
                path = paths.item(action.kind, key.namespace, action.name)
                pending = ("delete", action.uid)
                self._put(key, Priority.CLEANUP, pending, lambda: self._delete(path, action.uid))
            case DeletePod():
                path = paths.item("Pod", key.namespace, action.name)
                pending = ("delete", action.uid)
                self._put(
                    key,
                    Priority.CLEANUP,
                    pending,
                    lambda: self._delete(path, action.uid, force=action.force),
                    action.subtask_id,
                )
            case ReleasePod():
                pending = ("release", action.uid)
                self._put(key, Priority.CLEANUP, pending, lambda: self._release_pod(key, action), action.subtask_id)
            case DeleteSubTask():
                pending = ("delete", action.uid)
                self._put(key, Priority.CLEANUP, pending, lambda: self._delete_subtask(key, action), action.id)

    def _put(
        self,
        key: Key,
        priority: Priority,
        pending: PendingKey,
        write: Callable[[], Awaitable[None]],
        subtask_id: str = "",
        timed: Timed | None = None,
    ) -> None:
        """``subtask_id`` is whose decision is made again if the write fails; ``pending`` names it where it is empty."""
        projection = self._store.projection(key)
        put_at = self._store.steady()

        async def run() -> None:
            if timed is not None:
                self._store.stopwatch.waited(timed, self._store.steady() - put_at)
            try:
                await write()
            except ApiError as error:
                self._refused(key, error, shown=pending[0] == "pod" and error.status in _REFUSALS)
            except ClusterUnreachableError as error:
                _log.warning("%s: %s", key, error)
                self._on_failure(key, None)
            except msgspec.DecodeError as error:
                # An object that is not of the known shape: it must not take the other writes along.
                _log.error("%s: an answer was not understood: %s", key, error)
                self._on_failure(key, None)
            else:
                projection.pending.discard(pending)
                self._store.wrote(timed, more=self._writes.full)
                self._store.written(key, projection, subtask_id or pending[1], creates_pod=pending[0] == "pod")
                return
            self._store.wrote(None, more=self._writes.full)
            projection.pending.discard(pending)
            projection.mark(subtask_id or pending[1])
            projection.rescan()

        self._writes.put(priority, run, key.namespace)

    def _refused(self, key: Key, error: ApiError, *, shown: bool) -> None:
        """``shown``: the SubTask's status tells it to whom it concerns, so that nobody need be woken."""
        expected = error.status in {404, 409} or error.transient or error.namespace_ends
        level = logging.INFO if expected else logging.WARNING if shown else logging.ERROR
        _log.log(level, "%s: a write was refused: %s", key, error)
        self._on_failure(key, error.retry_after)

    async def _create_pod(self, key: Key, action: CreatePod) -> None:
        who, sort = (key, action.subtask_id), _counted_as(action.body)
        if full := self._store.turned_away.full(key.namespace, who, sort):
            self._store.stopwatch.refused(key.namespace, action.name)
            self._stand_in_line(
                key, action, full, f"pod {action.name} waits for others of the namespace to end: {full}"
            )
            return
        path = paths.collection("Pod", key.namespace)
        try:
            answer = await self._client.request("POST", path, body=action.body)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                self._store.stopwatch.refused(key.namespace, action.name)
                self._remember_refusal(key, action, error)
                raise
            answer = await self._client.request("GET", paths.item("Pod", key.namespace, action.name))
        pod = self._decode_pod(answer)
        wanted = action.body["metadata"]["ownerReferences"][0]["uid"]
        if pod.metadata.owner_uid("SubTask") != wanted:
            raise ApiError(
                409, "AlreadyExists", f"pod {action.name} belongs to somebody else; waiting until it is gone"
            )
        self._store.pod_created(pod)
        self._store.let_in(key, action.subtask_id)

    def _remember_refusal(self, key: Key, action: CreatePod, error: ApiError) -> None:
        """Keep what a quota, an admission policy or the schema has against a pod: it is shown, and asked again after a while."""
        if error.status not in _REFUSALS:
            return
        if (quota := _QUOTA.search(str(error))) is not None:
            self._stand_in_line(key, action, quota[0] if _COUNTED.search(quota[0]) else "", str(error))
        elif (projection := self._store.projections.get(key)) is not None:
            until = self._client.clock.now() + _REFUSAL_PAUSE
            projection.refused[action.subtask_id] = Refusal(until, SubTaskReason.POD_REJECTED, clean(str(error)))

    def _stand_in_line(self, key: Key, action: CreatePod, full: str, message: str) -> None:
        """Have a pod wait for room in its namespace's quota; ``full`` is what that says to every pod like it, if it does."""
        if (projection := self._store.projections.get(key)) is None:
            return
        who, sort = (key, action.subtask_id), _counted_as(action.body)
        until = self._client.clock.now() + self._store.turned_away.join(key.namespace, who, sort=sort, full=full)
        projection.refused[action.subtask_id] = Refusal(until, SubTaskReason.QUOTA_EXCEEDED, clean(message))

    async def _create_subtask(self, key: Key, action: CreateSubTask) -> None:
        path = paths.collection("SubTask", key.namespace)
        try:
            answer = await self._client.request("POST", path, body=action.body)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                self._store.stopwatch.refused(key.namespace, action.name)
                raise
            answer = await self._client.request("GET", paths.item("SubTask", key.namespace, action.name))
        subtask = self._decode_subtask(answer)
        if subtask.metadata.owner_uid("TaskDistribution") != action.body["metadata"]["ownerReferences"][0]["uid"]:
            raise ApiError(
                409, "AlreadyExists", f"SubTask {action.name} belongs to somebody else; waiting until it is gone"
            )
        self._store.subtask_event("ADDED", subtask)

    async def _create_object(self, key: Key, action: CreateObject) -> None:
        try:
            answer = await self._client.request("POST", paths.collection(action.kind, key.namespace), body=action.body)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            answer = await self._client.request("GET", paths.item(action.kind, key.namespace, action.name))
            if _controller(msgspec.json.decode(answer)) != _controller(action.body):
                raise ApiError(
                    409,
                    "AlreadyExists",
                    f"{action.kind} {action.name} belongs to somebody else; waiting until it is gone",
                ) from error
        if action.kind == "ExecutionPlan":
            self._store.plan_event("ADDED", self._decode_plan(answer))

    async def _patch_status(self, key: Key, action: PatchSubTaskStatus) -> None:
        if action.unless_pod and await self._still_there(key, action):
            return
        body = {"metadata": {"resourceVersion": action.resource_version}, "status": action.status}
        path = paths.item("SubTask", key.namespace, action.name, "status")
        answer = await self._client.request("PATCH", path, body=body, content_type=MERGE_PATCH)
        written = self._decode_subtask(answer)
        if (projection := self._store.projections.get(key)) is not None:
            projection.believed[written.metadata.uid] = written.metadata.resource_version
        self._store.subtask_event("MODIFIED", written)
        if action.ended is not None:
            metrics.ATTEMPTS.labels(action.ended.value).inc()

    async def _still_there(self, key: Key, action: PatchSubTaskStatus) -> bool:
        """True if the pod that the cache has lost exists after all: then it is taken in, and its attempt goes on."""
        path = paths.item("Pod", key.namespace, action.unless_pod)
        try:
            pod = self._decode_pod(await self._client.request("GET", path))
        except ApiError as error:
            if error.status != 404:
                raise
            return False
        projection = self._store.projections.get(key)
        subtask = projection.subtasks.get(action.id) if projection is not None else None
        if projection is None or subtask is None:
            return False
        lost = projection.lost.get((action.id, subtask.attempt))
        owned = pod.metadata.owner_uid("SubTask") == subtask.uid
        if not owned and (lost is None or lost.uid != pod.metadata.uid):
            return False  # never was ours
        wanted = {
            Label.DISTRIBUTION: key.name,
            Label.SUBTASK: action.id,
            Label.ATTEMPT: str(subtask.attempt),
        }
        if not owned or any(pod.metadata.labels.get(label) != value for label, value in wanted.items()):
            # Somebody took away what it is found by; a watch tells of that as a deletion. It must not run unseen.
            if RESULT_FINALIZER in pod.metadata.finalizers:
                await self._release(path, pod.metadata.uid)
            await self._delete(path, pod.metadata.uid)
            lacks = "its labels" if owned else "its owner"
            raise ApiError(409, "Conflict", f"pod {action.unless_pod} has lost {lacks}; waiting until it is gone")
        self._store.pod_event("ADDED", pod)
        return True

    async def _release_pod(self, key: Key, action: ReleasePod) -> None:
        await self._release(paths.item("Pod", key.namespace, action.name), action.uid)
        if (projection := self._store.projections.get(key)) is not None:
            projection.released(action.uid)

    async def _release(self, path: str, uid: str) -> None:
        """Take our finalizer away, and ours only: others may have theirs."""
        body = {"metadata": {"uid": uid, "$deleteFromPrimitiveList/finalizers": [RESULT_FINALIZER]}}
        try:
            await self._client.request("PATCH", path, body=body, content_type=STRATEGIC_MERGE_PATCH)
        except ApiError as error:
            if error.status not in {404, 409}:  # gone already, or another object by now
                raise

    async def _delete_subtask(self, key: Key, action: DeleteSubTask) -> None:
        """It has no finalizers: once the server has answered it is gone, whatever the watch still shows."""
        if action.unless_done and await self._done_after_all(key, action):
            return
        if action.why:
            _log.warning("%s: SubTask %s says that it has succeeded, but %s: replaced", key, action.name, action.why)
        await self._delete(paths.item("SubTask", key.namespace, action.name), action.uid)
        self._store.subtask_gone(key, action.id, action.uid)

    async def _done_after_all(self, key: Key, action: DeleteSubTask) -> bool:
        """True if the pod, asked for itself, bears out what the SubTask says: a cache was older than that."""
        projection = self._store.projections.get(key)
        subtask = projection.subtasks.get(action.id) if projection is not None else None
        if projection is None or subtask is None or subtask.uid != action.uid:
            return False
        try:
            answer = await self._client.request("GET", paths.item("Pod", key.namespace, action.unless_done))
        except ApiError as error:
            if error.status != 404:
                raise
            return False
        pod = pod_view(wire := self._decode_pod(answer))
        borne_out = pod is not None and pod.owner_uid == subtask.uid and not contradiction(subtask, pod)
        if borne_out and pod is not None and read_report(pod.message)[0].results == subtask.results:
            projection.doubted.pop(subtask.uid, None)
            projection.believed[subtask.uid] = subtask.resource_version
            self._store.pod_event("MODIFIED", wire)
            projection.touch(projection.dependents(action.id))  # they were told that it had not ended
            return True
        return False

    async def _delete(self, path: str, uid: str, *, force: bool = False) -> None:
        options: dict[str, object] = {"propagationPolicy": "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        if force:
            options["gracePeriodSeconds"] = 0
        try:
            await self._client.delete(path, options)
        except ApiError as error:
            if error.status not in {404, 409}:  # gone already, or another object by now
                raise


def _counted_as(pod: dict[str, Any]) -> Hashable:
    """What the scopes of a quota tell pods apart by: priority, a bound on their time, and whether they ask for anything."""
    spec = pod["spec"]
    asks = any(container.get("resources") for container in spec.get("containers", ()))
    return spec.get("priorityClassName", ""), "activeDeadlineSeconds" in spec, asks


def _mark(action: CreatePod | CreateSubTask | CreateObject) -> PendingKey:
    """What stands for a creation among a projection's pending writes."""
    match action:
        case CreatePod():
            return "pod", action.subtask_id
        case CreateSubTask():
            return "subtask", action.id
    return "plan", action.name


def _agent_type(body: dict[str, Any]) -> str:
    return str(body.get("metadata", {}).get("labels", {}).get(Label.AGENT_TYPE, ""))


def _controller(body: dict[str, Any]) -> str:
    """UID of the object that controls another one, or nothing."""
    owners = (body.get("metadata") or {}).get("ownerReferences") or ()
    return next((str(owner.get("uid")) for owner in owners if owner.get("controller")), "")


LABEL_SELECTOR = f"{Label.DISTRIBUTION}"
"""Everything that the raw watches follow carries this label."""
