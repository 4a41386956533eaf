"""One object of each kind with every field set, and what finds and changes a value in it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from taskdist.api.schema import KINDS, crds

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
Place = tuple[str | int, ...]

MODELS = {kind.name: kind.model for kind in KINDS}
PLURALS = {kind.name: kind.plural for kind in KINDS}
NAMESPACED = {kind.name: kind.namespaced for kind in KINDS}
SCHEMAS = {
    crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for crd in crds().values()
}

FULL: tuple[Json, ...] = tuple(yaml.safe_load_all((Path(__file__).parent / "full.yaml").read_text(encoding="utf-8")))
"""In the order of the file; the first of each kind is the one that changes start from."""


def of_kind(kind: str) -> Json:
    """A copy of the first full object of ``kind``."""
    return copy.deepcopy(next(obj for obj in FULL if obj["kind"] == kind))


def nodes(schema: Json, path: Place = ()) -> Iterator[tuple[Place, Json]]:
    """Every schema below ``schema`` with its path; ``*`` stands for an item of a list or a value of a map."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, (*path, name))
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if inner:
            yield from nodes(inner, (*path, "*"))


def places(value: Any, path: Place, done: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value that ``path`` leads to, with its real path."""
    if not path:
        yield done, value
        return
    first, rest = path[0], path[1:]
    if first == "*":
        for key, inner in enumerate(value) if isinstance(value, list) else value.items():
            yield from places(inner, rest, (*done, key))
    elif isinstance(value, dict) and first in value:
        yield from places(value[first], rest, (*done, first))


def put(obj: Json, path: Place, value: Any) -> Json:
    """A copy of ``obj`` with ``value`` at ``path``; a ``value`` of None takes the field away."""
    changed = copy.deepcopy(obj)
    inner: Any = changed
    for key in path[:-1]:
        inner = inner[key]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return changed


def text(path: Place) -> str:
    """``path`` as error messages write it: ``spec.tasks[0].name``."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")
