"""Manifests as people write them: YAML or JSON, several documents, every mistake with file, line and column.

Reads ``TaskDistribution``, ``AgentType`` and ``Provider`` documents; others (a ConfigMap beside them, what the
operator writes itself) are passed over with a note. Pure: texts come in, values go out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, TypeVar

from taskdist.api import AgentType, Provider, TaskDistribution
from taskdist.api.common import Model
from taskdist.api.names import API_VERSION, GROUP
from taskdist.api.scalars import SUBDOMAIN_PATTERN
from taskdist.engine.suggest import did_you_mean
from taskdist.planning.checks import (
    SUBDOMAIN_WORDS,
    FieldMistake,
    Path,
    check,
    kind_of,
    path_text,
    quoted,
    repaired,
)
from taskdist.planning.yaml_nodes import Node, YamlError, parse

_Kind = TypeVar("_Kind", bound=Model)

_WRITTEN_BY_USERS: Final[dict[str, type[Model]]] = {
    "TaskDistribution": TaskDistribution,
    "AgentType": AgentType,
    "Provider": Provider,
}
_WRITTEN_BY_OPERATOR: Final = frozenset({"SubTask", "ExecutionPlan"})
_NAME: Final = re.compile(SUBDOMAIN_PATTERN[1:-1])
_STEP: Final = re.compile(r'\.?([^.\[\]]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; ``line`` and ``column`` count from 1."""

    source: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that must be changed before the manifest can be used. ``path`` is empty where no field is concerned."""

    mark: Mark
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.mark}: {self.path}: {self.message}" if self.path else f"{self.mark}: {self.message}"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is no mistake, but that the reader should know: a document that was passed over."""

    mark: Mark
    message: str

    def __str__(self) -> str:
        return f"{self.mark}: {self.message}"


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a file with the places of its fields."""

    source: str
    node: Node
    data: dict[str, Any] = field(repr=False)

    @property
    def kind(self) -> str:
        """The object's kind, empty if it says none."""
        kind = self.data.get("kind")
        return kind if isinstance(kind, str) else ""

    @property
    def name(self) -> str:
        """The object's name, empty if it has none."""
        metadata = self.data.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        return name if isinstance(name, str) else ""

    def mark(self, path: Path | str) -> Mark:
        """Return where a field stands: its key, or the item of a list. A missing one stands where its owner does."""
        node, line, column = self.node, self.node.line, self.node.column
        for step in steps(path) if isinstance(path, str) else path:
            if node.fields is not None and step in node.fields:
                line, column = node.keys[str(step)]
                node = node.fields[str(step)]
            elif node.items is not None and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                line, column = node.line, node.column
            else:
                break
        return Mark(self.source, line, column)

    def mistake(self, path: Path | str, message: str) -> Mistake:
        """Return a mistake at a field of this object."""
        return Mistake(self.mark(path), path if isinstance(path, str) else path_text(path), message)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[_Kind]):
    """An object and where it was written. ``whole`` is False if wrong fields had to be left out of ``value``."""

    value: _Kind
    document: Document
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Manifests:
    """All that was read. With ``mistakes``, the objects are good for finding more of them, not for running."""

    distributions: tuple[Loaded[TaskDistribution], ...] = ()
    agent_types: tuple[Loaded[AgentType], ...] = ()
    providers: tuple[Loaded[Provider], ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[Note, ...] = ()


def read(texts: Iterable[tuple[str, str]]) -> Manifests:
    """Read the documents of several files, given as pairs of name and text. Mistakes come in the order of the files."""
    found: dict[str, list[Loaded[Any]]] = {kind: [] for kind in _WRITTEN_BY_USERS}
    mistakes: list[Mistake] = []
    notes: list[Note] = []
    names = []
    for source, text in texts:
        names.append(source)
        try:
            nodes, complaints = parse(text)
        except YamlError as error:
            mistakes.append(Mistake(Mark(source, error.line, error.column), "", error.message))
            continue
        mistakes += [Mistake(Mark(source, c.line, c.column), "", c.message) for c in complaints]
        for document in _documents(source, nodes, mistakes):
            _take(document, found, mistakes, notes)
    for loaded in found.values():
        mistakes += _twice(loaded)
    order = {name: index for index, name in enumerate(names)}
    mistakes.sort(key=lambda m: (order[m.mark.source], m.mark.line, m.mark.column))
    return Manifests(
        distributions=tuple(found["TaskDistribution"]),
        agent_types=tuple(found["AgentType"]),
        providers=tuple(found["Provider"]),
        mistakes=tuple(mistakes),
        notes=tuple(notes),
    )


def _documents(source: str, nodes: list[Node], mistakes: list[Mistake]) -> list[Document]:
    """Return the objects of a file; the items of a ``List``, as ``kubectl get -o yaml`` prints it, one by one."""
    documents: list[Document] = []
    for node in nodes:
        if node.fields is None:
            if not (node.items is None and node.scalar is None):  # an empty document between two --- is nothing
                what = kind_of([] if node.items is not None else node.scalar)
                mistakes.append(Mistake(Mark(source, node.line, node.column), "", f"expected an object, found {what}"))
            continue
        kind, items = node.fields.get("kind"), node.fields.get("items")
        if kind is not None and kind.scalar == "List" and items is not None and items.items is not None:
            documents += _documents(source, items.items, mistakes)
        else:
            documents.append(Document(source, node, node.data()))
    return documents


def _take(document: Document, found: dict[str, list[Loaded[Any]]], mistakes: list[Mistake], notes: list[Note]) -> None:
    version, kind = document.data.get("apiVersion"), document.kind
    for name in ("apiVersion", "kind"):
        if not isinstance(document.data.get(name), str):
            given = document.data.get(name)
            message = "required field is missing" if given is None else f"must be text, not {kind_of(given)}"
            mistakes.append(document.mistake((name,), message))
    if not isinstance(version, str) or not kind:
        return
    group = version.partition("/")[0]
    if group != GROUP:
        # A near miss is more likely a typing error than a foreign kind: ours would silently not be planned.
        if kind in found or did_you_mean(group, (GROUP,)):
            mistakes.append(document.mistake(("apiVersion",), f"must be {API_VERSION}, not {quoted(version)}"))
        else:
            notes.append(Note(document.mark(()), f"{kind} {quoted(document.name)} is not of this program; passed over"))
    elif version != API_VERSION:
        mistakes.append(document.mistake(("apiVersion",), f"must be {API_VERSION}, not {quoted(version)}"))
    elif kind in _WRITTEN_BY_OPERATOR:
        notes.append(Note(document.mark(()), f"{kind} {quoted(document.name)} is written by the operator; passed over"))
    elif kind not in found:
        guess = did_you_mean(kind, tuple(found))
        mistakes.append(document.mistake(("kind",), f"unknown kind {quoted(kind)}{guess}"))
    else:
        _load(document, _WRITTEN_BY_USERS[kind], found[kind], mistakes)


def _load(document: Document, model: type[Model], found: list[Loaded[Any]], mistakes: list[Mistake]) -> None:
    wrong = check(model, document.data)
    wrong += [one for one in _name(document.data) if one.path not in {other.path for other in wrong}]
    mistakes += [document.mistake(one.path, one.message) for one in wrong]
    value = repaired(model, document.data)
    if value is not None:
        found.append(Loaded(value, document, whole=not wrong))


def _name(data: dict[str, Any]) -> Iterator[FieldMistake]:
    """What the API server says of the object's own name, which no schema of ours holds."""
    metadata = data.get("metadata", {})
    if not isinstance(metadata, dict):
        return
    name = metadata.get("name")
    if name is None and not metadata.get("generateName"):
        yield FieldMistake(("metadata", "name"), "required field is missing")
    elif isinstance(name, str) and not _NAME.fullmatch(name):
        yield FieldMistake(("metadata", "name"), f"{SUBDOMAIN_WORDS}, not {quoted(name)}")


def _twice(loaded: list[Loaded[Any]]) -> list[Mistake]:
    first: dict[tuple[str, str], Loaded[Any]] = {}
    mistakes = []
    for one in loaded:
        if not (name := one.value.metadata.name):
            continue
        earlier = first.setdefault((one.value.metadata.namespace, name), one)
        if earlier is not one:
            message = f"{one.document.kind} {quoted(name)} is given twice; the first is at {earlier.document.mark(())}"
            mistakes.append(one.document.mistake(("metadata", "name"), message))
    return mistakes


def steps(path: str) -> Path:
    """Return the keys and indexes of a path as findings write it: ``spec.tasks[2].dependsOn[0]``."""
    found: list[str | int] = []
    for key, index, odd in _STEP.findall(path):
        found.append(int(index) if index else key or odd)
    return tuple(found)


def in_namespace(loaded: Loaded[TaskDistribution], namespace: str) -> Loaded[TaskDistribution]:
    """Return the distribution in a namespace, unless it names one itself."""
    value = loaded.value
    if value.metadata.namespace or not namespace:
        return loaded
    metadata = value.metadata.model_copy(update={"namespace": namespace})
    return replace(loaded, value=value.model_copy(update={"metadata": metadata}))
