"""What the operator times: steps that it saw begin and end, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from taskdist.engine.model import Retry, TriggerRule, Work
from taskdist.reconcile.stopwatch import Step, Stopwatch, Timed, Took, Turn
from taskdist.reconcile.views import AttemptView, PodPhase, PodView, SubTaskView

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PENDING = PodView("td-a-1", "p1", "a", 1, "u1", PodPhase.PENDING, agent_type="general")
RUNNING = replace(PENDING, phase=PodPhase.RUNNING)
DONE = replace(PENDING, phase=PodPhase.SUCCEEDED)


def subtask(*attempts: AttemptView) -> SubTaskView:
    return SubTaskView(
        "a", "td-a", "u1", "1", "hash", "", "general", "general", (), TriggerRule.ALL_SUCCEEDED, Work("true"), "", "",
        "500m", "256Mi", 0, Retry(), attempts=attempts,
    )  # fmt: skip


ENDED = subtask(AttemptView(1, pod_uid="p1", finished_at=NOW))


def test_each_step_of_a_subtask_is_timed() -> None:
    watch = Stopwatch()
    watch.subtask_wanted("ns", "td", "td-a", 10.0)
    assert watch.subtask_seen("ns", subtask(), 10.25) == [Took(Step.OPENING, "general", 0.25, 0)]
    watch.pod_wanted("ns", "td-a-1", 10.5)
    assert watch.pod_seen("ns", PENDING, 11.0) == []
    assert watch.pod_seen("ns", RUNNING, 12.0) == [Took(Step.START, "general", 1.5, 0)]
    assert watch.pod_seen("ns", DONE, 15.5) == []
    assert watch.ran("p1") == 3.5
    assert watch.subtask_seen("ns", ENDED, 15.75) == [Took(Step.HAND_OVER, "general", 0.25, 0)]
    assert watch.subtask_seen("ns", ENDED, 16.0) == [], "what is seen again took nothing"


def test_making_the_plan_belongs_to_the_opening_and_to_no_later_one() -> None:
    watch = Stopwatch()
    watch.plan_wanted("ns", "td", 1.0)
    watch.subtask_wanted("ns", "td", "td-a", 1.5)
    watch.opened("ns", "td")
    assert watch.subtask_seen("ns", subtask(), 1.75)[0].seconds == 0.75
    watch.subtask_wanted("ns", "td", "td-a", 90.0)
    assert watch.subtask_seen("ns", subtask(), 90.25)[0].seconds == 0.25


def test_what_a_write_waits_for_its_turn_is_no_part_of_its_step() -> None:
    watch = Stopwatch()
    watch.subtask_wanted("ns", "td", "td-a", 1.0)
    watch.pod_wanted("ns", "td-a-1", 1.0)
    watch.waited(Timed(Step.OPENING, "general", ("ns", "td-a")), 4.0)
    watch.waited(Timed(Step.START, "general", ("ns", "td-a-1")), 2.0)
    assert watch.subtask_seen("ns", subtask(), 5.25)[0].seconds == 0.25
    assert watch.pod_seen("ns", RUNNING, 5.5)[0].seconds == 2.5
    watch.pod_seen("ns", DONE, 7.0)
    watch.waited(Timed(Step.HAND_OVER, "general", ("u1", 1)), 0.5)
    assert watch.subtask_seen("ns", ENDED, 8.0)[0].seconds == 0.5
    watch.waited(Timed(Step.START, "general", ("ns", "unknown")), 1.0)


def test_the_pace_of_writes_is_seen_while_more_wait_than_may_be_made_at_once() -> None:
    watch = Stopwatch()
    start, end = Timed(Step.START, "general", "a"), Timed(Step.HAND_OVER, "other", "b")
    assert watch.wrote(start, 1.0, more=True) == [], "whether all were busy before is not known"
    assert watch.wrote(end, 1.25, more=True) == [Turn(Step.HAND_OVER, "other", 0.25)]
    assert watch.wrote(None, 1.5, more=True) == [], "a write of no step"
    assert watch.wrote(start, 2.0, more=False) == [Turn(Step.START, "general", 0.5)]
    assert watch.wrote(start, 9.0, more=True) == []
    watch.blink()
    assert watch.wrote(start, 10.0, more=True) == []


def test_a_step_knows_whether_the_server_was_busy_as_it_began() -> None:
    watch = Stopwatch()
    watch.wrote(None, 1.0, more=True)
    watch.pod_wanted("ns", "td-a-1", 1.5)
    assert watch.pod_seen("ns", RUNNING, 2.0) == [Took(Step.START, "general", 0.5, 0, busy=True)]
    watch.wrote(None, 3.0, more=False)
    watch.pod_seen("ns", DONE, 3.5)
    assert watch.subtask_seen("ns", ENDED, 4.0) == [Took(Step.HAND_OVER, "general", 0.5, 0)]


def test_an_opening_takes_as_long_as_its_plan_is_large() -> None:
    watch = Stopwatch()
    watch.wrote(None, 0.0, more=True)
    watch.plan_wanted("ns", "td", 0.0)
    watch.subtask_wanted("ns", "td", "td-b", 1.0, 2)
    watch.subtask_wanted("ns", "td", "td-a", 1.0, 2)
    assert watch.subtask_seen("ns", subtask(), 1.25) == [Took(Step.OPENING, "general", 1.25, 2)]
    watch.opened("ns", "td")
    watch.subtask_wanted("ns", "td", "td-a", 2.0, 2)
    assert watch.subtask_seen("ns", subtask(), 2.25) == [Took(Step.OPENING, "general", 0.25, 0)], (
        "no plan was waited for"
    )


def test_a_step_knows_how_many_others_were_under_way_as_it_began() -> None:
    watch = Stopwatch()
    pods = [replace(RUNNING, name=f"td-{i}-1", uid=f"p{i}") for i in range(3)]
    for at, pod in enumerate(pods):
        watch.pod_wanted("ns", pod.name, float(at))
    took = [watch.pod_seen("ns", pod, 10.0)[0] for pod in pods]
    assert [(one.seconds, one.others) for one in took] == [(10.0, 0), (9.0, 1), (8.0, 2)]


def test_a_stand_in_is_timed_as_itself() -> None:
    watch = Stopwatch()
    watch.pod_seen("ns", DONE, 1.0)
    ended = subtask(replace(ENDED.attempts[0], agent_type="other"))
    assert [one.agent_type for one in watch.subtask_seen("ns", ended, 2.0)] == ["other"]


@pytest.mark.parametrize(
    "between",
    [
        pytest.param(replace(PENDING, unschedulable="0/3 nodes"), id="no node has room for it"),
        pytest.param(replace(PENDING, gated=True), id="its queue has no room"),
        pytest.param(replace(PENDING, waiting_reason="ImagePullBackOff"), id="its image cannot be pulled"),
        pytest.param(replace(PENDING, deleting=True), id="it is deleted"),
    ],
)
def test_what_waits_for_room_or_cannot_start_teaches_nothing_about_starts(between: PodView) -> None:
    watch = Stopwatch()
    watch.pod_wanted("ns", PENDING.name, 0.0)
    watch.pod_seen("ns", between, 1.0)
    assert watch.pod_seen("ns", RUNNING, 60.0) == []


def test_a_pod_that_was_refused_is_timed_from_its_next_try() -> None:
    watch = Stopwatch()
    watch.pod_wanted("ns", PENDING.name, 0.0)
    watch.refused("ns", PENDING.name)
    assert watch.pod_seen("ns", RUNNING, 30.0) == []
    watch.pod_wanted("ns", PENDING.name, 40.0)
    assert watch.pod_seen("ns", replace(RUNNING, uid="p2"), 41.0)[0].seconds == 1.0


def test_a_run_of_which_the_beginning_was_not_seen_is_not_timed() -> None:
    watch = Stopwatch()
    watch.pod_seen("ns", DONE, 5.0)
    assert watch.ran("p1") is None


def test_nothing_that_was_under_way_is_timed_after_a_blink() -> None:
    watch = Stopwatch()
    watch.subtask_wanted("ns", "td", "td-a", 0.0)
    watch.pod_wanted("ns", "td-a-1", 0.0)
    watch.pod_seen("ns", replace(RUNNING, name="td-b-1", uid="p2"), 0.0)
    watch.blink()
    assert watch.subtask_seen("ns", subtask(), 9.0) == watch.pod_seen("ns", RUNNING, 9.0) == []
    watch.pod_seen("ns", replace(DONE, name="td-b-1", uid="p2"), 9.0)
    assert watch.ran("p2") is None


def test_a_start_that_never_came_is_no_other_for_ever() -> None:
    watch = Stopwatch()
    watch.pod_wanted("ns", "lost", 0.0)
    watch.pod_wanted("ns", PENDING.name, 3600.0)
    assert watch.pod_seen("ns", RUNNING, 3601.0)[0].others == 0
