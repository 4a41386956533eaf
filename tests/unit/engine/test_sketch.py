"""Sketches: small, near enough, and honest about what was cut off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskdist.engine.sketch import BEYOND, Sketch

NEAR = 0.0501
values = st.floats(1, 1e12)
observations = st.lists(st.tuples(values, st.booleans()), max_size=200)


def sketch(*seen: float, above: tuple[float, ...] = (), most: int = 400) -> Sketch:
    made = Sketch(most)
    for value in seen:
        made.add(value)
    for value in above:
        made.add(value, above=True)
    return made


def test_an_empty_sketch_knows_nothing() -> None:
    assert (len(sketch()), sketch().quantile(0.5), sketch().text()) == (0, 0.0, "")


@given(st.lists(values, min_size=1, max_size=200), st.sampled_from([0.1, 0.5, 0.9, 0.95, 1.0]))
def test_a_quantile_is_within_five_percent_of_the_true_one(seen: list[float], share: float) -> None:
    ascending = sorted(seen)
    true = next(value for i, value in enumerate(ascending, 1) if i / len(seen) >= share - 1e-9)
    assert sketch(*seen).quantile(share) == pytest.approx(true, rel=NEAR)


@given(observations, st.integers(1, 400))
def test_text_is_the_whole_of_it_and_bounded(seen: list[tuple[float, bool]], most: int) -> None:
    made = Sketch(most)
    for value, above in seen:
        made.add(value, above=above)
        assert len(made) <= most
    again = Sketch.read(made.text(), most)
    assert again.text() == made.text()
    assert len(made.text()) <= 6 * most  # 2,400 for an agent type; its field takes 4,096
    for share in (0.5, 0.95):
        assert again.quantile(share) == made.quantile(share)


@given(st.lists(values, min_size=1, max_size=50), st.lists(values, max_size=50))
def test_a_lower_bound_never_makes_a_quantile_smaller(seen: list[float], bounds: list[float]) -> None:
    for share in (0.5, 0.95):
        assert sketch(*seen, above=tuple(bounds)).quantile(share) >= sketch(*seen).quantile(share)


def test_a_kill_followed_by_what_was_needed_counts_as_what_was_needed() -> None:
    assert sketch(400, above=(256,)).quantile(0.5) == pytest.approx(400, rel=NEAR)


def test_with_kills_alone_more_is_asked_for() -> None:
    assert sketch(above=(256,)).quantile(0.95) == pytest.approx(256 * BEYOND, rel=NEAR)


def test_kills_among_the_fitting_push_their_share_upwards() -> None:
    """Kaplan and Meier's estimate: of ten, five fitted in 100; the others are as the one that fitted in 900."""
    assert sketch(*[100] * 5, 900, above=(200,) * 4).quantile(0.95) == pytest.approx(900, rel=NEAR)


def test_what_is_old_gives_way_to_what_is_new() -> None:
    made = sketch(*[10] * 400)
    for _ in range(800):
        made.add(1000)
    assert made.quantile(0.2) == pytest.approx(1000, rel=NEAR)


def test_halving_keeps_the_shape() -> None:
    made = sketch(*range(100, 500), most=400)
    made.add(300)
    assert len(made) == pytest.approx(200, abs=2)
    assert made.quantile(0.5) == pytest.approx(300, rel=0.1)
    assert made.quantile(0.95) == pytest.approx(480, rel=0.1)


@given(st.text(max_size=200))
def test_text_that_is_none_of_ours_is_left_out(text: str) -> None:
    made = Sketch.read(text, 400)
    assert len(made) <= 400
    made.quantile(0.95)


def test_amounts_below_one_and_beyond_all_bounds_count() -> None:
    made = sketch(0, 1e300)
    assert made.quantile(0.5) == 1
    assert made.quantile(1) > 1e12
