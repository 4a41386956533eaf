import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskdist.engine.graph import build, critical_path
from taskdist.engine.schedule import Effort, exact, is_feasible, makespan, pack, problem, solve
from taskdist.engine.schedule.bounds import lower_bound
from taskdist.engine.schedule.generate import dispatch, serial
from taskdist.engine.schedule.improve import Dice
from taskdist.engine.schedule.problem import reverse
from taskdist.engine.schedule.rules import RULES, by_weight, ranks_of


@st.composite
def problems(draw, most=8, longest=6):
    size = draw(st.integers(1, most))
    pairs = [(i, j) for i in range(size) for j in range(i + 1, size)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12)) if pairs else []
    capacities = draw(st.lists(st.integers(1, 6), min_size=0, max_size=3))
    demands = [[(k, draw(st.integers(0, c))) for k, c in enumerate(capacities)] for _ in range(size)]
    durations = draw(st.lists(st.integers(0, longest), min_size=size, max_size=size))
    return problem(build(size, edges), durations, demands, capacities)


def shortest(of):
    """Optimal makespan by trying every order: serial generation reaches an optimum with one of them (Kolisch 1996)."""
    packed = pack(of)
    best = None
    for order in itertools.permutations(range(of.size)):
        place = {node: i for i, node in enumerate(order)}
        if all(place[i] < place[j] for i in range(of.size) for j in of.graph.after[i]):
            length = makespan(of, serial(of, packed, order))
            best = length if best is None else min(best, length)
    return best


@given(problems(most=14))
def test_no_schedule_exceeds_a_limit_or_starts_too_early(of):
    packed = pack(of)
    path = critical_path(of.graph, of.order, of.durations)
    for rule in RULES:
        weights = rule(of, path)
        assert is_feasible(of, serial(of, packed, by_weight(of, weights)))
        assert is_feasible(of, dispatch(of, packed, ranks_of(weights)))
    found = solve(of, Effort(placements=500))
    assert is_feasible(of, found.starts)
    assert found.lower_bound <= makespan(of, found.starts) == found.makespan <= found.dispatched_makespan
    assert is_feasible(of, found.dispatched)


@settings(max_examples=60)
@given(problems(most=6, longest=4))
def test_bounds_hold_and_the_search_finds_small_optima(of):
    best = shortest(of)
    path = critical_path(of.graph, of.order, of.durations)
    assert lower_bound(of, path) <= best
    assert solve(of, Effort(placements=20_000)).makespan == best


@settings(max_examples=25, deadline=None)
@given(problems(most=6, longest=4))
def test_the_solver_proves_small_optima(of):
    assert exact.is_available()
    best = shortest(of)
    path = critical_path(of.graph, of.order, of.durations)
    horizon = sum(of.durations) + 1
    answer = exact.shorten(of, path, lower_bound(of, path), horizon, work=5.0)
    if best < horizon:
        assert answer.starts is not None
        assert is_feasible(of, answer.starts)
        assert makespan(of, answer.starts) == answer.bound == best
    # Nothing is shorter than the optimum, and the solver knows.
    assert exact.shorten(of, path, lower_bound(of, path), best, work=5.0) == exact.Answer(None, best)


@given(problems(most=12))
def test_is_deterministic_and_never_worse_than_the_list_heuristic(of):
    listed = solve(of, Effort(placements=0))
    found = solve(of, Effort(placements=2000))
    assert found.makespan <= listed.makespan
    assert found == solve(of, Effort(placements=2000))


@given(problems(most=12))
def test_the_dispatch_order_reaches_what_the_schedule_says(of):
    found = solve(of, Effort(placements=500))
    assert tuple(dispatch(of, pack(of), found.ranks)) == found.dispatched


@given(problems(most=12), st.data())
def test_priorities_hold_when_work_takes_longer(of, data):
    durations = data.draw(st.lists(st.integers(0, 20), min_size=of.size, max_size=of.size))
    starts = dispatch(of, pack(of), list(range(of.size)), durations)
    slower = problem(of.graph, durations, of.demands, of.capacities)
    # What never runs short may differ with the durations; the limits themselves do not.
    assert is_feasible(slower, starts)


@given(problems(most=10))
def test_backwards_is_the_same_problem(of):
    mirrored = reverse(of)
    starts = serial(mirrored, pack(mirrored), mirrored.order)
    length = makespan(mirrored, starts)
    assert is_feasible(of, [length - s - d for s, d in zip(starts, of.durations, strict=True)])


def test_tells_apart_what_is_best_and_what_the_dispatcher_makes_of_it():
    # A dispatcher starts the long narrow task 3 at once, and the wide task 1, on which task 2 hangs, has to wait for it.
    of = problem(build(4, [(0, 1), (1, 2)]), [1, 5, 5, 6], [[(0, 1)], [(0, 2)], [(0, 1)], [(0, 1)]], [2])
    found = solve(of, Effort())
    assert (found.makespan, found.dispatched_makespan) == (12, 16)


@pytest.mark.parametrize(
    ("capacity", "length"),
    [
        pytest.param(1, 40, id="one at a time"),
        pytest.param(2, 20, id="two at a time"),
        pytest.param(9, 10, id="all at once"),
    ],
)
def test_independent_work_fills_the_slots(capacity, length):
    of = problem(build(4, []), [10] * 4, [[(0, 1)]] * 4, [capacity])
    found = solve(of, Effort())
    assert (found.makespan, found.lower_bound) == (length, length)


def test_many_resources_are_kept_apart():
    # Sixty locks, each shared by two neighbours: no two neighbours overlap, others may.
    size = 61
    demands = [[(k, 1) for k in (i - 1, i) if 0 <= k < size - 1] for i in range(size)]
    of = problem(build(size, []), [7] * size, demands, [1] * (size - 1))
    assert solve(of, Effort()).makespan == 14


def test_refuses_what_cannot_be_scheduled():
    with pytest.raises(ValueError, match="cycle"):
        problem(build(2, [(0, 1), (1, 0)]), [1, 1], [[], []], [])
    with pytest.raises(ValueError, match="exceeds the capacity 2"):
        problem(build(1, []), [1], [[(0, 3)]], [2])


def test_a_limit_that_never_binds_is_left_out():
    of = problem(build(2, []), [1, 1], [[(0, 2), (1, 1)], [(0, 2), (1, 1)]], [4, 1])
    assert of.capacities == (1,)
    assert of.demands == (((0, 1),), ((0, 1),))


@given(st.integers(1, 100))
def test_dice_stay_below_and_repeat(bound):
    one, other = Dice(), Dice()
    drawn = [one.below(bound) for _ in range(50)]
    assert drawn == [other.below(bound) for _ in range(50)]
    assert all(0 <= value < bound for value in drawn)
