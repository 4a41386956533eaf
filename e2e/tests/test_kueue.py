"""Distributions through a real Kueue: quota, borrowing, preemption and resumption, as the SubTasks show them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e import kueue
from e2e.cluster import Cluster, until
from e2e.distributions import apply, phases, wait_for
from e2e.image import Image
from e2e.operator_process import OperatorProcess

pytestmark = [pytest.mark.e2e, pytest.mark.slow]  # three minutes, and as many for building Kueue the first time

CHECKOUT = Path(__file__).resolve().parents[2]
SAMPLES = CHECKOUT / "manifests" / "samples"
PENDING_TIMEOUT = 20
HOLD = "#!/bin/sh\nuntil [ -e /tmp/go ]; do sleep 0.2; done\n"
V1BETA2 = "kueue.x-k8s.io/v1beta2"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@dataclass(frozen=True)
class Team:
    """A namespace with a LocalQueue `team`, and a ClusterQueue with a quota of CPU of its own, both of one name."""

    cluster: Cluster
    name: str

    def submit(self, name: str, *tasks: str, **spec: Any) -> None:
        """Tasks that take a fifth of a core each, and run until they are let go."""
        wanted = {"agentType": "general", "script": HOLD, "resources": {"cpu": "200m", "memory": "64Mi"}}
        limits = {"pendingTimeoutSeconds": PENDING_TIMEOUT}
        apply(
            self.cluster,
            self.name,
            name,
            queueName="team",
            retry={"limit": 0},
            limits=limits,
            tasks=[{"name": task, **wanted} for task in tasks],
            **spec,
        )

    def statuses(self, name: str) -> dict[str, dict[str, Any]]:
        found = self.cluster.get("st", "-n", self.name, "-l", f"taskdist.dev/distribution={name}")["items"]
        return {st["spec"]["id"]: st.get("status", {}) for st in found}

    def where(self, name: str) -> Counter[tuple[str, str]]:
        """How many subtasks are in which phase, for which reason."""
        return Counter((s.get("phase", ""), s.get("reason", "")) for s in self.statuses(name).values())

    def reaches(self, name: str, *wanted: tuple[str, str]) -> None:
        until(f"{name}: {wanted}", lambda: self.where(name) == Counter(wanted), 60, every=0.5)
        self.look(f"{name} in {self.name}")

    def let_go(self, name: str) -> None:
        """Let what runs of it come to its end."""
        for id_, status in self.statuses(name).items():
            if status.get("phase") == "Running":
                pod = status["attempts"][-1]["pod"]
                done = self.cluster.kubectl("exec", "-n", self.name, pod, "--", "touch", "/tmp/go", check=False)
                assert not done.returncode or "not found" in done.stderr or "completed pod" in done.stderr, (
                    id_,
                    done.stderr,
                )

    def finish(self, *names: str) -> None:
        """Let it go until all of it is done."""

        def done() -> bool:
            for name in names:
                self.let_go(name)
            return all(set(phases(self.cluster, self.name, name).values()) == {"Succeeded"} for name in names)

        until(f"the end of {', '.join(names)}", done, 90, every=1)
        for name in names:
            wait_for(self.cluster, self.name, name, "Succeeded")
            self.look(f"{name} in {self.name}")

    def cpu(self) -> tuple[str, str]:
        """What the ClusterQueue uses of CPU, and what of that is borrowed."""
        usage = self.cluster.get("clusterqueue", self.name)["status"]["flavorsUsage"]
        (cpu,) = [r for flavor in usage for r in flavor["resources"] if r["name"] == "cpu"]
        return str(cpu.get("total", "0")), str(cpu.get("borrowed", "0"))

    def workloads(self) -> list[str]:
        """What the queue holds of the namespace."""
        found = self.cluster.kubectl("get", "workloads.kueue.x-k8s.io", "-n", self.name, "-o", "name")
        return found.stdout.split()

    def taskdist(self, *arguments: str) -> str:
        """What the command says."""
        program = [sys.executable, "-c", "from taskdist.cli.app import main; main()"]
        where = ["-n", self.name, "--kubeconfig", str(self.cluster.kubeconfig)]
        done = subprocess.run([*program, *arguments, *where], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def look(self, title: str) -> None:
        print(f"--- {title}\n{self.cluster.kubectl('get', 'st', '-n', self.name).stdout}")


def queue(name: str, cpu: str, cohort: str) -> dict[str, Any]:
    resources = [{"name": "cpu", "nominalQuota": cpu}, {"name": "memory", "nominalQuota": "4Gi"}]
    return {
        "apiVersion": V1BETA2,
        "kind": "ClusterQueue",
        "metadata": {"name": name},
        "spec": {
            "cohortName": cohort,
            "namespaceSelector": {},
            "preemption": {"withinClusterQueue": "LowerPriority", "reclaimWithinCohort": "Any"},
            "resourceGroups": [
                {"coveredResources": ["cpu", "memory"], "flavors": [{"name": "any-node", "resources": resources}]}
            ],
        },
    }


@pytest.fixture(scope="module")
def cluster(real_cluster: Cluster, image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """With Kueue, the operator, and what all teams share."""
    real_cluster.install_crds(sorted((CHECKOUT / "crds").glob("*.yaml")))
    for name in ("general", "data"):
        real_cluster.apply(
            {
                "apiVersion": "taskdist.dev/v1alpha1",
                "kind": "AgentType",
                "metadata": {"name": name},
                "spec": {
                    "specialization": name,
                    "resources": {"cpu": "100m", "memory": "64Mi"},
                    "overrides": ["script", "env"],
                },
            }
        )
    kueue.install(real_cluster)
    shared = [*yaml.safe_load_all((SAMPLES / "admin" / "kueue.yaml").read_text())]
    real_cluster.apply(*(each for each in shared if each["kind"] in {"ResourceFlavor", "PriorityClass"}))
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    with OperatorProcess(real_cluster.kubeconfig, log, agent_image=image.name):
        yield real_cluster
    kueue.uninstall(real_cluster)
    real_cluster.kubectl("delete", "priorityclass", "urgent")
    real_cluster.kubectl("delete", "agenttype", "general", "data")
    left = real_cluster.kubectl(
        "get", "crd,namespace,validatingwebhookconfiguration,mutatingwebhookconfiguration", "-o", "name"
    )
    assert "kueue" not in left.stdout


@pytest.fixture
def team(cluster: Cluster) -> Iterator[Callable[..., Team]]:
    """Makes teams; in the end their namespaces have to go, with everything that Kueue kept there."""
    made: list[str] = []

    def make(name: str, cpu: str = "200m", cohort: str = "company") -> Team:
        labels = RESTRICTED | kueue.MANAGED
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        made.append(name)
        cluster.wait_service_account(name)
        local = {"metadata": {"name": "team", "namespace": name}, "spec": {"clusterQueue": name}}
        cluster.apply(queue(name, cpu, cohort), {"apiVersion": V1BETA2, "kind": "LocalQueue", **local})
        return Team(cluster, name)

    yield make
    for name in made:
        cluster.kubectl("delete", "namespace", name, "--timeout=60s")
        cluster.kubectl("delete", "clusterqueue", name, "--timeout=60s")


def test_work_queues_borrows_gives_way_and_goes_on(team: Callable[..., Team]) -> None:
    ours, theirs = team("ours"), team("theirs")

    ours.submit("bulk", "one", "two", "three")
    ours.reaches("bulk", ("Running", "Started"), ("Running", "Started"), ("Queued", "AdmissionPending"))
    assert ours.cpu() == ("400m", "200m"), "one runs on what the other team lends"

    ours.submit("pressing", "now", priorityClassName="urgent")
    ours.reaches("pressing", ("Running", "Started"))
    ours.reaches("bulk", ("Running", "Started"), ("Queued", "AdmissionPending"), ("Queued", "AdmissionPending"))
    (first,) = preempted(ours)

    theirs.submit("own", "work")
    theirs.reaches("own", ("Running", "Started"))
    ours.reaches("bulk", *[("Queued", "AdmissionPending")] * 3)
    assert len(preempted(ours)) == 2
    assert first in preempted(ours)
    assert (ours.cpu(), theirs.cpu()) == (("200m", "0"), ("200m", "0")), "what was lent is given back"

    (never_let_in,) = set(ours.statuses("bulk")) - preempted(ours)
    until(
        f"{never_let_in} waits longer than a pod may be pending",
        lambda: age(ours.statuses("bulk")[never_let_in]["attempts"][0]["createTime"]) > PENDING_TIMEOUT + 2,
        every=0.5,
    )
    assert ours.where("bulk") == Counter({("Queued", "AdmissionPending"): 3})

    theirs.finish("own")
    ours.finish("pressing", "bulk")
    tries = {id_: [a["reason"] for a in s["attempts"]] for id_, s in ours.statuses("bulk").items()}
    assert sorted(tries.values()) == [["Completed"], ["Preempted", "Completed"], ["Preempted", "Completed"]]
    until("all quota is given back", lambda: ours.cpu() == ("0", "0"), 30, every=0.5)


def test_what_the_queue_says_is_explained(team: Callable[..., Team]) -> None:
    ours = team("ours-explained", cohort="explained")
    ours.submit("asked", "first", "second")
    ours.reaches("asked", ("Running", "Started"), ("Queued", "AdmissionPending"))
    (queued,) = (id_ for id_, status in ours.statuses("asked").items() if status["phase"] == "Queued")
    told = ours.taskdist("explain", "asked", queued, "-o", "json")
    cause = json.loads(told)["subtasks"][0]["why"]["cause"]
    quota = "insufficient unused quota for cpu in flavor any-node, 200m more needed"
    assert cause == f"queue team has not let it in: couldn't assign flavors to pod set main: {quota}"
    print(ours.taskdist("explain", "asked", queued))


def test_what_is_stopped_leaves_nothing_in_the_queue(team: Callable[..., Team]) -> None:
    ours = team("ours-stopped", cohort="stopped")
    ours.submit("stopped", "first", "second")
    ours.reaches("stopped", ("Running", "Started"), ("Queued", "AdmissionPending"))
    ours.taskdist("suspend", "stopped")
    ours.reaches("stopped", ("Running", "Started"), ("Retrying", "Suspended"))
    until("only what runs is in the queue", lambda: len(ours.workloads()) == 1, 30, every=0.5)
    ours.taskdist("resume", "stopped")
    ours.reaches("stopped", ("Running", "Started"), ("Queued", "AdmissionPending"))
    ours.taskdist("cancel", "stopped")
    ours.reaches("stopped", ("Cancelled", "Cancelled"), ("Cancelled", "Cancelled"))
    until("nothing is in the queue", lambda: not ours.workloads(), 60, every=0.5)
    until("all quota is given back", lambda: ours.cpu() == ("0", "0"), 30, every=0.5)


def test_nothing_hangs_when_it_is_deleted(cluster: Cluster, team: Callable[..., Team]) -> None:
    ours = team("ours-deleted", cohort="alone")
    ours.submit("dropped", "running", "queued")
    ours.reaches("dropped", ("Running", "Started"), ("Queued", "AdmissionPending"))
    pod = cluster.get("pod", "-n", ours.name)["items"][0]
    assert "kueue.x-k8s.io/managed" in pod["metadata"]["finalizers"]
    cluster.kubectl("delete", "td", "dropped", "-n", ours.name)
    left = ("get", "pods,workloads.kueue.x-k8s.io,st", "-n", ours.name, "-o", "name")
    until("all of it gone", lambda: not cluster.kubectl(*left).stdout.strip(), 60)
    until("all quota is given back", lambda: ours.cpu() == ("0", "0"), 30, every=0.5)


def test_the_sample_runs_through_its_queue(cluster: Cluster, team: Callable[..., Team]) -> None:
    """With what the sample's admin provides, as it is: a queue of one core in a cohort that lends it another."""
    provided = [*yaml.safe_load_all((SAMPLES / "admin" / "kueue.yaml").read_text())]
    ours = team("team-a", cohort="company")
    for each in provided:
        if each["kind"] == "LocalQueue":
            each["metadata"]["namespace"] = ours.name
    cluster.apply(*provided)
    (wanted,) = yaml.safe_load_all((SAMPLES / "kueue.yaml").read_text())
    wanted["metadata"]["namespace"] = ours.name
    cluster.apply(wanted)
    wait_for(cluster, ours.name, "kueue", "Succeeded")
    ours.look("the sample")
    pods = cluster.get("pod", "-n", ours.name)["items"]
    spans = sorted((ended(pod)["startedAt"], ended(pod)["finishedAt"]) for pod in pods)
    assert len(spans) == 6
    assert max(sum(start < other[1] and other[0] <= start for other in spans) for start, _ in spans) <= 4
    cluster.kubectl("delete", "clusterqueue", "team-b", "--timeout=60s")


def preempted(team: Team) -> set[str]:
    """Subtasks of `bulk` whose first try Kueue ended."""
    found = {id_: s["attempts"][0] for id_, s in team.statuses("bulk").items()}
    taken = {id_: a for id_, a in found.items() if a.get("reason")}
    assert {a["reason"] for a in taken.values()} == {"Preempted"}
    assert all(a["message"].startswith("Preempted to accommodate a workload") for a in taken.values())
    return set(taken)


def age(time: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()


def ended(pod: dict[str, Any]) -> dict[str, Any]:
    state: dict[str, Any] = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    return state
