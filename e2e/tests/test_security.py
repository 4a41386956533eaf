"""Tenants who ask for what is not theirs, forge what the operator reads, or fill the cluster; and where secrets may be seen."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster import Cluster
from e2e.cluster.polling import until
from e2e.distributions import apply, condition, created_pods, phases, subtask_status, task, wait_for
from e2e.operator_process import OperatorProcess

pytestmark = [pytest.mark.e2e, pytest.mark.security]

CRDS = sorted((Path(__file__).parents[2] / "crds").glob("*.yaml"))
SMALL = {"resources": {"cpu": "100m", "memory": "64Mi"}}
GOLD = {"matchLabels": {"tier": "gold"}}
CANARY = "canary-7f3a9c51"


def agent_type(cluster: Cluster, name: str, **spec: Any) -> None:
    kind = {"apiVersion": "taskdist.dev/v1alpha1", "kind": "AgentType", "metadata": {"name": name}}
    cluster.apply(kind | {"spec": {"specialization": name, **SMALL, **spec}})


@pytest.fixture(scope="module")
def cluster(simulated_cluster: Cluster) -> Cluster:
    simulated_cluster.install_crds(CRDS)
    agent_type(simulated_cluster, "general", fallbacks=["vault"])
    keyed = {"name": "vault", "keywords": ["vault", "ledger", "treasury"], "weight": "10"}
    agent_type(simulated_cluster, "vault", namespaceSelector=GOLD, capabilities=[keyed], acceptsText=True)
    return simulated_cluster


@pytest.fixture(scope="module")
def operator(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    log = tmp_path_factory.mktemp("security") / "operator.log"
    with OperatorProcess(cluster.kubeconfig, log, agent_image="taskdist.dev/taskdist:test") as running:
        yield running


def new_namespace(cluster: Cluster, *labels: str) -> str:
    """Under restricted Pod Security, as all namespaces of this file: whatever runs here runs under that."""
    name = f"sec-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted", *labels)
    cluster.wait_service_account(name)
    return name


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    name = new_namespace(cluster)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def gold(cluster: Cluster) -> Iterator[str]:
    name = new_namespace(cluster, "tier=gold")
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def agent_types_used(cluster: Cluster, namespace: str) -> set[str]:
    pods = cluster.get("pods", "-n", namespace)["items"]
    return {pod["metadata"]["labels"]["taskdist.dev/agent-type"] for pod in pods}


def warnings(cluster: Cluster, namespace: str, name: str) -> set[str]:
    return {warning["code"] for warning in cluster.get("td", name, "-n", namespace)["status"].get("warnings", [])}


# --- agent types of others -----------------------------------------------------------------------------------------


def test_by_name_it_is_refused_here_and_runs_where_it_is_allowed(
    cluster: Cluster, operator: OperatorProcess, namespace: str, gold: str
) -> None:
    for place in (namespace, gold):
        apply(cluster, place, "by-name", tasks=[task("a", agentType="vault"), task("b")])
    wait_for(cluster, gold, "by-name", "Succeeded")
    assert agent_types_used(cluster, gold) == {"vault", "general"}
    refused = wait_for(cluster, namespace, "by-name", "Planned", "False")
    assert 'may not use agent type "vault"' in refused["message"]
    assert "AgentTypeNotAllowed" in warnings(cluster, namespace, "by-name")
    assert not created_pods(cluster, namespace)


def test_text_is_never_routed_to_it(cluster: Cluster, operator: OperatorProcess, namespace: str, gold: str) -> None:
    asked = task("a") | {"description": "Balance the treasury ledger in the vault"}
    del asked["agentType"]
    for place in (namespace, gold):
        apply(cluster, place, "by-text", tasks=[asked])
        wait_for(cluster, place, "by-text", "Succeeded")
    assert agent_types_used(cluster, gold) == {"vault"}
    assert agent_types_used(cluster, namespace) == {"general"}


def test_no_fallback_leads_to_it(cluster: Cluster, operator: OperatorProcess, namespace: str, gold: str) -> None:
    failing = task("a", env=[{"name": "SIMULATED_EXIT_CODE", "value": "1,1,0"}])
    for place in (namespace, gold):
        apply(cluster, place, "fall", tasks=[failing], retry={"limit": 1, "backoffSeconds": 0})
        wait_for(cluster, place, "fall", "Finished")
    assert agent_types_used(cluster, gold) == {"general", "vault"}
    assert agent_types_used(cluster, namespace) == {"general"}
    assert condition(cluster, namespace, "fall", "Succeeded")["status"] == "False"


def test_an_edit_does_not_lead_to_it(cluster: Cluster, operator: OperatorProcess, namespace: str) -> None:
    apply(cluster, namespace, "edited", tasks=[task("a"), task("b", "a", delay="1s")])
    until("a pod", lambda: created_pods(cluster, namespace), 60)
    apply(
        cluster, namespace, "edited", tasks=[task("a"), task("b", "a", delay="1s"), task("c", "b", agentType="vault")]
    )
    refused = wait_for(cluster, namespace, "edited", "Planned", "False")
    assert 'may not use agent type "vault"' in refused["message"]
    assert "AgentTypeNotAllowed" in warnings(cluster, namespace, "edited")
    assert "vault" not in agent_types_used(cluster, namespace)


def test_one_that_is_closed_after_planning_runs_no_more_pods(
    cluster: Cluster, operator: OperatorProcess, namespace: str
) -> None:
    agent_type(cluster, "closing")
    apply(cluster, namespace, "late", tasks=[task("first", delay="15s"), task("second", "first", agentType="closing")])
    until("the first pod", lambda: created_pods(cluster, namespace), 60)
    agent_type(cluster, "closing", namespaceSelector=GOLD)
    until(
        "the second refused",
        lambda: subtask_status(cluster, namespace, "late-second").get("reason") == "AgentTypeNotAllowed",
        90,
    )
    assert agent_types_used(cluster, namespace) == {"general"}


def test_a_label_taken_from_the_namespace_closes_it_for_what_is_planned_already(
    cluster: Cluster, operator: OperatorProcess, gold: str
) -> None:
    apply(cluster, gold, "late", tasks=[task("first", delay="15s"), task("second", "first", agentType="vault")])
    until("the first pod", lambda: created_pods(cluster, gold), 60)
    cluster.kubectl("label", "namespace", gold, "tier-")
    until(
        "the second refused",
        lambda: subtask_status(cluster, gold, "late-second").get("reason") == "AgentTypeNotAllowed",
        90,
    )
    assert agent_types_used(cluster, gold) == {"general"}
    cluster.kubectl("label", "namespace", gold, "tier=gold")
    wait_for(cluster, gold, "late", "Succeeded")
    assert agent_types_used(cluster, gold) == {"general", "vault"}


def test_overrides_that_are_not_listed_are_refused(cluster: Cluster, operator: OperatorProcess, namespace: str) -> None:
    agent_type(cluster, "fixed", overrides=["args"], acceptsText=True)
    for name, field in {
        "script": {"script": "id"},
        "command": {"command": ["id"]},
        "env": {"env": [{"name": "LD_PRELOAD", "value": "/tmp/x.so"}]},
    }.items():
        apply(cluster, namespace, name, tasks=[{"name": "a", "agentType": "fixed", "description": "do it", **field}])
        wait_for(cluster, namespace, name, "Planned", "False")
    assert not created_pods(cluster, namespace)


# --- forged children -----------------------------------------------------------------------------------------------


def test_a_forged_subtask_is_neither_run_nor_counted(
    cluster: Cluster, operator: OperatorProcess, namespace: str
) -> None:
    victim = new_namespace(cluster)
    apply(cluster, victim, "release", tasks=[task("a", delay="5s"), task("b", "a")])
    until("the victim's subtasks", lambda: len(phases(cluster, victim, "release")) == 2, 60)
    theirs = cluster.get("subtasks.taskdist.dev", "release-a", "-n", victim)
    forged = {
        "apiVersion": "taskdist.dev/v1alpha1",
        "kind": "SubTask",
        "metadata": {
            "name": "forged",
            "namespace": namespace,
            "labels": theirs["metadata"]["labels"],
            "ownerReferences": theirs["metadata"]["ownerReferences"],
        },
        "spec": theirs["spec"] | {"id": "forged", "agentType": "vault"},
    }
    beside = json.loads(json.dumps(forged))
    beside["metadata"] |= {"name": "beside", "namespace": victim}
    beside["metadata"]["ownerReferences"][0]["uid"] = str(uuid.uuid4())
    cluster.apply(forged)
    cluster.apply(beside)
    wait_for(cluster, victim, "release", "Succeeded")
    assert cluster.get("td", "release", "-n", victim)["status"]["progress"] == "2/2"
    assert set(created_pods(cluster, victim)) == {"release-a-1", "release-b-1"}
    assert not created_pods(cluster, namespace)
    cluster.kubectl("delete", "namespace", victim, "--wait=false")


@pytest.mark.parametrize("where", ["in another namespace, with the owner", "beside it, with no owner"])
def test_a_forged_pod_ends_nothing(cluster: Cluster, operator: OperatorProcess, namespace: str, where: str) -> None:
    victim = new_namespace(cluster)
    apply(cluster, victim, "release", tasks=[task("a", delay="6s", results={"x": "true"}), task("b", "a")])
    until("the victim's pod", lambda: created_pods(cluster, victim), 60)
    pod = cluster.get("pod", "release-a-1", "-n", victim)
    owners = pod["metadata"]["ownerReferences"]
    said = {"simulated.taskdist.dev/message": json.dumps({"results": {"x": "forged"}})}
    metadata = {
        "labels": pod["metadata"]["labels"],
        "annotations": said | {"simulated.taskdist.dev/delay": "10ms"},
    }
    if where.startswith("beside"):
        metadata |= {"name": "forged", "namespace": victim}
    else:
        metadata |= {"name": "release-a-1", "namespace": namespace, "ownerReferences": owners}
    spec = {key: pod["spec"][key] for key in ("containers", "restartPolicy", "securityContext")}
    for container in spec["containers"]:
        container["volumeMounts"] = []
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    wait_for(cluster, victim, "release", "Succeeded")
    assert subtask_status(cluster, victim, "release-a")["results"] == {"x": "true"}
    assert len(subtask_status(cluster, victim, "release-a")["attempts"]) == 1
    cluster.kubectl("delete", "namespace", victim, "--wait=false")


# --- hostile output ------------------------------------------------------------------------------------------------


def test_results_that_can_be_written_nowhere_end_their_subtask_only(
    cluster: Cluster, operator: OperatorProcess, namespace: str
) -> None:
    half = {"name": "SIMULATED_MESSAGE", "value": '{"results": {"a": "\\ud800"}}'}
    apply(cluster, namespace, "poison", tasks=[task("bad", env=[half]), task("good")], retry={"limit": 0})
    wait_for(cluster, namespace, "poison", "Finished")
    assert phases(cluster, namespace, "poison") == {"bad": "Failed", "good": "Succeeded"}
    assert subtask_status(cluster, namespace, "poison-bad")["reason"] == "InvalidResult"


# --- secrets -------------------------------------------------------------------------------------------------------


def test_values_that_a_user_or_a_secret_holds_are_told_nowhere(
    cluster: Cluster, operator: OperatorProcess, namespace: str
) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": namespace}}
    cluster.apply(secret | {"stringData": {"token": f"{CANARY}-secret"}})
    source = {"secretKeyRef": {"name": "key", "key": "token"}}
    files = {"secretName": "key"}  # pragma: allowlist secret (its name)
    volume = {"name": "key", "mountPath": "/key", "readOnly": True, "secret": files}
    template = {"env": [{"name": "TOKEN", "valueFrom": source}], "volumes": [volume]}
    agent_type(cluster, "keyed", template=template)
    apply(
        cluster,
        namespace,
        "canary",
        retry={"limit": 1, "backoffSeconds": 0},
        tasks=[
            task("good", agentType="keyed", env=[{"name": "PASSWORD", "value": f"{CANARY}-env"}]),
            task(
                "bad",
                agentType="keyed",
                script=f"login {CANARY}-script",
                env=[{"name": "SIMULATED_EXIT_CODE", "value": "1"}],
            ),
        ],
    )
    wait_for(cluster, namespace, "canary", "Finished")
    told: dict[str, str] = {
        kind: json.dumps([item.get("status", {}) for item in cluster.get(kind, "-n", namespace)["items"]])
        for kind in ("taskdistributions", "subtasks.taskdist.dev")
    }
    for kind in ("executionplans.taskdist.dev", "configmaps", "events"):
        told[kind] = json.dumps(cluster.get(kind, "-n", namespace))
    for kind in ("agenttypes", "providers"):
        told[kind] = json.dumps(cluster.get(kind))
    told["log"] = operator.log()
    with urllib.request.urlopen(operator.metrics_url, timeout=10) as answer:
        told["metrics"] = answer.read().decode()
    for words in (("get", "canary"), ("explain", "canary"), ("report", "canary")):
        command = [sys.executable, "-c", "from taskdist.cli.app import main; main()", *words, "-n", namespace]
        got = subprocess.run(
            [*command, "--kubeconfig", str(cluster.kubeconfig)], capture_output=True, text=True, check=False
        )
        told[" ".join(words)] = got.stdout + got.stderr
        assert "bad" in got.stdout or "canary" in got.stdout, got.stderr
    assert [where for where, text in told.items() if CANARY in text] == []
    # What the canaries show is only worth something where they are: the secret's in none of what is ours, the user's in the task.
    pods = json.dumps(cluster.get("pods", "-n", namespace))
    assert f"{CANARY}-secret" not in pods
    assert f"{CANARY}-env" in pods
    secrets = [e for e in cluster.audit_events() if (e.get("objectRef") or {}).get("resource") == "secrets"]
    assert not [e for e in secrets if e.get("userAgent") == "taskdist"]


# --- quotas --------------------------------------------------------------------------------------------------------


def limit(cluster: Cluster, namespace: str, hard: dict[str, str]) -> None:
    """Have a quota in force. The controller learns of kinds late, and comes back rarely to a quota it could not reckon with."""
    looks = itertools.count()

    def in_force() -> bool:
        if next(looks) % 20 == 0:
            cluster.kubectl("delete", "resourcequota", "--all", "-n", namespace)
            named = {"name": "tenant", "namespace": namespace}
            cluster.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": named, "spec": {"hard": hard}})
        return (
            hard.keys()
            <= cluster.get("resourcequota", "tenant", "-n", namespace).get("status", {}).get("used", {}).keys()
        )

    until("the quota in force", in_force, 120)


def test_a_tenant_at_its_quota_keeps_nobody_else_waiting(
    cluster: Cluster, operator: OperatorProcess, namespace: str, gold: str
) -> None:
    limit(cluster, namespace, {"pods": "2", "count/taskdistributions.taskdist.dev": "20"})
    many = [
        {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "TaskDistribution",
            "metadata": {"name": f"flood-{number}", "namespace": namespace},
            "spec": {"tasks": [task(f"t{i}", delay="600s") for i in range(5)]},
        }
        for number in range(25)
    ]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": many})
    refused = cluster.kubectl("apply", "-f", "-", input=text, check=False)
    assert "exceeded quota" in refused.stderr
    assert len(cluster.get("td", "-n", namespace)["items"]) == 20
    until("the quota used up", lambda: len(cluster.get("pods", "-n", namespace)["items"]) == 2, 60)
    apply(cluster, gold, "other", tasks=[task("a"), task("b", "a")])
    wait_for(cluster, gold, "other", "Succeeded", seconds=60)
    assert len(cluster.get("pods", "-n", namespace)["items"]) == 2
