"""``retainResults``: a pod is deleted before anybody has seen how it ended, and nothing is lost; and nothing is held for ever."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.reconcile.world import World, _pod, agent_type, distribution, plan, task

from taskdist.reconcile.actions import CreatePod, PatchSubTaskStatus
from taskdist.reconcile.decide import decide
from taskdist.reconcile.projection import Catalogue

FINALIZER = "taskdist.dev/result"


def retaining(*, root: dict[str, Any] | None = None) -> World:
    catalogue = Catalogue({"general": agent_type(retainResults=True)}, {}, "agent:1")
    world = World(plan(task("a"), task("b").after("a")), distribution(**(root or {})), shared=catalogue)
    world.settle()
    world.pods["release-a-1"]["spec"]["nodeName"] = "n1"
    world.run_pod("release-a-1")
    world.settle()
    return world


def killed(world: World, name: str) -> None:
    """What a kubelet says of a pod that it had to end."""
    world.end_pod(name, 143, json.dumps({"reason": "Terminated", "error": "asked to end by SIGTERM after 1 s"}))


def test_only_agent_types_that_ask_for_it_hold_their_pods() -> None:
    world = World(plan(task("a")))
    world.settle()
    assert "finalizers" not in world.pods["release-a-1"]["metadata"]
    assert retaining().pods["release-a-1"]["metadata"]["finalizers"] == [FINALIZER]


def test_what_ended_and_was_deleted_while_nobody_looked_is_recorded() -> None:
    world = retaining()
    world.end_pod("release-a-1", message=json.dumps({"results": {"rows": 7}}))
    world.delete_pod("release-a-1")
    world.forget_everything()
    world.settle()
    assert world.subtasks["release-a"]["status"]["results"] == {"rows": "7"}
    assert world.created == ["release-a-1", "release-b-1"]
    assert "release-a-1" not in world.pods


def test_a_pod_is_let_go_once_and_only_after_its_end_is_written() -> None:
    world = retaining()
    world.end_pod("release-a-1")
    first = world.step()
    assert [type(a).__name__ for a in first.actions] == ["PatchSubTaskStatus"]
    world.settle()
    assert world.released == ["release-a-1"]
    world.run_to_the_end()
    assert world.released == ["release-a-1", "release-b-1"]
    assert world.status["phase"] == "Succeeded"


def test_a_pod_deleted_while_it_runs_is_lost_and_not_the_works_fault() -> None:
    world = retaining()
    world.delete_pod("release-a-1")
    world.settle()
    assert world.created == ["release-a-1"], "it may still be at work"
    killed(world, "release-a-1")
    (patch,) = world.step().actions
    assert isinstance(patch, PatchSubTaskStatus)
    assert patch.unless_pod == "", "it is there, and has ended"
    world.settle()
    assert world.subtasks["release-a"]["status"]["attempts"][0]["reason"] == "PodLost"
    assert world.created == ["release-a-1", "release-a-2"]
    assert "release-a-1" not in world.pods


def test_a_failure_before_its_deletion_is_a_failure() -> None:
    world = retaining()
    killed(world, "release-a-1")
    world.now += timedelta(seconds=1)
    world.delete_pod("release-a-1")
    world.settle()
    assert world.subtasks["release-a"]["status"]["attempts"][0]["reason"] == "AgentError"


def test_a_pod_that_never_was_on_a_node_is_let_go_at_once() -> None:
    world = retaining()
    del world.pods["release-a-1"]["spec"]["nodeName"]
    world.pods["release-a-1"].pop("status")
    world.delete_pod("release-a-1")
    world.settle()
    assert world.created == ["release-a-1", "release-a-2"]


def gone(world: World) -> None:
    """Deleted while the operator was away, and collected but for the pod."""
    world.root = None  # type: ignore[assignment]
    world.seen.root = None
    for name in list(world.subtasks):
        raw = world.subtasks.pop(name)
        world.seen.forget_subtask(raw["spec"]["id"], raw["metadata"]["uid"])
    world.delete_pod("release-a-1")


def test_the_pod_of_what_is_gone_is_let_go_although_it_runs() -> None:
    world = retaining()
    gone(world)
    decision = decide(world.seen, world.catalogue, world.now)
    assert [(type(a).__name__, a.name) for a in decision.actions] == [("ReleasePod", "release-a-1")]
    assert decide(world.seen, world.catalogue, world.now).actions == ()


def test_what_is_gone_with_its_root_being_deleted_in_the_foreground_is_let_go() -> None:
    world = retaining()
    metadata = world.root.metadata.model_copy(update={"deletion_timestamp": world.now})
    world.seen.observe_root(world.root.model_copy(update={"metadata": metadata}), world.status)
    world.delete_pod("release-a-1")
    assert [type(a).__name__ for a in decide(world.seen, world.catalogue, world.now).actions] == ["ReleasePod"]


@pytest.mark.parametrize("deleted", [True, False])
def test_a_pod_whose_owner_was_taken_away_is_let_go(deleted: bool) -> None:
    world = retaining()
    world.pods["release-a-1"]["metadata"]["ownerReferences"] = []
    if deleted:
        world.delete_pod("release-a-1")
    world.seen.observe_pod(_pod(world.pods["release-a-1"]))
    actions = decide(world.seen, world.catalogue, world.now).actions
    assert "ReleasePod" in [type(a).__name__ for a in actions]


def test_an_end_that_nobody_will_ever_record_is_not_waited_for_for_ever() -> None:
    """Its root was deleted and its children orphaned: nothing decides on them any more."""
    world = retaining()
    world.seen.root = None
    world.end_pod("release-a-1")
    world.delete_pod("release-a-1")
    waits = decide(world.seen, world.catalogue, world.now)
    assert (waits.actions, waits.requeue_seconds) == ((), 300)
    world.now += timedelta(seconds=300)
    assert [type(a).__name__ for a in decide(world.seen, world.catalogue, world.now).actions] == ["ReleasePod"]


@pytest.mark.parametrize("how", ["edited", "cancelled", "suspended", "resubmitted"])
def test_what_is_taken_away_on_purpose_is_let_go(how: str) -> None:
    world = retaining()
    match how:
        case "edited":
            world.edit(plan(task("a").script("another"), digest="abc2"), description="else")
        case "cancelled":
            world.edit(cancel=True)
        case "suspended":
            world.edit(suspend=True, onSuspend="Stop")
        case "resubmitted":
            world.edit(annotations={"taskdist.dev/resubmit": "now"})
    world.settle()
    assert world.released == ["release-a-1"]
    stuck = [n for n, p in world.pods.items() if "deletionTimestamp" in p["metadata"]]
    assert stuck == []


def test_no_pod_is_made_while_the_one_before_is_held() -> None:
    world = retaining()
    world.edit(plan(task("a").script("another"), digest="abc2"), description="else")
    for _ in range(10):
        held = {n for n, p in world.pods.items() if "deletionTimestamp" in p["metadata"]}
        decision = world.step()
        assert not [a for a in decision.actions if isinstance(a, CreatePod) and a.name in held]
    assert world.created == ["release-a-1", "release-a-1"]
