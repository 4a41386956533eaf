"""What is seen of SubTasks and pods: only the fields that decisions read, already parsed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from taskdist.api.names import SubTaskPhase, SubTaskReason
from taskdist.engine.model import Complexity, Retry, TriggerRule, Work

_MIDDLING = Complexity(0.5)


class PodPhase(StrEnum):
    """Kubernetes' own pod phases."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One recorded try of a subtask. ``finished_at`` is ``None`` while it is to be, or being, run."""

    number: int
    pod: str = ""
    pod_uid: str = ""
    node: str = ""
    provider: str = ""
    agent_type: str = ""
    reason: SubTaskReason | None = None
    message: str = ""
    exit_code: int | None = None
    cpu: str = ""
    memory: str = ""
    peak_memory: str = ""
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UsageView:
    """What the finished attempts used, added up."""

    seconds: int = 0
    cpu_seconds: Decimal = Decimal(0)
    memory_gib_seconds: Decimal = Decimal(0)
    wasted_memory_gib_seconds: Decimal = Decimal(0)
    cost_usd: Decimal = Decimal(0)
    tokens: int = 0

    def plus(self, other: UsageView) -> UsageView:
        """Both together."""
        return UsageView(
            self.seconds + other.seconds,
            self.cpu_seconds + other.cpu_seconds,
            self.memory_gib_seconds + other.memory_gib_seconds,
            self.wasted_memory_gib_seconds + other.wasted_memory_gib_seconds,
            self.cost_usd + other.cost_usd,
            self.tokens + other.tokens,
        )

    def minus(self, other: UsageView) -> UsageView:
        """This without the other."""
        return UsageView(
            self.seconds - other.seconds,
            self.cpu_seconds - other.cpu_seconds,
            self.memory_gib_seconds - other.memory_gib_seconds,
            self.wasted_memory_gib_seconds - other.wasted_memory_gib_seconds,
            self.cost_usd - other.cost_usd,
            self.tokens - other.tokens,
        )


@dataclass(frozen=True, slots=True)
class SubTaskView:
    """One SubTask as last seen.

    ``phase`` ``None`` means that no status was written yet. ``altered``: somebody has written its spec, which the
    operator never does. ``disowned``: somebody has changed its owner.
    """

    id: str
    name: str
    uid: str
    resource_version: str
    definition_hash: str
    description: str
    agent_type: str
    specialization: str
    depends_on: tuple[str, ...]
    trigger_rule: TriggerRule
    work: Work
    item: str
    provider: str
    cpu: str
    memory: str
    priority: int
    retry: Retry
    complexity: Complexity = _MIDDLING
    timeout_seconds: int | None = None
    locks: tuple[str, ...] = ()
    for_each_result: str = ""
    member_of: str = ""
    cache_key: str = ""
    cache_seconds: int | None = None
    retry_token: str = ""
    resubmit_token: str = ""
    owner_uid: str = ""
    deleting: bool = False
    altered: bool = False
    disowned: bool = False
    phase: SubTaskPhase | None = None
    reason: SubTaskReason | None = None
    message: str = ""
    attempts: tuple[AttemptView, ...] = ()
    attempt_count: int = 0
    next_attempt_at: datetime | None = None
    usage: UsageView = UsageView()
    results: tuple[tuple[str, str], ...] = ()
    artifacts: tuple[tuple[str, str], ...] = ()
    blocked: bool = False

    @property
    def terminal(self) -> bool:
        """True if it is done for good."""
        return self.phase is not None and self.phase.terminal

    @property
    def forged(self) -> bool:
        """True if its spec must not be believed. What has ended stays: its work was done before, or came to nothing.

        What belongs to somebody else by now does not stay: the next operator would not find it.
        """
        return self.disowned or (self.altered and not self.terminal)

    @property
    def attempt(self) -> int:
        """Number of the current attempt: the last one written down, or the first."""
        return self.attempts[-1].number if self.attempts else 1

    @property
    def own_work(self) -> bool:
        """True if the task brought its own script or command."""
        return bool(self.work.script or self.work.command)

    @property
    def current(self) -> AttemptView:
        """The current attempt; nothing is recorded of the first one before it ends or lasts."""
        return self.attempts[-1] if self.attempts else AttemptView(1)


@dataclass(frozen=True, slots=True)
class PodView:
    """One pod as last seen. ``message`` is what the agent left as its termination message: untrusted.

    ``deleted_at`` is when somebody asked for its deletion. ``held``: it has our finalizer.
    """

    name: str
    uid: str
    subtask_id: str
    attempt: int
    owner_uid: str
    phase: PodPhase
    reason: str = ""
    status_message: str = ""
    deleting: bool = False
    disrupted: str = ""
    unschedulable: str = ""
    gated: bool = False
    waiting_reason: str = ""
    waiting_message: str = ""
    exit_code: int | None = None
    termination_reason: str = ""
    message: str = ""
    node: str = ""
    provider: str = ""
    agent_type: str = ""
    cpu: str = ""
    memory: str = ""
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deleted_at: datetime | None = None
    held: bool = False

    @property
    def ended(self) -> bool:
        """True if its container has ended for good."""
        return self.phase in (PodPhase.SUCCEEDED, PodPhase.FAILED)
