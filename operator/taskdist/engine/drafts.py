"""What is to be done, before anything is planned: explicit tasks or split text become drafts with edges.

Mistakes are not judged here. An edge to nowhere is left out and its rule (:mod:`taskdist.engine.rules.structure`)
speaks of it, so that every other finding can still be made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Dependency, EdgeSource, Strategy, TriggerRule
from taskdist.engine.references import references

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from taskdist.engine.model import Finding, PlanRequest, TaskSpec

MOST_SUBTASKS: Final = 10_000
"""Subtasks of one plan at most; what goes beyond is not expanded and makes the plan invalid."""
MOST_EDGES: Final = 250_000
"""Edges of one plan at most: a forEach of 1,000 that waits for a forEach of 1,000 would make a million."""

CONFIDENCE_NEEDED: Final = {Strategy.PARALLEL: 0.8}
"""What an inferred edge must be worth to be kept, where it is not :data:`_USUAL_CONFIDENCE`."""
_USUAL_CONFIDENCE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Draft:
    """One subtask to be: what it does and what it waits for. ``path`` is where the user wrote it.

    ``condition`` are the words of the text under which it is to run, empty if there are none.
    """

    id: str
    description: str
    path: str
    spec: TaskSpec | None = None
    item: str = ""
    trigger_rule: TriggerRule = TriggerRule.ALL_SUCCEEDED
    dependencies: tuple[Dependency, ...] = ()
    condition: str = ""


@dataclass(frozen=True, slots=True)
class DroppedEdge:
    """An inferred edge that the strategy does not believe enough."""

    before: str
    after: str
    cue: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Drafts:
    """All drafts in the order in which they were written, what was left out, and what the text splitter has to say."""

    items: tuple[Draft, ...] = ()
    dropped: tuple[DroppedEdge, ...] = ()
    findings: tuple[Finding, ...] = ()
    wanted: int = 0
    """Number of subtasks asked for, which may be more than there are drafts."""
    wanted_edges: int = 0
    """Number of edges asked for, likewise."""
    collisions: tuple[tuple[str, int], ...] = ()
    """Ids that both a task's name and another task's forEach make, with the index of the task that was left out."""


def draft(request: PlanRequest) -> Drafts:
    """Turn the request into drafts: explicit tasks win over the description."""
    return _from_tasks(request) if request.tasks else _from_text(request)


def confidence_needed(strategy: Strategy) -> float:
    """Smallest confidence of an inferred edge that ``strategy`` keeps."""
    return CONFIDENCE_NEEDED.get(strategy, _USUAL_CONFIDENCE)


def _from_text(request: PlanRequest) -> Drafts:
    if not request.description.strip():
        return Drafts()
    # The word tables take a while to load, and explicit tasks do without them.
    from taskdist.engine.text import split  # noqa: PLC0415

    found = split(request.description, max_subtasks=request.max_subtasks)
    needed = confidence_needed(request.strategy)
    kept: dict[str, dict[str, Dependency]] = {task.id: {} for task in found.tasks}
    dropped: list[DroppedEdge] = []
    for edge in found.edges:
        if edge.confidence >= needed:
            kept[edge.after][edge.before] = Dependency(edge.before, EdgeSource.INFERRED, edge.cue, edge.confidence)
        else:
            dropped.append(DroppedEdge(edge.before, edge.after, edge.cue, edge.confidence))
    drafts = tuple(
        Draft(
            task.id,
            task.description,
            "spec.description",
            trigger_rule=task.trigger_rule,
            dependencies=tuple(kept[task.id].values()),
            condition=task.condition,
        )
        for task in found.tasks
    )
    return Drafts(drafts, tuple(dropped), found.findings, len(drafts))


def _from_tasks(request: PlanRequest) -> Drafts:
    firsts: dict[str, int] = {}
    for i, task in enumerate(request.tasks):
        firsts.setdefault(task.name, i)
    ids = {name: _expanded_ids(request.tasks[i]) for name, i in firsts.items()}
    made: dict[str, Draft] = {}
    collisions: list[tuple[str, int]] = []
    wanted = edges = 0
    for name, i in firsts.items():
        task = request.tasks[i]
        wanted += len(ids[name])
        edges += sum(len(ids[upstream]) for upstream in set(task.depends_on) if upstream in ids) * len(ids[name])
        if wanted > MOST_SUBTASKS or edges > MOST_EDGES:
            continue
        dependencies = _dependencies(task, f"spec.tasks[{i}]", ids)
        for item in _expanded(task, f"spec.tasks[{i}]", ids[name], dependencies):
            if item.id in made:
                collisions.append((item.id, i))
            else:
                made[item.id] = item
    if wanted > MOST_SUBTASKS or edges > MOST_EDGES:
        made = {name: _only_known(item, made) for name, item in made.items()}
    return Drafts(tuple(made.values()), (), (), wanted, edges, tuple(collisions))


def _expanded(task: TaskSpec, path: str, ids: Sequence[str], dependencies: tuple[Dependency, ...]) -> Iterator[Draft]:
    common = Draft(task.name, task.description, path, task, "", task.trigger_rule, dependencies)
    if not task.for_each:
        yield common
    for made, item in zip(ids, task.for_each, strict=False):
        yield replace(common, id=made, item=item, description=task.description.replace("$(item)", item))


def _only_known(item: Draft, known: Mapping[str, Draft]) -> Draft:
    return replace(item, dependencies=tuple(d for d in item.dependencies if d.name in known))


def _expanded_ids(task: TaskSpec) -> tuple[str, ...]:
    """Ids of the subtasks that a task becomes: its name, or ``name-0`` and so on for ``forEach``."""
    return tuple(f"{task.name}-{i}" for i in range(len(task.for_each))) or (task.name,)


def _dependencies(task: TaskSpec, path: str, ids: Mapping[str, tuple[str, ...]]) -> tuple[Dependency, ...]:
    """What a task waits for: what it names, and whose results it uses. A declared edge wins over a found one."""
    found: dict[str, Dependency] = {}
    for name in task.depends_on:
        for made in ids.get(name, ()):
            found.setdefault(made, Dependency(made))
    for use in references(task, path):
        # A single subtask of a forEach may be meant by its own id.
        group, _, number = use.task.rpartition("-")
        single = (use.task,) if number.isdecimal() and use.task in ids.get(group, ()) else ()
        for made in ids.get(use.task, single):
            found.setdefault(made, Dependency(made, EdgeSource.INFERRED, use.text[:256], 1.0))
    return tuple(found.values())
