"""Row 19 of the fault table: a provider all of whose nodes vanish."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from e2e.faults.api import OURS, RefusedError
from e2e.faults.figures import Record
from e2e.faults.scene import NAME, Scene, task

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = pytest.mark.faults

MINE = "example.com/provider"
FAKE = "kwok.x-k8s.io/node"


def node(provider: str) -> dict[str, Any]:
    """A simulated node of a provider, which only pods placed there tolerate."""
    name, capacity = f"{provider}-only", {"cpu": "16", "memory": "64Gi", "pods": "500"}
    labels = {MINE: provider, "kubernetes.io/hostname": name}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {FAKE: "fake"}},
        "spec": {"taints": [{"key": MINE, "value": provider, "effect": "NoSchedule"}]},
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def ready(scene: Scene, provider: str) -> str:
    found = scene.api.get(f"/api/v1/nodes/{provider}-only")["status"].get("conditions", [])
    return next((str(c["status"]) for c in found if c["type"] == "Ready"), "")


def create_node(scene: Scene, provider: str) -> None:
    scene.api.request("POST", "/api/v1/nodes", node(provider))
    scene.eventually(f"node of {provider}", lambda: ready(scene, provider) == "True", 30)


@contextmanager
def providers(scene: Scene, *names: str) -> Iterator[None]:
    """Providers with a node each, the first the cheapest."""
    try:
        for number, name in enumerate(names, 1):
            spec = {
                "vendor": name,
                "nodeSelector": {MINE: name},
                "tolerations": [{"key": MINE, "value": name, "effect": "NoSchedule"}],
                "prices": {"cpuHourUSD": f"0.0{number}", "memoryGiBHourUSD": "0.001"},
                "circuitBreaker": {"failures": 3, "windowSeconds": 60, "cooldownSeconds": 5},
            }
            body = {"apiVersion": "taskdist.dev/v1alpha1", "kind": "Provider", "metadata": {"name": name}, "spec": spec}
            scene.api.request("POST", f"{OURS}/providers", body)
            create_node(scene, name)
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
    status = scene.api.get(f"{OURS}/namespaces/{namespace}/subtasks/{NAME}-{id_}").get("status", {})
    return [(a.get("provider", ""), a.get("reason", "")) for a in status.get("attempts", ())]


@pytest.mark.e2e
def test_a_providers_nodes_all_vanish(scene: Scene, record: Record) -> None:
    def east() -> dict[str, Any]:
        return dict(scene.api.get(f"{OURS}/providers/east").get("status", {}))

    with providers(scene, "east", "west"), scene.operator(), scene.namespaces(2) as (namespace, back):
        placement = {"providers": ["east", "west"], "policy": "Ordered"}
        scene.run(namespace, [task(f"t{i}", delay="6s") for i in range(6)], placement=placement)
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
