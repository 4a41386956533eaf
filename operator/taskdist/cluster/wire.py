"""Typed decoding of what the operator reads of SubTasks and pods; everything else in their JSON is skipped unread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import msgspec

from taskdist.api.names import API_VERSION, RESULT_FINALIZER, Annotation, Label, SubTaskPhase, SubTaskReason
from taskdist.engine.model import Complexity, Resources, Retry, TriggerRule, Work
from taskdist.engine.quantity import format_cpu, format_memory, parse_cpu_millis, parse_memory_bytes
from taskdist.reconcile.health import NodeView
from taskdist.reconcile.outcome import QUEUE_EVICTION
from taskdist.reconcile.views import AttemptView, PodPhase, PodView, SubTaskView, UsageView

_POD_PHASES = {phase.value: phase for phase in PodPhase}
_PHASES = {phase.value: phase for phase in SubTaskPhase}
_REASONS = {reason.value: reason for reason in SubTaskReason}


class Owner(msgspec.Struct, frozen=True, rename="camel"):
    """An owner reference."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class Meta(msgspec.Struct, frozen=True, rename="camel"):
    """Object metadata."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] = {}
    owner_references: list[Owner] = []
    deletion_timestamp: datetime | None = None
    deletion_grace_period_seconds: int | None = None
    finalizers: list[str] = []
    creation_timestamp: datetime | None = None

    def owner_uid(self, kind: str) -> str:
        """UID of the controlling owner of a kind of ours, or nothing."""
        for owner in self.owner_references:
            if owner.controller and owner.kind == kind and owner.api_version == API_VERSION:
                return owner.uid
        return ""


# --- pods ----------------------------------------------------------------------------------------------------------


class Terminated(msgspec.Struct, frozen=True, rename="camel"):
    """How a container ended."""

    exit_code: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Waiting(msgspec.Struct, frozen=True):
    """Why a container does not run."""

    reason: str = ""
    message: str = ""


class Running(msgspec.Struct, frozen=True, rename="camel"):
    """Since when a container runs."""

    started_at: datetime | None = None


class ContainerState(msgspec.Struct, frozen=True):
    """One of the three."""

    terminated: Terminated | None = None
    waiting: Waiting | None = None
    running: Running | None = None


class ContainerStatus(msgspec.Struct, frozen=True):
    """One container's state."""

    name: str = ""
    state: ContainerState = ContainerState()


class PodCondition(msgspec.Struct, frozen=True):
    """One condition of a pod."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class WirePodStatus(msgspec.Struct, frozen=True, rename="camel"):
    """A pod's status."""

    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    start_time: datetime | None = None
    container_statuses: list[ContainerStatus] = []
    conditions: list[PodCondition] = []


class ResourceRequests(msgspec.Struct, frozen=True):
    """What a container requests."""

    requests: dict[str, str] = {}


class WireContainer(msgspec.Struct, frozen=True):
    """One container of a pod's spec."""

    resources: ResourceRequests = ResourceRequests()


class WirePodSpec(msgspec.Struct, frozen=True, rename="camel"):
    """A pod's spec."""

    node_name: str = ""
    containers: list[WireContainer] = []


class WirePod(msgspec.Struct, frozen=True):
    """A pod."""

    metadata: Meta
    spec: WirePodSpec = WirePodSpec()
    status: WirePodStatus = WirePodStatus()


@lru_cache(maxsize=4096)
def _as_written(quantity: str, parse: Callable[[str], int], written: Callable[[int], str]) -> str:
    """A quantity of a pod as our own kinds hold it: the API server writes 1000 cores as ``1k``, which their schema refuses."""
    try:
        return written(parse(quantity)) if quantity else ""
    except ValueError:
        return ""  # somebody else's pod, or a webhook's work; what was planned is recorded in its place


def pod_view(pod: WirePod) -> PodView | None:
    """What decisions read of a pod, or ``None`` if it is not one of ours."""
    labels = pod.metadata.labels
    id_, attempt = labels.get(Label.SUBTASK, ""), labels.get(Label.ATTEMPT, "")
    if not id_ or not attempt.isdecimal():
        return None
    status = pod.status
    state = status.container_statuses[0].state if status.container_statuses else ContainerState()
    ended, waiting = state.terminated, state.waiting
    requests = pod.spec.containers[0].resources.requests if pod.spec.containers else {}
    unschedulable = gated = disrupted = disruption = ""
    for condition in status.conditions:
        if condition.type == "PodScheduled" and condition.status == "False":
            if condition.reason == "SchedulingGated":
                gated = condition.reason
            else:
                unschedulable = condition.message or condition.reason
        elif condition.type == "DisruptionTarget" and condition.status == "True":
            disrupted, disruption = condition.reason, condition.message
        elif condition.type == QUEUE_EVICTION and condition.status == "True" and not disrupted:
            disrupted, disruption = condition.type, condition.message
    started = ended.started_at if ended else state.running.started_at if state.running else None
    phase = _POD_PHASES.get(status.phase, PodPhase.UNKNOWN)
    return PodView(
        name=pod.metadata.name,
        uid=pod.metadata.uid,
        subtask_id=id_,
        attempt=int(attempt),
        owner_uid=pod.metadata.owner_uid("SubTask"),
        phase=phase,
        reason=status.reason,
        status_message=status.message or disruption,
        deleting=pod.metadata.deletion_timestamp is not None,
        disrupted=disrupted,
        unschedulable=unschedulable,
        gated=bool(gated),
        waiting_reason=waiting.reason if waiting else "",
        waiting_message=waiting.message if waiting else "",
        exit_code=ended.exit_code if ended else None,
        termination_reason=ended.reason if ended else "",
        message=ended.message if ended else "",
        node=pod.spec.node_name,
        provider=labels.get(Label.PROVIDER, ""),
        agent_type=labels.get(Label.AGENT_TYPE, ""),
        cpu=_as_written(requests.get("cpu", ""), parse_cpu_millis, format_cpu),
        memory=_as_written(requests.get("memory", ""), parse_memory_bytes, format_memory),
        created_at=pod.metadata.creation_timestamp,
        started_at=started or (status.start_time if phase is not PodPhase.PENDING else None),
        finished_at=ended.finished_at if ended else None,
        deleted_at=_deleted_at(pod.metadata),
        held=RESULT_FINALIZER in pod.metadata.finalizers,
    )


def _deleted_at(metadata: Meta) -> datetime | None:
    """When its deletion was asked for: what is written down is when its grace is over."""
    if metadata.deletion_timestamp is None:
        return None
    return metadata.deletion_timestamp - timedelta(seconds=metadata.deletion_grace_period_seconds or 0)


# --- nodes ---------------------------------------------------------------------------------------------------------


class WireNamespace(msgspec.Struct, frozen=True):
    """A namespace: its labels."""

    metadata: Meta


class WireNodeSpec(msgspec.Struct, frozen=True):
    """A node's spec."""

    unschedulable: bool = False


class NodeCondition(msgspec.Struct, frozen=True, rename="camel"):
    """One condition of a node."""

    type: str = ""
    status: str = ""
    last_transition_time: datetime | None = None


class WireNodeStatus(msgspec.Struct, frozen=True):
    """A node's status."""

    conditions: list[NodeCondition] = []
    allocatable: dict[str, str] = {}


class WireNode(msgspec.Struct, frozen=True):
    """A node."""

    metadata: Meta
    spec: WireNodeSpec = WireNodeSpec()
    status: WireNodeStatus = WireNodeStatus()


def node_view(node: WireNode) -> NodeView:
    """What decisions read of a node. ``Unknown`` is what the control plane writes of one that it has not heard of."""
    ready = next((c for c in node.status.conditions if c.type == "Ready"), NodeCondition())
    taken = node.spec.unschedulable
    room = None if taken else allocatable(node.status.allocatable)
    silent_since = ready.last_transition_time if ready.status == "Unknown" else None
    return NodeView(node.metadata.name, node.metadata.labels, ready.status == "True" and not taken, room, silent_since)


def allocatable(amounts: Mapping[str, str]) -> Resources:
    """What a node has for pods, from ``status.allocatable``."""
    return Resources(parse_cpu_millis(amounts.get("cpu", "0")), parse_memory_bytes(amounts.get("memory", "0")))


# --- subtasks ------------------------------------------------------------------------------------------------------


class WireDependency(msgspec.Struct, frozen=True):
    """One edge."""

    name: str


class WireAmounts(msgspec.Struct, frozen=True):
    """CPU and memory."""

    cpu: str = ""
    memory: str = ""


class WireEnv(msgspec.Struct, frozen=True):
    """One variable."""

    name: str
    value: str = ""


class WireRetry(msgspec.Struct, frozen=True, rename="camel"):
    """The retry policy."""

    limit: int = 2
    backoff_seconds: int = 10
    factor: str = "2"
    max_backoff_seconds: int = 300


class WireSubTaskSpec(msgspec.Struct, frozen=True, rename="camel"):
    """A SubTask's spec."""

    id: str
    agent_type: str
    definition_hash: str = ""
    specialization: str = ""
    description: str = ""
    depends_on: list[WireDependency] = []
    trigger_rule: TriggerRule = TriggerRule.ALL_SUCCEEDED
    script: str = ""
    command: list[str] = []
    args: list[str] = []
    env: list[WireEnv] = []
    item: str = ""
    provider: str = ""
    resources: WireAmounts = WireAmounts()
    priority: int = 0
    complexity: str = "0.5"
    retry: WireRetry = WireRetry()
    timeout_seconds: int | None = None
    locks: list[str] = []
    for_each_result: str = ""
    member_of: str = ""
    cache_key: str = ""
    cache_seconds: int | None = None


class WireAttempt(msgspec.Struct, frozen=True, rename="camel"):
    """One recorded attempt."""

    number: int
    pod: str = ""
    pod_uid: str = msgspec.field(default="", name="podUID")
    node: str = ""
    provider: str = ""
    agent_type: str = ""
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    requested: WireAmounts = WireAmounts()
    peak_memory: str = ""
    create_time: datetime | None = None
    start_time: datetime | None = None
    finish_time: datetime | None = None


class WireUsage(msgspec.Struct, frozen=True, rename="camel"):
    """What attempts used."""

    seconds: int = 0
    cpu_seconds: str = "0"
    memory_gib_seconds: str = msgspec.field(default="0", name="memoryGiBSeconds")
    wasted_memory_gib_seconds: str = msgspec.field(default="0", name="wastedMemoryGiBSeconds")
    cost_usd: str = msgspec.field(default="0", name="costUSD")
    tokens: int = 0


class WireArtifact(msgspec.Struct, frozen=True):
    """Something that an agent left behind."""

    name: str
    uri: str = ""


class WireSubTaskStatus(msgspec.Struct, frozen=True, rename="camel"):
    """A SubTask's status."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    attempts: list[WireAttempt] = []
    attempt_count: int = 0
    next_attempt_time: datetime | None = None
    usage: WireUsage | None = None
    results: dict[str, str] = {}
    artifacts: list[WireArtifact] = []
    blocked_by: list[str] = []


class AnnotatedMeta(Meta, frozen=True, rename="camel"):
    """Metadata with annotations, which pods are read without: theirs hold whole task documents."""

    annotations: dict[str, str] = {}
    generation: int = 1


class WireSubTask(msgspec.Struct, frozen=True):
    """A SubTask."""

    metadata: AnnotatedMeta
    spec: WireSubTaskSpec
    status: WireSubTaskStatus = WireSubTaskStatus()


def subtask_view(seen: WireSubTask) -> SubTaskView:
    """What decisions read of a SubTask."""
    spec, status = seen.spec, seen.status
    return SubTaskView(
        id=spec.id,
        name=seen.metadata.name,
        uid=seen.metadata.uid,
        resource_version=seen.metadata.resource_version,
        definition_hash=spec.definition_hash,
        altered=seen.metadata.generation > 1,
        description=spec.description,
        agent_type=spec.agent_type,
        specialization=spec.specialization,
        depends_on=tuple(d.name for d in spec.depends_on),
        trigger_rule=spec.trigger_rule,
        work=Work(spec.script, tuple(spec.command), tuple(spec.args), tuple((e.name, e.value) for e in spec.env)),
        item=spec.item,
        provider=spec.provider,
        cpu=spec.resources.cpu,
        memory=spec.resources.memory,
        priority=spec.priority,
        retry=Retry(
            spec.retry.limit, spec.retry.backoff_seconds, Decimal(spec.retry.factor), spec.retry.max_backoff_seconds
        ),
        complexity=Complexity(float(spec.complexity)),
        timeout_seconds=spec.timeout_seconds,
        locks=tuple(spec.locks),
        for_each_result=spec.for_each_result,
        member_of=spec.member_of,
        cache_key=spec.cache_key,
        cache_seconds=spec.cache_seconds,
        retry_token=seen.metadata.annotations.get(Annotation.RETRY, ""),
        resubmit_token=seen.metadata.annotations.get(Annotation.RESUBMIT, ""),
        owner_uid=seen.metadata.owner_uid("TaskDistribution"),
        deleting=seen.metadata.deletion_timestamp is not None,
        phase=_PHASES.get(status.phase),
        reason=_REASONS.get(status.reason),
        message=status.message,
        attempts=tuple(_attempt(a) for a in status.attempts),
        attempt_count=status.attempt_count,
        next_attempt_at=status.next_attempt_time,
        usage=_usage(status.usage) if status.usage else UsageView(),
        results=tuple(status.results.items()),
        artifacts=tuple((a.name, a.uri) for a in status.artifacts),
        blocked=bool(status.blocked_by),
    )


def _attempt(a: WireAttempt) -> AttemptView:
    return AttemptView(
        number=a.number,
        pod=a.pod,
        pod_uid=a.pod_uid,
        node=a.node,
        provider=a.provider,
        agent_type=a.agent_type,
        reason=_REASONS.get(a.reason),
        message=a.message,
        exit_code=a.exit_code,
        cpu=a.requested.cpu,
        memory=a.requested.memory,
        peak_memory=a.peak_memory,
        created_at=a.create_time,
        started_at=a.start_time,
        finished_at=a.finish_time,
    )


def _usage(u: WireUsage) -> UsageView:
    return UsageView(
        u.seconds,
        Decimal(u.cpu_seconds),
        Decimal(u.memory_gib_seconds),
        Decimal(u.wasted_memory_gib_seconds),
        Decimal(u.cost_usd),
        u.tokens,
    )


# --- plans ---------------------------------------------------------------------------------------------------------


class WirePlanSpec(msgspec.Struct, frozen=True, rename="camel"):
    """What decisions read of an ExecutionPlan."""

    revision: int
    hash: str
    subtask_count: int = 0


class WirePlan(msgspec.Struct, frozen=True):
    """An ExecutionPlan."""

    metadata: AnnotatedMeta
    spec: WirePlanSpec
