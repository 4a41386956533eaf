"""Agents that hand back what was made to break whoever reads it: the subtask ends, and all that is written can be written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.reconcile.world import World, plan, task

pytestmark = pytest.mark.security

HALF = "\\ud800"
"""In JSON: half a surrogate pair, which no UTF-8 text can hold."""

REFUSED = {
    "half a surrogate pair": f'{{"results": {{"a": "{HALF}"}}}}',
    "half a pair deep inside": f'{{"results": {{"a": {{"b": ["{HALF}"]}}}}}}',
    "half a pair for a key": f'{{"results": {{"{HALF}": "x"}}}}',
    "NUL": '{"results": {"a": "\\u0000"}}',
    "escapes for a key": json.dumps({"results": {"\x1b[2J": "x"}}),
    "no key": json.dumps({"results": {"": "x"}}),
    "a key that is a path": json.dumps({"results": {"../../etc/passwd": "x"}}),
    "a key of 3,000 characters": json.dumps({"results": {"k" * 3000: "x"}}),
    "a list 2,000 deep": "[" * 2000,
    "results 1,000 deep": '{"results": {"a": ' + "[" * 1000 + "]" * 1000 + "}}",
    "65 keys": json.dumps({"results": {f"k{i}": 1 for i in range(65)}}),
    "5,000 bytes": json.dumps({"results": {"a": "é" * 2500}}),
    "a number of 4,400 digits": f'{{"results": {{"a": {"9" * 4400}}}}}',
    "half a message": '{"results": {"a": "x',
}


def run(message: str) -> World:
    world = World(plan(task("a"), task("b").after("a")))
    world.settle()
    world.end_pod("release-a-1", message=message)
    world.settle()
    return world


@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED)
def test_unusable_results_fail_the_subtask_and_nothing_else(message: str) -> None:
    world = run(message)
    assert (world.phase("a"), world.reason("a")) == ("Failed", "InvalidResult")
    assert world.created == ["release-a-1"]
    text = world.subtasks["release-a"]["status"]["message"]
    assert text.isprintable()
    assert len(text) <= 1024


def test_artifacts_without_a_printable_name_are_left_out() -> None:
    message = json.dumps(
        {
            "artifacts": [
                {"name": "\ud800"},
                {"name": "\x1b"},
                {"name": 1},
                "x",
                {"name": "kept", "uri": "\x1b[2Js3://x"},
            ]
        }
    )
    assert run(message).subtasks["release-a"]["status"]["artifacts"] == [{"name": "kept", "uri": "[2Js3://x"}]


def test_a_fan_out_over_unusable_items_fails() -> None:
    world = World(plan(task("a"), task("b").after("a").for_each("a.list")))
    world.settle()
    world.end_pod("release-a-1", message=json.dumps({"results": {"list": f'["{HALF}", "fine"]'}}))
    world.settle()
    assert world.phase("a") == "Succeeded"
    assert world.phase("b") == "Failed"
    assert world.created == ["release-a-1"]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    said=json_values,
    shape=st.sampled_from(["results", "artifacts", "usage", "error", "reason", ""]),
    code=st.integers(0, 255),
)
def test_whatever_is_handed_back_the_subtask_ends(said: object, shape: str, code: int) -> None:
    world = World(plan(task("a")))
    world.settle()
    # The world encodes every status as the operator does, and validates it as the API server does.
    world.end_pod("release-a-1", code, json.dumps({shape: said} if shape else said))
    world.settle()
    assert world.phase("a") in {"Succeeded", "Failed"}


# What only looks like a reference: results are never read for references once more.
SHELL = ["; rm -rf /", "$(touch /tmp/x)", "`id`", "$(tasks.a.results.secret)", "$$(item)", "'\"\\", "\x1b]0;title\x07"]


@pytest.mark.parametrize("value", SHELL)
def test_results_are_handed_on_as_they_are_and_in_the_task_document_only(value: str) -> None:
    world = run(json.dumps({"results": {"x": value}}))
    pod = world.pods["release-b-1"]
    document = json.loads(pod["metadata"]["annotations"].pop("taskdist.dev/task"))
    assert document["inputs"] == {"a": {"x": value}}
    assert json.dumps(value)[1:-1] not in json.dumps(pod)
