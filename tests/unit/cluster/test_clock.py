"""Whose time it is: the server's, whatever this machine's clock says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskdist.cluster.clock import ServerClock

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
WRONG = st.integers(-86_400, 86_400)


class World:
    """A server whose time is right, and a machine that may be wrong about it; time passes for both."""

    def __init__(self, wrong_by: float) -> None:
        self.passed = 0.0
        self.clock = ServerClock(lambda: NOON + timedelta(seconds=wrong_by), lambda: self.passed)

    @property
    def right(self) -> datetime:
        return NOON + timedelta(seconds=self.passed)

    def answer(self, late: float = 0.0) -> None:
        said = format_datetime(self.right.replace(microsecond=0), usegmt=True)
        self.passed += late
        self.clock.heard(said)


@given(WRONG, st.floats(0, 0.999), st.lists(st.floats(0.01, 300), max_size=5))
def test_after_one_answer_the_machines_own_clock_does_not_matter(wrong: int, cut: float, pauses: list[float]) -> None:
    world = World(wrong)
    world.passed = cut
    for pause in [0.0, *pauses]:
        world.passed += pause
        world.answer()
        off = (world.clock.now() - world.right).total_seconds()
        assert -1 <= off <= 6.0001


@given(st.lists(st.tuples(st.floats(0.01, 60), st.floats(0, 5)), min_size=1, max_size=20))
def test_answers_that_come_late_do_not_make_it_jump(answers: list[tuple[float, float]]) -> None:
    world = World(0)
    for pause, late in answers:
        world.passed += pause
        world.answer(late)
        assert abs((world.clock.now() - world.right).total_seconds()) < 0.01


def test_it_goes_on_between_answers() -> None:
    world = World(-600)
    world.answer()
    world.passed += 40
    assert world.clock.now() == NOON + timedelta(seconds=40)


@pytest.mark.parametrize("said", ["", "yesterday", "Mon, 99 Jan 2030 00:00:00 GMT", "0"])
def test_what_is_no_date_is_passed_over(said: str) -> None:
    world = World(0)
    world.clock.heard(said)
    assert world.clock.now() == NOON
