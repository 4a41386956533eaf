"""TaskDistributions for tests on simulated nodes, and what the cluster says became of them."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from e2e.cluster import Cluster
from e2e.cluster.polling import until


def task(
    name: str, *after: str, delay: str = "200ms", results: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A task whose simulated pod ends after ``delay`` with ``results``."""
    env = [{"name": "SIMULATED_DELAY", "value": delay}]
    if results is not None:
        env.append({"name": "SIMULATED_MESSAGE", "value": json.dumps({"results": results})})
    env += more.pop("env", [])
    wanted = {"name": name, "agentType": "general", "script": "true", "dependsOn": list(after), "env": env}
    return {k: v for k, v in (wanted | more).items() if v}


def layers(depth: int, width: int, **more: Any) -> list[dict[str, Any]]:
    """The benchmark's graph: each task waits for two of the layer before."""
    return [
        task(f"l{row}-{i}", *sorted({f"l{row - 1}-{i}", f"l{row - 1}-{(i + 1) % width}"} if row else ()), **more)
        for row in range(depth)
        for i in range(width)
    ]


def apply(cluster: Cluster, namespace: str, name: str, **spec: Any) -> None:
    cluster.apply(
        {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "TaskDistribution",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
    )


def condition(cluster: Cluster, namespace: str, name: str, type_: str) -> dict[str, Any]:
    status = cluster.get("td", name, "-n", namespace).get("status", {})
    return next((c for c in status.get("conditions", []) if c["type"] == type_), {})


def wait_for(
    cluster: Cluster, namespace: str, name: str, type_: str, state: str = "True", seconds: float = 120
) -> dict[str, Any]:
    return until(
        f"{name}: {type_}={state}",
        lambda: (c := condition(cluster, namespace, name, type_)).get("status") == state and c,
        seconds,
    )


def phases(cluster: Cluster, namespace: str, name: str = "") -> dict[str, str]:
    """Phase of each subtask: of all, or of one distribution."""
    label = ("-l", f"taskdist.dev/distribution={name}") if name else ()
    items = cluster.get("subtasks.taskdist.dev", "-n", namespace, *label)["items"]
    return {st["spec"]["id"]: st.get("status", {}).get("phase", "") for st in items}


def subtask_status(cluster: Cluster, namespace: str, name: str) -> dict[str, Any]:
    """Status of one SubTask, empty while there is none: to be polled from before it is created."""
    items = cluster.get("subtasks.taskdist.dev", "-n", namespace, f"--field-selector=metadata.name={name}")["items"]
    status: dict[str, Any] = items[0].get("status", {}) if items else {}
    return status


def created_pods(cluster: Cluster, namespace: str) -> Counter[str]:
    """How often each pod was created, told by the API server's audit log and not by the operator."""
    return Counter(
        event["objectRef"]["name"]
        for event in cluster.audit_events()
        if event["verb"] == "create"
        and event["objectRef"].get("resource") == "pods"
        and not event["objectRef"].get("subresource")
        and event["objectRef"].get("namespace") == namespace
        and event["stage"] == "ResponseComplete"
        and event["responseStatus"]["code"] == 201
    )
