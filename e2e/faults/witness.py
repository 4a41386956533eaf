"""What is stored, and not only what was answered: watches of the oracle's own, past the operator.

The audit log tells of answers. A write whose answer is lost on the way (the server gives up waiting for etcd, the client hangs
up) may be carried out all the same, and no event of the log says so: after a fault of etcd the log alone is blind. Every
stored version of an object passes a watch.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from e2e.faults.api import OURS, Api, RefusedError
from e2e.faults.audit import OPERATOR, Event

_VERBS = {"ADDED": "create", "MODIFIED": "patch", "DELETED": "delete"}
_SLICE = 5
"""Seconds of one watch: a connection that has died is not waited for."""


class Witness:
    """Every version of all SubTasks and of all pods, from now on. Use as ``with Witness.of(api) as witness``."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._paths = {"subtasks": f"{OURS}/subtasks", "pods": "/api/v1/pods"}
        self._versions: dict[str, str] = {}
        self._seen: dict[str, list[Event]] = {}
        self._ended = threading.Event()
        self.blind: list[str] = []
        """Why it has missed something, if it has."""

    @classmethod
    @contextmanager
    def of(cls, api: Api) -> Iterator[Witness]:
        """Watch until the block ends."""
        witness = cls(api)
        for resource, path in witness._paths.items():
            witness._versions[resource] = api.get(path)["metadata"]["resourceVersion"]
        threads = [threading.Thread(target=witness._follow, args=(r,), daemon=True) for r in witness._paths]
        for thread in threads:
            thread.start()
        try:
            yield witness
        finally:
            witness._ended.set()
            for thread in threads:
                thread.join(_SLICE + 10)

    def events(self, namespace: str) -> list[Event]:
        """What was stored so far in a namespace, in the shape of the audit log's events."""
        return list(self._seen.get(namespace, ()))

    def completed(self, namespace: str, audited: list[Event]) -> list[Event]:
        """The audit log's events, and what was stored although nobody was told so: the operator's doing, or like it."""
        return [*audited, *(e | {"userAgent": OPERATOR} for e in self.unanswered(namespace, audited))]

    def lost(self, namespace: str, audited: list[Event]) -> list[str]:
        """Writes that the audit log says were answered with success, and that no watch has shown."""
        stored = {_version(event) for event in self.events(namespace)}
        return [
            f"{event['verb']} of {event['objectRef']['name']} at version {version[1]}"
            for event in audited
            if event["objectRef"]["resource"] in self._paths
            and event["verb"] != "delete"  # its answer is the last version before, or a status
            and all(version := _version(event))
            and version not in stored
        ]

    def unanswered(self, namespace: str, audited: list[Event]) -> list[Event]:
        """Creations and changes that are stored although nobody was told so. The answer to a binding tells no version."""
        told = {_version(event) for event in audited}
        bound = {e["objectRef"]["name"] for e in audited if e["objectRef"].get("subresource") == "binding"}
        found, without_node = [], set(bound)
        for event in self.events(namespace):
            name = event["objectRef"]["name"]
            binds = name in without_node and "nodeName" in event["responseObject"].get("spec", {})
            if binds:
                without_node.discard(name)
            if event["verb"] != "delete" and not binds and _version(event) not in told:
                found.append(event)
        return found

    def _follow(self, resource: str) -> None:
        while not self._ended.is_set():
            path = f"{self._paths[resource]}?resourceVersion={self._versions[resource]}"
            try:
                for event in self._api.changes(path, _SLICE):
                    if not self._take(resource, event):
                        return
            except (OSError, http.client.HTTPException, ValueError, RefusedError):
                self._ended.wait(0.2)

    def _take(self, resource: str, event: dict[str, Any]) -> bool:
        if event["type"] == "ERROR":
            self.blind.append(f"{resource}: {event['object'].get('message')}")
            return False
        changed = event["object"]
        self._versions[resource] = changed["metadata"]["resourceVersion"]
        reference = {"resource": resource, "name": changed["metadata"]["name"]}
        told = {"verb": _VERBS[event["type"]], "objectRef": reference, "responseObject": changed}
        self._seen.setdefault(changed["metadata"]["namespace"], []).append(told)
        return True


def _version(event: Event) -> tuple[str, str]:
    said = event.get("responseObject", {}).get("metadata", {})
    return said.get("uid", ""), said.get("resourceVersion", "")
