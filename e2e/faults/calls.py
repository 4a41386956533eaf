"""One API request as the proxy sees it, and what can be done to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way: `number` counts all of them, `write` the writes within their namespace, from one (0: a read)."""

    number: int
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    agent: str = ""
    write: int = 0

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method in WRITES

    @property
    def watches(self) -> bool:
        """Whether its answer is an endless stream of changes."""
        return self.query.get("watch") in {"true", "1"}

    @property
    def lists(self) -> bool:
        """Whether it reads a whole collection."""
        return self.method == "GET" and not self.watches and not self.name

    @property
    def namespace(self) -> str:
        """The namespace, empty for all and for none."""
        parts = self._parts
        return parts[1] if parts[:1] == ["namespaces"] and len(parts) > 2 else ""

    @property
    def resource(self) -> str:
        """The plural: pods, subtasks, …"""
        parts = self._parts
        return (parts[2] if parts[:1] == ["namespaces"] and len(parts) > 2 else parts[0]) if parts else ""

    @property
    def name(self) -> str:
        """The object's name; empty for a collection (a created object's name is in the body)."""
        parts = self._parts
        rest = parts[3:] if self.namespace else parts[1:]
        return rest[0] if rest else ""

    @property
    def subresource(self) -> str:
        """`status` and the like."""
        rest = self._parts[4:] if self.namespace else self._parts[2:]
        return rest[0] if rest else ""

    @property
    def _parts(self) -> list[str]:
        """The path after group and version."""
        parts = [part for part in self.path.split("/") if part]
        return parts[2:] if parts[:1] == ["api"] else parts[3:]

    def __str__(self) -> str:
        """How a failing case is told."""
        which = f"write {self.write}" if self.writes else f"request {self.number}"
        return f"{which}: {self.method} {self.path}"


class Gate:
    """Something waits until it opens."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def open(self) -> None:
        """Let everything pass that waits."""
        self._event.set()

    @property
    def is_open(self) -> bool:
        """Whether it has been opened."""
        return self._event.is_set()


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection breaks: before the server sees the request, or `after` it has answered, with the answer lost.

    `then` runs between: after the server's answer where there is one, before the connection breaks.
    """

    after: bool = False
    then: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Fail:
    """An answer of the proxy's own in place of the server's."""

    status: int
    reason: str = ""
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """The request waits before it goes on, or its answer does."""

    seconds: float
    after: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """The request waits until the gate opens, then goes on."""

    gate: Gate


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer that was recorded earlier: a stale cache."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A stream breaks in the middle of a line; `clean` ends it as if the server had ended it."""

    clean: bool = False


Fault = Drop | Fail | Delay | Hold | Answer
Rule = Callable[[Call], Fault | None]
"""Asked once per request, in the order of injection; the first that says something wins."""
LineRule = Callable[[Call, bytes], "Gate | Cut | bytes | None"]
"""Asked once per line of a stream: wait for a gate, break, replace the line (empty: leave it out), or let it pass."""
