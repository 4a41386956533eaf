"""What `kubectl apply` warns of, by the chart's admission policy on a real API server: the same that the plan then says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from e2e.cluster import binaries
from e2e.cluster.polling import until

from taskdist.api import TaskDistribution
from taskdist.engine import plan
from taskdist.planning.request import plan_request
from taskdist.planning.shipped import agent_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.cluster import Cluster

pytestmark = pytest.mark.integration

CHECKOUT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((CHECKOUT / "manifests" / "samples").glob("*.yaml"))


def rendered(*values: str) -> list[dict[str, Any]]:
    settings = [argument for value in values for argument in ("--set", value)]
    command = [str(binaries.ensure(["helm"])["helm"]), "template", "taskdist", str(CHECKOUT / "helm" / "taskdist")]
    command += ["--show-only", "templates/admission-warnings.yaml", *settings]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [item for item in yaml.safe_load_all(text) if item]


def distribution(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "taskdist.dev/v1alpha1",
        "kind": "TaskDistribution",
        "metadata": {"name": "warned"},
        "spec": spec,
    }


def task(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "script": "true", **fields}


def applied(cluster: Cluster, namespace: str, body: dict[str, Any]) -> str:
    """What kubectl says beside its answer. The object is not kept."""
    answer = cluster.kubectl("apply", "--dry-run=server", "-n", namespace, "-f", "-", input=json.dumps(body))
    return answer.stderr


@pytest.fixture(scope="module")
def warning(crds: Cluster) -> Iterator[Cluster]:
    """The API server with the policy in force, which takes it a moment to learn of."""
    objects = rendered()
    for item in objects:
        crds.apply(item)
    wrong = distribution(strategy="Deadline", tasks=[task("a")])
    until("the policy is in force", lambda: "StrategyWithoutEffect" in applied(crds, "default", wrong), 60)
    yield crds
    for item in objects:
        crds.kubectl("delete", item["kind"], item["metadata"]["name"])


CASES = {
    "a task that is not there": (
        distribution(tasks=[task("a"), task("b", dependsOn=["a", "ghost"])]),
        "UnknownDependency",
        "b waits for ghost",
    ),
    "two tasks that wait for each other": (
        distribution(tasks=[task("a", dependsOn=["b"]), task("b", dependsOn=["a"]), task("c", dependsOn=["b"])]),
        "CycleFound",
        "a, b in spec.tasks",
    ),
    "a task without work": (distribution(tasks=[{"name": "idle"}, task("b")]), "EmptyTask", "idle in spec.tasks"),
    "a handler of no failure": (
        distribution(tasks=[task("undo", triggerRule="AnyFailed")]),
        "TriggerRuleUnused",
        "undo in spec.tasks",
    ),
    "an item twice": (
        distribution(tasks=[task("each", script="echo $(item)", forEach=["x", "y", "x"])]),
        "RepeatedItem",
        "each in spec.tasks",
    ),
    "no deadline to meet": (
        distribution(strategy="Deadline", tasks=[task("a")]),
        "StrategyWithoutEffect",
        "spec.limits.deadlineSeconds",
    ),
}


@pytest.mark.parametrize(("body", "code", "says"), CASES.values(), ids=CASES)
def test_apply_warns_of_what_the_plan_will_say(
    warning: Cluster, namespace: str, body: dict[str, Any], code: str, says: str
) -> None:
    said = [line for line in applied(warning, namespace, body).splitlines() if line.startswith("Warning")]
    assert len(said) == 1
    assert f"{code}: " in said[0]
    assert says in said[0]
    planned = plan(plan_request(TaskDistribution.model_validate(body), agent_types(), ()))
    assert code in {finding.code for finding in planned.findings}


def test_everything_is_said_at_once(warning: Cluster, namespace: str) -> None:
    body = distribution(
        strategy="Deadline", tasks=[{"name": "a", "dependsOn": ["b", "ghost"]}, task("b", dependsOn=["a"])]
    )
    said = applied(warning, namespace, body)
    found = {case[1] for case in CASES.values() if f"{case[1]}: " in said}
    assert found == {"UnknownDependency", "CycleFound", "EmptyTask", "StrategyWithoutEffect"}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_samples_are_taken_without_a_warning(warning: Cluster, namespace: str, sample: Path) -> None:
    for item in yaml.safe_load_all(sample.read_text()):
        if item and item["kind"] == "TaskDistribution":
            item["metadata"].pop("namespace", None)
            assert "Warning" not in applied(warning, namespace, item)


def test_what_is_too_large_to_look_at_is_let_pass(warning: Cluster, namespace: str) -> None:
    tasks = [task(f"t{i}", dependsOn=[f"t{j}" for j in range(max(0, i - 8), i)]) for i in range(1500)]
    applied(warning, namespace, distribution(tasks=tasks))


def test_some_namespaces_only() -> None:
    binding = next(item for item in rendered("watchNamespaces={team-a}") if item["kind"].endswith("Binding"))
    terms = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
    assert terms == [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["team-a"]}]
