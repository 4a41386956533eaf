"""CEL rules: what the API server checks beyond types and bounds, and the message that the user reads."""

from dataclasses import dataclass
from typing import Final

_NUMBER: Final = r"^[0-9]+(\.[0-9]+)?$"
"""What CEL's ``double()`` is asked to convert."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One CEL rule of the object it stands on (``self``).

    ``field`` names the field below ``self`` that the error points at, as ``.name``; empty means the object itself. One that
    is asked ``at_edit`` stands in an admission policy of the chart and not in the CRD: what stands there is evaluated at every
    write of the status too, and a rule about an object with twenty fields, of which there are thousands, costs the server
    seconds.
    """

    rule: str
    message: str
    field: str = ""
    at_edit: bool = False


def given(field: str) -> str:
    """Return the CEL expression that is true if ``field`` of ``self`` is there and not empty."""
    return f"(has(self.{field}) && self.{field}.size() > 0)"


def within(field: str, comparison: str, message: str) -> Rule:
    """Return the rule that the decimal in ``field`` of ``self``, if it is given, meets ``comparison`` (such as ``>= 1.0``).

    Text that is no decimal has an error of its own; converting it here would only add a second, confusing one.
    """
    number = f"string(self.{field})"
    return Rule(
        f"!has(self.{field}) || !{number}.matches(r'{_NUMBER}') || double({number}) {comparison}",
        message,
        f".{field}",
    )


def not_both(one: str, other: str) -> Rule:
    """Return the rule that at most one of two fields is given."""
    message = f"{one} and {other} exclude each other; give one of them"
    return Rule(f"!({given(one)} && {given(other)})", message, f".{one}", at_edit=True)


def exactly_one(*fields: str) -> Rule:
    """Return the rule that one object among several is there."""
    count = " + ".join(f"(has(self.{field}) ? 1 : 0)" for field in fields)
    return Rule(f"{count} == 1", f"exactly one of {', '.join(fields[:-1])} and {fields[-1]} must be given")


def label_sized_name(*, dots: bool) -> Rule:
    """Return the rule that the object's own name fits into a label's value, with or without dots in it."""
    if dots:
        return Rule(
            "self.metadata.name.size() <= 63",
            "metadata.name must have at most 63 characters, because it becomes the value of a label",
        )
    return Rule(
        "self.metadata.name.size() <= 63 && !self.metadata.name.contains('.')",
        "metadata.name must have at most 63 characters and no dots, because it becomes the value of a label",
    )


RESERVED_VARIABLES: Final = Rule(
    "!self.name.startsWith('TASKDIST_') && self.name != 'TRACEPARENT'",
    "TASKDIST_* and TRACEPARENT are set by the operator; choose another name",
    ".name",
)


BACKOFF_RULES: Final = (
    within("factor", ">= 1.0", "must be at least 1: the wait between attempts never shrinks"),
    Rule(
        "!has(self.backoffSeconds) || !has(self.maxBackoffSeconds) || self.backoffSeconds <= self.maxBackoffSeconds",
        "must not be greater than maxBackoffSeconds",
        ".backoffSeconds",
    ),
)
