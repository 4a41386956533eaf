"""What holds for every text, however odd."""

from __future__ import annotations

import re

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskdist.engine.text import Split, split

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SAID = """
analyze the logs, then fix it and deploy . ; : - * 1. 2) a) (after 1) if tests pass otherwise in parallel meanwhile for each
of A B C both all three before after once finally please don't could you we need report migrated "quoted" `code` https://x.y
-> → — … everything is ready it them - [x] [ ] # ## Phase 1 however, which who that as soon as 5 % ü 日本 How to
"""
WORDS = st.sampled_from([*SAID.split(), "\n", "\n\n", "\n- ", "\n  - ", "\n1. ", "\u2019", "\u202e", "\x00", "\t"])
sentences = st.lists(WORDS, max_size=60).map(" ".join)
texts = st.one_of(st.text(max_size=400), sentences)


def check(text: str, found: Split, most: int = 50) -> None:
    ids = [task.id for task in found.tasks]
    assert len(set(ids)) == len(ids)
    assert all(LABEL.fullmatch(name) for name in ids)
    assert all(task.description.strip() for task in found.tasks)
    assert all(0 <= task.span[0] < task.span[1] <= len(text) for task in found.tasks)
    graph = nx.DiGraph((edge.before, edge.after) for edge in found.edges)
    assert set(graph.nodes) <= set(ids)
    assert nx.is_directed_acyclic_graph(nx.DiGraph((e.before, e.after) for e in found.edges if e.confidence >= 0.5))
    assert all(0.0 < edge.confidence <= 1.0 and edge.cue for edge in found.edges)
    if len(ids) > most:
        assert "TooManySubTasks" in {finding.code for finding in found.findings}


@given(texts)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_text_gives_a_sound_split(text: str) -> None:
    found = split(text)
    check(text, found)
    assert split(text) == found


@given(texts, st.integers(1, 5))
@settings(deadline=None)
def test_more_than_allowed_is_told(text: str, most: int) -> None:
    check(text, split(text, max_subtasks=most), most)


SIZE = 64 * 1024
LONG = {
    "bullets": "- paint the wall and wash the car\n",
    "nested": "- a\n  - b\n    - c\n",
    "commas": "paint, wash, dry, ",
    "one word": "a",
    "ands": "clean and ",
    "ifs": "if it passes ",
    "brackets": "((((",
    "quotes": "'\"",
    "backticks": "`",
    "dashes": "- ",
    "numbers": "1. ",
    "ats": "a.a@",
    "spaces": " \t",
    "newlines": "\n",
    "arrows": "-> ",
    "hyphens": "a-",
    "right to left": "\u202e\u0627",
    "combining": "e\u0301",
}


@pytest.mark.parametrize("unit", LONG.values(), ids=LONG.keys())
def test_long_texts_take_time_in_proportion(unit: str) -> None:
    import sys  # the count of function calls is the same on every machine

    def calls(text: str) -> int:
        count = 0

        def tick(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(tick)
        try:
            found = split(text, max_subtasks=10)
        finally:
            sys.setprofile(None)
        check(text, found, 10)
        return count

    short, long = (unit * (size // len(unit)) for size in (SIZE // 16, SIZE // 4))
    assert calls(long) <= 8 * calls(short) + 10_000


@pytest.mark.parametrize("unit", LONG.values(), ids=LONG.keys())
def test_the_longest_text_is_read(unit: str) -> None:
    text = unit * (SIZE // len(unit))
    check(text, split(text, max_subtasks=10), 10)
