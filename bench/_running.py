"""A simulated cluster, the operator as a process, and graphs to run on them: what the running benchmarks share."""

from __future__ import annotations

import os
import platform
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e import cluster
from e2e.cluster.local import SimulatedCluster
from e2e.faults.api import OURS, Api
from e2e.installed import admission_policies, operator_account
from e2e.operator_process import OperatorProcess

CRDS = sorted((Path(__file__).resolve().parents[1] / "crds").glob("*.yaml"))
NAME = "bench"
_GOGC = "400"
AGENT_TYPE: dict[str, Any] = {
    "apiVersion": "taskdist.dev/v1alpha1",
    "kind": "AgentType",
    "metadata": {"name": "bench"},
    "spec": {"specialization": "general", "baseSeconds": 1, "resources": {"cpu": "10m", "memory": "16Mi"}},
}


@dataclass(frozen=True)
class Graph:
    """W subtasks beside each other in D layers; (l, i) waits for (l-1, i) and (l-1, i+1 mod W). Each pod runs for one second.

    Written W x D, as the anchors have it: 100x1 takes one second at least, 50x20 takes twenty.
    """

    width: int
    depth: int

    @property
    def size(self) -> int:
        return self.depth * self.width

    def parents(self) -> dict[str, list[str]]:
        return {
            f"t{layer}-{i}": sorted({f"t{layer - 1}-{i}", f"t{layer - 1}-{(i + 1) % self.width}"} if layer else ())
            for layer in range(self.depth)
            for i in range(self.width)
        }

    def spec(self) -> dict[str, Any]:
        """The distribution: as much beside each other as the graph allows."""
        tasks = [
            {"name": name, "agentType": "bench", "script": "true", "complexity": "0.5", "dependsOn": parents}
            for name, parents in self.parents().items()
        ]
        return {"tasks": tasks, "limits": {"maxParallel": 2 * self.width}}

    def __str__(self) -> str:
        return f"{self.width}x{self.depth}"


@contextmanager
def benched(*, audit: str = "", plain: bool = False, **options: Any) -> Iterator[Bench]:
    """Bring a cluster of the benchmark's own up, and take it down. On a ``plain`` one all pods succeed after a second."""
    cluster.sweep()
    name = f"bench-{os.getpid()}"
    try:
        pool = cluster.NodePool(count=10, cpu="1000", memory="4Ti", pods=10_000, plain=plain)
        with _collecting_seldom():
            running = cluster.up("simulated", name, audit=audit, owner=cluster.Identity.own(), pool=pool)
        if not isinstance(running, SimulatedCluster):
            raise SystemExit("no simulated cluster")
        running.install_crds(CRDS)
        running.apply(*admission_policies(warnings=True))
        running.apply(AGENT_TYPE)
        with tempfile.TemporaryDirectory() as folder:
            yield Bench(running, Path(folder), options)
    finally:
        cluster.down(name)


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """What is started meanwhile collects its garbage when its memory has grown fivefold, unless ``$GOGC`` says otherwise.

    By default Go programs do so each time it has doubled, and that of a server without a past doubles often: it spends a seventh
    of its time on it (docs/performance.md).
    """
    given = os.environ.get("GOGC")
    os.environ["GOGC"] = given or _GOGC
    try:
        yield
    finally:
        if given is None:
            del os.environ["GOGC"]


class Bench:
    """One cluster; an operator comes and goes, so that the reference runs without one beside it."""

    def __init__(self, running: SimulatedCluster, folder: Path, options: dict[str, Any]) -> None:
        self.cluster = running
        self.api = Api(running)
        self.kubeconfig = operator_account(running, folder / "operator.kubeconfig")
        """The operator's, as an installation has it; also the reference's, so that both are let in by the same means."""
        self._folder = folder
        self._options = options

    @contextmanager
    def operator(self, **more: Any) -> Iterator[OperatorProcess]:
        log = self._folder / f"{uuid.uuid4().hex[:8]}.log"
        options = {"agent_image": "taskdist.dev/taskdist:bench", **self._options, **more}
        with OperatorProcess(self.kubeconfig, log, **options) as operator:
            yield operator

    def server_cpu(self) -> dict[str, float]:
        """CPU seconds so far of each process of the cluster."""
        return {process.name: cpu_seconds(process.pid) for process in self.cluster.processes.all()}

    def new_namespace(self) -> str:
        """A fresh namespace, which goes with the cluster."""
        name = f"b-{uuid.uuid4().hex[:8]}"
        self.api.request(
            "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        )
        self.cluster.wait_service_account(name)
        return name

    @contextmanager
    def namespace(self) -> Iterator[str]:
        """A fresh namespace; emptied afterwards, waiting until it is gone: its end must not be measured with the next run."""
        name = self.new_namespace()
        try:
            yield name
        finally:
            self.cluster.kubectl("delete", "namespace", name, "--timeout=600s", timeout=620)

    def status(self, namespace: str, name: str = NAME) -> dict[str, Any]:
        status: dict[str, Any] = self.api.root(namespace, name).get("status", {})
        return status

    def learned(self) -> int:
        """Attempts of the benchmark's agent type that its status counts."""
        status = self.api.request("GET", f"{OURS}/agenttypes/{AGENT_TYPE['metadata']['name']}").get("status", {})
        return int(status.get("samples", 0))

    def run(self, namespace: str, graph: Graph, seconds: float = 900) -> float:
        """Run a distribution to its end; the seconds from its creation.

        The end is seen by a watch, as the reference sees it: to ask for a root of a thousand tasks again and again would take the
        API server as much time as it needs for the work.
        """
        selector = f"{OURS}/namespaces/{namespace}/taskdistributions?fieldSelector=metadata.name%3D{NAME}"
        seen = self.api.watch(selector, int(seconds))
        begin = time.monotonic()
        self.api.create(namespace, NAME, graph.spec())
        ended = next((root["status"] for root in seen if finished(root.get("status", {}))), None)
        if ended is None:
            raise SystemExit(f"{graph}: not finished after {seconds} s")
        took = time.monotonic() - begin
        if ended.get("phase") != "Succeeded":
            raise SystemExit(f"{graph}: {ended.get('phase')}")
        return took


def finished(status: dict[str, Any]) -> bool:
    return any(c["type"] == "Finished" and c["status"] == "True" for c in status.get("conditions", ()))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int, what: str = "VmHWM") -> float:
    """Resident memory of a process: its peak, or `VmRSS` for now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def machine() -> str:
    """What the figures were taken on."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    total = resource.getpagesize() * os.sysconf("SC_PHYS_PAGES") // 2**30
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, {total} GiB, load average {load}"


def verdict(figure: str, bar: str, *, ok: bool) -> int:
    """Print the closing line and return the exit status."""
    print(f"{figure} (bar {bar}): {'ok' if ok else 'short'}")
    sys.stdout.flush()
    return 0 if ok else 1
