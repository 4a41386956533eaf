"""Understanding a request: drafts, their graph, who does each, how hard and how long it is, and what it requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from taskdist.engine.complexity import complexity
from taskdist.engine.drafts import draft
from taskdist.engine.durations import duration
from taskdist.engine.facts import Assigned, Outline
from taskdist.engine.graph import acyclic_core, build, cycles, topological_order
from taskdist.engine.model import (
    AgentTypeSpec,
    Dependency,
    EdgeSource,
    ResourceRequest,
    Routing,
    Strategy,
    TriggerRule,
    Work,
)
from taskdist.engine.placement import candidates
from taskdist.engine.references import references
from taskdist.engine.resources import size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskdist.engine.drafts import Draft, Drafts
    from taskdist.engine.graph import Graph
    from taskdist.engine.model import Observation, PlanRequest, TaskObservation

SEQUENTIAL_CUE: Final = "strategy Sequential"
"""Cue of the edges that strategy Sequential adds."""


def understand(request: PlanRequest) -> Outline:
    """Make an outline of ``request``; mistakes are left for the rules to find."""
    drafts = draft(request)
    graph = _graph(drafts.items)
    rings = cycles(graph)
    if rings:
        graph = acyclic_core(graph)
    order = topological_order(graph)
    if request.strategy is Strategy.SEQUENTIAL and not rings:
        drafts = replace(drafts, items=_chained(drafts.items, order))
        graph = _graph(drafts.items)
    return Outline(
        request=request,
        drafts=drafts,
        graph=graph,
        order=order,
        cycles=rings,
        references=tuple(tuple(references(task, f"spec.tasks[{i}]")) for i, task in enumerate(request.tasks)),
        assigned=_assigned(request, drafts),
        providers=candidates(request),
    )


def _graph(items: Sequence[Draft]) -> Graph:
    number = {item.id: i for i, item in enumerate(items)}
    return build(len(items), ((number[d.name], i) for i, item in enumerate(items) for d in item.dependencies))


def _chained(items: Sequence[Draft], order: Sequence[int]) -> tuple[Draft, ...]:
    """Let each draft wait for the one before it.

    What runs only if something failed, and what hangs on it, is left out of the chain: the chain would skip what
    comes after it. It still runs alone, because strategy Sequential runs one subtask at a time.
    """
    made = list(items)
    conditional: set[str] = set()
    previous: Draft | None = None
    for node in order:
        item = items[node]
        upstream = {d.name for d in item.dependencies}
        if item.trigger_rule is not TriggerRule.ALL_SUCCEEDED or upstream & conditional:
            conditional.add(item.id)
            continue
        if previous is not None and previous.id not in upstream:
            link = Dependency(previous.id, EdgeSource.INFERRED, SEQUENTIAL_CUE, 1.0)
            made[node] = replace(item, dependencies=(*item.dependencies, link))
        previous = item
    return tuple(made)


def _assigned(request: PlanRequest, drafts: Drafts) -> tuple[Assigned, ...]:
    # The keyword index takes a while to build, and a request without tasks does without it.
    from taskdist.engine.routing import route  # noqa: PLC0415

    every = {agent_type.name: agent_type for agent_type in request.agent_types}
    allowed = tuple(a for a in request.agent_types if a.allowed)
    seen = {one.agent_type: (one, {task.key: task for task in one.tasks}) for one in request.history}
    made: list[Assigned] = []
    for item in drafts.items:
        spec = item.spec
        named = spec is not None and spec.agent_type is not None
        routing = route(item.description, spec, request.agent_types if named else allowed)
        agent_type = every.get(routing.chosen) or _stand_in(routing)
        made.append(_assign(item, agent_type, routing, request, seen))
    return tuple(made)


def _assign(
    item: Draft,
    agent_type: AgentTypeSpec,
    routing: Routing,
    request: PlanRequest,
    history: Mapping[str, tuple[Observation, Mapping[str, TaskObservation]]],
) -> Assigned:
    hardness = complexity(item)
    seen, tasks = history.get(agent_type.name, (None, {}))
    same = tasks.get(_key(item, agent_type)) if tasks else None
    asked = item.spec.resources if item.spec is not None else ResourceRequest()
    sizing = size(agent_type, hardness, asked, seen, request.policy, request.cluster, same)
    return Assigned(item, agent_type, routing, hardness, sizing, duration(agent_type, hardness, seen, same))


def _key(item: Draft, agent_type: AgentTypeSpec) -> str:
    from taskdist.engine.history import task_key  # noqa: PLC0415 - most plans have no history to look into

    return task_key(agent_type.name, item.description, item.spec.work if item.spec is not None else Work(), item.item)


def _stand_in(routing: Routing) -> AgentTypeSpec:
    """Return an agent type of usual size for one that does not exist; its rule makes the plan invalid."""
    name = routing.chosen or "none"
    return AgentTypeSpec(name, name, runs_text=True)
