"""The scheduling problem: durations, an order, and resources of which each subtask holds a part while it runs (RCPSP).

Brucker et al. 1999 (EJOR 112:3) is the notation: renewable resources with constant capacities, no preemption, minimal
makespan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskdist.engine.graph import topological_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskdist.engine.graph import Graph


@dataclass(frozen=True, slots=True)
class Problem:
    """What has to be scheduled.

    ``durations`` are whole seconds ≥ 0; ``demands[i]`` are (resource, amount > 0) pairs of task ``i``, sorted;
    ``capacities[k]`` is what of resource ``k`` may be held at once. No single demand exceeds its capacity, and the
    graph is acyclic: see :func:`problem`.
    """

    graph: Graph
    order: tuple[int, ...]
    durations: tuple[int, ...]
    demands: tuple[tuple[tuple[int, int], ...], ...]
    capacities: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of tasks."""
        return len(self.durations)


@dataclass(frozen=True, slots=True)
class Packing:
    """All resources in one integer, so that one subtraction tests them all.

    Each resource has a field wide enough for its capacity, with a guard bit above it. ``amounts[i]`` is the packed
    demand of task ``i``. With ``free`` the packed free amounts, ``((free | guards) - amounts[i]) & guards == guards``
    says that all of it fits, because a field that goes below zero borrows its guard bit.
    """

    amounts: tuple[int, ...]
    free: int
    guards: int


def problem(
    graph: Graph,
    durations: Sequence[int],
    demands: Sequence[Sequence[tuple[int, int]]],
    capacities: Sequence[int],
    order: tuple[int, ...] | None = None,
) -> Problem:
    """Build a problem; demands of zero are left out, and so are resources that can never run short.

    Raises:
        ValueError: the graph has a cycle, or one demand alone exceeds its capacity.
    """
    found = topological_order(graph) if order is None else order
    if len(found) < graph.size:
        raise ValueError("the graph has a cycle")
    sums = [0] * len(capacities)
    for held in demands:
        for resource, amount in held:
            if amount > capacities[resource]:
                raise ValueError(
                    f"a demand of {amount} exceeds the capacity {capacities[resource]} of resource {resource}"
                )
            sums[resource] += amount
    scarce = [k for k, capacity in enumerate(capacities) if sums[k] > capacity]
    number = {k: i for i, k in enumerate(scarce)}
    kept = tuple(tuple(sorted((number[k], a) for k, a in held if a > 0 and k in number)) for held in demands)
    return Problem(graph, found, tuple(durations), kept, tuple(capacities[k] for k in scarce))


def pack(of: Problem) -> Packing:
    """Lay all resources side by side in one integer."""
    shifts: list[int] = []
    at = free = guards = 0
    for capacity in of.capacities:
        shifts.append(at)
        free |= capacity << at
        at += capacity.bit_length()
        guards |= 1 << at
        at += 1
    return Packing(tuple(sum(a << shifts[k] for k, a in held) for held in of.demands), free, guards)


def reverse(of: Problem) -> Problem:
    """Return the same problem with time running backwards."""
    mirrored = type(of.graph)(before=of.graph.after, after=of.graph.before)
    return Problem(mirrored, tuple(reversed(of.order)), of.durations, of.demands, of.capacities)


def makespan(of: Problem, starts: Sequence[int]) -> int:
    """End of the last task."""
    return max((s + d for s, d in zip(starts, of.durations, strict=True)), default=0)


def is_feasible(of: Problem, starts: Sequence[int]) -> bool:
    """True if nothing starts before what it waits for has ended, and no resource is ever overdrawn."""
    if len(starts) != of.size or any(s < 0 for s in starts):
        return False
    for node in range(of.size):
        if any(starts[later] < starts[node] + of.durations[node] for later in of.graph.after[node]):
            return False
    events = sorted(
        (at, amount if begins else -amount, k)
        for node, held in enumerate(of.demands)
        if of.durations[node] > 0
        for k, amount in held
        for at, begins in ((starts[node], True), (starts[node] + of.durations[node], False))
    )
    used = [0] * len(of.capacities)
    # At the same moment ends (negative) sort before starts.
    for _, change, k in events:
        used[k] += change
        if used[k] > of.capacities[k]:
            return False
    return True
