"""The chart's policies that refuse: rules about single tasks, and that a SubTask's spec never changes. On a real API server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from e2e.cluster import binaries
from e2e.cluster.polling import until

from taskdist.api.task_distribution import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.cluster import Cluster

pytestmark = [pytest.mark.integration, pytest.mark.security]

CHART = Path(__file__).resolve().parents[2] / "helm" / "taskdist"
IMMUTABLE = "spec is immutable; a changed definition needs a new SubTask"
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


# By the message of the rule: what is refused, what it is refused with, and what is next to it and accepted.
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "agentType and requiredCapabilities exclude each other; give one of them": (
        {"agentType": "general", "requiredCapabilities": ["docker"]},
        {"agentType": "", "requiredCapabilities": ["docker"]},
    ),
    "script and command exclude each other; give one of them": (
        {"script": "true", "command": ["true"]},
        {"script": "true", "command": [], "args": ["x"]},
    ),
    "forEach and forEachResult exclude each other; give one of them": (
        {"forEach": ["x"], "forEachResult": "first.items"},
        {"forEach": [], "forEachResult": "first.items"},
    ),
    "a task cannot depend on itself": ({"dependsOn": ["first", "wrong"]}, {"dependsOn": ["first"]}),
}


def tried(cluster: Cluster, *tasks: dict[str, Any]) -> str:
    """What the API server has against a distribution of these tasks; nothing if it would be created."""
    body = {
        "apiVersion": "taskdist.dev/v1alpha1",
        "kind": "TaskDistribution",
        "metadata": {"name": "tried"},
        "spec": {"tasks": list(tasks)},
    }
    answer = cluster.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(body), check=False)
    return answer.stderr if answer.returncode else ""


def patched(cluster: Cluster, patch: dict[str, Any], *more: str) -> str:
    """What the API server has against a patch; nothing if it is carried out."""
    answer = cluster.kubectl("patch", "subtask", "kept", "--type=merge", "-p", json.dumps(patch), *more, check=False)
    return answer.stderr if answer.returncode else ""


@pytest.fixture(scope="module")
def guarded(crds: Cluster) -> Iterator[Cluster]:
    """The API server with the policies in force, which takes it a moment to learn of, and one SubTask."""
    command = [str(binaries.ensure(["helm"])["helm"]), "template", "taskdist", str(CHART)]
    command += ["--show-only", "templates/admission-immutable.yaml", "--show-only", "templates/admission-rules.yaml"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    objects = [item for item in yaml.safe_load_all(text) if item]
    for item in [*objects, SUBTASK]:
        crds.apply(item)
    until("the spec is guarded", lambda: IMMUTABLE in patched(crds, {"spec": {"priority": 1}}, "--dry-run=server"), 60)
    itself = {"name": "a", "dependsOn": ["a"]}
    until("the rules are in force", lambda: "depend on itself" in tried(crds, itself), 60)
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
    assert IMMUTABLE in patched(guarded, {"spec": spec})


def test_its_labels_and_status_may(guarded: Cluster) -> None:
    assert not patched(guarded, {"metadata": {"labels": {"seen": "yes"}}})
    assert not patched(guarded, {"status": {"phase": "Running", "attemptCount": 1}}, "--subresource=status")


@pytest.mark.parametrize("message", REFUSED)
def test_a_task_that_contradicts_itself_is_refused_by_name(guarded: Cluster, message: str) -> None:
    wrong, right = REFUSED[message]
    said = tried(guarded, {"name": "first"}, {"name": "wrong", **wrong}, {"name": "last"})
    assert f"of wrong: {message}" in said
    assert not tried(guarded, {"name": "first"}, {"name": "wrong", **right}, {"name": "last"})


def test_every_rule_that_is_asked_at_an_edit_is_shown() -> None:
    assert {rule.message for rule in Task.cel if rule.at_edit} == set(REFUSED)


def test_many_tasks_are_looked_at_all(guarded: Cluster) -> None:
    many = [{"name": f"t{n}", "script": "true", "dependsOn": [f"t{n - 1}"] if n else []} for n in range(4999)]
    assert not tried(guarded, *many)
    assert "of itself: a task cannot depend on itself" in tried(
        guarded, *many, {"name": "itself", "dependsOn": ["itself"]}
    )
