"""The oracle of the fault tests: it must see what it is there to see."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from e2e.faults.audit import violations
from e2e.faults.calls import Call
from e2e.faults.figures import Figure, append, load, markdown, table
from e2e.faults.shrink import minimal

revision = count(1)


def subtask(name: str, phase: str = "", *after: str) -> dict[str, Any]:
    owners = [{"kind": "TaskDistribution", "uid": "root"}]
    body = {
        "kind": "SubTask",
        "metadata": {"name": name, "uid": name, "ownerReferences": owners, "resourceVersion": str(next(revision))},
        "spec": {"id": name, "dependsOn": [{"name": parent} for parent in after]},
        "status": {"phase": phase},
    }
    return {"verb": "patch", "objectRef": {"resource": "subtasks", "name": name}, "responseObject": body}


def pod(name: str, of: str, verb: str = "create", phase: str = "Pending", attempt: str = "1") -> dict[str, Any]:
    metadata = {
        "name": name,
        "uid": name,
        "labels": {"taskdist.dev/attempt": attempt},
        "ownerReferences": [{"kind": "SubTask", "uid": of}],
        "resourceVersion": str(next(revision)),
    }
    body = {"kind": "Pod", "metadata": metadata, "status": {"phase": phase}}
    return {"verb": verb, "objectRef": {"resource": "pods", "name": name}, "responseObject": body}


@pytest.mark.parametrize(
    ("events", "says"),
    [
        pytest.param([subtask("a"), pod("a-1", "a"), subtask("a", "Succeeded")], "", id="all is well"),
        pytest.param(
            [subtask("a"), pod("x", "a"), pod("y", "a")], "while another one was alive", id="two of an attempt"
        ),
        pytest.param(
            [subtask("a"), pod("x", "a"), pod("y", "a", attempt="2")], "", id="another attempt is another pod"
        ),
        pytest.param(
            [subtask("a"), pod("x", "a"), pod("x", "a", "patch", "Failed"), pod("y", "a")], "", id="the first has ended"
        ),
        pytest.param(
            [subtask("a"), pod("x", "a"), pod("x", "a", "delete"), pod("y", "a")], "", id="the first is deleted"
        ),
        pytest.param([subtask("a", "Failed"), subtask("a", "Running")], "was Failed and became Running", id="reverts"),
        pytest.param(
            [subtask("a", "Running"), subtask("b", "", "a"), pod("b-1", "b")], "before a was done", id="too early"
        ),
        pytest.param([subtask("a", "Succeeded"), subtask("b", "", "a"), pod("b-1", "b")], "", id="in time"),
    ],
)
def test_what_must_never_happen_is_seen(events: list[dict[str, Any]], says: str) -> None:
    found = violations(events)
    assert (says in found[0] and len(found) == 1) if says else not found


def test_events_are_ordered_by_revision_and_not_by_the_log() -> None:
    events = [subtask("a", "Succeeded"), subtask("b", "", "a"), pod("b-1", "b")]
    assert not violations(events[::-1])


@pytest.mark.parametrize("guilty", [{3}, {1, 7}, {0, 4, 9}])
def test_a_failing_case_is_made_small(guilty: set[int]) -> None:
    assert set(minimal(range(10), lambda part: guilty <= set(part), tries=200)) == guilty


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/api/v1/namespaces/x/pods/y/status", ("x", "pods", "y", "status")),
        ("/api/v1/pods", ("", "pods", "", "")),
        ("/api/v1/namespaces/x", ("", "namespaces", "x", "")),
        ("/apis/taskdist.dev/v1alpha1/namespaces/x/subtasks", ("x", "subtasks", "", "")),
        ("/apis/taskdist.dev/v1alpha1/agenttypes/general/status", ("", "agenttypes", "general", "status")),
    ],
)
def test_a_path_is_understood(path: str, parts: tuple[str, ...]) -> None:
    call = Call(1, "GET", path)
    assert (call.namespace, call.resource, call.name, call.subresource) == parts


FIGURES = [
    Figure(9, "b", "2", "1", ok=False, test="test_b.py::b"),
    Figure(10, "c", "0", "1", ok=True),
    Figure(1, "a", "5", "1", ok=False),
    Figure(1, "a", "1", "1", ok=True),
]


def test_the_table_is_in_order_and_says_what_is_short() -> None:
    lines = table(FIGURES)
    assert [line.split(" | ")[0].strip() for line in lines] == ["row", "1", "9", "10"]
    assert [line.endswith("SHORT") for line in lines] == [False, False, True, False]


def test_the_table_of_the_documentation_names_the_tests(tmp_path: Path) -> None:
    for figure in FIGURES:
        append(tmp_path / "figures", figure)
    lines = markdown(load(tmp_path / "figures"))
    assert lines[3] == "| 9 | b | 1 | 2 | SHORT | `test_b.py::b` |"
    assert len(lines) == 5
