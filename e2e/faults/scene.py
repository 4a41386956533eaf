"""Cluster, proxy, operator and oracle together: what every fault test sets up."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from e2e.cluster.local import SimulatedCluster
from e2e.cluster.polling import until
from e2e.faults.api import OURS, Api, RefusedError
from e2e.faults.audit import Audit, Event, counts, violations
from e2e.faults.endstate import EndState, end_state
from e2e.faults.proxy import FaultProxy
from e2e.operator_process import OperatorProcess

NAME = "dag"
"""Every distribution has this name, in a namespace of its own: names of children are then equal."""


def task(name: str, *after: str, delay: str = "100ms", **env: str) -> dict[str, Any]:
    """A task whose simulated pod ends after `delay`; more variables as docs/local-cluster.md has them, without the prefix."""
    told = {"delay": delay, **env}
    variables = [{"name": f"SIMULATED_{key.upper()}", "value": value} for key, value in told.items()]
    wanted = {"name": name, "agentType": "general", "script": "true", "env": variables}
    return wanted | ({"dependsOn": list(after)} if after else {})


def diamond(delay: str = "100ms") -> list[dict[str, Any]]:
    """Four tasks: one, two beside each other, one."""
    return [
        task("a", delay=delay),
        task("b", "a", delay=delay),
        task("c", "a", delay=delay),
        task("d", "b", "c", delay=delay),
    ]


def layers(depth: int, width: int, delay: str = "100ms") -> list[dict[str, Any]]:
    """The benchmark's graph: each task waits for two of the layer before."""
    return [
        task(f"l{row}-{i}", *sorted({f"l{row - 1}-{i}", f"l{row - 1}-{(i + 1) % width}"} if row else ()), delay=delay)
        for row in range(depth)
        for i in range(width)
    ]


def pod_path(namespace: str, name: str, tail: str = "") -> str:
    """Path of a pod, or of its subresource (``/status``)."""
    return f"/api/v1/namespaces/{namespace}/pods/{name}{tail}"


class Scene:
    """One simulated cluster with CRDs and an agent type; operators and proxies come and go."""

    def __init__(self, cluster: SimulatedCluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.api = Api(cluster)
        self.audit = Audit(cluster.control_plane.audit_log)

    @contextmanager
    def proxied(self, **options: Any) -> Iterator[tuple[FaultProxy, OperatorProcess]]:
        """A proxy and an operator behind it, in sync."""
        with self.proxy() as proxy, self.operator(proxy.kubeconfig, **options) as operator:
            yield proxy, operator

    @contextmanager
    def proxy(self) -> Iterator[FaultProxy]:
        """A proxy."""
        with FaultProxy(self.cluster, self.folder / f"{uuid.uuid4().hex[:8]}.kubeconfig") as proxy:
            yield proxy

    @contextmanager
    def operator(self, kubeconfig: Path | None = None, **options: Any) -> Iterator[OperatorProcess]:
        """An operator; straight to the API server unless a kubeconfig is given."""
        log = self.folder / f"operator-{uuid.uuid4().hex[:8]}.log"
        with OperatorProcess(
            kubeconfig or self.cluster.kubeconfig, log, agent_image="taskdist.dev/taskdist:test", **options
        ) as operator:
            yield operator

    # --- namespaces and objects --------------------------------------------------------------------------------------

    @contextmanager
    def namespaces(self, count: int) -> Iterator[list[str]]:
        """Fresh namespaces, ready for pods; deleted afterwards without waiting."""
        names = [f"f-{uuid.uuid4().hex[:8]}" for _ in range(count)]
        for name in names:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            self.api.request("POST", "/api/v1/namespaces", body)
        for name in names:
            self.eventually(f"service account in {name}", lambda n=name: self._has_account(n), 30)
        with ExitStack() as stack:
            for name in names:
                stack.callback(self.api.request, "DELETE", f"/api/v1/namespaces/{name}")
            yield names

    @contextmanager
    def namespace(self) -> Iterator[str]:
        """One fresh namespace."""
        with self.namespaces(1) as (name,):
            yield name

    def run(self, namespace: str, tasks: list[dict[str, Any]], **spec: Any) -> None:
        """Apply a distribution."""
        self.api.create(namespace, NAME, {"tasks": tasks, **spec})

    def condition(self, namespace: str, kind: str) -> dict[str, Any]:
        """One condition of the distribution; empty where there is none yet."""
        status = self.api.root(namespace, NAME).get("status", {})
        return next((c for c in status.get("conditions", ()) if c["type"] == kind), {})

    def finish(self, namespace: str, seconds: float = 120) -> None:
        """Return when the distribution has finished."""
        self.eventually(f"{namespace} finished", lambda: self.finished(namespace), seconds)

    def finished(self, namespace: str) -> bool:
        """Whether it has."""
        return bool(self.condition(namespace, "Finished").get("status") == "True")

    def phases(self, namespace: str) -> dict[str, str]:
        """The phase of each subtask by id."""
        return {st["spec"]["id"]: st.get("status", {}).get("phase", "") for st in self.api.subtasks(namespace)}

    def subtask(self, namespace: str, id_: str) -> dict[str, Any]:
        """One SubTask by its id."""
        return self.api.get(f"{OURS}/namespaces/{namespace}/subtasks/{NAME}-{id_}")

    def attempts(self, namespace: str, id_: str) -> list[tuple[int, str, str]]:
        """Number, reason and memory of each attempt of a SubTask."""
        found = self.subtask(namespace, id_).get("status", {}).get("attempts", [])
        return [(a["number"], a.get("reason", ""), a.get("requested", {}).get("memory", "")) for a in found]

    def children(self, namespace: str) -> list[dict[str, Any]]:
        """All that the operator makes: SubTasks, pods and plans."""
        plans: list[dict[str, Any]] = self.api.get(f"{OURS}/namespaces/{namespace}/executionplans")["items"]
        return self.api.subtasks(namespace) + self.api.pods(namespace) + plans

    def gone(self, namespace: str) -> bool:
        """Whether the distribution is no more."""
        try:
            self.api.root(namespace, NAME)
        except RefusedError as error:
            return error.status == 404
        return False

    def running(self, path: str) -> bool:
        """Whether a pod is there and runs."""
        try:
            return bool(self.api.get(path)["status"].get("phase") == "Running")
        except RefusedError:
            return False

    def terminating(self, namespace: str) -> list[str]:
        """Pods that are deleted and still there."""
        found = [p["metadata"] for p in self.api.pods(namespace)]
        return sorted(pod["name"] for pod in found if "deletionTimestamp" in pod)

    @contextmanager
    def keeper(self) -> Iterator[str]:
        """An agent type that retains results."""
        spec = {"specialization": "general", "resources": {"cpu": "100m", "memory": "64Mi"}, "retainResults": True}
        body = {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "AgentType",
            "metadata": {"name": "keeper"},
            "spec": spec,
        }
        self.api.request("POST", f"{OURS}/agenttypes", body)
        try:
            yield "keeper"
        finally:
            self.api.request("DELETE", f"{OURS}/agenttypes/keeper")

    def eventually(self, what: str, holds: Callable[[], Any], seconds: float) -> float:
        """Poll until it holds; an API server that does not answer is asked again. Returns the seconds that it took."""
        begin = time.monotonic()

        def probe() -> Any:
            try:
                return holds()
            except (OSError, RefusedError):
                return None

        until(what, probe, seconds, every=0.05)
        return time.monotonic() - begin

    # --- the oracle --------------------------------------------------------------------------------------------------

    def events(self, namespace: str) -> list[Event]:
        """Writes in a namespace, by the audit log."""
        return self.audit.events(namespace)

    def created(self, namespace: str) -> dict[str, int]:
        """How often each pod was created."""
        return dict(counts(self.events(namespace), "pods", "create"))

    def wrong(self, namespace: str) -> list[str]:
        """What must never happen, and did."""
        return violations(self.events(namespace))

    def end_state(self, namespace: str) -> EndState:
        """The canonical end state."""
        return end_state(self.api, self.events(namespace), namespace, NAME)

    def _has_account(self, namespace: str) -> bool:
        return bool(self.api.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/default"))
