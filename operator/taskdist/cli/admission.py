"""What a queue says of the pods it has not let in: the Workloads that Kueue keeps of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from taskdist.cli.online import Session

_UNREADABLE: Final = frozenset({403, 404})
"""Workloads may not be read here, or the cluster has none: then the SubTask's own message has to do."""


async def refusals(session: Session, subtasks: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return, by UID of the pod, what the queue says of the subtasks that are Queued. Asks nothing when there are none."""
    from taskdist.cli import online
    from taskdist.cluster.errors import ApiError

    if not any(one.get("status", {}).get("phase") == "Queued" for one in subtasks):
        return {}
    try:
        return refused(await online.all_of(session, "Workload", session.namespace))
    except ApiError as error:
        if error.status not in _UNREADABLE:
            raise
        return {}


def refused(workloads: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return why each Workload is not admitted, by UID of the pod that owns it."""
    told = {}
    for workload in workloads:
        said = _why_not(workload)
        for owner in workload["metadata"].get("ownerReferences", ()) if said else ():
            if owner["kind"] == "Pod":
                told[owner["uid"]] = said
    return told


def _why_not(workload: Mapping[str, Any]) -> str:
    """Quota comes first; what has it may still wait for the checks of its ClusterQueue."""
    status = workload.get("status", {})
    conditions = {condition["type"]: condition for condition in status.get("conditions", ())}
    if conditions.get("QuotaReserved", {}).get("status") != "True":
        return str(conditions.get("QuotaReserved", {}).get("message", ""))
    if conditions.get("Admitted", {}).get("status") == "True":
        return ""
    pending = [check for check in status.get("admissionChecks", ()) if check.get("state") != "Ready"]
    return "; ".join(f"admission check {c['name']}: {c.get('message') or c.get('state', '')}" for c in pending)
