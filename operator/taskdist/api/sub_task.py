"""SubTask: one unit of work, complete enough to build its pod from, and every attempt at it."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from taskdist.api.cel import Rule, not_both
from taskdist.api.common import (
    Arguments,
    Conditions,
    Dependency,
    EnvVars,
    Model,
    ObjectMeta,
    ResourceAmounts,
    Retry,
    TriggerRule,
)
from taskdist.api.names import API_VERSION, SubTaskPhase, SubTaskReason
from taskdist.api.scalars import (
    Bytes,
    Count,
    DecimalString,
    Description,
    DistributionName,
    DnsLabel,
    DnsSubdomain,
    Generation,
    Hash,
    Int32,
    MemoryQuantity,
    Message,
    OptionalDnsLabel,
    OptionalDnsSubdomain,
    PositiveSeconds,
    RatioString,
    Script,
    Timestamp,
    TotalSeconds,
    changes,
    list_map,
)

TERMINAL: Final = [phase.value for phase in SubTaskPhase if phase.terminal]


class Routing(Model):
    """Which agent type was chosen, and why."""

    chosen: OptionalDnsLabel = ""
    """Name of the AgentType that was chosen."""
    score: DecimalString = "0"
    """How well it matched, as a decimal string; higher is better."""
    runner_up: OptionalDnsLabel = ""
    """Name of the AgentType that came second, if any."""
    reason: Annotated[str, Field(max_length=1024)] = ""
    """Why, in words: the capabilities and keywords that matched, or that the task named it."""


class SubTaskEstimate(Model):
    """What one subtask is expected to cost and take."""

    seconds: TotalSeconds
    """Expected duration of one attempt, in seconds."""
    cost_usd: DecimalString
    """Expected cost in US dollars, as a decimal string."""


class SubTaskSpec(Model):
    """What is to be done. It never changes: a changed definition makes a new SubTask."""

    # That the whole of it never changes is said by a policy of the chart, which is asked at an edit of the object: a rule here
    # would be evaluated at every write of the status too, which leaves the spec alone.
    atomic: ClassVar = True
    cel: ClassVar = (
        Rule(
            "!has(self.start) || !has(self.finish) || self.start <= self.finish", "must not be after finish", ".start"
        ),
        not_both("script", "command"),
    )

    task_distribution: DistributionName
    """Name of the TaskDistribution that it belongs to."""
    plan: OptionalDnsSubdomain = ""
    """Name of the ExecutionPlan that it was made from."""
    id: DnsLabel
    """Id of the subtask, unique within its TaskDistribution."""
    description: Description = ""
    """What is to be done, in words."""
    agent_type: DnsLabel
    """Name of the AgentType that does it."""
    specialization: DnsLabel
    """What the agent type is good at; the pod prefers nodes labelled with it."""
    depends_on: Annotated[tuple[Dependency, ...], Field(max_length=10_000, json_schema_extra=list_map("name"))] = ()
    """The subtasks that must end before this one starts. The annotation `taskdist.dev/depends-on` mirrors it."""
    trigger_rule: TriggerRule = TriggerRule.ALL_SUCCEEDED
    """Which ends of its dependencies let the subtask start: AllSucceeded, AllFinished, AnySucceeded or AnyFailed."""
    script: Script = ""
    """Shell script that the agent runs. Empty if it runs `command`, or acts on the description."""
    command: Arguments = ()
    """Program that the agent runs, and its first arguments."""
    args: Arguments = ()
    """Further arguments of the command or script."""
    env: EnvVars = ()
    """Environment variables that the agent gets, beside those of the agent type."""
    item: Annotated[str, Field(max_length=1024)] = ""
    """The item of `forEach` that this subtask is for; `$(item)` stands for it."""
    for_each_result: Annotated[str, Field(max_length=190)] = ""
    """Result of an earlier subtask, as `ID.KEY`, whose list this subtask is fanned out over once it is known."""
    input_bytes: Bytes | None = None
    """Size of the input in bytes, as far as it is known."""
    complexity: RatioString
    """How hard it is, from 0 to 1, as a decimal string."""
    resources: ResourceAmounts
    """CPU and memory that the pod of the first attempt requests."""
    estimate: SubTaskEstimate
    """What it is expected to cost and take."""
    provider: OptionalDnsLabel = ""
    """Name of the Provider that the plan places it on. Empty means anywhere."""
    routing: Routing = Routing()
    """Why the plan chose this agent type."""
    priority: Int32 = 0
    """Order of dispatch among subtasks that are ready: higher first."""
    start: TotalSeconds = 0
    """Planned start, in seconds after the start of the TaskDistribution."""
    finish: TotalSeconds = 0
    """Planned end, in seconds after the start of the TaskDistribution."""
    locks: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=128)], ...], Field(max_length=64)] = ()
    """Names of things that only one subtask at a time may hold."""
    timeout_seconds: PositiveSeconds | None = None
    """Longest time that one attempt may take, in seconds."""
    retry: Retry = Retry()
    """How often and how fast failed attempts are tried again."""
    cache_key: Annotated[str, Field(max_length=256)] = ""
    """A finished subtask with the same key and definition is not run again; its results are taken."""
    cache_seconds: PositiveSeconds | None = None
    """How long ago, in seconds, it may have ended. Left out means any time."""
    member_of: OptionalDnsLabel = ""
    """Id of the subtask that was fanned out into this one over the items of `forEachResult`."""
    definition_hash: Annotated[
        Hash,
        Field(json_schema_extra=changes(Rule("self == oldSelf", "a changed definition needs a new SubTask"))),
    ]
    """Hash over what will run: equal hash, equal work."""


class Attempt(Model):
    """One try: one pod at most."""

    number: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    """Number of the attempt, from 1."""
    pod: Annotated[str, Field(max_length=253)] = ""
    """Name of its pod."""
    pod_uid: Annotated[str, Field(max_length=64)] = ""
    """UID of its pod."""
    node: Annotated[str, Field(max_length=253)] = ""
    """Name of the node that it ran on."""
    provider: OptionalDnsLabel = ""
    """Name of the Provider that it was placed on."""
    agent_type: OptionalDnsLabel = ""
    """Name of the AgentType that it ran with, which may be a fallback of the planned one."""
    reason: SubTaskReason | None = None
    """How it ended, or what it waits for."""
    message: Message = ""
    """The same in words."""
    exit_code: Int32 | None = None
    """Exit code of the agent: 0 done, 75 to be tried again, 65 never to be tried again."""
    requested: ResourceAmounts | None = None
    """CPU and memory that its pod requested."""
    peak_memory: MemoryQuantity | None = None
    """Largest memory that it was seen to use."""
    create_time: Timestamp | None = None
    """When its pod was created."""
    start_time: Timestamp | None = None
    """When its agent started."""
    finish_time: Timestamp | None = None
    """When it ended."""


class Usage(Model):
    """What all attempts together used."""

    seconds: TotalSeconds = 0
    """Running time of all attempts, in seconds."""
    cpu_seconds: DecimalString = "0"
    """Requested CPU times running time, in core seconds."""
    memory_gib_seconds: DecimalString = "0"
    """Requested memory times running time, in GiB seconds."""
    wasted_memory_gib_seconds: DecimalString = "0"
    """The part of it above each attempt's peak use, in GiB seconds."""
    cost_usd: DecimalString = "0"
    """Cost in US dollars: the pods' and what the agent reported, as a decimal string."""
    tokens: Annotated[int, Field(strict=True, ge=0, le=2**53)] = 0
    """Tokens of a language model that the agent reported."""


class Artifact(Model):
    """Something that the agent left behind, as it reported it."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    """Name of the artifact."""
    uri: Annotated[str, Field(max_length=2048)] = ""
    """Where it is."""
    bytes: Bytes | None = None
    """Its size in bytes."""


class ResultsReference(Model):
    """Where results are that do not fit here."""

    name: DnsSubdomain
    """Name of the ConfigMap."""
    key: Annotated[str, Field(max_length=253)] = "results.json"
    """Key in the ConfigMap; its value is a JSON object."""


class SubTaskStatus(Model):
    """Where the subtask is."""

    atomic: ClassVar = True
    cel: ClassVar = (
        # What compares values stands on the fields themselves: reading a field of an object costs the server as much as the
        # object has fields.
        Rule("!has(oldSelf.phase) || has(self.phase)", "a phase is never taken back", ".phase"),
        Rule("!has(oldSelf.attemptCount) || has(self.attemptCount)", "attempts are never taken back", ".attemptCount"),
    )

    observed_generation: Generation = 0
    """The `metadata.generation` that this status was derived from."""
    phase: Annotated[
        SubTaskPhase,
        Field(
            json_schema_extra=changes(
                Rule(f"!(oldSelf in {TERMINAL}) || self == oldSelf", "a terminal phase never reverts")
            )
        ),
    ] = SubTaskPhase.WAITING
    """Waiting, Ready, Queued, Running, Retrying, Succeeded, Failed, Skipped or Cancelled. One of the last four never
    changes again."""
    reason: SubTaskReason | None = None
    """Why it is in this phase, in one word."""
    message: Message = ""
    """Why it is in this phase, in words."""
    blocked_by: Annotated[tuple[Annotated[str, Field(max_length=128)], ...], Field(max_length=20)] = ()
    """What it waits for: ids of subtasks, or names of locks; at most 20."""
    attempt_count: Annotated[
        Count, Field(json_schema_extra=changes(Rule("self >= oldSelf", "attempts are never taken back")))
    ] = 0
    """Number of attempts so far, also those that are no longer listed."""
    attempts: Annotated[
        tuple[Attempt, ...],
        Field(max_length=10, json_schema_extra=list_map("number")),
    ] = ()
    """The last 10 attempts, the oldest first."""
    next_attempt_time: Timestamp | None = None
    """When the next attempt may start, while the phase is Retrying."""
    routing: Routing | None = None
    """Which agent type runs it, where a fallback took the place of the planned one."""
    usage: Usage | None = None
    """What all attempts together used."""
    results: Annotated[dict[str, Annotated[str, Field(max_length=4096)]], Field(max_length=64)] = Field(
        default_factory=dict
    )
    """What the agent handed back, at most 4 KiB: text as it is, everything else as JSON. Later tasks use
    `$(tasks.ID.results.KEY)`."""
    results_ref: ResultsReference | None = None
    """Where the results are that do not fit here."""
    artifacts: Annotated[tuple[Artifact, ...], Field(max_length=32)] = ()
    """What the agent left behind."""
    conditions: Conditions = ()
    """Succeeded and Finished."""


class SubTask(Model):
    """One unit of work of a TaskDistribution. The operator writes it and runs it as agent pods, one per attempt."""

    first_status: ClassVar = {"phase": SubTaskPhase.WAITING.value}

    api_version: Literal["taskdist.dev/v1alpha1"] = API_VERSION
    kind: Literal["SubTask"] = "SubTask"
    metadata: ObjectMeta = ObjectMeta()
    spec: SubTaskSpec
    """What is to be done. It never changes: a changed definition makes a new SubTask."""
    status: SubTaskStatus = SubTaskStatus()
    """Where the subtask is. The operator writes it."""
