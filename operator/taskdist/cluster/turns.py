"""One at a time of each group, and nobody holds a worker while it waits."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Turns(Generic[K]):
    """Who may not go yet stands in line, in the order of arrival, and is called when its turn may have come.

    Whoever is called must call :meth:`next` again when it is through, whether it went or not: so the line moves on.
    """

    def __init__(self) -> None:
        self._busy: set[Hashable] = set()
        self._lines: dict[Hashable, dict[K, None]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def take(self, group: Hashable, key: K) -> bool:
        """True if nobody of the group is at it: then it is this key's turn until :meth:`done`. Else it stands in line."""
        if group in self._busy:
            self._lines.setdefault(group, {})[key] = None
            return False
        self._busy.add(group)
        return True

    def done(self, group: Hashable) -> None:
        """The turn is over."""
        self._busy.discard(group)

    def next(self, group: Hashable) -> K | None:
        """Take the first of the line out of it, if the group is free."""
        line = self._lines.get(group)
        if not line or group in self._busy:
            return None
        key = next(iter(line))
        del line[key]
        if not line:
            del self._lines[group]
        return key
