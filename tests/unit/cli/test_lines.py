"""Names as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskdist.cli.lines import folded


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        pytest.param(["b", "a"], ["a", "b"], id="sorted"),
        pytest.param(["p-3", "p-1", "p-2", "p-0"], ["p-0 … 3"], id="a run"),
        pytest.param(["p-0", "p-1", "p-2"], ["p-0", "p-1", "p-2"], id="too short a run"),
        pytest.param([f"p-{i}" for i in (8, 9, 10, 11, 13)], ["p-8 … 11", "p-13"], id="a gap, and numbers by value"),
        pytest.param(["p-0", "p-1", "q-2", "q-3"], ["p-0", "p-1", "q-2", "q-3"], id="two stems"),
        pytest.param(["p-9 (70%)", "p-٣"], ["p-9 (70%)", "p-٣"], id="no numbers"),
    ],
)
def test_folded(names, shown):
    assert folded(names) == shown


@given(st.lists(st.sampled_from("ab"), max_size=1), st.lists(st.integers(0, 30), unique=True))
def test_nothing_is_lost_in_the_fold(others, numbers):
    unfolded = []
    for text in folded([*others, *(f"p-{i}" for i in numbers)]):
        first, _, last = text.partition(" … ")
        if last:
            unfolded += [f"p-{i}" for i in range(int(first[2:]), int(last) + 1)]
        else:
            unfolded.append(text)
    assert sorted(unfolded) == sorted([*others, *(f"p-{i}" for i in numbers)])
