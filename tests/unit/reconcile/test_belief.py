"""A status can be written by anybody who has the right to: a success that its pod contradicts is not believed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.unit.cluster.test_store import KEY, store
from tests.unit.cluster.test_store import pod as wire_pod
from tests.unit.cluster.test_store import subtask as wire_subtask
from tests.unit.reconcile.test_decide_machine import Machine, Replica
from tests.unit.reconcile.world import World, _subtask, plan, task

from taskdist.api.task_distribution import TaskDistribution
from taskdist.cluster.wire import WireSubTaskStatus
from taskdist.reconcile.actions import CreatePod, DeleteSubTask


def chain() -> World:
    world = World(plan(task("a"), task("b").after("a")))
    world.settle()
    world.run_pod("release-a-1")
    world.settle()
    return world


def forge(world: World, id_: str, **status: Any) -> None:
    """Somebody writes a SubTask's status."""
    raw = world.subtasks[f"release-{id_}"]
    raw["status"] = {**raw.get("status", {}), **status}
    raw["metadata"]["resourceVersion"] = str(next(world._versions))
    world.seen.observe_subtask(_subtask(raw))


def completed(pod: str, uid: str) -> dict[str, Any]:
    times = dict.fromkeys(("createTime", "startTime", "finishTime"), "2026-01-01T00:00:00Z")
    attempt = {"number": 1, "pod": pod, "podUID": uid, "reason": "Completed", "exitCode": 0, **times}
    return {"phase": "Succeeded", "reason": "Completed", "attemptCount": 1, "attempts": [attempt]}


@pytest.mark.parametrize("whole", [False, True], ids=["phase alone", "with an attempt"])
def test_a_success_while_its_pod_runs_starts_nothing_and_is_replaced(whole: bool) -> None:
    world = chain()
    uid = world.pods["release-a-1"]["metadata"]["uid"]
    forge(world, "a", **(completed("release-a-1", uid) if whole else {"phase": "Succeeded"}))
    actions = world.step().actions
    assert not [a for a in actions if isinstance(a, CreatePod)]
    (deletion,) = [a for a in actions if isinstance(a, DeleteSubTask)]
    assert (deletion.name, deletion.unless_done) == ("release-a", "release-a-1" if whole else "")
    world.run_to_the_end()
    assert world.created == ["release-a-1", "release-a-1", "release-b-1"]
    assert world.status["phase"] == "Succeeded"


def test_a_success_of_what_never_began_is_replaced() -> None:
    world = chain()
    forge(world, "b", phase="Succeeded", reason="Completed")
    world.settle()
    assert (world.deleted, world.phase("b")) == (["release-b"], "Waiting")


def test_a_success_of_a_pod_that_failed_is_replaced() -> None:
    world = chain()
    uid = world.pods["release-a-1"]["metadata"]["uid"]
    world.end_pod("release-a-1", code=1)
    forge(world, "a", **completed("release-a-1", uid))
    world.forget_everything()
    actions = world.step().actions
    assert [a.why for a in actions if isinstance(a, DeleteSubTask)] == ["pod release-a-1 failed"]


def test_a_success_of_another_pod_is_replaced() -> None:
    world = chain()
    world.end_pod("release-a-1")
    forge(world, "a", **completed("release-a-1", "made-up"))
    world.forget_everything()
    actions = world.step().actions
    assert [a.why for a in actions if isinstance(a, DeleteSubTask)] == ["it records another pod than release-a-1"]


def test_nothing_starts_on_a_forged_success_whoever_is_looked_at_first() -> None:
    world = chain()
    forge(world, "a", phase="Succeeded", reason="Completed")
    world.subtasks = dict(reversed(world.subtasks.items()))
    world.forget_everything()
    assert not [a for a in world.step().actions if isinstance(a, CreatePod)]


def fanned(*items: str) -> World:
    world = World(plan(task("list"), task("each").after("list").for_each("list.items"), task("c").after("each")))
    world.settle()
    world.end_pod("release-list-1", message=json.dumps({"results": {"items": list(items)}}))
    return world


@pytest.mark.parametrize("made", [False, True])
def test_a_fan_out_that_has_ended_before_its_items_is_replaced(made: bool) -> None:
    world = fanned("x", "y")
    if made:
        world.settle()
    else:
        world.step()
    forge(world, "each", phase="Succeeded", reason="Completed")
    actions = world.step().actions
    assert [a.id for a in actions if isinstance(a, DeleteSubTask)] == ["each"]
    world.run_to_the_end()
    assert world.status["phase"] == "Succeeded"
    assert sorted(world.created) == ["release-c-1", "release-each-0-1", "release-each-1-1", "release-list-1"]


def test_a_fan_out_over_nothing_is_believed() -> None:
    world = fanned()
    world.run_to_the_end()
    world.forget_everything()
    world.settle()
    assert (world.deleted, world.status["phase"]) == ([], "Succeeded")


@pytest.mark.parametrize("key", ["", "rows"])
def test_only_what_may_be_cached_is_believed_to_be(key: str) -> None:
    world = World(plan(task("a").cached(key) if key else task("a"), task("b").after("a")))
    world.settle()
    world.lose_pod("release-a-1")
    world.seen.lost.clear()
    forge(world, "a", phase="Succeeded", reason="Cached")
    actions = world.step().actions
    assert bool([a for a in actions if isinstance(a, DeleteSubTask)]) is not bool(key)


def test_what_ended_well_is_believed_by_whoever_looks_anew() -> None:
    world = chain()
    world.end_pod("release-a-1", message=json.dumps({"results": {"rows": 1}}))
    world.run_to_the_end()
    world.forget_everything()
    world.settle()
    assert world.deleted == []
    assert world.created == ["release-a-1", "release-b-1"]


def test_a_fan_out_has_no_pod_and_is_believed() -> None:
    world = fanned("x")
    world.run_to_the_end()
    world.forget_everything()
    world.settle()
    assert world.deleted == []
    assert world.status["phase"] == "Succeeded"


# --- what others write while it is seen ------------------------------------------------------------------------------


def written(version: str, **status: Any) -> Any:
    return msgspec.structs.replace(wire_subtask(version), status=msgspec.convert(status, WireSubTaskStatus))


def test_a_success_that_nobody_has_seen_a_pod_of_is_strange() -> None:
    made, _ = store()
    made.projection(KEY).forget_pod(made.projection(KEY).pods_of("a")[0])
    made.projection(KEY).lost.clear()
    made.subtask_event("MODIFIED", written("2", **completed("release-a-1", "made-up")))
    assert made.projection(KEY).doubted == {"s-1": "nobody has seen its pod"}


def test_the_echo_of_an_own_write_is_not_strange() -> None:
    made, _ = store()
    made.projection(KEY).forget_pod(made.projection(KEY).pods_of("a")[0])
    made.projection(KEY).pending.add(("status", "a"))
    made.subtask_event("MODIFIED", written("2", **completed("release-a-1", "p-1")))
    assert made.projection(KEY).doubted == {}


def test_results_that_change_after_the_end_are_strange() -> None:
    made, _ = store()
    made.pod_event("MODIFIED", wire_pod("Succeeded"))
    made.subtask_event("MODIFIED", written("2", **completed("release-a-1", "p-1"), results={"rows": "1"}))
    assert made.projection(KEY).doubted == {}
    made.subtask_event("MODIFIED", written("3", **completed("release-a-1", "p-1"), results={"rows": "2"}))
    assert made.projection(KEY).doubted == {"s-1": "its results were changed after its end"}
    made.projection(KEY).forget_subtask("a", "s-1")
    assert made.projection(KEY).doubted == {}


def test_what_was_ours_and_changes_its_owner_is_known_as_such() -> None:
    made, rung = store()
    root = {"metadata": {"name": "release", "namespace": "team", "uid": "r"}, "spec": {"description": "x"}}
    made.projection(KEY).observe_root(TaskDistribution.model_validate(root), {})
    rung.clear()
    bare = msgspec.structs.replace(wire_subtask("2").metadata, owner_references=[])
    made.subtask_event("MODIFIED", msgspec.structs.replace(wire_subtask("2"), metadata=bare))
    known = made.projection(KEY).subtasks["a"]
    assert (known.disowned, known.forged, known.resource_version) == (True, True, "2")
    assert rung == [KEY]


def test_what_changed_its_owner_is_replaced_finished_or_not() -> None:
    world = chain()
    world.end_pod("release-a-1")
    world.settle()
    world.seen.observe_subtask(replace(world.seen.subtasks["a"], disowned=True))
    world.settle()
    assert "release-a" in world.deleted
    world.run_to_the_end()
    assert world.status["phase"] == "Succeeded"
    assert world.created.count("release-a-1") == 2


# --- what is asked before it is replaced -----------------------------------------------------------------------------


def at_work() -> tuple[Machine, Replica, Replica]:
    """Two replicas; a's pod runs, and both have seen it."""
    machine = Machine()
    machine.begin()
    one, other = machine.replicas
    for who in (0, 0, 0, 1):
        machine._work(who, "", 0)
    (pod,) = machine.api.all("pods")
    machine._happens(pod, "run")
    machine._work(1, "", 0)
    return machine, one, other


def test_a_cache_older_than_the_status_replaces_nothing() -> None:
    machine, _, other = at_work()
    (pod,) = machine.api.all("pods")
    machine._happens(pod, "0")
    machine._work(0, "", 0)
    assert machine.api.get("subtasks", "release-a")["status"]["phase"] == "Succeeded"
    uid = machine.api.get("subtasks", "release-a")["metadata"]["uid"]
    machine._work(1, "pods", 0)  # the other one sees the SubTask, and not yet that its pod has ended
    machine._work(1, "pods", 0)
    assert machine.api.get("subtasks", "release-a")["metadata"]["uid"] == uid
    assert other.store.projection(KEY).believed[uid]
    assert {p["metadata"]["name"] for p in machine.api.all("pods")} >= {"release-b-1", "release-c-1"}


def test_a_forged_status_is_replaced_once_the_pod_itself_was_asked() -> None:
    machine, _, _ = at_work()
    (pod,) = machine.api.all("pods")
    uid = machine.api.get("subtasks", "release-a")["metadata"]["uid"]
    machine.api.patch("subtasks", "release-a", {"status": completed("release-a-1", pod["metadata"]["uid"])})
    machine._work(1, "", 0)
    assert ("subtasks", "release-a") not in machine.api.objects or (
        machine.api.get("subtasks", "release-a")["metadata"]["uid"] != uid
    )
    assert {p["metadata"]["name"] for p in machine.api.all("pods")} == {"release-a-1"}
