"""The engine's values: what goes into :func:`taskdist.engine.plan` and what comes out.

All of them are frozen, slotted and made of plain Python: no API object, no clock, no I/O. Units are in the names
(``cpu_millis``, ``memory_bytes``, ``seconds``, ``cost_usd``). Money is :class:`~decimal.Decimal`; durations are whole
seconds where they reach the user, floats inside the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Strategy(StrEnum):
    """What the plan optimises, and how much an inferred edge must be worth to be kept."""

    SEQUENTIAL = "Sequential"
    PARALLEL = "Parallel"
    BALANCED = "Balanced"
    COST_OPTIMIZED = "CostOptimized"
    DEADLINE = "Deadline"


class TriggerRule(StrEnum):
    """Which ends of its dependencies let a subtask start."""

    ALL_SUCCEEDED = "AllSucceeded"
    ALL_FINISHED = "AllFinished"
    ANY_SUCCEEDED = "AnySucceeded"
    ANY_FAILED = "AnyFailed"


class EdgeSource(StrEnum):
    """Who says that the edge exists: the user, or the text splitter."""

    DECLARED = "Declared"
    INFERRED = "Inferred"


class Severity(StrEnum):
    """How much a finding matters. An ``Error`` makes the plan invalid: nothing runs."""

    INFO = "Info"
    WARNING = "Warning"
    ERROR = "Error"


class ConflictPolicy(StrEnum):
    """What is done about two subtasks that touch the same thing without an order."""

    SERIALIZE = "Serialize"
    WARN = "Warn"
    FAIL = "Fail"


class PlacementPolicy(StrEnum):
    """How a provider is chosen among those allowed."""

    CHEAPEST = "Cheapest"
    ORDERED = "Ordered"
    SPREAD = "Spread"
    FASTEST = "Fastest"


class RightSizing(StrEnum):
    """Whether learned sizes are ignored, shown, or applied."""

    OFF = "Off"
    RECOMMEND = "Recommend"
    APPLY = "Apply"


class Basis(StrEnum):
    """Where an estimate comes from: documented priors, or finished attempts."""

    PRIOR = "Prior"
    HISTORY = "History"


# --- input ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Resources:
    """CPU in thousandths of a core and memory in bytes, as one pod requests them."""

    cpu_millis: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    """A task's own wish; what is ``None`` is planned."""

    cpu_millis: int | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how fast a failed attempt is tried again. ``factor`` multiplies the back-off each time."""

    limit: int = 2
    backoff_seconds: int = 10
    factor: Decimal = Decimal(2)
    max_backoff_seconds: int = 300


@dataclass(frozen=True, slots=True)
class Work:
    """What the agent of an explicit task executes. All empty: the description itself is the instruction."""

    script: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()

    @property
    def is_text_only(self) -> bool:
        """True if there is nothing to execute but the description."""
        return not (self.script or self.command or self.args)


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One explicit task as the user wrote it. ``depends_on`` names other tasks of the same request."""

    name: str
    description: str = ""
    agent_type: str | None = None
    required_capabilities: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    trigger_rule: TriggerRule = TriggerRule.ALL_SUCCEEDED
    work: Work = Work()
    for_each: tuple[str, ...] = ()
    for_each_result: str = ""
    locks: tuple[str, ...] = ()
    resources: ResourceRequest = ResourceRequest()
    complexity: float | None = None
    input_bytes: int | None = None
    timeout_seconds: int | None = None
    retry: Retry | None = None
    cache_key: str = ""
    cache_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Capability:
    """Something an agent type can do: its name, the words that ask for it, and how strongly they count (0 to 10)."""

    name: str
    keywords: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class AgentTypeSpec:
    """A specialization as the planner sees it.

    ``runs_text`` is true if its agent can act on a bare description (a model or a fixed command is configured);
    ``overrides`` names what a task may set (``script``, ``command``, ``args``, ``env``, ``image``); ``allowed`` is
    false where the namespace may not use it.
    """

    name: str
    specialization: str
    description: str = ""
    capabilities: tuple[Capability, ...] = ()
    resources: Resources = Resources(500, 1024 * 1024**2)
    base_cost_usd: Decimal = Decimal("0.05")
    base_seconds: int = 300
    max_concurrent: int | None = None
    fallbacks: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ("script", "command", "args", "env")
    runs_text: bool = False
    node_required: bool = False
    allowed: bool = True


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """Where pods may run and what it costs there. ``capacity`` ``None`` means unknown, not zero."""

    name: str
    vendor: str = "on-prem"
    region: str = ""
    cpu_hour_usd: Decimal = Decimal("0.0316")
    memory_gib_hour_usd: Decimal = Decimal("0.0042")
    spot_discount: Decimal = Decimal(0)
    capacity: Resources | None = None
    priority: int = 0
    healthy: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one distribution. ``None`` means unbounded."""

    max_parallel: int = 10
    budget_usd: Decimal | None = None
    block_on_budget: bool = True
    deadline_seconds: int | None = None
    pending_timeout_seconds: int = 600


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """The bounds of every request, and how memory grows after an OOM kill."""

    minimum: Resources = Resources(100, 64 * 1024**2)
    maximum: Resources = Resources(4000, 8 * 1024**3)
    right_sizing: RightSizing = RightSizing.APPLY


@dataclass(frozen=True, slots=True)
class Reservation:
    """What another distribution of the namespace that has begun holds, and will still take.

    ``held`` and ``held_pods`` are its pods now, ``peak`` and ``peak_pods`` what its plan holds at most at once;
    ``reserved_usd`` is what it will still cost: the estimate of what is not done. ``priority`` is the value of its
    PriorityClass; of equal ones it goes first, because it has begun. ``remaining_seconds`` 0 means unknown.
    """

    name: str
    priority: int = 0
    held: Resources = Resources(0, 0)
    held_pods: int = 0
    peak: Resources = Resources(0, 0)
    peak_pods: int = 0
    reserved_usd: Decimal = Decimal(0)
    remaining_seconds: int = 0


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What the cluster offers, as far as it is known; ``None`` and empty mean unknown (offline planning).

    ``quota_free`` is what the namespace's ResourceQuota still allows and ``quota_total`` all that it ever does,
    ``limit_minimum`` and ``limit_maximum`` come from a LimitRange, ``held`` is what runs in the cluster already,
    ``running`` are the other distributions of the namespace that have begun, and ``reserved_usd`` is what is reserved
    beside what they say themselves.
    """

    largest_node: Resources | None = None
    allocatable: Resources | None = None
    quota_free: Resources | None = None
    quota_free_pods: int | None = None
    quota_total: Resources | None = None
    quota_total_pods: int | None = None
    limit_minimum: Resources | None = None
    limit_maximum: Resources | None = None
    held: Resources = Resources(0, 0)
    reserved_usd: Decimal = Decimal(0)
    held_locks: tuple[tuple[str, str], ...] = ()
    running: tuple[Reservation, ...] = ()

    @property
    def reserved_total_usd(self) -> Decimal:
        """All money of the namespace that is spoken for."""
        return self.reserved_usd + sum((one.reserved_usd for one in self.running), Decimal(0))


@dataclass(frozen=True, slots=True)
class TaskObservation:
    """What finished attempts of one task taught; ``key`` is its :func:`taskdist.engine.history.task_key`.

    ``samples`` attempts told their duration and ``measured`` of them their memory. A quantile or mean of 0 is unknown.
    """

    key: str
    samples: int
    seconds_p50: float
    seconds_p90: float
    measured: int
    memory_bytes_p95: int
    cpu_millis_p95: int
    seconds_mean: float = 0.0


@dataclass(frozen=True, slots=True)
class Delay:
    """How long a step between two pieces of work took: its mean while hardly any other was under way, and what each other adds.

    ``samples`` observations taught the former and ``crowded_samples`` the latter; ``turns`` writes of its kind taught how long
    one keeps those behind it waiting. Of 0 nothing is known.
    """

    seconds: float = 0.0
    samples: int = 0
    crowd_seconds: float = 0.0
    crowded_samples: int = 0
    turn_seconds: float = 0.0
    turns: int = 0


@dataclass(frozen=True, slots=True)
class Delays:
    """The three steps: until a subtask is there, until its pod runs, and from the pod's end to the start of what comes after."""

    opening: Delay = Delay()
    start: Delay = Delay()
    hand_over: Delay = Delay()


@dataclass(frozen=True, slots=True)
class Observation:
    """What finished attempts of one agent type taught: sample count and quantiles, at middle complexity.

    ``measured`` is how many of them told their memory (``None``: all); ``tasks`` is the same of single tasks; ``delays`` is
    what came between them.
    """

    agent_type: str
    samples: int
    seconds_p50: float
    seconds_p90: float
    memory_bytes_p95: int
    cpu_millis_p95: int
    measured: int | None = None
    tasks: tuple[TaskObservation, ...] = ()
    seconds_mean: float = 0.0
    delays: Delays = Delays()


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Everything a plan depends on. Equal requests give byte-equal plans."""

    name: str
    namespace: str = "default"
    description: str = ""
    tasks: tuple[TaskSpec, ...] = ()
    strategy: Strategy = Strategy.BALANCED
    max_subtasks: int = 50
    limits: Limits = Limits()
    policy: ResourcePolicy = ResourcePolicy()
    retry: Retry = Retry()
    allowed_providers: tuple[str, ...] = ()
    placement_policy: PlacementPolicy = PlacementPolicy.CHEAPEST
    conflict_policy: ConflictPolicy = ConflictPolicy.SERIALIZE
    agent_types: tuple[AgentTypeSpec, ...] = ()
    providers: tuple[ProviderSpec, ...] = ()
    cluster: ClusterFacts = ClusterFacts()
    history: tuple[Observation, ...] = ()
    solver_work: float = 0.0
    """CP-SAT's deterministic work that the schedule is worth; 0 leaves the exact solver out
    (docs/adr/0003-schedule.md)."""
    priority: int = 0
    """Value of the PriorityClass: among the distributions of the namespace, the higher one gets scarce room first."""
    plan_only: bool = False
    """True if the plan is only looked at: what keeps it from running is worth a warning, not an error."""


# --- output --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Dependency:
    """An edge seen from the waiting side. ``cue`` holds the words it was inferred from; ``confidence`` is in [0, 1]."""

    name: str
    source: EdgeSource = EdgeSource.DECLARED
    cue: str = ""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Complexity:
    """A score in [0, 1] with the parts that made it.

    ``parts`` are (name, contribution), and add up to it before clamping.
    """

    score: float
    parts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Routing:
    """Which agent type was chosen, how well it matched, who came second, and why."""

    chosen: str
    score: float
    runner_up: str = ""
    runner_up_score: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds and US dollars as low, middle and high; the middle is what is planned with."""

    seconds: int
    cost_usd: Decimal
    seconds_low: int
    seconds_high: int
    cost_low_usd: Decimal
    cost_high_usd: Decimal
    basis: Basis = Basis.PRIOR


@dataclass(frozen=True, slots=True)
class PlannedSubTask:
    """One unit of work, ready to be created.

    ``start`` and ``finish`` are planned seconds after the start of the distribution. Of those that are ready, the one
    of the highest ``priority`` starts first. ``slack_seconds`` is the time by which it may be late without making the
    longest chain longer; it is ``critical`` if that is none.
    """

    id: str
    description: str
    agent_type: str
    specialization: str
    depends_on: tuple[Dependency, ...]
    trigger_rule: TriggerRule
    work: Work
    complexity: Complexity
    routing: Routing
    resources: Resources
    provider: str
    estimate: Estimate
    start: int
    finish: int
    slack_seconds: int
    critical: bool
    priority: int
    locks: tuple[str, ...] = ()
    timeout_seconds: int | None = None
    retry: Retry = Retry()
    input_bytes: int | None = None
    for_each_result: str = ""
    cache_key: str = ""
    cache_seconds: int | None = None
    item: str = ""
    definition_hash: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the user should know before anything runs. ``path`` is the field's path in the TaskDistribution."""

    code: str
    severity: Severity
    path: str
    message: str
    recommendation: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Two subtasks that need one lock: ``after`` starts once ``before`` is done, ``seconds`` later than it could.

    ``inferred`` locks keep apart what would change the same ``lock`` thing at the same time; the others are the user's.
    """

    lock: str
    before: str
    after: str
    seconds: int
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class Insight:
    """Something that would save money, time or pods at once, with what it saves and what it costs."""

    code: str
    path: str
    message: str
    recommendation: str
    saves_usd: Decimal = Decimal(0)
    saves_seconds: int = 0
    saves_pods: int = 0
    costs_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Parallelism:
    """The graph's shape.

    ``potential`` = 1 - critical path / sum of durations; ``speedup`` is what ``maxParallel`` lets through.
    """

    width: int = 0
    layers: int = 0
    potential: float = 0.0
    speedup: float = 1.0
    critical_path: tuple[str, ...] = ()
    critical_path_seconds: int = 0
    work_seconds: int = 0


@dataclass(frozen=True, slots=True)
class ScheduleQuality:
    """How good the schedule is: makespan, the best provable lower bound, and which method found it.

    ``method`` is list, search or exact. ``best_known_seconds`` is less than the makespan only where a schedule was found
    that leaves room free on purpose, which the dispatcher at run time does not do.
    """

    makespan_seconds: int = 0
    lower_bound_seconds: int = 0
    method: str = "list"
    best_known_seconds: int = 0

    @property
    def gap(self) -> float:
        """Makespan over lower bound, minus one; 0 means proven optimal."""
        return self.makespan_seconds / self.lower_bound_seconds - 1 if self.lower_bound_seconds else 0.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """When all is done, to the hundredth of a second, and what makes it so.

    ``seconds`` is the estimate's middle before it is rounded; ``work_seconds`` would be enough if every pod ran at once and
    every end were known at once. ``start_seconds`` and ``hand_over_seconds`` are what a start and a hand-over take while no
    other is under way, in the middle of the plan's subtasks; ``starts_a_second`` how many can begin.
    """

    seconds: Decimal = Decimal(0)
    work_seconds: Decimal = Decimal(0)
    start_seconds: Decimal = Decimal(0)
    hand_over_seconds: Decimal = Decimal(0)
    starts_a_second: Decimal = Decimal(0)
    basis: Basis = Basis.PRIOR


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole answer. ``subtasks`` are in a topological order; ``hash`` covers what will run, not estimates."""

    subtasks: tuple[PlannedSubTask, ...] = ()
    parallelism: Parallelism = field(default_factory=Parallelism)
    estimate: Estimate = Estimate(0, Decimal(0), 0, 0, Decimal(0), Decimal(0))
    schedule: ScheduleQuality = field(default_factory=ScheduleQuality)
    findings: tuple[Finding, ...] = ()
    hash: str = ""
    waits: tuple[Wait, ...] = ()
    insights: tuple[Insight, ...] = ()
    conflict_seconds: int = 0
    """What keeping undeclared conflicts apart adds to the makespan."""
    lock_seconds: int = 0
    """What declared locks add to it."""
    forecast: Forecast = Forecast()

    @property
    def valid(self) -> bool:
        """True if no finding forbids to run it."""
        return not any(f.severity is Severity.ERROR for f in self.findings)
