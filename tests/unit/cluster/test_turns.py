"""Whose turn it is: one at a time of each group, in the order of arrival, nobody forgotten."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from taskdist.cluster.turns import Turns


def test_one_at_a_time_of_each_group_in_the_order_of_arrival() -> None:
    turns: Turns[str] = Turns()
    assert turns.take("a", "one")
    assert not turns.take("a", "two")
    assert not turns.take("a", "three")
    assert turns.take("b", "other")
    assert turns.next("a") is None
    turns.done("a")
    assert turns.next("a") == "two"
    assert turns.take("a", "two")
    assert turns.next("a") is None
    turns.done("a")
    assert turns.next("a") == "three"
    assert turns.next("a") is None
    assert len(turns) == 0


def test_who_asks_twice_stands_in_line_once() -> None:
    turns: Turns[str] = Turns()
    turns.take("a", "one")
    turns.take("a", "two")
    turns.take("a", "two")
    assert len(turns) == 1


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), min_size=1, max_size=60))
def test_everybody_gets_a_turn_although_some_want_none_when_called(arrivals: list[tuple[str, bool]]) -> None:
    """Keys arrive while others are at it; some have nothing left to do when they are called, and the line moves on all the same."""
    turns: Turns[tuple[str, int]] = Turns()
    rung = deque((group, number) for number, (group, _) in enumerate(arrivals))
    wants = {(group, number): wanted for number, (group, wanted) in enumerate(arrivals)}
    at_it: deque[tuple[str, int]] = deque()
    passed = set()
    for _ in range(1000):
        if rung and (len(at_it) < 3 or not at_it):
            key = rung.popleft()
            if wants[key] and turns.take(key[0], key):
                assert all(other[0] != key[0] for other in at_it)
                at_it.append(key)
                continue
            if not wants[key]:
                passed.add(key)
        elif at_it:
            key = at_it.popleft()
            turns.done(key[0])
            passed.add(key)
        else:
            break
        if (waiting := turns.next(key[0])) is not None:
            rung.append(waiting)
    assert passed == set(wants)
    assert len(turns) == 0
