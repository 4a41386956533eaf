"""All writes of the operator pass here: a priority decides which goes first, and few are in flight at once.

What finishes work (pods, terminal statuses) goes before what prepares it (subtasks), so that a large graph starts at once
instead of after its thousandth object; the root's status, once a second at most, goes between. Few in flight, because the
API server's CPU is the limit on a small machine: 32 at once starve the scheduler.

Of equal priority, namespaces take turns (start-time fair queueing, Goyal et al., SIGCOMM 1996, equal weights): a write's turn is
one after the last of its namespace, or the one that is served now if that is later.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import Awaitable, Callable
from enum import IntEnum

from taskdist.telemetry import metrics

_log = logging.getLogger(__name__)

Write = Callable[[], Awaitable[None]]


class Priority(IntEnum):
    """Lower goes first."""

    POD = 0
    RESULT = 1
    ROOT = 2
    CLEANUP = 3
    PREPARE = 4


class WriteQueue:
    """Runs writes by priority, then by turns of namespaces, then in order of arrival, with at most ``in_flight`` at once.

    A write handles its own errors.
    """

    def __init__(self, in_flight: int = 6) -> None:
        self._in_flight = in_flight
        self._heap: list[tuple[Priority, int, int, Write]] = []
        self._turn: dict[Priority, int] = {}
        self._last: dict[tuple[Priority, str], int] = {}
        self._order = itertools.count()
        self._available = asyncio.Semaphore(0)

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, priority: Priority, write: Write, namespace: str = "") -> None:
        """Enqueue a write; it runs as soon as a place is free."""
        if not self._heap:
            self._last.clear()
        whose = priority, namespace
        turn = self._last[whose] = max(self._last.get(whose, -1) + 1, self._turn.get(priority, 0))
        heapq.heappush(self._heap, (priority, turn, next(self._order), write))
        self._available.release()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._in_flight):
                group.create_task(self._lane())

    async def _lane(self) -> None:
        while True:
            await self._available.acquire()
            priority, self._turn[priority], _, write = heapq.heappop(self._heap)
            try:
                await write()
            except Exception:  # noqa: BLE001 - a write handles what it expects; anything else must not stop the others
                metrics.WRITE_ERRORS.inc()
                _log.exception("a write failed unexpectedly")
