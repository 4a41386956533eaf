"""What the five kinds share: the base model, conditions, resources, selectors, and the metadata that is read."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from taskdist.api.cel import BACKOFF_RULES, RESERVED_VARIABLES, Rule, given
from taskdist.api.names import ConditionStatus
from taskdist.api.scalars import (
    VARIABLE_PATTERN,
    Argument,
    CpuQuantity,
    DecimalInput,
    DnsLabel,
    Generation,
    LabelKey,
    Labels,
    MemoryQuantity,
    Message,
    RatioString,
    ShortText,
    Timestamp,
    Word,
    list_map,
)

_ACRONYMS: Final = MappingProxyType({"usd": "USD", "gib": "GiB", "uid": "UID"})


def camel(name: str) -> str:
    """Return the wire name of a Python field: ``cost_usd`` is ``costUSD``."""
    first, *rest = name.split("_")
    return first + "".join(_ACRONYMS.get(part, part.capitalize()) for part in rest)


class Model(BaseModel):
    """Base of every wire type: frozen, camelCase on the wire.

    ``cel`` are the rules that the API server checks; a ``terse`` type writes no default at all. An ``atomic`` one has a
    single owner: the API server keeps no account of who wrote which of its fields, which for thousands of tasks would be larger
    than the tasks themselves.
    """

    model_config = ConfigDict(
        frozen=True, alias_generator=camel, populate_by_name=True, extra="ignore", allow_inf_nan=False, defer_build=True
    )
    cel: ClassVar[tuple[Rule, ...]] = ()
    terse: ClassVar[bool] = False
    atomic: ClassVar[bool] = False
    first_status: ClassVar[Mapping[str, str]] = {}

    @model_serializer(mode="wrap")
    def _without_silence(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if (self.terse or _may_be_silent(value)) and value == field.get_default(call_default_factory=True):
                data.pop(field.alias or name, None)
                data.pop(name, None)
        return data

    def wire(self) -> dict[str, Any]:
        """Return the JSON object for the API server: camelCase, no nulls, no empty defaults."""
        return self.model_dump(mode="json", by_alias=True)


def _may_be_silent(value: object) -> bool:
    """True for what the wire leaves out where it is the default: None, an empty container, a defaulted object."""
    return value is None or isinstance(value, Model) or (isinstance(value, str | tuple | dict) and not value)


class Severity(StrEnum):
    """How much a warning matters. An ``Error`` makes the plan invalid: nothing runs."""

    INFO = "Info"
    WARNING = "Warning"
    ERROR = "Error"


class TriggerRule(StrEnum):
    """Which ends of its dependencies let a subtask start."""

    ALL_SUCCEEDED = "AllSucceeded"
    ALL_FINISHED = "AllFinished"
    ANY_SUCCEEDED = "AnySucceeded"
    ANY_FAILED = "AnyFailed"


class EdgeSource(StrEnum):
    """Who says that an edge exists: the user, or the text splitter."""

    DECLARED = "Declared"
    INFERRED = "Inferred"


class Basis(StrEnum):
    """Where an estimate comes from: documented priors, or finished attempts."""

    PRIOR = "Prior"
    HISTORY = "History"


class OwnerReference(Model):
    """Who owns an object, as ``metav1.OwnerReference``."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class ObjectMeta(Model):
    """The part of ``metav1.ObjectMeta`` that is read or written here."""

    terse: ClassVar[bool] = True

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    owner_references: tuple[OwnerReference, ...] = ()
    finalizers: tuple[str, ...] = ()
    creation_timestamp: Timestamp | None = None
    deletion_timestamp: Timestamp | None = None


class Condition(Model):
    """One aspect of the state, as ``metav1.Condition``."""

    type: Annotated[str, Field(min_length=1, max_length=316, pattern=r"^[A-Za-z][A-Za-z0-9]*$")]
    """What the condition is about, in CamelCase."""
    status: ConditionStatus
    """Whether it holds: True, False or Unknown."""
    observed_generation: Generation | None = None
    """The `metadata.generation` that the condition was set for. An older one means that it is out of date."""
    last_transition_time: Timestamp
    """When the status last changed from one value to another."""
    reason: Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")]
    """Why, in one CamelCase word that a program may rely on."""
    message: Annotated[str, Field(max_length=32768)] = ""
    """Why, in words for a person."""


Conditions = Annotated[
    tuple[Condition, ...],
    Field(max_length=16, json_schema_extra=list_map("type")),
]


class Amounts(Model):
    """CPU and memory of one pod; what is left out is planned."""

    cpu: CpuQuantity | None = None
    """CPU in cores, as a Kubernetes quantity such as `500m` or `2`."""
    memory: MemoryQuantity | None = None
    """Memory in bytes, as a Kubernetes quantity such as `512Mi` or `2Gi`."""


class ResourceAmounts(Model):
    """CPU and memory that one pod requests."""

    cpu: CpuQuantity
    """CPU in cores, as a Kubernetes quantity such as `500m` or `2`."""
    memory: MemoryQuantity
    """Memory in bytes, as a Kubernetes quantity such as `512Mi` or `2Gi`."""


class EnvVar(Model):
    """One environment variable with a plain value."""

    cel: ClassVar = (RESERVED_VARIABLES,)

    name: Annotated[str, Field(min_length=1, max_length=128, pattern=VARIABLE_PATTERN)]
    """Name of the variable, such as `INPUT_FILE`."""
    value: Annotated[str, Field(max_length=8192)] = ""
    """Value of the variable. `$(tasks.NAME.results.KEY)` in it is replaced by a result of an earlier task."""


EnvVars = Annotated[
    tuple[EnvVar, ...],
    Field(max_length=64, json_schema_extra=list_map("name")),
]
Arguments = Annotated[tuple[Argument, ...], Field(max_length=64)]


class Retry(Model):
    """How often and how fast a failed attempt is tried again."""

    cel: ClassVar = BACKOFF_RULES

    limit: Annotated[int, Field(strict=True, ge=0, le=100)] = 2
    """Number of further attempts after the first one failed. 0 means none."""
    backoff_seconds: Annotated[int, Field(strict=True, ge=0, le=86_400)] = 10
    """Seconds to wait before the second attempt."""
    factor: DecimalInput = "2"
    """What the wait is multiplied by after each further failure, as a decimal string."""
    max_backoff_seconds: Annotated[int, Field(strict=True, ge=0, le=86_400)] = 300
    """Longest wait between two attempts, in seconds."""


class Dependency(Model):
    """An edge of the graph, seen from the subtask that waits."""

    name: DnsLabel
    """Id of the subtask that is waited for."""
    source: EdgeSource = EdgeSource.DECLARED
    """Declared if the user wrote the edge, Inferred if it was found in the text or in the flow of data."""
    cue: ShortText = ""
    """The words that an inferred edge was read from."""
    confidence: RatioString = "1"
    """How sure the inference is, from 0 to 1, as a decimal string. A declared edge has 1."""


class PlanWarning(Model):
    """Something the user should know before anything runs; `taskdist plan` prints the same."""

    code: Annotated[str, Field(min_length=1, max_length=63)]
    """Which rule spoke, such as `HighCost`. Each code is documented."""
    severity: Severity
    """Info, Warning or Error. An Error makes the plan invalid: nothing runs."""
    path: Annotated[str, Field(max_length=512)] = ""
    """Path of the field that it is about, such as `spec.tasks[2].dependsOn[0]`."""
    message: Message
    """What was found."""
    recommendation: Message = ""
    """What to do about it."""


class Toleration(Model):
    """A taint of a node that the pod accepts, as in a pod's own `tolerations`."""

    cel: ClassVar = (
        Rule(
            f"self.operator == 'Exists' ? !{given('value')} : {given('key')}",
            "operator Exists takes no value; operator Equal needs a key",
        ),
        Rule(
            "!has(self.tolerationSeconds) || has(self.effect) && self.effect == 'NoExecute'",
            "only effect NoExecute takes tolerationSeconds",
            ".tolerationSeconds",
        ),
    )

    key: Annotated[str, Field(max_length=316)] = ""
    """Key of the taint. Empty, with operator Exists, means every key."""
    operator: Literal["Exists", "Equal"] = "Equal"
    """Exists accepts every value of the key, Equal only the one given."""
    value: Word = ""
    """Value of the taint that is accepted with operator Equal."""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    """Effect of the taint that is accepted. Empty means every effect."""
    toleration_seconds: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)] | None = None
    """With effect NoExecute: how many seconds the pod stays after the taint appears. Left out means for ever."""


class SelectorRequirement(Model):
    """One requirement on a label."""

    cel: ClassVar = (
        Rule(
            f"(self.operator in ['In', 'NotIn']) == {given('values')}",
            "In and NotIn need values; Exists and DoesNotExist take none",
            ".values",
        ),
    )

    key: LabelKey
    """Key of the label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the label is compared with the values."""
    values: Annotated[tuple[Word, ...], Field(max_length=64)] = ()
    """The values for In and NotIn; empty for Exists and DoesNotExist."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """True if ``labels`` meet the requirement; NotIn is also met where the label is absent, as in Kubernetes."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels


class LabelSelector(Model):
    """Which objects are meant, by their labels, as ``metav1.LabelSelector``. An empty one means all."""

    match_labels: Labels = Field(default_factory=dict)
    """Labels that must be present with exactly these values."""
    match_expressions: Annotated[tuple[SelectorRequirement, ...], Field(max_length=32)] = ()
    """Further requirements; all must hold."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """True if ``labels`` meet every requirement."""
        return all(labels.get(key) == value for key, value in self.match_labels.items()) and all(
            requirement.matches(labels) for requirement in self.match_expressions
        )
