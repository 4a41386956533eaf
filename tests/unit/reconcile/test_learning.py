"""Learning from attempts: what teaches, that nothing teaches twice, and what is written down."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskdist.api.agent_type import AgentType
from taskdist.api.names import SubTaskReason
from taskdist.engine.history import MOST_TASKS
from taskdist.engine.model import Complexity, Retry, TriggerRule, Work
from taskdist.planning.learned import observations
from taskdist.reconcile.learning import Learning, Lesson, lessons
from taskdist.reconcile.stopwatch import Step, Took, Turn
from taskdist.reconcile.views import AttemptView, SubTaskView

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
EVERY = timedelta(seconds=30)
MIB = 1024**2


def attempt(number: int = 1, reason: SubTaskReason | None = SubTaskReason.COMPLETED, **more: object) -> AttemptView:
    ended = {"started_at": NOW - timedelta(seconds=40), "finished_at": NOW} if reason else {}
    return AttemptView(number, **({"reason": reason, "memory": "256Mi", "peak_memory": "100Mi"} | ended | more))


def subtask(*attempts: AttemptView, uid: str = "u1", script: str = "true", agent_type: str = "general") -> SubTaskView:
    return SubTaskView(
        "count", "td-count", uid, "1", "hash", "Count rows", agent_type, "general", (), TriggerRule.ALL_SUCCEEDED,
        Work(script), "", "", "500m", "256Mi", 0, Retry(), Complexity(0.5), attempts=attempts,
    )  # fmt: skip


def agent(status: dict[str, object] | None = None, name: str = "general", uid: str = "a1") -> AgentType:
    metadata = {"name": name, "uid": uid}
    return AgentType.model_validate({"metadata": metadata, "spec": {"specialization": name}, "status": status or {}})


def taught(*subtasks: SubTaskView) -> list[Lesson]:
    return [lesson for one in subtasks for lesson in lessons(one)]


class Operator:
    """One operator's life: it learns from what it sees and writes into the AgentType; ``agent`` outlives it."""

    def __init__(self, kept: AgentType | None = None) -> None:
        self.agent, self.learning, self.now = kept or agent(), Learning(), NOW

    def sees(self, *subtasks: SubTaskView) -> Operator:
        left = self.learning.take(taught(*subtasks), {"general": self.agent}, self.now)
        assert not left
        return self

    def writes(self) -> bool:
        self.now += EVERY
        status = self.learning.to_write(self.agent, self.now, EVERY)
        if status:
            self.agent = agent(json.loads(json.dumps(status)))
            self.learning.wrote(self.agent)
        return bool(status)

    @property
    def samples(self) -> int:
        return self.agent.status.samples


@pytest.mark.parametrize(
    ("one", "seconds", "memory"),
    [
        pytest.param(attempt(), 40.0, (100, False), id="done: what it took"),
        pytest.param(attempt(peak_memory=""), 40.0, (None, False), id="done, memory not told"),
        pytest.param(attempt(started_at=None), None, (100, False), id="done, its start not seen"),
        pytest.param(attempt(reason=SubTaskReason.OOM_KILLED), None, (256, True), id="killed: more than the limit"),
        pytest.param(attempt(reason=SubTaskReason.TIMEOUT), 40.0, (None, False), id="timed out: longer than that"),
    ],
)
def test_what_an_attempt_teaches(one: AttemptView, seconds: float | None, memory: tuple[int | None, bool]) -> None:
    (lesson,) = taught(subtask(one))
    found = lesson.run
    assert found.seconds == seconds
    assert found.seconds_above is (one.reason is SubTaskReason.TIMEOUT)
    assert (found.memory_bytes and found.memory_bytes // MIB, found.memory_above) == memory


@pytest.mark.parametrize(
    "one",
    [
        attempt(reason=reason)
        for reason in (
            SubTaskReason.EVICTED,
            SubTaskReason.NODE_LOST,
            SubTaskReason.AGENT_ERROR,
            SubTaskReason.POD_LOST,
        )
    ]
    + [attempt(reason=None), attempt(reason=SubTaskReason.OOM_KILLED, memory="")],
)
def test_what_teaches_nothing(one: AttemptView) -> None:
    assert not taught(subtask(one))


def test_memory_that_somebody_wrote_by_hand_teaches_nothing() -> None:
    (lesson,) = taught(subtask(attempt(peak_memory="lots")))
    assert lesson.run.memory_bytes is None


@pytest.mark.parametrize(
    ("told", "seen", "seconds"),
    [
        pytest.param(2, 1.05, 1.05, id="two ticks of the second hand in one second and a bit: what was seen"),
        pytest.param(1, 1.9, 1.9, id="one tick in nearly two"),
        pytest.param(2, 9.0, 3.0, id="its end was seen late: no more than its times allow"),
        pytest.param(9, 0.2, 8.0, id="its start was seen late: no less"),
        pytest.param(40, None, 40.0, id="not seen: what its times say"),
    ],
)
def test_what_was_seen_of_a_run_is_finer_than_what_its_pod_says(told: int, seen: float | None, seconds: float) -> None:
    one = attempt(started_at=NOW - timedelta(seconds=told), pod_uid="p1")
    (lesson,) = lessons(subtask(one), {"p1": seen}.get)
    assert lesson.run.seconds == pytest.approx(seconds)


def test_how_long_starts_took_is_written_with_the_next_lesson_and_outlives_the_operator() -> None:
    operator = Operator()
    operator.learning.time([Took(Step.START, "general", 0.25, 0)], {"general": operator.agent})
    assert not operator.writes(), "nothing is written for delays alone"
    operator.learning.time([Took(Step.HAND_OVER, "general", 0.125, 1)], {"general": operator.agent})
    operator.sees(subtask(attempt())).writes()
    again = Operator(operator.agent).sees(subtask(attempt(finished_at=NOW + timedelta(seconds=5)), uid="u2"))
    again.learning.time(
        [Took(Step.START, "general", 0.25, 2), Turn(Step.START, "general", 0.125)], {"general": again.agent}
    )
    again.writes()
    (seen,) = observations([again.agent])
    assert (seen.delays.start.samples, seen.delays.hand_over.samples, seen.delays.opening.samples) == (2, 1, 0)
    assert seen.delays.start.seconds == pytest.approx(0.25, rel=0.05)
    assert (seen.delays.start.turn_seconds, seen.delays.start.turns) == (0.125, 1)


def test_delays_of_an_agent_type_that_nobody_knows_teach_nothing() -> None:
    learning = Learning()
    learning.time([Took(Step.START, "gone", 0.25, 0)], {"general": agent()})
    learning.take(taught(subtask(attempt())), {"general": agent()}, NOW)
    assert learning.to_write(agent(), NOW, EVERY)["history"]["start"]["samples"] == 0


def test_a_stand_in_learns_for_itself_and_not_for_the_task() -> None:
    (lesson,) = taught(subtask(attempt(agent_type="general"), agent_type="analysis"))
    assert (lesson.agent_type, lesson.key) == ("general", "")


def test_an_attempt_counts_once_however_often_it_is_seen() -> None:
    operator = Operator()
    for _ in range(3):
        operator.sees(subtask(attempt())).writes()
    assert operator.samples == 1


def test_a_fresh_operator_counts_on_where_the_last_one_wrote() -> None:
    before = Operator().sees(subtask(attempt()))
    before.writes()
    later = subtask(attempt(finished_at=NOW + timedelta(seconds=5)), uid="u2")
    fresh = Operator(before.agent).sees(subtask(attempt()), later)
    fresh.writes()
    assert fresh.samples == 2


def test_what_was_learned_and_not_written_is_learned_again_by_the_next() -> None:
    """It died before it wrote: the SubTasks are still there."""
    lost = Operator().sees(subtask(attempt()))
    fresh = Operator(lost.agent).sees(subtask(attempt()))
    fresh.writes()
    assert fresh.samples == 1


def test_nothing_new_is_not_written() -> None:
    operator = Operator()
    assert not operator.writes()
    assert operator.sees(subtask(attempt())).writes()
    assert not operator.writes()


def test_a_write_waits_for_its_turn() -> None:
    operator = Operator().sees(subtask(attempt()))
    assert operator.writes()
    operator.sees(subtask(attempt(finished_at=NOW + timedelta(seconds=1)), uid="u2"))
    assert not operator.learning.to_write(operator.agent, operator.now + EVERY / 2, EVERY)
    assert operator.learning.to_write(operator.agent, operator.now + EVERY, EVERY)["samples"] == 2


def test_a_write_that_failed_is_tried_again() -> None:
    operator = Operator().sees(subtask(attempt()))
    assert operator.learning.to_write(operator.agent, NOW, EVERY)
    assert operator.learning.to_write(operator.agent, NOW + EVERY, EVERY)


def test_lessons_wait_for_their_agent_type_to_be_known() -> None:
    learning, seen = Learning(), taught(subtask(attempt()))
    assert learning.take(seen, {}, NOW) == seen
    assert learning.take(seen, {"general": agent()}, NOW) == []
    assert learning.to_write(agent(), NOW, EVERY)["samples"] == 1


def test_a_node_whose_clock_is_ahead_does_not_hide_what_the_others_do() -> None:
    operator = Operator().sees(subtask(attempt(finished_at=NOW + timedelta(hours=1))))
    operator.sees(subtask(attempt(), uid="u2")).writes()
    assert operator.samples == 1
    fresh = Operator(operator.agent).sees(subtask(attempt(finished_at=NOW + timedelta(seconds=9)), uid="u3"))
    fresh.writes()
    assert fresh.samples == 2


def test_an_agent_type_made_anew_begins_with_nothing() -> None:
    learning = Learning()
    learning.take(taught(subtask(attempt())), {"general": agent()}, NOW)
    anew = agent(uid="a2")
    assert not learning.to_write(anew, NOW, EVERY)
    learning.take(taught(subtask(attempt(), uid="u2")), {"general": anew}, NOW)
    assert learning.to_write(anew, NOW, EVERY)["samples"] == 1


def test_plans_read_what_was_written() -> None:
    operator = Operator().sees(subtask(attempt()))
    operator.writes()
    (seen,) = observations([operator.agent])
    (same,) = seen.tasks
    assert (seen.samples, seen.measured) == (same.samples, same.measured) == (1, 1)
    assert same.seconds_p50 == pytest.approx(40, rel=0.05)
    assert same.memory_bytes_p95 == pytest.approx(100 * MIB, rel=0.05)


def test_an_agent_type_without_attempts_teaches_nothing() -> None:
    assert observations([agent()]) == ()


ends = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3000)), max_size=60, unique_by=lambda one: one[0])


@given(ends, st.lists(st.tuples(st.lists(st.integers(0, 59)), st.booleans()), max_size=8))
def test_nothing_counts_twice_whatever_is_seen_again_and_whoever_dies(
    each: list[tuple[int, int]], lives: Iterable[tuple[list[int], bool]]
) -> None:
    """Any subset of the attempts is seen in any order, any number of times, by operators of which some never write."""
    seen = [subtask(attempt(finished_at=NOW - timedelta(seconds=ago)), uid=f"u{n}") for n, ago in each]
    kept, ever = agent(), set()
    for chosen, dies in lives:
        operator = Operator(kept)
        batch = [seen[i] for i in chosen if i < len(seen)]
        ever |= {one.uid for one in batch}
        operator.sees(*batch)
        if not dies:
            operator.writes()
        kept = operator.agent
    assert kept.status.samples <= len(ever)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 2**45)), min_size=1, max_size=300))
def test_what_is_written_is_bounded_and_valid(runs: list[tuple[int, int]]) -> None:
    operator = Operator()
    for n, (seconds, memory) in enumerate(runs):
        ended = NOW - timedelta(seconds=n)
        one = attempt(
            started_at=ended - timedelta(seconds=seconds), finished_at=ended, peak_memory=str(memory), number=n + 1
        )
        operator.sees(replace(subtask(one, script=f"run {n}"), uid=f"u{n}"))
    steps = [Took(step, "general", n * 0.013, n) for n in range(len(runs)) for step in Step]
    operator.learning.time(steps, {"general": operator.agent})
    operator.writes()
    assert operator.samples == len(runs)
    assert len(operator.agent.status.history.tasks) <= MOST_TASKS
    assert len(json.dumps(operator.agent.status.wire())) < 16_000


def test_more_attempts_than_are_remembered_still_count_once() -> None:
    operator = Operator()
    many = [
        subtask(attempt(finished_at=NOW - timedelta(seconds=9000 - n)), uid=f"u{n}") for n in range(9000)
    ]  # more than twice what is known one by one
    operator.sees(*many).sees(*many).sees(*reversed(many)).writes()
    assert operator.samples == 9000
