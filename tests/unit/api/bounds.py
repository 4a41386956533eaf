"""Every bound of every field, as objects: one at the bound, which must be accepted, and one beyond it, which must not.

They are made from the generated schemas and the full objects, so that a bound that is added is tested without being named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.unit.api.objects import FULL, SCHEMAS, Json, Place, nodes, places, put, text

from taskdist.api import scalars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LONGEST = {
    scalars.DECIMAL_PATTERN: "0" * 11 + "1." + "1" * 9,
    scalars.RATIO_PATTERN: "0." + "1" * 9,
    scalars.CPU_PATTERN: "1000000000m",
    scalars.MEMORY_PATTERN: "0000000000000001.000Mi",
    scalars.RESULT_PATTERN: "a" * 63 + "." + "b" * 126,
    scalars.SKETCH_PATTERN: "300:1 " * 682 + "3:12",
    r"^/[^:]*$": "/" + "a" * 1023,
}
"""The longest text that a pattern allows, where it is not a row of one letter."""


TIED = {
    f"ExecutionPlan.{path}.{bound}"
    for path, bound in (
        (("spec", "subtaskCount"), "minimum"),
        (("spec", "subtaskCount"), "maximum"),
        (("spec", "subtasks"), "most items"),
    )
}
"""The number of subtasks and the subtasks themselves can only change together; the table of rules has them."""


@dataclass(frozen=True)
class Case:
    """``obj`` differs from a full object at ``path`` only."""

    kind: str
    path: Place
    bound: str
    obj: Json
    accepted: bool

    @property
    def id(self) -> str:
        """What the test is called."""
        return f"{self.kind}.{text(self.path)}-{self.bound}-{'accepted' if self.accepted else 'rejected'}"

    @property
    def in_status(self) -> bool:
        """Whether it goes to the status endpoint."""
        return self.path[0] == "status"


def cases() -> list[Case]:
    """Each bound once, at the first place where a full object has the field."""
    found: dict[str, Case] = {}
    for obj in FULL:
        kind = obj["kind"]
        for path, schema in nodes(SCHEMAS[kind]):
            if not path or path[0] not in {"spec", "status"}:
                continue
            for place, value in places(obj, path):
                for bound, changed, accepted in _around(schema, value):
                    generic = f"{kind}.{path}.{bound}"
                    if generic not in TIED:
                        found.setdefault(generic, Case(kind, place, bound, put(obj, place, changed), accepted))
    return list(found.values())


def _around(schema: Json, value: Any) -> Iterator[tuple[str, Any, bool]]:
    """Values at and beyond each bound of ``schema``."""
    for keyword, around in AROUND.items():
        if keyword in schema:
            yield from around(schema, value)
    yield "another type", 5 if schema.get("type") in {"string", "array", "object"} else [], False


def _length(schema: Json, _value: Any) -> Iterator[tuple[str, Any, bool]]:
    longest = LONGEST.get(schema.get("pattern", ""), "a" * schema["maxLength"])
    assert len(longest) == schema["maxLength"], schema
    yield "longest", longest, True
    yield "too long", longest + longest[-1], False


def _items(schema: Json, value: Any) -> Iterator[tuple[str, Any, bool]]:
    most = schema["maxItems"]
    yield "most items", [_variant(schema, value[0], index) for index in range(most)], True
    yield "too many", [_variant(schema, value[0], index) for index in range(most + 1)], False


def _entries(schema: Json, _value: Any) -> Iterator[tuple[str, Any, bool]]:
    most = schema["maxProperties"]
    yield "most entries", {f"k{index}": "v" for index in range(most)}, True
    yield "too many", {f"k{index}": "v" for index in range(most + 1)}, False


AROUND: dict[str, Callable[[Json, Any], Iterable[tuple[str, Any, bool]]]] = {
    "minimum": lambda s, _: [("minimum", s["minimum"], True), ("below minimum", s["minimum"] - 1, False)],
    "maximum": lambda s, _: [("maximum", s["maximum"], True), ("above maximum", s["maximum"] + 1, False)],
    "enum": lambda _s, _v: [("unknown word", "Nonsense", False)],
    "maxLength": _length,
    "minLength": lambda _s, _v: [("empty", "", False)],
    "pattern": lambda _s, _v: [("against the pattern", "-Ä ", False)],
    "maxItems": _items,
    "maxProperties": _entries,
    "x-kubernetes-list-type": lambda _, value: [("twice the same", [value[0], value[0]], False)],
    "format": lambda s, _: [("against the format", "yesterday", False)] if s["format"] == "date-time" else [],
}
"""What a keyword of a schema makes worth trying: name, value, whether it is accepted."""


def _variant(schema: Json, item: Any, index: int) -> Any:
    """The ``index``-th different item of a list."""
    if schema["items"].get("enum"):
        return schema["items"]["enum"][index % len(schema["items"]["enum"])]
    if isinstance(item, str):
        return f"item-{index}"
    keys = schema.get("x-kubernetes-list-map-keys", [])
    changed = {key: index + 1 if isinstance(item[key], int) else f"item{index}" for key in keys}
    if len(keys) == 1 and schema["maxItems"] >= 10_000:  # so many full ones are more than one request may hold
        item = {key: item[key] for key in schema["items"].get("required", keys)}
    if "mountPath" in item:
        changed["mountPath"] = f"/item/{index}"
    return {**item, **changed}
