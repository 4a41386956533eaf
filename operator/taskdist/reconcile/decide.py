"""The one decision: what follows from what is seen of a distribution, now.

Level-based: the answer depends on the projection, on what all distributions share, and on the clock, never on which event came.
Deciding again after the actions were carried out decides nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from taskdist.api.names import Reason
from taskdist.reconcile.actions import Action, Decision
from taskdist.reconcile.advance import Advance
from taskdist.reconcile.planning import Mode, Planning, deadline, expiry, plan_ahead
from taskdist.reconcile.projection import Catalogue, Projection
from taskdist.reconcile.retention import releases
from taskdist.reconcile.root_status import moved, root_events, root_status
from taskdist.reconcile.views import PodView


def decide(seen: Projection, catalogue: Catalogue, now: datetime, *, report: bool = True) -> Decision:
    """Decide on everything that may have changed since the last decision.

    Args:
        seen: what is known of the distribution; the phases found are recorded in it.
        catalogue: what all distributions share; what is taken and given back is recorded in it.
        now: the moment of the decision.
        report: whether the root's status is wanted. Else it is derived only if its phase or its generation moves: as a whole it
            takes half of a decision's time, and is written once a second at most.

    Returns:
        the writes to make, the root's new status if it differs, events, and when to look again.
    """
    root = seen.root
    let_go, unrecorded = releases(seen, now)
    if root is None or root.metadata.deletion_timestamp is not None:
        return Decision(let_go, requeue_seconds=_seconds(unrecorded, now))
    planning = plan_ahead(seen, root, now)
    actions: list[Action] = list(planning.actions)
    if planning.mode is not Mode.HELD:
        if planning.gate is Reason.DEADLINE_EXCEEDED:
            seen.touch(s.id for s in seen.subtasks.values() if not s.terminal)  # time passed, and nothing else was seen
        advance = Advance(seen, catalogue, root, planning, now, actions)
        while dirty := seen.take_dirty(now):
            for id_ in dirty:
                advance.assess(id_)
        advance.dispatch()
    elif planning.gate in _PAUSED:
        advance = Advance(seen, catalogue, root, planning, now, actions)
        for id_ in [pod.subtask_id for pod in seen.pods.values() if pod.ended and _unrecorded(seen, pod)]:
            advance.assess(id_)
    status = root_status(seen, root, planning, now) if report or moved(seen, root, planning) else seen.root_status
    changed = status != seen.root_status
    events = root_events(seen.root_status, status) if changed else ()
    moments = [*_moments(seen, planning), *([unrecorded] if unrecorded is not None else [])]
    look = min(moments, default=None)
    return Decision((*actions, *let_go), status if changed else None, events, _seconds(look, now))


def _seconds(until: datetime | None, now: datetime) -> float | None:
    return max((until - now).total_seconds(), 0.0) if until is not None else None


_PAUSED = frozenset({Reason.INVALID_PLAN, Reason.PLAN_ONLY, Reason.AWAITING_APPROVAL})
"""An edit has put a gate before work under way: nothing starts, but what has ended is recorded while its pod is there."""


def _unrecorded(seen: Projection, pod: PodView) -> bool:
    subtask = seen.subtasks.get(pod.subtask_id)
    return (
        subtask is not None and not subtask.terminal and subtask.attempt == pod.attempt and subtask.uid == pod.owner_uid
    )


def _moments(seen: Projection, planning: Planning) -> Iterable[datetime]:
    """When something is to be decided although nothing may be seen until then."""
    assert seen.root is not None  # noqa: S101 - the caller has seen to it
    found: list[datetime | None] = []
    if planning.over:
        found = [expiry(seen, seen.root)]
    elif planning.mode is not Mode.HELD:
        found = [seen.next_look, deadline(seen, seen.root) if planning.mode is not Mode.CANCELLED else None]
    return [at for at in found if at is not None]
