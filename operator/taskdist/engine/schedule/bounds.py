"""Lower bounds of the makespan that cost little: no schedule can be shorter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from taskdist.engine.graph import CriticalPath
    from taskdist.engine.schedule.problem import Problem

_DETAILED_TASKS: Final = 400
"""Up to here the work bound looks at every pair of head and tail; above, at the whole work only."""


def lower_bound(of: Problem, path: CriticalPath) -> int:
    """The largest of: critical path; work over capacity of each resource with heads and tails; tasks that exclude each other."""
    best = path.length
    for resource, capacity in enumerate(of.capacities):
        users = [
            (node, a) for node, held in enumerate(of.demands) for k, a in held if k == resource and of.durations[node]
        ]
        if not users:
            continue
        best = max(best, _work_bound(of, path, users, capacity))
        # Two tasks that each take more than half never overlap; of those that take exactly half or more, at most two do.
        best = max(best, _work_bound(of, path, [(node, 1) for node, a in users if 2 * a > capacity], 1))
    return best


def _work_bound(of: Problem, path: CriticalPath, users: list[tuple[int, int]], capacity: int) -> int:
    """Work of tasks with heads ≥ a and tails ≥ b needs ``a + ceil(work / capacity) + b`` (Carlier 1982, cumulative form)."""
    if not users:
        return 0
    if len(users) > _DETAILED_TASKS:
        work = sum(of.durations[node] * amount for node, amount in users)
        return min(path.heads[n] for n, _ in users) + -(-work // capacity) + min(path.tails[n] for n, _ in users)
    best = 0
    by_head = sorted(users, key=lambda user: -path.heads[user[0]])
    for tail in {path.tails[node] for node, _ in users}:
        work = 0
        for node, amount in by_head:
            if path.tails[node] >= tail:
                work += of.durations[node] * amount
                best = max(best, path.heads[node] - (-work // capacity) + tail)
    return best
