"""What the distributions of a namespace that have begun will still take, for the plan of another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from taskdist.api.names import SubTaskPhase
from taskdist.engine.model import Reservation
from taskdist.planning.reservations import may_run, reservation
from taskdist.reconcile.planning import is_over
from taskdist.reconcile.projection import Projection


@dataclass(slots=True)
class Reserved:
    """One reservation for each distribution that may run and is not over.

    One is counted again only after :meth:`touch`: a plan costs what has changed since the one before it, not what thousands of
    distributions hold.
    """

    _known: dict[str, dict[str, Reservation]] = field(default_factory=dict)
    _touched: dict[str, dict[str, None]] = field(default_factory=dict)

    def touch(self, namespace: str, name: str) -> None:
        """Something was seen of a distribution, or decided on it."""
        self._touched.setdefault(namespace, {})[name] = None

    def forget(self, namespace: str, name: str) -> None:
        """A distribution is no more."""
        for table in (self._known, self._touched):
            mine = table.get(namespace)
            if mine is not None:
                mine.pop(name, None)
                if not mine:
                    del table[namespace]

    def beside(self, planning: Projection, find: Callable[[str], Projection | None]) -> tuple[Reservation, ...]:
        """The reservations of the namespace, but that of the distribution that is being planned.

        Args:
            planning: what is being planned.
            find: a distribution of the namespace by its name.
        """
        known = self._known.setdefault(planning.namespace, {})
        for name in self._touched.pop(planning.namespace, {}):
            peer = find(name)
            found = _reservation(peer) if peer is not None else None
            if found is not None:
                known[name] = found
            else:
                known.pop(name, None)
        if not known:
            del self._known[planning.namespace]
        return tuple(one for name, one in known.items() if name != planning.name)


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
