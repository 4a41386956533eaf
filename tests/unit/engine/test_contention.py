"""Distributions beside each other in a namespace: room, money and locks that running ones hold."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.engine.requests import codes, finding, planned, room, subtask, task

from taskdist.engine.contention import after_claims, claims
from taskdist.engine.locks import lock_of
from taskdist.engine.model import ClusterFacts, ConflictPolicy, Reservation, Resources, Severity


def four(**fields):
    return planned(*(task(f"t{i}") for i in range(4)), **fields)


def running(name="batch", priority=0, held="500m", peak="2", **fields):
    return Reservation(name, priority, room(held, "1Gi"), 1, room(peak, "4Gi"), 4, **fields)


def beside(*others, **fields):
    return ClusterFacts(quota_free=room("2", "4Gi"), running=others, **fields)


def makespan(plan):
    return plan.schedule.makespan_seconds


def test_room_that_is_claimed_by_an_equal_is_not_planned_with():
    assert makespan(four(cluster=beside())) == 100
    contended = four(cluster=beside(running()))
    assert makespan(contended) == 400
    assert finding(contended, "RoomContended").severity is Severity.WARNING


def test_a_higher_priority_goes_first():
    assert makespan(four(cluster=beside(running()), priority=1)) == 100
    assert makespan(four(cluster=beside(running(priority=2)), priority=1)) == 400


def test_what_has_reached_its_peak_claims_no_more():
    made = four(cluster=beside(running(held="2", peak="2")))
    assert "RoomTaken" not in codes(made)
    made = planned(task("a"), cluster=beside(Reservation("done", 0, room("2", "4Gi"), 4, room("2", "4Gi"), 4)))
    assert "RoomContended" not in codes(made)


def test_pods_of_a_quota_are_claimed_too():
    cluster = ClusterFacts(quota_free_pods=4, running=(running(),))
    assert makespan(four(cluster=cluster)) == 400
    assert makespan(four(cluster=cluster, priority=1)) == 100


amounts = st.builds(Resources, st.integers(0, 5000), st.integers(0, 2**34))
reservations = st.builds(
    Reservation, st.sampled_from("abc"), st.integers(-2, 2), amounts, st.integers(0, 9), amounts, st.integers(0, 9)
)


@given(st.lists(reservations, max_size=4), st.none() | amounts, st.none() | st.integers(0, 20), st.integers(-3, 3))
def test_claims_only_ever_take(others, free, pods, priority):
    cluster = ClusterFacts(quota_free=free, quota_free_pods=pods, running=tuple(others))
    left, found = after_claims(cluster, priority), claims(cluster, priority)
    assert {one.name for one in (*found.before, *found.behind)} <= {one.name for one in others}
    assert all(one.priority >= priority for one in found.before)
    assert all(one.priority < priority for one in found.behind)
    if free is not None:
        assert 0 <= left.quota_free.cpu_millis <= free.cpu_millis
        assert 0 <= left.quota_free.memory_bytes <= free.memory_bytes
    if pods is not None:
        assert 0 <= left.quota_free_pods <= pods
    assert after_claims(cluster, 99) == cluster


def test_money_is_reserved_beside_each_other():
    facts = ClusterFacts(
        reserved_usd=Decimal(1), running=(running(reserved_usd=Decimal(2)), running("other", reserved_usd=Decimal(3)))
    )
    assert facts.reserved_total_usd == 6
    assert four(cluster=facts, budget_usd=Decimal(6)).valid is False
    assert four(cluster=facts, budget_usd=Decimal(7)).valid


# --- locks -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("db", ("db", 1)),
        ("db=3", ("db", 3)),
        ("=3", ("=3", 1)),
        ("db=0", ("db=0", 1)),
        ("a=b", ("a=b", 1)),
        ("a=b=2", ("a=b", 2)),
    ],
)
def test_a_lock_may_be_a_semaphore(name, found):
    assert lock_of(name) == found


def test_a_semaphore_lets_so_many_through():
    locked = planned(*(task(f"t{i}").locking("db") for i in range(4)))
    shared = planned(*(task(f"t{i}").locking("db=2") for i in range(4)))
    assert (makespan(locked), makespan(shared)) == (400, 200)
    assert shared.waits == ()
    assert shared.lock_seconds == 100


def test_who_waits_for_whom_and_how_long():
    made = planned(task("a").locking("db"), task("b"), task("c").after("b").locking("db"), task("d").locking("db"))
    waits = {(wait.before, wait.after): wait.seconds for wait in made.waits}
    first, last = (subtask(made, name) for name in ("a", "d"))
    assert all(wait.lock == "db" and not wait.inferred for wait in made.waits)
    assert abs(first.start - last.start) in {100, 200}
    for (before, after), seconds in waits.items():
        ready = 100 if after == "c" else 0
        assert subtask(made, after).start >= subtask(made, before).finish == ready + seconds


def test_a_semaphore_does_not_keep_writers_apart():
    tasks = [task(n).doing("Deploy the checkout service").locking("site=2") for n in "ab"]
    made = planned(*tasks, conflict_policy=ConflictPolicy.SERIALIZE)
    assert "ConflictingWrites" in codes(made)
    assert [wait.inferred for wait in made.waits] == [True]
