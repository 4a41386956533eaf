"""How many pods of each agent type and provider are alive, in the statuses of AgentTypes and Providers.

Counted from what is known, written only where it differs, a few seconds apart: a figure for people, which nothing decides on.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass

from taskdist.api.names import API_VERSION
from taskdist.cluster import paths
from taskdist.cluster.client import MERGE_PATCH, Client
from taskdist.cluster.errors import ApiError, ClusterUnreachableError
from taskdist.cluster.store import Store

_log = logging.getLogger(__name__)
_INTERVAL = 5.0


@dataclass(frozen=True, slots=True)
class Census:
    """Live pods by agent type and by provider."""

    by_agent_type: Counter[str]
    by_provider: Counter[str]


def count(store: Store) -> Census:
    """Count over all distributions."""
    by_agent_type: Counter[str] = Counter()
    by_provider: Counter[str] = Counter()
    for projection in store.projections.values():
        for pod in projection.pods.values():
            if not pod.ended:
                by_agent_type[pod.agent_type] += 1
                by_provider[pod.provider] += 1
    return Census(by_agent_type, by_provider)


async def publish(client: Client, store: Store) -> None:
    """Keep the statuses up to date until cancelled."""
    while True:
        await asyncio.sleep(_INTERVAL)
        census = count(store)
        for agent_type in tuple(store.catalogue.agent_types.values()):
            name = agent_type.metadata.name
            if agent_type.status.active != census.by_agent_type[name] or not agent_type.status.observed_generation:
                status = {"active": census.by_agent_type[name], "observedGeneration": agent_type.metadata.generation}
                await _patch(client, "AgentType", name, status)
        for provider in tuple(store.catalogue.providers.values()):
            name = provider.metadata.name
            if provider.status.active != census.by_provider[name] or not provider.status.observed_generation:
                status = {"active": census.by_provider[name], "observedGeneration": provider.metadata.generation}
                await _patch(client, "Provider", name, status)


async def _patch(client: Client, kind: str, name: str, status: dict[str, int]) -> None:
    body = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "status": status}
    try:
        await client.patch(paths.item(kind, None, name, "status"), body, MERGE_PATCH)
    except (ApiError, ClusterUnreachableError) as error:
        _log.info("status of %s %s not written: %s", kind, name, error)
