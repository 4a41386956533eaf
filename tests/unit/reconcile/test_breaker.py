"""When a circuit opens, and how it closes again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from taskdist.api.names import Circuit
from taskdist.reconcile.breaker import Breaker, Limits

START = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = Limits(3, timedelta(seconds=60), timedelta(seconds=30))


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_it_opens_at_the_limit_within_the_window_only() -> None:
    breaker = Breaker()
    assert [breaker.failed(LIMITS, at(s), "x") for s in (0, 50, 100)] == [False, False, False]
    assert breaker.failed(LIMITS, at(105), "gone")
    assert breaker.circuit(LIMITS, at(106)) is Circuit.OPEN
    assert breaker.why == "gone"


def test_a_success_between_failures_starts_the_count_anew() -> None:
    breaker = Breaker()
    breaker.failed(LIMITS, at(0), "x")
    breaker.failed(LIMITS, at(1), "x")
    breaker.succeeded(LIMITS, at(2))
    assert not breaker.failed(LIMITS, at(3), "x")


def test_a_probe_closes_it_or_opens_it_anew() -> None:
    breaker = Breaker()
    for second in range(3):
        breaker.failed(LIMITS, at(second), "x")
    assert breaker.circuit(LIMITS, at(32)) is Circuit.HALF_OPEN
    breaker.failed(LIMITS, at(33), "again")
    assert breaker.circuit(LIMITS, at(40)) is Circuit.OPEN
    assert not breaker.succeeded(LIMITS, at(41)), "what began before proves nothing"
    assert breaker.circuit(LIMITS, at(63)) is Circuit.HALF_OPEN
    assert breaker.succeeded(LIMITS, at(64))
    assert breaker.circuit(LIMITS, at(65)) is Circuit.CLOSED
