"""From a problem to a schedule: list heuristic at once, search while it pays, exact solver on request."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from taskdist.engine.graph import critical_path
from taskdist.engine.schedule import exact
from taskdist.engine.schedule.bounds import lower_bound
from taskdist.engine.schedule.generate import dispatch
from taskdist.engine.schedule.improve import Search
from taskdist.engine.schedule.problem import makespan, pack
from taskdist.engine.schedule.rules import RULES, ranks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskdist.engine.schedule.problem import Problem

_SERIAL_TASKS: Final = 2000
"""Beyond this only the dispatch heuristic runs: serial generation grows with the square of the tasks."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a schedule is worth: ``placements`` of single tasks by the search, and CP-SAT's ``solver_work``."""

    placements: int = 20_000
    solver_work: float = 0.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Starts in seconds, their makespan, a proven lower bound, who found it, and the order in which to dispatch.

    ``method`` is list, search or exact. ``ranks[i]`` is the place of task ``i`` in the dispatch order; a dispatcher
    that never waits on purpose reaches ``dispatched`` with it, which is more than ``makespan`` only where the
    schedule keeps room free for what comes.
    """

    starts: tuple[int, ...]
    makespan: int
    lower_bound: int
    method: str
    ranks: tuple[int, ...]
    dispatched: int

    def reordered(self, of: Problem, ranks: tuple[int, ...]) -> Schedule:
        """Return the schedule that another dispatch order gives; the bound stays."""
        starts = tuple(dispatch(of, pack(of), ranks))
        length = makespan(of, starts)
        return replace(self, starts=starts, makespan=length, ranks=ranks, dispatched=length)


def solve(of: Problem, effort: Effort) -> Schedule:
    """Schedule a problem: never worse than the list heuristic, and the same on every machine."""
    path = critical_path(of.graph, of.order, of.durations)
    bound = lower_bound(of, path)
    packed = pack(of)
    search = Search(of, bound, effort.placements)
    method = "list"
    orders: list[Sequence[int]] = []
    for rule in RULES[: _rules_tried(of.size)]:
        weights = rule(of, path)
        starts = dispatch(of, packed, ranks_of(weights))
        search.offer(starts)
        if search.makespan <= bound:
            break
        orders += [search.ordered(starts), _by_weight(of, weights)]
    listed = search.makespan
    if of.size <= _SERIAL_TASKS and search.makespan > bound:
        search.genetic(orders)
        method = "search" if search.makespan < listed else method
    if effort.solver_work > 0 and search.makespan > bound and of.size <= exact.MOST_TASKS and exact.is_available():
        answer = exact.shorten(of, path, bound, search.makespan, effort.solver_work)
        bound = answer.bound
        if answer.starts is not None:
            search.offer(answer.starts)
            method = "exact"
    return _as_dispatched(of, search, bound, method)


def _as_dispatched(of: Problem, search: Search, bound: int, method: str) -> Schedule:
    """Take the schedule that the dispatcher makes of the order, if it is as short: it is the one that will run."""
    order = search.ordered(search.starts)
    ranks = [0] * of.size
    for rank, node in enumerate(order):
        ranks[node] = rank
    dispatched = dispatch(of, pack(of), ranks)
    length = makespan(of, dispatched)
    starts = dispatched if length <= search.makespan else search.starts
    return Schedule(tuple(starts), min(length, search.makespan), bound, method, tuple(ranks), length)


def _rules_tried(size: int) -> int:
    """All rules on small graphs, fewer on large ones: one pass over 10,000 tasks takes a tenth of a second."""
    return len(RULES) if size <= 2000 else 3


def _by_weight(of: Problem, weights: Sequence[float]) -> list[int]:
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
