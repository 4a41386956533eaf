"""Room that running distributions of the namespace will still take: those of the same or higher priority go first.

A distribution that has begun holds what its pods request now, and will hold up to its plan's peak later. What is between the
two is spoken for if its priority is not lower; a plan gets what is left. That is careful: they may end earlier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from taskdist.engine.model import Resources

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskdist.engine.model import ClusterFacts, Reservation


@dataclass(frozen=True, slots=True)
class Claims:
    """Who goes before and who behind a plan of some priority, and what those before it will still take."""

    before: tuple[Reservation, ...]
    behind: tuple[Reservation, ...]
    resources: Resources
    pods: int


def claims(cluster: ClusterFacts, priority: int) -> Claims:
    """Find the running distributions that will still take room, and on which side of ``priority`` they are."""
    growing = [one for one in sorted(cluster.running, key=lambda r: (-r.priority, r.name)) if _grows(one)]
    before = tuple(one for one in growing if one.priority >= priority)
    behind = tuple(one for one in growing if one.priority < priority)
    return Claims(before, behind, *taken_by(before))


def taken_by(running: Iterable[Reservation]) -> tuple[Resources, int]:
    """Sum up what running distributions will still take: requests and pods."""
    growing = tuple(running)
    more = [still_taken(one) for one in growing]
    return (
        Resources(sum(m.cpu_millis for m in more), sum(m.memory_bytes for m in more)),
        sum(max(0, one.peak_pods - one.held_pods) for one in growing),
    )


def still_taken(one: Reservation) -> Resources:
    """Return what a running distribution will take beyond what it holds now."""
    return Resources(
        max(0, one.peak.cpu_millis - one.held.cpu_millis), max(0, one.peak.memory_bytes - one.held.memory_bytes)
    )


def after_claims(cluster: ClusterFacts, priority: int) -> ClusterFacts:
    """Return what is left for a plan of ``priority`` once those before it have taken theirs."""
    found = claims(cluster, priority)
    if not found.before:
        return cluster
    free, pods = cluster.quota_free, cluster.quota_free_pods
    return replace(
        cluster,
        quota_free=free if free is None else _less(free, found.resources),
        quota_free_pods=pods if pods is None else max(0, pods - found.pods),
        held=Resources(
            cluster.held.cpu_millis + found.resources.cpu_millis,
            cluster.held.memory_bytes + found.resources.memory_bytes,
        ),
    )


def _grows(one: Reservation) -> bool:
    more = still_taken(one)
    return more.cpu_millis > 0 or more.memory_bytes > 0 or one.peak_pods > one.held_pods


def _less(room: Resources, taken: Resources) -> Resources:
    return Resources(max(0, room.cpu_millis - taken.cpu_millis), max(0, room.memory_bytes - taken.memory_bytes))
