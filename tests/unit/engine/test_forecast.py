"""When all is done: what starts, hand-overs and crowds add to the work, and what they leave as it is."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.engine.requests import PLAIN, planned, subtask, task

from taskdist.engine.delays import NONE, PRIOR, Step, Steps, steps
from taskdist.engine.forecast import played
from taskdist.engine.graph import build
from taskdist.engine.history import KnownDelay, Learned, Run
from taskdist.engine.model import Basis, Complexity, Delay, Delays, Observation
from taskdist.engine.schedule import makespan, pack, problem
from taskdist.engine.schedule.generate import dispatch

SECOND = 1_000_000
OTHER = dataclasses.replace(PLAIN, name="other")


def seen(name: str = "plain", samples: int = 10**6, **delays: Delay) -> Observation:
    return Observation(name, samples, 100.0, 100.0, 0, 0, delays=Delays(**delays))


def took(seconds: float, crowd: float = 0.0, samples: int = 10**6, turn: float = 1e-6) -> Delay:
    return Delay(seconds, samples, crowd, samples if crowd else 0, turn, samples)


SWIFT = seen(opening=took(0.001), start=took(0.2, 0.01), hand_over=took(0.1))


# --- what is played ----------------------------------------------------------------------------------------------------


def wide(size: int, room: int, edges: tuple[tuple[int, int], ...] = ()) -> object:
    return problem(build(size, edges), [1] * size, [[(0, 1)]] * size, [room])


def test_a_chain_pays_for_each_start_and_each_hand_over() -> None:
    of = wide(3, 3, ((0, 1), (1, 2)))
    all_steps = [Steps(Step(7, 0), Step(20, 5), Step(3, 5))] * 3
    assert played(of, [0, 1, 2], [100, 200, 300], all_steps) == 7 + (20 + 100 + 3) + (20 + 200 + 3) + (20 + 300 + 3)


def test_of_many_that_start_together_each_waits_for_those_before_it() -> None:
    assert (
        played(wide(10, 10), range(10), [100] * 10, [Steps(Step(0, 0), Step(20, 5), Step(0, 0))] * 10)
        == 20 + 9 * 5 + 100
    )


def test_subtasks_are_there_one_after_the_other() -> None:
    assert (
        played(wide(10, 10), range(10), [100] * 10, [Steps(Step(40, turn=6), Step(0), Step(0))] * 10)
        == 40 + 10 * 6 + 100
    )


def test_a_large_plan_takes_longer_to_make() -> None:
    assert played(wide(10, 10), range(10), [100] * 10, [Steps(Step(40, 3), Step(0), Step(0))] * 10) == 40 + 10 * 3 + 100


def test_writes_of_all_kinds_stand_in_one_line() -> None:
    """Ten that are created, started and passed on, each write of 6, and the work short: the line is never empty."""
    all_steps = [Steps(Step(40, turn=6), Step(1, turn=6), Step(3, turn=6))] * 10
    assert played(wide(10, 10), range(10), [1] * 10, all_steps) == 40 + 3 * 10 * 6 + 3


def test_a_start_goes_before_an_end_and_that_before_what_prepares() -> None:
    """A pair is no later for the 38 beside it that are still to be created when its first ends."""
    swift = Steps(Step(0, turn=10), Step(0, turn=10), Step(0, turn=10))
    alone = played(wide(2, 2, ((0, 1),)), range(2), [100, 10_000], [swift] * 2)
    assert alone == 10 + (10 + 100 + 10) + (10 + 10_000 + 10)
    assert played(wide(40, 40, ((0, 1),)), range(40), [100, 10_000, *[0] * 38], [swift] * 40) == alone


def test_what_takes_no_turn_waits_for_none() -> None:
    at_once = Steps(Step(0), Step(0), Step(0))
    slow = Steps(Step(0, turn=1000), Step(0), Step(0))
    assert played(wide(2, 2), range(2), [5] * 2, [slow, at_once]) == 1005
    assert played(wide(2, 1), range(2), [5] * 2, [slow, at_once]) == 1005


def test_ends_that_come_together_are_passed_on_one_after_the_other() -> None:
    assert (
        played(wide(10, 10), range(10), [100] * 10, [Steps(Step(0, 0), Step(0, 0), Step(3, 2))] * 10) == 100 + 3 + 9 * 2
    )


def test_a_start_holds_its_room_and_a_hand_over_does_not() -> None:
    one_by_one = played(wide(3, 1), range(3), [100] * 3, [Steps(Step(0, 0), Step(20, 0), Step(3, 0))] * 3)
    assert one_by_one == 3 * (20 + 100) + 3


@given(st.data())
def test_without_anything_between_it_is_the_schedule(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 12))
    pairs = [(i, j) for j in range(size) for i in range(j)]
    edges = data.draw(st.lists(st.sampled_from(pairs), max_size=20)) if pairs else []
    lasts = data.draw(st.lists(st.integers(0, 9), min_size=size, max_size=size))
    held = data.draw(st.lists(st.integers(1, 4), min_size=size, max_size=size))
    ranks = data.draw(st.permutations(range(size)))
    of = problem(build(size, edges), lasts, [[(0, amount)] for amount in held], [4])
    assert played(of, ranks, lasts, [NONE] * size) == makespan(of, dispatch(of, pack(of), ranks))


# --- what a plan says --------------------------------------------------------------------------------------------------


def test_without_history_a_documented_prior_stands_for_the_cluster() -> None:
    forecast = planned(task("a"), task("b").after("a")).forecast
    assert forecast.basis is Basis.PRIOR
    assert (float(forecast.seconds), float(forecast.work_seconds)) == (204.15, 200)
    assert (float(forecast.start_seconds), float(forecast.hand_over_seconds)) == (1.5, 0.5)


def test_what_was_seen_of_the_cluster_takes_its_place() -> None:
    made = planned(task("a"), task("b").after("a"), history=(SWIFT,))
    assert made.forecast.basis is Basis.HISTORY
    assert float(made.forecast.seconds) == pytest.approx(200 + 2 * (0.2 + 0.1), abs=0.05)
    assert float(made.forecast.starts_a_second) == pytest.approx(100, rel=0.01)


def test_an_agent_type_that_never_ran_starts_as_the_others_do() -> None:
    history = (dataclasses.replace(SWIFT, agent_type="other"),)
    assert float(planned(task("a"), agent_types=(PLAIN, OTHER), history=history).forecast.start_seconds) == 0.2


def test_one_agent_type_may_start_more_slowly_than_the_others() -> None:
    slow = dataclasses.replace(SWIFT, agent_type="other", delays=dataclasses.replace(SWIFT.delays, start=took(9.0)))
    agents = {"agent_types": (PLAIN, OTHER), "history": (SWIFT, slow)}
    quick, late = (planned(task("a").by(name), **agents).forecast.start_seconds for name in ("plain", "other"))
    assert (float(quick), float(late)) == (0.2, 9.0)


def test_a_first_start_moves_the_prior_and_does_not_replace_it() -> None:
    (known,) = steps([seen(start=took(0.1, samples=1))], ["plain"]).values()
    assert 100_000 < known.start.alone < PRIOR.start.alone


def test_delays_move_neither_the_hash_nor_the_cost_nor_the_schedule() -> None:
    tasks = [task(f"t{i}").after(*([f"t{i - 3}"] if i > 2 else [])) for i in range(9)]
    plain, swift = (planned(*tasks, max_parallel=2, history=(one,)) for one in (seen(), SWIFT))
    assert plain.estimate.seconds > swift.estimate.seconds
    assert (plain.hash, plain.subtasks, plain.schedule) == (swift.hash, swift.subtasks, swift.schedule)
    assert plain.estimate.cost_usd == swift.estimate.cost_usd


def test_fractions_of_seconds_add_up_in_a_long_chain() -> None:
    history = (dataclasses.replace(SWIFT, seconds_p50=1.4, seconds_p90=1.4, seconds_mean=1.45),)
    tasks = [task(f"t{i}").after(*([f"t{i - 1}"] if i else [])) for i in range(10)]
    made = planned(*tasks, history=history, agent_types=(dataclasses.replace(PLAIN, base_seconds=1),))
    assert subtask(made, "t0").estimate.seconds == 1
    assert float(made.forecast.work_seconds) == pytest.approx(14.5, abs=0.01)


# --- what is learned ---------------------------------------------------------------------------------------------------


@given(st.floats(0.01, 5), st.floats(0.0, 0.1))
def test_a_step_alone_and_what_a_crowd_adds_are_told_apart(alone: float, crowd: float) -> None:
    known = KnownDelay(PRIOR.start)
    for _ in range(20):
        for others in range(60):
            known.add(alone + others * crowd, others)
    found = known.delay()
    assert alone * 0.999 <= found.seconds <= alone + 3 * crowd + 0.001, "up to three others count as alone"
    assert found.crowd_seconds == pytest.approx(crowd, rel=0.1, abs=0.001)


def test_what_a_busy_server_took_for_a_step_says_nothing_about_a_step_alone() -> None:
    known = KnownDelay(PRIOR.start)
    for _ in range(20):
        known.add(0.1, 0)
        known.add(0.4, 2, busy=True)
        known.add(0.5, 10)
    found = known.delay()
    assert found.seconds == pytest.approx(0.1)
    assert found.crowd_seconds == pytest.approx((0.3 + 0.4) / 12)


def test_a_long_pull_of_an_image_is_no_start() -> None:
    known = KnownDelay(PRIOR.start)
    for seconds in (90.0, *[1.0] * 99):
        known.add(seconds, 0)
    assert known.delay().seconds == pytest.approx(1.0, rel=0.1)


def test_a_cluster_that_grows_slow_is_learned_anew() -> None:
    known = KnownDelay(PRIOR.start)
    for seconds in (*[0.1] * 300, *[3.0] * 300):
        known.add(seconds, 0)
        assert known.samples <= 128
    assert known.delay().seconds == pytest.approx(3.0, rel=0.1)


def test_the_pace_of_writes_is_their_mean_for_answers_come_in_bunches() -> None:
    known = KnownDelay(PRIOR.start)
    for _ in range(2000):
        for seconds in (0.0, 0.0, 0.0, 0.048):
            known.add_turn(seconds)
    assert known.turn == pytest.approx(0.012, rel=0.02)
    assert known.turns <= 1024
    known.add_turn(60.0)
    assert known.turn < 0.013, "a server that was away says nothing of its pace"


def test_of_a_pace_that_nobody_saw_nothing_is_told() -> None:
    known = KnownDelay(PRIOR.start)
    known.add(1.0, 0)
    assert (known.delay().turns, known.turn) == (0, PRIOR.start.turn / 1e6)


def test_of_a_crowd_that_nobody_saw_nothing_is_told() -> None:
    known = KnownDelay(PRIOR.start)
    known.add(1.0, 0)
    assert known.delay() == Delay(1.0, 1, 0.0, 0), "nothing is known of it"
    assert known.crowd == PRIOR.start.crowd / 1e6


def test_of_a_duration_between_two_buckets_the_mean_is_exact() -> None:
    learned = Learned()
    for _ in range(60):
        learned.add(Run(seconds=1.04), Complexity(0.5), "same")
    told = learned.observation("plain")
    assert told.seconds_p50 == 1.0, "the bucket's value"
    assert (told.seconds_mean, told.tasks[0].seconds_mean) == (pytest.approx(1.04, abs=0.01),) * 2


def test_what_was_learned_reaches_the_observation() -> None:
    learned = Learned()
    learned.add(Run(seconds=3.0), Complexity(0.5))
    learned.delays.start.add(0.25, 0)
    delays = learned.observation("plain").delays
    assert delays.start.seconds == pytest.approx(0.25, rel=0.05)
    assert (delays.start.samples, delays.hand_over) == (1, Delay())
