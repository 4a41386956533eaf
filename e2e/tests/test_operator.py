"""The operator against a real API server, with simulated nodes: what a user applies, and what becomes of it."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster import Cluster
from e2e.cluster.polling import until
from e2e.distributions import apply, condition, created_pods, layers, phases, task, wait_for
from e2e.operator_process import OperatorProcess

pytestmark = pytest.mark.e2e

CRDS = sorted((Path(__file__).parents[2] / "crds").glob("*.yaml"))
Distribution = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def cluster(simulated_cluster: Cluster) -> Cluster:
    simulated_cluster.install_crds(CRDS)
    simulated_cluster.apply(
        {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "AgentType",
            "metadata": {"name": "general"},
            "spec": {"specialization": "general", "resources": {"cpu": "100m", "memory": "64Mi"}},
        }
    )
    return simulated_cluster


@pytest.fixture(scope="module")
def replica(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    with OperatorProcess(cluster.kubeconfig, log, agent_image="taskdist.dev/taskdist:test") as operator:
        yield operator


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    name = f"op-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    cluster.wait_service_account(name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def test_a_graph_runs_in_order_and_hands_results_on(cluster: Cluster, replica: OperatorProcess, namespace: str) -> None:
    tasks = [
        task("count", results={"rows": 12}),
        task("left", "count"),
        task("right", "count"),
        task("report", "left", "right", "count"),
    ]
    apply(cluster, namespace, "diamond", tasks=tasks)
    assert (
        cluster.kubectl("wait", "--for=condition=Succeeded", "td/diamond", "-n", namespace, "--timeout=120s").returncode
        == 0
    )
    status = cluster.get("td", "diamond", "-n", namespace)["status"]
    assert (status["phase"], status["progress"]) == ("Succeeded", "4/4")
    assert status["observedGeneration"] == 1
    ends = {
        st["spec"]["id"]: st["status"]["attempts"][0]
        for st in cluster.get("subtasks.taskdist.dev", "-n", namespace)["items"]
    }
    assert ends["count"]["finishTime"] <= ends["left"]["startTime"]
    assert max(ends["left"]["finishTime"], ends["right"]["finishTime"]) <= ends["report"]["startTime"]
    pod = cluster.get("pod", "diamond-report-1", "-n", namespace)
    document = json.loads(pod["metadata"]["annotations"]["taskdist.dev/task"])
    assert document["inputs"] == {"count": {"rows": "12"}}
    assert pod["metadata"]["ownerReferences"][0]["kind"] == "SubTask"
    subtask = cluster.get("subtasks.taskdist.dev", "diamond-report", "-n", namespace)
    assert subtask["metadata"]["annotations"]["taskdist.dev/depends-on"] == "count,left,right"
    assert "kopf" not in json.dumps([pod, subtask])


def test_writes_stay_within_the_budget(cluster: Cluster, replica: OperatorProcess, namespace: str) -> None:
    """Three writes per subtask that succeeds at once, four where it lasts, no reads; the audit log counts them."""
    total = 60
    apply(cluster, namespace, "budget", tasks=layers(6, 10), limits={"maxParallel": 10})
    wait_for(cluster, namespace, "budget", "Finished")
    done: Counter[tuple[str, str, str]] = Counter()
    for event in cluster.audit_events():
        ref = event.get("objectRef", {})
        if (
            event["stage"] == "ResponseComplete"
            and event.get("userAgent") == "taskdist"
            and ref.get("namespace") == namespace
        ):
            done[event["verb"], ref["resource"], ref.get("subresource", "")] += 1
    visible = sum(
        st["status"]["attempts"][0]["finishTime"] != st["status"]["attempts"][0]["startTime"]
        for st in cluster.get("subtasks.taskdist.dev", "-n", namespace)["items"]
    )
    assert done["create", "subtasks", ""] == done["create", "pods", ""] == total
    assert total <= done["patch", "subtasks", "status"] <= total + visible
    reads = {
        what: n for what, n in done.items() if what[0] in {"get", "list", "watch"} and what[1] in {"pods", "subtasks"}
    }
    assert not reads


def test_killed_in_the_middle_it_ends_the_same_and_makes_no_pod_twice(
    cluster: Cluster, namespace: str, tmp_path: Path, replica: OperatorProcess
) -> None:
    replica.stop()  # this test has a replica of its own
    operator = OperatorProcess(cluster.kubeconfig, tmp_path / "operator.log", agent_image="taskdist.dev/taskdist:test")
    try:
        operator.start()
        apply(cluster, namespace, "killed", tasks=layers(8, 5, delay="300ms"), limits={"maxParallel": 5})
        for finished in (5, 15, 30):
            until(
                f"{finished} subtasks done",
                lambda wanted=finished: Counter(phases(cluster, namespace).values())["Succeeded"] >= wanted,
                120,
            )
            operator.kill()
            operator.start()
        wait_for(cluster, namespace, "killed", "Succeeded")
    finally:
        operator.stop()
        replica.start()
    assert Counter(phases(cluster, namespace).values()) == {"Succeeded": 40}
    assert set(created_pods(cluster, namespace).values()) == {1}
    assert len(created_pods(cluster, namespace)) == 40


def test_a_failure_skips_what_follows(cluster: Cluster, replica: OperatorProcess, namespace: str) -> None:
    failing = task("bad", env=[{"name": "SIMULATED_EXIT_CODE", "value": "65"}])
    tasks = [failing, task("after", "bad"), task("free", delay="500ms")]
    apply(cluster, namespace, "fails", tasks=tasks, failurePolicy="ContinueIndependent")
    wait_for(cluster, namespace, "fails", "Finished")
    assert phases(cluster, namespace) == {"bad": "Failed", "after": "Skipped", "free": "Succeeded"}
    assert condition(cluster, namespace, "fails", "Succeeded")["status"] == "False"
    assert condition(cluster, namespace, "fails", "Stalled")["reason"] == "SubTaskFailed"


def test_memory_grows_after_an_oom_kill(cluster: Cluster, replica: OperatorProcess, namespace: str) -> None:
    tasks = [task("big", resources={"memory": "64Mi"}, env=[{"name": "SIMULATED_PEAK_MEMORY", "value": "100Mi"}])]
    apply(cluster, namespace, "grows", tasks=tasks)
    wait_for(cluster, namespace, "grows", "Succeeded")
    attempts = cluster.get("subtasks.taskdist.dev", "grows-big", "-n", namespace)["status"]["attempts"]
    assert [(a["reason"], a["requested"]["memory"]) for a in attempts] == [
        ("OOMKilled", "64Mi"),
        ("Completed", "128Mi"),
    ]


def test_suspend_resume_and_cancel(cluster: Cluster, replica: OperatorProcess, namespace: str) -> None:
    apply(cluster, namespace, "held", tasks=[task("a"), task("b", "a", delay="1h")], suspend=True)
    wait_for(cluster, namespace, "held", "Suspended")
    assert not created_pods(cluster, namespace)
    cluster.kubectl("patch", "td/held", "-n", namespace, "--type=merge", "-p", '{"spec":{"suspend":false}}')
    until("b runs", lambda: "held-b-1" in created_pods(cluster, namespace), 60)
    cluster.kubectl("patch", "td/held", "-n", namespace, "--type=merge", "-p", '{"spec":{"cancel":true}}')
    wait_for(cluster, namespace, "held", "Finished")
    assert phases(cluster, namespace) == {"a": "Succeeded", "b": "Cancelled"}
    assert cluster.get("td", "held", "-n", namespace)["status"]["phase"] == "Cancelled"


def test_deleting_it_takes_everything_along(cluster: Cluster, replica: OperatorProcess, namespace: str) -> None:
    apply(cluster, namespace, "gone", tasks=[task("a", delay="1h"), task("b", delay="1h")])
    until("pods", lambda: len(created_pods(cluster, namespace)) == 2, 60)
    cluster.kubectl("delete", "td/gone", "-n", namespace, "--timeout=60s")

    def left() -> int:
        kinds = "subtasks.taskdist.dev,executionplans.taskdist.dev,pods"
        return len(cluster.get(kinds, "-n", namespace)["items"])

    until("nothing left", lambda: left() == 0, 90)
    assert len(created_pods(cluster, namespace)) == 2


def test_an_edit_while_running_keeps_what_is_done(cluster: Cluster, replica: OperatorProcess, namespace: str) -> None:
    before = [task("a"), task("b", "a", delay="1h"), task("c", "b")]
    apply(cluster, namespace, "edited", tasks=before)
    until("b runs", lambda: "edited-b-1" in created_pods(cluster, namespace), 60)
    apply(cluster, namespace, "edited", tasks=[task("a"), task("b", "a", delay="100ms"), task("c", "b")])
    wait_for(cluster, namespace, "edited", "Succeeded")
    assert created_pods(cluster, namespace) == {"edited-a-1": 1, "edited-b-1": 2, "edited-c-1": 1}
    assert cluster.get("td", "edited", "-n", namespace)["status"]["plan"]["revision"] == 2


@pytest.mark.parametrize(
    ("spec", "code", "says"),
    [
        pytest.param(
            {"tasks": [task("a", "c"), task("b", "a"), task("c", "b")]},
            "CycleFound",
            "a -> b -> c -> a",
            id="cycle named in full",
        ),
        pytest.param({"description": "Tidy up the storage room"}, "AgentNotConfigured", "", id="text without an agent"),
        pytest.param(
            {"tasks": [task("a", agentType="juggling")]},
            "AgentTypeUnknown",
            "juggling",
            id="agent type that does not exist",
        ),
    ],
)
def test_what_cannot_be_planned_stalls_and_says_why(
    cluster: Cluster, replica: OperatorProcess, namespace: str, spec: dict[str, Any], code: str, says: str
) -> None:
    apply(cluster, namespace, "bad", **spec)
    wait_for(cluster, namespace, "bad", "Stalled")
    status = cluster.get("td", "bad", "-n", namespace)["status"]
    warning = next(w for w in status["warnings"] if w["code"] == code)
    assert warning["severity"] == "Error"
    assert says in warning["message"]
    assert condition(cluster, namespace, "bad", "Planned")["status"] == "False"
    assert not created_pods(cluster, namespace)


def test_nothing_unexpected_was_logged(replica: OperatorProcess) -> None:
    lines = replica.log().splitlines()
    assert not [line for line in lines if "Traceback" in line or "reconcile failed" in line]
