"""TaskDistribution: what is to be done, as free text or as explicit tasks, and what became of it."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from taskdist.api.cel import BACKOFF_RULES, Rule, given, label_sized_name, not_both, within
from taskdist.api.common import (
    Amounts,
    Arguments,
    Basis,
    Conditions,
    EnvVars,
    Model,
    ObjectMeta,
    PlanWarning,
    Retry,
    TriggerRule,
)
from taskdist.api.names import API_VERSION, Phase
from taskdist.api.scalars import (
    RESULT_PATTERN,
    Bytes,
    Count,
    CpuQuantity,
    DecimalInput,
    DecimalString,
    Description,
    DnsLabel,
    DnsSubdomain,
    Flag,
    Generation,
    Hash,
    MemoryQuantity,
    OptionalDnsLabel,
    OptionalDnsSubdomain,
    PositiveSeconds,
    RatioInput,
    RatioString,
    Script,
    Seconds,
    Timestamp,
    TotalSeconds,
    Word,
    list_map,
    list_set,
)


class Strategy(StrEnum):
    """What the plan optimises, and how much an inferred edge must be worth to be kept."""

    SEQUENTIAL = "Sequential"
    PARALLEL = "Parallel"
    BALANCED = "Balanced"
    COST_OPTIMIZED = "CostOptimized"
    DEADLINE = "Deadline"


class SplitterType(StrEnum):
    """What splits free text into subtasks."""

    RULES = "Rules"
    MODEL = "Model"


class PlanningMode(StrEnum):
    """What happens once there is a plan."""

    AUTO = "Auto"
    PLAN_ONLY = "PlanOnly"
    MANUAL = "Manual"


class OnBudgetExceeded(StrEnum):
    """What happens to a plan that costs more than the budget."""

    BLOCK = "Block"
    WARN = "Warn"


class RightSizing(StrEnum):
    """Whether learned sizes are ignored, shown, or applied."""

    OFF = "Off"
    RECOMMEND = "Recommend"
    APPLY = "Apply"


class PlacementPolicy(StrEnum):
    """How a provider is chosen among those allowed."""

    CHEAPEST = "Cheapest"
    ORDERED = "Ordered"
    SPREAD = "Spread"
    FASTEST = "Fastest"


class ConflictPolicy(StrEnum):
    """What is done about two subtasks that touch the same thing without an order."""

    SERIALIZE = "Serialize"
    WARN = "Warn"
    FAIL = "Fail"


class OnSuspend(StrEnum):
    """What becomes of the pods that run when the distribution is suspended."""

    FINISH = "Finish"
    STOP = "Stop"


class FailurePolicy(StrEnum):
    """What a failed subtask means for those that do not depend on it."""

    FAIL_FAST = "FailFast"
    CONTINUE_INDEPENDENT = "ContinueIndependent"


class TaskRetry(Model):
    """How one task's failed attempts are tried again; what is left out is taken from `spec.retry`."""

    cel: ClassVar = BACKOFF_RULES

    limit: Annotated[int, Field(strict=True, ge=0, le=100)] | None = None
    """Number of further attempts after the first one failed. 0 means none."""
    backoff_seconds: Annotated[int, Field(strict=True, ge=0, le=86_400)] | None = None
    """Seconds to wait before the second attempt."""
    factor: DecimalInput | None = None
    """What the wait is multiplied by after each further failure, as a decimal string."""
    max_backoff_seconds: Annotated[int, Field(strict=True, ge=0, le=86_400)] | None = None
    """Longest wait between two attempts, in seconds."""


class Task(Model):
    """One explicit task."""

    atomic: ClassVar = True
    cel: ClassVar = (
        not_both("agentType", "requiredCapabilities"),
        not_both("script", "command"),
        not_both("forEach", "forEachResult"),
        # Unknown names and cycles are the planner's: a CEL rule over all pairs of 10,000 tasks is far beyond its budget.
        Rule(
            "!has(self.dependsOn) || !(self.name in self.dependsOn)",
            "a task cannot depend on itself",
            ".dependsOn",
            at_edit=True,
        ),
    )

    name: DnsLabel
    """Name of the task, a DNS label that is unique among the tasks. Others name it in `dependsOn` and in
    `$(tasks.NAME.results.KEY)`."""
    description: Description = ""
    """What is to be done, in words. The agent type is chosen from it where none is given."""
    agent_type: OptionalDnsLabel = ""
    """Name of the AgentType that does it. Left out, it is chosen by `requiredCapabilities` or from the description."""
    required_capabilities: Annotated[tuple[Word, ...], Field(max_length=16, json_schema_extra=list_set())] = ()
    """Capabilities that the agent type must have, all of them. Not together with `agentType`."""
    depends_on: Annotated[tuple[DnsLabel, ...], Field(max_length=2000, json_schema_extra=list_set())] = ()
    """Names of the tasks that must end before this one starts."""
    trigger_rule: TriggerRule = TriggerRule.ALL_SUCCEEDED
    """Which ends of its dependencies let the task start: AllSucceeded, AllFinished, AnySucceeded or AnyFailed."""
    script: Script = ""
    """Shell script that the agent runs. Not together with `command`. `$(tasks.NAME.results.KEY)` in it is replaced."""
    command: Arguments = ()
    """Program that the agent runs, and its first arguments. Not together with `script`."""
    args: Arguments = ()
    """Further arguments of the command or script."""
    env: EnvVars = ()
    """Environment variables that the agent gets, beside those of the agent type."""
    for_each: Annotated[tuple[Annotated[str, Field(max_length=1024)], ...], Field(max_length=1000)] = ()
    """Items, each of which becomes a subtask of its own; `$(item)` stands for it. Not together with `forEachResult`."""
    for_each_result: Annotated[str, Field(max_length=190, pattern=RESULT_PATTERN)] = ""
    """Result of an earlier task, as `TASK.KEY`, whose list gives the items once that task has ended. Not together with
    `forEach`."""
    locks: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=128)], ...], Field(max_length=16)] = ()
    """Names of things that only one task at a time may hold; whoever shares a name runs one after the other."""
    resources: Amounts = Amounts()
    """CPU and memory that the task's pod requests. What is left out is planned."""
    complexity: RatioInput | None = None
    """How hard the task is, from 0 to 1, as a decimal string. Left out, it is estimated from the description."""
    input_bytes: Bytes | None = None
    """Size of the task's input in bytes, as far as it is known. It makes the estimates better."""
    timeout_seconds: PositiveSeconds | None = None
    """Longest time that one attempt may take, in seconds. Left out, only `limits.deadlineSeconds` ends it."""
    retry: TaskRetry | None = None
    """How failed attempts are tried again, where it differs from `spec.retry`."""
    cache_key: Annotated[str, Field(max_length=256)] = ""
    """A finished task with the same key and the same definition in this namespace is not run again; its results are
    taken."""
    cache_seconds: PositiveSeconds | None = None
    """How long ago, in seconds, a finished task may have ended to be taken for `cacheKey`. Left out means any time."""


class Splitter(Model):
    """How free text becomes subtasks."""

    type: SplitterType = SplitterType.RULES
    """Rules splits by fixed rules, without a network or a key. Model asks the operator's language model."""
    max_sub_tasks: Annotated[int, Field(strict=True, ge=1, le=2000)] = 50
    """Largest number of subtasks that a text is split into."""


class Planning(Model):
    """What happens once there is a plan."""

    mode: PlanningMode = PlanningMode.AUTO
    """Auto runs a valid plan at once, PlanOnly never runs it, Manual waits until `approvedPlanHash` names it."""


class Limits(Model):
    """Bounds on how the distribution may run and what it may cost."""

    max_parallel: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 10
    """Largest number of subtasks that run at the same time."""
    budget_usd: DecimalInput | None = None
    """What the whole distribution may cost, in US dollars, as a decimal string such as `5` or `0.50`. Left out means no
    bound."""
    on_budget_exceeded: OnBudgetExceeded = OnBudgetExceeded.BLOCK
    """Block does not start a plan whose estimate is over the budget, Warn starts it with a warning."""
    deadline_seconds: PositiveSeconds | None = None
    """Seconds from the start until all must be done; what is left then is cancelled. Left out means no bound."""
    pending_timeout_seconds: PositiveSeconds = 600
    """Seconds that a pod may wait for a node, an image or admission before the attempt fails."""


class MinimumAmounts(Model):
    """Smallest CPU and memory that a pod requests."""

    cpu: CpuQuantity = "100m"
    """CPU in cores, as a Kubernetes quantity such as `100m`."""
    memory: MemoryQuantity = "64Mi"
    """Memory in bytes, as a Kubernetes quantity such as `64Mi`."""


class MaximumAmounts(Model):
    """Largest CPU and memory that a pod requests."""

    cpu: CpuQuantity = "4"
    """CPU in cores, as a Kubernetes quantity such as `4`."""
    memory: MemoryQuantity = "8Gi"
    """Memory in bytes, as a Kubernetes quantity such as `8Gi`."""


class OutOfMemory(Model):
    """What happens after an attempt was killed for want of memory."""

    cel: ClassVar = (within("factor", ">= 1.0", "must be at least 1: memory never shrinks"),)

    factor: DecimalInput = "2"
    """What the memory request is multiplied by for the next attempt, as a decimal string of at least 1."""
    max_memory: MemoryQuantity = "8Gi"
    """Memory that growth stops at, as a Kubernetes quantity."""
    max_attempts: Annotated[int, Field(strict=True, ge=1, le=20)] = 3
    """Largest number of attempts that one subtask gets, counting the first, when each is killed for want of memory."""


class ResourcePolicy(Model):
    """Bounds of every pod's request, and how requests are learned and grown."""

    cel: ClassVar = tuple(
        Rule(
            f"!has(self.min) || !has(self.min.{resource}) || !isQuantity(string(self.min.{resource}))"
            f" || !has(self.max) || !has(self.max.{resource}) || !isQuantity(string(self.max.{resource}))"
            f" || quantity(string(self.min.{resource})).compareTo(quantity(string(self.max.{resource}))) <= 0",
            f"min.{resource} must not be greater than max.{resource}",
            f".min.{resource}",
        )
        for resource in ("cpu", "memory")
    )

    min: MinimumAmounts = MinimumAmounts()
    """Smallest CPU and memory that a pod requests."""
    max: MaximumAmounts = MaximumAmounts()
    """Largest CPU and memory that a pod requests."""
    right_sizing: RightSizing = RightSizing.APPLY
    """Off ignores what finished attempts used, Recommend shows better requests as warnings, Apply uses them."""
    oom: OutOfMemory = OutOfMemory()
    """What happens after an attempt was killed for want of memory."""


class Placement(Model):
    """Where the pods may run."""

    providers: Annotated[tuple[DnsLabel, ...], Field(max_length=32, json_schema_extra=list_set())] = ()
    """Names of the Providers that may be used; with policy Ordered, in this order. Empty means all."""
    policy: PlacementPolicy = PlacementPolicy.CHEAPEST
    """Cheapest, Ordered (the first that has room), Spread (evenly) or Fastest (earliest end)."""
    failover: Flag = True
    """Whether a subtask may move to another allowed provider when its own is unhealthy or full."""
    failover_seconds: PositiveSeconds = 20
    """Seconds that a pod may find no node on its provider before it moves to another one. Give more than an autoscaler
    needs to bring up a node."""
    replace_unreachable_seconds: PositiveSeconds | None = None
    """Seconds that a node may be unreachable before its work is begun anew elsewhere, although the old pod may still be at
    work there: for work that may run twice. Left out means never: it is begun anew when the old pod is known to be gone."""


class TaskDistributionSpec(Model):
    """What is to be done and within which bounds."""

    cel: ClassVar = (
        Rule(
            f"has(self.description) && self.description.trim().size() > 0 || {given('tasks')}",
            "nothing to do: give a description or tasks",
            ".description",
        ),
    )

    description: Description = ""
    """What is to be done, as free text. It is split into subtasks when `tasks` is empty."""
    tasks: Annotated[
        tuple[Task, ...],
        Field(max_length=10_000, json_schema_extra=list_map("name")),
    ] = ()
    """Explicit tasks. Where there are any, the description is not split."""
    strategy: Strategy = Strategy.BALANCED
    """What the plan optimises: Sequential, Parallel, Balanced, CostOptimized or Deadline."""
    splitter: Splitter = Splitter()
    """How the description is split into subtasks."""
    planning: Planning = Planning()
    """What happens once there is a plan."""
    approved_plan_hash: Hash = ""
    """Hash of the plan that may run, with planning mode Manual. `taskdist approve` writes it; it may as well stand in
    Git."""
    limits: Limits = Limits()
    """Bounds on how the distribution may run and what it may cost: parallel subtasks, money in US dollars, time in
    seconds."""
    resource_policy: ResourcePolicy = ResourcePolicy()
    """Bounds of every pod's CPU and memory, and how they are learned and grown."""
    retry: Retry = Retry()
    """How often and how fast failed attempts are tried again."""
    placement: Placement = Placement()
    """Where the pods may run."""
    conflict_policy: ConflictPolicy = ConflictPolicy.SERIALIZE
    """What is done about two subtasks that touch the same thing without an order: Serialize, Warn or Fail."""
    failure_policy: FailurePolicy = FailurePolicy.FAIL_FAST
    """FailFast cancels what is left when a subtask has failed for good; ContinueIndependent runs on what does not
    depend on it."""
    queue_name: OptionalDnsSubdomain = ""
    """Name of the Kueue LocalQueue that admits the pods. Empty means that they start at once."""
    priority_class_name: OptionalDnsSubdomain = ""
    """Name of the PriorityClass of the pods. Empty means the cluster's default."""
    suspend: Flag = False
    """Whether no further pod is started. `onSuspend` says what becomes of those that run."""
    on_suspend: OnSuspend = OnSuspend.FINISH
    """Finish lets running pods finish while it is suspended; Stop ends them, and they run again when it is resumed."""
    cancel: Flag = False
    """Whether all is ended: running pods are deleted, waiting subtasks cancelled. Taking it back revives nothing."""
    ttl_seconds_after_finished: Seconds | None = None
    """Seconds after the end until pods and subtasks are deleted; the TaskDistribution itself stays. Left out means that
    they stay too."""
    plan_history_limit: Annotated[int, Field(strict=True, ge=1, le=100)] = 10
    """Number of ExecutionPlan revisions that are kept; older ones are deleted."""


class PlanReference(Model):
    """Which plan is in force."""

    name: DnsSubdomain
    """Name of the ExecutionPlan."""
    hash: Hash
    """Hash over everything that will run; `taskdist plan` prints the same."""
    revision: Count
    """Number of the plan, from 1."""


class Counts(Model):
    """How many subtasks are in which state."""

    total: Count = 0
    """All subtasks of the plan in force."""
    waiting: Count = 0
    """Those that wait for others."""
    ready: Count = 0
    """Those that could start, and wait for room or a retry."""
    running: Count = 0
    """Those with a pod that has not ended."""
    succeeded: Count = 0
    """Those that succeeded."""
    failed: Count = 0
    """Those that failed for good."""
    skipped: Count = 0
    """Those that will not run because of how others ended."""
    cancelled: Count = 0
    """Those that were ended on request or because of a limit."""


class Parallelism(Model):
    """The shape of the graph."""

    width: Count = 0
    """Largest number of subtasks that can run at the same time."""
    parallelization_potential: RatioString = "0"
    """One minus the critical path's duration over the sum of all durations, as a decimal string."""
    speedup: DecimalString = "1"
    """How many times faster than one after the other, within `limits.maxParallel`, as a decimal string."""
    critical_path: Annotated[tuple[DnsLabel, ...], Field(max_length=100)] = ()
    """Ids of the subtasks that decide the duration, in order; at most the first 100."""


class PlanForecast(Model):
    """The expected time from start to end to the hundredth of a second, and what comes between the pieces of work."""

    seconds: DecimalString
    """Expected time from start to end, in seconds, as a decimal string."""
    work_seconds: DecimalString
    """What of it would be left if every pod ran at once and every end were known at once, in seconds."""
    start_seconds: DecimalString
    """Seconds from the wish for a pod to its running, while hardly any other start is under way."""
    hand_over_seconds: DecimalString
    """Seconds from a pod's end to the start of what waits for it, likewise."""
    starts_a_second: DecimalString
    """How many pods can start in a second where many are to."""
    basis: Basis = Basis.PRIOR
    """Prior if these rest on documented priors, History if on what was seen in the cluster."""


class PlanEstimate(Model):
    """What the plan is expected to cost and take."""

    cost_usd: DecimalString
    """Expected cost in US dollars, as a decimal string."""
    cost_low_usd: DecimalString
    """Lower end of the cost's range, in US dollars."""
    cost_high_usd: DecimalString
    """Upper end of the cost's range, in US dollars."""
    duration_seconds: TotalSeconds
    """Expected time from start to end, in seconds."""
    basis: Basis = Basis.PRIOR
    """Prior if from documented priors, History if from finished attempts."""
    forecast: PlanForecast | None = None
    """The expected time more finely, and what starting pods has to do with it."""


class Actual(Model):
    """What it did cost and take so far."""

    cost_usd: DecimalString = "0"
    """Cost in US dollars, as a decimal string."""
    duration_seconds: TotalSeconds = 0
    """Time from start to end, or to the last change while it runs, in seconds."""
    cpu_seconds: DecimalString = "0"
    """Requested CPU times running time, in core seconds."""
    memory_gib_seconds: DecimalString = "0"
    """Requested memory times running time, in GiB seconds."""
    wasted_memory_gib_seconds: DecimalString = "0"
    """The part of it above each attempt's peak use, in GiB seconds."""


class Bottleneck(Model):
    """What held the distribution up most."""

    kind: Word
    """What it was, such as `SchedulingWait`."""
    sub_task: OptionalDnsLabel = ""
    """Id of the subtask that it happened to most."""
    share: RatioString
    """Its part of the whole duration, from 0 to 1, as a decimal string."""
    recommendation: Annotated[str, Field(max_length=2048)] = ""
    """What would make it faster."""


class TaskDistributionStatus(Model):
    """What became of it."""

    observed_generation: Generation = 0
    """The `metadata.generation` that this status was derived from."""
    observed_retry: Annotated[str, Field(max_length=128)] = ""
    """The annotation `taskdist.dev/retry` that this status was derived from."""
    observed_resubmit: Annotated[str, Field(max_length=128)] = ""
    """The annotation `taskdist.dev/resubmit` that this status was derived from."""
    phase: Phase | None = None
    """One word for the printer column. The conditions are the truth."""
    conditions: Conditions = ()
    """Planned, Approved, BudgetAvailable, ResourcesFit, Suspended, Reconciling, Stalled, Succeeded and Finished."""
    plan: PlanReference | None = None
    """The plan in force."""
    counts: Counts | None = None
    """How many subtasks are in which state."""
    progress: Annotated[str, Field(max_length=16)] = ""
    """Subtasks that are done over all subtasks, such as `3/5`."""
    parallelism: Parallelism | None = None
    """The shape of the graph."""
    estimate: PlanEstimate | None = None
    """What the plan is expected to cost and take."""
    actual: Actual | None = None
    """What it did cost and take so far."""
    start_time: Timestamp | None = None
    """When the first subtask was started."""
    completion_time: Timestamp | None = None
    """When the last subtask ended."""
    warning_count: Count = 0
    """Number of warnings and errors; what is only good to know (severity Info) does not count."""
    warnings: Annotated[tuple[PlanWarning, ...], Field(max_length=20)] = ()
    """What the user should know, the worst first; at most 20. `taskdist plan` prints the same."""
    warnings_omitted: Count = 0
    """Number of the warnings that are not shown; the ExecutionPlan has them."""
    bottleneck: Bottleneck | None = None
    """What held the distribution up most."""


class TaskDistribution(Model):
    """Something to be done, as free text or explicit tasks: split into subtasks, planned, and run by agent pods."""

    cel: ClassVar = (label_sized_name(dots=True),)

    api_version: Literal["taskdist.dev/v1alpha1"] = API_VERSION
    kind: Literal["TaskDistribution"] = "TaskDistribution"
    metadata: ObjectMeta = ObjectMeta()
    spec: TaskDistributionSpec
    """What is to be done and within which bounds."""
    status: TaskDistributionStatus = TaskDistributionStatus()
    """What became of it. The operator writes it."""
