"""What one run teaches the plan of the next, on simulated nodes: across deletion, and across operators that are killed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster import Cluster
from e2e.cluster.polling import until
from e2e.distributions import apply, task, wait_for
from e2e.operator_process import OperatorProcess

from taskdist.engine.quantity import parse_memory_bytes

pytestmark = pytest.mark.e2e

CRDS = sorted((Path(__file__).parents[2] / "crds").glob("*.yaml"))
MIB = 1024**2
PEAK = json.dumps({"usage": {"peakMemoryBytes": 200 * MIB}})
WRITTEN_WITHIN = 60
"""Seconds: what was learned is written every half minute."""


@pytest.fixture
def agent(simulated_cluster: Cluster) -> str:
    """An agent type that has learned nothing yet: 300 s and 1 Gi are its priors."""
    simulated_cluster.install_crds(CRDS)
    name = f"pupil-{uuid.uuid4().hex[:8]}"
    spec = {"specialization": "pupil", "resources": {"cpu": "100m", "memory": "1Gi"}, "baseSeconds": 300}
    metadata = {"name": name}
    simulated_cluster.apply(
        {"apiVersion": "taskdist.dev/v1alpha1", "kind": "AgentType", "metadata": metadata, "spec": spec}
    )
    return name


@pytest.fixture
def operator(simulated_cluster: Cluster, agent: str, tmp_path: Path) -> Iterator[OperatorProcess]:
    with OperatorProcess(
        simulated_cluster.kubeconfig, tmp_path / "operator.log", agent_image="taskdist.dev/taskdist:test"
    ) as replica:
        yield replica


def work(agent: str, name: str, *after: str, **told: str) -> dict[str, Any]:
    env = [{"name": f"SIMULATED_{key.upper()}", "value": value} for key, value in told.items()]
    return task(name, *after, delay="3s", agentType=agent, env=env)


def samples(cluster: Cluster, agent: str) -> int:
    return int(cluster.get("agenttypes.taskdist.dev", agent).get("status", {}).get("samples", 0))


def plan(cluster: Cluster, namespace: str, name: str) -> dict[str, Any]:
    status = cluster.get("td", name, "-n", namespace)["status"]
    subtasks = cluster.get("subtasks.taskdist.dev", "-n", namespace, "-l", f"taskdist.dev/distribution={name}")["items"]
    return {
        "basis": status["estimate"]["basis"],
        "starts": status["estimate"]["forecast"]["basis"],
        "seconds": status["estimate"]["durationSeconds"],
        "warnings": {warning["code"] for warning in status.get("warnings", ())},
        "each": {
            s["spec"]["id"]: (s["spec"]["estimate"]["seconds"], s["spec"]["resources"]["memory"]) for s in subtasks
        },
        "attempts": {
            s["spec"]["id"]: [(a["reason"], a["requested"]["memory"]) for a in s["status"]["attempts"]]
            for s in subtasks
        },
    }


def test_the_second_plan_rests_on_the_first_run(
    simulated_cluster: Cluster,
    simulated_namespace: str,
    agent: str,
    operator: OperatorProcess,
) -> None:
    cluster, namespace = simulated_cluster, simulated_namespace
    tasks = [
        work(agent, "count", message=PEAK),
        work(agent, "sort", "count", peak_memory="1500Mi"),
    ]
    spec: dict[str, Any] = {"tasks": tasks, "retry": {"backoffSeconds": 1}}

    apply(cluster, namespace, "reviewed", **spec, planning={"mode": "Manual"})
    wait_for(cluster, namespace, "reviewed", "Planned")
    reviewed = cluster.get("td", "reviewed", "-n", namespace)["status"]["plan"]
    apply(cluster, namespace, "first", **spec)
    wait_for(cluster, namespace, "first", "Succeeded")
    first = plan(cluster, namespace, "first")
    until("what the first run taught is written", lambda: samples(cluster, agent) == 3, WRITTEN_WITHIN)

    operator.kill()
    cluster.kubectl("delete", "td", "first", "-n", namespace)
    operator.start()
    apply(cluster, namespace, "second", **spec)
    wait_for(cluster, namespace, "second", "Succeeded")
    second = plan(cluster, namespace, "second")

    assert (first["basis"], second["basis"]) == ("Prior", "History")
    assert second["starts"] == "History"
    assert "NoHistory" in first["warnings"]
    assert "NoHistory" not in second["warnings"]
    assert second["seconds"] < first["seconds"] / 5
    memory = {id_: parse_memory_bytes(asked) // MIB for id_, (_, asked) in second["each"].items()}
    assert 200 <= memory["count"] < 400  # it was seen to need 200Mi
    assert [reason for reason, _ in first["attempts"]["sort"]] == ["OOMKilled", "Completed"]
    assert [reason for reason, _ in second["attempts"]["sort"]] == ["Completed"]
    assert memory["sort"] >= 1500

    # What was learned meanwhile makes no other plan of what somebody has read and may have approved in Git.
    apply(cluster, namespace, "reviewed", **spec, planning={"mode": "Manual"}, approvedPlanHash=reviewed["hash"])
    wait_for(cluster, namespace, "reviewed", "Succeeded")
    assert cluster.get("td", "reviewed", "-n", namespace)["status"]["plan"] == reviewed
    assert plan(cluster, namespace, "reviewed")["each"] == first["each"]


def test_operators_that_are_killed_count_nothing_twice(
    simulated_cluster: Cluster, simulated_namespace: str, agent: str, operator: OperatorProcess
) -> None:
    cluster, namespace = simulated_cluster, simulated_namespace
    apply(cluster, namespace, "many", tasks=[work(agent, f"t{i}", message=PEAK) for i in range(12)])
    wait_for(cluster, namespace, "many", "Succeeded")
    until("the first of it is written", lambda: samples(cluster, agent) > 0, WRITTEN_WITHIN)
    for _ in range(2):
        operator.kill()
        operator.start()
    before = samples(cluster, agent)
    apply(cluster, namespace, "one", tasks=[work(agent, "last", message=PEAK)])
    wait_for(cluster, namespace, "one", "Succeeded")
    until("the last of it is written", lambda: samples(cluster, agent) > before, WRITTEN_WITHIN)
    assert samples(cluster, agent) <= 13
    (known,) = cluster.get("agenttypes.taskdist.dev", agent)["status"]["history"]["tasks"]  # the script makes a task
    assert known["samples"] == samples(cluster, agent)
