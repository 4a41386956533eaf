"""Every name of the public face: group, kinds, labels, annotations, condition types, reasons.

Nothing in this package spells one of these strings a second time.
"""

from enum import StrEnum
from typing import Final

GROUP: Final = "taskdist.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = "taskdist.dev/v1alpha1"
CATEGORY: Final = "taskdist"
PREFIX: Final = f"{GROUP}/"
"""What every label and annotation of ours begins with."""

OPERATOR_NAMESPACE: Final = "taskdist-system"
FIELD_MANAGER: Final = "taskdist-operator"
"""Who the API server says wrote what the operator wrote."""
DEFAULT_PROVIDER: Final = "default"
"""The provider that stands in where no Provider object exists."""
GENERAL_AGENT_TYPE: Final = "general"
"""Where work goes that no specialization claims."""


class Label:
    """Labels on the objects and pods that the operator makes; all values fit into 63 characters."""

    DISTRIBUTION: Final = f"{PREFIX}distribution"
    """Name of the TaskDistribution: on SubTasks, ExecutionPlans, ConfigMaps and pods."""
    SUBTASK: Final = f"{PREFIX}subtask"
    """Id of the subtask within its TaskDistribution: on SubTasks and pods."""
    AGENT_TYPE: Final = f"{PREFIX}agent-type"
    """Name of the AgentType: on SubTasks and pods."""
    SPECIALIZATION: Final = f"{PREFIX}specialization"
    """What the agent is good at: on AgentTypes, SubTasks and pods, and on the nodes that pods prefer."""
    ATTEMPT: Final = f"{PREFIX}attempt"
    """Number of the attempt, from 1: on pods."""
    PROVIDER: Final = f"{PREFIX}provider"
    """Name of the Provider that the pod was placed on: on SubTasks and pods."""
    REVISION: Final = f"{PREFIX}revision"
    """Number of the plan revision, from 1: on ExecutionPlans and their ConfigMaps."""
    MANAGED_BY: Final = "app.kubernetes.io/managed-by"
    NAME: Final = "app.kubernetes.io/name"
    PART_OF: Final = "app.kubernetes.io/part-of"
    QUEUE_NAME: Final = "kueue.x-k8s.io/queue-name"
    """Kueue's own label: the LocalQueue that admits the pod."""


MANAGED_BY_VALUE: Final = "taskdist"
RESULT_FINALIZER: Final = f"{PREFIX}result"
"""On pods of agent types with ``retainResults``: holds a deleted pod until its end is recorded."""


class Annotation:
    """Annotations on the objects and pods that the operator makes."""

    DEPENDS_ON: Final = f"{PREFIX}depends-on"
    """Ids of the subtasks waited for, comma-separated; a mirror of ``spec.dependsOn``, which is authoritative."""
    DEFINITION_HASH: Final = f"{PREFIX}definition-hash"
    """Hash over what the subtask will run: equal hash, equal work."""
    PLAN_HASH: Final = f"{PREFIX}plan-hash"
    """Hash of the plan that the object was made from."""
    TASK: Final = f"{PREFIX}task"
    """JSON that the agent finds as ``/taskdist/task.json``: on pods."""
    RETRY: Final = f"{PREFIX}retry"
    """On a TaskDistribution: any new text makes what failed, was skipped or was cancelled run again. Copied to its SubTasks."""
    RESUBMIT: Final = f"{PREFIX}resubmit"
    """On a TaskDistribution: any new text makes everything run again. Copied to its SubTasks."""
    SUBTASK_UID: Final = f"{PREFIX}subtask-uid"
    """UID of the owning SubTask: on pods."""


class ConditionType(StrEnum):
    """Types of the conditions, on whichever kind carries them."""

    PLANNED = "Planned"
    APPROVED = "Approved"
    BUDGET_AVAILABLE = "BudgetAvailable"
    RESOURCES_FIT = "ResourcesFit"
    SUSPENDED = "Suspended"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    SUCCEEDED = "Succeeded"
    FINISHED = "Finished"
    READY = "Ready"
    HEALTHY = "Healthy"


class ConditionStatus(StrEnum):
    """Truth of a condition as ``metav1.Condition`` has it."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """Reasons of conditions: one word for a program, beside the message for a person."""

    ACCEPTED = "Accepted"
    AGENT_NOT_CONFIGURED = "AgentNotConfigured"
    AGENT_TYPE_NOT_ALLOWED = "AgentTypeNotAllowed"
    APPROVED = "Approved"
    AUTO_APPROVED = "AutoApproved"
    AWAITING_APPROVAL = "AwaitingApproval"
    BUDGET_EXCEEDED = "BudgetExceeded"
    CANCELLED = "Cancelled"
    CIRCUIT_OPEN = "CircuitOpen"
    COMPLETED = "Completed"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    FAILED = "Failed"
    INVALID_PLAN = "InvalidPlan"
    INVALID_SPEC = "InvalidSpec"
    NOT_SUSPENDED = "NotSuspended"
    PENDING_TIMEOUT = "PendingTimeout"
    PLAN_CHANGED = "PlanChanged"
    PLAN_ONLY = "PlanOnly"
    PLANNED = "Planned"
    PLANNING = "Planning"
    PROGRESSING = "Progressing"
    QUARANTINED = "Quarantined"
    READY = "Ready"
    PROBING = "Probing"
    NO_NODES = "NoNodes"
    RESOURCES_FIT = "ResourcesFit"
    RESOURCES_SHORT = "ResourcesShort"
    SUBTASK_FAILED = "SubTaskFailed"
    SUBTASKS_SUCCEEDED = "SubTasksSucceeded"
    SUSPENDED = "Suspended"
    UNKNOWN_BUDGET = "NoBudgetSet"
    WITHIN_BUDGET = "WithinBudget"


class Phase(StrEnum):
    """Phase of a TaskDistribution: derived from the conditions, for the printer column only."""

    PENDING = "Pending"
    PLANNED = "Planned"
    AWAITING_APPROVAL = "AwaitingApproval"
    SUSPENDED = "Suspended"
    RUNNING = "Running"
    STALLED = "Stalled"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"

    @property
    def terminal(self) -> bool:
        """True if nothing happens any more unless the user changes the object."""
        return self in (Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED)


class SubTaskPhase(StrEnum):
    """Phase of a SubTask; a terminal one never reverts."""

    WAITING = "Waiting"
    READY = "Ready"
    QUEUED = "Queued"
    RUNNING = "Running"
    RETRYING = "Retrying"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    CANCELLED = "Cancelled"

    @property
    def terminal(self) -> bool:
        """True if the subtask is done for good."""
        return self in (SubTaskPhase.SUCCEEDED, SubTaskPhase.FAILED, SubTaskPhase.SKIPPED, SubTaskPhase.CANCELLED)


class SubTaskReason(StrEnum):
    """Why a subtask, or one attempt at it, is where it is."""

    DEPENDENCY_NOT_READY = "DependencyNotReady"
    DEPENDENCY_FAILED = "DependencyFailed"
    TRIGGER_RULE_UNMET = "TriggerRuleUnmet"
    LOCK_HELD = "LockHeld"
    MAX_PARALLEL = "MaxParallel"
    AGENT_TYPE_BUSY = "AgentTypeBusy"
    AGENT_TYPE_NOT_ALLOWED = "AgentTypeNotAllowed"
    AGENT_TYPE_NOT_FOUND = "AgentTypeNotFound"
    AGENT_TYPE_QUARANTINED = "AgentTypeQuarantined"
    NAMESPACE_BUSY = "NamespaceBusy"
    AGENT_NOT_CONFIGURED = "AgentNotConfigured"
    QUOTA_EXCEEDED = "QuotaExceeded"
    BUDGET_EXCEEDED = "BudgetExceeded"
    PROVIDER_UNAVAILABLE = "ProviderUnavailable"
    ADMISSION_PENDING = "AdmissionPending"
    BACKOFF = "Backoff"
    SUSPENDED = "Suspended"
    CREATED = "Created"
    SCHEDULING = "Scheduling"
    STARTED = "Started"
    UNSCHEDULABLE = "Unschedulable"
    IMAGE_PULL = "ImagePull"
    CONTAINER_CONFIG = "ContainerConfig"
    OOM_KILLED = "OOMKilled"
    EVICTED = "Evicted"
    PREEMPTED = "Preempted"
    NODE_LOST = "NodeLost"
    NODE_UNREACHABLE = "NodeUnreachable"
    POD_LOST = "PodLost"
    POD_REJECTED = "PodRejected"
    TIMEOUT = "Timeout"
    SILENT = "Silent"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    PENDING_TIMEOUT = "PendingTimeout"
    AGENT_ERROR = "AgentError"
    AGENT_RETRY = "AgentRetry"
    AGENT_REFUSED = "AgentRefused"
    INVALID_RESULT = "InvalidResult"
    RESULT_MISSING = "ResultMissing"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    FAIL_FAST = "FailFast"
    FANNED_OUT = "FannedOut"
    ITEMS_FAILED = "ItemsFailed"
    CANCELLED = "Cancelled"
    REPLACED = "Replaced"
    CACHED = "Cached"
    COMPLETED = "Completed"


class Circuit(StrEnum):
    """State of a provider's circuit breaker: closed lets work through, half-open lets one probe through."""

    CLOSED = "Closed"
    OPEN = "Open"
    HALF_OPEN = "HalfOpen"
