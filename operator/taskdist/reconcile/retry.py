"""Whether, when and with how much memory a failed attempt is tried again: one table by cause."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto

from taskdist.api.names import SubTaskReason
from taskdist.api.task_distribution import OutOfMemory
from taskdist.engine.model import Retry
from taskdist.engine.quantity import format_memory, parse_memory_bytes


class Blame(Enum):
    """Whose fault the end of an attempt is: it decides which budget of tries it is taken from."""

    AGENT = auto()
    """The work failed: ``retry.limit``."""
    MEMORY = auto()
    """The request was too small: ``resourcePolicy.oom.maxAttempts``, with a larger request."""
    CLUSTER = auto()
    """The cluster took the pod away: tried again at once, and never counted against the work."""
    USER = auto()
    """Somebody stopped it on purpose: run again when they say so, and never counted."""
    NOBODY = auto()
    """Another try would end the same."""


BLAME = {
    SubTaskReason.AGENT_ERROR: Blame.AGENT,
    SubTaskReason.AGENT_RETRY: Blame.AGENT,
    SubTaskReason.INVALID_RESULT: Blame.AGENT,
    SubTaskReason.TIMEOUT: Blame.AGENT,
    SubTaskReason.SILENT: Blame.AGENT,
    SubTaskReason.UNSCHEDULABLE: Blame.AGENT,
    SubTaskReason.IMAGE_PULL: Blame.AGENT,
    SubTaskReason.CONTAINER_CONFIG: Blame.AGENT,
    SubTaskReason.PENDING_TIMEOUT: Blame.AGENT,
    SubTaskReason.OOM_KILLED: Blame.MEMORY,
    SubTaskReason.EVICTED: Blame.CLUSTER,
    SubTaskReason.PREEMPTED: Blame.CLUSTER,
    SubTaskReason.NODE_LOST: Blame.CLUSTER,
    SubTaskReason.POD_LOST: Blame.CLUSTER,
    SubTaskReason.POD_REJECTED: Blame.CLUSTER,
    SubTaskReason.PROVIDER_UNAVAILABLE: Blame.CLUSTER,
    SubTaskReason.SUSPENDED: Blame.USER,
    SubTaskReason.AGENT_REFUSED: Blame.NOBODY,
    SubTaskReason.RESULT_MISSING: Blame.NOBODY,
    SubTaskReason.AGENT_NOT_CONFIGURED: Blame.NOBODY,
    SubTaskReason.AGENT_TYPE_NOT_FOUND: Blame.NOBODY,
}

MOST_DISRUPTIONS = 20
"""A pod that the cluster takes away this often is a cluster's matter that no further try will mend."""


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """Try again after ``wait_seconds`` with ``memory`` requested."""

    wait_seconds: float
    memory: str


def next_attempt(
    reason: SubTaskReason, earlier: tuple[SubTaskReason | None, ...], retry: Retry, oom: OutOfMemory, memory: str
) -> NextAttempt | None:
    """What follows a failed attempt, or ``None`` if it was the last.

    Args:
        reason: how the attempt ended.
        earlier: how the ones before it ended, oldest first.
        retry: the subtask's policy; waits are ``backoff * factor^n``, at most ``max_backoff``.
        oom: the policy of growth.
        memory: what the attempt requested, as a Kubernetes quantity.
    """
    blame = BLAME.get(reason, Blame.AGENT)
    same = sum(BLAME.get(r, Blame.AGENT) is blame for r in earlier if r is not None)
    if blame is Blame.NOBODY:
        return None
    if blame is Blame.USER:
        return NextAttempt(0.0, memory)
    if blame is Blame.CLUSTER:
        return NextAttempt(0.0, memory) if same < MOST_DISRUPTIONS else None
    if blame is Blame.MEMORY:
        grown = grow(memory, oom)
        return NextAttempt(0.0, grown) if same + 1 < oom.max_attempts and grown != memory else None
    if same >= retry.limit:
        return None
    wait = min(Decimal(retry.backoff_seconds) * retry.factor**same, Decimal(retry.max_backoff_seconds))
    return NextAttempt(float(wait), memory)


def grow(memory: str, oom: OutOfMemory) -> str:
    """The next request after an OOM kill: times ``factor``, in whole MiB, never above ``maxMemory``, never smaller."""
    now = parse_memory_bytes(memory)
    mebi = 2**20
    grown = int(now * Decimal(oom.factor))
    grown = -(-grown // mebi) * mebi
    return format_memory(max(now, min(grown, parse_memory_bytes(oom.max_memory))))
