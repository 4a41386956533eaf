"""What heals, waits, is shared, reused and cleaned up, on simulated nodes whose providers vanish, fill up and refuse."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster import Cluster
from e2e.cluster.polling import until
from e2e.distributions import apply, condition, created_pods, phases, subtask_status, task, wait_for
from e2e.operator_process import OperatorProcess

pytestmark = pytest.mark.e2e

CRDS = sorted((Path(__file__).parents[2] / "crds").glob("*.yaml"))
OURS = "taskdist.dev/v1alpha1"
PROVIDERS = {"east": "0.01", "west": "0.02", "north": "0.03"}
"""Each with its price of a core for an hour: the plan prefers them in this order."""


@pytest.fixture(scope="module")
def cluster(simulated_cluster: Cluster) -> Cluster:
    simulated_cluster.install_crds(CRDS)
    resources = {"cpu": "100m", "memory": "64Mi"}
    simulated_cluster.apply(
        {
            "apiVersion": OURS,
            "kind": "AgentType",
            "metadata": {"name": "general"},
            "spec": {"specialization": "general", "resources": resources, "baseSeconds": 1},
        },
        {
            "apiVersion": OURS,
            "kind": "AgentType",
            "metadata": {"name": "narrow"},
            "spec": {"specialization": "narrow", "resources": resources, "maxConcurrent": 2},
        },
    )
    return simulated_cluster


@pytest.fixture(scope="module")
def replica(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    with OperatorProcess(cluster.kubeconfig, log, agent_image="taskdist.dev/taskdist:test") as operator:
        yield operator


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    name = f"heal-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    cluster.wait_service_account(name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def node(provider: str, cpu: str = "16") -> dict[str, Any]:
    """A simulated node of a provider, which only pods placed there tolerate."""
    capacity = {"cpu": cpu, "memory": "64Gi", "pods": "500"}
    name = f"{provider}-only"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"example.com/provider": provider, "kubernetes.io/hostname": name},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "spec": {"taints": [{"key": "example.com/provider", "value": provider, "effect": "NoSchedule"}]},
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def usable(cluster: Cluster, provider: str) -> bool:
    found = cluster.kubectl("get", "node", f"{provider}-only", "-o", "json", check=False)
    conditions = json.loads(found.stdout)["status"].get("conditions", []) if found.returncode == 0 else []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def create_node(cluster: Cluster, provider: str, cpu: str = "16") -> None:
    cluster.kubectl("create", "-f", "-", input=json.dumps(node(provider, cpu)))
    until(f"node of {provider}", lambda: usable(cluster, provider), 30)


@pytest.fixture
def providers(cluster: Cluster) -> Iterator[None]:
    for name, price in PROVIDERS.items():
        spec = {
            "vendor": name,
            "nodeSelector": {"example.com/provider": name},
            "tolerations": [{"key": "example.com/provider", "value": name, "effect": "NoSchedule"}],
            "prices": {"cpuHourUSD": price, "memoryGiBHourUSD": "0.001"},
            "circuitBreaker": {"failures": 3, "windowSeconds": 60, "cooldownSeconds": 5},
        }
        cluster.apply({"apiVersion": OURS, "kind": "Provider", "metadata": {"name": name}, "spec": spec})
        create_node(cluster, name)
    yield
    for name in PROVIDERS:
        cluster.kubectl("delete", "node", f"{name}-only", "--ignore-not-found")
        cluster.kubectl("delete", "provider", name)


def attempts(cluster: Cluster, namespace: str, subtask: str) -> list[dict[str, Any]]:
    return list(subtask_status(cluster, namespace, subtask).get("attempts", []))


def running_on(cluster: Cluster, namespace: str) -> dict[str, str]:
    """Provider of each pod that is bound and has not ended."""
    pods = cluster.get("pods", "-n", namespace)["items"]
    alive = [p for p in pods if p["status"].get("phase") == "Running"]
    return {p["metadata"]["name"]: p["metadata"]["labels"].get("taskdist.dev/provider", "") for p in alive}


def annotate(cluster: Cluster, namespace: str, name: str, **annotations: str) -> None:
    pairs = [f"taskdist.dev/{key}={value}" for key, value in annotations.items()]
    cluster.kubectl("annotate", "--overwrite", f"td/{name}", "-n", namespace, *pairs)


# --- providers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["full", "cordoned"])
def test_what_finds_no_room_at_its_provider_moves_on(
    cluster: Cluster, replica: OperatorProcess, namespace: str, providers: None, trouble: str
) -> None:
    if trouble == "full":
        cluster.kubectl("delete", "node", "east-only")
        create_node(cluster, "east", cpu="50m")
    else:
        cluster.kubectl("cordon", "east-only")
    apply(
        cluster,
        namespace,
        "room",
        tasks=[task(f"t{i}") for i in range(4)],
        placement={"providers": ["east", "west"], "policy": "Ordered", "failoverSeconds": 2},
    )
    wait_for(cluster, namespace, "room", "Succeeded")
    reasons = [[(a["provider"], a["reason"]) for a in attempts(cluster, namespace, f"room-t{i}")] for i in range(4)]
    assert all(trail[-1] == ("west", "Completed") for trail in reasons)
    assert any(trail[0] == ("east", "ProviderUnavailable") for trail in reasons)


# --- sharing -------------------------------------------------------------------------------------------------------


def spans(cluster: Cluster, namespace: str) -> list[tuple[datetime, datetime]]:
    found = []
    for pod in cluster.get("pods", "-n", namespace)["items"]:
        ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
        found.append(tuple(datetime.fromisoformat(ended[k]) for k in ("startedAt", "finishedAt")))
    return sorted(found)


def test_a_lock_is_held_by_one_at_a_time_across_distributions(
    cluster: Cluster, replica: OperatorProcess, namespace: str
) -> None:
    first = [task(f"a{i}", delay="5s", locks=["table"]) for i in range(2)]
    apply(cluster, namespace, "first", tasks=first, conflictPolicy="Warn")
    apply(cluster, namespace, "second", tasks=[task("b", delay="1s", locks=["table"])])

    def blocked() -> dict[str, Any] | None:
        status = subtask_status(cluster, namespace, "second-b")
        return status if status.get("reason") == "LockHeld" else None

    status = until("b shows what it waits for", blocked, 30)
    assert status["phase"] == "Ready"
    assert status["blockedBy"][0] in {"first/a0", "first/a1"}
    wait_for(cluster, namespace, "first", "Succeeded")
    wait_for(cluster, namespace, "second", "Succeeded")
    times = spans(cluster, namespace)
    assert len(times) == 3
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(times))


def test_an_agent_type_runs_no_more_pods_than_it_may(
    cluster: Cluster, replica: OperatorProcess, namespace: str
) -> None:
    tasks = [task(f"t{i}", delay="1s", agentType="narrow") for i in range(6)]
    apply(cluster, namespace, "one", tasks=tasks)
    apply(cluster, namespace, "two", tasks=tasks)
    wait_for(cluster, namespace, "one", "Succeeded")
    wait_for(cluster, namespace, "two", "Succeeded")
    edges = sorted(edge for start, end in spans(cluster, namespace) for edge in ((start, 1), (end, -1)))
    alive = most = 0
    for _, step in edges:
        alive += step
        most = max(most, alive)
    assert most == 2


def test_money_that_a_running_distribution_reserves_is_not_spent_twice(
    cluster: Cluster, replica: OperatorProcess, namespace: str
) -> None:
    budget = {"budgetUSD": "0.08"}
    apply(cluster, namespace, "first", tasks=[task("a", delay="15s")], limits=budget)
    until("it runs", lambda: running_on(cluster, namespace), 30)
    apply(cluster, namespace, "second", tasks=[task("b")], limits=budget)
    stalled = wait_for(cluster, namespace, "second", "Stalled")
    assert stalled["reason"] == "BudgetExceeded"
    assert "budget is $0.08" in stalled["message"]
    wait_for(cluster, namespace, "first", "Succeeded")
    wait_for(cluster, namespace, "second", "Succeeded")


# --- fan-out and reuse ---------------------------------------------------------------------------------------------


def test_a_list_that_a_task_hands_back_is_fanned_out_and_joined(
    cluster: Cluster, replica: OperatorProcess, namespace: str
) -> None:
    tasks = [
        task("list", results={"items": ["x", "y", "z"]}),
        task("each", "list", forEachResult="list.items", script="echo $(item)", results={"n": 1}),
        task("join", "each"),
    ]
    apply(cluster, namespace, "fan", tasks=tasks)
    wait_for(cluster, namespace, "fan", "Succeeded")
    expected = {"list", "each", "each-0", "each-1", "each-2", "join"}
    assert phases(cluster, namespace) == dict.fromkeys(expected, "Succeeded")
    assert cluster.get("td", "fan", "-n", namespace)["status"]["progress"] == "6/6"
    document = json.loads(
        cluster.get("pod", "fan-join-1", "-n", namespace)["metadata"]["annotations"]["taskdist.dev/task"]
    )
    assert document["groups"] == {"each": ["each-0", "each-1", "each-2"]}
    assert created_pods(cluster, namespace)["fan-each-1"] == 0


def test_a_finished_task_is_reused_by_another_distribution(
    cluster: Cluster, replica: OperatorProcess, namespace: str
) -> None:
    tasks = [task("dear", results={"rows": 7}, cacheKey="v1"), task("after", "dear")]
    apply(cluster, namespace, "cold", tasks=tasks)
    wait_for(cluster, namespace, "cold", "Succeeded")
    apply(cluster, namespace, "warm", tasks=tasks)
    wait_for(cluster, namespace, "warm", "Succeeded")
    status = subtask_status(cluster, namespace, "warm-dear")
    assert (status["reason"], status["results"]) == ("Cached", {"rows": "7"})
    assert "warm-dear-1" not in created_pods(cluster, namespace)


# --- control -------------------------------------------------------------------------------------------------------


def test_retry_and_resubmit(cluster: Cluster, replica: OperatorProcess, namespace: str) -> None:
    tasks = [
        task("good"),
        task("bad", "good", env=[{"name": "SIMULATED_EXIT_CODE", "value": "65"}]),
        task("last", "bad"),
    ]
    apply(cluster, namespace, "again", tasks=tasks)
    wait_for(cluster, namespace, "again", "Finished")
    assert phases(cluster, namespace) == {"good": "Succeeded", "bad": "Failed", "last": "Skipped"}
    annotate(cluster, namespace, "again", retry="1")
    until("retried", lambda: cluster.get("td", "again", "-n", namespace)["status"].get("observedRetry") == "1", 30)
    until("bad runs again", lambda: created_pods(cluster, namespace)["again-bad-1"] == 2, 30)
    wait_for(cluster, namespace, "again", "Finished")
    assert created_pods(cluster, namespace) == {"again-good-1": 1, "again-bad-1": 2}
    annotate(cluster, namespace, "again", resubmit="1")
    until("all runs again", lambda: created_pods(cluster, namespace)["again-bad-1"] == 3, 30)
    assert created_pods(cluster, namespace)["again-good-1"] == 2


def test_suspension_can_stop_what_runs(cluster: Cluster, replica: OperatorProcess, namespace: str) -> None:
    apply(cluster, namespace, "stops", tasks=[task("long", delay="15s")], onSuspend="Stop")
    until("it runs", lambda: running_on(cluster, namespace), 30)
    cluster.kubectl("patch", "td/stops", "-n", namespace, "--type=merge", "-p", '{"spec":{"suspend":true}}')
    until("it is stopped", lambda: not running_on(cluster, namespace), 30)
    until("it says so", lambda: cluster.get("td", "stops", "-n", namespace)["status"]["phase"] == "Suspended", 30)
    cluster.kubectl("patch", "td/stops", "-n", namespace, "--type=merge", "-p", '{"spec":{"suspend":false}}')
    wait_for(cluster, namespace, "stops", "Succeeded")
    trail = [a["reason"] for a in attempts(cluster, namespace, "stops-long")]
    assert trail == ["Suspended", "Completed"]


def test_a_deadline_ends_what_is_left(cluster: Cluster, replica: OperatorProcess, namespace: str) -> None:
    tasks = [task("quick"), task("endless", "quick", delay="1h")]
    apply(cluster, namespace, "late", tasks=tasks, limits={"deadlineSeconds": 5})
    wait_for(cluster, namespace, "late", "Finished")
    assert phases(cluster, namespace) == {"quick": "Succeeded", "endless": "Cancelled"}
    assert condition(cluster, namespace, "late", "Succeeded")["reason"] == "DeadlineExceeded"
    until("its pod is gone", lambda: not running_on(cluster, namespace), 60)


def test_children_expire_and_the_root_stays_as_it_was(
    cluster: Cluster, replica: OperatorProcess, namespace: str
) -> None:
    apply(cluster, namespace, "brief", tasks=[task("a"), task("b", "a")], ttlSecondsAfterFinished=2)
    wait_for(cluster, namespace, "brief", "Succeeded")
    until("the subtasks are gone", lambda: not phases(cluster, namespace), 60)
    until("the pods are gone", lambda: not cluster.get("pods", "-n", namespace)["items"], 60)
    status = cluster.get("td", "brief", "-n", namespace)["status"]
    assert (status["phase"], status["progress"]) == ("Succeeded", "2/2")
    replica.kill()
    replica.start()
    apply(cluster, namespace, "other", tasks=[task("a")])
    wait_for(cluster, namespace, "other", "Succeeded")
    assert phases(cluster, namespace) == {"a": "Succeeded"}
    assert set(created_pods(cluster, namespace).values()) == {1}


def test_two_hundred_running_are_cancelled(cluster: Cluster, replica: OperatorProcess, namespace: str) -> None:
    tasks = [task(f"t{i}", delay="1h") for i in range(200)]
    apply(cluster, namespace, "many", tasks=tasks, limits={"maxParallel": 200})
    until("all run", lambda: len(running_on(cluster, namespace)) == 200, 120)
    cluster.kubectl("patch", "td/many", "-n", namespace, "--type=merge", "-p", '{"spec":{"cancel":true}}')
    wait_for(cluster, namespace, "many", "Finished")
    assert set(phases(cluster, namespace).values()) == {"Cancelled"}
    until("no pod is left running", lambda: not running_on(cluster, namespace), 120)
    assert len(created_pods(cluster, namespace)) == 200
