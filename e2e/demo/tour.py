"""Runs the samples through the CLI and shows what a user sees, each command before its output."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.cluster import binaries, until
from e2e.cluster.places import CHECKOUT
from e2e.cluster.progress import say, step

if TYPE_CHECKING:
    from e2e.cluster import Cluster

NAMESPACE = "taskdist-demo"
SAMPLES = CHECKOUT / "manifests" / "samples"


def run(cluster: Cluster) -> int:
    """Show the three samples; returns the exit code of the first, which is the one that runs."""
    _fresh_namespace(cluster)
    simulated = cluster.kind == "simulated"
    how = "on simulated nodes: its pods are played, nothing is computed" if simulated else "computed by scripts in pods"
    _title(f"Real work: insights into Python's standard library, {how}")
    # Ends with the tree: durations, requested and used resources, cost planned and in all.
    code = _taskdist(cluster, "submit", "-f", _sample("insights"), "--watch")
    if not simulated:
        _taskdist(cluster, "logs", "insights", "report")

    _title(
        "Free text: split into subtasks and planned. As no agent type has a model yet, it is Stalled and makes no pod"
    )
    _taskdist(cluster, "plan", "-f", _sample("freetext"))
    _kubectl(cluster, "apply", "-f", _sample("freetext"))
    _wait_planned(cluster, "freetext")
    _taskdist(cluster, "get", "freetext")

    _title("A plan to look at: strategy Parallel, PlanOnly, with its warnings")
    _kubectl(cluster, "apply", "-f", _sample("parallel-plan"))
    _wait_planned(cluster, "parallel-plan")
    _taskdist(cluster, "get", "parallel-plan")

    _title("All of it, as kubectl shows it")
    _kubectl(cluster, "get", "taskdist")
    return code


def _fresh_namespace(cluster: Cluster) -> None:
    """The samples' namespace, under restricted Pod Security, without what an earlier run left."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}})
    cluster.wait_service_account(NAMESPACE)
    left = cluster.kubectl("get", "taskdistributions", "-n", NAMESPACE, "-o", "name").stdout.split()
    if left:
        with step("removing the earlier run"):
            cluster.kubectl("delete", *left, "-n", NAMESPACE, "--cascade=foreground", "--timeout=90s")


def _wait_planned(cluster: Cluster, name: str) -> None:
    """Return when the operator has made up its mind: the condition Planned is set, to whatever."""

    def judged() -> bool:
        status = cluster.get("taskdistribution", name, "-n", NAMESPACE).get("status", {})
        return any(each["type"] == "Planned" and each["status"] != "Unknown" for each in status.get("conditions", ()))

    until(f"a plan for {name}", judged, 60, every=0.3)


def _taskdist(cluster: Cluster, *arguments: str) -> int:
    return _run(cluster, Path(sys.executable).with_name("taskdist"), *arguments)


def _kubectl(cluster: Cluster, *arguments: str) -> int:
    return _run(cluster, binaries.ensure(["kubectl"])["kubectl"], *arguments)


def _run(cluster: Cluster, program: Path, *arguments: str) -> int:
    """Run one command with this terminal, so that it shows what it shows there; returns its exit code."""
    words = [*arguments, "-n", NAMESPACE]
    _say_bold(f"\n$ {program.name} {shlex.join(words)}")
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    return subprocess.run([str(program), *words], env=environment, cwd=CHECKOUT, check=False).returncode


def _sample(name: str) -> str:
    return os.fspath((SAMPLES / f"{name}.yaml").relative_to(CHECKOUT))


def _title(text: str) -> None:
    say(f"\n{'─' * min(len(text), 100)}")
    _say_bold(text)


def _say_bold(text: str) -> None:
    say(f"\033[1m{text}\033[0m" if sys.stderr.isatty() and "NO_COLOR" not in os.environ else text)
