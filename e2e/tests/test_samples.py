"""The samples of healing and control, run with real containers: applied as they are, side by side, and seen to their end.

Only the time after which an agent counts as silent is longer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e.cluster import Cluster
from e2e.cluster.polling import until
from e2e.distributions import condition, created_pods, phases, wait_for
from e2e.image import Image
from e2e.operator_process import OperatorProcess

pytestmark = pytest.mark.e2e

CHECKOUT = Path(__file__).resolve().parents[2]
SAMPLES = CHECKOUT / "manifests" / "samples"
ADMIN = ("broken", "watched", "shared")
NAMES = ("oom", "retries", "fan-out", "locks", "reuse", "limits", "fallback", "heartbeat", "artifacts")


def objects(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


@pytest.fixture(scope="module")
def replica(real_cluster: Cluster, image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    real_cluster.install_crds(sorted((CHECKOUT / "crds").glob("*.yaml")))
    for agent_type in objects(CHECKOUT / "manifests" / "agent-types" / "agent-types.yaml"):
        agent_type["spec"]["resources"]["cpu"] = "100m"  # so that a machine of two cores runs them side by side
        real_cluster.apply(agent_type)
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    with OperatorProcess(real_cluster.kubeconfig, log, agent_image=image.name) as operator:
        yield operator


@pytest.fixture(scope="module")
def ran(
    real_cluster: Cluster, replica: OperatorProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Cluster, str]]:
    """All samples, applied side by side in one namespace, with what an admin provides for them."""
    cluster, namespace = real_cluster, "samples"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}})
    cluster.wait_service_account(namespace)
    folder = tmp_path_factory.mktemp("shared")
    for above in (folder, *folder.parents[:3]):
        above.chmod(0o755)
    folder.chmod(0o777)
    size = {"storage": "1Gi"}
    claim = {"accessModes": ["ReadWriteMany"], "storageClassName": "", "volumeName": "samples-shared"}
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": "samples-shared"},
            "spec": {
                "capacity": size,
                "accessModes": ["ReadWriteMany"],
                "storageClassName": "",
                "hostPath": {"path": str(folder), "type": "Directory"},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "shared", "namespace": namespace},
            "spec": {**claim, "resources": {"requests": size}},
        },
    )
    for name in ADMIN:
        for made in objects(SAMPLES / "admin" / f"{name}.yaml"):
            if "heartbeatSeconds" in made["spec"]:
                made["spec"]["heartbeatSeconds"] = 8  # a machine that starts a dozen containers may be silent for two
            cluster.apply(made)
    for name in NAMES:
        submit(cluster, namespace, name)
    yield cluster, namespace
    for name in ADMIN:
        for made in objects(SAMPLES / "admin" / f"{name}.yaml"):
            cluster.kubectl("delete", made["kind"], made["metadata"]["name"])
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    cluster.kubectl("delete", "pv", "samples-shared", "--wait=false")


def submit(cluster: Cluster, namespace: str, sample: str, name: str = "") -> None:
    (wanted,) = objects(SAMPLES / f"{sample}.yaml")
    wanted["metadata"] = {"name": name or sample, "namespace": namespace}
    cluster.apply(wanted)


def finished(ran: tuple[Cluster, str], name: str) -> dict[str, str]:
    """Phases of a sample's subtasks once it has ended."""
    cluster, namespace = ran
    wait_for(cluster, namespace, name, "Finished", seconds=240)
    return phases(cluster, namespace, name)


def status(ran: tuple[Cluster, str], subtask: str) -> dict[str, Any]:
    cluster, namespace = ran
    return dict(cluster.get("subtasks.taskdist.dev", subtask, "-n", namespace)["status"])


def ends(ran: tuple[Cluster, str], subtask: str) -> list[str]:
    return [attempt["reason"] for attempt in status(ran, subtask)["attempts"]]


def test_a_deadline_ends_what_runs(ran: tuple[Cluster, str]) -> None:
    """The first of them: the subtasks of this sample expire a minute after the end."""
    cluster, namespace = ran
    assert finished(ran, "limits") == {"first": "Succeeded", "endless": "Cancelled"}
    assert condition(cluster, namespace, "limits", "Succeeded")["reason"] == "DeadlineExceeded"


def test_memory_grows_after_a_real_oom_kill(ran: tuple[Cluster, str]) -> None:
    assert finished(ran, "oom") == {"hold": "Succeeded"}
    trail = [(a["reason"], a["requested"]["memory"]) for a in status(ran, "oom-hold")["attempts"]]
    assert trail == [("OOMKilled", "64Mi"), ("Completed", "128Mi")]


def test_causes_decide_whether_it_is_tried_again(ran: tuple[Cluster, str]) -> None:
    assert finished(ran, "retries") == {
        "flaky": "Succeeded",
        "slow": "Succeeded",
        "hopeless": "Failed",
        "clean-up": "Succeeded",
        "summary": "Succeeded",
        "publish": "Skipped",
    }
    assert ends(ran, "retries-flaky") == ["AgentRetry", "Completed"]
    assert ends(ran, "retries-slow") == ["Timeout", "Completed"]
    assert ends(ran, "retries-hopeless") == ["AgentRefused"]
    assert "the input is not what it should be" in status(ran, "retries-hopeless")["message"]
    assert "hopeless Failed" in status(ran, "retries-publish")["message"]


def test_a_list_found_at_run_time_is_fanned_out(ran: tuple[Cluster, str]) -> None:
    members = {f"count-{index}" for index in range(4)}
    assert finished(ran, "fan-out") == dict.fromkeys({"find", "count", "add"} | members, "Succeeded")
    lines = [int(status(ran, f"fan-out-{member}")["results"]["lines"]) for member in members]
    assert status(ran, "fan-out-add")["results"] == {"lines": str(sum(lines)), "modules": "4"}
    assert sum(lines) > 4000


def test_locks_and_semaphores_hold(ran: tuple[Cluster, str]) -> None:
    assert set(finished(ran, "locks").values()) == {"Succeeded"}

    def span(subtask: str) -> tuple[str, str]:
        attempt = status(ran, f"locks-{subtask}")["attempts"][-1]
        return attempt["startTime"], attempt["finishTime"]

    first, second = sorted((span("migrate"), span("reindex")))
    assert first[1] <= second[0]
    renders = [span(f"render-{index}") for index in range(4)]
    for start, _ in renders:
        assert sum(other[0] <= start < other[1] for other in renders) <= 2


def test_what_ran_before_is_reused(ran: tuple[Cluster, str]) -> None:
    cluster, namespace = ran
    assert set(finished(ran, "reuse").values()) == {"Succeeded"}
    submit(cluster, namespace, "reuse", "reuse-again")
    assert set(finished(ran, "reuse-again").values()) == {"Succeeded"}
    assert status(ran, "reuse-again-index")["reason"] == "Cached"
    assert status(ran, "reuse-again-index")["results"] == status(ran, "reuse-index")["results"]


def test_an_image_that_cannot_be_pulled_leads_to_the_fallback(ran: tuple[Cluster, str]) -> None:
    assert finished(ran, "fallback") == {"work": "Succeeded"}
    attempts = status(ran, "fallback-work")["attempts"]
    assert [(a.get("agentType", "broken"), a["reason"]) for a in attempts] == [
        ("broken", "ImagePull"),
        ("general", "Completed"),
    ]


def test_a_silent_agent_is_tried_again(ran: tuple[Cluster, str]) -> None:
    assert finished(ran, "heartbeat") == {"work": "Succeeded"}
    assert ends(ran, "heartbeat-work") == ["Silent", "Completed"]


def test_artifacts_are_shared_on_a_volume(ran: tuple[Cluster, str]) -> None:
    assert finished(ran, "artifacts") == {"write": "Succeeded", "read": "Succeeded"}
    assert status(ran, "artifacts-write")["artifacts"] == [{"name": "data", "uri": "file:///shared/data.bin"}]
    assert status(ran, "artifacts-read")["results"]["bytes"] == "10485760"


@pytest.fixture
def providers(ran: tuple[Cluster, str]) -> Iterator[None]:
    """Two providers, once all else has been placed anywhere."""
    cluster, _ = ran
    for name in NAMES:
        finished(ran, name)
    made = objects(SAMPLES / "admin" / "providers.yaml")
    cluster.apply(*made)
    yield
    for provider in made:
        cluster.kubectl("delete", "provider", provider["metadata"]["name"])


def test_work_fails_over_to_another_provider(ran: tuple[Cluster, str], providers: None) -> None:
    submit(*ran, "failover")
    assert set(finished(ran, "failover").values()) == {"Succeeded"}
    trails = [
        [(a["provider"], a["reason"]) for a in status(ran, f"failover-work-{index}")["attempts"]] for index in range(3)
    ]
    assert all(trail[-1] == ("steady", "Completed") for trail in trails)
    assert any(trail[0] == ("cheap", "ProviderUnavailable") for trail in trails)


def test_an_evicted_pod_is_replaced_with_what_memory_it_had(
    real_cluster: Cluster, replica: OperatorProcess, real_namespace: str
) -> None:
    work = {"name": "work", "agentType": "general", "resources": {"memory": "96Mi"}}
    work["script"] = 'test "$TASKDIST_ATTEMPT" -gt 1 || sleep 600'
    real_cluster.apply(
        {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "TaskDistribution",
            "metadata": {"name": "moved", "namespace": real_namespace},
            "spec": {"tasks": [work]},
        }
    )

    def running() -> bool:
        found = real_cluster.kubectl("get", "pod", "moved-work-1", "-n", real_namespace, "-o", "json", check=False)
        return found.returncode == 0 and json.loads(found.stdout)["status"].get("phase") == "Running"

    until("the pod runs", running, 60)
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "moved-work-1", "namespace": real_namespace},
    }
    path = f"/api/v1/namespaces/{real_namespace}/pods/moved-work-1/eviction"
    real_cluster.kubectl("create", "--raw", path, "-f", "-", input=json.dumps(eviction))
    wait_for(real_cluster, real_namespace, "moved", "Succeeded")
    attempts = real_cluster.get("subtasks.taskdist.dev", "moved-work", "-n", real_namespace)["status"]["attempts"]
    assert [(a["reason"], a["requested"]["memory"]) for a in attempts] == [("Evicted", "96Mi"), ("Completed", "96Mi")]
    assert created_pods(real_cluster, real_namespace) == {"moved-work-1": 1, "moved-work-2": 1}
