"""YAML and JSON read into nodes that know where they stand, for input that may be hostile.

PyYAML's parser (libyaml where it is compiled in) gives events; the nodes are built here without recursion, because
what the safe loader returns has forgotten lines and columns, and its composer recurses as deep as the text says.
Scalars mean what the API server's own reader makes of them (YAML 1.1 as ``sigs.k8s.io/yaml`` has it: ``yes`` is true,
a date is text, ``0o17`` is 15).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

MAX_CHARACTERS: Final = 16 * 1024 * 1024
"""Longest text that is read. The API server takes objects of about 1.5 MB; a file may hold several."""
MAX_NODES: Final = 1_000_000
"""Most values in one text, each use of an alias counted in full: what an alias bomb would unfold to."""
MAX_DEPTH: Final = 100
"""Deepest nesting; the deepest field of our kinds stands at 9."""

_TAG: Final = "tag:yaml.org,2002:"
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE: Final = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
_INTEGER: Final = re.compile(
    r"[-+]?(?:0|[1-9][0-9_]{0,40}|0[0-7_]{1,40}|0o[0-7_]{1,40}|0x[0-9a-fA-F_]{1,40}|0b[01_]{1,70})"
)
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9][0-9_]{0,300}\.?[0-9_]{0,300}|\.[0-9][0-9_]{0,300})(?:[eE][-+]?[0-9]{1,3})?")
_SPECIAL_FLOAT: Final = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_SURROGATES: Final = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlError(Exception):
    """The text cannot be read. ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something wrong at one place that does not keep the rest from being read."""

    message: str
    line: int
    column: int


@dataclass(slots=True)
class Node:
    """One value and where it begins; ``line`` and ``column`` count from 1.

    A mapping keeps its values in ``fields`` and the places of its keys in ``keys``; a sequence keeps its items in
    ``items``; everything else is ``scalar``. ``size`` is the number of values below and including it, aliases
    unfolded.
    """

    line: int
    column: int
    scalar: Any = None
    fields: dict[str, Node] | None = None
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    items: list[Node] | None = None
    size: int = 1

    def data(self) -> Any:
        """Return plain Python values, as :func:`json.loads` would."""
        if self.fields is not None:
            return {key: node.data() for key, node in self.fields.items()}
        if self.items is not None:
            return [node.data() for node in self.items]
        return self.scalar


def parse(text: str) -> tuple[list[Node], list[Complaint]]:
    """Read all documents of a text, and what is wrong in them without making them unreadable (a key given twice).

    Raises:
        YamlError: the text is not YAML, too large, too deep, unfolds to too much, or refers to itself.
    """
    if len(text) > MAX_CHARACTERS:
        raise YamlError(f"the text has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read")
    builder = _Builder()
    try:
        for event in yaml.parse(_readable_json(text), Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise YamlError(f"not valid YAML: {what}", *((mark.line + 1, mark.column + 1) if mark else (1, 1))) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character[:1])
        raise YamlError(f"not valid YAML: the character U+{code:04X} is not allowed", line, column) from error
    return builder.documents, builder.complaints


def _readable_json(text: str) -> str:
    """Make JSON readable as YAML: tabs between tokens and surrogate pairs are JSON only. Other text stays as it is.

    JSON's strings cannot hold a bare tab, so that each tab stands between tokens, and columns stay as they are. Behind a
    surrogate pair they count as if it were the one character that it means.
    """
    if text.lstrip()[:1] not in {"{", "["} or not ("\t" in text or _SURROGATES.search(text)):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _SURROGATES.sub(lambda pair: json.loads(f'"{pair.group()}"'), text.replace("\t", " "))


class _Builder:
    """Takes parser events and builds the documents' nodes. The stack holds the open collections."""

    def __init__(self) -> None:
        self.documents: list[Node] = []
        self.complaints: list[Complaint] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._total = 0

    def take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                node = Node(*_place(event), scalar=self._scalar(event))
                self._put(node, event, plain=event.value)
                self._anchor(event.anchor, node)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._enter(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._leave()
            case yaml.AliasEvent():
                self._put(self._aliased(event), event)
            case yaml.DocumentStartEvent():
                self._anchors = {}

    def _enter(self, event: Any) -> None:
        line, column = _place(event)
        if len(self._open) >= MAX_DEPTH:
            raise YamlError(f"nested deeper than {MAX_DEPTH} levels", line, column)
        tag = event.tag or ""
        if tag and tag not in {"!", f"{_TAG}map", f"{_TAG}seq"}:
            self.complaints.append(Complaint(f"the tag {_short(tag)} is not supported", line, column))
        node = Node(line, column)
        if isinstance(event, yaml.MappingStartEvent):
            node.fields = {}
        else:
            node.items = []
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._open.append(_Open(node, event.anchor))

    def _leave(self) -> None:
        closed = self._open.pop()
        self._merge(closed)
        self._put(closed.node, None)
        self._anchor(closed.anchor, closed.node)

    def _anchor(self, name: str | None, node: Node) -> None:
        if name is not None:
            self._anchors[name] = node

    def _aliased(self, event: Any) -> Node:
        line, column = _place(event)
        if event.anchor not in self._anchors:
            raise YamlError(f"not valid YAML: the anchor *{_short(event.anchor)} is not defined", line, column)
        node = self._anchors[event.anchor]
        if node is None:
            raise YamlError(f"the anchor &{_short(event.anchor)} contains itself", line, column)
        return node

    def _put(self, node: Node, event: Any, plain: str | None = None) -> None:
        """Add a finished node to what is open: as document, item, key or value."""
        if not self._open:
            self.documents.append(node)
            self._count(node)
            return
        parent = self._open[-1]
        if parent.node.items is not None:
            parent.node.items.append(node)
        elif parent.key is None:
            parent.key = _Key(
                _key_text(node, plain), *(_place(event) if event is not None else (node.line, node.column))
            )
            if parent.key.text is None:
                self.complaints.append(Complaint("a key must be plain text", parent.key.line, parent.key.column))
            return
        else:
            key, parent.key = parent.key, None
            if key.text == "<<":
                parent.merges.append(node)
                return
            self._field(parent, key, node)
        parent.node.size += node.size
        self._count(node)

    def _field(self, parent: _Open, key: _Key, node: Node) -> None:
        fields = parent.node.fields
        if fields is None or key.text is None:
            return
        if key.text in fields:
            first = parent.node.keys[key.text][0]
            self.complaints.append(
                Complaint(f'"{_short(key.text)}" is given twice; the first is on line {first}', key.line, key.column)
            )
            return
        fields[key.text] = node
        parent.node.keys[key.text] = (key.line, key.column)

    def _merge(self, closed: _Open) -> None:
        """Unfold ``<<``: fields of the merged mappings that the mapping does not have itself."""
        fields = closed.node.fields
        if fields is None:
            return
        for merged in closed.merges:
            for source in merged.items if merged.items is not None else [merged]:
                if source.fields is None:
                    self.complaints.append(
                        Complaint("<< takes a mapping, or a list of them", source.line, source.column)
                    )
                    continue
                for key, node in source.fields.items():
                    if key not in fields:
                        fields[key] = node
                        closed.node.keys[key] = source.keys[key]
                        closed.node.size += node.size
                        self._count(node)

    def _count(self, node: Node) -> None:
        # Sizes of enclosing nodes only grow; checking each value where it is put bounds them all before anything is unfolded.
        self._total += 1
        if (
            self._total > MAX_NODES
            or node.size > MAX_NODES
            or any(open_.node.size > MAX_NODES for open_ in self._open[-1:])
        ):
            raise YamlError(f"the text unfolds to more than {MAX_NODES:,} values", node.line, node.column)

    def _scalar(self, event: Any) -> Any:
        tag: str = event.tag or ""
        text: str = event.value
        if event.implicit[0] and not tag:
            return plain(text)
        if tag in {"", "!", f"{_TAG}str"}:
            return text
        if tag in {f"{_TAG}null", f"{_TAG}bool", f"{_TAG}int", f"{_TAG}float"}:
            return plain(text)
        self.complaints.append(Complaint(f"the tag {_short(tag)} is not supported", *_place(event)))
        return text


@dataclass(slots=True)
class _Key:
    text: str | None
    line: int
    column: int


@dataclass(slots=True)
class _Open:
    node: Node
    anchor: str | None
    key: _Key | None = None
    merges: list[Node] = field(default_factory=list)


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _key_text(node: Node, plain: str | None) -> str | None:
    if node.fields is not None or node.items is not None:
        return None
    return plain if plain is not None else str(node.scalar)


def plain(text: str) -> Any:
    """Return what an unquoted scalar means."""
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INTEGER.fullmatch(text):
        return _integer(text.replace("_", ""))
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    if special := _SPECIAL_FLOAT.fullmatch(text):
        return float("nan") if special.group(1) is None else float(f"{special.group(1)}inf")
    return text


def _integer(text: str) -> int:
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.removeprefix("+"))
    if digits[:2] in {"0x", "0o", "0b"}:
        return sign * int(digits, 0)
    return sign * (int(digits, 8) if digits[0] == "0" and len(digits) > 1 else int(digits))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
