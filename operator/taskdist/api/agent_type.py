"""AgentType: a specialization, with the pod that does its work. Admins write it."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from taskdist.api.cel import RESERVED_VARIABLES, Rule, exactly_one, given, label_sized_name, within
from taskdist.api.common import Arguments, Conditions, LabelSelector, Model, ObjectMeta, Toleration
from taskdist.api.names import API_VERSION
from taskdist.api.scalars import (
    SKETCH_PATTERN,
    Count,
    CpuQuantity,
    DecimalInput,
    DecimalString,
    DnsLabel,
    DnsSubdomain,
    Flag,
    Generation,
    Labels,
    MemoryQuantity,
    Message,
    OptionalDnsSubdomain,
    PositiveSeconds,
    Timestamp,
    list_map,
    list_set,
)


class Override(StrEnum):
    """What a task may set in place of the template's."""

    SCRIPT = "script"
    COMMAND = "command"
    ARGS = "args"
    ENV = "env"
    IMAGE = "image"


class NodePolicy(StrEnum):
    """How much the label of the specialization on a node matters."""

    PREFERRED = "Preferred"
    REQUIRED = "Required"


class Capability(Model):
    """Something that the agent type can do."""

    cel: ClassVar = (within("weight", "<= 10.0", "must be at most 10"),)

    name: Annotated[str, Field(min_length=1, max_length=63)]
    """Name of the capability, which `requiredCapabilities` of a task asks for."""
    keywords: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=63)], ...],
        Field(max_length=64, json_schema_extra=list_set()),
    ] = ()
    """Words of a description that ask for it."""
    weight: DecimalInput = "1"
    """How strongly the keywords count, from 0 to 10, as a decimal string."""


class KeySelector(Model):
    """One key of a ConfigMap or Secret in the namespace of the pod."""

    name: DnsSubdomain
    """Name of the ConfigMap or Secret."""
    key: Annotated[str, Field(min_length=1, max_length=253)]
    """Key whose value is taken."""
    optional: Flag = False
    """Whether the pod starts without it."""


class EnvSource(Model):
    """Where the value of a variable comes from: exactly one of the two."""

    cel: ClassVar = (exactly_one("configMapKeyRef", "secretKeyRef"),)

    config_map_key_ref: KeySelector | None = None
    """A key of a ConfigMap."""
    secret_key_ref: KeySelector | None = None
    """A key of a Secret. Only an agent type may name one, never a task."""


class TemplateEnvVar(Model):
    """One environment variable, with a value or a place to take it from."""

    cel: ClassVar = (
        RESERVED_VARIABLES,
        Rule(f"!({given('value')} && has(self.valueFrom))", "value and valueFrom exclude each other", ".value"),
    )

    name: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """Name of the variable."""
    value: Annotated[str, Field(max_length=8192)] = ""
    """Value of the variable. Not together with `valueFrom`."""
    value_from: EnvSource | None = None
    """Where the value comes from. Not together with `value`."""


class EmptyDirVolume(Model):
    """A folder that lives as long as the pod."""

    medium: Literal["", "Memory"] = ""
    """Empty for the node's disk, Memory for RAM, which counts towards the memory limit."""
    size_limit: MemoryQuantity | None = None
    """Largest size in bytes, as a Kubernetes quantity."""


class ConfigMapVolume(Model):
    """The keys of a ConfigMap as files."""

    name: DnsSubdomain
    """Name of the ConfigMap in the namespace of the pod."""
    optional: Flag = False
    """Whether the pod starts without it."""


class SecretVolume(Model):
    """The keys of a Secret as files."""

    secret_name: DnsSubdomain
    """Name of the Secret in the namespace of the pod."""
    optional: Flag = False
    """Whether the pod starts without it."""


class ClaimVolume(Model):
    """A persistent volume."""

    claim_name: DnsSubdomain
    """Name of the PersistentVolumeClaim in the namespace of the pod."""
    read_only: Flag = False
    """Whether the volume is attached for reading only."""


class Volume(Model):
    """Something mounted into the agent's container: exactly one of four kinds, which do not reach the node."""

    cel: ClassVar = (
        exactly_one("emptyDir", "configMap", "secret", "persistentVolumeClaim"),
        Rule(
            "self.mountPath != '/taskdist' && !self.mountPath.startsWith('/taskdist/')",
            "/taskdist is where the operator puts the task; choose another path",
            ".mountPath",
        ),
        Rule(
            "!has(self.subPath)"
            " || !self.subPath.startsWith('/') && !self.subPath.split('/').exists(part, part == '..')",
            "must be a relative path without ..",
            ".subPath",
        ),
    )

    name: DnsLabel
    """Name of the volume, unique in the template."""
    mount_path: Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^/[^:]*$")]
    """Absolute path in the container where it is seen."""
    sub_path: Annotated[str, Field(max_length=1024)] = ""
    """Path within the volume that is mounted in place of its root; relative, without `..`."""
    read_only: Flag = False
    """Whether the agent may only read it."""
    empty_dir: EmptyDirVolume | None = None
    """A folder that lives as long as the pod."""
    config_map: ConfigMapVolume | None = None
    """The keys of a ConfigMap as files."""
    secret: SecretVolume | None = None
    """The keys of a Secret as files."""
    persistent_volume_claim: ClaimVolume | None = None
    """A persistent volume."""


class AgentTemplate(Model):
    """The pod of an attempt, as far as an admin may shape it. Security context, labels and owner are the operator's."""

    cel: ClassVar = (
        Rule(
            "!has(self.volumes) || self.volumes.all(v, self.volumes.exists_one(w, w.mountPath == v.mountPath))",
            "each volume needs a mountPath of its own",
            ".volumes",
        ),
    )

    image: Annotated[str, Field(max_length=1024)] = ""
    """Container image. Empty means the reference agent in the operator's own image."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    """When the image is pulled: Always, IfNotPresent or Never."""
    image_pull_secrets: Annotated[tuple[DnsSubdomain, ...], Field(max_length=8, json_schema_extra=list_set())] = ()
    """Names of the Secrets, in the namespace of the pod, that open the image's registry."""
    command: Arguments = ()
    """Entry point of the container. Empty means the image's own."""
    args: Arguments = ()
    """Arguments of the entry point."""
    env: Annotated[
        tuple[TemplateEnvVar, ...],
        Field(max_length=64, json_schema_extra=list_map("name")),
    ] = ()
    """Environment variables of the agent."""
    service_account_name: OptionalDnsSubdomain = ""
    """Service account of the pod, in its namespace. Its token is not mounted."""
    node_selector: Labels = Field(default_factory=dict)
    """Labels that a node must have."""
    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=32)] = ()
    """Taints of nodes that the pod accepts."""
    volumes: Annotated[
        tuple[Volume, ...],
        Field(max_length=16, json_schema_extra=list_map("name")),
    ] = ()
    """Volumes of the pod, each mounted into the agent's container."""
    runtime_class_name: OptionalDnsSubdomain = ""
    """Name of the RuntimeClass of the pod. Empty means the cluster's default."""


class BaseResources(Model):
    """CPU and memory of a task of middle complexity."""

    cpu: CpuQuantity = "500m"
    """CPU in cores, as a Kubernetes quantity."""
    memory: MemoryQuantity = "1Gi"
    """Memory in bytes, as a Kubernetes quantity."""


class AgentTypeSpec(Model):
    """What the agent type can do, what it costs, and what its pod looks like."""

    description: Message = ""
    """What the agent type is for, in words."""
    specialization: DnsLabel
    """What it is good at. Pods carry it as a label, and prefer nodes labelled `taskdist.dev/specialization` with it."""
    node_policy: NodePolicy = NodePolicy.PREFERRED
    """Preferred runs on any node if none has the label of the specialization; Required waits for one that has it."""
    capabilities: Annotated[
        tuple[Capability, ...],
        Field(max_length=64, json_schema_extra=list_map("name")),
    ] = ()
    """What it can do."""
    accepts_text: Flag = False
    """Whether the agent can act on a bare description, because a model or a fixed command is set up in its template."""
    template: AgentTemplate = AgentTemplate()
    """The pod of an attempt."""
    overrides: Annotated[tuple[Override, ...], Field(max_length=5, json_schema_extra=list_set())] = (
        Override.SCRIPT,
        Override.COMMAND,
        Override.ARGS,
        Override.ENV,
    )
    """What a task may set: script, command, args, env, image. An empty list means that it may set nothing."""
    resources: BaseResources = BaseResources()
    """CPU and memory of a task of middle complexity."""
    base_seconds: PositiveSeconds = 300
    """Duration of a task of middle complexity while there is no history, in seconds."""
    base_cost_usd: DecimalInput = "0.05"
    """Cost of one attempt beside CPU and memory, in US dollars at middle complexity, as a decimal string."""
    max_concurrent: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)] | None = None
    """Largest number of its pods in the whole cluster at the same time. Left out means no bound."""
    fallbacks: Annotated[tuple[DnsLabel, ...], Field(max_length=8, json_schema_extra=list_set())] = ()
    """Names of the agent types to try next, in this order, when this one cannot be run."""
    heartbeat_seconds: PositiveSeconds | None = None
    """Longest silence, in seconds: an agent that does not touch its progress file for so long is ended and tried again.
    Left out means that it may be silent."""
    retain_results: Flag = False
    """Whether a finished pod is kept until its results are recorded, even when something else deletes it. It costs one more
    write for each pod, and without an operator a deleted pod stays until it is let go (docs/execution.md)."""
    namespace_selector: LabelSelector = LabelSelector()
    """Labels of the namespaces that may use it. An empty selector means all."""


SketchText = Annotated[str, Field(max_length=4096, pattern=SKETCH_PATTERN)]
"""Counts on a logarithmic scale: `31:4` is four attempts at 1.1 to the power of 31, `33>1` one that needed more than 1.1^33."""


class TaskHistory(Model):
    """What the attempts of one task took."""

    key: DnsLabel
    """By what the task is known again: a hash of its script or command, or of its description where it has neither."""
    samples: Count = 0
    """Number of attempts seen."""
    seconds: SketchText = ""
    """Durations in seconds."""
    memory: SketchText = ""
    """Peak memory in MiB."""
    cpu: SketchText = ""
    """Mean CPU in thousandths of a core."""


class DelayHistory(Model):
    """How long a step between two attempts took. Sums, of which the older half counts for less and less."""

    samples: Count = 0
    """Number of steps that found fewer than four others under way, and no more to be written than may be at once."""
    seconds: DecimalString = "0"
    """What those took together, in seconds."""
    crowded_samples: Count = 0
    """Number of all other steps."""
    crowded_seconds: DecimalString = "0"
    """What those took together, in seconds."""
    others: Count = 0
    """How many others those found, all together; for an opening, the sizes of their plans."""
    turns: Count = 0
    """Number of its writes that were made while the operator had more to write than it may at once."""
    turn_seconds: DecimalString = "0"
    """What those took one after the other, in seconds."""


class AgentTypeHistory(Model):
    """What finished attempts took, in bounded sketches; `taskdist history stats` tells it in words."""

    until: Timestamp | None = None
    """When the last attempt ended that is counted. What ended before is never counted again."""
    seconds: SketchText = ""
    """Durations in seconds, at middle complexity."""
    memory: SketchText = ""
    """Peak memory in MiB, at middle complexity."""
    cpu: SketchText = ""
    """Mean CPU in thousandths of a core, at middle complexity."""
    opening: DelayHistory = DelayHistory()
    """From the wish for a SubTask to its being there. As below, without the wait for the turn of its write."""
    start: DelayHistory = DelayHistory()
    """From the wish for a pod to its running."""
    hand_over: DelayHistory = DelayHistory()
    """From the end of a pod to the start of what waits for it."""
    tasks: Annotated[tuple[TaskHistory, ...], Field(max_length=64, json_schema_extra=list_map("key"))] = ()
    """The same of single tasks, at most 64, the one seen last at the end."""


class AgentTypeStatus(Model):
    """How the agent type is used."""

    observed_generation: Generation = 0
    """The `metadata.generation` that this status was derived from."""
    active: Count = 0
    """Number of its pods that have not ended."""
    samples: Count = 0
    """Number of finished attempts that its estimates are learned from."""
    history: AgentTypeHistory = AgentTypeHistory()
    """What those attempts took, for the plans to come."""
    conditions: Conditions = ()
    """Ready: False while it is quarantined because it keeps failing."""


class AgentType(Model):
    """A specialization of agents: what they can do, what they cost, and their pod. Admins write it."""

    cel: ClassVar = (
        label_sized_name(dots=False),
        Rule(
            "!has(self.spec.fallbacks) || !(self.metadata.name in self.spec.fallbacks)",
            "an agent type cannot be its own fallback",
            ".spec.fallbacks",
        ),
    )

    api_version: Literal["taskdist.dev/v1alpha1"] = API_VERSION
    kind: Literal["AgentType"] = "AgentType"
    metadata: ObjectMeta = ObjectMeta()
    spec: AgentTypeSpec
    """What the agent type can do, what it costs, and what its pod looks like."""
    status: AgentTypeStatus = AgentTypeStatus()
    """How the agent type is used. The operator writes it."""
