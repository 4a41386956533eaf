"""What a graph costs the API server, counted from its audit log: the same on a fast machine and on a busy one."""

from __future__ import annotations

import pytest
from bench import api
from bench._running import Graph, benched

pytestmark = [pytest.mark.e2e]


def test_three_writes_and_no_read_per_subtask() -> None:
    with benched(audit="Metadata") as bench:
        assert api.measure(bench, Graph(50, 4)) == []
