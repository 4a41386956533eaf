"""Priority rules of the list heuristic: each gives every task a rank, lowest first."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskdist.engine.graph import CriticalPath
    from taskdist.engine.schedule.problem import Problem

    Rule = Callable[[Problem, CriticalPath], Sequence[float]]


def longest_tail(of: Problem, path: CriticalPath) -> Sequence[float]:
    """Most time from its start to the end of all first, which is the latest start rule (Kolisch 1996)."""
    return [-(path.tails[i] + of.durations[i]) for i in range(of.size)]


def latest_finish(of: Problem, path: CriticalPath) -> Sequence[float]:
    """Smallest latest finish first (Davis and Patterson 1975)."""
    return [-path.tails[i] for i in range(of.size)]


def least_slack(of: Problem, path: CriticalPath) -> Sequence[float]:
    """Least slack first; then longest tail."""
    return [path.slack(i, of.durations[i]) - 1e-9 * (path.tails[i] + of.durations[i]) for i in range(of.size)]


def most_successors(of: Problem, path: CriticalPath) -> Sequence[float]:
    """Most tasks directly behind it first; then longest tail (Alvarez-Valdes and Tamarit 1989)."""
    return [-len(of.graph.after[i]) - 1e-9 * (path.tails[i] + of.durations[i]) for i in range(of.size)]


def greatest_rank_weight(of: Problem, path: CriticalPath) -> Sequence[float]:
    """Most time in itself and directly behind it first (Alvarez-Valdes and Tamarit 1989); then longest tail."""
    durations = of.durations
    return [-durations[i] - sum(durations[j] for j in of.graph.after[i]) - 1e-9 * path.tails[i] for i in range(of.size)]


def longest_work(of: Problem, path: CriticalPath) -> Sequence[float]:
    """Most duration times share of the scarcest resource first; then longest tail."""
    shares = [max((a / of.capacities[k] for k, a in held), default=0.0) for held in of.demands]
    return [-of.durations[i] * shares[i] - 1e-9 * (path.tails[i] + of.durations[i]) for i in range(of.size)]


RULES: tuple[Rule, ...] = (
    longest_tail,
    latest_finish,
    least_slack,
    greatest_rank_weight,
    most_successors,
    longest_work,
)
"""The strongest first: when little may be spent, only the first ones are tried."""


def ranks_of(weights: Sequence[float]) -> list[int]:
    """Place of each task when sorted by weight; of equal ones the lower index comes first."""
    ranks = [0] * len(weights)
    for rank, node in enumerate(sorted(range(len(weights)), key=lambda i: (weights[i], i))):
        ranks[node] = rank
    return ranks


def by_weight(of: Problem, weights: Sequence[float]) -> list[int]:
    """Order the tasks by weight, as far as the graph allows: always the ready task of the lowest weight."""
    missing = [len(earlier) for earlier in of.graph.before]
    free = [(weights[i], i) for i, count in enumerate(missing) if count == 0]
    heapq.heapify(free)
    order: list[int] = []
    while free:
        _, node = heapq.heappop(free)
        order.append(node)
        for later in of.graph.after[node]:
            missing[later] -= 1
            if not missing[later]:
                heapq.heappush(free, (weights[later], later))
    return order
