"""ExecutionPlan: one immutable revision of what was planned for a TaskDistribution."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from taskdist.api.cel import Rule
from taskdist.api.common import Conditions, Dependency, Model, ObjectMeta, PlanWarning, ResourceAmounts
from taskdist.api.names import API_VERSION
from taskdist.api.scalars import (
    Count,
    DecimalString,
    DistributionName,
    DnsLabel,
    DnsSubdomain,
    Flag,
    Generation,
    Hash,
    OptionalDnsLabel,
    RatioString,
    TotalSeconds,
    list_map,
)
from taskdist.api.task_distribution import Parallelism, PlanEstimate, Strategy


class PlannedEstimate(Model):
    """What one subtask is expected to cost and take."""

    seconds: TotalSeconds
    """Expected duration of one attempt, in seconds."""
    cost_usd: DecimalString
    """Expected cost in US dollars, as a decimal string."""
    cost_low_usd: DecimalString
    """Lower end of the cost's range, in US dollars."""
    cost_high_usd: DecimalString
    """Upper end of the cost's range, in US dollars."""


class PlannedSubTask(Model):
    """One subtask as it was planned."""

    id: DnsLabel
    """Id of the subtask, unique within the plan."""
    agent_type: DnsLabel
    """Name of the AgentType that does it."""
    depends_on: Annotated[tuple[Dependency, ...], Field(max_length=10_000, json_schema_extra=list_map("name"))] = ()
    """The subtasks that must end before it starts."""
    complexity: RatioString
    """How hard it is, from 0 to 1, as a decimal string."""
    resources: ResourceAmounts
    """CPU and memory that its pod requests."""
    provider: OptionalDnsLabel = ""
    """Name of the Provider that it is placed on. Empty means anywhere."""
    estimate: PlannedEstimate
    """What it is expected to cost and take."""
    start: TotalSeconds
    """Planned start, in seconds after the start of the TaskDistribution."""
    finish: TotalSeconds
    """Planned end, in seconds after the start of the TaskDistribution."""
    critical: Flag = False
    """Whether a delay of it delays everything."""
    slack_seconds: TotalSeconds = 0
    """How many seconds later it could end without delaying everything."""


class Schedule(Model):
    """How good the schedule is."""

    makespan_seconds: TotalSeconds
    """Planned time from start to end, in seconds."""
    lower_bound_seconds: TotalSeconds
    """Time that no schedule can beat, in seconds."""
    gap: DecimalString = "0"
    """Makespan over lower bound, minus one, as a decimal string; 0 means proven best."""
    method: Annotated[str, Field(max_length=63)] = ""
    """What found it, such as `list` or `cp-sat`."""


class AssignmentsReference(Model):
    """Where the planned subtasks are that do not fit here."""

    name: DnsSubdomain
    """Name of the ConfigMap in the same namespace; it holds the planned subtasks, compressed."""


class ExecutionPlanSpec(Model):
    """What was planned. It never changes: a changed request makes a new revision."""

    atomic: ClassVar = True
    cel: ClassVar = (Rule("self == oldSelf", "spec is immutable; a changed request needs a new ExecutionPlan"),)

    task_distribution: DistributionName
    """Name of the TaskDistribution that was planned."""
    revision: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    """Number of the plan, from 1."""
    hash: Hash
    """Hash over everything that will run, not over estimates; `taskdist plan` prints the same."""
    strategy: Strategy
    """What the plan optimises."""
    subtask_count: Count
    """Number of the planned subtasks."""
    subtasks: Annotated[
        tuple[PlannedSubTask, ...],
        Field(max_length=500, json_schema_extra=list_map("id")),
    ] = ()
    """The planned subtasks, each after those it depends on. Empty if `assignmentsRef` tells where they are."""
    assignments_ref: AssignmentsReference | None = None
    """Where the planned subtasks are if there are more than 500."""
    parallelism: Parallelism
    """The shape of the graph."""
    estimate: PlanEstimate
    """What the plan is expected to cost and take."""
    schedule: Schedule
    """How good the schedule is."""
    warning_count: Count = 0
    """Number of warnings and errors; what is only good to know (severity Info) does not count."""
    warnings: Annotated[tuple[PlanWarning, ...], Field(max_length=100)] = ()
    """What the user should know before it runs, the worst first; at most 100."""


class ExecutionPlanStatus(Model):
    """What became of the plan."""

    observed_generation: Generation = 0
    """The `metadata.generation` that this status was derived from."""
    conditions: Conditions = ()
    """Approved, and Finished once another revision or the end of the work took over."""


class ExecutionPlan(Model):
    """One revision of a TaskDistribution's plan: what will run, where, when and at what cost. It never changes."""

    api_version: Literal["taskdist.dev/v1alpha1"] = API_VERSION
    kind: Literal["ExecutionPlan"] = "ExecutionPlan"
    metadata: ObjectMeta = ObjectMeta()
    spec: ExecutionPlanSpec
    """What was planned. It never changes: a changed request makes a new revision."""
    status: ExecutionPlanStatus = ExecutionPlanStatus()
    """What became of the plan. The operator writes it."""
