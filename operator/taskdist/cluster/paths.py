"""URL paths of the API server's resources: one place that knows group, version and plural of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Resource:
    """One REST resource; ``prefix`` is ``api/v1`` or ``apis/<group>/<version>``."""

    prefix: str
    plural: str
    namespaced: bool = True


_OURS = "apis/taskdist.dev/v1alpha1"
RESOURCES: dict[str, Resource] = {
    "TaskDistribution": Resource(_OURS, "taskdistributions"),
    "SubTask": Resource(_OURS, "subtasks"),
    "ExecutionPlan": Resource(_OURS, "executionplans"),
    "AgentType": Resource(_OURS, "agenttypes", namespaced=False),
    "Provider": Resource(_OURS, "providers", namespaced=False),
    "Pod": Resource("api/v1", "pods"),
    "ConfigMap": Resource("api/v1", "configmaps"),
    "Event": Resource("api/v1", "events"),
    "Node": Resource("api/v1", "nodes", namespaced=False),
    "PriorityClass": Resource("apis/scheduling.k8s.io/v1", "priorityclasses", namespaced=False),
    "Namespace": Resource("api/v1", "namespaces", namespaced=False),
    "ResourceQuota": Resource("api/v1", "resourcequotas"),
    "LimitRange": Resource("api/v1", "limitranges"),
    "Workload": Resource("apis/kueue.x-k8s.io/v1beta2", "workloads"),
    "Lease": Resource("apis/coordination.k8s.io/v1", "leases"),
}


def collection(kind: str, namespace: str | None = None) -> str:
    """Path of all objects of a kind: of one namespace, or of the whole cluster when ``namespace`` is ``None``."""
    resource = RESOURCES[kind]
    if namespace is None or not resource.namespaced:
        return f"/{resource.prefix}/{resource.plural}"
    return f"/{resource.prefix}/namespaces/{quote(namespace, safe='')}/{resource.plural}"


def item(kind: str, namespace: str | None, name: str, subresource: str = "") -> str:
    """Path of one object, or of its subresource (``status``, ``log``)."""
    tail = f"/{subresource}" if subresource else ""
    return f"{collection(kind, namespace)}/{quote(name, safe='')}{tail}"
