"""Rows 18 and 30 of the fault table with real containers: memory that runs out, and a log of a gigabyte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster import Cluster
from e2e.distributions import apply, phases, subtask_status, wait_for
from e2e.faults.figures import Record
from e2e.image import Image
from e2e.operator_process import OperatorProcess

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = [pytest.mark.faults, pytest.mark.slow]

CRDS = sorted((Path(__file__).parents[2] / "crds").glob("*.yaml"))
HOLD = """#!/usr/bin/env python3
held = bytearray({mib} * 2**20)
for page in range(0, len(held), 4096):
    held[page] = 1
"""

TALK = """#!/usr/bin/env python3
import os
line = b"\\x1b[31m<b>" + b"x" * 1000 + b"\\n"
block = line * 1000
for _ in range(1000):
    os.write(1, block)
with open(os.environ["TASKDIST_RESULTS"], "w") as results:
    results.write('{"said": 1}')
"""


@pytest.fixture(scope="module")
def replica(real_cluster: Cluster, image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    real_cluster.install_crds(CRDS)
    real_cluster.apply(
        {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "AgentType",
            "metadata": {"name": "general"},
            "spec": {"specialization": "general", "resources": {"cpu": "100m", "memory": "64Mi"}},
        }
    )
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    with OperatorProcess(real_cluster.kubeconfig, log, agent_image=image.name) as operator:
        yield operator


def holding(name: str, mib: int, memory: str) -> dict[str, Any]:
    return {"name": name, "agentType": "general", "script": HOLD.format(mib=mib), "resources": {"memory": memory}}


def test_out_of_memory(real_cluster: Cluster, replica: OperatorProcess, real_namespace: str, record: Record) -> None:
    oom = {"factor": "2", "maxMemory": "192Mi", "maxAttempts": 5}
    tasks = [holding("fits", 150, "64Mi"), holding("never", 400, "96Mi")]
    alone = {"failurePolicy": "ContinueIndependent"}  # the one that fails must not stop the other
    apply(real_cluster, real_namespace, "oom", tasks=tasks, resourcePolicy={"oom": oom}, **alone)
    wait_for(real_cluster, real_namespace, "oom", "Finished", seconds=300)
    trails = {
        name: [
            (a["reason"], a["requested"]["memory"])
            for a in subtask_status(real_cluster, real_namespace, f"oom-{name}")["attempts"]
        ]
        for name in ("fits", "never")
    }
    wanted = {
        "fits": [("OOMKilled", "64Mi"), ("OOMKilled", "128Mi"), ("Completed", "192Mi")],
        "never": [("OOMKilled", "96Mi"), ("OOMKilled", "192Mi")],
    }
    shown = {name: ", ".join(memory for _, memory in trail) for name, trail in trails.items()}
    figure = f"150 MiB: {shown['fits']}, {trails['fits'][-1][0]}; 400 MiB, cap 192Mi: {shown['never']}, then failed"
    ended = phases(real_cluster, real_namespace, "oom") == {"fits": "Succeeded", "never": "Failed"}
    expected = "classified; memory grows by policy, capped; converges ≤ 3 attempts"
    record(18, "out of memory in real containers", figure, expected, ok=trails == wanted and ended)


def test_a_log_of_a_gigabyte(
    real_cluster: Cluster, replica: OperatorProcess, real_namespace: str, record: Record
) -> None:
    apply(
        real_cluster, real_namespace, "loud",
        tasks=[{"name": "talks", "agentType": "general", "script": TALK, "resources": {"memory": "128Mi"}}],
    )  # fmt: skip
    wait_for(real_cluster, real_namespace, "loud", "Finished", seconds=500)
    status = subtask_status(real_cluster, real_namespace, "loud-talks")
    pod = real_cluster.get("pod", "loud-talks-1", "-n", real_namespace)
    message = pod["status"]["containerStatuses"][0]["state"]["terminated"].get("message", "")
    size = len(json.dumps(status))
    figure = f"{status['phase']}, {status.get('results')}, status {size} B, message {len(message)} B"
    ok = (
        status["phase"] == "Succeeded"
        and status["results"] == {"said": "1"}
        and size < 8192
        and "\x1b" not in json.dumps(status)
    )
    record(30, "an agent that logs a gigabyte", figure, "truncated, data only", ok=ok and not replica.ended)
