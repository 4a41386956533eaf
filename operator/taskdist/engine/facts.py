"""What is known of a request while it is planned; the validation rules read it and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskdist.engine.conflicts import Conflict
    from taskdist.engine.drafts import Draft, Drafts
    from taskdist.engine.durations import Duration
    from taskdist.engine.graph import Graph
    from taskdist.engine.model import (
        AgentTypeSpec,
        Complexity,
        Estimate,
        Forecast,
        Insight,
        Parallelism,
        PlannedSubTask,
        PlanRequest,
        ProviderSpec,
        Resources,
        Routing,
        ScheduleQuality,
        Wait,
    )
    from taskdist.engine.placement import Candidates
    from taskdist.engine.references import Reference
    from taskdist.engine.resources import Sizing


@dataclass(frozen=True, slots=True)
class Assigned:
    """One draft with the agent type that does it, how hard it is, what it requests and how long it takes."""

    draft: Draft
    agent_type: AgentTypeSpec
    routing: Routing
    complexity: Complexity
    sizing: Sizing
    duration: Duration


@dataclass(frozen=True, slots=True)
class Outline:
    """The request as it was understood: drafts, their graph, and the mistakes in it.

    ``graph`` holds what is left when the edges of cycles are taken out; ``references`` are the uses of results of
    each explicit task.
    """

    request: PlanRequest
    drafts: Drafts
    graph: Graph
    order: tuple[int, ...]
    cycles: tuple[tuple[int, ...], ...]
    references: tuple[tuple[Reference, ...], ...]
    assigned: tuple[Assigned, ...]
    providers: Candidates


@dataclass(frozen=True, slots=True)
class Peak:
    """What runs at the same time at most: pods, CPU and memory."""

    pods: int
    resources: Resources


@dataclass(frozen=True, slots=True)
class Drawn:
    """The finished plan as the rules see it.

    ``peak`` is that of the plan; ``free_peak`` and ``free_makespan`` those of the same plan if quota, cluster and
    providers had room for all. ``conflict_seconds``, ``lock_seconds`` and ``contention_seconds`` are what keeping writers
    apart, declared locks, and leaving room to running distributions that go first add to the makespan.
    """

    subtasks: tuple[PlannedSubTask, ...]
    placed_on: tuple[ProviderSpec, ...]
    parallelism: Parallelism
    estimate: Estimate
    schedule: ScheduleQuality
    reach: tuple[int, ...]
    peak: Peak
    free_peak: Peak
    free_makespan: int
    forecast: Forecast
    conflicts: tuple[Conflict, ...] = ()
    waits: tuple[Wait, ...] = ()
    conflict_seconds: int = 0
    lock_seconds: int = 0
    contention_seconds: int = 0
    solver_missing: bool = False
    insights: tuple[Insight, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a rule may look at. ``plan`` is missing while the request cannot be planned at all."""

    outline: Outline
    plan: Drawn | None = None
