"""What a decision may ask for. Actions are data: a test compares them with ``==``; ``cluster.apply`` carries them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from taskdist.api.names import SubTaskReason

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CreateObject:
    """Create an object of our own kinds or a ConfigMap. Already there with the same owner counts as done."""

    kind: str
    name: str
    body: Body


@dataclass(frozen=True, slots=True)
class CreateSubTask:
    """Create one SubTask."""

    id: str
    name: str
    body: Body


@dataclass(frozen=True, slots=True)
class CreatePod:
    """Create the pod of one attempt. Its name is deterministic, so a second creation finds the first."""

    subtask_id: str
    attempt: int
    name: str
    body: Body


@dataclass(frozen=True, slots=True)
class PatchSubTaskStatus:
    """Write a SubTask's status, refused by the server if the object is not the one that was seen.

    ``unless_pod`` names a pod that must be gone: a cache that lacks it may be older than the pod, so it is asked for first.
    ``ended`` is how an attempt ended that the status records.
    """

    id: str
    name: str
    resource_version: str
    status: Body
    unless_pod: str = ""
    ended: SubTaskReason | None = None


@dataclass(frozen=True, slots=True)
class DeletePod:
    """Delete a pod, if it is still the one that was seen. ``force`` skips its grace: on a node that is no more nothing runs."""

    subtask_id: str
    attempt: int
    name: str
    uid: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class ReleasePod:
    """Take our finalizer from a pod, if it is still the one that was seen: its end is recorded, or never will be."""

    subtask_id: str
    attempt: int
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class DeleteSubTask:
    """Delete a SubTask, and by owner reference its pods, if it is still the one that was seen.

    ``unless_done`` names a pod that is asked for first: if it has succeeded after all, so has the subtask, and it stays.
    ``why`` is what is wrong with it, where something is.
    """

    id: str
    name: str
    uid: str
    unless_done: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class DeleteObject:
    """Delete an object of ours by name; with ``uid`` only if it is still the one that was seen. Gone already counts as done."""

    kind: str
    name: str
    uid: str = ""


Action = (
    DeleteObject
    | CreateObject
    | CreateSubTask
    | CreatePod
    | PatchSubTaskStatus
    | DeletePod
    | ReleasePod
    | DeleteSubTask
)


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes Event on the TaskDistribution: only what a person would care about."""

    type: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from what was seen.

    ``status`` is the root's whole new status, or ``None`` if it stands; ``requeue_seconds`` says when to look again
    although nothing may change by itself.
    """

    actions: tuple[Action, ...] = ()
    status: Body | None = None
    events: tuple[Event, ...] = ()
    requeue_seconds: float | None = None
