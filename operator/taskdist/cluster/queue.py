"""One coalescing work queue: a key is worked on by one worker at a time, however often it is rung.

The idea is that of client-go's workqueue: a set of dirty keys, a set of keys in work, and back-off per key.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_FIRST_BACKOFF = 0.1
_LAST_BACKOFF = 15.0
_SLACK = 64


class WorkQueue(Generic[K]):
    """``ring`` is idempotent while a key waits, and remembered while it is in work.

    ``group`` says whose a key is: the groups take turns, and in each of them keys are in first-in order. So who has ten thousand
    keys waiting keeps nobody else waiting for more than the key in work.
    """

    def __init__(self, clock: Callable[[], float], group: Callable[[K], Hashable] = lambda _: None) -> None:
        self._clock = clock
        self._group = group
        self._ready: dict[Hashable, dict[K, None]] = {}
        self._in_work: set[K] = set()
        self._rung_in_work: set[K] = set()
        self._later: list[tuple[float, int, K]] = []
        self._due: dict[K, float] = {}
        self._failures: dict[K, int] = {}
        self._order = itertools.count()
        self._idle: dict[asyncio.Future[None], float] = {}
        """Who waits in :meth:`take`, and until when at most. One is woken for one key: to wake all for each would cost more than
        the look itself."""

    def __len__(self) -> int:
        return sum(map(len, self._ready.values())) + len(self._in_work) + len(self._due)

    def ring(self, key: K) -> None:
        """Ask for work on a key now."""
        if self._add(key):
            self._wake_one()

    def ring_later(self, key: K, seconds: float) -> None:
        """Ask for work on a key after a while; an earlier appointment stands."""
        due = self._clock() + max(seconds, 0.0)
        if self._due.get(key, float("inf")) > due:
            self._due[key] = due
            heapq.heappush(self._later, (due, next(self._order), key))
            if len(self._later) > 2 * len(self._due) + _SLACK:
                # Most are of keys that are forgotten, or were moved forward.
                self._later = [entry for entry in self._later if self._due.get(entry[2]) == entry[0]]
                heapq.heapify(self._later)
            self._mind_the_next()

    async def take(self) -> K:
        """Wait for a key and hold it until :meth:`done` or :meth:`failed`."""
        while True:
            pause = self._promote()
            if self._ready:
                group = next(iter(self._ready))
                keys = self._ready.pop(group)
                key = next(iter(keys))
                del keys[key]
                if keys:
                    self._ready[group] = keys  # behind all others
                self._in_work.add(key)
                self._mind_the_next()
                return key
            await self._rest(pause)

    async def _rest(self, pause: float | None) -> None:
        """Wait until woken, or for so many seconds."""
        waiter = asyncio.get_running_loop().create_future()
        self._idle[waiter] = math.inf if pause is None else self._clock() + pause
        try:
            async with asyncio.timeout(pause):
                await waiter
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._wake_one()  # what it was woken for is another's now
            raise
        finally:
            self._idle.pop(waiter, None)

    def _wake_one(self) -> None:
        while self._idle:
            waiter = next(iter(self._idle))
            del self._idle[waiter]
            if not waiter.done():  # else it was cancelled, and wakes nobody
                waiter.set_result(None)
                return

    def _mind_the_next(self) -> None:
        """See to it that one of those who wait, if any does, looks up in time for the next appointment."""
        if self._later and all(until > self._later[0][0] for until in self._idle.values()):
            self._wake_one()

    def _add(self, key: K) -> bool:
        """Make a key ready, or remember it while it is in work; returns whether there is one more to take."""
        if key in self._in_work:
            self._rung_in_work.add(key)
            return False
        keys = self._ready.setdefault(self._group(key), {})
        is_new = key not in keys
        keys[key] = None
        return is_new

    def done(self, key: K) -> None:
        """The work succeeded; if the key was rung meanwhile it is ready again."""
        self._failures.pop(key, None)
        self._release(key)

    def failed(self, key: K, retry_after: float | None = None) -> float:
        """The work failed: try again after a back-off that doubles (0.1 s to 15 s), or after what the server asked for.

        Returns:
            the pause in seconds.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause = max(min(_FIRST_BACKOFF * 2.0 ** min(failures, 20), _LAST_BACKOFF), retry_after or 0.0)
        self._in_work.discard(key)
        self._rung_in_work.discard(key)
        self.ring_later(key, pause)
        return pause

    def forget(self, key: K) -> None:
        """Drop a key that is no more; work under way on it ends undisturbed."""
        group = self._group(key)
        if (keys := self._ready.get(group)) is not None:
            keys.pop(key, None)
            if not keys:
                del self._ready[group]
        self._due.pop(key, None)
        self._failures.pop(key, None)
        self._rung_in_work.discard(key)

    def _release(self, key: K) -> None:
        self._in_work.discard(key)
        if key in self._rung_in_work:
            self._rung_in_work.discard(key)
            self.ring(key)

    def _promote(self) -> float | None:
        """Move what is due into the ready keys; returns the seconds until the next appointment.

        Who calls takes a key: others are woken for what there is beyond that.
        """
        now, added = self._clock(), 0
        while self._later:
            due, _, key = self._later[0]
            if self._due.get(key) == due and due > now:
                return due - now
            heapq.heappop(self._later)
            if self._due.get(key) != due:
                continue  # replaced by an earlier appointment, or forgotten
            del self._due[key]
            if self._add(key):
                added += 1
                if added > 1:
                    self._wake_one()
        return None
