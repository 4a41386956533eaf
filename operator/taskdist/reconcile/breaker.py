"""A circuit breaker: what keeps failing is left alone for a while, then tried with one probe.

Closed lets everything through. ``failures`` failures within ``window`` without a success between them open it; open it lets
nothing through until ``cooldown`` has passed; then it is half-open, and one probe decides. (The pattern is M. Nygard's, "Release
It!", 2007.) Times are given, never read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from taskdist.api.names import Circuit


@dataclass(frozen=True, slots=True)
class Limits:
    """When it opens, and for how long."""

    failures: int = 5
    window: timedelta = timedelta(seconds=300)
    cooldown: timedelta = timedelta(seconds=60)


@dataclass(slots=True)
class Breaker:
    """The state of one circuit."""

    opened_at: datetime | None = None
    why: str = ""
    _failures: list[datetime] = field(default_factory=list)

    def circuit(self, limits: Limits, now: datetime) -> Circuit:
        """Its state at a moment."""
        if self.opened_at is None:
            return Circuit.CLOSED
        return Circuit.HALF_OPEN if now >= self.opened_at + limits.cooldown else Circuit.OPEN

    def half_open_at(self, limits: Limits) -> datetime | None:
        """When an open one lets a probe through."""
        return self.opened_at + limits.cooldown if self.opened_at is not None else None

    def failed(self, limits: Limits, at: datetime, why: str) -> bool:
        """Take a failure into account; returns whether the circuit opened by it. A failed probe opens it anew."""
        if self.opened_at is not None:
            if at >= self.opened_at + limits.cooldown:
                self.opened_at, self.why = at, why
            return False
        self._failures = [*(f for f in self._failures if f > at - limits.window), at]
        if len(self._failures) < limits.failures:
            return False
        self.opened_at, self.why = at, why
        self._failures.clear()
        return True

    def succeeded(self, limits: Limits, at: datetime) -> bool:
        """Take a success into account; returns whether the circuit closed by it.

        While it is open, what had begun before and ends well proves nothing about what would begin now.
        """
        self._failures.clear()
        if self.opened_at is None or at < self.opened_at + limits.cooldown:
            return False
        self.opened_at, self.why = None, ""
        return True
