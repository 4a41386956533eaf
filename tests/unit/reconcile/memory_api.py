"""An API server in memory, as far as the operator needs one: versions, UIDs, owners, preconditions, and a log that watches read."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from taskdist.cluster.errors import ApiError, ClusterUnreachableError

Json = dict[str, Any]
ENDED = {"Succeeded", "Failed"}


class MemoryApi:
    """The truth. ``log`` holds every change in order: what a watch brings, sooner or later."""

    def __init__(self, now: Callable[[], str]) -> None:
        self._now = now
        self.objects: dict[tuple[str, str], Json] = {}
        self.log: list[tuple[str, str, Json]] = []
        self._revision = 0

    def all(self, plural: str) -> list[Json]:
        """Every object of a kind as it is now."""
        return [copy.deepcopy(body) for (kind, _), body in self.objects.items() if kind == plural]

    def create(self, plural: str, body: Json) -> Json:
        """A new object; its name must be free."""
        name = body["metadata"]["name"]
        if (plural, name) in self.objects:
            raise ApiError(409, "AlreadyExists", f"{plural} {name} already exists")
        stored: Json = json.loads(json.dumps(body))
        stored["metadata"] |= {"uid": f"uid-{self._revision + 1}", "creationTimestamp": self._now()}
        return self._store(plural, stored, "ADDED")

    def patch(self, plural: str, name: str, changes: Json) -> Json:
        """A merge patch of the status, or finalizers taken away; a version or UID in it is a precondition."""
        known = self._get(plural, name)
        for key in ("resourceVersion", "uid"):
            wanted = changes.get("metadata", {}).get(key)
            if wanted is not None and wanted != known["metadata"][key]:
                raise ApiError(409, "Conflict", f"{plural} {name} has been modified")
        merged = copy.deepcopy(known)
        if "status" in changes:
            status = {**known.get("status", {}), **changes["status"]}
            merged["status"] = {k: v for k, v in status.items() if v is not None}
        taken = changes.get("metadata", {}).get("$deleteFromPrimitiveList/finalizers", ())
        merged["metadata"]["finalizers"] = [f for f in known["metadata"].get("finalizers", ()) if f not in taken]
        stored = self._store(plural, merged, "MODIFIED")
        if (
            taken
            and "deletionTimestamp" in merged["metadata"]
            and merged["metadata"]["deletionGracePeriodSeconds"] == 0
        ):
            self.delete(plural, name)
        return stored

    def delete(self, plural: str, name: str, uid: str = "", *, at_once: bool = False) -> None:
        """Pods that have not ended end first; what an object owns is left to the garbage collector."""
        known = self._get(plural, name)
        if uid and known["metadata"]["uid"] != uid:
            raise ApiError(409, "Conflict", "the UID in the precondition does not match")
        gentle = plural == "pods" and not at_once and known.get("status", {}).get("phase") not in ENDED
        if gentle or known["metadata"].get("finalizers"):
            left = 30 if gentle else 0
            if known["metadata"].get("deletionGracePeriodSeconds", 31) > left:
                ending = copy.deepcopy(known)
                ending["metadata"].setdefault("deletionTimestamp", self._now())
                ending["metadata"]["deletionGracePeriodSeconds"] = left
                self._store(plural, ending, "MODIFIED")
            return
        del self.objects[plural, name]
        self._revision += 1
        self.log.append((plural, "DELETED", copy.deepcopy(known)))

    def orphans(self) -> list[str]:
        """Names of pods whose owner is no more."""
        uids = {body["metadata"]["uid"] for body in self.objects.values()}
        return [
            p["metadata"]["name"] for p in self.all("pods") if p["metadata"]["ownerReferences"][0]["uid"] not in uids
        ]

    def _get(self, plural: str, name: str) -> Json:
        if (plural, name) not in self.objects:
            raise ApiError(404, "NotFound", f"{plural} {name} not found")
        return self.objects[plural, name]

    def get(self, plural: str, name: str) -> Json:
        """One object as it is now."""
        return copy.deepcopy(self._get(plural, name))

    def _store(self, plural: str, body: Json, how: str) -> Json:
        self._revision += 1
        body["metadata"]["resourceVersion"] = str(self._revision)
        self.objects[plural, body["metadata"]["name"]] = body
        self.log.append((plural, how, copy.deepcopy(body)))
        return copy.deepcopy(body)


class MemoryClient:
    """What ``cluster.apply`` calls. ``fault`` says what happens to the next request: it, or its answer, gets lost."""

    def __init__(self, api: MemoryApi) -> None:
        self._api = api
        self.fault = ""

    async def request(self, method: str, path: str, *, body: Json | None = None, **_: str) -> bytes:
        """Answer as the API server would."""
        return self._faulty(lambda: json.dumps(self._answer(method, path, body or {})).encode())

    async def delete(self, path: str, options: Json) -> None:
        """Delete, with the preconditions of ``options``."""
        plural, name, _ = _parts(path)
        uid = options.get("preconditions", {}).get("uid", "")
        at_once = options.get("gracePeriodSeconds") == 0
        self._faulty(lambda: self._api.delete(plural, name, uid, at_once=at_once))

    def _faulty(self, carry_out: Callable[[], Any]) -> Any:
        fault, self.fault = self.fault, ""
        if fault == "lost":
            raise ClusterUnreachableError("the request was lost")
        answer = carry_out()
        if fault == "answer lost":
            raise ClusterUnreachableError("the answer was lost")
        return answer

    def _answer(self, method: str, path: str, body: Json) -> Json:
        plural, name, _ = _parts(path)
        match method:
            case "POST":
                return self._api.create(plural, body)
            case "GET":
                return self._api.get(plural, name)
        return self._api.patch(plural, name, body)


def _parts(path: str) -> tuple[str, str, str]:
    parts = path.strip("/").split("/")
    rest = [*parts[parts.index("namespaces") + 2 :], "", ""]
    return rest[0], rest[1], rest[2]
