"""The API server's audit log as the oracle: what was done, by whom, in which order; the operator is not asked.

Needs the audit level `RequestResponse`. Resource versions are etcd's revisions, one sequence for all kinds: they order
what happened.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TERMINAL = frozenset({"Succeeded", "Failed", "Skipped", "Cancelled"})
ENDED = frozenset({"Succeeded", "Failed"})
KINDS = frozenset({"pods", "subtasks", "executionplans", "taskdistributions"})
OPERATOR = "taskdist"  # the beginning of the user agent

Event = dict[str, Any]


class Audit:
    """Reads the log as it grows; keeps what is about our kinds, by namespace."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read = 0
        self._events: dict[str, list[Event]] = {}

    def events(self, namespace: str) -> list[Event]:
        """Successful writes to children and distributions in a namespace so far."""
        for event in self._new():
            self._events.setdefault(event["objectRef"].get("namespace", ""), []).append(event)
        return self._events.get(namespace, [])

    def _new(self) -> Iterator[Event]:
        with self._log.open("rb") as log:
            log.seek(self._read)
            for line in log:
                if not line.endswith(b"\n"):
                    return
                self._read += len(line)
                event = json.loads(line)
                if (
                    event["stage"] == "ResponseComplete"
                    and event["verb"] in {"create", "update", "patch", "delete"}
                    and event.get("objectRef", {}).get("resource") in KINDS
                    and 200 <= event["responseStatus"]["code"] < 300
                ):
                    yield event


def counts(events: list[Event], resource: str, verb: str, *, by: str = "") -> Counter[str]:
    """How often each object was created or deleted; `by` names a user agent's beginning."""
    return Counter(
        event["objectRef"]["name"]
        for event in events
        if event["verb"] == verb
        and event["objectRef"]["resource"] == resource
        and not event["objectRef"].get("subresource")
        and event.get("userAgent", "").startswith(by)
    )


@dataclass(slots=True)
class _World:
    """What has been seen up to a revision."""

    subtasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    phases: dict[str, str] = field(default_factory=dict)
    live: dict[tuple[str, str], str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def violations(events: list[Event]) -> list[str]:
    """What must never happen, and did.

    Two live pods of one attempt; a terminal phase that changed; a pod that was created before its dependencies were done.
    """
    world = _World()
    for _, event in sorted(((_revision(e), e) for e in events if "responseObject" in e), key=lambda pair: pair[0]):
        match event["objectRef"]["resource"]:
            case "subtasks":
                _subtask(world, event)
            case "pods":
                _pod(world, event)
    return world.wrong


def _revision(event: Event) -> int:
    version = event.get("responseObject", {}).get("metadata", {}).get("resourceVersion", "0")
    return int(version)


def _subtask(world: _World, event: Event) -> None:
    seen = event["responseObject"]
    if seen.get("kind") != "SubTask" or event["verb"] == "delete":
        return
    uid, name = seen["metadata"]["uid"], seen["metadata"]["name"]
    phase = seen.get("status", {}).get("phase", "")
    before = world.phases.get(uid, "")
    if before in TERMINAL and phase != before:
        world.wrong.append(f"SubTask {name} was {before} and became {phase or 'nothing'}")
    world.subtasks[uid] = seen
    world.phases[uid] = phase


def _pod(world: _World, event: Event) -> None:
    pod = event["responseObject"]
    if pod.get("kind") != "Pod":
        return  # a binding, or the status of a deletion that is over
    metadata = pod["metadata"]
    owner = next((o["uid"] for o in metadata.get("ownerReferences", ()) if o["kind"] == "SubTask"), "")
    attempt = (owner, metadata.get("labels", {}).get("taskdist.dev/attempt", ""))
    uid, name = metadata["uid"], metadata["name"]
    if event["verb"] == "create" and not event["objectRef"].get("subresource"):
        if world.live.get(attempt, uid) != uid:
            world.wrong.append(f"pod {name} of attempt {attempt[1]} was created while another one was alive")
        world.live[attempt] = uid
        _dependencies(world, owner, name)
    gone = event["verb"] == "delete" and (metadata.get("deletionGracePeriodSeconds") or 0) == 0
    if (pod.get("status", {}).get("phase") in ENDED or gone) and world.live.get(attempt) == uid:
        del world.live[attempt]


def _dependencies(world: _World, owner: str, pod: str) -> None:
    subtask = world.subtasks.get(owner)
    if subtask is None:
        return
    spec = subtask["spec"]
    if spec.get("triggerRule", "AllSucceeded") != "AllSucceeded":
        return
    root = _root(subtask)
    done = {
        other["spec"]["id"]
        for uid, other in world.subtasks.items()
        if _root(other) == root and world.phases[uid] == "Succeeded"
    }
    missing = [parent["name"] for parent in spec.get("dependsOn", ()) if parent["name"] not in done]
    if missing:
        world.wrong.append(f"pod {pod} was created before {', '.join(missing)} was done")


def _root(subtask: dict[str, Any]) -> str:
    owners = subtask["metadata"].get("ownerReferences", ())
    return next((o["uid"] for o in owners if o["kind"] == "TaskDistribution"), "")
