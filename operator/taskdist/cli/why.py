"""Why a subtask is not running, and what to do about it: the first true cause, from what the cluster says.

Pure: it reads the objects as the API server gave them, and talks to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Raw = Mapping[str, Any]
_NOTHING: Final[Mapping[str, str]] = {}
_TERMINAL: Final = frozenset({"Succeeded", "Failed", "Skipped", "Cancelled"})

ADVICE: Final[Mapping[str, str]] = {
    "LockHeld": "it starts by itself when the lock is given back; shorten what holds it, or allow more with NAME=N",
    "AgentTypeBusy": "it starts by itself when a pod of that agent type ends; an admin can raise its maxConcurrent",
    "NamespaceBusy": "it starts by itself when a pod of the namespace ends; an admin can raise maxPodsPerNamespace",
    "AgentTypeNotFound": "ask an admin for that AgentType, or name another one in spec.tasks[].agentType",
    "AgentTypeNotAllowed": "name an agent type that this namespace may use (kubectl get at), or ask its admin",
    "AgentTypeQuarantined": "it is probed by itself; look at `kubectl describe at` for what fails, or give it fallbacks",
    "AgentNotConfigured": "give the task a script or command, or ask an admin for an agent type with a model",
    "ProviderUnavailable": "allow more providers in spec.placement.providers, or look at `kubectl describe prov`",
    "QuotaExceeded": "it is tried again by itself; free quota, lower limits.maxParallel, or ask for a larger ResourceQuota",
    "PodRejected": "the message says what the API server has against the pod; an admin may have to mend the AgentType",
    "Unschedulable": "no node has room or fits: lower the task's resources, or add nodes",
    "ImagePull": "the AgentType's template.image cannot be pulled: an admin has to mend it",
    "ContainerConfig": "what the AgentType's template refers to is missing in this namespace: the message names it",
    "AdmissionPending": "the queue admits it when there is quota, as long as that takes",
    "NodeUnreachable": "bring the node back, or say that it is down: delete the Node, or taint it "
    "node.kubernetes.io/out-of-service; placement.replaceUnreachableSeconds does without, for work that may run twice",
    "PendingTimeout": "nothing said why it did not start: kubectl describe the pod",
}


@dataclass(frozen=True, slots=True)
class Why:
    """What the subtask does or waits for, and what to do, if anything."""

    cause: str
    advice: str = ""


def why(root: Raw, subtask: str, subtasks: Mapping[str, Raw], refused: Mapping[str, str] = _NOTHING) -> Why:
    """Tell the first true cause for one subtask of a TaskDistribution.

    Args:
        root: the TaskDistribution.
        subtask: its id.
        subtasks: the distribution's SubTasks by id.
        refused: what a queue says of pods it has not let in, by their UID.
    """
    return _of_root(root) or _of_subtask(root, subtask, subtasks, refused)


def _of_root(root: Raw) -> Why | None:
    name = root["metadata"]["name"]
    if root["metadata"].get("deletionTimestamp"):
        return Why("the TaskDistribution is being deleted")
    conditions = {c["type"]: c for c in root.get("status", {}).get("conditions", ())}
    if not conditions:
        return Why(
            "the operator has not looked at it yet",
            "is it running? kubectl get pods -A -l app.kubernetes.io/name=taskdist",
        )
    if conditions.get("Planned", {}).get("status") == "False":
        return Why(
            f"there is no valid plan: {conditions['Planned'].get('message', '')}", "mend the spec and apply it again"
        )
    approved = conditions.get("Approved", {})
    if approved.get("reason") == "PlanOnly":
        return Why(
            "spec.planning.mode is PlanOnly: it is planned and never run", "set spec.planning.mode to Auto or Manual"
        )
    if approved.get("reason") == "AwaitingApproval":
        return Why("the plan waits for approval", f"taskdist plan show {name}, then taskdist approve {name}")
    return None


def _of_subtask(root: Raw, id_: str, subtasks: Mapping[str, Raw], refused: Mapping[str, str]) -> Why:
    name = root["metadata"]["name"]
    own = subtasks.get(id_)
    if own is None:
        return Why("its SubTask does not exist yet")
    status = own.get("status", {})
    phase, reason, message = (str(status.get(key, "")) for key in ("phase", "reason", "message"))
    if phase in _TERMINAL:
        advice = f"taskdist logs {name} {id_}; taskdist retry {name} runs it again" if phase == "Failed" else ""
        said = ", ".join(filter(None, (reason if reason != phase else "", message)))
        return Why(f"it has ended: {phase}" + (f" ({said})" if said else ""), advice)
    if reason == "NodeUnreachable":
        return Why(f"{reason}: {message}", ADVICE[reason])
    if phase == "Running":
        node = (status.get("attempts") or [{}])[-1].get("node", "")
        return Why("it runs" + (f" on {node}" if node else ""))
    if phase == "Queued":
        return _of_queue(root["spec"].get("queueName", ""), status, message, refused)
    unmet = [
        f"{edge['name']} ({_phase(subtasks.get(edge['name']))})"
        for edge in own["spec"].get("dependsOn", ())
        if _phase(subtasks.get(edge["name"])) not in _TERMINAL
    ]
    if unmet and own["spec"].get("triggerRule", "AllSucceeded") in {"AllSucceeded", "AllFinished"}:
        more = f" and {len(unmet) - 3} more" if len(unmet) > 3 else ""
        return Why(f"it waits for {', '.join(unmet[:3])}{more}")
    if root["spec"].get("suspend"):
        return Why("the TaskDistribution is suspended", f"taskdist resume {name}")
    members = [s for s in subtasks.values() if s["spec"].get("memberOf") == id_]
    if members:
        done = sum(_phase(member) in _TERMINAL for member in members)
        return Why(f"it was fanned out: {done} of {len(members)} items have ended")
    if phase == "Retrying":
        last = [a for a in status.get("attempts", ()) if a.get("reason")]
        ended = f"attempt {last[-1]['number']} ended with {last[-1]['reason']}" if last else "an attempt failed"
        due = f"; the next may start at {status['nextAttemptTime']}" if status.get("nextAttemptTime") else ""
        return Why(ended + due + (f": {message}" if message else ""))
    if reason and reason != "Created":
        return Why(f"{reason}: {message}" if message else reason, ADVICE.get(reason, ""))
    running = root.get("status", {}).get("counts", {}).get("running", 0)
    most = root["spec"].get("limits", {}).get("maxParallel", 10)
    if running >= most:
        return Why(f"limits.maxParallel is reached: {running} run", "raise spec.limits.maxParallel, or wait")
    return Why("it is about to start", f"if this stays: kubectl get pods -l taskdist.dev/distribution={name}")


def _of_queue(queue: str, status: Raw, message: str, refused: Mapping[str, str]) -> Why:
    said = refused.get((status.get("attempts") or [{}])[-1].get("podUID", ""), "")
    advice = ADVICE["AdmissionPending"] if said else f"{ADVICE['AdmissionPending']}: kubectl get workloads"
    return Why(f"queue {queue} has not let it in: {said or message}", advice)


def _phase(subtask: Raw | None) -> str:
    return str(subtask.get("status", {}).get("phase", "Waiting")) if subtask is not None else "Waiting"
