"""The exact solver: CP-SAT from ortools (extra ``solver``), imported only when asked for.

It looks for a schedule strictly shorter than the best known one, with one worker and a limit on deterministic work,
never on seconds: the same problem gives the same answer on a slow machine, only later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from taskdist.engine.graph import CriticalPath
    from taskdist.engine.schedule.problem import Problem

MOST_TASKS: Final = 1000
"""Beyond this the model alone takes longer to build than the answer is worth."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A shorter schedule, if one was found, and the best bound that was proven."""

    starts: tuple[int, ...] | None
    bound: int


def is_available() -> bool:
    """True if ortools can be imported."""
    try:
        import ortools.sat.python.cp_model  # noqa: F401, PLC0415  optional and half a second to import
    except ImportError:
        return False
    return True


def shorten(of: Problem, path: CriticalPath, bound: int, best: int, work: float) -> Answer:
    """Search for a schedule of at most ``best - 1``, knowing that none is shorter than ``bound``.

    ``work`` is CP-SAT's deterministic time, about a third of a second of one core per 0.1. If the search space is
    exhausted, ``best`` itself is optimal and becomes the bound.
    """
    from ortools.sat.python import cp_model  # noqa: PLC0415  optional and half a second to import

    if best - 1 < bound:
        return Answer(None, best)
    horizon = best - 1
    model = cp_model.CpModel()
    starts = [
        model.new_int_var(path.heads[i], horizon - of.durations[i] - path.tails[i], f"s{i}") for i in range(of.size)
    ]
    intervals = [model.new_fixed_size_interval_var(starts[i], of.durations[i], f"i{i}") for i in range(of.size)]
    for i in range(of.size):
        for j in of.graph.after[i]:
            model.add(starts[j] >= starts[i] + of.durations[i])
    for resource, capacity in enumerate(of.capacities):
        users = [(i, a) for i, held in enumerate(of.demands) for k, a in held if k == resource]
        if capacity == 1:
            model.add_no_overlap([intervals[i] for i, _ in users])
        else:
            model.add_cumulative([intervals[i] for i, _ in users], [a for _, a in users], capacity)
    length = model.new_int_var(bound, horizon, "makespan")
    for i in range(of.size):
        if not of.graph.after[i]:
            model.add(length >= starts[i] + of.durations[i])
    model.minimize(length)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = work
    # The linear relaxation of a cumulative is weak and dear; clause learning over the intervals does the work.
    solver.parameters.linearization_level = 0
    status = solver.solve(model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Answer(tuple(solver.value(s) for s in starts), round(solver.best_objective_bound))
    if status == cp_model.INFEASIBLE:
        return Answer(None, best)
    return Answer(None, max(bound, round(solver.best_objective_bound)))
