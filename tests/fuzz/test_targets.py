"""The fuzzers' targets hold for a few hundred inputs at random, and for everything that fuzzing has found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.source import Source
from tests.fuzz.targets import TARGETS

FOUND = [
    ("quantities", b"\x0b\n!"),  # 99999999999900P: the reader took for valid what the API server refuses
    ("splitter", b"\xb6V[\xb6p"),  # an empty item of a numbered list had no words, and the splitter failed
]
"""Inputs that failed once."""


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200))
def test_a_target_holds(name: str, data: bytes) -> None:
    TARGETS[name](Source(data))


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_was_found_stays_mended(name: str, data: bytes) -> None:
    TARGETS[name](Source(data))
