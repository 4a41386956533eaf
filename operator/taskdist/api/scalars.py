"""Bounded scalars and lists of them: text, names, numbers, quantities, moments.

Each carries its bound, because the API server estimates the cost of every CEL rule from the bounds and refuses a CRD
whose estimate is too high.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BeforeValidator, Field, PlainSerializer, StrictBool

from taskdist.api.cel import Rule


def list_set() -> dict[str, Any]:
    """JSON Schema extras of a list whose scalar items are unique."""
    return {"x-kubernetes-list-type": "set"}


def list_map(key: str) -> dict[str, Any]:
    """JSON Schema extras of a list whose objects are unique by ``key``."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def changes(*rules: Rule) -> dict[str, Any]:
    """JSON Schema extras of a field whose change the API server judges."""
    return {"x-kubernetes-validations": [{"rule": r.rule, "message": r.message} for r in rules]}


def _int_or_string(*rules: Rule) -> dict[str, Any]:
    """JSON Schema extras of text that may also be written as a whole number without quotes."""
    extras: dict[str, Any] = {"x-kubernetes-int-or-string": True}
    return extras | {"x-kubernetes-validations": [{"rule": r.rule, "message": r.message} for r in rules]}


def _whole_number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _moment(value: object) -> object:
    """Let no number pass for a moment, as Pydantic would: seconds or milliseconds, depending on its size."""
    if isinstance(value, str | datetime):
        return value
    raise ValueError("a moment is text, such as 2026-01-02T03:04:05Z")


LABEL_PATTERN: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
SUBDOMAIN_PATTERN: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
DECIMAL_PATTERN: Final = r"^[0-9]{1,12}(\.[0-9]{1,9})?$"
RATIO_PATTERN: Final = r"^(0(\.[0-9]{1,9})?|1(\.0{1,9})?)$"
CPU_PATTERN: Final = r"^([0-9]{1,7}(\.[0-9]{1,3})?|[0-9]{1,10}m)$"
MEMORY_PATTERN: Final = r"^[0-9]{1,16}(\.[0-9]{1,3})?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$"
SKETCH_PATTERN: Final = r"^([0-9]{1,3}[:>][0-9]{1,4}( |$))*$"
VARIABLE_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"

OPTIONAL_LABEL_PATTERN: Final = rf"^({LABEL_PATTERN[1:-1]})?$"
OPTIONAL_SUBDOMAIN_PATTERN: Final = rf"^({SUBDOMAIN_PATTERN[1:-1]})?$"
HASH_PATTERN: Final = r"^[0-9a-f]*$"
RESULT_PATTERN: Final = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.[A-Za-z0-9_.-]+)?$"

_DECIMAL: Final = 'must be a non-negative decimal number in quotes, such as "0.50", or a whole number'
_RATIO: Final = 'must be a decimal number from 0 to 1 in quotes, such as "0.5"'
_CPU: Final = "must be a CPU quantity from 0 to 1000000 cores, such as 500m or 2"
_MEMORY: Final = "must be a memory quantity from 0 to 1Pi bytes, such as 512Mi or 2Gi"

DnsLabel = Annotated[str, Field(min_length=1, max_length=63, pattern=LABEL_PATTERN)]
DnsSubdomain = Annotated[str, Field(min_length=1, max_length=253, pattern=SUBDOMAIN_PATTERN)]
OptionalDnsLabel = Annotated[str, Field(max_length=63, pattern=OPTIONAL_LABEL_PATTERN)]
OptionalDnsSubdomain = Annotated[str, Field(max_length=253, pattern=OPTIONAL_SUBDOMAIN_PATTERN)]
DistributionName = Annotated[str, Field(min_length=1, max_length=63, pattern=SUBDOMAIN_PATTERN)]
"""Name of a TaskDistribution, which is also a label's value."""
Word = Annotated[str, Field(max_length=63)]
ShortText = Annotated[str, Field(max_length=256)]
Message = Annotated[str, Field(max_length=2048)]
Description = Annotated[str, Field(max_length=16384)]
Script = Annotated[str, Field(max_length=65536)]
Argument = Annotated[str, Field(max_length=8192)]
Hash = Annotated[str, Field(max_length=64, pattern=HASH_PATTERN)]

DecimalString = Annotated[str, Field(max_length=22, pattern=DECIMAL_PATTERN)]
"""A non-negative decimal number as text: money and other amounts, which JSON numbers would round."""
RatioString = Annotated[str, Field(max_length=11, pattern=RATIO_PATTERN)]
"""A decimal number from 0 to 1 as text."""
DecimalInput = Annotated[
    str,
    Field(
        max_length=22,
        pattern=DECIMAL_PATTERN,
        json_schema_extra=_int_or_string(
            Rule(
                f"type(self) == int ? self >= 0 && self < 1000000000000 : self.matches(r'{DECIMAL_PATTERN}')",
                _DECIMAL,
            )
        ),
    ),
    BeforeValidator(_whole_number_as_text),
]
"""A :data:`DecimalString` that a user writes, who may leave the quotes off a whole number."""
RatioInput = Annotated[
    str,
    Field(
        max_length=11,
        pattern=RATIO_PATTERN,
        json_schema_extra=_int_or_string(
            Rule(
                f"type(self) == int ? self in [0, 1] : self.matches(r'{RATIO_PATTERN}')",
                _RATIO,
            )
        ),
    ),
    BeforeValidator(_whole_number_as_text),
]
"""A :data:`RatioString` that a user writes, who may leave the quotes off 0 and 1."""
CpuQuantity = Annotated[
    str,
    Field(
        max_length=11,
        pattern=CPU_PATTERN,
        json_schema_extra=_int_or_string(
            Rule(
                "type(self) == int ? self >= 0 && self <= 1000000"
                f" : self.matches(r'{CPU_PATTERN}') && isQuantity(self)"
                " && quantity(self).compareTo(quantity('1M')) <= 0",
                _CPU,
            )
        ),
    ),
    BeforeValidator(_whole_number_as_text),
]
"""CPU as a Kubernetes quantity in cores: ``500m``, ``2``, ``1.5``."""
MemoryQuantity = Annotated[
    str,
    Field(
        max_length=22,
        pattern=MEMORY_PATTERN,
        json_schema_extra=_int_or_string(
            Rule(
                "type(self) == int ? self >= 0 && self <= 1125899906842624"
                f" : self.matches(r'{MEMORY_PATTERN}') && isQuantity(self)"
                " && quantity(self).compareTo(quantity('1Pi')) <= 0",
                _MEMORY,
            )
        ),
    ),
    BeforeValidator(_whole_number_as_text),
]
"""Memory as a Kubernetes quantity in bytes: ``64Mi``, ``8Gi``."""

Flag = StrictBool
Count = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
Int32 = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)]
Bytes = Annotated[int, Field(strict=True, ge=0, le=2**50)]
"""A size in bytes, at most 1 PiB: above 2^53 the API server's JSON would round it."""
Generation = Annotated[int, Field(strict=True, ge=0)]
Seconds = Annotated[int, Field(strict=True, ge=0, le=31_536_000)]
"""Whole seconds, at most a year."""
TotalSeconds = Annotated[int, Field(strict=True, ge=0, le=2**53)]
"""Whole seconds that the operator adds up, over thousands of subtasks."""
PositiveSeconds = Annotated[int, Field(strict=True, ge=1, le=31_536_000)]
Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(_moment),
    PlainSerializer(lambda at: at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), return_type=str),
]
"""A moment as ``metav1.Time`` writes it: RFC 3339 in UTC, whole seconds."""
LabelKey = Annotated[str, Field(min_length=1, max_length=316)]
Labels = Annotated[dict[str, Word], Field(max_length=64)]
Locks = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=128)], ...],
    Field(max_length=16, json_schema_extra=list_set()),
]
"""Names of things that only one subtask at a time may hold."""


def decimal_text(value: Decimal | float, places: int = 2) -> str:
    """Write a number the way the API holds it: plain decimal text with ``places`` digits behind the point."""
    return f"{value:.{places}f}"


def timestamp(at: datetime) -> datetime:
    """Return ``at`` in UTC without the fraction of a second, as it comes back from the API server."""
    return at.astimezone(UTC).replace(microsecond=0)
