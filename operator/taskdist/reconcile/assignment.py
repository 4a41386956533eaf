"""Who runs the next attempt of a subtask, and where: the planned agent type and provider, or what takes their place.

The plan's choice stands while it can be carried out. Whether an agent type may be used in the namespace is asked here once more,
for it may have changed since the plan; a fallback is held to the same rules as a first choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from taskdist.api.agent_type import AgentType, Override
from taskdist.api.names import Circuit, SubTaskReason
from taskdist.api.provider import Provider
from taskdist.api.task_distribution import Placement, PlacementPolicy
from taskdist.reconcile.health import AGENT_LIMITS, Health, provider_limits
from taskdist.reconcile.slots import Kind, Slot
from taskdist.reconcile.views import SubTaskView

_MOVES = frozenset({SubTaskReason.PROVIDER_UNAVAILABLE, SubTaskReason.NODE_LOST})


@dataclass(frozen=True, slots=True)
class Assignment:
    """An agent type and a provider; ``None`` is anywhere. ``probes`` must be claimed: one attempt at a time tries what failed."""

    agent_type: AgentType
    provider: Provider | None
    probes: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class Unassigned:
    """Why nobody can run it now, and when that may be different without anything being seen."""

    reason: SubTaskReason
    message: str
    until: datetime | None = None


def assign(
    subtask: SubTaskView,
    placement: Placement,
    agent_types: Mapping[str, AgentType],
    providers: Mapping[str, Provider],
    health: Health,
    namespace_labels: Mapping[str, str],
    now: datetime,
) -> Assignment | Unassigned:
    """Choose for the subtask's current attempt."""
    chosen = _agent_type(subtask, agent_types, health, namespace_labels, now)
    if isinstance(chosen, Unassigned):
        return chosen
    probes: tuple[Slot, ...] = ()
    if health.agent_circuit(chosen.metadata.name, now) is Circuit.HALF_OPEN:
        probes = (Slot(Kind.PROBE, f"agent type {chosen.metadata.name}"),)
    if not subtask.provider or not providers:
        return Assignment(chosen, None, probes)
    provider = _provider(subtask, placement, providers, health, now)
    if isinstance(provider, Unassigned):
        return provider
    if health.provider_circuit(provider, now) is Circuit.HALF_OPEN:
        probes = (*probes, Slot(Kind.PROBE, f"provider {provider.metadata.name}"))
    return Assignment(chosen, provider, probes)


def next_agent_type(
    subtask: SubTaskView, agent_types: Mapping[str, AgentType], namespace_labels: Mapping[str, str]
) -> str:
    """Name of the fallback to try when the current agent type has used up its tries, or nothing."""
    used = {a.agent_type or subtask.agent_type for a in subtask.attempts} | {subtask.agent_type}
    planned = agent_types.get(subtask.agent_type)
    for name in planned.spec.fallbacks if planned is not None else ():
        candidate = agent_types.get(name)
        if name not in used and candidate is not None and _obstacle(subtask, candidate, namespace_labels) is None:
            return name
    return ""


def alternative(
    subtask: SubTaskView,
    current: str,
    placement: Placement,
    providers: Mapping[str, Provider],
    health: Health,
    now: datetime,
) -> bool:
    """True if another provider than ``current`` could take the subtask."""
    return any(
        p.metadata.name != current and _open(p, health, now) is None and p.metadata.name not in _left(subtask)
        for p in _allowed(subtask, placement, providers)
    )


def _agent_type(
    subtask: SubTaskView,
    agent_types: Mapping[str, AgentType],
    health: Health,
    namespace_labels: Mapping[str, str],
    now: datetime,
) -> AgentType | Unassigned:
    wanted = subtask.current.agent_type or subtask.agent_type
    planned = agent_types.get(subtask.agent_type)
    names = dict.fromkeys((wanted, *(planned.spec.fallbacks if planned is not None else ())))
    why: Unassigned | None = None
    for name in names:
        candidate = agent_types.get(name)
        if candidate is None:
            found = Unassigned(SubTaskReason.AGENT_TYPE_NOT_FOUND, f"there is no AgentType {name}")
        else:
            obstacle = _obstacle(subtask, candidate, namespace_labels)
            if obstacle is None and health.agent_circuit(name, now) is Circuit.OPEN:
                breaker = health.agent_types[name]
                obstacle = Unassigned(
                    SubTaskReason.AGENT_TYPE_QUARANTINED,
                    f"AgentType {name} keeps failing ({breaker.why}); it is tried again at the end of its quarantine",
                    breaker.half_open_at(AGENT_LIMITS),
                )
            if obstacle is None:
                return candidate
            found = obstacle
        why = why or found
    assert why is not None  # noqa: S101 - there is at least the wanted one
    return why


def _obstacle(subtask: SubTaskView, candidate: AgentType, namespace_labels: Mapping[str, str]) -> Unassigned | None:
    """Why an agent type must not run this subtask in this namespace, if so."""
    name = candidate.metadata.name
    if not candidate.spec.namespace_selector.matches(namespace_labels):
        message = f"AgentType {name} may not be used in this namespace (its namespaceSelector excludes it)"
        return Unassigned(SubTaskReason.AGENT_TYPE_NOT_ALLOWED, message)
    work = subtask.work
    asked = {
        Override.SCRIPT: bool(work.script),
        Override.COMMAND: bool(work.command),
        Override.ARGS: bool(work.args),
        Override.ENV: bool(work.env),
    }
    refused = [override.value for override, used in asked.items() if used and override not in candidate.spec.overrides]
    if refused:
        message = f"AgentType {name} does not let a task set {', '.join(refused)}"
        return Unassigned(SubTaskReason.AGENT_TYPE_NOT_ALLOWED, message)
    if not (work.script or work.command or candidate.spec.accepts_text):
        return Unassigned(SubTaskReason.AGENT_NOT_CONFIGURED, f"AgentType {name} cannot act on a description alone")
    return None


def _provider(
    subtask: SubTaskView,
    placement: Placement,
    providers: Mapping[str, Provider],
    health: Health,
    now: datetime,
) -> Provider | Unassigned:
    last = subtask.attempts[-2].provider if len(subtask.attempts) > 1 else ""
    wanted = last if last in providers and last not in _left(subtask) else subtask.provider
    candidates = _allowed(subtask, placement, providers)
    if not placement.failover:
        candidates = [p for p in candidates if p.metadata.name == subtask.provider]
    candidates.sort(key=lambda p: (p.metadata.name in _left(subtask), p.metadata.name != wanted))
    why: Unassigned | None = None
    for candidate in candidates:
        obstacle = _open(candidate, health, now)
        if obstacle is None:
            return candidate
        if why is None or (obstacle.until or now) < (why.until or now):
            why = obstacle
    return why or Unassigned(
        SubTaskReason.PROVIDER_UNAVAILABLE, f"none of the allowed providers exists (planned: {subtask.provider})"
    )


def _left(subtask: SubTaskView) -> frozenset[str]:
    """Providers that this subtask has had to leave."""
    return frozenset(a.provider for a in subtask.attempts if a.reason in _MOVES and a.provider)


def _open(provider: Provider, health: Health, now: datetime) -> Unassigned | None:
    if health.provider_circuit(provider, now) is not Circuit.OPEN:
        return None
    breaker = health.providers[provider.metadata.name]
    return Unassigned(
        SubTaskReason.PROVIDER_UNAVAILABLE,
        f"provider {provider.metadata.name} is left alone for a while ({breaker.why})",
        breaker.half_open_at(provider_limits(provider)),
    )


def _allowed(subtask: SubTaskView, placement: Placement, providers: Mapping[str, Provider]) -> list[Provider]:
    """The allowed providers in the policy's order of preference."""
    names = placement.providers or tuple(sorted(providers))
    allowed = [providers[name] for name in names if name in providers]
    if placement.policy is PlacementPolicy.CHEAPEST:
        allowed.sort(key=lambda p: (_price(p), -p.spec.priority, p.metadata.name))
    elif placement.policy is not PlacementPolicy.ORDERED:
        allowed.sort(key=lambda p: (p.metadata.name != subtask.provider, -p.spec.priority, p.metadata.name))
    return allowed


def _price(provider: Provider) -> Decimal:
    """What a core and two GiB cost for an hour: the shape of a common node, to compare by."""
    prices = provider.spec.prices
    hourly = Decimal(prices.cpu_hour_usd) + 2 * Decimal(prices.memory_gib_hour_usd)
    return hourly * (1 - Decimal(prices.spot_discount))
