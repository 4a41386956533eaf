"""The commands that ask a cluster, against a real API server: its objects are what the operator would have written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from taskdist import engine
from taskdist.api import TaskDistribution
from taskdist.cli.app import run
from taskdist.engine.history import Learned, Run
from taskdist.engine.model import Complexity
from taskdist.planning.learned import written
from taskdist.planning.request import plan_request
from taskdist.planning.shipped import agent_types
from taskdist.planning.shipped import manifests as agent_type_manifests
from taskdist.reconcile.plan_object import plan_objects
from taskdist.reconcile.subtask_object import subtask_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from e2e.cluster import Cluster

pytestmark = pytest.mark.integration


@pytest.fixture
def call(crds: Cluster, namespace: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def called(*arguments: str) -> tuple[int, str, str]:
        code = run([*arguments, "-n", namespace, "--kubeconfig", str(crds.kubeconfig)])
        out, err = capsys.readouterr()
        return code, out, err

    return called


class Kept:
    """A distribution with the plans, subtasks and status that an operator keeps of it."""

    def __init__(self, cluster: Cluster, namespace: str, **spec: Any) -> None:
        self._cluster, self._namespace, self._revision = cluster, namespace, 0
        self.root = self._make(
            {
                "apiVersion": "taskdist.dev/v1alpha1",
                "kind": "TaskDistribution",
                "metadata": {"name": "release"},
                "spec": spec,
            }
        )

    def _make(self, body: dict[str, Any]) -> TaskDistribution:
        made = self._cluster.kubectl(
            "create", "-n", self._namespace, "-o", "json", "-f", "-", input=json.dumps(body)
        ).stdout
        kind = json.loads(made)
        return TaskDistribution.model_validate(kind) if kind["kind"] == "TaskDistribution" else kind

    def _status(self, kind: str, name: str, status: dict[str, Any]) -> None:
        patch = json.dumps({"status": status})
        self._cluster.kubectl(
            "patch", "-n", self._namespace, kind, name, "--subresource=status", "--type=merge", "-p", patch
        )

    def planned(self, **spec: Any) -> engine.Plan:
        """Keep one more revision: the plan of the spec with these changes."""
        self._revision += 1
        changed = self.root.model_copy(update={"spec": self.root.spec.model_copy(update=spec)}) if spec else self.root
        made = engine.plan(plan_request(changed, agent_types()))
        for one in plan_objects(self.root, made, self._revision, "0123456789abcdef"):
            self._make(one.body)
        status = {"plan": {"name": f"release-{self._revision}", "hash": made.hash, "revision": self._revision}}
        self._status("td", "release", status)
        return made

    def ended(self, made: engine.Plan, *, failed: str) -> None:
        """Keep its subtasks, each an hour long and ended: all well but one."""
        for number, planned in enumerate(made.subtasks):
            body = subtask_object(self.root, "release-1", planned)
            body["metadata"] |= {"name": f"release-{planned.id}"}
            self._make(body)
            phase = "Failed" if planned.id == failed else "Succeeded"
            hour = f"2026-05-01T{number:02}:"
            self._status(
                "st",
                f"release-{planned.id}",
                {
                    "phase": phase,
                    "attemptCount": 1,
                    "attempts": [
                        {
                            "number": 1,
                            "createTime": f"{hour}00:00Z",
                            "startTime": f"{hour}05:00Z",
                            "finishTime": f"{hour}45:00Z",
                            "peakMemory": "256Mi",
                        }
                    ],
                    "usage": {
                        "seconds": 2400,
                        "costUSD": "0.50",
                        "memoryGiBSeconds": "2400",
                        "wastedMemoryGiBSeconds": "1800",
                    },
                },
            )
        count = len(made.subtasks)
        self._status(
            "td",
            "release",
            {
                "phase": "Failed",
                "counts": {"total": count, "failed": 1, "succeeded": count - 1},
                "startTime": "2026-05-01T00:05:00Z",
                "completionTime": "2026-05-01T01:45:00Z",
                "estimate": {
                    "costUSD": "0.10",
                    "costLowUSD": "0.08",
                    "costHighUSD": "0.20",
                    "durationSeconds": 600,
                    "basis": "Prior",
                },
            },
        )

    def now(self) -> dict[str, Any]:
        """Return the object as it is in the cluster."""
        return dict(
            json.loads(self._cluster.kubectl("get", "-n", self._namespace, "td", "release", "-o", "json").stdout)
        )


TWO = [
    {"name": "fetch", "description": "Fetch the data", "agentType": "data", "script": "true"},
    {"name": "deploy", "description": "Deploy it", "agentType": "deployment", "script": "true", "dependsOn": ["fetch"]},
]


@pytest.fixture
def kept(crds: Cluster, namespace: str) -> Kept:
    return Kept(crds, namespace, tasks=TWO, planning={"mode": "Manual"})


def test_a_kept_plan_is_shown(call: Any, kept: Kept) -> None:
    made = kept.planned()
    for name in ("release", "release-1"):
        code, out, err = call("plan", "show", name)
        assert (code, err) == (0, "")
        assert "fetch" in out
        assert made.hash[:8] in out
    document = json.loads(call("plan", "show", "release", "-o", "json")[1])
    assert [s["id"] for s in document["subtasks"]] == ["fetch", "deploy"]
    assert document["hash"] == made.hash


def test_revisions_are_shown_and_compared(call: Any, kept: Kept) -> None:
    first = kept.planned()
    tasks = kept.root.spec.tasks
    kept.planned(tasks=(tasks[0], tasks[1].model_copy(update={"agent_type": "integration"})))
    assert first.hash[:8] in call("plan", "show", "release", "--revision", "1")[1]
    assert first.hash[:8] not in call("plan", "show", "release")[1]
    code, out, _ = call("plan", "diff", "release", "--detailed-exitcode")
    assert code == 2
    assert "deployment" in out
    assert "integration" in out
    assert call("plan", "diff", "release-1", "release-2")[1] == out
    code, _, err = call("plan", "show", "release", "--revision", "7")
    assert (code, err) == (1, 'taskdist: TaskDistribution "release" has no plan of revision 7; kept are: 1, 2\n')


def test_one_revision_has_no_difference(call: Any, kept: Kept) -> None:
    kept.planned()
    code, _, err = call("plan", "diff", "release")
    assert code == 1
    assert "has 1 plan revisions" in err


def test_a_plan_of_many_subtasks_is_read_back_from_its_config_map(call: Any, crds: Cluster, namespace: str) -> None:
    kept = Kept(
        crds, namespace, tasks=[{"name": "part", "script": "echo $(item)", "forEach": [str(i) for i in range(600)]}]
    )
    made = kept.planned()
    document = json.loads(call("plan", "show", "release", "-o", "json")[1])
    assert [s["id"] for s in document["subtasks"]] == [s.id for s in made.subtasks]
    assert [s["start"] for s in document["subtasks"]] == [s.start for s in made.subtasks]


def test_approval_names_the_plan(call: Any, kept: Kept) -> None:
    assert call("approve", "release")[2] == 'taskdist: TaskDistribution "release" has no plan yet\n'
    made = kept.planned()
    code, _, err = call("approve", "release", "--hash", "beef")
    assert code == 1
    assert made.hash[:12] in err
    assert call("approve", "release")[0] == 0
    assert kept.now()["spec"]["approvedPlanHash"] == made.hash
    assert "approved already" in call("approve", "release")[1]


def test_retry_asks_only_where_something_is_undone(call: Any, kept: Kept) -> None:
    made = kept.planned()
    assert "nothing failed" in call("retry", "release")[1]
    assert "annotations" not in kept.now()["metadata"]
    kept.ended(made, failed="deploy")
    tokens = []
    for _ in range(2):
        code, out, _ = call("retry", "release")
        assert (code, out) == (0, "TaskDistribution release: asked to try again what is undone (1 failed)\n")
        tokens.append(kept.now()["metadata"]["annotations"]["taskdist.dev/retry"])
    assert tokens[0] < tokens[1]


def test_resubmit_takes_a_cancellation_back(call: Any, kept: Kept) -> None:
    kept.planned()
    assert call("cancel", "release")[0] == 0
    assert kept.now()["spec"]["cancel"] is True
    assert call("resubmit", "release")[0] == 0
    now = kept.now()
    assert now["spec"]["cancel"] is False
    assert now["metadata"]["annotations"]["taskdist.dev/resubmit"]


def test_the_report_tells_waits_cost_and_waste(call: Any, kept: Kept) -> None:
    kept.ended(kept.planned(), failed="deploy")
    code, out, err = call("report", "release")
    assert (code, err) == (0, "")
    assert "$1.00; planned $0.10 ($0.08 to $0.20)" in out
    assert "75% of what was requested was never used" in out
    document = json.loads(call("report", "release", "-o", "json")[1])
    assert document["longestWay"] == ["fetch", "deploy"]
    assert [(s["heldSeconds"], s["startingSeconds"], s["runningSeconds"]) for s in document["subtasks"]] == [
        (0, 300, 2400),
        (900, 300, 2400),
    ]


def test_top_without_pods_and_without_metrics(call: Any, kept: Kept) -> None:
    assert call("top") == (0, "", "nothing runs\n")
    assert call("top", "none")[0] == 1


@pytest.fixture
def shipped(crds: Cluster) -> Iterator[None]:
    """The shipped agent types, which other tests want to find absent."""
    objects = json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [each.wire() for each in agent_type_manifests()]}
    )
    crds.kubectl("create", "-f", "-", input=objects)
    yield
    crds.kubectl("delete", "-f", "-", input=objects)


@pytest.mark.usefixtures("shipped")
def test_running_distributions_hold_money_and_room(call: Any, crds: Cluster, namespace: str, tmp_path: Path) -> None:
    Kept(crds, namespace, tasks=[{"name": "part", "script": "echo $(item)", "forEach": ["a", "b", "c"]}]).planned()
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "pods"},
        "spec": {"hard": {"pods": "4"}},
    }
    crds.kubectl("create", "-n", namespace, "-f", "-", input=json.dumps(quota))
    room = json.dumps({"status": {"hard": {"pods": "4"}, "used": {"pods": "0"}}})
    crds.kubectl("patch", "-n", namespace, "quota", "pods", "--subresource=status", "--type=merge", "-p", room)
    manifest = {
        "apiVersion": "taskdist.dev/v1alpha1",
        "kind": "TaskDistribution",
        "metadata": {"name": "second"},
        "spec": {
            "tasks": [{"name": "part", "script": "echo $(item)", "forEach": ["a", "b", "c"]}],
            "limits": {"budgetUSD": "0.25"},
        },
    }
    file = tmp_path / "second.json"
    file.write_text(json.dumps(manifest))
    code, out, _ = call("plan", "-f", str(file), "--from-cluster")
    assert code == 1
    assert "reserved by running distributions (release: $0.1" in out
    assert "RoomContended" in out
    manifest["metadata"] = {"name": "release"}
    file.write_text(json.dumps(manifest))
    assert "reserved by" not in call("plan", "-f", str(file), "--from-cluster")[1]


def test_history_tells_what_attempts_took(crds: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    """Of an AgentType whose status is as the operator writes it; one without a status has nothing to tell."""
    for name in ("history-taught", "history-fresh"):
        body = {"apiVersion": "taskdist.dev/v1alpha1", "kind": "AgentType", "metadata": {"name": name}}
        crds.kubectl("apply", "-f", "-", input=json.dumps(body | {"spec": {"specialization": "general"}}))
    learned = Learned()
    for seconds in (40, 42):
        learned.add(Run(seconds, memory_bytes=200 * 1024**2), Complexity(0.5), "0123456789abcdef")
    learned.delays.start.add(1.25, 0)
    status = {"status": written(learned, "2026-01-02T03:04:05Z")}
    patch = ("--subresource=status", "--type=merge", "-p", json.dumps(status))
    crds.kubectl("patch", "agenttypes.taskdist.dev", "history-taught", *patch)

    def told(*arguments: str) -> tuple[int, str, str]:
        return run(["history", "stats", *arguments, "--kubeconfig", str(crds.kubeconfig)]), *capsys.readouterr()

    code, out, _ = told("history-taught")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines() if line][1::2] == [
        ["history-taught", "2", "41s"],
        ["0123456789abcdef", "2", "41s"],  # kept to within 5 %
    ]
    assert out.splitlines()[1].split()[-2:] == ["1.25s", "-"], "a start was seen, and no hand-over"
    (item,) = json.loads(told("history-taught", "-o", "json")[1])["items"]
    assert (item["startSeconds"], item["handOverSeconds"]) == ("1.250", None)
    assert (item["samples"], item["measured"], item["until"]) == (2, 2, "2026-01-02T03:04:05+00:00")
    assert item["tasks"][0]["memoryBytesP95"] == pytest.approx(200 * 1024**2, rel=0.05)
    code, out, err = told("history-fresh")
    assert (code, out) == (0, "")
    assert "documented priors" in err
    assert told("history-absent")[0] == 1
