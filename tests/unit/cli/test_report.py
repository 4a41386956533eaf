"""The report: where the time went, what it cost against the plan, and which chain decided the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from taskdist.api import SubTask, TaskDistribution
from taskdist.cli.lines import plain
from taskdist.cli.report import reckon
from taskdist.cli.report_text import report_text
from taskdist.cli.top_text import top_text, uses

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)


def at(second: float) -> str:
    return (BEGIN + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


def attempt(number: int, create: float, start: float, finish: float | None = None) -> dict:
    found = {"number": number, "createTime": at(create), "startTime": at(start)}
    return found | ({"finishTime": at(finish)} if finish is not None else {})


def subtask(name: str, *attempts: dict, after: str = "", phase: str = "Succeeded", wasted: str = "0") -> SubTask:
    return SubTask.model_validate(
        {
            "metadata": {"name": f"release-{name}"},
            "spec": {
                "taskDistribution": "release",
                "id": name,
                "agentType": "data",
                "specialization": "data",
                "dependsOn": [{"name": one, "source": "Declared"} for one in after.split()],
                "complexity": "0.5",
                "resources": {"cpu": "500m", "memory": "1Gi"},
                "estimate": {"seconds": 100, "costUSD": "0.05"},
                "definitionHash": "0123456789abcdef",
            },
            "status": {
                "phase": phase,
                "attemptCount": len(attempts),
                "attempts": list(attempts),
                "usage": {
                    "seconds": _seconds(attempts),
                    "costUSD": "0.10",
                    "memoryGiBSeconds": "100",
                    "wastedMemoryGiBSeconds": wasted,
                },
            },
        }
    )


def _seconds(attempts) -> int:
    moments = [(a["startTime"], a["finishTime"]) for a in attempts if "finishTime" in a]
    return round(sum((datetime.fromisoformat(b) - datetime.fromisoformat(a)).total_seconds() for a, b in moments))


ROOT = TaskDistribution.model_validate(
    {
        "metadata": {"name": "release"},
        "spec": {"description": "Do it"},
        "status": {"phase": "Succeeded", "startTime": at(2), "completionTime": at(300)},
    }
)


def reckoned(*subtasks: SubTask, now: float = 1000):
    return reckon(ROOT, subtasks, BEGIN + timedelta(seconds=now))


def test_where_the_time_of_a_subtask_went():
    first = subtask("a", attempt(1, 0, 2, 50))
    second = subtask("b", attempt(1, 60, 65, 100), attempt(2, 110, 111, 150), after="a")
    one, two = reckoned(second, first).spent
    assert (one.held, one.starting, one.running, one.between) == (0, 2, 48, 0)
    assert (two.held, two.starting, two.running, two.between) == (10, 6, 74, 10)


def test_what_has_not_begun_is_held_since_it_was_ready():
    waiting = subtask("b", after="a", phase="Waiting")
    assert reckoned(subtask("a", attempt(1, 0, 2, 50)), waiting, now=80).spent[1].held == 30
    assert reckoned(subtask("a", attempt(1, 0, 2), phase="Running"), waiting, now=80).spent[1].held == 0


def test_what_was_skipped_waited_for_nothing():
    skipped = subtask("b", after="a", phase="Skipped")
    assert reckoned(subtask("a", attempt(1, 0, 2, 50), phase="Failed"), skipped).spent[1].held == 0


def test_the_chain_follows_whoever_ended_last():
    made = reckoned(
        subtask("a", attempt(1, 0, 1, 10)),
        subtask("b", attempt(1, 0, 1, 90)),
        subtask("c", attempt(1, 90, 91, 100), after="a b"),
        subtask("d", attempt(1, 10, 11, 95), after="a"),
    )
    assert [one.id for one in made.chain] == ["b", "c"]


def test_waste_and_deviation_of_the_whole():
    measured = attempt(1, 0, 0, 50) | {"peakMemory": "512Mi"}
    made = reckoned(subtask("a", measured, wasted="80"), subtask("b", attempt(1, 0, 0, 150), wasted="20"))
    assert made.wasted_share == pytest.approx(0.5)
    assert made.deviation == pytest.approx(0.5)
    assert reckoned().wasted_share is None
    assert reckoned(subtask("a", attempt(1, 0, 0, 50))).wasted_share is None  # nobody measured


def test_an_estimate_that_is_far_off_is_told_as_a_factor():
    lines = report_text(reckoned(subtask("a", attempt(1, 0, 0, 2))), BEGIN + timedelta(seconds=400), 100)
    assert "off by 49 times their time" in " ".join(map(plain, lines))


@pytest.mark.parametrize("width", [80, 120])
def test_the_report_fits_the_terminal(width):
    made = reckoned(
        *(subtask(f"part-{i}", attempt(1, i, i + 2, i + 50), after=f"part-{i - 1}" if i else "") for i in range(30))
    )
    lines = [plain(one) for one in report_text(made, BEGIN + timedelta(seconds=400), width)]
    assert max(map(len, lines)) <= width
    assert any("longest way" in one and "more" in one for one in [" ".join(lines)])


def pod(name: str, phase: str = "Running") -> dict:
    return {
        "metadata": {"name": name, "labels": {"taskdist.dev/distribution": "release", "taskdist.dev/subtask": name}},
        "spec": {"nodeName": "n1", "containers": [{"resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}]},
        "status": {"phase": phase},
    }


def test_top_joins_pods_and_metrics():
    metrics = [
        {"metadata": {"name": "a"}, "containers": [{"usage": {"cpu": "250123456n", "memory": "1000000Ki"}}]},
        {"metadata": {"name": "gone"}, "containers": [{"usage": {"cpu": "1", "memory": "1Gi"}}]},
    ]
    found = uses([pod("b"), pod("a"), pod("c", "Pending")], metrics)
    assert [(use.subtask, use.used.cpu_millis if use.used else None) for use in found] == [("a", 250), ("b", None)]
    text = "\n".join(plain(one) for one in top_text(found))
    assert "95%" in text
    assert "in all" in text
