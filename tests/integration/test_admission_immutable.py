"""The chart's policy that a SubTask's spec never changes, on a real API server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from e2e.cluster import binaries
from e2e.cluster.polling import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.cluster import Cluster

pytestmark = [pytest.mark.integration, pytest.mark.security]

CHART = Path(__file__).resolve().parents[2] / "helm" / "taskdist"
SAYS = "spec is immutable; a changed definition needs a new SubTask"
SUBTASK: dict[str, Any] = {
    "apiVersion": "taskdist.dev/v1alpha1",
    "kind": "SubTask",
    "metadata": {"name": "kept"},
    "spec": {
        "taskDistribution": "release",
        "id": "build",
        "agentType": "development",
        "specialization": "development",
        "script": "make",
        "complexity": "0.5",
        "resources": {"cpu": "500m", "memory": "512Mi"},
        "estimate": {"seconds": 60, "costUSD": "0.01"},
        "definitionHash": "c0ffee",
    },
}


def patched(cluster: Cluster, patch: dict[str, Any], *more: str) -> str:
    """What the API server has against a patch; nothing if it is carried out."""
    answer = cluster.kubectl("patch", "subtask", "kept", "--type=merge", "-p", json.dumps(patch), *more, check=False)
    return answer.stderr if answer.returncode else ""


@pytest.fixture(scope="module")
def guarded(crds: Cluster) -> Iterator[Cluster]:
    """The API server with the policy in force, which takes it a moment to learn of, and one SubTask."""
    command = [str(binaries.ensure(["helm"])["helm"]), "template", "taskdist", str(CHART)]
    command += ["--show-only", "templates/admission-immutable.yaml"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    objects = [item for item in yaml.safe_load_all(text) if item]
    for item in [*objects, SUBTASK]:
        crds.apply(item)
    until("the policy is in force", lambda: SAYS in patched(crds, {"spec": {"priority": 1}}, "--dry-run=server"), 60)
    yield crds
    for item in [*objects, SUBTASK]:
        crds.kubectl("delete", item["kind"], item["metadata"]["name"])


@pytest.mark.parametrize(
    "spec",
    [
        {"script": "rm -rf /"},
        {"script": None},
        {"command": ["sh"]},
        {"env": [{"name": "A", "value": "b"}]},
        {"resources": {"memory": "64Gi"}},
        {"agentType": "deployment"},
        {"dependsOn": [{"name": "other", "source": "Declared"}]},
        {"retry": {"limit": 100}},
    ],
    ids=",".join,
)
def test_no_field_of_a_subtask_changes(guarded: Cluster, spec: dict[str, Any]) -> None:
    assert SAYS in patched(guarded, {"spec": spec})


def test_its_labels_and_status_may(guarded: Cluster) -> None:
    assert not patched(guarded, {"metadata": {"labels": {"seen": "yes"}}})
    assert not patched(guarded, {"status": {"phase": "Running", "attemptCount": 1}}, "--subresource=status")
