"""Pods that a quota turned away stand in line, and ask again when there may be room: not all of them every few seconds.

A namespace at its quota with a thousand subtasks that could start would else keep the API server busy with refusals, and the
other namespaces waiting behind them.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import timedelta
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_PAUSE = timedelta(seconds=5)
_AT_A_TIME = 10
"""So many ask within one pause although nothing was seen to end: the quota may have grown, or pods of others have ended."""


class TurnedAway(Generic[K]):
    """One line per namespace, in the order of being turned away."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[K, None]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def join(self, namespace: str, who: K) -> timedelta:
        """Stand last in line; returns after how long to ask again without having been called."""
        line = self._lines.setdefault(namespace, {})
        line.pop(who, None)
        pause = _PAUSE * (1 + len(line) // _AT_A_TIME)
        line[who] = None
        return pause

    def leave(self, namespace: str, who: K) -> None:
        """Stand in line no longer."""
        line = self._lines.get(namespace)
        if line is not None:
            line.pop(who, None)
            if not line:
                del self._lines[namespace]

    def call(self, namespace: str) -> K | None:
        """Take the first out of the line: there may be room for one."""
        line = self._lines.get(namespace)
        if not line:
            return None
        who = next(iter(line))
        self.leave(namespace, who)
        return who
