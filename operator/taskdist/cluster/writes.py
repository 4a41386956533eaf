"""All writes of the operator pass here: namespaces take turns, of a namespace a priority decides, and few are in flight at once.

What finishes work (pods, terminal statuses) goes before what prepares it (subtasks), so that a large graph starts at once
instead of after its thousandth object; the root's status, once a second at most, goes between. Few in flight, because the
API server's CPU is the limit on a small machine: 32 at once starve the scheduler.

The turns come before the priorities: else the pods of one tenant, who has always some more to start, would keep another's
subtasks from ever being made.
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
    """Runs writes by turns of namespaces, then by priority, then in order of arrival, with at most ``in_flight`` at once.

    A write handles its own errors.
    """

    def __init__(self, in_flight: int = 6) -> None:
        self._in_flight = in_flight
        self._waiting: dict[str, list[tuple[Priority, int, Write]]] = {}
        self._order = itertools.count()
        self._available = asyncio.Semaphore(0)

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def put(self, priority: Priority, write: Write, namespace: str = "") -> None:
        """Enqueue a write; it runs as soon as a place is free."""
        heapq.heappush(self._waiting.setdefault(namespace, []), (priority, next(self._order), write))
        self._available.release()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._in_flight):
                group.create_task(self._lane())

    async def _lane(self) -> None:
        while True:
            await self._available.acquire()
            write = self._take()
            try:
                await write()
            except Exception:  # noqa: BLE001 - a write handles what it expects; anything else must not stop the others
                metrics.WRITE_ERRORS.inc()
                _log.exception("a write failed unexpectedly")

    def _take(self) -> Write:
        """The best of the namespace whose turn it is; what it has beyond that stands behind all others."""
        namespace = next(iter(self._waiting))
        mine = self._waiting.pop(namespace)
        _, _, write = heapq.heappop(mine)
        if mine:
            self._waiting[namespace] = mine
        return write
