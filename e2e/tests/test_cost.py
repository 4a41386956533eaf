"""What a graph costs the API server, counted from its audit log: the same on a fast machine and on a busy one."""

from __future__ import annotations

import pytest
from bench import api, dag
from bench._running import Graph, benched

pytestmark = [pytest.mark.e2e]


def test_three_writes_and_no_read_per_subtask() -> None:
    with benched(audit="Metadata") as bench:
        assert api.measure(bench, Graph(50, 4)) == []


def test_what_the_operator_is_compared_with_runs() -> None:
    """The least that any program must do, and with an object for each subtask: two pods in a row take two seconds at least."""
    with benched(plain=True) as bench:
        for written in (False, True):
            assert dag.reference(bench, Graph(3, 2), written=written).seconds > 2
