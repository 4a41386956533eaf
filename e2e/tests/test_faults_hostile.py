"""Rows 24 to 27 of the fault table: tampering, forgery, poison, and size."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster.polling import until
from e2e.faults.api import MERGE, OURS, RefusedError
from e2e.faults.audit import counts
from e2e.faults.figures import Record
from e2e.faults.scene import NAME, Scene, diamond, layers, pod_path, task
from e2e.operator_process import OperatorProcess

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = pytest.mark.faults


@pytest.mark.e2e
def test_labels_and_owners_are_tampered_with(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    """A pod that loses its labels must not run on unseen; one that claims to be ours must not be believed."""
    with scene.namespace() as namespace:
        scene.run(namespace, [task("a", delay="1h"), task("b", "a")])
        until("a runs", lambda: scene.created(namespace).get(f"{NAME}-a-1"), 30)
        real = scene.api.get(pod_path(namespace, f"{NAME}-a-1"))
        forged = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "forged", "labels": real["metadata"]["labels"]},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "agent", "image": "none"}]},
        }
        scene.api.request("POST", f"/api/v1/namespaces/{namespace}/pods", forged)
        until(
            "the forged pod has ended",
            lambda: scene.api.get(pod_path(namespace, "forged"))["status"]["phase"] == "Succeeded",
            30,
        )
        time.sleep(1)  # nothing is waited for: nothing may happen
        believed = scene.subtask(namespace, "a").get("status", {}).get("phase") == "Succeeded"
        scene.api.request(
            "PATCH",
            pod_path(namespace, f"{NAME}-a-1"),
            {"metadata": {"labels": {"taskdist.dev/distribution": None}}},
            MERGE,
        )
        until("a new attempt", lambda: scene.created(namespace).get(f"{NAME}-a-2"), 60)
        alive = [p["metadata"]["name"] for p in scene.api.pods(namespace) if p["metadata"]["name"] == f"{NAME}-a-1"]
        wrong = scene.wrong(namespace)
    ok = not believed and not alive and not wrong
    record(
        24,
        "labels taken away, a forged pod",
        f"forged believed: {believed}; unseen pod alive: {bool(alive)}",
        "repaired or failed, never believed",
        ok=ok,
    )


def forged(pod: str, uid: str) -> dict[str, Any]:
    """A success as the operator itself would write it."""
    times = dict.fromkeys(("createTime", "startTime", "finishTime"), "2026-01-01T00:00:00Z")
    attempt = {"number": 1, "pod": pod, "podUID": uid, "reason": "Completed", "exitCode": 0, **times}
    return {"phase": "Succeeded", "reason": "Completed", "attemptCount": 1, "attempts": [attempt]}


@pytest.mark.e2e
def test_a_status_and_owners_are_forged(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    """Successes that no pod has brought about, and children that are given to somebody else."""

    def uid(id_: str) -> str:
        return str(scene.subtask(namespace, id_)["metadata"]["uid"])

    def owner() -> str:
        """Whose a's pod is: the one of before may run for a while after its SubTask is gone."""
        return str(scene.api.get(pod)["metadata"]["ownerReferences"][0]["uid"])

    def replaced(id_: str, path: str, patch: dict[str, Any]) -> float:
        """Write it; seconds until there is another SubTask in the place of that one."""
        before = uid(id_)
        scene.api.request("PATCH", path, patch, MERGE)
        return scene.eventually(f"{id_} replaced", lambda: uid(id_) != before, 30)

    tasks = [task("a", delay="1h"), task("b", "a"), task("c", "b")]
    with scene.namespace() as namespace:
        path = f"{OURS}/namespaces/{namespace}/subtasks/{NAME}"
        scene.run(namespace, tasks)
        pod = pod_path(namespace, f"{NAME}-a-1")
        until("a runs", lambda: scene.running(pod), 30)
        status = forged(f"{NAME}-a-1", scene.api.get(pod)["metadata"]["uid"])
        took = [
            replaced("a", f"{path}-a/status", {"status": status}),
            replaced("b", f"{path}-b/status", {"status": forged(f"{NAME}-b-1", "made-up")}),
            replaced("b", f"{path}-b/status", {"status": {"phase": "Succeeded", "reason": "Completed"}}),
            replaced("b", f"{path}-b", {"metadata": {"ownerReferences": None}}),
        ]
        until("a runs again", lambda: scene.running(pod) and owner() == uid("a"), 30)
        took.append(replaced("a", f"{path}-a", {"metadata": {"ownerReferences": None}}))
        until("a runs again", lambda: scene.running(pod) and owner() == uid("a"), 30)
        scene.api.request("PATCH", pod, {"metadata": {"ownerReferences": None}}, MERGE)
        until("a new attempt", lambda: scene.created(namespace).get(f"{NAME}-a-2"), 30)
        believed = sorted(set(scene.created(namespace)) - {f"{NAME}-a-1", f"{NAME}-a-2"})
        scene.api.edit(namespace, NAME, {"tasks": [task("a"), *tasks[1:]]})
        scene.finish(namespace)
        created, wrong = scene.created(namespace), scene.wrong(namespace)
        phase = scene.api.root(namespace, NAME)["status"]["phase"]
    once = created[f"{NAME}-b-1"] == created[f"{NAME}-c-1"] == 1
    figure = f"{len(believed)} of 6 forgeries believed, replaced within {max(took):.1f} s, then {phase}"
    ok = not believed and once and phase == "Succeeded" and not wrong
    record(24, "forged successes, owners taken away", figure, "repaired or failed, never believed", ok=ok)


@pytest.mark.e2e
def test_a_request_too_large(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with scene.namespaces(2) as (near, over):
        filler = "x" * 15_000
        refused = ""
        try:
            scene.run(over, [task(f"t{i}") | {"script": f"# {filler}"} for i in range(120)])
        except RefusedError as error:
            refused = str(error)
        # What the API server takes may still be more than what one plan object may hold.
        scene.run(
            near, [task(f"t{i}") | {"script": f"# {filler[:10_000]}"} for i in range(100)], limits={"maxParallel": 100}
        )
        scene.eventually("it runs or is refused", lambda: settled(scene, near), 60)
        by = counts(scene.events(near), "taskdistributions", "patch")
        time.sleep(3)
        again = counts(scene.events(near), "taskdistributions", "patch")
        status = scene.api.root(near, NAME)["status"]
        writes = sum(again.values()) - sum(by.values())
    ok = bool(refused) and writes <= 4
    figure = f"over: {refused[:3]}; near: {status['phase']}"
    record(26, "distribution near and over 1.5 MB", figure, "clear rejection, no retry loop", ok=ok)


def settled(scene: Scene, namespace: str) -> bool:
    return scene.finished(namespace) or scene.condition(namespace, "Stalled").get("status") == "True"


@pytest.mark.e2e
def test_poison_stops_nobody_else(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with scene.namespaces(2) as (poisoned, healthy):
        scene.run(poisoned, [task("a", delay="1h"), task("b", "a")])
        until("a runs", lambda: scene.created(poisoned).get(f"{NAME}-a-1"), 30)
        pid = replica.pid
        past_the_schema(scene, poisoned)
        pod = {
            "labels": {"taskdist.dev/attempt": "banana"},
            "annotations": {"taskdist.dev/task": "{", "taskdist.dev/spec-hash": "\n"},
        }
        scene.api.request("PATCH", pod_path(poisoned, f"{NAME}-a-1"), {"metadata": pod}, MERGE)
        scene.run(healthy, diamond())
        scene.finish(healthy, 60)
        replica.kill()
        replica.start()
        scene.api.edit(healthy, NAME, {"tasks": [*diamond(), task("e", "d")]})
        until("the healthy one goes on", lambda: scene.created(healthy).get(f"{NAME}-e-1"), 60)
        lives = not replica.ended and pid != replica.pid
        created = Counter(scene.created(healthy).values())
    record(
        29,
        "poison objects",
        f"others proceed ({sum(created.values())} pods), operator lives: {lives}",
        "others proceed, 0 restarts",
        ok=lives,
    )


def past_the_schema(scene: Scene, namespace: str) -> None:
    """Break a SubTask's spec, status and annotations in ways that schema and policy forbid: both are opened for a moment."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/subtasks.taskdist.dev"
    crd = scene.api.get(path)
    open_schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    versions = [{**v, "schema": {"openAPIV3Schema": open_schema}} for v in crd["spec"]["versions"]]
    fields = [{k: v for k, v in version.items() if k != "selectableFields"} for version in versions]
    target = f"{OURS}/namespaces/{namespace}/subtasks/{NAME}-b"
    poison = {
        "metadata": {"annotations": {"taskdist.dev/depends-on": "[{"}},
        "spec": {"retry": {"limit": "many", "factor": "a lot"}, "complexity": "none at all"},
    }
    status = {"status": {"phase": ["Running"], "attempts": "several", "startTime": {"at": "noon"}}}

    def written() -> bool:
        try:
            scene.api.request("PATCH", target, poison, MERGE)
        except RefusedError:
            return False
        return True

    with without(scene, "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/taskdist-immutable"):
        scene.api.request("PATCH", path, {"spec": {"versions": fields}}, MERGE)
        try:
            until("the schema is open", written, 20)
            scene.api.request("PATCH", f"{target}/status", status, MERGE)
        finally:
            scene.cluster.install_crds([Path(__file__).parents[2] / "crds" / "taskdist.dev_subtasks.yaml"])


@contextmanager
def without(scene: Scene, path: str) -> Iterator[None]:
    """The object at `path` is away inside, and there again afterwards."""
    found = scene.api.get(path)
    scene.api.request("DELETE", path)
    try:
        yield
    finally:
        found["metadata"] = {key: found["metadata"][key] for key in ("name", "labels") if key in found["metadata"]}
        scene.api.request("POST", path.rpartition("/")[0], found)


@pytest.mark.slow
def test_five_thousand_subtasks(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    replica.kill()  # what it measures is one graph, not what other tests have left in its memory
    replica.start()
    with scene.namespace() as namespace:
        begin = time.monotonic()
        scene.run(namespace, layers(50, 100, delay="300ms"), limits={"maxParallel": 200})
        scene.finish(namespace, 1500)
        seconds = time.monotonic() - begin
        root = scene.api.root(namespace, NAME)
        maps = f"/api/v1/namespaces/{namespace}/configmaps"
        kinds = {
            "root's status": [root["status"]],
            "plan": scene.api.get(f"{OURS}/namespaces/{namespace}/executionplans")["items"],
            "ConfigMap": [m for m in scene.api.get(maps)["items"] if m["metadata"]["name"] != "kube-root-ca.crt"],
            "SubTask": scene.api.subtasks(namespace),
            "pod": scene.api.pods(namespace),
        }
        sizes = {kind: max((len(json.dumps(item)) for item in items), default=0) for kind, items in kinds.items()}
        lines = Path(f"/proc/{replica.pid}/status").read_text().splitlines()
        rss = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6
        created, wrong = scene.created(namespace), scene.wrong(namespace)
    largest = max(sizes, key=lambda k: sizes[k])
    done = root["status"]["phase"] == "Succeeded" and len(created) == 5000 and set(created.values()) == {1}
    phase = root["status"]["phase"]
    figure = (
        f"{phase} in {seconds:.0f} s, {len(created)} pods; {', '.join(f'{kind} {size} B' for kind, size in sizes.items())}; "
        f"the whole root {len(json.dumps(root))} B, of which the user's tasks {len(json.dumps(root['spec']))} and the server's "
        f"account of who wrote them {len(json.dumps(root['metadata']))}; {rss:.0f} MB RSS"
    )
    record(
        27,
        "5,000 explicit tasks",
        figure,
        "completes; what the operator writes < 100 kB an object; < 200 MB RSS",
        ok=done and not wrong and sizes[largest] < 100_000 and rss < 200,
    )
