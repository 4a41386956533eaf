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


def task(
    name: str, *after: str, delay: str = "200ms", results: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A task whose simulated pod ends after ``delay`` with ``results``."""
    env = [{"name": "SIMULATED_DELAY", "value": delay}]
    if results is not None:
        env.append({"name": "SIMULATED_MESSAGE", "value": json.dumps({"results": results})})
    env += more.pop("env", [])
    wanted = {"name": name, "agentType": "general", "script": "true", "dependsOn": list(after), "env": env}
    return {k: v for k, v in (wanted | more).items() if v}


def layers(depth: int, width: int, **more: Any) -> list[dict[str, Any]]:
    """The benchmark's graph: each task waits for two of the layer before."""
    return [
        task(f"l{row}-{i}", *sorted({f"l{row - 1}-{i}", f"l{row - 1}-{(i + 1) % width}"} if row else ()), **more)
        for row in range(depth)
        for i in range(width)
    ]


def apply(cluster: Cluster, namespace: str, name: str, **spec: Any) -> None:
    cluster.apply(
        {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "TaskDistribution",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
    )


def condition(cluster: Cluster, namespace: str, name: str, type_: str) -> dict[str, Any]:
    status = cluster.get("td", name, "-n", namespace).get("status", {})
    return next((c for c in status.get("conditions", []) if c["type"] == type_), {})


def wait_for(
    cluster: Cluster, namespace: str, name: str, type_: str, state: str = "True", seconds: float = 120
) -> dict[str, Any]:
    return until(
        f"{name}: {type_}={state}",
        lambda: (c := condition(cluster, namespace, name, type_)).get("status") == state and c,
        seconds,
    )


def phases(cluster: Cluster, namespace: str) -> dict[str, str]:
    items = cluster.get("subtasks.taskdist.dev", "-n", namespace)["items"]
    return {st["spec"]["id"]: st.get("status", {}).get("phase", "") for st in items}


def created_pods(cluster: Cluster, namespace: str) -> Counter[str]:
    """How often each pod was created, told by the API server's audit log and not by the operator."""
    return Counter(
        event["objectRef"]["name"]
        for event in cluster.audit_events()
        if event["verb"] == "create"
        and event["objectRef"].get("resource") == "pods"
        and not event["objectRef"].get("subresource")
        and event["objectRef"].get("namespace") == namespace
        and event["stage"] == "ResponseComplete"
        and event["responseStatus"]["code"] == 201
    )


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
