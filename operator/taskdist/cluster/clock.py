"""The API server's time, told by its answers: what the operator's own clock says does not matter.

A pod's creation, a start, a retry's moment are compared with *now*. On a machine whose clock is ten minutes fast every pod
would have waited ten minutes at its birth. Every answer carries the server's time (``Date``, RFC 9110, 6.6.1), cut to the
second; between answers a clock goes on that nobody sets.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LATE = timedelta(seconds=5)
"""An answer may have been on its way, or have waited to be read, for so long: only more than that is a clock that is fast."""
_CUT = timedelta(seconds=1)


class ServerClock:
    """``now`` is the server's time within :data:`_LATE`, never ahead of it for long: what waits may wait longer, not shorter.

    Until the first answer it is this machine's time. ``wall`` is read once, at the beginning.
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._steady = steady
        self._told, self._told_at = wall(), steady()
        self._last = ""

    def now(self) -> datetime:
        """The server's time, in UTC."""
        return self._told + timedelta(seconds=self._steady() - self._told_at)

    def heard(self, date: str) -> None:
        """Take in the ``Date`` of an answer. What is no date is passed over."""
        if date == self._last:
            return
        self._last = date
        try:
            told = parsedate_to_datetime(date).astimezone(UTC)
        except (ValueError, TypeError, OverflowError):
            return
        if told > (now := self.now()) or now - told > _CUT + _LATE:
            self._told, self._told_at = told, self._steady()
