"""What the cluster offers to a plan: nodes, quota and limits of the namespace.

Quota and limits are read once per plan, nodes where nobody watches them; what may not be read is unknown.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from taskdist.cluster import paths
from taskdist.cluster.client import Client
from taskdist.cluster.errors import ApiError
from taskdist.cluster.wire import allocatable
from taskdist.engine.model import ClusterFacts, Resources
from taskdist.engine.quantity import parse_cpu_millis, parse_memory_bytes

_log = logging.getLogger(__name__)
_MOST = 2**62


async def cluster_facts(client: Client, namespace: str, nodes: Sequence[Resources] | None = None) -> ClusterFacts:
    """Gather what the planner checks requests against.

    Args:
        client: who asks the API server.
        namespace: whose quota and limits they are.
        nodes: what each schedulable node has for pods, if somebody watches them: in a large cluster their list is megabytes.
    """
    quotas, ranges = await asyncio.gather(
        _list(client, paths.collection("ResourceQuota", namespace)),
        _list(client, paths.collection("LimitRange", namespace)),
    )
    nodes = await _nodes(client) if nodes is None else nodes
    minimum, maximum = _container_limits(ranges)
    return ClusterFacts(
        largest_node=max(nodes, key=lambda r: (r.memory_bytes, r.cpu_millis), default=None),
        allocatable=Resources(sum(n.cpu_millis for n in nodes), sum(n.memory_bytes for n in nodes)) if nodes else None,
        quota_free=_quota_free(quotas),
        quota_free_pods=_quota_free_pods(quotas),
        quota_total=_quota_free(quotas, used=False),
        quota_total_pods=_quota_free_pods(quotas, used=False),
        limit_minimum=minimum,
        limit_maximum=maximum,
    )


async def namespace_labels(client: Client, namespace: str) -> dict[str, str]:
    """Labels of a namespace; none where they may not be read."""
    try:
        found = await client.get(paths.item("Namespace", None, namespace))
    except ApiError as error:
        if error.status not in {403, 404}:
            raise
        return {"kubernetes.io/metadata.name": namespace}
    labels: dict[str, str] = found.get("metadata", {}).get("labels") or {}
    return labels


async def priority_value(client: Client, name: str) -> int:
    """Value of a PriorityClass; 0 where none is named, or it may not be read."""
    if not name:
        return 0
    try:
        found = await client.get(paths.item("PriorityClass", None, name))
    except ApiError as error:
        if error.status not in {403, 404}:
            raise
        return 0
    return int(found.get("value", 0))


async def _list(client: Client, path: str) -> list[dict[str, Any]]:
    try:
        return list((await client.list(path))["items"])
    except ApiError as error:
        if error.status != 403:
            raise
        _log.debug("may not list %s: planning without it", path)
        return []


async def _nodes(client: Client) -> Sequence[Resources]:
    found = await _list(client, paths.collection("Node"))
    return [
        allocatable((node.get("status") or {}).get("allocatable") or {})
        for node in found
        if not (node.get("spec") or {}).get("unschedulable")
    ]


def _left(quota: dict[str, Any], name: str) -> str | None:
    hard = ((quota.get("status") or {}).get("hard") or {}).get(name)
    return str(hard) if hard is not None else None


def _used(quota: dict[str, Any], name: str) -> str:
    return str(((quota.get("status") or {}).get("used") or {}).get(name, "0"))


def _quota_free(quotas: list[dict[str, Any]], *, used: bool = True) -> Resources | None:
    """What the quotas allow, less what is used."""

    def spent(quota: dict[str, Any], name: str) -> str:
        return _used(quota, name) if used else "0"

    cpu = memory = _MOST
    found = False
    for quota in quotas:
        for name in ("requests.cpu", "cpu"):
            if (hard := _left(quota, name)) is not None:
                cpu = min(cpu, parse_cpu_millis(hard) - parse_cpu_millis(spent(quota, name)))
                found = True
        for name in ("requests.memory", "memory"):
            if (hard := _left(quota, name)) is not None:
                memory = min(memory, parse_memory_bytes(hard) - parse_memory_bytes(spent(quota, name)))
                found = True
    return Resources(max(cpu, 0), max(memory, 0)) if found else None


def _quota_free_pods(quotas: list[dict[str, Any]], *, used: bool = True) -> int | None:
    free = [
        int(hard) - (int(_used(quota, name)) if used else 0)
        for quota in quotas
        for name in ("pods", "count/pods")
        if (hard := _left(quota, name)) is not None and hard.isdecimal()
    ]
    return max(min(free), 0) if free else None


def _container_limits(ranges: list[dict[str, Any]]) -> tuple[Resources | None, Resources | None]:
    minimum = maximum = None
    for limit_range in ranges:
        for limit in (limit_range.get("spec") or {}).get("limits") or ():
            if limit.get("type") != "Container":
                continue
            low, high = limit.get("min") or {}, limit.get("max") or {}
            if low:
                minimum = Resources(parse_cpu_millis(low.get("cpu", "0")), parse_memory_bytes(low.get("memory", "0")))
            if high:
                cpu = parse_cpu_millis(high["cpu"]) if "cpu" in high else _MOST
                memory = parse_memory_bytes(high["memory"]) if "memory" in high else _MOST
                maximum = Resources(cpu, memory)
    return minimum, maximum
