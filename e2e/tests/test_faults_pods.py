"""Rows 14 to 16 of the fault table: pods that end unseen, are deleted, or are evicted."""

from __future__ import annotations

import json
import time

import pytest
from e2e.cluster.polling import until
from e2e.faults.audit import counts
from e2e.faults.figures import Record
from e2e.faults.scene import NAME, Scene, pod_path, task
from e2e.operator_process import OperatorProcess

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = pytest.mark.faults


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
        seen = scene.attempts(namespace, "a")
        wrong = scene.wrong(namespace)
    ok = seconds <= 5 and seen[0][1] == "PodLost" and not wrong
    record(
        15,
        "pod deleted before its result was seen",
        f"{seen[0][1]}, next attempt after {seconds:.1f} s",
        "≤ 5 s, PodLost",
        ok=ok,
    )


@pytest.mark.e2e
def test_retained_results_outlive_their_pods(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    """Pods are deleted, by force, after they have ended and before any operator has seen it."""
    with scene.keeper() as agent, scene.namespace() as namespace:
        tasks = [task(f"t{i}", delay="10s", message=json.dumps({"results": {"row": i}})) for i in range(30)]
        scene.run(namespace, [t | {"agentType": agent} for t in tasks], limits={"maxParallel": 30})
        until("all pods", lambda: len(scene.created(namespace)) == 30, 60)
        replica.kill()
        until("all ended", lambda: {p["status"]["phase"] for p in scene.api.pods(namespace)} == {"Succeeded"}, 60)
        for pod in scene.api.pods(namespace):
            scene.api.request("DELETE", pod_path(namespace, pod["metadata"]["name"]), {"gracePeriodSeconds": 0})
        waiting = len(scene.terminating(namespace))
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
    with scene.keeper() as agent, scene.namespace() as namespace:
        scene.run(namespace, [task("a", delay="1h") | {"agentType": agent}])
        path = pod_path(namespace, f"{NAME}-a-1")
        until("it runs", lambda: scene.running(path), 30)
        begin = time.monotonic()
        scene.api.request("DELETE", path)
        until("a new attempt", lambda: scene.created(namespace).get(f"{NAME}-a-2"), 30, every=0.02)
        seconds = time.monotonic() - begin
        scene.eventually("the old one is let go", lambda: not scene.terminating(namespace), 30)
        (first, *_), wrong = scene.attempts(namespace, "a"), scene.wrong(namespace)
    figure = f"{first[1]}, next attempt after {seconds:.1f} s"
    ok = first[1] == "PodLost" and seconds <= 5 and not wrong
    record(15, "retained pod deleted while it ran", figure, "≤ 5 s, PodLost, let go", ok=ok)


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
        grown = scene.attempts(namespace, "a")
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
            until("it is written", lambda: len(scene.attempts(other, "a")) == 2, 10)
            evicted = scene.attempts(other, "a")
            wrong = scene.wrong(other)
    kept = [memory for _, _, memory in evicted] == ["64Mi", "64Mi"] and grown[-1][2] == "128Mi"
    figure = f"{evicted[0][1]}: {evicted[0][2]} then {evicted[1][2]}; after OOM {grown[-1][2]}"
    ok = kept and evicted[0][1] == "Evicted" and not wrong
    record(16, "pod evicted", figure, "Evicted, new attempt, memory not grown, growth kept", ok=ok)
