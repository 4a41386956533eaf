"""All writes of the operator pass here: namespaces take turns, of a namespace a priority decides, and few are in flight at once.

What finishes work (pods, terminal statuses) goes before what prepares it (subtasks), so that a large graph starts at once
instead of after its thousandth object; the root's status, once a second at most, goes between. Few in flight, because the
API server's CPU is the limit on a small machine: 32 at once starve the scheduler.

The turns come before the priorities: else the pods of one tenant, who has always some more to start, would keep another's
subtasks from ever being made. And while others are about, no namespace has more than a third of the writes in flight, and one
that has many waiting makes those that finish nothing one at a time, with a rest after each that is longer the slower the server
is: a small server is slow for everybody while it works on six requests of one.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from enum import IntEnum

from taskdist.telemetry import metrics

_log = logging.getLogger(__name__)

Write = Callable[[], Awaitable[None]]

_ABOUT_SECONDS = 5.0
"""For how long after its last write a namespace still counts as one of those that share."""
_LONGEST_REST = 1.0


class Priority(IntEnum):
    """Lower goes first."""

    POD = 0
    RESULT = 1
    ROOT = 2
    CLEANUP = 3
    PREPARE = 4


class WriteQueue:
    """Runs writes by turns of namespaces, then by priority, then in order of arrival, with at most ``in_flight`` at once.

    Of one namespace at most a third of that, rounded up, are in flight while another has written within five seconds or wants
    to. If more than ``in_flight`` of it wait then, those behind pods and results are made one at a time, and it rests after each
    for as long as that took, a second at most. A write handles its own errors.
    """

    def __init__(self, in_flight: int = 6, clock: Callable[[], float] = time.monotonic) -> None:
        self._in_flight = in_flight
        self._share = -(-in_flight // 3)
        self._clock = clock
        self._waiting: dict[str, list[tuple[Priority, int, Write]]] = {}
        self._order = itertools.count()
        self._under_way: Counter[str] = Counter()
        self._resting: set[str] = set()
        """Namespaces that make a write which others may go before, or rest from one."""
        self._about: dict[str, float] = {}
        """When each namespace last wanted to write, the latest last."""
        self._idle: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def full(self) -> bool:
        """Whether more wait than may be made at once: the server decides how fast they go."""
        return bool(self._waiting) and self._under_way.total() >= self._in_flight

    def put(self, priority: Priority, write: Write, namespace: str = "") -> None:
        """Enqueue a write; it runs as soon as a place is free."""
        heapq.heappush(self._waiting.setdefault(namespace, []), (priority, next(self._order), write))
        self._about.pop(namespace, None)
        self._about[namespace] = self._clock()
        self._wake_one()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._in_flight):
                group.create_task(self._lane())

    async def _lane(self) -> None:
        while True:
            taken = self._take()
            if taken is None:
                await self._woken()
                continue
            namespace, priority, write = taken
            begun = self._clock()
            self._under_way[namespace] += 1
            if priority > Priority.RESULT:
                self._resting.add(namespace)
            if self._waiting:
                self._wake_one()
            try:
                await write()
            except Exception:  # noqa: BLE001 - a write handles what it expects; anything else must not stop the others
                metrics.WRITE_ERRORS.inc()
                _log.exception("a write failed unexpectedly")
            finally:
                self._under_way[namespace] -= 1
                if not self._under_way[namespace]:
                    del self._under_way[namespace]
                if priority > Priority.RESULT:
                    self._rest_from(namespace, self._clock() - begun)

    def _rest_from(self, namespace: str, took: float) -> None:
        """Let a namespace with much to do rest for so many seconds, the time that the server took, if others are about."""
        if self._alone() or not self._has_much(namespace):
            self._rested(namespace)
        else:
            asyncio.get_running_loop().call_later(min(took, _LONGEST_REST), self._rested, namespace)

    def _rested(self, namespace: str) -> None:
        self._resting.discard(namespace)
        self._wake_one()

    def _has_much(self, namespace: str) -> bool:
        return len(self._waiting.get(namespace, ())) > self._in_flight

    async def _woken(self) -> None:
        """Wait until woken: by a write that is put, or by a lane that has left some to be taken."""
        waiter = asyncio.get_running_loop().create_future()
        self._idle.append(waiter)
        await waiter

    def _wake_one(self) -> None:
        while self._idle:
            waiter = self._idle.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _take(self) -> tuple[str, Priority, Write] | None:
        """The best of the namespace whose turn it is and that may write; what it has beyond that stands behind all others."""
        alone = self._alone()
        namespace = next((n for n in self._waiting if self._may(n, alone=alone)), None)
        if namespace is None:
            return None
        mine = self._waiting.pop(namespace)
        priority, _, write = heapq.heappop(mine)
        if mine:
            self._waiting[namespace] = mine
        return namespace, priority, write

    def _may(self, namespace: str, *, alone: bool) -> bool:
        """Whether the best write of a namespace may be made now."""
        if self._under_way[namespace] >= (self._in_flight if alone else self._share):
            return False
        best = self._waiting[namespace][0][0]
        return alone or best <= Priority.RESULT or namespace not in self._resting or not self._has_much(namespace)

    def _alone(self) -> bool:
        """Whether at most one namespace writes, wants to, or wanted to lately."""
        over = self._clock() - _ABOUT_SECONDS
        while self._about and self._about[oldest := next(iter(self._about))] <= over:
            del self._about[oldest]
        return (
            len(self._about) < 2
            and len(self._waiting) < 2
            and len(self._about.keys() | self._waiting.keys() | self._under_way.keys()) < 2
        )
