"""A sample of the generated cases; `make campaign` runs hundreds (docs/campaign.md)."""

from __future__ import annotations

import pytest
from e2e.campaign.__main__ import described
from e2e.campaign.cases import generate
from e2e.campaign.run import Campaign, sound
from e2e.campaign.setting import add_agent_types
from e2e.faults.scene import Scene

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = pytest.mark.e2e

CASES = 40


def test_generated_cases_are_created_changed_and_rolled_back(scene: Scene) -> None:
    add_agent_types(scene)
    with scene.operator() as operator:
        campaign = Campaign(scene, operator)
        verdicts = campaign.run(generate(CASES, seed=7))
        alarms = campaign.alarms()
    wrong = [f"{described(verdict.case)}\n{verdict.wrong}" for verdict in verdicts if verdict.wrong]
    assert not wrong, "\n\n".join(wrong)
    assert not alarms
    assert sum(verdict.changed for verdict in verdicts) >= CASES // 2


def test_what_stands_against_a_default_is_a_mistake_of_the_plan() -> None:
    tasks = [{"name": "t0", "agentType": "general", "script": "true"}]
    assert sound({"tasks": tasks})
    assert not sound({"tasks": tasks, "resourcePolicy": {"max": {"cpu": 0}}})


def test_a_seed_always_gives_the_same_cases() -> None:
    assert generate(50, seed=3) == generate(50, seed=3) != generate(50, seed=4)
    assert len(generate(300, seed=1)) == 300
