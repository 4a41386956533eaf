"""What holds for every generated schema, whatever its fields are."""

from __future__ import annotations

import json
import re
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field
from tests.unit.api.objects import FULL, MODELS, SCHEMAS, Json, nodes, places, text

from taskdist.api.cel import Rule
from taskdist.api.common import Model
from taskdist.api.structural import attribute_docs, structural

ALLOWED = {
    "type", "format", "description", "default", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum",
    "minItems", "maxItems", "minProperties", "maxProperties", "items", "properties", "additionalProperties", "required",
    "anyOf", "x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
    "x-kubernetes-int-or-string",
}  # fmt: skip
INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]

every_node = pytest.mark.parametrize(
    "node",
    [
        pytest.param(node, id=f"{kind}.{text(path)}")
        for kind, tree in SCHEMAS.items()
        for path, node in nodes(tree)
        if path and path[0] in {"spec", "status"}
    ],
)


@every_node
def test_is_structural(node: Json) -> None:
    assert set(node) <= ALLOWED
    if "anyOf" in node:
        assert (node["anyOf"], node["x-kubernetes-int-or-string"]) == (INT_OR_STRING, True)
        assert "type" not in node
    else:
        assert node["type"] in {"object", "array", "string", "integer", "boolean"}
    assert not {"properties", "additionalProperties"} <= set(node)


@every_node
def test_is_bounded(node: Json) -> None:
    match node.get("type", "int-or-string"):
        case "string":
            assert "maxLength" in node or "enum" in node or node["format"] == "date-time"
        case "int-or-string":
            assert "maxLength" in node
        case "array":
            assert "maxItems" in node
        case "object":
            assert "properties" in node or "maxProperties" in node
        case "integer":
            assert "minimum" in node
            assert "maximum" in node or node["format"] == "int64"


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_field_is_described_in_full_sentences(kind: str) -> None:
    for path, node in nodes(SCHEMAS[kind]):
        if path and path[0] in {"spec", "status"} and path[-1] != "*":
            assert re.match(r"^[A-Z`].*[.]$", node["description"], re.DOTALL), text(path)
            assert "``" not in node["description"]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_number_of_a_time_or_size_names_its_unit(kind: str) -> None:
    for path, node in nodes(SCHEMAS[kind]):
        name = str(path[-1]) if path else ""
        unit = {"Seconds": "second", "USD": "US dollar", "Bytes": "byte"}
        for suffix, word in unit.items():
            if name.endswith(suffix):
                assert word.lower() in node["description"].lower(), text(path)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_rule_names_a_field_that_exists_and_says_what_to_do(kind: str) -> None:
    for path, node in nodes(SCHEMAS[kind]):
        for rule in node.get("x-kubernetes-validations", []):
            assert rule["message"], text(path)
            inner = node
            for name in rule.get("fieldPath", "").split(".")[1:]:
                inner = inner["properties"][name]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_no_field_of_a_status_has_a_default(kind: str) -> None:
    """A default of a field would come back after the operator took the field away."""
    found = [text(path) for path, node in nodes(SCHEMAS[kind]["properties"]["status"]) if path and "default" in node]
    assert not found


def test_a_subtask_of_which_nothing_is_written_yet_is_seen_waiting() -> None:
    assert SCHEMAS["SubTask"]["properties"]["status"]["default"] == {"phase": "Waiting"}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_full_objects_are_full(kind: str) -> None:
    objects = [obj for obj in FULL if obj["kind"] == kind]
    missing = [
        text(path)
        for path, _ in nodes(SCHEMAS[kind])
        if path and path[0] in {"spec", "status"} and not any(list(places(obj, path)) for obj in objects)
    ]
    assert missing == []


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.__name__)
def test_same_model_same_bytes(model: type[Model]) -> None:
    assert json.dumps(structural(model)) == json.dumps(structural(model))


class Inner(Model):
    """Something inside."""

    count: Annotated[int, Field(ge=0, le=9)] = 3
    """How many."""


class Sample(Model):
    """A sample,
    over two lines.
    """

    cel: ClassVar = (Rule("self.a != ''", "a is needed", ".a"), Rule("true", "always"))
    atomic: ClassVar = True

    api_version: Literal["v1"] = "v1"
    kind: Literal["Sample"] = "Sample"
    metadata: Inner = Inner()
    a: Annotated[str, Field(max_length=5)]
    """The ``a``
    of it."""
    inner: Inner = Inner()
    """What is inside."""
    maybe: Inner | None = None
    """What may be inside."""
    word: Literal["x", "y"] = "x"
    """A word."""
    words: Annotated[tuple[Literal["x"], ...], Field(max_length=2)] = ("x",)
    """Some words."""
    empty: Annotated[str, Field(max_length=5)] = ""
    """Nothing."""


class Strange(Sample):
    """A sample whose default is not its type's own."""

    inner: Inner = Inner(count=4)


def test_a_sample_in_full() -> None:
    inner = {
        "type": "object",
        "properties": {
            "count": {
                "type": "integer",
                "format": "int32",
                "minimum": 0,
                "maximum": 9,
                "default": 3,
                "description": "How many.",
            }
        },
    }
    assert structural(Sample) == {
        "type": "object",
        "description": "A sample, over two lines.",
        "x-kubernetes-map-type": "atomic",
        "x-kubernetes-validations": [
            {"rule": "self.a != ''", "message": "a is needed", "fieldPath": ".a"},
            {"rule": "true", "message": "always"},
        ],
        "required": ["a"],
        "properties": {
            "apiVersion": {"type": "string", "description": "Group and version of the object's schema."},
            "kind": {"type": "string", "description": "Kind of the object."},
            "metadata": {"type": "object"},
            "a": {"type": "string", "maxLength": 5, "description": "The `a` of it."},
            "inner": inner | {"default": {}, "description": "What is inside."},
            "maybe": inner | {"description": "What may be inside."},
            "word": {"type": "string", "enum": ["x", "y"], "default": "x", "description": "A word."},
            "words": {
                "type": "array",
                "items": {"type": "string", "enum": ["x"]},
                "maxItems": 2,
                "default": ["x"],
                "description": "Some words.",
            },
            "empty": {"type": "string", "maxLength": 5, "description": "Nothing."},
        },
    }


def test_a_default_that_openapi_could_not_reproduce_is_an_error() -> None:
    with pytest.raises(TypeError, match="Inner: the default must equal the type's own defaults"):
        structural(Strange)


def test_a_subclass_keeps_the_docstrings_of_its_base() -> None:
    assert attribute_docs(Strange)["word"] == "A word."
