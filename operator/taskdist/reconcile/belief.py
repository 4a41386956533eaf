"""Whether a SubTask's success is believed: a status can be written by anybody with the right to, a pod's end by its node only.

Only success is doubted: a forged failure fails, and nothing is built on it. What the operator wrote itself it knows by its
version. Of what it has not written, or no longer knows, it asks the pod; docs/faults.md says what cannot be told apart.
"""

from __future__ import annotations

from taskdist.api.names import SubTaskPhase, SubTaskReason
from taskdist.reconcile import fan_out
from taskdist.reconcile.projection import Projection
from taskdist.reconcile.views import PodPhase, PodView, SubTaskView


def doubt(seen: Projection, subtask: SubTaskView) -> str:
    """Why a subtask's success is not to be believed, or nothing; what is found to be believable is remembered."""
    if subtask.phase is not SubTaskPhase.SUCCEEDED or seen.believed.get(subtask.uid) == subtask.resource_version:
        return ""
    why = seen.doubted.get(subtask.uid, "")
    if not why and subtask.for_each_result:
        why = _items_missing(seen, subtask)
    elif not why:
        why = contradiction(subtask, seen.pods.get((subtask.id, subtask.attempt, subtask.uid)))
    if not why:
        seen.believed[subtask.uid] = subtask.resource_version
    return why


def contradiction(subtask: SubTaskView, pod: PodView | None) -> str:
    """What contradicts a success, or nothing: its own record, or the pod of its attempt."""
    if _cached(subtask):
        return ""  # no pod has done it
    if subtask.current.reason is not SubTaskReason.COMPLETED or not subtask.current.pod_uid:
        return "it records no attempt that completed"
    if pod is None:
        return ""
    if pod.uid != subtask.current.pod_uid:
        return f"it records another pod than {pod.name}"
    if not pod.ended:
        return f"pod {pod.name} has not ended"
    return f"pod {pod.name} failed" if pod.phase is PodPhase.FAILED else ""


def suspicion(known: SubTaskView, seen: SubTaskView, pod: PodView | None) -> str:
    """What is strange about a new version of a subtask that somebody else has written, or nothing."""
    if seen.phase is not SubTaskPhase.SUCCEEDED:
        return ""
    if known.phase is SubTaskPhase.SUCCEEDED:
        changed = (known.results, known.artifacts) != (seen.results, seen.artifacts)
        return "its results were changed after its end" if changed else ""
    by_a_pod = not seen.for_each_result and not _cached(seen)
    return "nobody has seen its pod" if by_a_pod and pod is None else ""


def _cached(subtask: SubTaskView) -> bool:
    return subtask.reason is SubTaskReason.CACHED and bool(subtask.cache_key)


def _items_missing(seen: Projection, subtask: SubTaskView) -> str:
    """Why a fan-out has not ended: it ends with its members, and has no pod. Without its list nothing can be said."""
    members = seen.members_of(subtask.id)
    found, _ = fan_out.items(subtask.for_each_result, seen.subtasks)
    if found and not members:
        return "none of its items was made"
    return "" if all(member.terminal for member in members) else "its items have not ended"
