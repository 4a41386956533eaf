"""What a distribution that has begun leaves to others."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.engine.requests import GIB, planned, task

from taskdist.api import TaskDistribution
from taskdist.engine.model import Resources
from taskdist.planning.reservations import reservation, reserves

HASH = "0123456789abcdef"
PLAN = {"name": "release-1", "hash": HASH, "revision": 1}


def root(
    spec: dict[str, Any] | None = None, conditions: dict[str, str] | None = None, **status: Any
) -> TaskDistribution:
    found = [
        {
            "type": kind,
            "status": value,
            "reason": "X",
            "lastTransitionTime": datetime(2026, 5, 1, tzinfo=UTC).isoformat(),
        }
        for kind, value in (conditions or {}).items()
    ]
    return TaskDistribution.model_validate(
        {
            "metadata": {"name": "release"},
            "spec": {"description": "Do it", **(spec or {})},
            "status": {"plan": PLAN, "conditions": found, **status},
        }
    )


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(root(), True, id="planned in mode Auto"),
        pytest.param(root(plan=None), False, id="no plan yet"),
        pytest.param(root({"planning": {"mode": "PlanOnly"}}), False, id="looked at only"),
        pytest.param(root({"planning": {"mode": "Manual"}}), False, id="waits for approval"),
        pytest.param(root({"planning": {"mode": "Manual"}, "approvedPlanHash": HASH}), True, id="approved"),
        pytest.param(root({"cancel": True}), False, id="cancelled"),
        pytest.param(root({"suspend": True}), True, id="suspended, but it will go on"),
        pytest.param(root(conditions={"Finished": "True"}), False, id="over"),
        pytest.param(root(conditions={"Finished": "False", "Stalled": "False"}), True, id="running"),
        pytest.param(root(conditions={"Stalled": "True"}), False, id="stalled"),
    ],
)
def test_who_reserves(made: TaskDistribution, expected: bool) -> None:
    assert reserves(made) is expected


def left(*, done: str = "", running: str = ""):
    made = planned(task("a"), *(task(name).after("a") for name in "bcd"), task("e").after("b", "c", "d"))
    return made, reservation("release", made.subtasks, done=set(done), running=set(running), priority=3)


def test_all_is_left_before_it_begins() -> None:
    made, found = left()
    assert (found.name, found.priority, found.held_pods, found.peak_pods) == ("release", 3, 0, 3)
    assert found.peak == Resources(1500, 3 * GIB)
    assert found.reserved_usd == made.estimate.cost_usd


def test_what_is_done_is_free_again() -> None:
    made, found = left(done="abcd", running="e")
    assert (found.held, found.peak) == (Resources(500, GIB), Resources(500, GIB))
    assert found.reserved_usd == made.subtasks[-1].estimate.cost_usd
    _, nothing = left(done="abcde")
    assert (nothing.peak_pods, nothing.reserved_usd) == (0, Decimal(0))


def test_more_may_run_than_was_planned_at_once() -> None:
    _, found = left(running="abcde")
    assert (found.held_pods, found.peak_pods) == (5, 5)
    assert found.peak == found.held
