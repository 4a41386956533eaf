"""Rules about the graph's shape: what runs in parallel, what stands in the way, who waits for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from taskdist.engine.locks import exclusive
from taskdist.engine.model import ConflictPolicy, EdgeSource, Severity, Strategy
from taskdist.engine.rules.rule import Hit, Rule, counted, names, quoted, seconds
from taskdist.engine.shape import redundant_edges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskdist.engine.facts import Facts

LONG_PATH: Final = 0.8
"""A critical path of this share of all work leaves little to run in parallel."""
FAN_OUT: Final = 10
"""So many subtasks directly behind one make it a bottleneck, if it also takes :data:`FAN_OUT_SHARE` of the critical
path."""
FAN_OUT_SHARE: Final = 0.2
_DEFAULT_MAX_PARALLEL: Final = 10


def _redundant(facts: Facts) -> Iterator[Hit]:
    plan, outline = facts.plan, facts.outline
    if plan is None:
        return
    items = outline.drafts.items
    declared = {
        (d.name, draft.id)
        for draft in items
        for d in draft.dependencies
        if d.source is EdgeSource.DECLARED and draft.spec is not None
    }
    found = [(i, j) for i, j in redundant_edges(outline.graph, plan.reach) if (items[i].id, items[j].id) in declared]
    if found:
        few = names([f"{items[i].id} -> {items[j].id}" for i, j in found])
        yield Hit(
            f"{counted(len(found), 'dependency', 'dependencies')} {'is' if len(found) == 1 else 'are'} "
            f"implied by others ({few})",
            f"{items[found[0][1]].path}.dependsOn",
        )


def _no_parallelism(facts: Facts) -> Iterator[Hit]:
    plan = facts.plan
    if plan is not None and len(plan.subtasks) >= 3 and plan.parallelism.width == 1 and not _sequential(facts):
        yield Hit(f"all {len(plan.subtasks)} subtasks form one chain: nothing runs in parallel")


def _long_path(facts: Facts) -> Iterator[Hit]:
    plan = facts.plan
    if plan is None or len(plan.subtasks) < 4 or plan.parallelism.width == 1 or _sequential(facts):
        return
    shape = plan.parallelism
    if shape.critical_path_seconds >= LONG_PATH * shape.work_seconds:
        slowest = max(
            (s for s in plan.subtasks if s.id in set(shape.critical_path)), key=lambda s: (s.estimate.seconds, s.id)
        )
        share = round(100 * shape.critical_path_seconds / shape.work_seconds)
        yield Hit(
            f"the longest chain ({counted(len(shape.critical_path), 'subtask')}, "
            f"{seconds(shape.critical_path_seconds)}) is {share} % of all work; "
            f"its longest part is {slowest.id} with {seconds(slowest.estimate.seconds)}"
        )


def _unused(facts: Facts) -> Iterator[Hit]:
    plan, limit = facts.plan, facts.outline.request.limits.max_parallel
    if plan is not None and limit > _DEFAULT_MAX_PARALLEL and plan.parallelism.width < limit and not _sequential(facts):
        yield Hit(
            f"maxParallel is {limit}, but at most {counted(plan.parallelism.width, 'subtask')} can ever "
            "run at the same time"
        )


def _bottleneck(facts: Facts) -> Iterator[Hit]:
    plan, graph = facts.plan, facts.outline.graph
    if plan is None or not plan.parallelism.critical_path_seconds:
        return
    planned = {s.id: s for s in plan.subtasks}
    for node, draft in enumerate(facts.outline.drafts.items):
        behind, own = len(graph.after[node]), planned[draft.id].estimate.seconds
        if (
            behind >= FAN_OUT
            and own >= FAN_OUT_SHARE * plan.parallelism.critical_path_seconds
            and planned[draft.id].critical
        ):
            yield Hit(f"{counted(behind, 'subtask')} wait for {draft.id} alone, which takes {seconds(own)}", draft.path)


def _conflicts(facts: Facts) -> Iterator[Hit]:
    plan = facts.plan
    if plan is None:
        return
    policy = facts.outline.request.conflict_policy
    items = facts.outline.drafts.items
    for number, conflict in enumerate(plan.conflicts):
        if number >= 20:
            yield Hit(f"{len(plan.conflicts) - number} more things are changed by more than one subtask")
            return
        who = names([items[n].id for n in conflict.members])
        cues = names([quoted(c) for c in dict.fromkeys(conflict.cues)])
        message = f"{who} change {quoted(conflict.thing)} ({cues}) and do not wait for each other"
        if policy is ConflictPolicy.SERIALIZE:
            waits = [
                f"{w.after} waits {seconds(w.seconds)} for {w.before}" for w in plan.waits if w.lock == conflict.lock
            ]
            how = f"so {names(waits)}" if waits else "a lock keeps them apart"
            cost = (
                f"all conflicts together make the plan {seconds(plan.conflict_seconds)} longer"
                if plan.conflict_seconds
                else "the plan is no longer for it"
            )
            yield Hit(f"{message}; {how} ({cost})", items[conflict.members[0]].path)
        else:
            fails = policy is ConflictPolicy.FAIL
            yield Hit(message, items[conflict.members[0]].path, severity=Severity.ERROR if fails else None)


def _locks(facts: Facts) -> Iterator[Hit]:
    plan = facts.plan
    if plan is not None and plan.lock_seconds > 0:
        worst = sorted((w for w in plan.waits if not w.inferred), key=lambda w: (-w.seconds, w.lock, w.after))
        few = names([f"{w.after} waits {seconds(w.seconds)} for {w.before} over {quoted(w.lock)}" for w in worst])
        yield Hit(f"declared locks make the plan {seconds(plan.lock_seconds)} longer" + (f": {few}" if few else ""))


def _held_locks(facts: Facts) -> Iterator[Hit]:
    plan = facts.plan
    if plan is None:
        return
    held = dict(facts.outline.request.cluster.held_locks)
    waiting = {stem: s.id for s in reversed(plan.subtasks) for stem in exclusive(s.locks) if stem in held}
    if waiting:
        few = names([f"{quoted(lock)} by {held[lock]}, needed by {who}" for lock, who in sorted(waiting.items())])
        yield Hit(f"{counted(len(waiting), 'lock')} {'is' if len(waiting) == 1 else 'are'} held by others now ({few})")


def _busy_agent_types(facts: Facts) -> Iterator[Hit]:
    plan = facts.plan
    if plan is None:
        return
    peaks: dict[str, int] = {}
    for one in facts.outline.assigned:
        peaks[one.agent_type.name] = peaks.get(one.agent_type.name, 0) + 1
    types = {one.agent_type.name: one.agent_type for one in facts.outline.assigned}
    tight = [
        f"{name}: {peaks[name]} subtasks, {a.max_concurrent} at a time"
        for name, a in sorted(types.items())
        if a.max_concurrent is not None
        and a.max_concurrent < min(peaks[name], facts.outline.request.limits.max_parallel, plan.parallelism.width)
    ]
    if tight:
        yield Hit(f"agent types let fewer subtasks run at the same time than there are ({names(tight)})")


def _waits_on_purpose(facts: Facts) -> Iterator[Hit]:
    plan = facts.plan
    if plan is None:
        return
    late = plan.schedule.makespan_seconds - plan.schedule.best_known_seconds
    if late > 0:
        yield Hit(
            f"a schedule is known that is {seconds(late)} shorter, but it leaves room free on purpose; at run time a "
            "subtask starts as soon as it fits"
        )


def _solver_missing(facts: Facts) -> Iterator[Hit]:
    if facts.plan is not None and facts.plan.solver_missing:
        yield Hit(
            "the exact solver was asked for, but ortools is not installed; the list heuristic's schedule "
            "stands, and the hash may differ from elsewhere"
        )


def _sequential(facts: Facts) -> bool:
    return facts.outline.request.strategy is Strategy.SEQUENTIAL


E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741  one letter keeps the table readable

RULES: Final = (
    Rule(
        "ConflictingWrites",
        W,
        "spec.conflictPolicy",
        "Subtasks change the same named thing without an order. Serialize keeps them apart by a lock, "
        "Warn only says so, Fail makes it an Error, as the user asked.",
        "say their order with dependsOn, or give them one lock",
        _conflicts,
        needs_plan=True,
    ),
    Rule(
        "LockContention",
        I,
        "spec.tasks[].locks",
        "Declared locks make the plan longer.",
        "hold locks in short subtasks of their own",
        _locks,
        needs_plan=True,
    ),
    Rule(
        "LockHeld",
        I,
        "spec.tasks[].locks",
        "A lock that the plan needs is held by another distribution now.",
        "expect it to wait",
        _held_locks,
        needs_plan=True,
    ),
    Rule(
        "AgentTypeBusy",
        I,
        "spec.tasks[].agentType",
        "An agent type's maxConcurrent is lower than what could run.",
        "raise maxConcurrent of the agent type",
        _busy_agent_types,
        needs_plan=True,
    ),
    Rule(
        "RedundantEdge",
        I,
        "spec.tasks[].dependsOn",
        "A dependency is implied by a longer way; without it the plan is the same.",
        "remove it",
        _redundant,
        needs_plan=True,
    ),
    Rule(
        "LongCriticalPath",
        W,
        "spec",
        "Most of the work lies on one chain, so that more parallel subtasks do not help.",
        "split the longest part, or remove a dependency on the chain",
        _long_path,
        needs_plan=True,
    ),
    Rule(
        "NoParallelism",
        I,
        "spec",
        "The whole plan is one chain.",
        "remove dependencies that are not needed, or choose strategy Parallel",
        _no_parallelism,
        needs_plan=True,
    ),
    Rule(
        "MaxParallelUnused",
        I,
        "spec.limits.maxParallel",
        "maxParallel is above what the graph can ever use.",
        "lower it, to say what is meant",
        _unused,
        needs_plan=True,
    ),
    Rule(
        "FanOutBottleneck",
        I,
        "spec.tasks[]",
        "Many subtasks wait for one long one.",
        "split it, so that some can start earlier",
        _bottleneck,
        needs_plan=True,
    ),
    Rule(
        "ScheduleWaits",
        I,
        "spec.limits",
        "A shorter schedule would leave room free on purpose, which the dispatcher at run time does not do.",
        "add a dependency that makes the subtask wait, if the time matters",
        _waits_on_purpose,
        needs_plan=True,
    ),
    Rule(
        "SolverMissing",
        W,
        "spec.strategy",
        "The exact solver was asked for where ortools is not installed.",
        "install taskdist[solver], or leave the solver out",
        _solver_missing,
        needs_plan=True,
    ),
)
