"""The chart in a real cluster, as a user installs it: the operator as a pod with its own service account, and back out again."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from e2e import cluster as clusters
from e2e.cluster import binaries, until
from e2e.image import Image, deliver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.cluster import Cluster

pytestmark = pytest.mark.e2e

CHECKOUT = Path(__file__).resolve().parents[2]
SYSTEM = "taskdist-system"
OPERATOR = "taskdist-operator"
ACCOUNT = f"system:serviceaccount:{SYSTEM}:{OPERATOR}"
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
KINDS = ("taskdistributions", "subtasks", "executionplans", "agenttypes", "providers")


@dataclass(frozen=True)
class Installation:
    """One cluster and the release in it."""

    cluster: Cluster
    image_name: str

    def helm(self, *arguments: str) -> str:
        program = str(binaries.ensure(["helm"])["helm"])
        command = [program, *arguments, "--namespace", SYSTEM, "--kubeconfig", str(self.cluster.kubeconfig)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}\n{self.what_runs()}"
        return done.stdout

    def install(self, *values: str, verb: str = "install") -> str:
        repository, _, tag = self.image_name.rpartition(":")
        settings = [f"image.repository={repository}", f"image.tag={tag}", *values]
        flags = [argument for value in settings for argument in ("--set", value)]
        return self.helm(verb, "taskdist", str(CHECKOUT / "helm" / "taskdist"), "--wait", "--timeout", "4m", *flags)

    def uninstall(self) -> str:
        return self.helm("uninstall", "taskdist", "--wait")

    def releases(self) -> list[dict[str, Any]]:
        return json.loads(self.helm("list", "-o", "json"))

    def what_runs(self) -> str:
        pods = self.cluster.kubectl("get", "pods,jobs", "-n", SYSTEM, "-o", "wide", check=False).stdout
        events = self.cluster.kubectl("get", "events", "-n", SYSTEM, check=False).stdout
        logs = self.cluster.kubectl(
            "logs", "-n", SYSTEM, "-l", "app.kubernetes.io/name=taskdist", "--tail=30", check=False
        )
        return f"{pods}\n{events}\n{logs.stdout}{logs.stderr}"

    def deployment(self) -> dict[str, Any]:
        return self.cluster.get("deployment", OPERATOR, "-n", SYSTEM)

    def submit(self, namespace: str, name: str, *tasks: dict[str, Any], **spec: Any) -> None:
        self.cluster.apply(
            {
                "apiVersion": "taskdist.dev/v1alpha1",
                "kind": "TaskDistribution",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"tasks": list(tasks), **spec},
            }
        )

    def wait_succeeded(self, namespace: str, name: str, seconds: int = 120) -> dict[str, Any]:
        arguments = ("-n", namespace, "--for=condition=Succeeded", f"--timeout={seconds}s")
        done = self.cluster.kubectl("wait", f"td/{name}", *arguments, check=False, timeout=seconds + 30)
        found = self.cluster.kubectl("get", "td,st,pods", "-n", namespace, "-o", "wide", check=False).stdout
        assert done.returncode == 0, f"{done.stderr}\n{found}\n{self.what_runs()}"
        return self.cluster.get("td", name, "-n", namespace)

    def names(self, kind: str) -> set[str]:
        return {item["metadata"]["name"] for item in self.cluster.get(kind, "-A")["items"]}


def script(name: str, text: str, *after: str) -> dict[str, Any]:
    return {"name": name, "agentType": "general", "script": text, "dependsOn": list(after)}


COUNT = script("count", """echo '{"rows": "42"}' > "$TASKDIST_RESULTS" """)
USE = script("use", """test "$(tasks.count.results.rows)" = 42""", "count")


@pytest.fixture(scope="module")
def installation(image: Image) -> Iterator[Installation]:
    """A cluster of its own, for CRDs and what hangs on them come and go here; the operator is installed in it."""
    kind = "real" if clusters.can_run_containers() else "kind"
    name = f"pytest-install-{os.getpid()}"
    try:
        cluster = clusters.up(kind, name, audit="Metadata" if kind == "real" else "", owner=clusters.Identity.own())
        deliver(image, cluster)
        for namespace in (SYSTEM, "team-a", "team-b"):
            cluster.apply(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": RESTRICTED}}
            )
            cluster.wait_service_account(namespace)
        made = Installation(cluster, image.name)
        made.install()
        yield made
    finally:
        clusters.down(name)


def test_operator_runs_as_a_restricted_pod_under_its_own_account(installation: Installation):
    assert installation.deployment()["status"]["readyReplicas"] == 1
    pods = installation.cluster.get("pods", "-n", SYSTEM, "-l", "app.kubernetes.io/component=operator")["items"]
    assert [pod["spec"]["serviceAccountName"] for pod in pods] == [OPERATOR]
    assert [status["restartCount"] for pod in pods for status in pod["status"]["containerStatuses"]] == [0]


def test_agent_types_came_with_the_first_installation(installation: Installation):
    assert len(installation.names("agenttypes")) == 10
    assert installation.names("jobs") == set()


def test_distribution_runs_to_its_end(installation: Installation):
    installation.submit("team-a", "first", COUNT, USE)
    status = installation.wait_succeeded("team-a", "first")["status"]
    assert status["progress"] == "2/2"
    pods = installation.cluster.get("pods", "-n", "team-a")["items"]
    assert {pod["status"]["phase"] for pod in pods} == {"Succeeded"}
    assert {status["image"].rpartition("/")[2] for pod in pods for status in pod["status"]["containerStatuses"]} == {
        installation.image_name.rpartition("/")[2]
    }


def test_metrics_are_served(installation: Installation):
    path = f"/api/v1/namespaces/{SYSTEM}/services/taskdist-metrics:metrics/proxy/metrics"
    assert "taskdist_distributions" in installation.cluster.kubectl("get", "--raw", path).stdout


ROW = re.compile(r"^\| (?P<group>\S+) \| (?P<resources>`.*`) \| (?P<verbs>[a-z ]+) \| .* \|$")


def documented(*headings: str) -> set[tuple[str, str]]:
    """Pairs of resource and verb in the operator's tables of docs/rbac.md that follow a paragraph beginning so."""
    text = (CHECKOUT / "docs" / "rbac.md").read_text().split("## People")[0]
    pairs: set[tuple[str, str]] = set()
    wanted = False
    for line in text.splitlines():
        if line and not line.startswith("|"):
            wanted = line.startswith(headings)
        elif wanted and (row := ROW.match(line)):
            group = "" if row["group"] == "core" else f".{row['group']}"
            for resource in re.findall(r"`([^`]+)`", row["resources"]):
                plural, slash, subresource = resource.partition("/")
                pairs |= {(f"{plural}{group}{slash}{subresource}", verb) for verb in row["verbs"].split()}
    return pairs


def granted(cluster: Cluster, namespace: str) -> set[tuple[str, str]]:
    """What `kubectl auth can-i --list` says, without what every authenticated client may do."""
    listing = cluster.kubectl("auth", "can-i", "--list", f"--as={ACCOUNT}", "-n", namespace).stdout
    pairs = set()
    for line in listing.splitlines()[1:]:
        if not line.startswith((" ", "selfsubject")):
            pairs |= {(line.split()[0], verb) for verb in re.findall(r"\[([^]]*)\]", line)[-1].split()}
    return pairs


@pytest.mark.security
def test_rights_are_exactly_the_documented_ones(installation: Installation):
    everywhere = documented("In every installation", "Only when it serves", "The namespaces", "In the namespaces")
    assert ("pods", "create") in everywhere
    assert granted(installation.cluster, "team-a") == everywhere
    assert granted(installation.cluster, SYSTEM) == everywhere | documented("In its own namespace")


def used(cluster: Cluster) -> tuple[set[tuple[str, str]], list[str]]:
    """What the operator has asked of the API server so far: pairs of resource and verb, and what it was refused."""
    pairs, refused = set(), []
    for event in cluster.audit_events():
        seen = event.get("objectRef")
        if event["user"]["username"] != ACCOUNT or event["stage"] == "RequestReceived" or not seen:
            continue
        group = f".{seen['apiGroup']}" if seen.get("apiGroup") else ""
        sub = f"/{seen['subresource']}" if seen.get("subresource") else ""
        if "resource" in seen:
            pairs.add((f"{seen['resource']}{group}{sub}", event["verb"]))
        if event["responseStatus"]["code"] == 403:
            refused.append(f"{event['verb']} {event['requestURI']}")
    return pairs, refused


# An object that is there already is read to see whose it is: after a restart between a write and its answer.
AFTER_A_RESTART = {
    ("pods", "get"),
    ("subtasks.taskdist.dev", "get"),
    ("executionplans.taskdist.dev", "get"),
    ("configmaps", "get"),
}


@pytest.mark.security
def test_operator_uses_every_right_and_asks_for_no_other(installation: Installation):
    if installation.cluster.kind != "real":
        return  # only there the audit log is ours to read
    kubectl = installation.cluster.kubectl

    def pods(name: str) -> str:
        label = f"taskdist.dev/distribution={name}"
        return kubectl("get", "pods", "-n", "team-a", "-l", label, "-o", "name").stdout

    installation.cluster.apply(
        {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "Provider",
            "metadata": {"name": "here"},
            "spec": {"vendor": "on-prem", "prices": {"cpuHourUSD": "0.03", "memoryGiBHourUSD": "0.004"}},
        }
    )
    installation.cluster.apply(
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": "soon"},
            "value": 1000,
        }
    )
    installation.cluster.apply(
        {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "AgentType",
            "metadata": {"name": "keeper"},
            "spec": {
                "specialization": "general",
                "resources": {"cpu": "100m", "memory": "64Mi"},
                "retainResults": True,
            },
        }
    )
    # A plan too large for one object, changed, of which only the last is kept; one that is cancelled while its pod runs; one that
    # is changed while its pod runs; one whose pod is kept until its end is recorded.
    many = [script(f"t{number}", "true") for number in range(501)]
    only = {"planning": {"mode": "PlanOnly"}, "planHistoryLimit": 1}
    installation.submit("team-a", "large", *many, **only)
    kubectl("wait", "td/large", "-n", "team-a", "--for=condition=Planned", "--timeout=60s")
    installation.submit("team-a", "large", *many, script("one-more", "true"), **only)
    installation.submit("team-a", "cancelled", script("long", "sleep 600"), priorityClassName="soon")
    installation.submit("team-a", "changed", script("long", "sleep 600"))
    installation.submit("team-a", "kept", script("short", "true") | {"agentType": "keeper"})
    until("both pods", lambda: pods("cancelled") and pods("changed"), 60)
    kubectl("patch", "td", "cancelled", "-n", "team-a", "--type=merge", "-p", '{"spec": {"cancel": true}}')
    installation.submit("team-a", "changed", script("long", "true"))
    plans = "executionplans.taskdist.dev"
    until(
        "the old plan is gone",
        lambda: installation.names(plans) >= {"large-2"} and "large-1" not in installation.names(plans),
        60,
    )
    kubectl("wait", "td/cancelled", "-n", "team-a", "--for=condition=Finished", "--timeout=60s")
    installation.wait_succeeded("team-a", "changed")
    installation.wait_succeeded("team-a", "kept")
    until("the kept pod is let go", lambda: ("pods", "patch") in used(installation.cluster)[0], 30)
    kubectl("delete", "agenttype", "keeper")

    pairs, refused = used(installation.cluster)
    assert refused == []
    assert granted(installation.cluster, "team-a") - pairs <= AFTER_A_RESTART
    # The audit log is spared the leases; that it is held says that it was read, made and renewed.
    assert installation.cluster.get("lease", OPERATOR, "-n", SYSTEM)["spec"]["holderIdentity"].startswith(OPERATOR)


def test_upgrade_keeps_the_work_and_takes_over_the_agent_types(installation: Installation):
    installation.submit("team-a", "across", script("slow", "sleep 20"), script("after", "true", "slow"))
    until(
        "the first pod",
        lambda: "across" in installation.cluster.kubectl("get", "pods", "-n", "team-a", "-o", "name").stdout,
        60,
    )
    installation.install(
        "replicaCount=2", "podDisruptionBudget.enabled=true", "operator.logLevel=debug", verb="upgrade"
    )
    assert installation.deployment()["status"]["readyReplicas"] == 2
    assert "kind: AgentType" in installation.helm("get", "manifest", "taskdist")
    assert len(installation.names("agenttypes")) == 10
    installation.wait_succeeded("team-a", "across")
    subtasks = installation.cluster.get("st", "-n", "team-a", "-l", "taskdist.dev/distribution=across")["items"]
    assert {st["spec"]["id"]: len(st["status"]["attempts"]) for st in subtasks} == {"slow": 1, "after": 1}


def test_uninstall_leaves_what_people_made_and_nothing_hangs(installation: Installation):
    before = {kind: installation.names(kind) for kind in KINDS}
    installation.uninstall()

    assert installation.releases() == []
    assert {kind: installation.names(kind) for kind in KINDS} == before
    left = installation.cluster.get("deploy,svc,sa,role,rolebinding,networkpolicy,pdb,job", "-n", SYSTEM)["items"]
    assert {item["metadata"]["name"] for item in left} <= {"default"}
    roles = installation.cluster.get("clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/part-of=taskdist")
    assert roles["items"] == []

    # Nobody is there to take a finalizer away, and nothing waits for one.
    installation.cluster.kubectl("delete", "td", "first", "-n", "team-a", "--timeout=30s")
    until(
        "the children gone",
        lambda: not [name for name in installation.names("subtasks") if name.startswith("first-")],
        60,
    )
    assert "across" in installation.names("taskdistributions")


def test_installed_again_for_one_namespace_it_serves_that_one_only(installation: Installation):
    installation.install("watchNamespaces={team-a}")
    everywhere = documented("In every installation", "The namespaces")
    assert granted(installation.cluster, "team-a") == everywhere | documented("In the namespaces")
    assert granted(installation.cluster, "team-b") == everywhere

    installation.submit("team-b", "unseen", script("never", "true"))
    installation.submit("team-a", "seen", script("once", "true"))
    installation.wait_succeeded("team-a", "seen")
    assert "status" not in installation.cluster.get("td", "unseen", "-n", "team-b")
    assert installation.cluster.get("pods", "-n", "team-b")["items"] == []
    installation.uninstall()


def test_manifests_install_it_too(installation: Installation):
    kubectl = installation.cluster.kubectl
    apply = ("apply", "--server-side", "--force-conflicts", "-k")
    kubectl(*apply, str(CHECKOUT / "manifests" / "crds"))
    kubectl("wait", "--for=condition=Established", "crd", "-l", "app.kubernetes.io/part-of=taskdist")
    kubectl(*apply, str(CHECKOUT / "manifests" / "overlays" / "cluster-wide"))
    kubectl("rollout", "status", f"deployment/{OPERATOR}", "-n", SYSTEM, "--timeout=120s", timeout=150)
    installation.submit("team-b", "by-manifest", COUNT, USE)
    installation.wait_succeeded("team-b", "by-manifest")
