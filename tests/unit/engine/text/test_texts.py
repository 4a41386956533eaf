"""Texts of every style against what a person wrote down: figures may rise, not fall."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from bench.split import chain, score, taskdist
from bench.split_score import Tally, read

TEXTS = Path(__file__).parent / "data" / "texts.txt"


@cache
def tally(style: str = "") -> Tally:
    return score([one for one in read(TEXTS) if style in {"", one.style}], taskdist)


def test_every_phrase_stands_in_its_text() -> None:
    lines = TEXTS.read_text().split("\n= ")[1:]
    items = read(TEXTS)
    assert len(items) == len(lines) == 90
    assert {one.style for one in items} == {
        "list", "sequence", "parallel", "bullets", "paragraph", "join", "distractor", "indirect", "conditional", "single",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "floor"), [("node", 0.98), ("edge", 0.93), ("strict", 0.93), ("exact", 0.80), ("agent", 0.90)]
)
def test_all_texts_together(figure: str, floor: float) -> None:
    assert getattr(tally(), figure) >= floor


@pytest.mark.parametrize("style", sorted({one.style for one in read(TEXTS)}))
def test_each_style_finds_its_tasks_and_beats_a_chain(style: str) -> None:
    trivial = score([one for one in read(TEXTS) if one.style == style], chain)
    assert tally(style).node >= 0.95
    assert tally(style).node >= trivial.node
    assert tally(style).edge >= trivial.edge
