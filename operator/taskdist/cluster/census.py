"""The statuses of AgentTypes and Providers: their live pods, whether their circuits let work through, what attempts taught.

Derived from what is known, written only where it differs, a few seconds apart; a circuit that opens or closes is also told as an
event. Open circuits and what was learned are taken up by a fresh operator where the last one left them, and plans are made with
what was learned; nothing else decides on these statuses.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from taskdist.api.agent_type import AgentType
from taskdist.api.names import API_VERSION, Circuit, ConditionStatus, ConditionType, Reason
from taskdist.api.provider import Provider
from taskdist.cluster import paths
from taskdist.cluster.client import MERGE_PATCH, Client
from taskdist.cluster.errors import ApiError, ClusterUnreachableError
from taskdist.cluster.publish import publish_event
from taskdist.cluster.store import Store
from taskdist.reconcile.actions import Event
from taskdist.reconcile.learning import Learning
from taskdist.reconcile.text import wire_time
from taskdist.telemetry import metrics

_log = logging.getLogger(__name__)
_INTERVAL = 2.0
_HISTORY_INTERVAL = timedelta(seconds=30)
"""What attempts taught is written of one agent type at most so often."""


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


async def publish(client: Client, store: Store, clock: Callable[[], datetime], *, writes: bool = True) -> None:
    """Keep the statuses up to date until cancelled.

    Of operators that share the namespaces out among them one ``writes``: two would set each other's counts right for ever.
    """
    learning = Learning()
    while True:
        await asyncio.sleep(_INTERVAL)
        health, now = store.catalogue.health, clock()
        _count_circuits(store, now)
        if not writes:
            store.lessons.clear()
            store.delays.clear()
            continue
        census = count(store)
        seen = [store.lessons.popleft() for _ in range(len(store.lessons))]
        store.lessons.extend(learning.take(seen, store.catalogue.agent_types, now))
        learning.time([store.delays.popleft() for _ in range(len(store.delays))], store.catalogue.agent_types)
        for agent_type in tuple(store.catalogue.agent_types.values()):
            name = agent_type.metadata.name
            circuit = health.agent_circuit(name, now)
            why = health.agent_types[name].why if name in health.agent_types else ""
            condition = _condition(agent_type, ConditionType.READY, circuit, why, now)
            wanted = {"active": census.by_agent_type[name], **_common(agent_type, condition)}
            taught = learning.to_write(agent_type, now, _HISTORY_INTERVAL)
            if await _bring_up_to_date(client, agent_type, wanted | taught, condition) and taught:
                learning.wrote(agent_type)
        for provider in tuple(store.catalogue.providers.values()):
            name = provider.metadata.name
            circuit = health.provider_circuit(provider, now)
            why = health.providers[name].why if name in health.providers else ""
            condition = _condition(provider, ConditionType.HEALTHY, circuit, why, now)
            wanted = {
                "active": census.by_provider[name],
                "healthy": circuit is not Circuit.OPEN,
                "circuit": circuit.value,
                **_common(provider, condition),
            }
            await _bring_up_to_date(client, provider, wanted, condition)


def _count_circuits(store: Store, now: datetime) -> None:
    health = store.catalogue.health
    metrics.OPEN_CIRCUITS.labels("provider").set(
        sum(health.provider_circuit(p, now) is not Circuit.CLOSED for p in store.catalogue.providers.values())
    )
    metrics.OPEN_CIRCUITS.labels("agent_type").set(
        sum(health.agent_circuit(name, now) is not Circuit.CLOSED for name in store.catalogue.agent_types)
    )


def _common(thing: AgentType | Provider, condition: dict[str, Any]) -> dict[str, Any]:
    return {"observedGeneration": thing.metadata.generation, "conditions": [condition]}


def _condition(
    thing: AgentType | Provider, type_: ConditionType, circuit: Circuit, why: str, now: datetime
) -> dict[str, Any]:
    known = next((c for c in thing.status.conditions if c.type == type_), None)
    opened = Reason.CIRCUIT_OPEN if type_ is ConditionType.HEALTHY else Reason.QUARANTINED
    status, reason, message = {
        Circuit.CLOSED: (ConditionStatus.TRUE, Reason.READY, ""),
        Circuit.OPEN: (ConditionStatus.FALSE, opened, why),
        Circuit.HALF_OPEN: (ConditionStatus.UNKNOWN, Reason.PROBING, f"one attempt probes it; before: {why}"),
    }[circuit]
    since = known.last_transition_time if known is not None and known.status is status else now
    return {
        "type": type_.value,
        "status": status.value,
        "reason": reason.value,
        "message": message[:1024],
        "lastTransitionTime": wire_time(since),
        "observedGeneration": thing.metadata.generation,
    }


async def _bring_up_to_date(
    client: Client, thing: AgentType | Provider, wanted: dict[str, Any], condition: dict[str, Any]
) -> bool:
    """Write a status that differs, and tell of a circuit that moved; returns whether the status is as wanted now."""
    status = thing.status.model_dump(mode="json", by_alias=True)
    known = next((c for c in status.get("conditions", ()) if c["type"] == condition["type"]), None)
    same = known is not None and all(known.get(k) == condition[k] for k in ("status", "reason", "message"))
    if same and all(status.get(k) == v for k, v in wanted.items() if k != "conditions"):
        return True
    body = {
        "apiVersion": API_VERSION,
        "kind": thing.kind,
        "metadata": {"name": thing.metadata.name},
        "status": wanted,
    }
    try:
        await client.patch(paths.item(thing.kind, None, thing.metadata.name, "status"), body, MERGE_PATCH)
    except (ApiError, ClusterUnreachableError) as error:
        _log.info("status of %s %s not written: %s", thing.kind, thing.metadata.name, error)
        return False
    if (known["status"] if known is not None else ConditionStatus.TRUE.value) != condition["status"]:
        good = condition["status"] == ConditionStatus.TRUE.value
        type_ = "Normal" if good else "Warning"
        message = condition["message"] or f"{thing.kind} {thing.metadata.name} is ready again"
        _log.log(logging.INFO if good else logging.WARNING, "%s %s: %s", thing.kind, thing.metadata.name, message)
        await publish_event(
            client, thing, Event(type_, condition["reason"], message), now=condition["lastTransitionTime"]
        )
    return True
