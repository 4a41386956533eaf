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
from e2e.faults.audit import Event

_VERBS = {"ADDED": "create", "MODIFIED": "patch", "DELETED": "delete"}
_SLICE = 5
"""Seconds of one watch: a connection that has died is not waited for."""


class Witness:
    """Every version of the SubTasks and pods of a namespace, from now on. Use as ``with Witness.of(api, namespace) as seen``."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._paths = {
            "subtasks": f"{OURS}/namespaces/{namespace}/subtasks",
            "pods": f"/api/v1/namespaces/{namespace}/pods",
        }
        self._versions: dict[str, str] = {}
        self._seen: list[Event] = []
        self._ended = threading.Event()
        self.blind: list[str] = []
        """Why it has missed something, if it has."""

    @classmethod
    @contextmanager
    def of(cls, api: Api, namespace: str) -> Iterator[Witness]:
        """Watch until the block ends."""
        witness = cls(api, namespace)
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

    def events(self) -> list[Event]:
        """What was stored so far, in the shape of the audit log's events."""
        return list(self._seen)

    def lost(self, audited: list[Event]) -> list[str]:
        """Writes that the audit log says were answered with success, and that no watch has shown."""
        stored = {
            (e["responseObject"]["metadata"]["uid"], e["responseObject"]["metadata"]["resourceVersion"])
            for e in self._seen
        }
        return [
            f"{event['verb']} of {which['name']} at version {said['resourceVersion']}"
            for event in audited
            if (which := event["objectRef"])["resource"] in self._paths
            and event["verb"] != "delete"  # its answer is the last version before, or a status
            and (said := event.get("responseObject", {}).get("metadata", {})).get("resourceVersion")
            and "uid" in said
            and (said["uid"], said["resourceVersion"]) not in stored
        ]

    def unanswered(self, audited: list[Event]) -> int:
        """Versions that are stored although nobody was told so. The answer to a binding does not tell the pod's version."""
        told = {
            (said.get("uid"), said.get("resourceVersion"))
            for event in audited
            if (said := event.get("responseObject", {}).get("metadata", {}))
        }
        bound = sum(event["objectRef"].get("subresource") == "binding" for event in audited)
        stored = [e["responseObject"]["metadata"] for e in self._seen if e["verb"] != "delete"]
        return max(sum((m["uid"], m["resourceVersion"]) not in told for m in stored) - bound, 0)

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
        self._seen.append({"verb": _VERBS[event["type"]], "objectRef": reference, "responseObject": changed})
        return True
