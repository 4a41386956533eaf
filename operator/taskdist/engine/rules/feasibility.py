"""Rules about what is requested and where it fits: bounds, quota, nodes, capacity, providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from taskdist.engine.model import PlacementPolicy, Resources, RightSizing, Severity
from taskdist.engine.placement import fits
from taskdist.engine.quantity import format_cpu, format_memory
from taskdist.engine.rules.rule import Hit, Rule, counted, names, quoted, seconds
from taskdist.engine.suggest import did_you_mean
from taskdist.engine.timetable import free_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskdist.engine.facts import Assigned, Drawn, Facts
    from taskdist.engine.model import PlannedSubTask

OVER: Final = 4.0
"""A user's request of more than so many times the planned one is called over-allocation."""
UNDER: Final = 0.5
"""A user's request of less than this share of the planned one is called under-allocation."""

_UNKNOWN: Final = Resources(2**62, 2**62)
"""Stands for a quota of which only the rest is known: others may hold all that is missing."""
_BOUNDLESS: Final = 2**60
"""An amount of room from here on stands for no bound: a quota may bound CPU and not memory."""


def shown(resources: Resources) -> str:
    """Write CPU and memory as people read them; of room, what is bounded."""
    cpu, memory = f"{format_cpu(resources.cpu_millis)} CPU", format_memory(resources.memory_bytes)
    if resources.memory_bytes >= _BOUNDLESS:
        return cpu
    return memory if resources.cpu_millis >= _BOUNDLESS else f"{cpu} and {memory}"


def _amount(kind: str, value: int) -> str:
    return format_cpu(value) if kind == "cpu" else format_memory(value)


def _over(facts: Facts) -> Iterator[Hit]:
    cut: dict[tuple[str, str, int], list[Assigned]] = {}
    for one in facts.outline.assigned:
        for clamp in one.sizing.clamps:
            if clamp.given < clamp.wanted:
                cut.setdefault((clamp.bound, clamp.kind, clamp.given), []).append(one)
    for (bound, kind, given), group in sorted(cut.items()):
        few = names([one.draft.id for one in group])
        yield Hit(
            f"{kind} of {counted(len(group), 'subtask')} ({few}) is cut to {_amount(kind, given)}, the {bound}",
            _bound_path(bound, kind),
        )
    for kind, greedy in _explicit(facts, lambda asked, usual: asked > OVER * usual):
        few = names(
            [f"{one.draft.id}: {_amount(kind, asked)} for {_amount(kind, usual)}" for one, asked, usual in greedy]
        )
        yield Hit(
            f"{counted(len(greedy), 'subtask')} {_asks(greedy)} for more than {OVER:g} times the {kind} "
            f"that is planned for such work ({few})",
            f"{greedy[0][0].draft.path}.resources.{kind}",
        )


def _under(facts: Facts) -> Iterator[Hit]:
    for kind, modest in _explicit(facts, lambda asked, usual: asked < UNDER * usual):
        few = names(
            [f"{one.draft.id}: {_amount(kind, asked)} for {_amount(kind, usual)}" for one, asked, usual in modest]
        )
        risk = "it may be killed for want of memory" if kind == "memory" else "it may take longer"
        yield Hit(
            f"{counted(len(modest), 'subtask')} {_asks(modest)} for less than half of the {kind} that is "
            f"planned for such work ({few}); {risk}",
            f"{modest[0][0].draft.path}.resources.{kind}",
        )


def _asks(group: list[tuple[Assigned, int, int]]) -> str:
    return "asks" if len(group) == 1 else "ask"


def _explicit(facts: Facts, odd: Callable[[int, int], bool]) -> Iterator[tuple[str, list[tuple[Assigned, int, int]]]]:
    """Subtasks whose own request is odd beside the planned one, for CPU and for memory: (subtask, asked, planned)."""
    for kind in ("cpu", "memory"):
        found: list[tuple[Assigned, int, int]] = []
        for one in facts.outline.assigned:
            spec = one.draft.spec
            if spec is None:
                continue
            asked = spec.resources.cpu_millis if kind == "cpu" else spec.resources.memory_bytes
            usual = one.sizing.usual.cpu_millis if kind == "cpu" else one.sizing.usual.memory_bytes
            if asked is not None and usual > 0 and odd(asked, usual):
                found.append((one, asked, usual))
        if found:
            yield kind, found


def _bound_path(bound: str, kind: str) -> str:
    return f"spec.{bound}.{kind}" if bound.startswith("resourcePolicy") else f"spec.resourcePolicy.max.{kind}"


def _raised(facts: Facts) -> Iterator[Hit]:
    lifted: dict[tuple[str, str, int], list[Assigned]] = {}
    for one in facts.outline.assigned:
        for clamp in one.sizing.clamps:
            if clamp.given > clamp.wanted:
                lifted.setdefault((clamp.bound, clamp.kind, clamp.given), []).append(one)
    for (bound, kind, given), group in sorted(lifted.items()):
        few = names([one.draft.id for one in group])
        path = f"spec.{bound}.{kind}" if bound.startswith("resourcePolicy") else f"spec.resourcePolicy.min.{kind}"
        yield Hit(
            f"{kind} of {counted(len(group), 'subtask')} ({few}) is raised to {_amount(kind, given)}, the {bound}", path
        )


def _right_sizing(facts: Facts) -> Iterator[Hit]:
    if facts.outline.request.policy.right_sizing is not RightSizing.RECOMMEND:
        return
    better = [a for a in facts.outline.assigned if a.sizing.learned is not None and a.sizing.learned != a.sizing.wanted]
    if better:
        few = names(
            [
                f"{a.draft.id}: {shown(a.sizing.learned)} in place of {shown(a.sizing.wanted)}"
                for a in better
                if a.sizing.learned is not None
            ]
        )
        yield Hit(f"what finished attempts used suggests other requests for {counted(len(better), 'subtask')} ({few})")


def _node_too_small(facts: Facts) -> Iterator[Hit]:
    node = facts.outline.request.cluster.largest_node
    if node is None:
        return
    large = [
        a
        for a in facts.outline.assigned
        if a.sizing.resources.cpu_millis > node.cpu_millis or a.sizing.resources.memory_bytes > node.memory_bytes
    ]
    if large:
        few = names([f"{a.draft.id}: {shown(a.sizing.resources)}" for a in large])
        path = f"{large[0].draft.path}.resources" if large[0].draft.spec is not None else "spec.resourcePolicy.min"
        yield Hit(
            f"{counted(len(large), 'subtask')} ({few}) {'fits' if len(large) == 1 else 'fit'} on no node; "
            f"the largest offers {shown(node)}",
            path,
        )


def _quota(facts: Facts, plan: Drawn) -> Iterator[Hit]:
    cluster = facts.outline.request.cluster
    free_pods, all_pods = cluster.quota_free_pods, cluster.quota_total_pods
    if free_pods is not None:
        if all_pods is not None and all_pods < 1:
            yield Hit("the namespace's ResourceQuota allows no pod", severity=Severity.ERROR)
        elif plan.free_peak.pods > free_pods:
            yield Hit(
                f"{plan.free_peak.pods} subtasks could run at the same time; the namespace's ResourceQuota "
                f"leaves {counted(free_pods, 'pod')} now, so "
                f"{f'{free_pods} run at once and the rest waits' if free_pods else 'all wait until others have ended'}"
                f"{_delay(plan)}"
            )
    if cluster.quota_free is not None:
        yield from _room(
            plan,
            cluster.quota_free,
            "the namespace's ResourceQuota leaves",
            Severity.ERROR,
            cluster.quota_total or _UNKNOWN,
        )


def _quota_exceeded(facts: Facts) -> Iterator[Hit]:
    if facts.plan is not None:
        yield from _quota(facts, facts.plan)


def _capacity_short(facts: Facts) -> Iterator[Hit]:
    plan, cluster = facts.plan, facts.outline.request.cluster
    if plan is None:
        return
    room = free_of(cluster)
    if room is not None:
        # Nodes may be added by an autoscaler, so that even a pod without room now is no error.
        yield from _room(plan, room, "the cluster has free", Severity.WARNING)
    for provider in sorted({p.name: p for p in plan.placed_on}.values(), key=lambda p: p.name):
        if provider.capacity is None:
            continue
        mine = [s for s, p in zip(plan.subtasks, plan.placed_on, strict=True) if p.name == provider.name]
        never = [s.id for s in mine if not fits(provider, s.resources)]
        if never:
            yield Hit(
                f"{counted(len(never), 'subtask')} ({names(never)}) {'is' if len(never) == 1 else 'are'} "
                "larger than all of provider "
                f"{quoted(provider.name)} ({shown(provider.capacity)}), and no other allowed provider is larger",
                "spec.placement.providers",
                severity=Severity.ERROR,
            )
        elif len(mine) == len(plan.subtasks):  # of several providers, SeveralProviders speaks
            yield from _room(plan, provider.capacity, f"provider {quoted(provider.name)} has", Severity.WARNING)


def _room(plan: Drawn, room: Resources, what: str, severity: Severity, ever: Resources | None = None) -> Iterator[Hit]:
    """Compare the plan with the room that is left; ``ever`` is all the room there will be when others have ended."""
    never = _too_large(plan, room)
    if never:
        largest = max((s.resources for s in never), key=lambda r: (r.cpu_millis, r.memory_bytes))
        needs = (
            f"{counted(len(never), 'subtask')} ({names([s.id for s in never])}) "
            f"{'needs' if len(never) == 1 else 'need'} up to {shown(largest)} alone"
        )
        if ever is None or _too_large(plan, ever):
            allows = f" of {shown(ever)}" if ever is not None else ""
            yield Hit(f"{what} {shown(room)}{allows}; {needs}", severity=severity)
        else:
            allows = f", of {shown(ever)}" if ever is not _UNKNOWN else ""
            yield Hit(f"{what} {shown(room)} now{allows}; {needs} and waits until others have ended")
        return
    peak = plan.free_peak.resources
    if peak.cpu_millis > room.cpu_millis or peak.memory_bytes > room.memory_bytes:
        count = fitting(plan, room)
        yield Hit(
            f"at its peak the plan wants {shown(peak)} for {counted(plan.free_peak.pods, 'subtask')}; "
            f"{what} {shown(room)}, "
            f"where {count} fit at the same time{_delay(plan)}",
            recommendation=f"set limits.maxParallel to {count}, make requests smaller, or let it wait",
        )


def _too_large(plan: Drawn, room: Resources) -> list[PlannedSubTask]:
    """Return the subtasks that do not fit into ``room`` even alone."""
    return [
        s
        for s in plan.subtasks
        if s.resources.cpu_millis > room.cpu_millis or s.resources.memory_bytes > room.memory_bytes
    ]


def fitting(plan: Drawn, room: Resources) -> int:
    """How many of the plan's subtasks fit into ``room`` together, the largest first: so many always fit."""
    cpu = memory = count = 0
    for s in sorted(plan.subtasks, key=lambda s: (-s.resources.memory_bytes, -s.resources.cpu_millis)):
        cpu += s.resources.cpu_millis
        memory += s.resources.memory_bytes
        if cpu > room.cpu_millis or memory > room.memory_bytes:
            break
        count += 1
    return max(1, count)


def _delay(plan: Drawn) -> str:
    late = plan.schedule.makespan_seconds - plan.free_makespan
    return f", which costs {seconds(late)}" if late > 0 else ""


def _unknown_provider(facts: Facts) -> Iterator[Hit]:
    outline = facts.outline
    found = outline.providers
    if not found.unknown:
        return
    known = [p.name for p in outline.request.providers]
    wrong = names([quoted(n) for n in found.unknown])
    if found.implicit:
        yield Hit(f"there are no providers, so {wrong} cannot be chosen; the plan uses documented default prices")
        return
    none_left = len(found.unknown) == len(set(outline.request.allowed_providers))
    yield Hit(
        f"there is no provider {wrong}{did_you_mean(found.unknown[0], known)}",
        severity=Severity.ERROR if none_left else Severity.WARNING,
    )


def _unhealthy(facts: Facts) -> Iterator[Hit]:
    found = facts.outline.providers
    if not found.unhealthy:
        return
    sick = names([quoted(n) for n in found.unhealthy])
    if {p.name for p in found.providers} <= set(found.unhealthy):
        yield Hit(f"every allowed provider is unhealthy ({sick}); the plan waits until one is back")
    else:
        yield Hit(f"provider {sick} is unhealthy and left out")


def _single(facts: Facts) -> Iterator[Hit]:
    outline = facts.outline
    usable = [p for p in outline.providers.providers if p.healthy]
    if outline.providers.implicit:
        yield Hit(
            "there are no providers; costs rest on documented default prices, and nothing can fail over",
            severity=Severity.INFO,
        )
    elif len(usable) == 1 and len(outline.request.providers) > 1:
        yield Hit(
            f"{quoted(usable[0].name)} is the only one of {len(outline.request.providers)} providers that "
            "may be used: nothing can fail over"
        )
    elif len(usable) == 1:
        yield Hit(f"{quoted(usable[0].name)} is the only provider: nothing can fail over", severity=Severity.INFO)


def _split_placement(facts: Facts) -> Iterator[Hit]:
    plan, request = facts.plan, facts.outline.request
    if plan is None or request.placement_policy is PlacementPolicy.SPREAD:
        return
    counts: dict[str, int] = {}
    for provider in plan.placed_on:
        counts[provider.name] = counts.get(provider.name, 0) + 1
    if len(counts) > 1 and request.placement_policy in {PlacementPolicy.CHEAPEST, PlacementPolicy.ORDERED}:
        parts = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        yield Hit(f"one provider alone would be too full, so subtasks go to several: {parts}")


E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741  one letter keeps the table readable

RULES: Final = (
    Rule(
        "OverAllocation",
        W,
        "spec.resourcePolicy.max",
        "A request is larger than a bound and is cut to it, or is far above what such work is planned with.",
        "raise the bound if the work needs more; otherwise ask for less",
        _over,
    ),
    Rule(
        "UnderAllocation",
        W,
        "spec.tasks[].resources",
        "A task asks for much less than such work is planned with.",
        "leave resources out to have them planned, or ask for more",
        _under,
    ),
    Rule(
        "RequestRaised",
        I,
        "spec.resourcePolicy.min",
        "A request is smaller than a bound and is raised to it.",
        "lower the bound to save",
        _raised,
    ),
    Rule(
        "RightSizing",
        I,
        "spec.resourcePolicy.rightSizing",
        "Finished attempts suggest other requests, and rightSizing only recommends.",
        "set rightSizing to Apply",
        _right_sizing,
    ),
    Rule(
        "NodeTooSmall",
        W,
        "spec.tasks[].resources",
        "A pod fits on no node of now. Only an autoscaler could help, so it is no error.",
        "ask for less, or add a larger node",
        _node_too_small,
    ),
    Rule(
        "QuotaExceeded",
        W,
        "metadata.namespace",
        "The plan's peak is above what the namespace's ResourceQuota leaves: subtasks wait (Warning). A "
        "subtask that alone is above the whole quota never starts (Error).",
        "set limits.maxParallel to what fits, make requests smaller, or raise the quota",
        _quota_exceeded,
        needs_plan=True,
    ),
    Rule(
        "CapacityShort",
        W,
        "spec.limits.maxParallel",
        "The plan's peak is above the room in the cluster: subtasks wait (Warning). A subtask larger than "
        "every allowed provider never starts (Error).",
        "set limits.maxParallel to what fits, make requests smaller, or add room",
        _capacity_short,
        needs_plan=True,
    ),
    Rule(
        "UnknownProvider",
        W,
        "spec.placement.providers",
        "A provider is named that does not exist. If none of those named exists, nothing may run anywhere (Error).",
        "name an existing provider (kubectl get prov)",
        _unknown_provider,
    ),
    Rule(
        "UnhealthyProvider",
        W,
        "spec.placement.providers",
        "An allowed provider is unhealthy, or its circuit is open.",
        "allow another provider, or wait",
        _unhealthy,
    ),
    Rule(
        "SingleProvider",
        W,
        "spec.placement.providers",
        "Only one provider can be used, so that its failure stops everything. Info where the cluster has no other.",
        "allow more providers",
        _single,
    ),
    Rule(
        "SeveralProviders",
        I,
        "spec.placement.policy",
        "Subtasks go to more than one provider, because one alone is too full.",
        "raise the first provider's capacity to keep all together",
        _split_placement,
        needs_plan=True,
    ),
)
