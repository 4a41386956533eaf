"""Which provider each subtask is planned on, among those that are allowed, healthy and large enough."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from taskdist.engine.cost import hourly_rate
from taskdist.engine.model import PlacementPolicy, ProviderSpec, Resources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskdist.engine.model import PlanRequest

DEFAULT: Final = ProviderSpec("default")
"""Stands in where no Provider exists, with the documented prices of :class:`ProviderSpec`."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Providers that may be used, in the order of preference of policy Ordered, and why others may not."""

    providers: tuple[ProviderSpec, ...]
    unknown: tuple[str, ...] = ()
    unhealthy: tuple[str, ...] = ()
    implicit: bool = False


def candidates(request: PlanRequest) -> Candidates:
    """Providers that ``request`` allows, healthy ones only unless none is; the implicit default where none exists."""
    known = {provider.name: provider for provider in request.providers}
    unknown = tuple(name for name in request.allowed_providers if name not in known)
    if not request.providers or [provider.name for provider in request.providers] == [DEFAULT.name]:
        wanted = tuple(name for name in unknown if name != DEFAULT.name)
        return Candidates(request.providers or (DEFAULT,), wanted, implicit=True)
    if request.allowed_providers:
        chosen = [known[name] for name in dict.fromkeys(request.allowed_providers) if name in known]
    else:
        chosen = sorted(known.values(), key=lambda p: (-p.priority, p.name))
    healthy = tuple(p for p in chosen if p.healthy)
    unhealthy = tuple(p.name for p in chosen if not p.healthy)
    return Candidates(healthy or tuple(chosen) or tuple(known[name] for name in sorted(known)), unknown, unhealthy)


def variants(
    policy: PlacementPolicy,
    providers: Sequence[ProviderSpec],
    requests: Sequence[Resources],
    starts: Sequence[int],
    durations: Sequence[int],
) -> tuple[tuple[int, ...], ...]:
    """Placements worth comparing, each with the index of a provider per subtask; the policy's own comes first.

    ``starts`` and ``durations`` are those of a schedule that knows no provider's capacity. Cheapest may mean to wait
    for the cheapest or to go on to the next one while it is full: both are given, and the strategy's objective
    decides.
    """
    if len(providers) == 1:
        return ((0,) * len(requests),)
    orders = _preferences(policy, providers, requests)
    bounded = any(p.capacity is not None for p in providers)
    match policy:
        case PlacementPolicy.CHEAPEST:
            stay = tuple(order[0] for order in orders)
            return (stay, _sweep(policy, providers, requests, orders, starts, durations)) if bounded else (stay,)
        case PlacementPolicy.ORDERED if not bounded:
            return (tuple(order[0] for order in orders),)
        case _:
            return (_sweep(policy, providers, requests, orders, starts, durations),)


def fits(provider: ProviderSpec, request: Resources) -> bool:
    """True if one pod of that size fits into the provider's capacity, as far as it is known."""
    room = provider.capacity
    return room is None or (request.cpu_millis <= room.cpu_millis and request.memory_bytes <= room.memory_bytes)


def _preferences(
    policy: PlacementPolicy, providers: Sequence[ProviderSpec], requests: Sequence[Resources]
) -> list[tuple[int, ...]]:
    """Providers of each subtask, best first; those that can never hold it only if none can."""
    known: dict[Resources, tuple[int, ...]] = {}
    for request in requests:
        if request in known:
            continue
        able = [i for i, p in enumerate(providers) if fits(p, request)] or list(range(len(providers)))
        if policy is not PlacementPolicy.ORDERED:
            able.sort(key=lambda i: (hourly_rate(providers[i], request), -providers[i].priority, providers[i].name))
        known[request] = tuple(able)
    return [known[request] for request in requests]


def _sweep(
    policy: PlacementPolicy,
    providers: Sequence[ProviderSpec],
    requests: Sequence[Resources],
    orders: Sequence[tuple[int, ...]],
    starts: Sequence[int],
    durations: Sequence[int],
) -> tuple[int, ...]:
    """Go through the schedule and put each subtask where there is room at that moment."""
    used = [[0, 0, 0] for _ in providers]
    total = [0] * len(providers)
    running: list[tuple[int, int, int]] = []
    chosen = [0] * len(requests)

    def has_room(i: int, request: Resources) -> bool:
        room = providers[i].capacity
        return room is None or (
            used[i][0] + request.cpu_millis <= room.cpu_millis
            and used[i][1] + request.memory_bytes <= room.memory_bytes
        )

    def load(i: int) -> float:
        room = providers[i].capacity
        if room is None or not room.cpu_millis or not room.memory_bytes:
            return 0.0
        return max(used[i][0] / room.cpu_millis, used[i][1] / room.memory_bytes)

    for task in sorted(range(len(requests)), key=lambda t: (starts[t], t)):
        while running and running[0][0] <= starts[task]:
            _, done, i = heapq.heappop(running)
            used[i][0] -= requests[done].cpu_millis
            used[i][1] -= requests[done].memory_bytes
            used[i][2] -= 1
        order, request = orders[task], requests[task]
        able = [i for i in order if has_room(i, request)] or list(order)
        match policy:
            case PlacementPolicy.SPREAD:
                place = min(able, key=lambda i: (used[i][2], total[i], order.index(i)))
            case PlacementPolicy.FASTEST:
                place = min(able, key=lambda i: (load(i), used[i][2], order.index(i)))
            case _:
                place = able[0]
        chosen[task] = place
        used[place][0] += request.cpu_millis
        used[place][1] += request.memory_bytes
        used[place][2] += 1
        total[place] += 1
        heapq.heappush(running, (starts[task] + durations[task], task, place))
    return tuple(chosen)
