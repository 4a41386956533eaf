"""Rows 14 to 29 of the fault table that are about what is worked on: pods, nodes, edits, deletions, forgery, size."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster import binaries
from e2e.cluster.polling import until
from e2e.faults.api import MERGE, OURS, RefusedError
from e2e.faults.audit import counts
from e2e.faults.calls import Call, Drop, Fault, Gate, Hold
from e2e.faults.figures import Record
from e2e.faults.proxy import FaultProxy
from e2e.faults.scene import NAME, Scene, diamond, layers, task
from e2e.operator_process import OperatorProcess

from taskdist.handlers.run import Options

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def replica(scene: Scene) -> Iterator[OperatorProcess]:
    """One operator for all tests of the module; a test that ends it starts it again."""
    with scene.operator() as operator:
        yield operator


def pod_path(namespace: str, name: str, tail: str = "") -> str:
    return f"/api/v1/namespaces/{namespace}/pods/{name}{tail}"


def subtask(scene: Scene, namespace: str, id_: str) -> dict[str, Any]:
    return scene.api.get(f"{OURS}/namespaces/{namespace}/subtasks/{NAME}-{id_}")


def attempts(scene: Scene, namespace: str, id_: str) -> list[tuple[int, str, str]]:
    """Number, reason and memory of each attempt."""
    found = subtask(scene, namespace, id_).get("status", {}).get("attempts", [])
    return [(a["number"], a.get("reason", ""), a.get("requested", {}).get("memory", "")) for a in found]


@pytest.mark.e2e
def test_what_ended_while_nobody_looked_is_counted_once(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with scene.namespace() as namespace:
        tasks = [task(f"t{i}", delay="10s", message=json.dumps({"usage": {"tokens": 7}})) for i in range(100)]
        scene.run(namespace, tasks, limits={"maxParallel": 100})
        until("all pods", lambda: len(scene.created(namespace)) == 100, 60)
        replica.kill()
        until("all ended", lambda: {p["status"]["phase"] for p in scene.api.pods(namespace)} == {"Succeeded"}, 60)
        replica.start()
        scene.finish(namespace)
        tokens = [st["status"]["usage"]["tokens"] for st in scene.api.subtasks(namespace)]
        once = set(scene.created(namespace).values()) == {1} and tokens == [7] * 100
        patched = counts(scene.events(namespace), "subtasks", "patch")
        wrong = scene.wrong(namespace)
    figure = f"{len(tokens)} subtasks, {sum(tokens)} of 700 tokens, {len(wrong)} violations"
    record(
        14,
        "100 subtasks end while the operator is down",
        figure,
        "each counted once",
        ok=once and not wrong and not patched,
    )


@pytest.mark.e2e
def test_a_pod_deleted_before_its_result_was_seen(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with scene.namespace() as namespace:
        scene.run(namespace, [task("a", delay="1h"), task("b", delay="100ms")])
        until("a's pod runs", lambda: scene.created(namespace).get(f"{NAME}-a-1"), 30)
        begin = time.monotonic()
        scene.api.request("DELETE", pod_path(namespace, f"{NAME}-a-1"), {"gracePeriodSeconds": 0})
        until("a new attempt", lambda: scene.created(namespace).get(f"{NAME}-a-2"), 30, every=0.02)
        seconds = time.monotonic() - begin
        seen = attempts(scene, namespace, "a")
        wrong = scene.wrong(namespace)
    ok = seconds <= 5 and seen[0][1] == "PodLost" and not wrong
    record(
        15,
        "pod deleted before its result was seen",
        f"{seen[0][1]}, next attempt after {seconds:.1f} s",
        "≤ 5 s, PodLost",
        ok=ok,
    )


@contextmanager
def keeper(scene: Scene) -> Iterator[str]:
    """An agent type that retains results."""
    spec = {"specialization": "general", "resources": {"cpu": "100m", "memory": "64Mi"}, "retainResults": True}
    body = {"apiVersion": "taskdist.dev/v1alpha1", "kind": "AgentType", "metadata": {"name": "keeper"}, "spec": spec}
    scene.api.request("POST", f"{OURS}/agenttypes", body)
    try:
        yield "keeper"
    finally:
        scene.api.request("DELETE", f"{OURS}/agenttypes/keeper")


def terminating(scene: Scene, namespace: str) -> list[str]:
    """Pods that are deleted and still there."""
    found = [p["metadata"] for p in scene.api.pods(namespace)]
    return sorted(pod["name"] for pod in found if "deletionTimestamp" in pod)


@pytest.mark.e2e
def test_retained_results_outlive_their_pods(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    """Pods are deleted, by force, after they have ended and before any operator has seen it."""
    with keeper(scene) as agent, scene.namespace() as namespace:
        tasks = [task(f"t{i}", delay="10s", message=json.dumps({"results": {"row": i}})) for i in range(30)]
        scene.run(namespace, [t | {"agentType": agent} for t in tasks], limits={"maxParallel": 30})
        until("all pods", lambda: len(scene.created(namespace)) == 30, 60)
        replica.kill()
        until("all ended", lambda: {p["status"]["phase"] for p in scene.api.pods(namespace)} == {"Succeeded"}, 60)
        for pod in scene.api.pods(namespace):
            scene.api.request("DELETE", pod_path(namespace, pod["metadata"]["name"]), {"gracePeriodSeconds": 0})
        waiting = len(terminating(scene, namespace))
        replica.start()
        scene.finish(namespace)
        let_go = scene.eventually("all let go", lambda: not scene.api.pods(namespace), 30)
        rows = sorted(int(st["status"]["results"]["row"]) for st in scene.api.subtasks(namespace))
        wrong, once = scene.wrong(namespace), set(scene.created(namespace).values()) == {1}
    figure = f"{waiting} ended pods deleted unseen, {len(rows)} results kept, all let go {let_go:.1f} s after the end"
    ok = waiting == 30 and rows == list(range(30)) and once and not wrong
    record(15, "pod deleted before its result was seen: retainResults", figure, "nothing is lost", ok=ok)


@pytest.mark.e2e
def test_a_retained_pod_deleted_while_it_runs(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with keeper(scene) as agent, scene.namespace() as namespace:
        scene.run(namespace, [task("a", delay="1h") | {"agentType": agent}])
        path = pod_path(namespace, f"{NAME}-a-1")
        until("it runs", lambda: running(scene, path), 30)
        begin = time.monotonic()
        scene.api.request("DELETE", path)
        until("a new attempt", lambda: scene.created(namespace).get(f"{NAME}-a-2"), 30, every=0.02)
        seconds = time.monotonic() - begin
        scene.eventually("the old one is let go", lambda: not terminating(scene, namespace), 30)
        (first, *_), wrong = attempts(scene, namespace, "a"), scene.wrong(namespace)
    figure = f"{first[1]}, next attempt after {seconds:.1f} s"
    ok = first[1] == "PodLost" and seconds <= 5 and not wrong
    record(15, "retained pod deleted while it ran", figure, "≤ 5 s, PodLost, let go", ok=ok)


def running(scene: Scene, path: str) -> bool:
    try:
        return bool(scene.api.get(path)["status"].get("phase") == "Running")
    except RefusedError:
        return False


@pytest.mark.e2e
def test_retained_pods_of_what_is_deleted_are_let_go(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    """With the operator alive, with it dead for a while, and without any operator by the documented command."""
    took = []
    with keeper(scene) as agent, scene.namespaces(3) as namespaces:
        for namespace in namespaces:
            scene.run(namespace, [t | {"agentType": agent} for t in diamond("1h")])
        for namespace in namespaces:
            until("it runs", lambda n=namespace: running(scene, pod_path(n, f"{NAME}-a-1")), 30)
        for which, namespace in zip(("alive", "dead", "gone"), namespaces, strict=True):
            if which != "alive":
                replica.kill()
            begin = time.monotonic()
            scene.api.request("DELETE", f"{OURS}/namespaces/{namespace}/taskdistributions/{NAME}")
            if which != "alive":
                scene.eventually("the pod waits", lambda n=namespace: terminating(scene, n), 60)
                begin = time.monotonic()
            if which == "gone":
                let_go_by_hand(scene)
            elif which == "dead":
                replica.start()
            scene.eventually("no children", lambda n=namespace: not children(scene, n), 60)
            took.append(f"{which} {time.monotonic() - begin:.1f} s")
        replica.start()
        created = [scene.created(namespace) for namespace in namespaces]
    ok = created == [{f"{NAME}-a-1": 1}] * 3
    record(21, "retained pods of what is deleted; operator:", ", ".join(took), "nothing stuck in Terminating", ok=ok)


def let_go_by_hand(scene: Scene) -> None:
    """The command of docs/execution.md, as it stands there."""
    text = (Path(__file__).parents[2] / "docs" / "execution.md").read_text()
    command = text.split("<!-- let go -->", 1)[1].split("```", 2)[1].removeprefix("sh\n")
    kubectl = str(binaries.ensure(["kubectl"])["kubectl"].parent)
    env = {**os.environ, "KUBECONFIG": str(scene.cluster.kubeconfig), "PATH": f"{kubectl}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-euo", "pipefail", "-c", command], env=env, check=True)


@pytest.mark.e2e
def test_an_evicted_pod_is_replaced_with_the_memory_that_it_had(
    scene: Scene, record: Record, replica: OperatorProcess
) -> None:
    with scene.namespace() as namespace:
        # Killed for want of memory once, so that there is growth to keep; then evicted.
        first = task("a", delay="100ms", exit_code="137,0", reason="OOMKilled,Completed")
        scene.run(namespace, [first | {"resources": {"memory": "64Mi"}}])
        until("it has grown", lambda: scene.created(namespace).get(f"{NAME}-a-2"), 30)
        scene.finish(namespace)
        grown = attempts(scene, namespace, "a")
        with scene.namespace() as other:
            scene.run(other, [task("a", delay="1h") | {"resources": {"memory": "64Mi"}}])
            until("it runs", lambda: scene.created(other).get(f"{NAME}-a-1"), 30)
            until(
                "it is bound", lambda: scene.api.get(pod_path(other, f"{NAME}-a-1"))["status"]["phase"] == "Running", 30
            )
            eviction = {
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": f"{NAME}-a-1", "namespace": other},
            }
            scene.api.request("POST", pod_path(other, f"{NAME}-a-1", "/eviction"), eviction)
            until("a new attempt", lambda: scene.created(other).get(f"{NAME}-a-2"), 60)
            until("it is written", lambda: len(attempts(scene, other, "a")) == 2, 10)
            evicted = attempts(scene, other, "a")
            wrong = scene.wrong(other)
    kept = [memory for _, _, memory in evicted] == ["64Mi", "64Mi"] and grown[-1][2] == "128Mi"
    figure = f"{evicted[0][1]}: {evicted[0][2]} then {evicted[1][2]}; after OOM {grown[-1][2]}"
    ok = kept and evicted[0][1] == "Evicted" and not wrong
    record(16, "pod evicted", figure, "Evicted, new attempt, memory not grown, growth kept", ok=ok)


@pytest.mark.e2e
def test_deleted_while_running(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with scene.namespace() as namespace:
        scene.run(namespace, [*layers(3, 4, delay="500ms"), task("long", delay="1h")])
        until("it runs", lambda: len(scene.created(namespace)) >= 4, 30)
        begin = time.monotonic()
        scene.api.request("DELETE", f"{OURS}/namespaces/{namespace}/taskdistributions/{NAME}")
        before = len(scene.created(namespace))
        scene.eventually("no children", lambda: not children(scene, namespace), 60)
        seconds = time.monotonic() - begin
        arrived = len(scene.created(namespace))
        time.sleep(3)  # nothing is waited for: nothing may happen
        later = len(scene.created(namespace)) - arrived
    # A creation that was on its way when the deletion came may still arrive, within the writes in flight.
    record(
        20,
        "deleted while running",
        f"children gone after {seconds:.1f} s, {arrived - before} pods on their way, {later} later",
        f"≤ 30 s, ≤ {Options().in_flight}, none",
        ok=seconds <= 30 and arrived - before <= Options().in_flight and not later,
    )


def children(scene: Scene, namespace: str) -> list[Any]:
    plans = scene.api.get(f"{OURS}/namespaces/{namespace}/executionplans")["items"]
    return scene.api.subtasks(namespace) + scene.api.pods(namespace) + plans


@pytest.mark.e2e
def test_deleted_while_the_operator_is_dead(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with scene.namespace() as namespace:
        scene.run(namespace, diamond("1h"))
        until("it runs", lambda: scene.created(namespace), 30)
        replica.kill()
        begin = time.monotonic()
        scene.api.request("DELETE", f"{OURS}/namespaces/{namespace}/taskdistributions/{NAME}")
        scene.eventually("nothing left", lambda: not children(scene, namespace) and gone(scene, namespace), 60)
        seconds = time.monotonic() - begin
        replica.start()
        pods = scene.created(namespace)
    record(
        21,
        "deleted while the operator is dead",
        f"all gone after {seconds:.1f} s",
        "nothing stuck in Terminating",
        ok=pods == {f"{NAME}-a-1": 1},
    )


def gone(scene: Scene, namespace: str) -> bool:
    try:
        scene.api.root(namespace, NAME)
    except RefusedError as error:
        return error.status == 404
    return False


@pytest.mark.e2e
def test_the_same_name_again_at_once(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with scene.namespace() as namespace:
        scene.run(namespace, diamond("200ms"))
        until("the first is half done", lambda: len(scene.created(namespace)) >= 2, 30)
        old = {st["metadata"]["uid"] for st in scene.api.subtasks(namespace)}
        scene.api.request("DELETE", f"{OURS}/namespaces/{namespace}/taskdistributions/{NAME}")
        until("it is gone", lambda: gone(scene, namespace), 30, every=0.01)
        scene.run(namespace, diamond("200ms"))
        scene.finish(namespace)
        root = scene.api.root(namespace, NAME)["metadata"]["uid"]
        owners = {o["uid"] for st in scene.api.subtasks(namespace) for o in st["metadata"]["ownerReferences"]}
        new = {st["metadata"]["uid"] for st in scene.api.subtasks(namespace)}
        owned = {p["metadata"]["ownerReferences"][0]["uid"] for p in scene.api.pods(namespace)}
        succeeded = scene.api.root(namespace, NAME)["status"]["phase"]
        wrong = scene.wrong(namespace)
    ok = owners == {root} and not old & new and owned == new and succeeded == "Succeeded" and not wrong
    record(22, "same name re-created at once", f"{len(old & new)} old children adopted, {succeeded}", "none", ok=ok)


@pytest.mark.e2e
def test_edited_while_running_and_killed(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with scene.namespace() as namespace:
        scene.run(namespace, [task("a"), task("b", "a", delay="1h"), task("c", "b"), task("x")])
        until("b runs", lambda: scene.created(namespace).get(f"{NAME}-b-1"), 30)
        scene.api.edit(namespace, NAME, {"tasks": [task("a"), task("b", "a"), task("c", "b")]})
        replica.kill()
        replica.start()
        scene.finish(namespace)
        created, phase = scene.created(namespace), scene.api.root(namespace, NAME)["status"]["phase"]
        wrong = scene.wrong(namespace)
    ok = (
        created == {f"{NAME}-a-1": 1, f"{NAME}-b-1": 2, f"{NAME}-c-1": 1, f"{NAME}-x-1": 1}
        and phase == "Succeeded"
        and not wrong
    )
    record(
        23,
        "edited while running, operator killed",
        f"pods {dict(sorted(created.items()))}",
        "finished work kept, the rest anew",
        ok=ok,
    )


@pytest.mark.e2e
def test_edited_when_it_had_just_ended_and_killed(scene: Scene, record: Record) -> None:
    """The edit's plan is stored, and the status still says that all is over when the operator dies."""
    told = Gate()
    with scene.proxied() as (proxy, operator), scene.namespace() as namespace:
        scene.run(namespace, [task("a")])
        scene.finish(namespace)

        def unheard(call: Call) -> Fault | None:
            root = call.resource == "taskdistributions" and call.namespace == namespace
            return Hold(told) if root and call.writes else None

        with proxy.injected(unheard):
            scene.api.edit(namespace, NAME, {"tasks": [task("a"), task("b")]})
            until(
                "its plan is stored",
                lambda: counts(scene.events(namespace), "executionplans", "create").total() > 1,
                30,
            )
            operator.kill()
        told.open()
        operator.start()
        progress = lambda: scene.api.root(namespace, NAME)["status"]["progress"]  # noqa: E731
        scene.eventually("the edit's work", lambda: progress() == "2/2", 60)
        created = scene.created(namespace)
        wrong = scene.wrong(namespace)
    record(
        23,
        "edited when it had just ended, operator killed",
        f"pods {dict(sorted(created.items()))}",
        "finished work kept, the rest made",
        ok=created == {f"{NAME}-a-1": 1, f"{NAME}-b-1": 1} and not wrong,
    )


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
        believed = subtask(scene, namespace, "a").get("status", {}).get("phase") == "Succeeded"
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
        return str(subtask(scene, namespace, id_)["metadata"]["uid"])

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
        until("a runs", lambda: running(scene, pod), 30)
        status = forged(f"{NAME}-a-1", scene.api.get(pod)["metadata"]["uid"])
        took = [
            replaced("a", f"{path}-a/status", {"status": status}),
            replaced("b", f"{path}-b/status", {"status": forged(f"{NAME}-b-1", "made-up")}),
            replaced("b", f"{path}-b/status", {"status": {"phase": "Succeeded", "reason": "Completed"}}),
            replaced("b", f"{path}-b", {"metadata": {"ownerReferences": None}}),
        ]
        until("a runs again", lambda: running(scene, pod) and owner() == uid("a"), 30)
        took.append(replaced("a", f"{path}-a", {"metadata": {"ownerReferences": None}}))
        until("a runs again", lambda: running(scene, pod) and owner() == uid("a"), 30)
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


@pytest.mark.e2e
def test_a_root_deleted_while_its_watch_was_cut(scene: Scene, record: Record) -> None:
    """Its deletion falls into a gap of the watch, and a list tells of what is there only: nothing may be made for it again."""
    with scene.proxied() as (proxy, _), scene.namespace() as namespace:
        scene.run(namespace, [task("a", delay="2s"), task("b", "a", delay="2s"), task("c", "b", delay="2s")])
        until("it runs", lambda: scene.created(namespace), 30)
        before = blind(scene, proxy, namespace)
        scene.eventually("no children", lambda: not children(scene, namespace), 60)
        time.sleep(3)  # nothing is waited for: nothing may happen
        made = len(scene.created(namespace)) - before
        left = children(scene, namespace)
    record(20, "deleted in a gap of the watch", f"{made} later pods, {len(left)} children left", "none", ok=not left)


def blind(scene: Scene, proxy: FaultProxy, namespace: str) -> int:
    """Delete the root while the operator's watch of roots is broken; returns how many pods there had been."""
    from e2e.faults.calls import Cut

    opened = len(proxy.calls)
    with (
        proxy.injected(lambda c: Drop() if c.resource == "taskdistributions" and not c.writes else None),
        proxy.filtered(lambda c, _: Cut() if c.resource == "taskdistributions" and c.number < opened else None),
    ):
        before = len(scene.created(namespace))
        scene.api.request("DELETE", f"{OURS}/namespaces/{namespace}/taskdistributions/{NAME}")
        until("it is gone", lambda: gone(scene, namespace), 30)
        time.sleep(2)
    return before
