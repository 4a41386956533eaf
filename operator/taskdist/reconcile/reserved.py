"""What the distributions of a namespace that have begun will still take, for the plan of another one."""

from __future__ import annotations

from collections.abc import Iterable

from taskdist.api.names import SubTaskPhase
from taskdist.engine.model import Reservation
from taskdist.planning.reservations import may_run, reservation
from taskdist.reconcile.planning import is_over
from taskdist.reconcile.projection import Projection


def reservations(peers: Iterable[Projection], planning: Projection) -> tuple[Reservation, ...]:
    """One reservation for each of the ``peers`` that may run and is not over, but the one that is being planned."""
    return tuple(found for peer in peers if peer is not planning and (found := _reservation(peer)) is not None)


def _reservation(peer: Projection) -> Reservation | None:
    plan, root = peer.planned, peer.root
    if plan is None or not plan.valid or root is None or is_over(peer) or not may_run(root, plan.hash):
        return None
    return reservation(
        root.metadata.name,
        plan.subtasks,
        done={s.id for s in peer.subtasks.values() if s.terminal},
        running={s.id for s in plan.subtasks if peer.phase_of(s.id) is SubTaskPhase.RUNNING},
        priority=peer.priority,
    )
