"""From an outline to the finished plan: conflicts, placement, schedule, estimates, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from taskdist.engine.conflicts import conflicts
from taskdist.engine.contention import after_claims
from taskdist.engine.cost import estimate, total
from taskdist.engine.facts import Drawn
from taskdist.engine.forecast import forecast
from taskdist.engine.graph import critical_path, depths
from taskdist.engine.hashing import definition_hash
from taskdist.engine.insights import insights
from taskdist.engine.locks import lock_of
from taskdist.engine.model import (
    ConflictPolicy,
    Parallelism,
    PlannedSubTask,
    ScheduleQuality,
    Strategy,
    Wait,
    Work,
)
from taskdist.engine.peak import peak
from taskdist.engine.placement import variants
from taskdist.engine.schedule import Effort, exact, solve
from taskdist.engine.schedule.objective import Outcome, best
from taskdist.engine.setting import Setting, quick, replay
from taskdist.engine.shape import descendants, width
from taskdist.engine.timetable import Load, lock_users

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskdist.engine.conflicts import Conflict
    from taskdist.engine.facts import Outline
    from taskdist.engine.forecast import Foreseen
    from taskdist.engine.graph import CriticalPath
    from taskdist.engine.model import ClusterFacts, Estimate, ProviderSpec
    from taskdist.engine.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Placed:
    """One way to place all subtasks: provider and estimate of each, and the scheduling problem that it makes."""

    providers: tuple[ProviderSpec, ...]
    estimates: tuple[Estimate, ...]
    setting: Setting


def draw(outline: Outline) -> Drawn:
    """Plan an outline that has no structural mistake."""
    request, graph = outline.request, outline.graph
    reach = tuple(descendants(graph, outline.order))
    found = conflicts(outline.drafts.items, graph, outline.order, reach)
    setting = _setting(outline, found if request.conflict_policy is ConflictPolicy.SERIALIZE else ())
    free = setting.without_rooms()
    free_starts = free.quick()
    placed = _choose_placement(outline, setting, free_starts)
    schedule = _schedule(outline, placed)
    foreseen = _forecast(outline, placed, schedule)
    path = critical_path(graph, outline.order, setting.durations)
    subtasks = _subtasks(outline, placed, schedule, path)
    requests = tuple(s.sizing.resources for s in outline.assigned)
    most = peak(schedule.dispatched, setting.durations, requests)
    return Drawn(
        subtasks=tuple(subtasks[node] for node in outline.order),
        placed_on=tuple(placed.providers[node] for node in outline.order),
        parallelism=_parallelism(outline, path, schedule),
        estimate=total(placed.estimates, foreseen.range),
        forecast=foreseen.forecast,
        schedule=ScheduleQuality(
            schedule.dispatched_makespan, schedule.lower_bound, schedule.method, schedule.makespan
        ),
        reach=reach,
        conflicts=found,
        waits=_waits(outline, placed, schedule),
        conflict_seconds=_added_seconds(placed.setting, {c.lock for c in found}),
        lock_seconds=_added_seconds(placed.setting, _declared_locks(outline)),
        contention_seconds=_contention_seconds(placed.setting, request.cluster),
        peak=most,
        free_peak=peak(free_starts, setting.durations, requests),
        free_makespan=max(s + d for s, d in zip(free_starts, setting.durations, strict=True)),
        solver_missing=request.solver_work > 0 and not exact.is_available(),
        insights=insights(
            outline, placed.setting, placed.providers, schedule.dispatched_makespan, most.pods, path.path
        ),
    )


def _setting(outline: Outline, found: Sequence[Conflict]) -> Setting:
    """Return the work under all limits but the providers' capacity, which needs a placement first."""
    request = outline.request
    added: dict[int, list[str]] = {}
    for conflict in found:
        for node in conflict.members:
            added.setdefault(node, []).append(conflict.lock)
    loads = tuple(
        Load(
            one.agent_type,
            one.sizing.resources,
            (*(one.draft.spec.locks if one.draft.spec is not None else ()), *added.get(node, ())),
        )
        for node, one in enumerate(outline.assigned)
    )
    one_by_one = request.strategy is Strategy.SEQUENTIAL
    return Setting(
        graph=outline.graph,
        order=outline.order,
        durations=tuple(one.duration.middle for one in outline.assigned),
        loads=loads,
        max_parallel=1 if one_by_one else request.limits.max_parallel,
        cluster=after_claims(request.cluster, request.priority),
    )


def _choose_placement(outline: Outline, setting: Setting, free_starts: tuple[int, ...]) -> Placed:
    """Return the placement that the strategy's objective prefers among those that the policy allows."""
    request, providers = outline.request, outline.providers.providers
    requests = [one.sizing.resources for one in outline.assigned]
    options = variants(request.placement_policy, providers, requests, free_starts, setting.durations)
    ways = [_place(outline, setting, [providers[i] for i in option]) for option in dict.fromkeys(options)]
    if len(ways) == 1:
        return ways[0]
    slow = tuple(one.duration.high for one in outline.assigned)
    outcomes: list[Outcome] = []
    for way in ways:
        problem = way.setting.problem()
        starts = quick(problem)
        length = max(s + d for s, d in zip(starts, problem.durations, strict=True))
        ranks = _ranks(starts, outline.order)
        cost = sum((e.cost_usd for e in way.estimates), start=way.estimates[0].cost_usd * 0)
        outcomes.append(Outcome(length, replay(problem, ranks, slow), cost))
    return ways[best(request.strategy, outcomes, request.limits.deadline_seconds)]


def _place(outline: Outline, setting: Setting, providers: Sequence[ProviderSpec]) -> Placed:
    known: dict[object, Estimate] = {}
    estimates: list[Estimate] = []
    for one, provider in zip(outline.assigned, providers, strict=True):
        key = (one.agent_type.name, one.complexity.score, one.sizing.resources, provider.name, one.duration)
        if key not in known:
            known[key] = estimate(one.agent_type, one.complexity, one.sizing.resources, provider, one.duration)
        estimates.append(known[key])
    loads = tuple(replace(load, provider=p) for load, p in zip(setting.loads, providers, strict=True))
    return Placed(tuple(providers), tuple(estimates), replace(setting, loads=loads))


def _schedule(outline: Outline, placed: Placed) -> Schedule:
    """Schedule the plan; strategy Deadline also tries the order that is best when work takes its 90 % quantile."""
    request = outline.request
    problem = placed.setting.problem()
    effort = Effort.usual(problem.size, request.solver_work)
    usual = solve(problem, effort)
    if request.strategy is not Strategy.DEADLINE:
        return usual
    slow = tuple(one.duration.high for one in outline.assigned)
    careful = solve(replace(problem, durations=slow), effort)
    if replay(problem, careful.ranks, slow) >= replay(problem, usual.ranks, slow):
        return usual
    return usual.reordered(problem, careful.ranks)


def _subtasks(outline: Outline, placed: Placed, schedule: Schedule, path: CriticalPath) -> list[PlannedSubTask]:
    request, size = outline.request, outline.graph.size
    hashes: dict[str, str] = {}
    made: dict[int, PlannedSubTask] = {}
    for node in outline.order:
        one, spec = outline.assigned[node], outline.assigned[node].draft.spec
        upstream = {d.name: hashes[d.name] for d in one.draft.dependencies}
        hashes[one.draft.id] = definition_hash(one.draft, one.agent_type, upstream)
        start, seconds = schedule.dispatched[node], one.duration.middle
        slack = path.slack(node, seconds)
        made[node] = PlannedSubTask(
            id=one.draft.id,
            description=one.draft.description,
            agent_type=one.agent_type.name,
            specialization=one.agent_type.specialization,
            depends_on=tuple(sorted(one.draft.dependencies)),
            trigger_rule=one.draft.trigger_rule,
            work=spec.work if spec is not None else Work(),
            complexity=one.complexity,
            routing=one.routing,
            resources=one.sizing.resources,
            provider=placed.providers[node].name,
            estimate=placed.estimates[node],
            start=start,
            finish=start + seconds,
            slack_seconds=slack,
            critical=slack == 0,
            priority=size - 1 - schedule.ranks[node],
            locks=tuple(sorted(set(placed.setting.loads[node].locks))),
            timeout_seconds=spec.timeout_seconds if spec is not None else None,
            retry=spec.retry if spec is not None and spec.retry is not None else request.retry,
            input_bytes=spec.input_bytes if spec is not None else None,
            for_each_result=spec.for_each_result if spec is not None else "",
            cache_key=spec.cache_key if spec is not None else "",
            cache_seconds=spec.cache_seconds if spec is not None else None,
            item=one.draft.item,
            definition_hash=hashes[one.draft.id],
        )
    return [made[node] for node in range(size)]


def _parallelism(outline: Outline, path: CriticalPath, schedule: Schedule) -> Parallelism:
    graph, order = outline.graph, outline.order
    work = sum(one.duration.middle for one in outline.assigned)
    return Parallelism(
        width=width(graph, order).value,
        layers=1 + max(depths(graph, order)),
        potential=1 - path.length / work if work else 0.0,
        speedup=work / schedule.dispatched_makespan if schedule.dispatched_makespan else 1.0,
        critical_path=tuple(outline.drafts.items[node].id for node in path.path),
        critical_path_seconds=path.length,
        work_seconds=work,
    )


def _forecast(outline: Outline, placed: Placed, schedule: Schedule) -> Foreseen:
    durations = [one.duration for one in outline.assigned]
    names = [one.agent_type.name for one in outline.assigned]
    return forecast(placed.setting.problem(), schedule.ranks, durations, names, outline.request.history)


def _ranks(starts: Sequence[int], order: Sequence[int]) -> list[int]:
    ranks = [0] * len(starts)
    for rank, node in enumerate(sorted(order, key=lambda node: starts[node])):
        ranks[node] = rank
    return ranks


def _declared_locks(outline: Outline) -> set[str]:
    return {lock for one in outline.assigned if one.draft.spec is not None for lock in one.draft.spec.locks}


def _added_seconds(setting: Setting, locks: set[str]) -> int:
    """Return how much longer the plan is for these locks, by the list heuristic with them and without."""
    if not any(lock in locks for load in setting.loads for lock in load.locks):
        return 0
    loads = tuple(replace(load, locks=tuple(k for k in load.locks if k not in locks)) for load in setting.loads)
    return max(0, setting.quick_makespan() - replace(setting, loads=loads).quick_makespan())


def _contention_seconds(setting: Setting, cluster: ClusterFacts) -> int:
    """Return how much longer the plan is because running distributions of the same or higher priority go first."""
    if setting.cluster == cluster:
        return 0
    return max(0, setting.quick_makespan() - replace(setting, cluster=cluster).quick_makespan())


def _waits(outline: Outline, placed: Placed, schedule: Schedule) -> tuple[Wait, ...]:
    """Who waits for whom over a lock: neighbours in the schedule of each lock's holders that could have overlapped."""
    starts, durations = schedule.dispatched, placed.setting.durations
    ready = [
        max((starts[b] + durations[b] for b in outline.graph.before[node]), default=0) for node in range(len(starts))
    ]
    declared = {lock_of(name)[0] for name in _declared_locks(outline)}
    waits: list[Wait] = []
    for lock, (room, holders) in sorted(lock_users(placed.setting.loads).items()):
        if room > 1:
            continue  # of a semaphore's holders nobody waits for one other
        turn = sorted(holders, key=lambda node: (starts[node], schedule.ranks[node]))
        for a, b in pairwise(turn):
            seconds = starts[a] + durations[a] - ready[b]
            if seconds > 0:
                names = outline.drafts.items[a].id, outline.drafts.items[b].id
                waits.append(Wait(lock, *names, seconds, inferred=lock not in declared))
    return tuple(waits)
