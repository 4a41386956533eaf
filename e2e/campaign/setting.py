"""The cluster and the operator that the cases run on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from e2e import cluster
from e2e.cluster.local import SimulatedCluster
from e2e.cluster.polling import until
from e2e.faults.api import OURS, RefusedError
from e2e.faults.fixtures import prepare
from e2e.faults.scene import Scene
from e2e.operator_process import OperatorProcess


@contextmanager
def opened(name: str, folder: Path) -> Iterator[tuple[Scene, OperatorProcess]]:
    """A cluster of this name, left running, with CRDs, agent types and one operator."""
    cluster.sweep()
    running = cluster.up("simulated", name, audit="RequestResponse", owner=cluster.Identity.own())
    assert isinstance(running, SimulatedCluster)
    prepare(running)
    scene = Scene(running, folder)
    add_agent_types(scene)
    with scene.operator() as operator:
        yield scene, operator


def add_agent_types(scene: Scene) -> None:
    """Beside the general one: another to move to, and one that acts on words. Returns when the policies are in force too."""
    writer = {
        "specialization": "writing",
        "acceptsText": True,
        "capabilities": [{"name": "build", "keywords": ["build", "test"]}],
    }
    for name, spec in (("other", {"specialization": "other"}), ("writer", writer)):
        scene.cluster.apply(
            {"apiVersion": "taskdist.dev/v1alpha1", "kind": "AgentType", "metadata": {"name": name}, "spec": spec}
        )
    until("the policies are in force", lambda: _refused(scene, {"tasks": [{"name": "a", "dependsOn": ["a"]}]}), 60)


def _refused(scene: Scene, spec: dict[str, Any]) -> bool:
    body = {"apiVersion": "taskdist.dev/v1alpha1", "kind": "TaskDistribution", "metadata": {"name": "a"}, "spec": spec}
    try:
        scene.api.request("POST", f"{OURS}/namespaces/default/taskdistributions?dryRun=All", body)
    except RefusedError:
        return True
    return False
