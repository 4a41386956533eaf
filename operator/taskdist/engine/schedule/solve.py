"""From a problem to a schedule: list heuristic at once, search while it pays, exact solver on request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from taskdist.engine.graph import critical_path
from taskdist.engine.schedule import exact
from taskdist.engine.schedule.bounds import lower_bound
from taskdist.engine.schedule.generate import dispatch
from taskdist.engine.schedule.improve import Search
from taskdist.engine.schedule.problem import makespan, pack
from taskdist.engine.schedule.rules import RULES, by_weight, ranks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskdist.engine.schedule.problem import Problem

SERIAL_TASKS: Final = 2000
"""Beyond this only the dispatch heuristic runs: serial generation grows with the square of the tasks."""
PLACEMENTS_A_SECOND: Final = 60_000
"""Tasks that the search places in a second on a slow, loaded core; an idle one manages five times as many."""
WORK_A_SECOND: Final = 0.2
"""CP-SAT's deterministic work in a second, likewise: its unit is not a second, and differs from model to model."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a schedule is worth: ``placements`` of single tasks by the search, and CP-SAT's ``solver_work``."""

    placements: int = 20_000
    solver_work: float = 0.0

    @classmethod
    def usual(cls, size: int, solver_work: float = 0.0) -> Effort:
        """Return what a plan of ``size`` tasks is worth without being asked: half a second at most on an ordinary core.

        On large graphs the list rules leave little: at 1,000 tasks 20,000 placements gave 0.1 % more than 5,000.
        """
        return cls(max(5_000, 20_000 * 200 // max(200, size)), solver_work)

    @classmethod
    def within(cls, seconds: float, *, solver: bool) -> Effort:
        """Return the effort that an ordinary core, shared with others, spends in about ``seconds``.

        A third of the time is the search's where the solver takes the rest, else all of it.
        """
        if solver:
            return cls(int(seconds / 3 * PLACEMENTS_A_SECOND), seconds / 2 * WORK_A_SECOND)
        return cls(int(seconds * PLACEMENTS_A_SECOND))


@dataclass(frozen=True, slots=True)
class Schedule:
    """The best schedule found, and the dispatch order that comes nearest to it at run time.

    ``starts`` (seconds) have ``makespan``; none is shorter than ``lower_bound``; ``method`` (list, search, exact) found
    them. A dispatcher that starts whatever fits, task ``i`` in the order of ``ranks[i]``, makes ``dispatched`` with
    ``dispatched_makespan``. It is longer than ``makespan`` only where the best schedule leaves room free on purpose.
    """

    starts: tuple[int, ...]
    makespan: int
    lower_bound: int
    method: str
    ranks: tuple[int, ...]
    dispatched: tuple[int, ...]
    dispatched_makespan: int

    def reordered(self, of: Problem, ranks: tuple[int, ...]) -> Schedule:
        """Return the same with another dispatch order."""
        starts = tuple(dispatch(of, pack(of), ranks))
        return replace(self, ranks=ranks, dispatched=starts, dispatched_makespan=makespan(of, starts))


def solve(of: Problem, effort: Effort) -> Schedule:
    """Schedule a problem: never worse than the list heuristic, and the same on every machine."""
    path = critical_path(of.graph, of.order, of.durations)
    bound = lower_bound(of, path)
    packed = pack(of)
    search = Search(of, bound, effort.placements)
    orders: list[Sequence[int]] = []
    for rule in RULES[: _rules_tried(of.size)]:
        weights = rule(of, path)
        starts = dispatch(of, packed, ranks_of(weights))
        search.offer(starts)
        if search.makespan <= bound:
            break
        orders += [search.ordered(starts), by_weight(of, weights)]
    method, listed = "list", search.makespan
    if of.size <= SERIAL_TASKS and search.makespan > bound:
        orders += search.genetic(orders)
        method = "search" if search.makespan < listed else method
    if effort.solver_work > 0 and search.makespan > bound and of.size <= exact.MOST_TASKS and exact.is_available():
        answer = exact.shorten(of, path, bound, search.makespan, effort.solver_work)
        bound = answer.bound
        if answer.starts is not None:
            search.offer(answer.starts)
            method = "exact"
    return _with_dispatch(of, search, orders, bound, method)


def _with_dispatch(of: Problem, search: Search, orders: Sequence[Sequence[int]], bound: int, method: str) -> Schedule:
    """Find the dispatch order among those seen that reaches the shortest makespan; the best schedule's comes first."""
    packed = pack(of)
    best: tuple[int, list[int], list[int]] | None = None
    for order in (search.ordered(search.starts), *orders):
        ranks = [0] * of.size
        for rank, node in enumerate(order):
            ranks[node] = rank
        starts = dispatch(of, packed, ranks)
        length = makespan(of, starts)
        if best is None or length < best[0]:
            best = (length, ranks, starts)
        if length <= search.makespan:
            break
    if best is None:
        raise AssertionError("the best schedule's own order is always tried")
    length, ranks, dispatched = best
    starts = dispatched if length <= search.makespan else search.starts
    return Schedule(tuple(starts), min(length, search.makespan), bound, method, tuple(ranks), tuple(dispatched), length)


def _rules_tried(size: int) -> int:
    """All rules on small graphs, fewer on large ones: one pass over 10,000 tasks takes a tenth of a second."""
    return len(RULES) if size <= SERIAL_TASKS else 3
