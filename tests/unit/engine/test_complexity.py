import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.engine.requests import task

from taskdist.engine.complexity import PARTS, complexity
from taskdist.engine.drafts import Draft
from taskdist.engine.model import Dependency
from taskdist.engine.resources import band


def score(text, **fields):
    return complexity(Draft("a", text, "spec.description", **fields)).score


@pytest.mark.parametrize(
    "text",
    [
        "Analyze the access logs",
        "Deploy the service",
        "Write the release notes",
        "Test the login page",
        "Integrate the fix",
        "validate",
    ],
)
def test_a_plain_sentence_lies_in_the_middle_band(text):
    assert band(score(text)) == 1.0


@pytest.mark.parametrize(
    ("harder", "easier"),
    [
        pytest.param("Migrate the database", "List the databases", id="by the kind of work"),
        pytest.param("Analyze all access logs of every cluster", "Analyze the access log", id="by scale words"),
        pytest.param("Analyze 5 million rows", "Analyze 50 rows", id="by quantity"),
        pytest.param("Parse 40 TB of logs", "Parse 2 GB of logs", id="by bytes"),
        pytest.param("Investigate the unknown crash", "Fix the crash", id="by uncertainty"),
        pytest.param("Delete customer data in production", "Delete the data", id="by risk"),
        pytest.param("Analyze, refactor and migrate the module", "Refactor the module", id="by the number of actions"),
        pytest.param("Fix the typo", "Just fix the simple typo quickly", id="by words that make small"),
    ],
)
def test_grows(harder, easier):
    assert score(harder) > score(easier)


def test_a_year_is_no_quantity():
    assert score("Summarize the report of 2025") == score("Summarize the report of today")


def test_counts_input_fan_in_and_script():
    plain = task("a").doing("Count the rows").having(complexity=None)
    quiet = complexity(Draft("a", "Count the rows", "p", plain.spec)).score
    much = plain.having(input_bytes=2**33)
    assert complexity(Draft("a", "Count the rows", "p", much.spec)).score == pytest.approx(quiet + 0.14)
    upstream = tuple(Dependency(f"b{i}") for i in range(4))
    assert complexity(Draft("a", "Count the rows", "p", plain.spec, dependencies=upstream)).score == pytest.approx(
        quiet + 0.03
    )
    scripted = plain.running("for f in *; do sort $f | uniq; done\n" * 10)
    assert complexity(Draft("a", "Count the rows", "p", scripted.spec)).score > quiet + 0.1


def test_the_users_own_value_replaces_all_parts():
    given_ = task("a").doing("Migrate everything in production").having(complexity=0.1)
    assert complexity(Draft("a", "x", "p", given_.spec)).parts == (("explicit", 0.1),)


@given(st.text(max_size=300))
def test_is_bounded_and_the_parts_add_up(text):
    found = complexity(Draft("a", text, "p"))
    assert 0 <= found.score <= 1
    assert found.score == pytest.approx(min(1, max(0, math.fsum(value for _, value in found.parts))), abs=1e-4)
    assert {name for name, _ in found.parts} <= set(PARTS)


def test_every_part_is_documented():
    text = (Path(__file__).parents[3] / "docs" / "planning.md").read_text(encoding="utf-8")
    for name, meaning in PARTS.items():
        assert f"| {name} | {meaning} |" in text
