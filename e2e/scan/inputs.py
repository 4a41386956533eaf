"""What is scanned: the chart as several installations render it, the manifests, an agent's pod of each shipped type, the
Dockerfile, the workflows, and the samples; beside them something planted that every scanner has to find.

Each input is a folder of its own, for scanners judge objects by one another: a NetworkPolicy of one installation must not
excuse a pod of another.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster import binaries
from taskdist import __version__
from taskdist.api.task_distribution import TaskDistribution
from taskdist.engine.model import Retry, TriggerRule, Work
from taskdist.planning import shipped
from taskdist.reconcile.pod_object import pod_object
from taskdist.reconcile.views import SubTaskView

CHECKOUT = Path(__file__).resolve().parents[2]
CHART = CHECKOUT / "helm" / "taskdist"
NAMESPACE = "taskdist-system"
SERVED = "v1.31.0"
"""The oldest Kubernetes that is supported: what is deprecated there is a finding."""

PLANTED = "planted"
_PLANTED_FILES = {
    "pod.yaml": """\
apiVersion: v1
kind: Pod
metadata: {name: planted, namespace: team-a}
spec:
  containers:
    - {name: planted, image: planted:latest, securityContext: {privileged: true}}
""",
    "Dockerfile": "FROM planted:1\nUSER root\n",
    ".github/workflows/planted.yaml": """\
on: push
permissions: write-all
jobs: {planted: {runs-on: planted, steps: [{run: planted}]}}
""",
}
MUST_BE_FOUND = {
    ("checkov", "CKV_K8S_16"),
    ("checkov", "CKV_DOCKER_8"),
    ("checkov", "CKV2_GHA_1"),
    ("kube-score", "container-security-context-privileged"),
}
"""Of what is planted: by this a scanner, or a framework of one, shows that it has looked."""

INSTALLATIONS: Mapping[str, tuple[str, ...]] = {
    "first installation": (),
    "some namespaces": ("watchNamespaces={team-a,team-b}",),
    "two replicas": ("replicaCount=2", "podDisruptionBudget.enabled=true", f"image.digest=sha256:{'a' * 64}"),
    "ids from the platform": ("runAsUser=null", "runAsGroup=null"),
    "metrics for some": (
        "metrics.serviceMonitor.enabled=true",
        "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.name=monitoring",
    ),
    "one of several": (
        "watchNamespaces={team-c}",
        "crds.install=false",
        "agentTypes.install=false",
        "admissionWarnings.enabled=false",
        "reportCatalogue=false",
    ),
}


def write(folder: Path) -> None:
    """Write all inputs, a folder each, below ``folder``."""
    for name, values in INSTALLATIONS.items():
        _write(folder / name / "chart.yaml", _rendered(values))
    for overlay in sorted((CHECKOUT / "manifests" / "overlays").iterdir()):
        _write(folder / f"manifests {overlay.name}" / "all.yaml", _built(overlay))
    _write(folder / "agents" / "pods.yaml", yaml.safe_dump_all(agent_pods()))
    shutil.copytree(CHECKOUT / "manifests" / "samples", folder / "samples")
    (folder / "image").mkdir()
    shutil.copy(CHECKOUT / "Dockerfile", folder / "image")
    shutil.copytree(CHECKOUT / ".github", folder / "workflows" / ".github")
    for file, text in _PLANTED_FILES.items():
        _write(folder / PLANTED / file, text)


def agent_pods() -> list[dict[str, Any]]:
    """The pod that the operator makes for a task of each shipped agent type."""
    root = TaskDistribution.model_validate(
        {"metadata": {"name": "release", "namespace": "team-a", "uid": "r"}, "spec": {"description": "a"}}
    )
    pods = []
    for agent_type in shipped.manifests():
        name = agent_type.metadata.name
        subtask = SubTaskView(
            id=name,
            name=f"release-{name}",
            uid=name,
            resource_version="1",
            definition_hash="0",
            description=name,
            agent_type=name,
            specialization=agent_type.spec.specialization,
            depends_on=(),
            trigger_rule=TriggerRule.ALL_SUCCEEDED,
            work=Work(script="true"),
            item="",
            provider="",
            cpu="500m",
            memory="1Gi",
            priority=0,
            retry=Retry(),
        )
        pods.append(pod_object(root, subtask, agent_type, None, (), f"taskdist.dev/taskdist:{__version__}"))
    return pods


def _rendered(values: tuple[str, ...]) -> str:
    command = [str(binaries.ensure(["helm"])["helm"]), "template", "taskdist", str(CHART), "--namespace", NAMESPACE]
    command += ["--kube-version", SERVED]
    for value in values:
        command += ["--set", value]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def _built(overlay: Path) -> str:
    kubectl = str(binaries.ensure(["kubectl"])["kubectl"])
    return subprocess.run([kubectl, "kustomize", str(overlay)], stdout=subprocess.PIPE, text=True, check=True).stdout


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
