"""Each sample is valid, and the scripts of the insights sample compute what they say, run by the agent as in a pod."""

from __future__ import annotations

import json
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.agent.pod import Finished, Pod

from taskdist.api import TaskDistribution

SAMPLES = Path(__file__).parents[3] / "manifests" / "samples"
MOST_POD_SECONDS = 60


def load(name: str) -> TaskDistribution:
    return TaskDistribution.model_validate(yaml.safe_load((SAMPLES / f"{name}.yaml").read_text()))


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_is_a_valid_distribution_named_like_its_file(path: Path) -> None:
    assert load(path.stem).metadata.name == path.stem


class Insights:
    """The insights sample, run in its order with each script in an agent of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.finished: dict[str, Finished] = {}
        self.groups: dict[str, list[str]] = {}

    def run(self) -> None:
        for task in load("insights").spec.tasks:
            items: tuple[str | None, ...] = task.for_each or (None,)
            ids = [task.name if item is None else f"{task.name}-{i}" for i, item in enumerate(items)]
            self.groups[task.name] = ids
            for subtask, item in zip(ids, items, strict=True):
                self._run_one(subtask, item, task)

    def _run_one(self, subtask: str, item: str | None, task: Any) -> None:
        done_before = {each: self._texts(each) for each in self.finished}
        document = {
            "subtask": subtask,
            "script": task.script,
            "env": {each.name: each.value for each in task.env},
            "inputs": done_before,
            "groups": {
                name: ids for name, ids in self.groups.items() if ids != [name] and set(ids) <= set(done_before)
            },
        }
        folder = self.folder / subtask
        folder.mkdir()
        done = Pod(folder).run(document | ({} if item is None else {"item": item}))
        assert done.exit_code == 0, f"{subtask}: {done.stderr}"
        self.finished[subtask] = done

    def _texts(self, subtask: str) -> dict[str, str]:
        """Results as a SubTask's status keeps them."""
        results = self.finished[subtask].results
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in results.items()}


@pytest.fixture(scope="module")
def insights(tmp_path_factory: pytest.TempPathFactory) -> Insights:
    run = Insights(tmp_path_factory.mktemp("insights"))
    run.run()
    return run


def test_every_source_is_counted_once(insights: Insights) -> None:
    root = Path(sysconfig.get_path("stdlib"))
    without = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}
    files = [path for path in root.rglob("*.py") if without.isdisjoint(path.relative_to(root).parts)]
    merged = insights.finished["merge"].results
    assert merged["files"] == insights.finished["prepare"].results["files"] == len(files) > 300
    assert merged["functions"] > 10_000
    assert 1 <= merged["p50"] <= merged["p90"] <= merged["p99"] <= merged["worst"][0][0]


def test_the_shares_are_of_equal_size(insights: Insights) -> None:
    lines = [insights.finished[f"measure-{i}"].results["lines"] for i in range(5)]
    assert max(lines) < 1.5 * min(lines)


def test_the_second_method_agrees(insights: Insights) -> None:
    assert insights.finished["validate"].results["verdict"] == "counted twice, equal"


def test_the_report_names_the_findings(insights: Insights) -> None:
    report = insights.finished["report"]
    merged = insights.finished["merge"].results
    assert f"{merged['functions']} functions in {merged['files']} files" in report.results["headline"]
    assert f"| lines | {merged['lines']} |" in report.stdout
    assert merged["worst"][0][1] in report.stdout
    assert "- sys" not in report.stdout  # built in, no source
    assert not report.stderr


def test_no_pod_needs_more_than_it_asks_for(insights: Insights) -> None:
    for subtask, done in insights.finished.items():
        usage = done.message["usage"]
        assert usage["peakMemoryBytes"] < 160 * 2**20, subtask
        assert float(usage["cpuSeconds"]) < MOST_POD_SECONDS, subtask
        assert len(done.raw) < 4096, subtask
