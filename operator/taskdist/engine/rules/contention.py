"""Rules about other distributions of the namespace that have begun: who goes first for scarce room, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from taskdist.engine.contention import claims, taken_by
from taskdist.engine.model import Severity
from taskdist.engine.rules.feasibility import shown
from taskdist.engine.rules.rule import Hit, Rule, counted, names, seconds
from taskdist.engine.timetable import free_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskdist.engine.facts import Drawn, Facts
    from taskdist.engine.model import ClusterFacts, Reservation, Resources


def _goes_before(facts: Facts) -> Iterator[Hit]:
    plan, request = facts.plan, facts.outline.request
    if plan is None:
        return
    found = claims(request.cluster, request.priority)
    if not found.before or not _tight(plan, request.cluster, found.resources, found.pods):
        return
    longest = max((one.remaining_seconds for one in found.before), default=0)
    until = f" for about {seconds(longest)} more" if longest else ""
    cost = (
        f"planned with what they leave, this takes {seconds(plan.contention_seconds)} longer"
        if plan.contention_seconds
        else "planned with what they leave, this takes no longer"
    )
    yield Hit(
        f"{_who(found.before)} {'goes' if len(found.before) == 1 else 'go'} first{until} and will take "
        f"{shown(found.resources)} more for {counted(found.pods, 'more pod')}; {cost}",
        severity=Severity.WARNING if plan.contention_seconds else Severity.INFO,
    )


def _goes_behind(facts: Facts) -> Iterator[Hit]:
    plan, request = facts.plan, facts.outline.request
    if plan is None:
        return
    found = claims(request.cluster, request.priority)
    if found.behind and _tight(plan, request.cluster, *taken_by(found.behind)):
        yield Hit(
            f"{_who(found.behind)} {'wants' if len(found.behind) == 1 else 'want'} the same room and will wait behind "
            f"this plan (priority {request.priority}) for what it needs at its peak: {shown(plan.peak.resources)}"
        )


def _who(running: tuple[Reservation, ...]) -> str:
    listed = names([f"{one.name}: priority {one.priority}" for one in running])
    return f"{counted(len(running), 'running distribution')} ({listed})"


def _tight(plan: Drawn, cluster: ClusterFacts, taken: Resources, pods: int) -> bool:
    """True if the plan's peak and what is taken do not fit together into the room that is known."""
    peak = plan.free_peak
    if cluster.quota_free_pods is not None and peak.pods + pods > cluster.quota_free_pods:
        return True
    return any(
        room is not None
        and (
            peak.resources.cpu_millis + taken.cpu_millis > room.cpu_millis
            or peak.resources.memory_bytes + taken.memory_bytes > room.memory_bytes
        )
        for room in (cluster.quota_free, free_of(cluster))
    )


RULES: Final = (
    Rule(
        "RoomContended",
        Severity.WARNING,
        "spec.priorityClassName",
        "Running distributions of the same or a higher priority will take room that the plan could use. Info where it "
        "costs no time.",
        "choose a higher priorityClassName if this is more urgent, or let it wait",
        _goes_before,
        needs_plan=True,
    ),
    Rule(
        "RoomTaken",
        Severity.INFO,
        "spec.priorityClassName",
        "Running distributions of a lower priority want the same room, and will wait.",
        "choose a lower priorityClassName to leave them theirs",
        _goes_behind,
        needs_plan=True,
    ),
)
