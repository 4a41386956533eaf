"""One plan's scheduling problems: the same work under other limits, to schedule it and to see what each limit costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from taskdist.engine.graph import critical_path
from taskdist.engine.schedule import pack
from taskdist.engine.schedule.generate import dispatch
from taskdist.engine.schedule.problem import makespan
from taskdist.engine.schedule.rules import ranks_of
from taskdist.engine.timetable import timetable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskdist.engine.graph import Graph
    from taskdist.engine.model import ClusterFacts
    from taskdist.engine.schedule import Problem
    from taskdist.engine.timetable import Load


@dataclass(frozen=True, slots=True)
class Setting:
    """What has to be scheduled under which limits. ``cluster`` ``None`` leaves quota and cluster capacity out."""

    graph: Graph
    order: tuple[int, ...]
    durations: tuple[int, ...]
    loads: tuple[Load, ...]
    max_parallel: int
    cluster: ClusterFacts | None = None

    def problem(self) -> Problem:
        """Return the scheduling problem."""
        return timetable(self.graph, self.order, self.durations, self.loads, self.max_parallel, self.cluster)

    def without_rooms(self) -> Setting:
        """Return the same work with room for all: neither quota nor capacity bounds it."""
        return replace(self, cluster=None, loads=tuple(replace(load, provider=None) for load in self.loads))

    def quick(self) -> tuple[int, ...]:
        """Return the starts that the best list rule gives."""
        return quick(self.problem())

    def quick_makespan(self) -> int:
        """Return the makespan that the best list rule gives: for comparing limits, not for the plan itself."""
        problem = self.problem()
        return makespan(problem, quick(problem))


def quick(problem: Problem) -> tuple[int, ...]:
    """Starts by the strongest list rule, longest tail first."""
    path = critical_path(problem.graph, problem.order, problem.durations)
    ranks = ranks_of([-(path.tails[i] + problem.durations[i]) for i in range(problem.size)])
    return tuple(dispatch(problem, pack(problem), ranks))


def replay(problem: Problem, ranks: Sequence[int], durations: Sequence[int]) -> int:
    """Makespan if the dispatch order stays and the work takes ``durations``."""
    starts = dispatch(problem, pack(problem), ranks, durations)
    return max((s + d for s, d in zip(starts, durations, strict=True)), default=0)
