"""Kubernetes Events, on TaskDistributions, AgentTypes and Providers: few, and lost without harm."""

from __future__ import annotations

import hashlib
import logging

from taskdist.api.agent_type import AgentType
from taskdist.api.names import API_VERSION, FIELD_MANAGER
from taskdist.api.provider import Provider
from taskdist.api.task_distribution import TaskDistribution
from taskdist.cluster import paths
from taskdist.cluster.client import Client
from taskdist.cluster.errors import ApiError, ClusterUnreachableError
from taskdist.reconcile.actions import Event

_log = logging.getLogger(__name__)


async def publish_event(
    client: Client, about: TaskDistribution | AgentType | Provider, event: Event, now: str = ""
) -> None:
    """Create one Event. Its name is made from what it says, so that a repetition finds the first and adds nothing.

    What has no namespace has its events in ``default``, as nodes have. With ``now`` the same may happen again at another time.
    """
    metadata = about.metadata
    key = f"{metadata.uid}/{metadata.generation}/{event.reason}/{event.message}/{now}"
    now = now or client.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    namespace = metadata.namespace or "default"
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata.name}.{hashlib.sha256(key.encode()).hexdigest()[:16]}",
            "namespace": namespace,
        },
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": about.kind,
            "name": metadata.name,
            "namespace": metadata.namespace,
            "uid": metadata.uid,
            "resourceVersion": metadata.resource_version,
        },
        "type": event.type,
        "reason": event.reason,
        "message": event.message[:1024],
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    try:
        await client.post(paths.collection("Event", namespace), body)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            _log.warning("%s/%s: event %s not written: %s", namespace, metadata.name, event.reason, error)
    except ClusterUnreachableError as error:
        _log.warning("%s/%s: event %s not written: %s", namespace, metadata.name, event.reason, error)
