"""Rows 17 and 19 of the fault table: a node that falls silent, and a provider all of whose nodes vanish."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from e2e.faults.api import MERGE, OURS, RefusedError
from e2e.faults.figures import Record
from e2e.faults.scene import NAME, Scene, pod_path, task
from e2e.faults.witness import Witness

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = pytest.mark.faults

MINE = "example.com/provider"
FAKE = "kwok.x-k8s.io/node"


def node(provider: str, *, simulated: bool = True) -> dict[str, Any]:
    """A node of a provider, which only pods placed there tolerate. One that is not simulated says once that it is ready."""
    name, capacity = f"{provider}-only", {"cpu": "16", "memory": "64Gi", "pods": "500"}
    labels = {MINE: provider, "kubernetes.io/hostname": name}
    status: dict[str, Any] = {"capacity": capacity, "allocatable": capacity}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {FAKE: "fake"} if simulated else {}},
        "spec": {"taints": [{"key": MINE, "value": provider, "effect": "NoSchedule"}]},
        "status": status if simulated else status | {"conditions": [heard_of("True")]},
    }


def heard_of(ready: str) -> dict[str, str]:
    """A node's condition: its own word, or `Unknown`, which the control plane writes of one that is silent."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    why = "NodeStatusUnknown" if ready == "Unknown" else "KubeletReady"
    return {"type": "Ready", "status": ready, "reason": why, "lastHeartbeatTime": now, "lastTransitionTime": now}


def begins(scene: Scene, namespace: str, name: str) -> None:
    """A kubelet's word that the pod runs: on a node that is not simulated nobody says it, and nobody ends the pod."""
    path = pod_path(namespace, name)
    scene.eventually(f"{name} is bound", lambda: scene.api.get(path)["spec"].get("nodeName"), 30)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    runs = {"name": "agent", "image": "x", "imageID": "", "ready": True, "restartCount": 0}
    runs |= {"state": {"running": {"startedAt": now}}}
    status = {"phase": "Running", "startTime": now, "containerStatuses": [runs]}
    scene.api.request("PATCH", f"{path}/status", {"status": status}, MERGE)


def ready(scene: Scene, provider: str) -> str:
    found = scene.api.get(f"/api/v1/nodes/{provider}-only")["status"].get("conditions", [])
    return next((str(c["status"]) for c in found if c["type"] == "Ready"), "")


def create_node(scene: Scene, provider: str, *, simulated: bool = True) -> None:
    scene.api.request("POST", "/api/v1/nodes", node(provider, simulated=simulated))
    scene.eventually(f"node of {provider}", lambda: ready(scene, provider) == "True", 30)


@contextmanager
def providers(scene: Scene, *names: str, alone: str = "", silence_seconds: int | None = None) -> Iterator[None]:
    """Providers with a node each, the first the cheapest. Nobody simulates the node of the one that is left ``alone``.

    With ``silence_seconds`` the control plane tells pods to go when their node has been silent for so long.
    """
    tolerated = {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}
    waits = [] if silence_seconds is None else [tolerated | {"tolerationSeconds": silence_seconds}]
    try:
        for number, name in enumerate(names, 1):
            spec = {
                "vendor": name,
                "nodeSelector": {MINE: name},
                "tolerations": [{"key": MINE, "value": name, "effect": "NoSchedule"}, *waits],
                "prices": {"cpuHourUSD": f"0.0{number}", "memoryGiBHourUSD": "0.001"},
                "circuitBreaker": {"failures": 3, "windowSeconds": 60, "cooldownSeconds": 5},
            }
            body = {"apiVersion": "taskdist.dev/v1alpha1", "kind": "Provider", "metadata": {"name": name}, "spec": spec}
            scene.api.request("POST", f"{OURS}/providers", body)
            create_node(scene, name, simulated=name != alone)
        yield
    finally:
        for name in names:
            for path in (f"/api/v1/nodes/{name}-only", f"{OURS}/providers/{name}"):
                try:
                    scene.api.request("DELETE", path)
                except RefusedError as error:
                    if error.status != 404:
                        raise


def alive(scene: Scene, namespace: str) -> dict[str, str]:
    """Provider of each pod that runs."""
    pods = [p for p in scene.api.pods(namespace) if p["status"].get("phase") == "Running"]
    return {p["metadata"]["name"]: p["metadata"]["labels"].get("taskdist.dev/provider", "") for p in pods}


def trail(scene: Scene, namespace: str, id_: str) -> list[tuple[str, str]]:
    status = scene.subtask(namespace, id_).get("status", {})
    return [(a.get("provider", ""), a.get("reason", "")) for a in status.get("attempts", ())]


@pytest.mark.e2e
def test_a_providers_nodes_all_vanish(scene: Scene, record: Record) -> None:
    def east() -> dict[str, Any]:
        return dict(scene.api.get(f"{OURS}/providers/east").get("status", {}))

    with providers(scene, "east", "west"), scene.operator(), scene.namespaces(2) as (namespace, back):
        placement = {"providers": ["east", "west"], "policy": "Ordered"}
        scene.run(namespace, [task(f"t{i}", delay="15s") for i in range(6)], placement=placement)
        scene.eventually("all run in the east", lambda: [*alive(scene, namespace).values()] == ["east"] * 6, 60)
        begin = time.monotonic()
        scene.api.request("DELETE", "/api/v1/nodes/east-only")
        scene.eventually("all run in the west", lambda: [*alive(scene, namespace).values()] == ["west"] * 6, 60)
        moved = time.monotonic() - begin
        scene.eventually("the circuit opens", lambda: east().get("circuit") in {"Open", "HalfOpen"}, 30)
        opened = time.monotonic() - begin
        scene.finish(namespace)
        trails = {tuple(trail(scene, namespace, f"t{i}")) for i in range(6)}
        wrong = scene.wrong(namespace)
        events = scene.api.get("/api/v1/namespaces/default/events")["items"]
        said = {e["reason"] for e in events if e["involvedObject"]["name"] == "east"}
        create_node(scene, "east")
        scene.eventually("half open", lambda: east().get("circuit") == "HalfOpen", 30)
        scene.run(back, [task("probe")], placement={"providers": ["east"]})
        scene.finish(back)
        begin = time.monotonic()
        scene.eventually("closed", lambda: east().get("circuit") == "Closed", 30)
        closed = time.monotonic() - begin
        probed = trail(scene, back, "probe")
    figure = f"circuit open after {opened:.1f} s, all moved after {moved:.1f} s; probe closes it within {closed:.1f} s"
    ok = (
        moved <= 30
        and trails == {(("east", "NodeLost"), ("west", "Completed"))}
        and probed == [("east", "Completed")]
        and "CircuitOpen" in said
        and not wrong
    )
    wanted = "circuit opens; subtasks move ≤ 30 s; half-open probe returns"
    record(19, "provider's nodes all gone", figure, wanted, ok=ok)


def status_of(scene: Scene, namespace: str, id_: str) -> dict[str, Any]:
    return dict(scene.subtask(namespace, id_).get("status", {}))


def lives(witness: Witness, namespace: str) -> list[tuple[str, str]]:
    """What became of the pods, in the order in which it was stored."""
    told = [
        (e["verb"], e["objectRef"]["name"]) for e in witness.events(namespace) if e["objectRef"]["resource"] == "pods"
    ]
    return [one for one in told if one[0] in {"create", "delete"}]


FIRST, SECOND = f"{NAME}-a-1", f"{NAME}-a-2"


@pytest.mark.e2e
def test_a_silent_nodes_work_is_begun_anew_only_if_it_may_overlap(scene: Scene, record: Record) -> None:
    """The control plane's word that it has not heard of a node is the test's here; the other test waits for it."""
    with (
        providers(scene, "far", "near", alone="far"),
        scene.operator(),
        Witness.of(scene.api) as witness,
        scene.namespaces(2) as (careful, eager),
    ):
        placement = {"providers": ["far", "near"], "policy": "Ordered"}
        scene.run(careful, [task("a", delay="1h")], placement=placement)
        scene.run(eager, [task("a", delay="1h")], placement=placement | {"replaceUnreachableSeconds": 1})
        for namespace in (careful, eager):
            scene.eventually("a's pod", lambda n=namespace: scene.created(n), 30)
            begins(scene, namespace, FIRST)
        begin = time.monotonic()
        silent = {"status": {"conditions": [heard_of("Unknown")]}}
        scene.api.request("PATCH", "/api/v1/nodes/far-only/status", silent, MERGE)
        scene.eventually("begun anew", lambda: alive(scene, eager).get(SECOND) == "near", 60)
        anew = time.monotonic() - begin
        scene.eventually("it is said", lambda: status_of(scene, careful, "a").get("reason") == "NodeUnreachable", 30)
        beside = sorted(set(scene.created(careful)) - {FIRST})
        begin = time.monotonic()
        scene.api.request("DELETE", "/api/v1/nodes/far-only")
        scene.eventually("replaced", lambda: alive(scene, careful) == {SECOND: "near"}, 60)
        given_up = time.monotonic() - begin
        trails = {trail(scene, namespace, "a")[0] for namespace in (careful, eager)}
        wrong = scene.wrong(careful) + scene.wrong(eager)
        scene.eventually("the witness has seen it", lambda: ("create", SECOND) in lives(witness, careful), 30)
        apart = lives(witness, careful) == [("create", FIRST), ("delete", FIRST), ("create", SECOND)]
    figure = (
        f"by default {len(beside)} pods beside it, replaced {given_up:.1f} s after the Node was deleted, overlap: "
        f"{not apart}; with replaceUnreachableSeconds=1 begun anew after {anew:.1f} s"
    )
    ok = not beside and apart and trails == {("far", "NodeLost")} and not wrong
    record(17, "node without heartbeat", figure, "replaced; no overlap unless the policy allows it", ok=ok)


@pytest.mark.slow
def test_a_node_falls_silent_and_is_given_up(scene: Scene, record: Record) -> None:
    """Told to go by the control plane its pod is still there: only what is said to be down is replaced."""
    with (
        providers(scene, "far", "near", alone="far", silence_seconds=5),
        scene.operator(),
        Witness.of(scene.api) as witness,
        scene.namespace() as namespace,
    ):
        scene.run(namespace, [task("a", delay="1h")], placement={"providers": ["far", "near"], "policy": "Ordered"})
        scene.eventually("a's pod", lambda: scene.created(namespace), 30)
        begins(scene, namespace, FIRST)
        path, pod = "/api/v1/nodes/far-only", pod_path(namespace, FIRST)
        noticed = scene.eventually("the node is found to be silent", lambda: ready(scene, "far") == "Unknown", 120)
        scene.eventually("its pod is to go", lambda: scene.api.get(pod)["metadata"].get("deletionTimestamp"), 60)
        scene.eventually("it is said", lambda: status_of(scene, namespace, "a").get("reason") == "NodeUnreachable", 30)
        beside = sorted(set(scene.created(namespace)) - {FIRST})
        taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
        taints = [*scene.api.get(path)["spec"].get("taints", ()), taint]
        begin = time.monotonic()
        scene.api.request("PATCH", path, {"spec": {"taints": taints}}, MERGE)
        scene.eventually("it runs near by", lambda: alive(scene, namespace) == {SECOND: "near"}, 120)
        seconds = time.monotonic() - begin
        seen, wrong = trail(scene, namespace, "a"), scene.wrong(namespace)
        apart = lives(witness, namespace) == [("create", FIRST), ("delete", FIRST), ("create", SECOND)]
    figure = (
        f"silent after {noticed:.0f} s; {len(beside)} pods beside it; tainted out-of-service: {seen[0][1]}, runs "
        f"elsewhere {seconds:.0f} s later, overlap: {not apart}"
    )
    ok = not beside and apart and seen[0] == ("far", "NodeLost") and not wrong
    record(17, "node falls silent, then given up", figure, "replaced; no overlap", ok=ok)
