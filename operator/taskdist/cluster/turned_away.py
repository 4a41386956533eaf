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
    """One line per namespace, in the order of being turned away.

    Where the *number* of pods is what a quota has against one, it has that against every pod that it counts: who comes then joins
    the line without having asked (:meth:`full`). A ``sort`` tells apart pods that not the same quotas need count.
    """

    def __init__(self) -> None:
        self._lines: dict[str, dict[K, None]] = {}
        self._full: dict[str, dict[Hashable, str]] = {}
        self._called: dict[str, set[K]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def join(self, namespace: str, who: K, *, sort: Hashable = None, full: str = "") -> timedelta:
        """Stand last in line; returns after how long to ask again without having been called.

        ``full`` is what the quota said, if it would say so to any pod of the sort.
        """
        line = self._lines.setdefault(namespace, {})
        line.pop(who, None)
        pause = _PAUSE * (1 + len(line) // _AT_A_TIME)
        line[who] = None
        self._answered(namespace, who)
        said = self._full.setdefault(namespace, {})
        said.pop(sort, None)
        if full:
            said[sort] = full
        return pause

    def full(self, namespace: str, who: K, sort: Hashable = None) -> str:
        """What the quota would say now, or nothing if it is to be asked: by who was called, or has waited its pause in line."""
        line = self._lines.get(namespace)
        if not line or who in line or who in self._called.get(namespace, ()):
            return ""
        return self._full.get(namespace, {}).get(sort, "")

    def leave(self, namespace: str, who: K) -> None:
        """Stand in line no longer."""
        self._answered(namespace, who)
        line = self._lines.get(namespace)
        if line is not None:
            line.pop(who, None)
            if not line:
                del self._lines[namespace]
                self._full.pop(namespace, None)

    def call(self, namespace: str) -> K | None:
        """Take the first out of the line: there may be room for one. It may ask, whoever waits."""
        line = self._lines.get(namespace)
        if not line:
            return None
        who = next(iter(line))
        self.leave(namespace, who)
        self._called.setdefault(namespace, set()).add(who)
        return who

    def _answered(self, namespace: str, who: K) -> None:
        if (called := self._called.get(namespace)) is not None:
            called.discard(who)
            if not called:
                del self._called[namespace]
