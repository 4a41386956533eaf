"""A node that has fallen silent: what runs there may be at work or not, and nobody can end it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.reconcile.world import World, distribution, plan, task

from taskdist.reconcile.actions import DeletePod
from taskdist.reconcile.health import NodeView

HERE, AWAY = NodeView("n1", {}, usable=True), NodeView("n2", {}, usable=True)


def running(seconds: int | None = None) -> World:
    """One subtask whose pod runs on n1."""
    placement = {} if seconds is None else {"placement": {"replaceUnreachableSeconds": seconds}}
    world = World(plan(task("a").locks("table")), distribution(**placement))
    world.catalogue.health.nodes.listed([HERE, AWAY])
    world.settle()
    world.pods["release-a-1"]["spec"]["nodeName"] = "n1"
    world.run_pod("release-a-1")
    world.settle()
    return world


def falls_silent(world: World, name: str = "n1") -> None:
    world.catalogue.health.nodes.changed(NodeView(name, {}, usable=False, silent_since=world.now))
    world.seen.touch(world.seen.subtasks)


def answers_again(world: World) -> None:
    world.catalogue.health.nodes.changed(HERE)
    world.seen.touch(world.seen.subtasks)


def later(world: World, seconds: int) -> None:
    world.now += timedelta(seconds=seconds)
    world.settle()


def said(world: World) -> tuple[str, str, str]:
    status: dict[str, Any] = world.subtasks["release-a"]["status"]
    return status["phase"], status["reason"], status["message"]


def test_nothing_is_begun_beside_it_unless_that_is_asked_for() -> None:
    world = running()
    falls_silent(world)
    later(world, 86_400)
    assert world.created == ["release-a-1"]
    assert world.deleted == []


def test_it_is_told_what_is_waited_for_and_when_that_is_over() -> None:
    world = running()
    falls_silent(world)
    world.settle()
    later(world, 5)
    phase, reason, message = said(world)
    assert (phase, reason) == ("Running", "NodeUnreachable")
    assert "node n1 has been unreachable since 2026-01-01T" in message
    assert "node.kubernetes.io/out-of-service" in message
    answers_again(world)
    world.settle()
    assert said(world)[:2] == ("Running", "Started")
    world.run_to_the_end()
    assert world.created == ["release-a-1"]


def test_a_short_silence_is_not_worth_a_word() -> None:
    world = running()
    falls_silent(world)
    later(world, 4)
    answers_again(world)
    later(world, 60)
    assert said(world)[:2] != ("Running", "NodeUnreachable")
    assert world.subtasks["release-a"].get("status", {}).get("phase") == "Running"


def test_work_that_may_run_twice_is_begun_anew_and_the_old_pod_told_to_end() -> None:
    world = running(60)
    falls_silent(world)
    later(world, 59)
    assert world.created == ["release-a-1"]
    deletions = []
    world.now += timedelta(seconds=1)
    for _ in range(3):
        deletions += [a for a in world.step().actions if isinstance(a, DeletePod)]
    assert [(d.name, d.force) for d in deletions] == [("release-a-1", False)]
    assert world.created == ["release-a-1", "release-a-2"]
    world.run_to_the_end()
    first, second = world.subtasks["release-a"]["status"]["attempts"]
    assert (first["reason"], second["reason"]) == ("NodeLost", "Completed")


def stays(world: World, name: str) -> None:
    """Nobody ends the pod although it has been told to go: what the API server keeps while its kubelet is silent."""
    apply = world._apply

    def obey(action: Any) -> None:
        if isinstance(action, DeletePod) and action.name == name:
            world.deleted.append(name)
            world.seen.pending.discard(("delete", action.uid))
            world.pods[name]["metadata"]["deletionTimestamp"] = "2026-01-01T00:10:00Z"
            world.run_pod(name)
        else:
            apply(action)

    world._apply = obey  # type: ignore[method-assign]


def test_the_old_pod_that_stays_stands_in_nobodys_way() -> None:
    world = running(60)
    stays(world, "release-a-1")
    falls_silent(world)
    world.settle()
    later(world, 60)
    assert world.created == ["release-a-1", "release-a-2"]
    world.end_pod("release-a-2")
    world.settle()
    assert world.status["phase"] == "Succeeded"
    assert world.deleted.count("release-a-1") == 1


def test_what_may_still_run_keeps_its_lock() -> None:
    world = running(60)
    stays(world, "release-a-1")
    falls_silent(world)
    world.settle()
    later(world, 60)
    world.end_pod("release-a-2")
    world.settle()
    other = World(plan(task("x").locks("table")), distribution(name="other"), shared=world.catalogue, now=world.now)
    other.settle()
    assert other.created == []


def test_a_pod_of_an_earlier_attempt_that_cannot_be_ended_is_named() -> None:
    world = running()
    stays(world, "release-a-1")
    world.edit(suspend=True, onSuspend="Stop")
    world.settle()
    falls_silent(world)
    world.edit()
    world.settle()
    later(world, 5)
    phase, reason, message = said(world)
    assert (phase, reason) == ("Ready", "NodeUnreachable")
    assert "pod release-a-1 may run there" in message
    assert world.created == ["release-a-1"]
    world.lose_pod("release-a-1")
    world.settle()
    assert world.created == ["release-a-1", "release-a-2"]


def test_a_pod_of_an_earlier_attempt_is_ended_by_force_once_its_node_is_no_more() -> None:
    world = running()
    stays(world, "release-a-1")
    world.edit(suspend=True, onSuspend="Stop")
    world.settle()
    world.edit()
    world.settle()
    del world._apply  # type: ignore[method-assign]
    world.catalogue.health.nodes.deleted("n1")
    world.seen.touch(world.seen.subtasks)
    world.settle()
    assert world.created == ["release-a-1", "release-a-2"]


@pytest.mark.parametrize(("silent", "reason"), [(True, "NodeLost"), (False, "Evicted")])
def test_what_is_taken_from_a_silent_node_is_lost_with_it(silent: bool, reason: str) -> None:
    world = running()
    if silent:
        falls_silent(world)
        world.settle()
    pod = world.pods["release-a-1"]
    taken = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager", "message": "NoExecute"}
    pod["status"] = {"phase": "Failed", "conditions": [taken]}
    world.forget_everything()
    world.settle()
    (first, *_) = world.subtasks["release-a"]["status"]["attempts"]
    assert first["reason"] == reason
    assert "NoExecute" in first["message"]


def test_an_operator_that_may_not_see_nodes_concludes_nothing() -> None:
    world = running(60)
    world.catalogue.health.nodes.seen = None
    world.seen.touch(world.seen.subtasks)
    later(world, 86_400)
    assert world.created == ["release-a-1"]


def test_changing_how_long_to_wait_is_no_other_plan() -> None:
    world = running()
    before = world.seen.spec_hash
    world.edit(placement={"replaceUnreachableSeconds": 60})
    assert world.seen.spec_hash == before
    falls_silent(world)
    world.settle()
    later(world, 60)
    assert world.created == ["release-a-1", "release-a-2"]
