"""Descriptions that are made to cost: the longest that the schema takes is read with a bounded number of steps."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from taskdist.engine.text import split

pytestmark = pytest.mark.security

LONGEST = 16_384
PIECES = [
    "a",
    "and then ",
    "x, ",
    "(",
    "(a",
    "[a(b",
    "- a\n",
    "1. ",
    "if a then ",
    "--",
    '"',
    "`",
    "$(",
    "a: ",
    "\u0301",
    "a or b, ",
]


def lines_run(text: str) -> int:
    """How many lines of ours run to split a text: the same on every machine."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if "taskdist" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        split(text)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("piece", PIECES)
def test_four_times_the_text_costs_less_than_eight_times_the_steps(piece: str) -> None:
    split(piece)  # tables are made once
    short, long = (lines_run((piece * size)[:size]) for size in (LONGEST // 16, LONGEST // 4))
    assert long < 8 * short + 20_000
