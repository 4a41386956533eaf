"""The requests that the operator makes for a distribution, made by hand: what an operator costs that takes no time itself.

They are recorded from one distribution that a real operator has run to its end, and repeated with other names and UIDs.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from e2e.faults.api import MERGE, OURS, Api, RefusedError

Raw = dict[str, Any]

_READS = ("/api/v1/nodes", "/api/v1/namespaces/{}/resourcequotas", "/api/v1/namespaces/{}/limitranges")
"""What is read for each plan."""
_WAIT = 0.5
_SERVER_SET = frozenset({"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"})


@dataclass(frozen=True)
class Recorded:
    """A distribution that has ended, and its children: names, UIDs and namespace are to be replaced."""

    root: Raw
    plan: Raw
    children: tuple[tuple[Raw, Raw], ...]
    """Each SubTask with its pod."""


def record(api: Api, namespace: str, name: str) -> Recorded:
    selector = f"labelSelector=taskdist.dev/distribution%3D{name}"
    pods = {
        pod["metadata"]["labels"]["taskdist.dev/subtask"]: pod
        for pod in _items(api, "/api/v1", "pods", namespace, selector)
    }
    subtasks = _items(api, OURS, "subtasks", namespace, selector)
    (plan,) = _items(api, OURS, "executionplans", namespace, selector)
    return Recorded(
        api.root(namespace, name), plan, tuple((subtask, pods[subtask["spec"]["id"]]) for subtask in subtasks)
    )


def _items(api: Api, group: str, plural: str, namespace: str, selector: str) -> list[Raw]:
    items: list[Raw] = api.get(f"{group}/namespaces/{namespace}/{plural}?{selector}")["items"]
    kind = {"pods": "Pod", "subtasks": "SubTask", "executionplans": "ExecutionPlan"}[plural]
    version = "v1" if plural == "pods" else "taskdist.dev/v1alpha1"
    return [{"apiVersion": version, "kind": kind, **item} for item in items]  # a list's items do not say what they are


def repeat(api: Api, recorded: Recorded, namespace: str, name: str, *, ends: bool) -> tuple[float, float]:
    """Make the requests of one distribution; seconds from its creation to its first pod, and to its end.

    With ``ends`` its pods' ends are waited for, by a watch. Else they are taken for granted, and the requests go on. A pod that a
    quota refuses is asked for again after a while.

    Raises:
        RefusedError: for another reason.
    """
    old = recorded.root["metadata"]
    names = {old["name"]: name, old["namespace"]: namespace}
    watch = None
    if ends:
        path = f"/api/v1/namespaces/{namespace}/pods?labelSelector=taskdist.dev/distribution%3D{name}"
        watch = api.watch(path, 600)
    begin, first = time.monotonic(), 0.0
    roots = f"{OURS}/namespaces/{namespace}/taskdistributions"
    made = create(api, roots, _fresh(recorded.root, names))
    uids = {old["uid"]: made["metadata"]["uid"]}
    for path in _READS:
        api.get(path.format(namespace))
    api.request("POST", f"{OURS}/namespaces/{namespace}/executionplans", _fresh(recorded.plan, names | uids))
    _patch(api, f"{roots}/{name}", recorded.root, names | uids)
    subtasks = f"{OURS}/namespaces/{namespace}/subtasks"
    for subtask, pod in recorded.children:
        there = api.request("POST", subtasks, _fresh(subtask, names | uids))
        uids[subtask["metadata"]["uid"]] = there["metadata"]["uid"]
        _create_pod(api, namespace, _fresh(_unbound(pod), names | uids))
        first = first or time.monotonic() - begin
    left = {pod["metadata"]["labels"]["taskdist.dev/subtask"] for _, pod in recorded.children}
    while watch is not None and left:
        seen = next(watch)
        if seen["status"].get("phase") == "Succeeded":
            left.discard(seen["metadata"]["labels"]["taskdist.dev/subtask"])
    for subtask, _ in recorded.children:
        _patch(api, f"{subtasks}/{_renamed(subtask['metadata']['name'], names)}", subtask, names | uids)
    _patch(api, f"{roots}/{name}", recorded.root, names | uids)
    return first, time.monotonic() - begin


def create(api: Api, path: str, body: Raw) -> Raw:
    """Create an object; who lost a race for the quota's own object asks again at once.

    Raises:
        RefusedError: the server's no, such as that the quota is exceeded.
    """
    while True:
        try:
            return api.request("POST", path, body)
        except RefusedError as error:
            if error.status != 409 or "resourcequotas" not in str(error):
                raise


def _create_pod(api: Api, namespace: str, body: Raw) -> None:
    while True:
        try:
            create(api, f"/api/v1/namespaces/{namespace}/pods", body)
        except RefusedError as error:
            if "exceeded quota" not in str(error):
                raise
            time.sleep(_WAIT)
        else:
            return


def _patch(api: Api, path: str, recorded: Raw, names: dict[str, str]) -> None:
    status = json.loads(_renamed(json.dumps(recorded["status"]), names))
    api.request("PATCH", f"{path}/status", {"status": status}, MERGE)


def _fresh(recorded: Raw, names: dict[str, str]) -> Raw:
    """The object as it was asked for, under other names."""
    body = {key: value for key, value in recorded.items() if key != "status"}
    body["metadata"] = {key: value for key, value in body["metadata"].items() if key not in _SERVER_SET}
    fresh: Raw = json.loads(_renamed(json.dumps(body), names))
    return fresh


def _unbound(pod: Raw) -> Raw:
    """A pod without what the scheduler has added."""
    return pod | {"spec": {key: value for key, value in pod["spec"].items() if key != "nodeName"}}


def _renamed(text: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text
