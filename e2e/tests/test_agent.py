"""The reference agent in real containers: as process 1, under restricted Pod Security, with the kubelet as reader."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from e2e.cluster import until

import taskdist

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.cluster import Cluster

pytestmark = pytest.mark.e2e

NAMESPACE = "agents"
IMAGE = f"taskdist.dev/taskdist:{taskdist.__version__}"


@dataclass(frozen=True)
class Ended:
    """How the kubelet says that the agent ended."""

    phase: str
    pod_reason: str
    reason: str
    exit_code: int
    message: dict[str, Any]
    log: str


@dataclass(frozen=True)
class Agents:
    """Runs agents in pods of their own, as docs/agents.md has them."""

    cluster: Cluster

    def start(self, name: str, *, memory: str = "128Mi", deadline_seconds: int = 120, **task: Any) -> None:
        document = {"formatVersion": 1, "distribution": "d", "subtask": name, "uid": f"uid-{name}", "attempt": 1} | task
        self.cluster.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": NAMESPACE,
                    "annotations": {"taskdist.dev/task": json.dumps(document)},
                },
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "activeDeadlineSeconds": deadline_seconds,
                    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                    "containers": [
                        {
                            "name": "agent",
                            "image": IMAGE,
                            "imagePullPolicy": "IfNotPresent",
                            "command": ["python", "-m", "taskdist.agent"],
                            "env": [
                                {"name": "TASKDIST_UID", "value": f"uid-{name}"},
                                {"name": "TASKDIST_ATTEMPT", "value": "1"},
                                {"name": "TASKDIST_GRACE_SECONDS", "value": "5"},
                            ],
                            "resources": {
                                "requests": {"cpu": "100m", "memory": memory},
                                "limits": {"cpu": "1", "memory": memory},
                            },
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]},
                            },
                            "volumeMounts": [
                                {"name": "task", "mountPath": "/taskdist", "readOnly": True},
                                {"name": "tmp", "mountPath": "/tmp"},
                            ],
                        }
                    ],
                    "volumes": [
                        {
                            "name": "task",
                            "downwardAPI": {
                                "items": [
                                    {
                                        "path": "task.json",
                                        "fieldRef": {"fieldPath": "metadata.annotations['taskdist.dev/task']"},
                                    }
                                ]
                            },
                        },
                        {"name": "tmp", "emptyDir": {}},
                    ],
                },
            }
        )

    def log(self, name: str) -> str:
        return self.cluster.kubectl("logs", "-n", NAMESPACE, name, check=False).stdout

    def end(self, name: str) -> Ended:
        def terminated() -> dict[str, Any] | None:
            status = self.cluster.get("pod", name, "-n", NAMESPACE)["status"]
            ended = [each["state"].get("terminated") for each in status.get("containerStatuses", ())]
            return status if status["phase"] in {"Succeeded", "Failed"} and all(ended) and ended else None

        status = until(f"the end of pod {name}", terminated, 120, every=0.5)
        state = status["containerStatuses"][0]["state"]["terminated"]
        return Ended(
            phase=status["phase"],
            pod_reason=status.get("reason", ""),
            reason=state["reason"],
            exit_code=state["exitCode"],
            message=json.loads(state.get("message") or "{}"),
            log=self.log(name),
        )

    def run(self, name: str, **settings: Any) -> Ended:
        self.start(name, **settings)
        return self.end(name)


@pytest.fixture(scope="module")
def agents(real_cluster: Cluster) -> Iterator[Agents]:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    real_cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}})
    real_cluster.wait_service_account(NAMESPACE)
    yield Agents(real_cluster)
    real_cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_a_script_gives_its_results_to_the_kubelet(agents: Agents) -> None:
    ended = agents.run(
        "results",
        script="""
            echo "rows: $(tasks.scan.results.rows)"
            id -u
            touch /here 2>&1 || echo "read-only root"
            cat /proc/1/comm
            ls /var/run/secrets/kubernetes.io 2>/dev/null || echo "no token"
            echo '{"rows": 42}' > $TASKDIST_RESULTS
        """,
        inputs={"scan": {"rows": "7"}},
    )
    assert (ended.phase, ended.reason, ended.exit_code) == ("Succeeded", "Completed", 0), ended
    assert ended.message["results"] == {"rows": 42}
    lines = ended.log.splitlines()
    assert lines[:2] == ["rows: 7", "65532"]
    assert "read-only root" in lines
    assert lines[-2:] == ["python", "no token"]


def test_the_kernel_s_figures_are_the_pod_s(agents: Agents) -> None:
    hold = '#!/usr/bin/env python3\nimport time\nheld = bytearray(b"x") * 60_000_000\ntime.sleep(3)'
    usage = agents.run("figures", script=hold).message["usage"]
    # Two of them at the same time: only the cgroup knows of both.
    both = f"for i in 1 2; do python3 -c '{hold.partition(chr(10))[2]}' & done; wait"
    usage_of_both = agents.run("both", script=both, memory="256Mi").message["usage"]
    assert 60_000_000 <= usage["peakMemoryBytes"] <= 110_000_000
    assert 120_000_000 <= usage_of_both["peakMemoryBytes"] <= 200_000_000


def test_page_cache_is_not_use(agents: Agents) -> None:
    ended = agents.run("cache", script="head -c 90000000 /dev/zero > file; cat file file > /dev/null", memory="128Mi")
    assert ended.exit_code == 0, ended
    assert ended.message["usage"]["peakMemoryBytes"] < 60_000_000


def test_too_little_memory_is_told_as_such(agents: Agents) -> None:
    eat = "#!/usr/bin/env python3\nimport time\nheld = [bytearray(b'x') * 10_000_000 for _ in range(40)]"
    ended = agents.run("hungry", script=eat, memory="96Mi")
    assert ended.exit_code == 137, ended
    assert "OOMKilled" in {ended.reason, ended.message.get("reason")}


def test_time_is_up(agents: Agents) -> None:
    ended = agents.run("slow", script="sleep 300", timeoutSeconds=1)
    assert (ended.exit_code, ended.message["reason"]) == (124, "Timeout")


def test_the_kubelet_asks_it_to_end(agents: Agents) -> None:
    agents.start("asked", script="trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.1; done")
    until("it runs", lambda: "ready" in agents.log("asked"), 120)
    deadline = '{"spec": {"activeDeadlineSeconds": 1}}'
    agents.cluster.kubectl("patch", "pod", "asked", "-n", NAMESPACE, "--type=merge", "-p", deadline)
    ended = agents.end("asked")
    assert (ended.pod_reason, ended.exit_code) == ("DeadlineExceeded", 143), ended
    assert ended.message["reason"] == "Terminated"


def test_orphans_are_reaped(agents: Agents) -> None:
    ended = agents.run(
        "orphans",
        script="""
            for i in 1 2 3 4 5; do (setsid sh -c 'sleep 0.1' &) ; done
            sleep 1
            cat /proc/[0-9]*/stat | grep -c ' Z '
            true
        """,
    )
    assert ended.log.splitlines()[-1] == "0"


def test_a_refusal_is_read_by_the_kubelet(agents: Agents) -> None:
    ended = agents.run("nothing", description="Deploy it", agentType="deployment")
    assert (ended.phase, ended.exit_code, ended.message["reason"]) == ("Failed", 65, "AgentNotConfigured")
