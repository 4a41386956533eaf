"""The clusters themselves: what runs on them, that they do not disturb each other, and that nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from e2e import cluster
from e2e.cluster import until
from e2e.cluster.machine import Machine
from e2e.cluster.processes import Processes
from e2e.image import Image, deliver

pytestmark = pytest.mark.e2e

needs_root = pytest.mark.skipif(not cluster.can_run_containers(), reason="real containers need Linux and root")

RESTRICTED = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
LOCKED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def pod(name: str, namespace: str, image: str = "none", memory: str = "128Mi", **more: Any) -> dict[str, Any]:
    """A pod under restricted Pod Security that runs once."""
    annotations = more.pop("annotations", {})
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "Never",
        "securityContext": LOCKED,
        "resources": {"limits": {"cpu": "500m", "memory": memory}},
        **more,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
        "spec": {"restartPolicy": "Never", "securityContext": RESTRICTED, "containers": [container]},
    }


def python(text: str) -> list[str]:
    return ["python", "-c", text]


def ended(running: cluster.Cluster, namespace: str, name: str) -> dict[str, Any]:
    """How the pod's container ended."""

    def terminated() -> dict[str, Any] | None:
        status = running.get("pod", name, "-n", namespace)["status"]
        return next((s["state"].get("terminated") for s in status.get("containerStatuses", ())), None)

    return until(f"the end of pod {name}", terminated, 180)


# ------------------------------------------------------------------------------------------------- real containers


@needs_root
def test_a_pod_hands_its_result_back(real_cluster: cluster.Cluster, real_namespace: str, image: Image):
    write = "open('/dev/termination-log', 'w').write('{\"results\": {\"rows\": 3}}')"
    real_cluster.apply(pod("result", real_namespace, image.name, command=python(write)))
    end = ended(real_cluster, real_namespace, "result")
    assert (end["exitCode"], end["reason"], json.loads(end["message"])) == (0, "Completed", {"results": {"rows": 3}})


@needs_root
def test_a_pod_over_its_memory_is_killed(real_cluster: cluster.Cluster, real_namespace: str, image: Image):
    hog = "x = bytearray(200 * 2**20); print(len(x))"
    real_cluster.apply(pod("hog", real_namespace, image.name, memory="64Mi", command=python(hog)))
    end = ended(real_cluster, real_namespace, "hog")
    assert (end["exitCode"], end["reason"]) == (137, "OOMKilled")


@needs_root
def test_a_pod_reaches_the_api_server_with_its_service_account(
    real_cluster: cluster.Cluster, real_namespace: str, image: Image
):
    ask = """
import json, os, ssl, urllib.request
at = "/var/run/secrets/kubernetes.io/serviceaccount/"
host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
url = f"https://{host}:{port}/apis/authentication.k8s.io/v1/selfsubjectreviews"
body = json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}).encode()
headers = {"Authorization": "Bearer " + open(at + "token").read(), "Content-Type": "application/json"}
request = urllib.request.Request(url, body, headers)
with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=at + "ca.crt")) as answer:
    print(json.load(answer)["status"]["userInfo"]["username"])
"""
    real_cluster.apply(pod("asker", real_namespace, image.name, command=python(ask)))
    assert ended(real_cluster, real_namespace, "asker")["exitCode"] == 0
    log = real_cluster.kubectl("logs", "asker", "-n", real_namespace).stdout
    assert log.strip() == f"system:serviceaccount:{real_namespace}:default"


@needs_root
def test_restricted_pod_security_is_enforced(real_cluster: cluster.Cluster, real_namespace: str, image: Image):
    bare = pod("bare", real_namespace, image.name)
    del bare["spec"]["securityContext"]
    refused = real_cluster.kubectl("create", "-f", "-", input=json.dumps(bare), check=False)
    assert "violates PodSecurity" in refused.stderr


@needs_root
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param({"args": ["--version"]}, "taskdist ", id="the entry point is the CLI"),
        pytest.param(
            {"command": python("import os, taskdist.agent; print(os.getuid(), os.getgid())")},
            "65532 65532",
            id="it runs as nobody in particular, and has the agent",
        ),
        pytest.param(
            {"command": python("import kopf, aiohttp, kubernetes, msgspec, taskdist.handlers; print('operator')")},
            "operator",
            id="it has the operator and what that needs",
        ),
        pytest.param(
            {"command": ["sh", "-c", "command -v pip pip3 gcc cc make git curl wget; python -m pip; echo none"]},
            "none",
            id="no package installer, no compiler",
        ),
    ],
)
def test_our_image_runs_with_a_read_only_root(
    real_cluster: cluster.Cluster, real_namespace: str, image: Image, arguments: dict[str, Any], expected: str
):
    real_cluster.apply(pod("ours", real_namespace, image.name, **arguments))
    end = ended(real_cluster, real_namespace, "ours")
    log = real_cluster.kubectl("logs", "ours", "-n", real_namespace).stdout
    assert (end["exitCode"], log.splitlines()[-1][: len(expected)]) == (0, expected), log


@needs_root
def test_up_again_changes_nothing(real_cluster: cluster.Cluster, image: Image):
    parts = ("machine", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "containerd", "kubelet")
    before = [real_cluster.processes.get(name) for name in parts]
    again = cluster.up("real", real_cluster.name)
    assert [again.processes.get(name) for name in parts] == before
    assert None not in before
    assert not deliver(image, again)


@needs_root
@pytest.mark.parametrize("victim", ["kubelet", "containerd", "kube-apiserver", "machine"])
def test_up_heals_what_has_died(real_cluster: cluster.Cluster, real_namespace: str, image: Image, victim: str):
    real_cluster.processes.kill(victim)
    cluster.up("real", real_cluster.name)
    real_cluster.apply(pod("after", real_namespace, image.name, command=python("print('works')")))
    assert ended(real_cluster, real_namespace, "after")["exitCode"] == 0


@needs_root
def test_two_clusters_side_by_side(real_cluster: cluster.Cluster, real_namespace: str, image: Image):
    name = f"pytest-second-{os.getpid()}"
    try:
        second = cluster.up("real", name, owner=cluster.Identity.own())
        deliver(image, second)
        assert second.url != real_cluster.url
        second.kubectl("create", "namespace", real_namespace)
        second.wait_service_account(real_namespace)
        for running in (real_cluster, second):
            hold = python("import time; print('holds', flush=True); time.sleep(600)")
            running.apply(pod("both", real_namespace, image.name, command=hold))
        for running in (real_cluster, second):
            until("its log", lambda it=running: _log(it, real_namespace, "both") == "holds\n", 180)  # type: ignore[misc]
        kept = traces(name)
        assert [trace for trace in kept if not kept[trace]] == ["mounts"]  # those are the node's own
    finally:
        cluster.down(name)
    assert traces(name) == nothing()
    assert real_cluster.get("pod", "both", "-n", real_namespace)["status"]["phase"] == "Running"


@needs_root
@pytest.mark.parametrize("moment", ["machine", "kube-apiserver", "kubelet", "ready"])
def test_nothing_stays_of_a_killed_up(moment: str):
    name = f"pytest-killed-{os.getpid()}"
    starter = subprocess.Popen(
        [sys.executable, "-m", "e2e.cluster", "up", "--kind", "real", "--name", name],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    state = cluster.folder(name)
    try:
        reached = state / "processes" / f"{moment}.json"
        until(f"{moment} started", lambda: reached.exists() or starter.poll() is not None, 300, every=0.005)
        starter.send_signal(signal.SIGKILL)
        starter.wait()
    finally:
        assert cluster.down(name)
    assert traces(name) == nothing()


def test_a_cluster_goes_when_its_owner_was_killed():
    name = f"pytest-orphan-{os.getpid()}"
    text = (
        "import signal; from e2e import cluster; "
        f"cluster.up('api-server', {name!r}, owner=cluster.Identity.own()); print('up', flush=True); signal.pause()"
    )
    owner = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "up\n"
    assert name not in cluster.sweep()
    owner.kill()
    owner.wait()
    cluster.sweep()  # or the sweep of another session, just now
    assert traces(name) == nothing()


# ------------------------------------------------------------------------------------------------ simulated nodes


@pytest.mark.parametrize(
    ("annotations", "env", "expected"),
    [
        pytest.param({}, {}, (0, "Completed", '{"results":{}}'), id="a pod succeeds"),
        pytest.param(
            {"simulated.taskdist.dev/message": '{"results":{"rows":"3"}}', "simulated.taskdist.dev/delay": "10ms"},
            {},
            (0, "Completed", '{"results":{"rows":"3"}}'),
            id="with the result it was told by annotation",
        ),
        pytest.param(
            {}, {"SIMULATED_EXIT_CODE": "75"}, (75, "Error", '{"results":{}}'), id="or by its container's env"
        ),
        pytest.param(
            {"taskdist.dev/task": json.dumps({"env": {"SIMULATED_EXIT_CODE": "65", "SIMULATED_REASON": "Error"}})},
            {},
            (65, "Error", '{"results":{}}'),
            id="or by its task's env",
        ),
        pytest.param(
            {"taskdist.dev/task": json.dumps({"env": {"SIMULATED_PEAK_MEMORY": "1Gi"}})},
            {},
            (137, "OOMKilled", None),
            id="over its memory it is killed",
        ),
        pytest.param(
            {"taskdist.dev/task": "no JSON"}, {}, (0, "Completed", '{"results":{}}'), id="nonsense does not stop it"
        ),
    ],
)
def test_a_simulated_pod_ends_as_it_was_told(
    simulated_cluster: cluster.Cluster,
    simulated_namespace: str,
    annotations: dict[str, str],
    env: dict[str, str],
    expected: tuple[int, str, str | None],
):
    variables = [{"name": key, "value": value} for key, value in env.items()]
    simulated_cluster.apply(pod("played", simulated_namespace, annotations=annotations, env=variables))
    end = ended(simulated_cluster, simulated_namespace, "played")
    assert (end["exitCode"], end["reason"], end.get("message")) == expected


@pytest.mark.parametrize(("attempt", "code"), [("1", 137), ("2", 75), ("3", 0), ("4", 0)])
def test_a_simulated_pod_ends_by_its_attempt(
    simulated_cluster: cluster.Cluster, simulated_namespace: str, attempt: str, code: int
):
    played = pod("played", simulated_namespace, annotations={"simulated.taskdist.dev/exit-code": "137, 75, 0"})
    played["metadata"]["labels"] = {"taskdist.dev/attempt": attempt}
    simulated_cluster.apply(played)
    assert ended(simulated_cluster, simulated_namespace, "played")["exitCode"] == code


def test_a_simulated_node_is_added_by_its_object(simulated_cluster: cluster.Cluster, simulated_namespace: str):
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": "extra",
            "labels": {"kubernetes.io/hostname": "extra"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
    }
    simulated_cluster.apply(node)
    try:
        placed = pod("placed", simulated_namespace)
        placed["spec"]["nodeSelector"] = {"kubernetes.io/hostname": "extra"}
        simulated_cluster.apply(placed)
        assert ended(simulated_cluster, simulated_namespace, "placed")["exitCode"] == 0
    finally:
        simulated_cluster.kubectl("delete", "node", "extra")


def test_nodes_of_all_providers_take_pods(simulated_cluster: cluster.Cluster):
    providers = {
        node["metadata"]["labels"]["taskdist.dev/provider"] for node in simulated_cluster.get("nodes")["items"]
    }
    assert providers == {"aws", "gcp", "azure", "on-prem"}


def test_an_existing_cluster_is_used_and_left_alone(
    simulated_cluster: cluster.Cluster, simulated_namespace: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KUBECONFIG", str(simulated_cluster.kubeconfig))
    name = f"pytest-existing-{os.getpid()}"
    existing = cluster.up("existing", name)
    try:
        monkeypatch.setenv("KUBECONFIG", "/nonexistent")  # a later switch of the user's changes nothing
        assert existing.url == simulated_cluster.url
        cluster.up("existing", name).get("namespace", simulated_namespace)
        with pytest.raises(cluster.ClusterError, match="takes no image from an archive"):
            existing.load_image(Path("image.tar"))
    finally:
        cluster.down(name)
    assert not cluster.folder(name).exists()
    assert simulated_cluster.get("namespace", simulated_namespace)


# ------------------------------------------------------------------------------------------------------ bad calls


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        pytest.param(["down", "--name", "../x"], {}, "use lower-case letters", id="a name that is a path"),
        pytest.param(["env", "--name", "absent"], {}, "there is no cluster 'absent'", id="a cluster that is not there"),
        pytest.param(["up"], {"CLUSTER": "moon"}, "CLUSTER=moon: use existing", id="an unknown kind"),
        pytest.param(["build", "kubeadm"], {}, "unknown: kubeadm", id="an unknown program"),
        pytest.param(
            ["build"],
            {"TASKDIST_CACHE": "/nonexistent", "KUBEBUILDER_ASSETS": "", "PATH": "/nonexistent"},
            "there is no `go` to build them",
            id="no program and nothing to build it with",
        ),
        pytest.param(
            ["up", "--kind", "existing", "--name", "pytest-existing"],
            {"KUBECONFIG": "/nonexistent"},
            "no current kubeconfig context",
            id="no kubeconfig",
        ),
    ],
)
def test_an_error_says_what_to_do(arguments: list[str], environment: dict[str, str], expected: str):
    told = subprocess.run(
        [sys.executable, "-m", "e2e.cluster", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, expected in told.stderr) == (1, True), told.stderr
    assert "Traceback" not in told.stderr


def traces(name: str) -> dict[str, list[str]]:
    """What there is of a cluster on this host: by its device's and cgroup's names, and by the path of its state folder."""
    state = cluster.folder(name)
    machine = Machine(state, name, Processes(state))
    marks = (str(state).encode(), machine.cgroup.encode())
    return {
        "state": [str(state)] if state.exists() else [],
        "devices": [machine.device] if machine.connected else [],
        "routes": [line for line in _output("ip", "route").splitlines() if machine.device in line],
        "mounts": [line for line in Path("/proc/mounts").read_text().splitlines() if str(state) in line],
        "cgroups": [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/{machine.cgroup}")],
        "processes": [entry.name for entry in Path("/proc").glob("[0-9]*") if _carries(entry, marks)],
    }


def nothing() -> dict[str, list[str]]:
    return {"state": [], "devices": [], "routes": [], "mounts": [], "cgroups": [], "processes": []}


def _carries(entry: Path, marks: tuple[bytes, ...]) -> bool:
    """Whether a process belongs to a cluster: by its environment, or, in a container, by its cgroup."""
    try:
        told = (entry / "environ").read_bytes() + (entry / "cgroup").read_bytes()
    except OSError:
        return False
    return any(mark in told for mark in marks)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _log(running: cluster.Cluster, namespace: str, name: str) -> str:
    return running.kubectl("logs", name, "-n", namespace, check=False).stdout
