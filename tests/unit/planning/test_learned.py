"""What a plan rests on is packed into its ExecutionPlan, and unpacks to what makes the very same plan."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace

import pytest

from taskdist import engine
from taskdist.engine.history import task_key
from taskdist.engine.model import (
    AgentTypeSpec,
    Delay,
    Delays,
    Observation,
    PlanRequest,
    TaskObservation,
    TaskSpec,
    Work,
)
from taskdist.planning.learned import kept, recalled

SCRIPT = "sort $(item)"
TASKS = (
    TaskSpec("sort", work=Work(script=SCRIPT), agent_type="data", for_each=("a.csv", "b.csv")),
    TaskSpec("tell", description="Write the report", agent_type="words", depends_on=("sort",)),
)
TYPES = tuple(AgentTypeSpec(name, name, runs_text=True) for name in ("data", "words", "idle"))


def task(key: str) -> TaskObservation:
    return TaskObservation(key, 7, 1234.5, 2000.25, 7, 3 * 1024**3, 0)


def history() -> tuple[Observation, ...]:
    known = (task(task_key("data", "", Work(script=SCRIPT))), task("0123456789abcdef"))
    return (
        Observation("data", 40, 100 / 3, 90.0, 2**28, 0, measured=12, tasks=known),
        Observation("idle", 9, 5.0, 6.0, 2**20, 0),
    )


def request(*seen: Observation) -> PlanRequest:
    return PlanRequest("release", tasks=TASKS, agent_types=TYPES, history=seen)


def test_the_plan_is_the_same_from_what_it_keeps() -> None:
    plan = engine.plan(request(*history()))
    again = recalled(kept(history(), plan.subtasks))
    assert again is not None
    assert engine.plan(request(*again)) == plan
    assert engine.plan(request()).hash != plan.hash, "else history would not matter here"


def test_only_what_the_plan_uses_is_kept() -> None:
    plan = engine.plan(request(*history()))
    (only,) = recalled(kept(history(), plan.subtasks)) or ()
    assert only == replace(history()[0], tasks=history()[0].tasks[:1])


def test_how_others_start_is_kept_too_for_it_tells_of_the_cluster() -> None:
    delays = Delays(start=Delay(1 / 3, 40, 0.01, 20), hand_over=Delay(0.125, 7))
    seen = tuple(replace(one, delays=delays) if one.agent_type == "idle" else one for one in history())
    plan = engine.plan(request(*seen))
    again = recalled(kept(seen, plan.subtasks))
    assert again is not None
    assert engine.plan(request(*again)) == plan
    assert plan.forecast != engine.plan(request(*history())).forecast, "else they would not matter here"


def test_what_an_operator_kept_that_knew_of_no_delays_is_still_read() -> None:
    told = [[one.agent_type, 40, 100 / 3, 90.0, 2**28, 0, 12, [["k", 7, 1.5, 2.0, 7, 3, 0]]] for one in history()[:1]]
    packed = base64.b64encode(gzip.compress(json.dumps(told).encode())).decode()
    task_seen = TaskObservation("k", 7, 1.5, 2.0, 7, 3, 0)
    assert recalled(packed) == (replace(history()[0], tasks=(task_seen,)),)


def test_that_nothing_was_known_is_kept_too() -> None:
    plan = engine.plan(request())
    assert recalled(kept((), plan.subtasks)) == ()


def test_too_much_is_not_kept() -> None:
    plan = engine.plan(request())
    keys = [task_key("data", "", Work(script=SCRIPT)), task_key("data", "", Work(script=SCRIPT))]
    crowd = tuple(replace(task(keys[n % 2]), seconds_p50=n * 1.000_123_7 + 1 / (n + 3)) for n in range(20_000))
    assert kept((replace(history()[0], tasks=crowd),), plan.subtasks) == ""


@pytest.mark.parametrize(
    "packed",
    [
        "",
        "no base64!",
        base64.b64encode(b"no gzip").decode(),
        base64.b64encode(gzip.compress(b"no JSON")).decode(),
        base64.b64encode(gzip.compress(b'[["data", 3]]')).decode(),
        base64.b64encode(gzip.compress(b"[" * 9 * 1024**2)).decode(),
    ],
)
def test_what_was_not_packed_by_us_is_nothing(packed: str) -> None:
    assert recalled(packed) is None
