"""From planned requests to the scheduling problem: which limits hold, and what each subtask holds of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskdist.engine.locks import lock_of
from taskdist.engine.resources import MIB
from taskdist.engine.schedule import problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskdist.engine.graph import Graph
    from taskdist.engine.model import AgentTypeSpec, ClusterFacts, ProviderSpec, Resources
    from taskdist.engine.schedule import Problem


@dataclass(frozen=True, slots=True)
class Load:
    """What one subtask holds while it runs. ``provider`` ``None`` means that no provider's capacity counts."""

    agent_type: AgentTypeSpec
    resources: Resources
    locks: tuple[str, ...] = ()
    provider: ProviderSpec | None = None


def timetable(
    graph: Graph,
    order: tuple[int, ...],
    durations: Sequence[int],
    loads: Sequence[Load],
    max_parallel: int,
    cluster: ClusterFacts | None,
) -> Problem:
    """Build the scheduling problem of a plan.

    CPU is counted in thousandths, memory in MiB, the rest in subtasks. A subtask that is larger than a limit is a
    finding elsewhere; here it gets the limit for itself, so that the rest of the plan can still be shown.
    """
    capacities: list[int] = []
    held: list[list[tuple[int, int]]] = [[] for _ in loads]

    def limit(capacity: int, amounts: Iterable[tuple[int, int]]) -> None:
        used = [(node, amount) for node, amount in amounts if amount > 0]
        if not used:
            return
        for node, amount in used:
            held[node].append((len(capacities), amount))
        capacities.append(max(capacity, *(amount for _, amount in used)))

    nodes = range(len(loads))
    pods = max(1, max_parallel)
    if cluster is not None and cluster.quota_free_pods is not None:
        pods = max(1, min(pods, cluster.quota_free_pods))
    limit(pods, ((node, 1) for node in nodes))
    for agent_type in sorted(
        {load.agent_type for load in loads if load.agent_type.max_concurrent}, key=lambda a: a.name
    ):
        limit(agent_type.max_concurrent or 0, ((n, 1) for n in nodes if loads[n].agent_type == agent_type))
    for _, (slots, users) in sorted(lock_users(loads).items()):
        limit(slots, ((node, 1) for node in users))
    for room, inside in _rooms(loads, cluster):
        limit(room.cpu_millis, ((n, loads[n].resources.cpu_millis) for n in inside))
        limit(room.memory_bytes // MIB, ((n, mebibytes(loads[n].resources.memory_bytes)) for n in inside))
    return problem(graph, durations, held, capacities, order)


def mebibytes(memory_bytes: int) -> int:
    """Memory in MiB, rounded up."""
    return -(-memory_bytes // MIB)


def free_of(cluster: ClusterFacts) -> Resources | None:
    """Return what the cluster still has, after what other distributions hold."""
    room = cluster.allocatable
    if room is None:
        return None
    return type(room)(
        max(0, room.cpu_millis - cluster.held.cpu_millis), max(0, room.memory_bytes - cluster.held.memory_bytes)
    )


def lock_users(loads: Sequence[Load]) -> dict[str, tuple[int, list[int]]]:
    """Return for each lock that more than one node holds how many may do so at a time, and the nodes.

    Where they do not agree on the number, the smallest counts.
    """
    users: dict[str, list[int]] = {}
    rooms: dict[str, int] = {}
    for node, load in enumerate(loads):
        for name in dict.fromkeys(load.locks):
            stem, room = lock_of(name)
            rooms[stem] = min(room, rooms.get(stem, room))
            if node not in users.setdefault(stem, [])[-1:]:
                users[stem].append(node)
    return {stem: (rooms[stem], nodes) for stem, nodes in users.items() if len(nodes) > 1}


def _rooms(loads: Sequence[Load], cluster: ClusterFacts | None) -> list[tuple[Resources, Sequence[int]]]:
    """Every known amount of room, with the subtasks that share it."""
    rooms: list[tuple[Resources, Sequence[int]]] = []
    nodes = range(len(loads))
    if cluster is not None:
        rooms += [(room, nodes) for room in (free_of(cluster), cluster.quota_free) if room is not None]
    providers = {load.provider.name: load.provider for load in loads if load.provider is not None}
    for name, provider in sorted(providers.items()):
        if provider.capacity is not None:
            rooms.append(
                (provider.capacity, [n for n in nodes if (p := loads[n].provider) is not None and p.name == name])
            )
    return rooms
