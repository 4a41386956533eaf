"""Pods whose end must be recorded before they may go: the agent types with ``retainResults``.

Such a pod is made with a finalizer, as the Job controller makes those of Jobs: deleted by whomever, it stays in sight until the
finalizer is taken away, here and nowhere else. Nothing is recorded of a pod whose subtask is gone, or has moved on, or never
began: it is let go at once, so that no deletion waits for a record that will never be made.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from taskdist.reconcile.actions import ReleasePod
from taskdist.reconcile.projection import Projection
from taskdist.reconcile.views import PodView, SubTaskView

_PATIENCE = timedelta(seconds=300)
"""A deleted pod that has ended is recorded within seconds; if not by then (its root may have been taken away under it), never."""


def releases(seen: Projection, now: datetime) -> tuple[tuple[ReleasePod, ...], datetime | None]:
    """The pods to let go, and when to look again if one is waited with."""
    held = seen.held_pods()
    found, looks = [], []
    ends = seen.root is not None and seen.root.metadata.deletion_timestamp is not None
    for pod in held:
        if ("release", pod.uid) in seen.pending:
            continue
        subtask = seen.subtasks.get(pod.subtask_id)
        if subtask is not None and subtask.uid != pod.owner_uid:
            subtask = None
        if not (ends or _nothing_to_record(pod, subtask)):
            if not (pod.deleting and pod.ended):
                continue
            until = seen.unrecorded.setdefault(pod.uid, now) + _PATIENCE
            if now < until:
                looks.append(until)
                continue
        seen.pending.add(("release", pod.uid))
        found.append(ReleasePod(pod.subtask_id, pod.attempt, pod.name, pod.uid))
    return tuple(found), min(looks, default=None)


def _nothing_to_record(pod: PodView, subtask: SubTaskView | None) -> bool:
    if subtask is None:  # gone, and the garbage collector follows; or the pod's owner was taken away
        return pod.deleting or not pod.owner_uid
    if subtask.deleting or subtask.forged or subtask.terminal or pod.attempt < subtask.attempt:
        return True
    return pod.deleting and not pod.node  # it never was on a node: there is nobody who could end it
