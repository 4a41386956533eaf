"""Nodes that exist as objects only: kwok says what a kubelet would say. Any user can run thousands of pods there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from e2e.cluster import binaries

if TYPE_CHECKING:
    from e2e.cluster.access import Access
    from e2e.cluster.processes import Processes

STAGES = Path(__file__).resolve().parent / "stages.yaml"
PLAIN_END = Path(__file__).resolve().parent / "stage-plain-end.yaml"
_END = "metadata: {name: pod-end}\n"
ANNOTATION = "kwok.x-k8s.io/node"

REGIONS = {"aws": "eu-central-1", "gcp": "europe-west3", "azure": "germanywestcentral", "on-prem": "cellar"}
"""The providers that nodes are labelled with, and a region for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePool:
    """Simulated nodes: `count` of them, dealt out to the providers in turn, each with the given capacity.

    On `plain` ones every pod succeeds after a second, whatever it is told: what benchmarks measure is not to be the simulation.
    """

    count: int = 8
    cpu: str = "64"
    memory: str = "512Gi"
    pods: int = 1000
    providers: tuple[str, ...] = tuple(REGIONS)
    plain: bool = False

    def objects(self) -> list[dict[str, Any]]:
        """The Node objects."""
        return [self._node(number) for number in range(self.count)]

    def _node(self, number: int) -> dict[str, Any]:
        provider = self.providers[number % len(self.providers)]
        name = f"{provider}-{number // len(self.providers) + 1}"
        capacity = {"cpu": self.cpu, "memory": self.memory, "pods": str(self.pods), "ephemeral-storage": "1Ti"}
        labels = {
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "taskdist.dev/provider": provider,
            "topology.kubernetes.io/region": REGIONS.get(provider, "simulated"),
        }
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels, "annotations": {ANNOTATION: "fake"}},
            "status": {"capacity": capacity, "allocatable": capacity},
        }


def stages(*, plain: bool) -> list[str]:
    """The documents that say how nodes and pods behave."""
    documents = STAGES.read_text().split("\n---\n")
    if not plain:
        return documents
    return [PLAIN_END.read_text() if _END in document else document for document in documents]


def start(state: Path, access: Access, processes: Processes, kubeconfig: Path, pool: NodePool) -> None:
    """Start kwok where it does not run, add the pool's missing nodes and return when all of them are ready."""
    program = binaries.ensure(["kwok"])["kwok"]
    config = state / "config" / "kwok.yaml"
    options = {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        # A heartbeat as a kubelet's: without one the controller manager declares the nodes lost.
        "options": {
            "nodeLeaseDurationSeconds": 40,
            "nodeLeaseParallelism": 4,
            "podPlayStageParallelism": 16,
            "nodePlayStageParallelism": 16,
        },
    }
    config.write_text("\n---\n".join([yaml.safe_dump(options), *stages(plain=pool.plain)]))
    processes.start(
        "kwok",
        [
            program,
            f"--kubeconfig={kubeconfig}",
            f"--config={config}",
            f"--manage-nodes-with-annotation-selector={ANNOTATION}=fake",
            "--v=WARN",  # not a line per pod
        ],
    )
    present = {node["metadata"]["name"] for node in access.get("nodes")["items"]}
    missing = [node for node in pool.objects() if node["metadata"]["name"] not in present]
    if missing:
        # `create`, not server-side apply: only a create may bring a node's status along.
        items = json.dumps({"apiVersion": "v1", "kind": "List", "items": missing})
        access.kubectl("create", "-f", "-", input=items)
    processes.wait("simulated nodes ready", lambda: _ready(access, pool), needs=["kwok"])


def _ready(access: Access, pool: NodePool) -> bool:
    """Whether every node of the pool is Ready and takes pods (the controller manager removes the not-ready taint)."""
    nodes = {node["metadata"]["name"]: node for node in access.get("nodes")["items"]}
    return all(
        not nodes[name].get("spec", {}).get("taints")
        and any(c["type"] == "Ready" and c["status"] == "True" for c in nodes[name]["status"].get("conditions", ()))
        for name in (node["metadata"]["name"] for node in pool.objects())
    )
