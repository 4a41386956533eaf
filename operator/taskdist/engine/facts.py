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
        Parallelism,
        PlannedSubTask,
        PlanRequest,
        ProviderSpec,
        Resources,
        Routing,
        ScheduleQuality,
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
class Insight:
    """Something that would save money, time or room, with numbers, ready to be printed."""

    code: str
    path: str
    message: str
    recommendation: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """The finished plan as the rules see it.

    ``peak`` is that of the plan; ``free_peak`` and ``free_makespan`` those of the same plan if quota, cluster and
    providers had room for all. ``conflict_seconds`` and ``lock_seconds`` are what keeping writers apart and declared
    locks add to the makespan.
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
    conflicts: tuple[Conflict, ...] = ()
    conflict_waits: tuple[tuple[str, str, str], ...] = ()
    conflict_seconds: int = 0
    lock_seconds: int = 0
    solver_missing: bool = False
    insights: tuple[Insight, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a rule may look at. ``plan`` is missing while the request cannot be planned at all."""

    outline: Outline
    plan: Drawn | None = None
